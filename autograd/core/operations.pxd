cdef extern from *:
    """
    static CYTHON_UNUSED int put_into_type(void *type, PyObject *name, PyObject *method)
    {
        int status = PyDict_SetItem(((PyTypeObject *)type)->tp_dict, name, method);
        PyType_Modified((PyTypeObject *)type);
        return status;
    }
    """
    int put_into_type(type cls, str name, object method) except -1

cdef class Operations:
    pass
