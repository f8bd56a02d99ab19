cdef extern from *:
    """
    /* Where the numbers of a contiguous buffer of doubles begin; NULL of None. */
    static double *buffer_of_doubles(PyObject *owner)
    {
        Py_buffer view;
        double *start;
        if (owner == Py_None)
            return NULL;
        if (PyObject_GetBuffer(owner, &view, PyBUF_CONTIG | PyBUF_FORMAT) < 0)
            return NULL;
        start = view.buf;
        if (view.format == NULL || view.format[0] != 'd' || view.format[1] != 0) {
            PyErr_SetString(PyExc_TypeError, "must be a buffer of doubles");
            start = NULL;
        }
        PyBuffer_Release(&view);
        return start;
    }
    """
    double *_doubles "buffer_of_doubles" (object owner) except? NULL
