from autograd.methods cimport Methods
from autograd.primitive cimport Primitive

cdef Primitive NEG, ADD, SUB, MUL, DIV, POW, EXP, TANH, RELU
cdef bint INTERPRETED
cdef double INF, LARGEST_EXPONENT
cdef long _paused
cdef long long _epoch
cdef list _released
cdef bint _releasing

cdef class Value(Methods):
    cdef public double _data
    cdef public double _grad
    cdef readonly Primitive _primitive
    cdef readonly Value _a
    cdef readonly Value _b
    cdef readonly double _da
    cdef readonly double _db
    cdef public object _extra
    cdef public long long _mark

cdef Value _new(type cls)
cdef Value _node(double data, Primitive primitive, Value a, Value b, double da, double db)
