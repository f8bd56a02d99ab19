cimport cython

from autograd.core.buffers cimport _doubles
from autograd.program.form cimport Form


@cython.final
cdef class Numbers:
    cdef readonly object out, d_u, d_x, runner
    cdef readonly Py_ssize_t lanes
    cdef double *outputs
    cdef double *uniform

    cpdef double total(self, Py_ssize_t output)


@cython.final
cdef class Layout:
    cdef readonly object structures, reduce, shapes, form
    cdef readonly bint has_lanes, per_lane, single, stacks_arrays, stacks_numbers
    cdef readonly object count, order
    cdef list forms, starts, places, in_axes
    cdef Form result_form
    cdef readonly Form inputs
    cdef readonly Py_ssize_t size

    cpdef result(self, str method, Numbers numbers, object args)
    cpdef value(self, Numbers numbers, Py_ssize_t first=*)
    cpdef gradient(self, Numbers numbers, object args)
    cpdef row(self, Numbers numbers, Py_ssize_t outputs, object args)
