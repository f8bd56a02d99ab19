cimport cython

from autograd.core.buffers cimport _doubles
from autograd.program.form cimport Form
from autograd.program.results cimport Layout, Numbers


@cython.final
cdef class Workspace:
    cdef readonly object sweep, uniform, outside, runner, seed
    cdef readonly Numbers numbers
    cdef readonly list closed
    cdef readonly Py_ssize_t lanes, outputs, after, threads, seed_width
    cdef readonly bint reverse, forward, per_lane
    cdef double *u
    cdef double *seeds

    cpdef read_closed(self)


@cython.final
cdef class Plan:
    cdef readonly object trace
    cdef readonly Workspace space
    cdef readonly Layout layout
    cdef object captured, looks, reduce
    cdef str method
    cdef list forms, varies, starts, is_float, tangent_rows, tokens
    cdef tuple spaces, names, objects, columns
    cdef Py_ssize_t count, seeded
    cdef bint has_lanes, is_matrix, by_columns
    cdef public bint used

    cpdef call(self, tuple args)
    cdef compute(self, tuple args)
    cdef bint fits(self, tuple args) except -1
    cdef bint bind_lanes(self, tuple args) except -1
    cdef bint is_current(self) except -1
    cdef bint is_same(self, object space, object name, object expected) except -1
    cdef matrix(self, tuple args)
    cdef matrix_row(self, tuple args, bint more_follow)
    cdef point_along(self, Py_ssize_t k)
    cdef seed_output(self, Py_ssize_t k)
