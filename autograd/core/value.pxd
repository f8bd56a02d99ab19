from autograd.core.traversal cimport _passes, accumulate, add_to_leaves, begin
from autograd.core.operations cimport Operations
from autograd.core.primitive cimport Primitive, record_with
from libc cimport math as libc

cdef class Value

cdef extern from "wide.h":
    object node_dot(Primitive primitive, object ws, object xs, object bias)
    object node_sum(Primitive primitive, tuple operands)
    object _packed "floats_pack" (tuple numbers)
    object _unpacked "floats_unpack" (object packed, Py_ssize_t n)

cdef extern from "node.h":
    ctypedef struct node:
        pass
    long _paused "node_paused"
    int node_manage(
        type cls, bint (*recording)() noexcept, object (*kept)(object), unsigned int *passes
    ) except -1
    void _watch_hash "node_watch_hash" (bint watched)
    Value _node "node_make" (
        double data, object primitive, Value a, Value b, double da, double db
    )

cdef Primitive NEG, ADD, SUB, MUL, DIV, POW, EXP, TANH, RELU, DOT, SUM
cdef double INF, NORMAL, LARGEST_EXPONENT
cdef object _observer, _get_innermost
cdef Value _frozen

cdef class Value(Operations):
    cdef public double _data
    cdef readonly tuple _extra
    cdef public double _grad
    cdef readonly Primitive _primitive
    cdef readonly unsigned int _pass
    cdef readonly unsigned int _uses
    cdef node *_link
    cdef readonly Value _a
    cdef readonly Value _b
    cdef readonly double _da
    cdef readonly double _db

cdef bint _records() noexcept
cdef object _kept(object label)
cdef _quick_real(x)
cdef _reflected(Primitive primitive, other, Value y)
cdef Value _binary(Primitive primitive, tuple operands)
cdef double _float(x, Primitive primitive) except? -1.0
cdef _unary(Primitive primitive, operand)
