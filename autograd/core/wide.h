/* What the compiled build keeps otherwise in a node with many inputs: its partials as plain
   doubles (in a bytes object), not as an object each. And the two operations that need more
   than that to be fast, `dot` (the sum of a neuron) and `sum`, for operands that are floats
   and Values. Whatever is out of the ordinary is left to the rules in table.py. */

#include <float.h>
#include <math.h>

#include "node.h"

static inline double *floats_of(PyObject *packed)
{
    return packed == Py_None ? NULL : (double *)PyBytes_AS_STRING(packed);
}

/* A tuple of floats → bytes. */
static inline PyObject *floats_pack(PyObject *numbers)
{
    Py_ssize_t n = PyTuple_GET_SIZE(numbers);
    PyObject *packed = PyBytes_FromStringAndSize(NULL, n * (Py_ssize_t)sizeof(double));
    for (Py_ssize_t i = 0; packed != NULL && i < n; i++)
        floats_of(packed)[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, i));
    if (PyErr_Occurred())
        Py_CLEAR(packed);
    return packed;
}

/* bytes → a tuple of n floats; None stands for ones. */
static inline PyObject *floats_unpack(PyObject *packed, Py_ssize_t n)
{
    const double *from = floats_of(packed);
    PyObject *numbers = PyTuple_New(n);
    for (Py_ssize_t i = 0; numbers != NULL && i < n; i++) {
        PyObject *number = PyFloat_FromDouble(from == NULL ? 1.0 : from[i]);
        if (number == NULL)
            Py_CLEAR(numbers);
        else
            PyTuple_SET_ITEM(numbers, i, number);
    }
    return numbers;
}

/* a + b and, exactly, what rounding took away (Knuth 1969). */
static inline double two_sum(double a, double b, double *rest)
{
    double s = a + b, z = s - a;
    *rest = (a - (s - z)) + (b - z);
    return s;
}

/* bias + Σ w·x, or bias + Σ w where x is NULL: the products are rounded, and their sum once, as
   by math.fsum; NaN if that cannot be told here. The exact sum is s + e, but for `lost` at
   most; if s + e, moved by as much either way, is rounded to the same float, so is the sum. */
static double exact_dot(double bias, const double *w, const double *x, Py_ssize_t n)
{
    double s = 0.0 + bias, e = 0.0, lost = 0.0, rest;
    for (Py_ssize_t i = 0; i < n; i++) {
        s = two_sum(s, x == NULL ? w[i] : w[i] * x[i], &rest);
        e = two_sum(e, rest, &rest);
        lost += fabs(rest);
    }
    double r = two_sum(s, e, &rest);
    if (lost > 0.0) {
        double bound = 2.0 * lost + DBL_EPSILON * fabs(rest);
        if (r + (rest - bound) != r || r + (rest + bound) != r)
            return NAN;
    }
    return fabs(r) < 1e300 ? r : NAN;
}

#define NUMBERS_ON_STACK 129

/* The node of a sum of `operands`, or with `dot` of bias + Σ w·x where they are the bias, the
   w's and the x's; None if one is neither a float nor a Value or the sum is out of reach. */
static PyObject *node_wide(void *primitive, PyObject *operands, int dot)
{
    Py_ssize_t size = PyTuple_GET_SIZE(operands), n = size / 2, inputs = 0;
    PyObject *const *item = ((PyTupleObject *)operands)->ob_item;
    double on_stack[NUMBERS_ON_STACK], *numbers = on_stack, sum = NAN;
    PyObject *those = NULL, *packed = NULL, *extra = NULL;
    node *out = NULL;

    if (size > NUMBERS_ON_STACK && !(numbers = PyMem_Malloc(size * sizeof(double))))
        return PyErr_NoMemory();
    int ordinary = 1;
    for (Py_ssize_t i = 0; i < size && ordinary; i++) {
        int is_node = Py_IS_TYPE(item[i], node_type);
        ordinary = is_node || PyFloat_CheckExact(item[i]);
        if (ordinary)
            numbers[i] = is_node ? ((node *)item[i])->data : PyFloat_AS_DOUBLE(item[i]);
        inputs += is_node;
    }
    if (ordinary && inputs > 0)
        sum = dot ? exact_dot(numbers[0], numbers + 1, numbers + 1 + n, n)
                  : exact_dot(0.0, numbers, NULL, size);
    if (isnan(sum))
        goto done;

    /* Tuples of what never holds a cycle: the collector need not look at them. */
    those = inputs == size ? Py_NewRef(operands) : PyTuple_New(inputs);
    packed = dot ? PyBytes_FromStringAndSize(NULL, inputs * (Py_ssize_t)sizeof(double))
                 : Py_NewRef(Py_None);
    if (those == NULL || packed == NULL)
        goto done;
    PyObject_GC_UnTrack(operands);
    PyObject_GC_UnTrack(those);
    for (Py_ssize_t i = 0, k = 0; i < size && (dot || inputs != size); i++) {
        if (!Py_IS_TYPE(item[i], node_type))
            continue;
        if (inputs != size)
            PyTuple_SET_ITEM(those, k, Py_NewRef(item[i]));
        if (dot)
            floats_of(packed)[k] = i == 0 ? 1.0 : numbers[i <= n ? i + n : i - n];
        k++;
    }
    if ((extra = PyTuple_Pack(4, Py_None, operands, those, packed)) == NULL)
        goto done;
    PyObject_GC_UnTrack(extra);
    out = node_make(sum, primitive, Py_None, Py_None, 0.0, 0.0);
    if (out != NULL && out->primitive != Py_None) { /* else nothing is recorded */
        if (out->extra != Py_None) { /* it keeps where it was made */
            Py_SETREF(extra, PyTuple_Pack(5, Py_None, operands, those, packed,
                                          PyTuple_GET_ITEM(out->extra, 4)));
            if (extra == NULL) {
                Py_DECREF((PyObject *)out);
                out = NULL;
                goto done;
            }
        }
        Py_SETREF(out->extra, extra);
        extra = NULL;
    }
done:
    if (numbers != on_stack)
        PyMem_Free(numbers);
    Py_XDECREF(those);
    Py_XDECREF(packed);
    Py_XDECREF(extra);
    if (out == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return (PyObject *)out;
}

#define node_sum(primitive, operands) node_wide(primitive, operands, 0)

/* The same of ws and xs, if they are lists or tuples of one length. */
static inline PyObject *node_dot(void *primitive, PyObject *ws, PyObject *xs, PyObject *bias)
{
    if (!(PyList_Check(ws) || PyTuple_Check(ws)) || !(PyList_Check(xs) || PyTuple_Check(xs)))
        Py_RETURN_NONE;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(ws);
    PyObject *operands = PyTuple_New(2 * n + 1), *out;
    if (operands == NULL)
        return NULL;
    /* Looked at now, since making the tuple may have run somebody's finalizer. */
    if (PySequence_Fast_GET_SIZE(ws) != n || PySequence_Fast_GET_SIZE(xs) != n) {
        Py_DECREF(operands);
        Py_RETURN_NONE;
    }
    PyTuple_SET_ITEM(operands, 0, Py_NewRef(bias));
    for (Py_ssize_t i = 0; i < n; i++) {
        PyTuple_SET_ITEM(operands, 1 + i, Py_NewRef(PySequence_Fast_GET_ITEM(ws, i)));
        PyTuple_SET_ITEM(operands, 1 + n + i, Py_NewRef(PySequence_Fast_GET_ITEM(xs, i)));
    }
    out = node_wide(primitive, operands, 1);
    Py_DECREF(operands);
    return out;
}
