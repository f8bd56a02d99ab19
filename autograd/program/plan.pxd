cimport cython

from autograd.core.buffers cimport _doubles
from autograd.program.structure cimport Structure


@cython.final
cdef class Plan:
    cdef readonly object trace
    cdef object captured, sweep, runner, rebuild, reduce, numbers, results, outside, owners, d_x
    cdef object seed, looks
    cdef list closed, structures, varies, places, starts, free
    cdef tuple spaces, names, known, parts
    cdef double *u
    cdef double *d_u
    cdef double *out
    cdef double weight
    cdef Py_ssize_t count, lanes, threads, after
    cdef bint single, is_number, samples, is_value, is_jvp, is_hvp, is_jacobian
    cdef public bint used

    cpdef called(self, tuple args)
    cdef bint fits(self, tuple args) except -1
    cdef bint take_samples(self, tuple args) except -1
    cdef bint same(self) except -1
    cdef result(self)
    cdef slopes(self)
    cdef rows(self)
