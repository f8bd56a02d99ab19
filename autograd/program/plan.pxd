cimport cython

from autograd.core.buffers cimport _doubles

cdef extern from *:
    """
    /* Copy n doubles out of a contiguous buffer, or into one; false if it is none. */
    static int copy_of_doubles(PyObject *owner, double *numbers, Py_ssize_t at, Py_ssize_t n,
                               int into)
    {
        Py_buffer view;
        int fits;
        if (PyObject_GetBuffer(owner, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
            PyErr_Clear();
            return 0;
        }
        fits = view.len == n * (Py_ssize_t)sizeof(double) && view.format != NULL
            && view.format[0] == 'd' && view.format[1] == 0;
        if (fits && into)
            memcpy(view.buf, numbers + at, view.len);
        else if (fits)
            memcpy(numbers + at, view.buf, view.len);
        PyBuffer_Release(&view);
        return fits;
    }
    #define copied_out(owner, numbers, at, n) copy_of_doubles(owner, numbers, at, n, 0)
    #define put_into(owner, numbers, at, n) copy_of_doubles(owner, numbers, at, n, 1)
    """
    bint _copied "copied_out" (object owner, double *to, Py_ssize_t at, Py_ssize_t n)
    bint _put "put_into" (object owner, double *numbers, Py_ssize_t at, Py_ssize_t n)


@cython.final
cdef class Form:
    cdef readonly object structure, kind, shape, names
    cdef readonly Py_ssize_t size
    cdef list parts
    cdef readonly bint nested

    cpdef Py_ssize_t fill(self, object x, object numbers, Py_ssize_t at=*) except -2
    cpdef built(self, object numbers, Py_ssize_t at=*)
    cdef Py_ssize_t take(self, object x, double *to, Py_ssize_t at) except -2
    cdef Py_ssize_t take_array(self, object x, double *to, Py_ssize_t at) except -2
    cdef build(self, double *numbers, Py_ssize_t at)


@cython.final
cdef class Plan:
    cdef readonly object trace, runner, uniform, slopes, results, seed, outside
    cdef object captured, sweep, rebuild, outer, reduce, d_x, wrt, every, looks
    cdef list closed, forms, varies, places, starts, slopes_at, free, plain, units
    cdef dict at
    cdef Form chosen
    cdef tuple spaces, names, known, parts, inputs, shape
    cdef double *u
    cdef double *d_u
    cdef double *out
    cdef double weight
    cdef readonly Py_ssize_t lanes, outputs
    cdef Py_ssize_t count, threads, after
    cdef bint single, is_number, samples, is_value, is_jvp, is_hvp, is_hessian, by_rows
    cdef bint each, along
    cdef public bint used

    cpdef called(self, tuple args)
    cdef bint fits(self, tuple args) except -1
    cdef bint take_samples(self, tuple args) except -1
    cdef bint same(self) except -1
    cdef result(self)
    cdef list numbers(self, Py_ssize_t first=*)
    cdef gradient(self)
    cdef rows(self)
    cdef derivative(self, str name)
