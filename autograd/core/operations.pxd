cdef extern from *:
    """
    static CYTHON_UNUSED int put_into_type(void *type, PyObject *name, PyObject *method)
    {
        int status = PyDict_SetItem(((PyTypeObject *)type)->tp_dict, name, method);
        PyType_Modified((PyTypeObject *)type);
        return status;
    }
    static CYTHON_UNUSED void set_metaclass(void *type, PyObject *metaclass)
    {
        Py_SET_TYPE((PyObject *)type, (PyTypeObject *)Py_NewRef(metaclass));
    }
    """
    int put_into_type(type cls, str name, object method) except -1
    void set_metaclass(type cls, object metaclass)

cdef class Operations:
    pass
