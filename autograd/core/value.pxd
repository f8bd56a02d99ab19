from autograd.core.methods cimport Methods
from autograd.core.primitive cimport Primitive, real

cdef class Value

cdef extern from "wide.h":
    object node_dot(Primitive primitive, object ws, object xs, object bias)
    object node_sum(Primitive primitive, object operands)
    object _packed "floats_pack" (object numbers)
    object _unpacked "floats_unpack" (object packed, Py_ssize_t n)
    double *_floats "floats_of" (object packed)

cdef extern from "node.h":
    # A node without counting references to it: while a traversal runs, its root keeps it.
    ctypedef struct node:
        double _grad "grad"
        node *_primitive "primitive"
        long long _mark "mark"
        node *_a "a"
        node *_b "b"
        double _da "da"
        double _db "db"
    node *_none "node_none"
    void _ahead "node_ahead" (node *)
    node *_at "node_at" (object)
    node *_stack "node_stack" ()
    void _push "node_push" (node *stack, node *n)
    node *_pop "node_pop" (node *stack)
    int _put "node_put" (list, node *) except -1
    tuple _wide "node_wide_of" (node *)
    node **_inputs "node_inputs" (tuple)
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
cdef object _observer
cdef long long _used, FEW

cdef class Value(Methods):
    cdef public double _data
    cdef readonly object _extra
    cdef public double _grad
    cdef readonly Primitive _primitive
    cdef readonly long long _mark
    cdef node *_link
    cdef readonly Value _a
    cdef readonly Value _b
    cdef readonly double _da
    cdef readonly double _db

cdef int _meet(node *leaf, leaves, bint zero) except -1
cdef long long _reserve(long long n, long long above) except -1
