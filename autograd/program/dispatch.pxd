cimport cython

from autograd.core.buffers cimport _doubles


@cython.final
cdef class Dispatch:
    cdef readonly object trace
    cdef object captured, sweep, runner, rebuild, reduce, numbers, results, outside, owners, d_x
    cdef list closed, examples, places, gradients, free, given
    cdef object looks
    cdef tuple spaces, names, found, containers, contents
    cdef tuple like, varies, parts
    cdef double *u
    cdef double *d_u
    cdef double *out
    cdef double weight
    cdef Py_ssize_t at, count, lanes, total, threads
    cdef bint single, is_number, samples

    cpdef called(self, tuple args)
    cdef bint _fits(self, tuple args) except -1
    cdef bint _fit_samples(self, tuple args) except -1
    cdef _read(self, list given, Py_ssize_t lanes)
    cdef bint _take(self, object like, object x) except -1
    cdef bint _succeeds(self) except -1
    cdef _in_windows(self)
    cdef _result(self, double total=*, list of_lanes=*)
    cdef bint _same(self) except -1
    cdef _give(self, object like)
    cdef list _each(self, list examples)
