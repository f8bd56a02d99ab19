/* The kernel as a module of Python: programs, and what runs them. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "run.h"

#ifdef _WIN32 /* where no process forks; its header takes names that are used here */
#include <cpuid.h>
__declspec(dllimport) int __stdcall IsProcessorFeaturePresent(unsigned long);
#define at_fork(child) (void)(child)
#else
#include <pthread.h>
#define at_fork(child) pthread_atfork(NULL, NULL, child)
#endif

typedef struct {
    PyObject_HEAD
    Program p;
    PyThread_type_lock lock; /* one run at a time */
    int forks;               /* of the process in which it was made */
} ProgramObject;

typedef struct { /* runs a program with the same arrays, again and again */
    PyObject_HEAD
    ProgramObject *program;
    Run r;
    Py_buffer views[6 + MOST]; /* of u, seed, out, d_u, d_x and answers; of x */
    int running;               /* in another thread, of this process or of one before */
} Runner;
enum { U, SEED, OUT, D_U, D_X, ANSWERS, X };

static int forks; /* from the first process to this one */

static void forked(void)
{
    forks++;
}

/* A thread that runs p in the parent process has its memory and its lock, but not in this
   one: take new ones. */
static int renewed(ProgramObject *it)
{
    PyThread_type_lock lock = PyThread_allocate_lock();
    if (lock == NULL)
        return 0;
    it->lock = lock, it->forks = forks;
    it->p.v = it->p.g = NULL, it->p.v_size = it->p.g_size = 0;
    return 1;
}

/* Run, without the GIL if that takes long; the status, or with an exception -1 */
static int execute(Runner *it)
{
    ProgramObject *program = it->program;
    if (program->forks != forks && !renewed(program))
        return PyErr_NoMemory(), -1;
    int keep = program->p.u_rows + program->p.v_rows * it->r.lanes < 4096 && /* soon done */
               PyThread_acquire_lock(program->lock, NOWAIT_LOCK);
    it->running = forks + 1;
    PyThreadState *thread = keep ? NULL : PyEval_SaveThread();
    if (!keep)
        PyThread_acquire_lock(program->lock, WAIT_LOCK);
    int status = run(&it->r);
    PyThread_release_lock(program->lock);
    if (!keep)
        PyEval_RestoreThread(thread);
    it->running = 0;
    return status == NO_MEMORY ? (PyErr_NoMemory(), -1) : status;
}

/* ------------------------------------------------------------------ runners */

static void release(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        if (views[i].obj != NULL)
            PyBuffer_Release(&views[i]);
}

/* Keep no array of a caller alive. */
static void release_x(Runner *it)
{
    if (it->views[X].obj == NULL)
        return;
    release(it->views + X, MOST);
    memset(it->r.x, 0, sizeof(it->r.x));
}

/* Read the rows of x, a tuple of arrays, if they are not those of before. */
static int bind_x(Runner *it, PyObject *x)
{
    Py_ssize_t n = PyTuple_Check(x) ? PyTuple_GET_SIZE(x) : -1, rows = 0, i = 0;
    Py_buffer *v = it->views + X;
    Run *r = &it->r;
    Part *to = r->x;
    while (i < n && i < MOST && v[i].obj == PyTuple_GET_ITEM(x, i))
        i++;
    if (i == n && v[n].obj == NULL && (n > 0 || r->p->x_rows == 0))
        return 0;
    release(v, MOST);
    memset(r->x, 0, sizeof(r->x));
    for (i = 0; i < n && n < MOST; i++, v++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(x, i), v, PyBUF_STRIDES) < 0)
            break;
        if (v->itemsize != sizeof(double) || v->ndim < 1 || v->ndim > 2 || v->strides[0] % 8 ||
            v->strides[v->ndim - 1] % 8 || v->shape[v->ndim - 1] != r->lanes)
            break;
        *to = (Part){v->buf, v->ndim == 1 ? 1 : v->shape[0], v->strides[0],
                     v->strides[v->ndim - 1]};
        rows += to->rows;
        to += to->rows > 0; /* the first part without rows is the end */
    }
    if (i == n && rows == r->p->x_rows)
        return 0;
    release(it->views + X, MOST);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "x is a tuple of arrays that have %d rows of %zd floats",
                     r->p->x_rows, r->lanes);
    return -1;
}

/* Read other arrays x, and the numbers of a list u. */
static int bind(Runner *it, PyObject *x, PyObject *u)
{
    Py_ssize_t n = it->r.p->inputs;
    if (it->running == forks + 1)
        return PyErr_SetString(PyExc_RuntimeError, "another thread runs this runner; make one "
                                                   "for each thread"), -1;
    if (bind_x(it, x) < 0)
        return -1;
    if (u != NULL && (!PyList_Check(u) || PyList_GET_SIZE(u) != n))
        return PyErr_Format(PyExc_ValueError, "u is a list of %zd numbers", n), -1;
    for (Py_ssize_t i = 0; u != NULL && i < n; i++)
        it->r.u[i] = PyFloat_AsDouble(PyList_GET_ITEM(u, i));
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *runner_run(Runner *it, PyObject *const *args, Py_ssize_t given)
{
    if (given < 1 || given > 2)
        return PyErr_Format(PyExc_TypeError, "run takes 1 or 2 arguments, got %zd", given);
    if (bind(it, args[0], given > 1 ? args[1] : NULL) < 0)
        return NULL;
    int status = execute(it);
    release_x(it);
    return status < 0 ? NULL : PyLong_FromLong(status);
}

static double total(const Run *r)
{
    return summed(PLAIN, r->out, !r->p->root_count ? 0 : r->p->varies ? r->lanes : 1);
}

static PyObject *runner_total(Runner *it, void *Py_UNUSED(none))
{
    return PyFloat_FromDouble(total(&it->r));
}

/* Scale numbers down to a norm, as `clip` of runner.py does; 0 if theirs is extreme. */
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

/* Whether a list has n items, which another one begins with */
static int begins_with(PyObject *list, PyObject *items, Py_ssize_t n)
{
    return PyList_GET_SIZE(items) == n && n <= PyList_GET_SIZE(list) &&
           !memcmp(((PyListObject *)items)->ob_item, ((PyListObject *)list)->ob_item,
                   n * sizeof(PyObject *));
}

/* train(x, loss, params, update) → the loss of a batch, after a step of the optimizer; None if
   anything is amiss, False if the parameters' data is not what u begins with, and then nothing
   has changed. Loss is (weight, penalty, max_norm, exchange, closed): the factor of each
   lane's, whether the second output is added, the largest norm of the gradient, if that is not
   negative, a capsule, and a list that begins with the parameters, if they are still those.
   Update is (its runner or None, its x, its u, the optimizer, its next count of steps): all
   that a step changes changes in this one call, which no signal can interrupt. */
static PyObject *runner_train(Runner *it, PyObject *const *args, Py_ssize_t given)
{
    PyObject *rule[5], *capsule, *closed;
    Run *r = &it->r;
    double weight, max_norm;
    int penalty;
    if (given != 4)
        return PyErr_Format(PyExc_TypeError, "train takes 4 arguments, got %zd", given);
    if (!PyArg_ParseTuple(args[3], "OOOOO", rule, rule + 1, rule + 2, rule + 3, rule + 4) ||
        !PyArg_ParseTuple(args[1], "dpdOO!", &weight, &penalty, &max_norm, &capsule,
                          &PyList_Type, &closed) ||
        bind(it, args[0], NULL) < 0)
        return NULL;
    Py_ssize_t n = PyList_GET_SIZE(args[2]), columns = r->p->varies ? r->lanes : 1;
    if (!begins_with(closed, args[2], n))
        return Py_NewRef(Py_None);
    Runner *update = rule[0] == Py_None ? NULL : (Runner *)rule[0];
    int status = execute(it);
    double loss = weight * total(r) + (penalty ? r->out[columns] : 0.0), *data = r->u;
    if (status == 0 && (!isfinite(loss) || (max_norm >= 0.0 && !clip(r->d_u, n, max_norm))))
        status = NOT_FINITE;
    if (status == 0 && update != NULL) {
        if (bind(update, rule[1], rule[2]) < 0)
            return NULL;
        data = update->r.out;
        status = execute(update);
    }
    if (status == 0 && !begins_with(closed, args[2], n)) /* by another thread */
        status = OTHER_TRACE;
    if (status)
        return status < 0 ? NULL : Py_NewRef(Py_None);
    Exchange *exchange = (Exchange *)PyCapsule_GetPointer(capsule, NULL);
    if (exchange == NULL || !exchange(args[2], r->u, data, r->d_u))
        return exchange == NULL ? NULL : Py_NewRef(Py_False);
    for (int k = 2; update != NULL && update->r.x[k].rows; k++)
        memcpy((double *)update->r.x[k].at, data + (k - 1) * n, n * sizeof(double));
    if (update != NULL && PyObject_SetAttrString(rule[3], "steps", rule[4]) < 0)
        return NULL;
    return PyFloat_FromDouble(loss);
}

static void runner_dealloc(Runner *it)
{
    release(it->views, X + MOST);
    Py_XDECREF(it->program);
    Py_TYPE(it)->tp_free((PyObject *)it);
}

static PyMethodDef runner_methods[] = {
    {"run", (PyCFunction)(void (*)(void))runner_run, METH_FASTCALL,
     "run(x), run(x, u) with the numbers of a list u -> the status, as in runner.py"},
    {"train", (PyCFunction)(void (*)(void))runner_train, METH_FASTCALL,
     "train(x, loss, params, update) -> the loss, None or False"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef runner_properties[] = {
    {"total", (getter)runner_total, NULL, "the sum of the first output over the lanes", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject RunnerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.program.kernel.Runner",
    .tp_basicsize = sizeof(Runner),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "Runs a program with the same arrays.",
    .tp_dealloc = (destructor)runner_dealloc,
    .tp_methods = runner_methods,
    .tp_getset = runner_properties,
};

/* ------------------------------------------------------------------ programs */

static PyObject *program_runner(ProgramObject *program, PyObject *args)
{
    PyObject *x, *arrays[X];
    Runner *it = (Runner *)RunnerType.tp_alloc(&RunnerType, 0);
    if (it == NULL)
        return NULL;
    Run *r = &it->r;
    Program *p = r->p = &program->p;
    it->program = (ProgramObject *)Py_NewRef((PyObject *)program);
    if (!PyArg_ParseTuple(args, "nOOOOOOOi", &r->lanes, arrays + U, &x, arrays + SEED,
                          arrays + OUT, arrays + D_U, arrays + D_X, arrays + ANSWERS,
                          &r->threads))
        return Py_DECREF(it), NULL;
    Py_ssize_t counts[] = {p->u_rows, p->seeds, p->root_count * (p->varies ? r->lanes : 1),
                           p->inputs, p->x_rows * r->lanes};
    if (r->lanes < 1)
        PyErr_Format(PyExc_ValueError, "the kernel needs a lane, got %zd", r->lanes);
    else if (p->lanes && r->lanes != p->lanes)
        PyErr_Format(PyExc_ValueError, "the program has %d lanes, got %zd", p->lanes, r->lanes);
    for (int i = 0; i < X && !PyErr_Occurred(); i++) {
        if (arrays[i] == Py_None && i != U && i != OUT)
            continue;
        if (PyObject_GetBuffer(arrays[i], &it->views[i],
                               PyBUF_C_CONTIGUOUS |
                                   (i == SEED || i == ANSWERS ? 0 : PyBUF_WRITABLE)) < 0)
            break;
        Py_ssize_t size = it->views[i].len / (Py_ssize_t)sizeof(double);
        if (i == SEED)
            r->seed_columns = p->seed_varies && size == p->seeds * r->lanes ? r->lanes : 1;
        if (i == ANSWERS ? size > p->root_count
                         : size != counts[i] * (i == SEED ? r->seed_columns : 1))
            PyErr_Format(PyExc_ValueError, "array %d of a runner has %zd floats, got %zd", i,
                         i == ANSWERS ? p->root_count : counts[i], size);
    }
    if (PyErr_Occurred() || bind_x(it, x) < 0)
        return Py_DECREF(it), NULL;
    r->u = it->views[U].buf, r->seed = it->views[SEED].buf, r->out = it->views[OUT].buf;
    r->d_u = it->views[D_U].buf, r->d_x = it->views[D_X].buf;
    r->answers = it->views[ANSWERS].buf;
    r->guards = it->views[ANSWERS].len / (Py_ssize_t)sizeof(double);
    return (PyObject *)it;
}

static void program_dealloc(ProgramObject *it)
{
    Program *p = &it->p;
    free(p->code), free(p->lists), free(p->phases), free(p->roots);
    line_free(p->v), line_free(p->g);
    if (it->lock != NULL)
        PyThread_free_lock(it->lock);
    Py_TYPE(it)->tp_free((PyObject *)it);
}

static PyObject *program_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(named))
{
    Py_buffer parts[4]; /* code, lists, phases and roots */
    ProgramObject *it = (ProgramObject *)type->tp_alloc(type, 0);
    if (it == NULL)
        return NULL;
    Program *p = &it->p;
    if (!PyArg_ParseTuple(args, "y*y*y*y*(iiiiiiiiiiiiiii)", parts, parts + 1, parts + 2, parts + 3,
                          &p->inputs, &p->x_rows, &p->u_rows, &p->v_rows, &p->slots, &p->seeds,
                          &p->seed_varies, &p->seed_row, &p->d_u, &p->d_x, &p->lanes,
                          &p->sums, &p->sum_count, &p->lane_sums, &p->lane_sum_count))
        return Py_DECREF(it), NULL;
    void **places[] = {(void **)&p->code, (void **)&p->lists, (void **)&p->phases,
                       (void **)&p->roots};
    int right = (it->lock = PyThread_allocate_lock()) != NULL, count, wrong;
    it->forks = forks;
    for (int i = 0; i < 4; i++) {
        if ((*places[i] = malloc(parts[i].len + 64)) != NULL)
            memcpy(*places[i], parts[i].buf, parts[i].len);
        right &= *places[i] != NULL;
        PyBuffer_Release(&parts[i]);
    }
    if (!right) {
        Py_DECREF(it);
        return PyErr_NoMemory();
    }
    p->phase_count = (int)(parts[2].len / sizeof(*p->phases));
    p->root_count = (int)(parts[3].len / sizeof(int));
    p->lane_phases = p->phase_count / 2;
    p->list_count = parts[1].len / (Py_ssize_t)sizeof(int);
    for (int k = 0; k < p->root_count; k++)
        p->varies |= p->roots[k] >= LANES;
    count = (int)(parts[0].len / sizeof(Instruction));
    for (int i = 0; i < count; i++)
        p->serial |= p->code[i].op == OP_scatter_add;
    if ((wrong = first_wrong(p, count)) != count) {
        PyErr_Format(PyExc_RuntimeError,
                     "instruction %d of the program uses rows that are not there "
                     "(-1: its inputs or results do); please report this", wrong);
        Py_CLEAR(it);
    }
    return (PyObject *)it;
}

static PyMethodDef program_methods[] = {
    {"runner", (PyCFunction)program_runner, METH_VARARGS,
     "runner(lanes, u, x, seed, out, d_u, d_x, answers, threads) -> runs with these arrays"},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject ProgramType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.program.kernel.Program",
    .tp_basicsize = sizeof(ProgramObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Program(code, lists, phases, roots, sizes)",
    .tp_new = program_new,
    .tp_dealloc = (destructor)program_dealloc,
    .tp_methods = program_methods,
};

/* ------------------------------------------------------------------ the module */

static PyObject *supported(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(none))
{
    int avx512 = 0, avx2 = 0;
#if defined(__x86_64__) && defined(_WIN32)
    unsigned a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    avx2 = IsProcessorFeaturePresent(40);
    avx512 = IsProcessorFeaturePresent(41) && b & bit_AVX512DQ;
#elif defined(__x86_64__)
    __builtin_cpu_init();
    avx512 = __builtin_cpu_supports("avx512dq"), avx2 = __builtin_cpu_supports("avx2");
#endif
    return Py_BuildValue("(ii)", !!avx512, !!avx2);
}

static PyMethodDef functions[] = {
    {"supported", supported, METH_NOARGS, "whether the machine has AVX-512 and AVX2"},
    {NULL, NULL, 0, NULL},
};

#define STRING(x) #x
#define TEXT(x) STRING(x)
#define JOIN(x, y) x##y
#define INIT(name) JOIN(PyInit_, name)
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = TEXT(NAME), .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC INIT(NAME)(void)
{
    PyObject *m, *names;
    if (PyType_Ready(&ProgramType) < 0 || PyType_Ready(&RunnerType) < 0 ||
        (m = PyModule_Create(&module)) == NULL || (names = PyTuple_New(OPS)) == NULL)
        return NULL;
    at_fork(forked);
    for (int i = 0; i < OPS; i++)
        PyTuple_SET_ITEM(names, i, PyUnicode_FromString(OPERATIONS[i]));
    PyModule_AddObject(m, "OPERATIONS", names);
    PyModule_AddStringConstant(m, "SOURCE", SOURCE);
    PyModule_AddObjectRef(m, "Program", (PyObject *)&ProgramType);
    return m;
}
