/* Cython's methods take what they are called on for an object of their class unseen, as a
   float in `Value.exp(2.0)`, and then read whatever lies there. Guarded, they look first. */

#pragma once

#include <Python.h>
#include <string.h>

typedef PyObject *(*guarded_code)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static PyTypeObject *guarded_type;
static vectorcallfunc guarded_call;

static PyObject *guard_call(
    PyObject *method, PyObject *const *args, size_t nargsf, PyObject *names)
{
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    PyMethodDef *definition = ((PyCFunctionObject *)method)->m_ml;
    if (n == 0)
        return guarded_call(method, args, nargsf, names);
    if (PyObject_TypeCheck(args[0], guarded_type)) /* what guarded_call would do */
        return ((guarded_code)(void (*)(void))definition->ml_meth)(
            args[0], args + 1, n - 1, names);
    const char *dot = strrchr(guarded_type->tp_name, '.'),
               *name = dot == NULL ? guarded_type->tp_name : dot + 1;
    return PyErr_Format(PyExc_TypeError, "%s.%s is called on a %s, not a %s", name,
        definition->ml_name, name, Py_TYPE(args[0])->tp_name);
}

/* Guard the methods of a class, one in a module. */
static int guard_methods(void *type)
{
    PyObject *key, *method;
    guarded_type = type;
    for (Py_ssize_t i = 0; PyDict_Next(guarded_type->tp_dict, &i, &key, &method);) {
        vectorcallfunc call = PyVectorcall_Function(method);
        if (call == NULL || !strstr(Py_TYPE(method)->tp_name, "cython_function_or_method")
            || ((PyCFunctionObject *)method)->m_ml->ml_flags != (METH_FASTCALL | METH_KEYWORDS))
            continue;
        if (guarded_call == NULL)
            guarded_call = call;
        if (call == guarded_call)
            ((PyCFunctionObject *)method)->vectorcall = guard_call;
    }
    return 0;
}
