/* Cython's methods take what they are called on for an object of their class unseen, as a
   float in `Value.exp(2.0)`, and then read whatever lies there. Guarded, they look first. */

#pragma once

#include <Python.h>
#include <string.h>

static PyTypeObject *guarded_type;
static vectorcallfunc guarded_call;

static PyObject *guard_call(
    PyObject *method, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (PyVectorcall_NARGS(nargsf) > 0 && !PyObject_TypeCheck(args[0], guarded_type)) {
        const char *dot = strrchr(guarded_type->tp_name, '.');
        return PyErr_Format(PyExc_TypeError, "%s.%s is called on a %s, not a %s",
            dot == NULL ? guarded_type->tp_name : dot + 1,
            ((PyCFunctionObject *)method)->m_ml->ml_name,
            dot == NULL ? guarded_type->tp_name : dot + 1, Py_TYPE(args[0])->tp_name);
    }
    return guarded_call(method, args, nargsf, names);
}

/* Guard the methods of a class, one in a module. */
static int guard_methods(void *type)
{
    PyObject *key, *method;
    guarded_type = type;
    for (Py_ssize_t i = 0; PyDict_Next(guarded_type->tp_dict, &i, &key, &method);) {
        vectorcallfunc call = PyVectorcall_Function(method);
        if (call == NULL || !strstr(Py_TYPE(method)->tp_name, "cython_function_or_method"))
            continue;
        if (guarded_call == NULL)
            guarded_call = call;
        if (call == guarded_call)
            ((PyCFunctionObject *)method)->vectorcall = guard_call;
    }
    return 0;
}
