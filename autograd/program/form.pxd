cimport cython

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
    bint _read "copied_out" (object owner, double *to, Py_ssize_t at, Py_ssize_t n)
    bint _write "put_into" (object owner, double *numbers, Py_ssize_t at, Py_ssize_t n)

from autograd.core.buffers cimport _doubles


@cython.final
cdef class Form:
    cdef readonly object structure, kind, shape, names
    cdef readonly Py_ssize_t size
    cdef list parts
    cdef readonly bint nested

    cpdef Py_ssize_t fill(self, object x, object numbers, Py_ssize_t at=*) except -2
    cpdef tree(self, object numbers, Py_ssize_t at=*)
    cdef children(self, object x)
    cdef Py_ssize_t take(self, object x, double *to, Py_ssize_t at) except -2
    cdef Py_ssize_t take_parts(self, list children, double *to, Py_ssize_t at) except -2
    cdef Py_ssize_t take_numbers(self, list numbers, double *to, Py_ssize_t at) except -2
    cdef Py_ssize_t take_array(self, object x, double *to, Py_ssize_t at) except -2
    cdef build(self, double *numbers, Py_ssize_t at)
    cdef list build_parts(self, double *numbers, Py_ssize_t at)
    cdef list build_numbers(self, double *numbers, Py_ssize_t at)
    cdef build_array(self, double *numbers, Py_ssize_t at)
