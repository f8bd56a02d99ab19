from autograd.core.value cimport Value

cdef bint _is_linear(Value node)
cdef list _bends(Value node, double upstream)
cdef Value _copy(Value x)
