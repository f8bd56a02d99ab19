from autograd.core.value cimport Value

cdef object _bend(Value node)
cdef Value _copy(Value x)
