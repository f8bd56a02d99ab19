cimport cython

from autograd.core.buffers cimport _doubles
from autograd.program.form cimport Form
from autograd.program.results cimport Layout, Numbers


@cython.final
cdef class Workspace:
    cdef readonly object sweep, uniform, outside, runner, seed
    cdef readonly Numbers numbers
    cdef readonly list closed
    cdef readonly Py_ssize_t lanes, outputs, after, threads
    cdef readonly bint reverse, forward, per_lane
    cdef double *u

    cpdef read_closed(self)


@cython.final
cdef class Plan:
    cdef readonly object trace
    cdef readonly Workspace space
    cdef readonly Layout layout
    cdef object captured, looks, reduce, in_axes
    cdef str method
    cdef list forms, varies, starts, is_float, tangent_rows, tokens
    cdef tuple spaces, names, known, columns
    cdef Py_ssize_t count
    cdef bint has_lanes, is_matrix, by_columns
    cdef public bint used

    cpdef call(self, tuple args)
    cdef compute(self, tuple args)
    cdef bint fits(self, tuple args) except -1
    cdef bint bind_lanes(self, tuple args) except -1
    cdef bint is_current(self) except -1
    cdef bint is_same(self, object space, object name, object known) except -1
    cdef matrix(self, tuple args)
    cdef choose(self, Py_ssize_t k)
