cdef extern from *:
    """
    static int called_as_method(void *type)
    {
        ((PyTypeObject *)type)->tp_flags |= Py_TPFLAGS_METHOD_DESCRIPTOR;
        return 0;
    }
    """
    int called_as_method(type cls) except -1

cdef class Primitive:
    cdef readonly str name
    cdef readonly str symbol
    cdef readonly object value
    cdef readonly tuple rules
    cdef readonly bint variadic
    cdef readonly bint selects
    cdef readonly str domain
    cdef readonly str kink
    cdef readonly str latex
    cdef readonly str doc
    cdef readonly tuple defaults
    cpdef double evaluate1(self, double operand, tuple operands) except? -1.0
    cpdef double partial1(self, double out, double operand) except? -1.0
    cpdef evaluate(self, numbers, operands)
    cpdef partial(self, int slot, out, operands)

cdef object _node_type, _record
