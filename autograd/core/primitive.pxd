cdef extern from *:
    """
    /* A call with one operand makes no bound method, no tuple and no dict: 100 ns less. */
    static PyObject *(*to_one)(PyObject *, PyObject *);

    static CYTHON_UNUSED PyObject *call_one(PyObject *self, PyObject *const *args, size_t n, PyObject *names)
    {
        n = PyVectorcall_NARGS(n);
        if (n == 1 && names == NULL)
            return to_one(self, args[0]);
        PyObject *call = PyObject_GetAttrString(self, "__call__"), *out = NULL;
        if (call != NULL)
            out = PyObject_Vectorcall(call, args, n, names);
        Py_XDECREF(call);
        return out;
    }

    static CYTHON_UNUSED int call_fast(void *cls, void *apply_to_one)
    {
        PyTypeObject *type = (PyTypeObject *)cls;
        to_one = (PyObject *(*)(PyObject *, PyObject *))apply_to_one;
        type->tp_vectorcall_offset = sizeof(PyObject) + sizeof(void *); /* of `_call` */
        type->tp_flags |= Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL;
        return 0;
    }
    """
    void *call_one
    int call_fast(type cls, object (*)(Primitive, object)) except -1

ctypedef object (*OfOne)(Primitive, object)

cdef class Primitive:
    cdef void *_call
    cdef readonly str name
    cdef readonly str symbol
    cdef readonly object value
    cdef readonly tuple rules
    cdef readonly bint variadic
    cdef readonly bint strong_zero
    cdef readonly str traits
    cdef readonly str domain
    cdef readonly str kink
    cdef readonly str latex
    cdef readonly str doc
    cdef readonly tuple defaults
    cdef readonly object textbook_rule
    cdef object _signature
    cdef object __weakref__
    cpdef double evaluate1(self, double primal, x) except? -1.0
    cpdef double partial1(self, double out, double operand) except? -1.0
    cpdef evaluate(self, numbers, operands)
    cpdef partial(self, int slot, out, operands)
    cdef _apply(self, tuple xs)

cdef object _node_type, _record
cdef OfOne _record_one
cdef apply_to_one(Primitive entry, x)
cdef int record_with(node_type, record, OfOne record_one) except -1
