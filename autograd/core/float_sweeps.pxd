from autograd.core.buffers cimport _doubles
from autograd.core.value cimport Value, _packed

cdef extern from "node.h":
    bint _exchange "node_exchange" (
        list leaves, double *read, double *data, double *grads
    )
    object _exchanger "node_exchanger" ()

cdef Value _above(tuple nodes, tuple partials)
cdef bint _is_linear(Value node)
cdef list _bends(Value node, double upstream)
cdef Value _copy(Value x)
