cdef extern from "guard.h":
    int guard_methods(type cls) except -1

cdef extern from "signature.h":
    int give_signature(type cls, const char *signature) except -1

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

cpdef real(x)
