/* The kernel as a module of Python: programs, and what runs them. */

#include "run.h"

/* Memory for so many floats, 0 at first, and some that vectors may touch beyond. */
static int reserve(double **p, size_t *size, size_t count)
{
    if (*p != NULL && *size >= count)
        return 1;
    free(*p);
    if (posix_memalign((void **)p, 64, (count + 8) * sizeof(double)))
        return *p = NULL, 0;
    memset(*p, 0, (count + 8) * sizeof(double));
    return *size = count, 1;
}

static int forks; /* from the first process to this one */

static void forked(void)
{
    forks++;
}

/* A thread that runs p in the parent process has its memory and its lock, but not in this
   one: take new ones. */
static int renewed(Program *p)
{
    PyThread_type_lock lock = PyThread_allocate_lock();
    if (lock == NULL)
        return 0;
    p->lock = lock, p->forks = forks;
    p->v = p->g = NULL, p->v_size = p->g_size = 0;
    return 1;
}

/* Run from the inputs u, or those of before, to r->out, r->d_x and the rows start ... stop of
   the gradient in u; the sum of the first output over the lanes. What is uniform is in r->u, or
   if that is NULL the program's. Returns whether something went wrong, or with an exception -1. */
static int execute(Run *r, const double *u, double *d_u, Py_ssize_t start, Py_ssize_t stop,
                   double *sum)
{
    Program *p = (Program *)r->p;
    if (p->forks != forks && !renewed(p))
        return PyErr_NoMemory(), -1;
    int wrong, keep = p->u_rows + p->v_rows * r->lanes < 4096 && /* soon done, */
                      PyThread_acquire_lock(p->lock, NOWAIT_LOCK); /* so keep the GIL */
    PyThreadState *thread = keep ? NULL : PyEval_SaveThread();
    if (!keep)
        PyThread_acquire_lock(p->lock, WAIT_LOCK);
    int most = 120; /* lanes of a block, whole PARTS; more if the first cache holds the rows */
    while (most < BLOCK && p->v_rows * most <= 2048)
        most *= 2;
    r->blocks = (int)(r->lanes <= 128 ? 1 : (r->lanes + most - 1) / most);
    r->block = (int)((r->lanes + r->blocks - 1) / r->blocks + PARTS - 1) / PARTS * PARTS;
    r->chunks = p->serial || r->blocks < 12 ? 1 : r->blocks / 12 * 2;
    r->chunks = r->chunks > CHUNKS ? CHUNKS : r->chunks;
    r->threads = r->threads < 1 ? 1 : r->threads > r->chunks ? r->chunks : r->threads;
    size_t size = (size_t)p->v_rows * r->block;
    wrong = !reserve(&p->v, &p->v_size, size * (p->lane_phases > 1 ? r->blocks : r->threads)) ||
            !reserve(&p->g, &p->g_size, (size_t)PARTS * p->slots * r->chunks) ? -1 : 0;
    if (wrong == 0) {
        r->u = r->u == NULL ? p->u : r->u, r->v = p->v, r->g = p->g;
        if (u != NULL)
            memcpy(r->u, u, p->inputs * sizeof(double));
        wrong = run_all(r);
        clear_fp_flags();
        if (d_u != NULL && d_u != r->u + p->d_u + start)
            memcpy(d_u, r->u + p->d_u + start, (stop - start) * sizeof(double));
        *sum = summed(PLAIN, r->out, !p->root_count ? 0 : p->varies ? r->lanes : 1);
    }
    PyThread_release_lock(p->lock);
    if (!keep)
        PyEval_RestoreThread(thread);
    if (wrong < 0)
        PyErr_NoMemory();
    return wrong;
}

typedef struct { /* runs with the same arrays, again and again */
    PyObject_HEAD
    PyObject *program;
    Run r;
    double *d_u;
    Py_buffer views[5 + MOST]; /* of u, seed, out, d_u and d_x; of x */
} Runs;

static void release(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        if (views[i].obj != NULL)
            PyBuffer_Release(&views[i]);
}

/* Read the rows of x, a tuple of arrays, if they are not those of before. */
static int bind_x(Runs *it, PyObject *x)
{
    Py_ssize_t n = PyTuple_Check(x) ? PyTuple_GET_SIZE(x) : -1, rows = 0, i = 0;
    Py_buffer *v = it->views + 5;
    Run *r = &it->r;
    while (i < n && i < MOST && v[i].obj == PyTuple_GET_ITEM(x, i))
        i++;
    if (i > 0 && i == n && v[n].obj == NULL)
        return 0;
    release(v, MOST);
    memset(r->x, 0, sizeof(r->x));
    for (i = 0; i < n && n < MOST; i++, v++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(x, i), v, PyBUF_STRIDES) < 0)
            break;
        if (v->itemsize != sizeof(double) || v->ndim < 1 || v->ndim > 2 ||
            v->shape[v->ndim - 1] != r->lanes)
            break;
        r->x[i] = (Part){v->buf, v->ndim == 1 ? 1 : v->shape[0], v->strides[0],
                         v->strides[v->ndim - 1]};
        rows += r->x[i].rows;
    }
    if (i == n && rows == r->p->x_rows)
        return 0;
    release(it->views + 5, MOST);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "x is a tuple of arrays that have %d rows of %zd floats",
                     r->p->x_rows, r->lanes);
    return -1;
}

/* Read other arrays x, and the numbers of a list u. */
static int runs_take(Runs *it, PyObject *x, PyObject *u)
{
    Py_ssize_t n = it->r.p->inputs;
    if (bind_x(it, x) < 0)
        return -1;
    if (u != NULL && (!PyList_Check(u) || PyList_GET_SIZE(u) != n))
        return PyErr_Format(PyExc_ValueError, "u is a list of %zd numbers", n), -1;
    for (Py_ssize_t i = 0; u != NULL && i < n; i++)
        it->r.u[i] = PyFloat_AsDouble(PyList_GET_ITEM(u, i));
    return PyErr_Occurred() ? -1 : 0;
}

/* run(x) → the sum of the first output over the lanes, or None if something went wrong;
   run(x, u) with the numbers of a list u */
static PyObject *runs_run(Runs *it, PyObject *const *args, Py_ssize_t given)
{
    double sum;
    if (given < 1 || given > 2)
        return PyErr_Format(PyExc_TypeError, "run takes 1 or 2 arguments, got %zd", given);
    if (runs_take(it, args[0], given > 1 ? args[1] : NULL) < 0)
        return NULL;
    int wrong = execute(&it->r, NULL, it->d_u, 0, it->r.p->inputs, &sum);
    return wrong < 0 ? NULL : wrong ? Py_NewRef(Py_None) : PyFloat_FromDouble(sum);
}

static void runs_dealloc(Runs *it)
{
    release(it->views, 5 + MOST);
    Py_XDECREF(it->program);
    Py_TYPE(it)->tp_free((PyObject *)it);
}

/* Scale numbers down to a norm, as `clip` of runs.py does; 0 if theirs is extreme. */
static int clip(double *g, Py_ssize_t n, double most)
{
    double norm = sqrt(summed(SQUARES, g, n)), scale = most / (norm + 1e-6);
    Py_ssize_t zeros = 0;
    while (norm == 0.0 && zeros < n && g[zeros] == 0.0)
        zeros++;
    for (Py_ssize_t i = 0; i < n && scale < 1.0; i++)
        g[i] *= scale;
    return zeros == n || (1e-150 < norm && norm < 1e150);
}

/* If the numbers of Values are what was read: set them and their gradients (core/node.h). */
typedef int Exchange(PyObject *values, double *read, double *data, double *grads);

/* train(x, loss, params, update) → the loss of a batch, after a step of the optimizer; None if
   anything is amiss, False if the parameters' data is not what u begins with, and then nothing
   has changed. Loss is (weight, penalty, max_norm, answers, exchange, closed): the factor of
   each lane's, whether the second output is added, the largest norm of the gradient, if that is
   not negative, what the guards give when all goes well, a capsule, and a list that begins with
   the parameters, if they are still those. Update is (its runs or None, their x, their u, the
   optimizer, its next count of steps): all that a step changes changes in this one call, which
   no signal can interrupt. */
static PyObject *runs_train(Runs *it, PyObject *const *args, Py_ssize_t given)
{
    const Program *p = it->r.p;
    PyObject *rule[5], *capsule, *closed;
    Py_ssize_t columns = p->varies ? it->r.lanes : 1;
    double sum, weight, max_norm;
    int penalty;
    Py_buffer answers;
    if (given != 4)
        return PyErr_Format(PyExc_TypeError, "train takes 4 arguments, got %zd", given);
    if (!PyArg_ParseTuple(args[3], "OOOOO", rule, rule + 1, rule + 2, rule + 3, rule + 4) ||
        runs_take(it, args[0], NULL) < 0 ||
        !PyArg_ParseTuple(args[1], "dpdy*OO!", &weight, &penalty, &max_norm, &answers, &capsule,
                          &PyList_Type, &closed))
        return NULL;
    Py_ssize_t n = PyList_GET_SIZE(args[2]);
    if (n > PyList_GET_SIZE(closed) ||
        memcmp(((PyListObject *)args[2])->ob_item, ((PyListObject *)closed)->ob_item,
               n * sizeof(PyObject *)))
        return PyBuffer_Release(&answers), Py_NewRef(Py_None);
    Runs *update = rule[0] == Py_None ? NULL : (Runs *)rule[0];
    int wrong = execute(&it->r, NULL, it->d_u, 0, p->inputs, &sum);
    const double *guards = it->r.out + p->root_count * columns - answers.len / sizeof(double);
    wrong = wrong ? wrong : memcmp(guards, answers.buf, answers.len) != 0;
    PyBuffer_Release(&answers);
    double loss = weight * sum + (penalty ? it->r.out[columns] : 0.0);
    double *data = it->r.u;
    if (wrong == 0)
        wrong = !isfinite(loss + summed(ZEROS, it->d_u, n)) ||
                (max_norm >= 0.0 && !clip(it->d_u, n, max_norm));
    if (wrong == 0 && update != NULL) {
        if (runs_take(update, rule[1], rule[2]) < 0)
            return NULL;
        data = update->r.out;
        wrong = execute(&update->r, NULL, NULL, 0, 0, &sum);
        wrong = wrong ? wrong : !isfinite(sum);
    }
    if (wrong)
        return wrong < 0 ? NULL : Py_NewRef(Py_None);
    Exchange *exchange = (Exchange *)PyCapsule_GetPointer(capsule, NULL);
    if (exchange == NULL || !exchange(args[2], it->r.u, data, it->d_u))
        return exchange == NULL ? NULL : Py_NewRef(Py_False);
    for (int k = 2; update != NULL && update->r.x[k].rows; k++)
        memcpy((double *)update->r.x[k].at, data + (k - 1) * n, n * sizeof(double));
    if (update != NULL && PyObject_SetAttrString(rule[3], "steps", rule[4]) < 0)
        return NULL;
    return PyFloat_FromDouble(loss);
}

static PyMethodDef runs_methods[] = {
    {"run", (PyCFunction)(void (*)(void))runs_run, METH_FASTCALL,
     "run(x), run(x, u) -> the sum of the first output, or None"},
    {"train", (PyCFunction)(void (*)(void))runs_train, METH_FASTCALL,
     "train(x, loss, params, update) -> the loss, None or False"},
    {NULL},
};

static PyTypeObject RunsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.program.kernel.Runs",
    .tp_basicsize = sizeof(Runs),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "A program's runs with the same arrays.",
    .tp_dealloc = (destructor)runs_dealloc,
    .tp_methods = runs_methods,
};

static PyObject *program_runs(Program *p, PyObject *args)
{
    PyObject *x, *arrays[5];
    Runs *it = (Runs *)RunsType.tp_alloc(&RunsType, 0);
    if (it == NULL)
        return NULL;
    Run *r = &it->r;
    it->program = Py_NewRef((PyObject *)p), r->p = p;
    if (!PyArg_ParseTuple(args, "nOOOOOOi", &r->lanes, arrays, &x, arrays + 1, arrays + 2,
                          arrays + 3, arrays + 4, &r->threads))
        return Py_DECREF(it), NULL;
    Py_ssize_t counts[] = {p->u_rows, p->seeds, p->root_count * (p->varies ? r->lanes : 1),
                           p->inputs, p->x_rows * r->lanes};
    if (r->lanes < 1)
        PyErr_Format(PyExc_ValueError, "the kernel needs a lane, got %zd", r->lanes);
    else if (p->lanes && r->lanes != p->lanes)
        PyErr_Format(PyExc_ValueError, "the program has %d lanes, got %zd", p->lanes, r->lanes);
    for (int i = 0; i < 5 && !PyErr_Occurred(); i++) {
        if (arrays[i] == Py_None && i != 0 && i != 2)
            continue;
        if (PyObject_GetBuffer(arrays[i], &it->views[i],
                               PyBUF_C_CONTIGUOUS | (i == 1 ? 0 : PyBUF_WRITABLE)) < 0)
            break;
        Py_ssize_t size = it->views[i].len / (Py_ssize_t)sizeof(double);
        if (i == 1)
            r->seed_columns = p->seed_varies && size == p->seeds * r->lanes ? r->lanes : 1;
        if (size != counts[i] * (i == 1 ? r->seed_columns : 1))
            PyErr_Format(PyExc_ValueError, "array %d of a run has %zd floats, got %zd", i,
                         counts[i], size);
    }
    if (PyErr_Occurred() || bind_x(it, x) < 0)
        return Py_DECREF(it), NULL;
    r->u = it->views[0].buf, r->seed = it->views[1].buf, r->out = it->views[2].buf;
    it->d_u = it->views[3].buf, r->d_x = it->views[4].buf;
    return (PyObject *)it;
}

static void program_dealloc(Program *p)
{
    free(p->code), free(p->lists), free(p->phases), free(p->roots);
    free(p->u), free(p->v), free(p->g);
    if (p->lock != NULL)
        PyThread_free_lock(p->lock);
    Py_TYPE(p)->tp_free((PyObject *)p);
}

static PyObject *program_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    Py_buffer parts[5]; /* code, lists, phases, roots, and what u holds before a run */
    Program *p = (Program *)type->tp_alloc(type, 0);
    if (p == NULL || !PyArg_ParseTuple(args, "y*y*y*y*y*(iiiiiiiiii)", parts, parts + 1,
                                       parts + 2, parts + 3, parts + 4, &p->inputs, &p->x_rows,
                                       &p->v_rows, &p->slots, &p->seeds, &p->seed_varies,
                                       &p->seed_row, &p->d_u, &p->d_x, &p->lanes)) {
        Py_XDECREF(p);
        return NULL;
    }
    void **places[] = {(void **)&p->code, (void **)&p->lists, (void **)&p->phases,
                       (void **)&p->roots, (void **)&p->u};
    int right = (p->lock = PyThread_allocate_lock()) != NULL, count, wrong;
    p->forks = forks;
    for (int i = 0; i < 5; i++) {
        if ((*places[i] = malloc(parts[i].len + 64)) != NULL)
            memcpy(*places[i], parts[i].buf, parts[i].len);
        right &= *places[i] != NULL;
        PyBuffer_Release(&parts[i]);
    }
    if (!right) {
        Py_DECREF(p);
        return PyErr_NoMemory();
    }
    p->phase_count = (int)(parts[2].len / sizeof(*p->phases));
    p->root_count = (int)(parts[3].len / sizeof(int));
    p->lane_phases = p->phase_count / 2;
    p->u_rows = (int)(parts[4].len / sizeof(double));
    p->list_count = parts[1].len / (Py_ssize_t)sizeof(int);
    for (int k = 0; k < p->root_count; k++)
        p->varies |= p->roots[k] >= LANES;
    count = (int)(parts[0].len / sizeof(Instruction));
    if ((wrong = first_wrong(p, count)) != count) {
        PyErr_Format(PyExc_RuntimeError,
                     "instruction %d of the program uses rows that are not there "
                     "(-1: its inputs or results do); please report this", wrong);
        Py_CLEAR(p);
    }
    for (int i = 0; i < count && p != NULL; i++)
        p->serial |= p->code[i].op == OP_scatter_add;
    return (PyObject *)p;
}

static PyMethodDef methods[] = {
    {"runs", (PyCFunction)program_runs, METH_VARARGS,
     "runs(lanes, u, x, seed, out, d_u, d_x, threads) -> what runs with these arrays"},
    {NULL},
};

static PyTypeObject ProgramType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.program.kernel.Program",
    .tp_basicsize = sizeof(Program),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Program(code, lists, phases, roots, start, sizes)",
    .tp_new = program_new,
    .tp_dealloc = (destructor)program_dealloc,
    .tp_methods = methods,
};

/* ------------------------------------------------------------------ calls
   A compiled function's, of arguments that are built like those of an earlier call. What holds
   floats is shown by an example: a float, or a list, tuple or dict of examples, or a view of an
   array. */

static int same_key(PyObject *a, PyObject *b)
{
    return a == b || (PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b) &&
                      PyUnicode_Compare(a, b) == 0);
}

/* Put the numbers of x there; false if it is built otherwise. Runs nothing of Python's. */
static int take(PyObject *like, PyObject *x, double **to)
{
    if (PyFloat_CheckExact(like)) {
        if (PyFloat_Check(x))
            return *(*to)++ = PyFloat_AS_DOUBLE(x), 1;
        **to = PyLong_CheckExact(x) ? PyLong_AsDouble(x) : -1.0;
        if (*(*to)++ == -1.0 && (!PyLong_CheckExact(x) || PyErr_Occurred()))
            return PyErr_Clear(), 0;
        return 1;
    }
    if (PyMemoryView_Check(like)) {
        const Py_buffer *a = PyMemoryView_GET_BUFFER(like);
        Py_buffer b;
        if (Py_TYPE(x) != Py_TYPE(PyMemoryView_GET_BASE(like)))
            return 0;
        if (PyObject_GetBuffer(x, &b, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
            return PyErr_Clear(), 0;
        int same = a->ndim == b.ndim && strcmp(a->format, b.format) == 0;
        for (int i = 0; same && i < b.ndim; i++)
            same = a->shape[i] == b.shape[i];
        if (same)
            memcpy(*to, b.buf, b.len), *to += b.len / (Py_ssize_t)sizeof(double);
        PyBuffer_Release(&b);
        return same;
    }
    if (Py_TYPE(x) != Py_TYPE(like) || PyObject_Size(x) != PyObject_Size(like))
        return 0;
    if (PyDict_CheckExact(like)) {
        PyObject *key, *value, *other, *example;
        Py_ssize_t i = 0, j = 0;
        while (PyDict_Next(like, &i, &key, &example))
            if (!PyDict_Next(x, &j, &other, &value) || !same_key(key, other) ||
                !take(example, value, to))
                return 0;
        return 1;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(like); i++)
        if (!take(PySequence_Fast_GET_ITEM(like, i), PySequence_Fast_GET_ITEM(x, i), to))
            return 0;
    return 1;
}

/* Let a run read samples from x, an array with one after the other; false if that is not so. */
static int take_samples(PyObject *like, PyObject *x, Run *r, Part *part, Py_buffer *view)
{
    const Py_buffer *a = PyMemoryView_GET_BUFFER(like);
    Py_ssize_t rows = 1;
    if (Py_TYPE(x) != Py_TYPE(PyMemoryView_GET_BASE(like)))
        return 0;
    if (PyObject_GetBuffer(x, view, PyBUF_STRIDES | PyBUF_FORMAT) < 0)
        return PyErr_Clear(), 0;
    if (a->ndim != view->ndim || strcmp(a->format, view->format) != 0 || view->shape[0] == 0 ||
        (r->lanes != 0 && r->lanes != view->shape[0]) || view->strides[0] % 8)
        return 0;
    for (int i = view->ndim - 1; i > 0; rows *= view->shape[i--])
        if (view->shape[i] != a->shape[i] || view->strides[i] != rows * 8)
            return 0;
    r->lanes = view->shape[0];
    *part = (Part){view->buf, rows, 8, view->strides[0]};
    return 1;
}

/* An array like x, of rows of numbers; one from each row follow each other in it. */
static PyObject *array_like(PyObject *x, const double *from, Py_ssize_t rows, Py_ssize_t lanes)
{
    Py_buffer b;
    PyObject *found = PyObject_CallMethod(x, "copy", NULL);
    if (found == NULL || PyObject_GetBuffer(found, &b, PyBUF_WRITABLE) < 0)
        return Py_XDECREF(found), NULL;
    for (Py_ssize_t l = 0; l < lanes; l++)
        for (Py_ssize_t k = 0; k < rows; k++)
            ((double *)b.buf)[l * rows + k] = from[k * lanes + l];
    return PyBuffer_Release(&b), found;
}

/* Numbers from there, built like the example */
static PyObject *give(PyObject *like, const double **from)
{
    PyObject *found, *key, *example;
    Py_ssize_t i = 0;
    if (PyFloat_CheckExact(like))
        return PyFloat_FromDouble(*(*from)++);
    if (PyMemoryView_Check(like)) {
        Py_ssize_t n = PyMemoryView_GET_BUFFER(like)->len / (Py_ssize_t)sizeof(double);
        *from += n;
        return array_like(PyMemoryView_GET_BASE(like), *from - n, n, 1);
    }
    if (PyDict_CheckExact(like)) {
        found = PyDict_New();
        while (found != NULL && PyDict_Next(like, &i, &key, &example)) {
            PyObject *each = give(example, from);
            if (each == NULL || PyDict_SetItem(found, key, each) < 0)
                Py_CLEAR(found);
            Py_XDECREF(each);
        }
        return found;
    }
    int list = PyList_CheckExact(like);
    Py_ssize_t n = PySequence_Fast_GET_SIZE(like);
    found = list ? PyList_New(n) : PyTuple_New(n);
    for (; found != NULL && i < n; i++) {
        PyObject *each = give(PySequence_Fast_GET_ITEM(like, i), from);
        if (each == NULL)
            Py_CLEAR(found);
        else if (list)
            PyList_SET_ITEM(found, i, each);
        else
            PyTuple_SET_ITEM(found, i, each);
    }
    return found;
}

enum { PROGRAM, LIKE, GIVEN, AXES, REBUILD, READ, CLOSED, NUMBERS, CAPTURED,
       EQUAL, HOLDS };

typedef struct {
    PyObject_HEAD
    PyObject *parts; /* a tuple of the above */
    Py_buffer answers;
    Py_ssize_t lanes, argnum, start, stop; /* lanes are 0 if their number is open */
    int mean, threads;
} Call;
#define HELD(i) PyTuple_GET_ITEM(c->parts, i)

/* Whether a list or a dict holds the very objects of a list */
static int holds(PyObject *now, PyObject *content)
{
    PyObject *key, *value;
    Py_ssize_t place = 0, k = 0, n = PyList_Check(content) ? PyList_GET_SIZE(content) : -1;
    if (PyDict_CheckExact(now) && 2 * PyDict_GET_SIZE(now) == n) {
        for (; PyDict_Next(now, &place, &key, &value); k++)
            if (key != PyList_GET_ITEM(content, k) ||
                value != PyList_GET_ITEM(content, n / 2 + k))
                return 0;
        return 1;
    }
    if (!PyList_CheckExact(now) || PyList_GET_SIZE(now) != n)
        return 0;
    while (k < n && PyList_GET_ITEM(now, k) == PyList_GET_ITEM(content, k))
        k++;
    return k == n;
}

/* What `same` says of two objects */
static int asked(PyObject *same, PyObject *x, PyObject *y)
{
    PyObject *answer = PyObject_CallFunctionObjArgs(same, x, y, NULL);
    int yes = answer == Py_True;
    Py_XDECREF(answer);
    return PyErr_Clear(), yes;
}

/* Whether all that the function captures is what it was: see captured.py */
static int unchanged(const Call *c)
{
    PyObject *looks = PyObject_GetAttrString(HELD(CAPTURED), "looks"), *part[5];
    int same = looks != NULL;
    for (int i = 0; same && i < 5; i++)
        part[i] = PyTuple_GET_ITEM(looks, i);
    for (Py_ssize_t i = 0; same && i < PyTuple_GET_SIZE(part[0]); i++) {
        PyObject *space = PyTuple_GET_ITEM(part[0], i), *name = PyTuple_GET_ITEM(part[1], i);
        PyObject *was = PyTuple_GET_ITEM(part[2], i), *now;
        if (PyDict_CheckExact(space))
            now = Py_XNewRef(PyDict_GetItem(space, name));
        else
            now = PyCell_Check(space) ? PyCell_Get(space) : PyObject_CallOneArg(space, name);
        now = now == NULL ? Py_NewRef(Py_Ellipsis) : now;
        same = now == was || asked(HELD(EQUAL), now, was);
        Py_DECREF(now);
    }
    for (Py_ssize_t i = 0; same && i < PyTuple_GET_SIZE(part[3]); i++) {
        PyObject *now = PyTuple_GET_ITEM(part[3], i), *content = PyTuple_GET_ITEM(part[4], i);
        same = holds(now, content) || asked(HELD(HOLDS), now, content);
    }
    Py_XDECREF(looks);
    return PyErr_Clear(), same;
}

/* What the function gives, or with an argnum that and its gradient; None if anything is not as
   it was, or not as it should be */
static PyObject *call_called(Call *c, PyObject *args, PyObject *named)
{
    Program *p = (Program *)HELD(PROGRAM);
    PyObject *like = HELD(LIKE), *axes = HELD(AXES), *result = NULL;
    Run r = {.p = p, .lanes = c->lanes, .threads = c->threads, .seed_columns = 1};
    Py_buffer views[MOST] = {{0}};
    double *u = PyMem_Malloc(p->inputs * sizeof(double) + 1), *to = u, *d, sum;
    int samples = 0, good = u != NULL && PyTuple_GET_SIZE(args) == PyTuple_GET_SIZE(like);
    for (Py_ssize_t i = 0; good && i < PyTuple_GET_SIZE(like); i++) {
        PyObject *example = PyTuple_GET_ITEM(like, i), *x = PyTuple_GET_ITEM(args, i);
        if (PyTuple_GET_ITEM(axes, i) == Py_None)
            good = take(example, x, &to);
        else if ((good = samples < MOST - 1))
            good = take_samples(example, x, &r, &r.x[samples], &views[samples]), samples++;
    }
    if (!good || !unchanged(c))
        goto other;
    if (PyList_GET_SIZE(HELD(CLOSED))) {
        PyObject *none = PyObject_CallFunctionObjArgs(HELD(READ), HELD(CLOSED), HELD(NUMBERS),
                                                      NULL);
        Py_buffer b;
        Py_XDECREF(none);
        if (none == NULL || PyObject_GetBuffer(HELD(NUMBERS), &b, PyBUF_SIMPLE) < 0)
            goto done;
        memcpy(to, b.buf, b.len);
        PyBuffer_Release(&b);
    }
    Py_ssize_t columns = p->varies ? r.lanes : 1, rows = c->stop - c->start;
    Py_ssize_t guards = c->answers.len / (Py_ssize_t)sizeof(double);
    Py_ssize_t outputs = p->root_count - guards, outs = p->root_count * columns;
    int along = c->argnum >= 0 && PyTuple_GET_ITEM(axes, c->argnum) != Py_None;
    Py_ssize_t slopes = along ? p->x_rows * r.lanes : rows;
    double weight = c->mean ? 1.0 / r.lanes : 1.0;
    if ((r.out = PyMem_Malloc((outs + slopes) * sizeof(double) + 1)) == NULL)
        goto done;
    d = r.out + outs, r.d_x = along ? d : NULL, r.seed = c->argnum < 0 ? NULL : &weight;
    int wrong = execute(&r, u, along || !slopes ? NULL : d, c->start, c->stop, &sum);
    if (wrong < 0)
        goto done;
    d += along ? c->start * r.lanes : 0;
    slopes = along ? rows * r.lanes : rows;
    wrong |= !isfinite(summed(ZEROS, r.out, outputs * columns) + summed(ZEROS, d, slopes));
    for (Py_ssize_t i = 0; i < slopes; i++)
        d[i] += 0.0; /* a gradient is a sum that begins with 0.0, so never -0.0 */
    for (Py_ssize_t i = outputs * columns; i < outs; i++)
        wrong |= r.out[i] != ((double *)c->answers.buf)[i / columns - outputs];
    if (wrong)
        goto other;
    if (!samples)
        sum = r.out[0]; /* with its sign, if it is 0 */
    if (c->argnum >= 0) {
        const double *from = d;
        PyObject *slope = along ? array_like(PyTuple_GET_ITEM(args, c->argnum), d, rows, r.lanes)
                                : give(HELD(GIVEN), &from);
        result = slope == NULL ? NULL : Py_BuildValue("(dN)", weight * sum, slope);
    } else if (HELD(REBUILD) == Py_None) {
        result = PyFloat_FromDouble(c->mean ? sum / r.lanes : sum);
    } else {
        PyObject *numbers = PyList_New(outputs);
        for (Py_ssize_t i = 0; numbers != NULL && i < outputs; i++)
            PyList_SET_ITEM(numbers, i, PyFloat_FromDouble(r.out[i]));
        result = numbers == NULL ? NULL : PyObject_CallOneArg(HELD(REBUILD), numbers);
        Py_XDECREF(numbers);
    }
    goto done;
other:
    result = Py_NewRef(Py_None);
done:
    release(views, MOST);
    PyMem_Free(u), PyMem_Free(r.out);
    return result == NULL && !PyErr_Occurred() ? PyErr_NoMemory() : result;
}

static int call_traverse(Call *c, visitproc visit, void *arg)
{
    Py_VISIT(c->parts);
    return 0;
}

static int call_clear(Call *c)
{
    Py_CLEAR(c->parts);
    return 0;
}

static void call_dealloc(Call *c)
{
    PyObject_GC_UnTrack(c);
    if (c->answers.obj != NULL)
        PyBuffer_Release(&c->answers);
    call_clear(c);
    Py_TYPE(c)->tp_free((PyObject *)c);
}

static PyObject *call_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    Call *c = (Call *)type->tp_alloc(type, 0);
    if (c == NULL || !PyArg_ParseTuple(args, "O!y*nnnnpi", &PyTuple_Type, &c->parts, &c->answers,
                                       &c->lanes, &c->argnum, &c->start, &c->stop, &c->mean,
                                       &c->threads)) {
        if (c != NULL)
            c->parts = NULL;
        Py_XDECREF(c);
        return NULL;
    }
    Py_INCREF(c->parts);
    return (PyObject *)c;
}

static PyTypeObject CallType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.program.kernel.Call",
    .tp_basicsize = sizeof(Call),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "Call(parts, answers, lanes, argnum, start, stop, mean, threads)",
    .tp_new = call_new,
    .tp_call = (ternaryfunc)call_called,
    .tp_traverse = (traverseproc)call_traverse,
    .tp_clear = (inquiry)call_clear,
    .tp_dealloc = (destructor)call_dealloc,
};

static PyObject *supported(PyObject *self, PyObject *none)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    return Py_BuildValue("(ii)", !!__builtin_cpu_supports("avx512dq"),
                         !!__builtin_cpu_supports("avx2"));
#else
    return Py_BuildValue("(ii)", 0, 0);
#endif
}

static PyMethodDef functions[] = {
    {"supported", supported, METH_NOARGS, "whether the machine has AVX-512 and AVX2"},
    {NULL},
};

#define STRING(x) #x
#define TEXT(x) STRING(x)
#define JOIN(x, y) x##y
#define INIT(name) JOIN(PyInit_, name)
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1, functions};

PyMODINIT_FUNC INIT(NAME)(void)
{
    PyObject *m, *names;
    if (PyType_Ready(&ProgramType) < 0 || PyType_Ready(&RunsType) < 0 ||
        PyType_Ready(&CallType) < 0 || (m = PyModule_Create(&module)) == NULL)
        return NULL;
    if ((names = PyTuple_New(OPS)) == NULL)
        return NULL;
    pthread_atfork(NULL, NULL, forked);
    for (int i = 0; i < OPS; i++)
        PyTuple_SET_ITEM(names, i, PyUnicode_FromString(OPERATIONS[i]));
    PyModule_AddObject(m, "OPERATIONS", names);
    PyModule_AddStringConstant(m, "SOURCE", SOURCE);
    PyModule_AddObjectRef(m, "Program", (PyObject *)&ProgramType);
    PyModule_AddObjectRef(m, "Call", (PyObject *)&CallType);
    return m;
}
