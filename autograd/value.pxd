from autograd.methods cimport Methods
from autograd.primitive cimport Primitive, real

cdef class Value

cdef extern from "wide.h":
    object node_dot(Primitive primitive, object ws, object xs, object bias)
    object node_sum(Primitive primitive, object operands)
    object _packed "floats_pack" (object numbers)
    object _unpacked "floats_unpack" (object packed)
    double *_floats "floats_of" (object packed)

cdef extern from "node.h":
    long _paused "node_paused"
    int node_manage(type cls, object recording) except -1
    Value _node "node_make" (
        double data, Primitive primitive, Value a, Value b, double da, double db
    )

cdef extern from "guard.h":
    int guard_methods(type cls) except -1

cdef extern from "signature.h":
    int give_signature(type cls, const char *signature) except -1

cdef Primitive NEG, ADD, SUB, MUL, DIV, POW, EXP, TANH, RELU, DOT, SUM
cdef double INF, NORMAL, LARGEST_EXPONENT

cdef class Value(Methods):
    cdef public double _data
    cdef public double _grad
    cdef readonly Primitive _primitive
    cdef readonly Value _a
    cdef readonly Value _b
    cdef readonly double _da
    cdef readonly double _db
    cdef readonly object _extra
    cdef readonly long long _mark
    cdef readonly long long _pending
