from autograd.core.value cimport Value

cdef extern from "node.h":
    bint _exchange "node_exchange" (
        list leaves, double *read, const double *data, double *grads
    )

cdef bint _is_linear(Value node)
cdef list _bends(Value node, double upstream)
cdef Value _copy(Value x)
