/* A compiled class has no signature for `inspect` and `help`, but that its C docstring may
   begin with one (as `text_signature` of the classes built into Python). */

#pragma once

#include <Python.h>
#include <string.h>

/* signature: such as "(data, label=None)". */
static int give_signature(void *type, const char *signature)
{
    PyTypeObject *t = type;
    const char *dot = strrchr(t->tp_name, '.'), *name = dot == NULL ? t->tp_name : dot + 1;
    const char *doc = t->tp_doc == NULL ? "" : t->tp_doc;
    size_t room = strlen(name) + strlen(signature) + strlen("\n--\n\n") + strlen(doc) + 1;
    char *signed_doc = PyMem_Malloc(room); /* lives as long as the class, for ever */
    if (signed_doc == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyOS_snprintf(signed_doc, room, "%s%s\n--\n\n%s", name, signature, doc);
    t->tp_doc = signed_doc;
    return 0;
}
