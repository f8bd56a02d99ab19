from autograd.core.value cimport Value

cdef bint _is_linear(Value node)
cdef object _bend(Value node)
cdef Value _copy(Value x)
