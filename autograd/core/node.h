/* How the compiled build makes and frees nodes.

   Left to itself, Cython frees a chain of a million nodes by a recursion that overflows the
   C stack, and takes twice as long to make a node. Here the inputs that die with a node wait
   on a list instead of the C stack, as the interpreter's own objects do. Nodes come from
   slabs of 2 MB, aligned so that a node's address tells its slab, and backed by huge pages:
   small pages, 42 nodes each, would cost more than recording and backward together.

   Nothing here knows what a node means. `node` mirrors the C struct of `Value` in value.pxd;
   `node_manage` compares their sizes. The GIL guards it all. */

#pragma once

#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef _WIN32
#include <malloc.h>
#define slab_malloc() _aligned_malloc(SLAB_BYTES, SLAB_BYTES)
#define slab_free _aligned_free
#else
#include <sys/mman.h>
#define slab_malloc() aligned_alloc(SLAB_BYTES, SLAB_BYTES)
#define slab_free free
#endif

#ifdef Py_GIL_DISABLED
#error "without the GIL the interpreted build is the one to use"
#endif

typedef struct node {
    PyObject_HEAD
    double data;
    PyObject *extra; /* like `primitive`, `a` and `b` None, and never NULL */
    /* What follows is all that a traversal looks at: 64 bytes, one or two lines of cache. */
    double grad;
    PyObject *primitive;
    long long mark;
    struct node *next; /* of the dead, or on a traversal's stack */
    struct node *a, *b;
    double da, db;
} node;

#define SLAB_BYTES ((size_t)1 << 21)
#define SLAB_NODES ((SLAB_BYTES - sizeof(slab)) / sizeof(node))
#define SLABS_KEPT 8 /* empty ones, 16 MB; more go back to the system */
#define SLAB_FULL ((size_t)1 << 24) /* is added to `living` of a slab without room */

typedef struct slab { /* and behind it its nodes, which begin where a line of the cache does */
    struct slab *previous, *next; /* in the list of slabs that have room */
    node *dead;
    size_t living, used; /* nodes beyond `used` have never been made, or not since it was empty */
    void *filler[3];
} slab;

#ifdef _MSC_VER
#define seldom __declspec(noinline)
#else
#define seldom __attribute__((noinline, cold))
#endif

static PyTypeObject *node_type;
static long node_paused; /* how many `no_grad` blocks are open, over all threads */
static PyObject *node_recording; /* tells whether this thread is not in one of them */
static slab slab_none;           /* what the list begins with if it is empty */
static slab *slab_room = &slab_none; /* nodes are taken from the first of the list */
static int slab_count, slab_empty;   /* the first is never counted as empty */

static void slab_link(slab *s) /* behind the first, which changes only when it is full */
{
    if (slab_room == &slab_none) {
        s->previous = s->next = NULL;
        slab_room = s;
        return;
    }
    s->previous = slab_room;
    s->next = slab_room->next;
    if (s->next != NULL)
        s->next->previous = s;
    slab_room->next = s;
}

static void slab_unlink(slab *s)
{
    if (s->next != NULL)
        s->next->previous = s->previous;
    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        slab_room = s->next == NULL ? &slab_none : s->next;
}

static int slab_add(void)
{
    slab *s = slab_malloc();
    if (s == NULL)
        return -1;
#ifdef MADV_HUGEPAGE
    if (slab_count > 0) /* in small pages a small program takes as little as it needs */
        madvise(s, SLAB_BYTES, MADV_HUGEPAGE);
#endif
    s->dead = NULL;
    s->living = s->used = 0;
    slab_link(s);
    slab_count++;
    return 0;
}

/* The first slab has no dead node: let it, or another, have some. */
static seldom int slab_refill(void)
{
    if (slab_room->used == SLAB_NODES) {
        slab_room->living += SLAB_FULL;
        slab_unlink(slab_room);
        if (slab_room->living == 0 && slab_room != &slab_none)
            slab_empty--;
    }
    if (slab_room == &slab_none && slab_add() < 0)
        return -1;
    slab *s = slab_room;
    node *nodes = (node *)(s + 1), **last = &s->dead;
    if (s->dead != NULL)
        return 0;
    for (int i = 0; i < 64 && s->used < SLAB_NODES; i++) {
        *last = &nodes[s->used++];
        last = &(*last)->next;
    }
    *last = NULL;
    return 0;
}

/* The slab had no room, or its last living node died. */
static seldom void slab_given(slab *s)
{
    if (s->living >= SLAB_FULL) {
        s->living -= SLAB_FULL;
        slab_link(s);
    } else if (s != slab_room) {
        if (slab_empty < SLABS_KEPT) {
            slab_empty++;
            s->dead = NULL; /* new nodes will lie in order */
            s->used = 0;
        } else {
            slab_unlink(s);
            slab_count--;
            slab_free(s);
        }
    }
}

static inline node *node_take(void)
{
    if (slab_room->dead == NULL && slab_refill() < 0)
        return (node *)PyErr_NoMemory();
    node *n = slab_room->dead;
    slab_room->dead = n->next;
    slab_room->living++;
    /* Py_SET_REFCNT leaves alone what looks immortal, as the remains of other data may. */
    n->ob_base = (PyObject){.ob_type = node_type};
    Py_SET_REFCNT((PyObject *)n, 1);
    return n;
}

static inline void node_give(node *n)
{
    slab *s = (slab *)((uintptr_t)n & ~(uintptr_t)(SLAB_BYTES - 1));
    n->next = s->dead;
    s->dead = n;
    if (--s->living - 1 >= SLAB_FULL - 1) /* it is 0, or SLAB_FULL and more */
        slab_given(s);
}

static inline void *node_new(
    double data, void *primitive, void *a, void *b, double da, double db)
{
    node *n = node_take();
    if (n == NULL)
        return NULL;
    n->data = data;
    n->grad = 0.0;
    n->primitive = Py_NewRef(primitive);
    n->a = (node *)Py_NewRef(a);
    n->b = (node *)Py_NewRef(b);
    n->da = da;
    n->db = db;
    n->extra = Py_NewRef(Py_None);
    n->mark = 0;
    return n;
}

static seldom void *node_made_paused(
    double data, void *primitive, void *a, void *b, double da, double db)
{
    PyObject *answer = PyObject_CallNoArgs(node_recording);
    if (answer == NULL)
        return NULL;
    Py_DECREF(answer);
    if (answer == Py_True)
        return node_new(data, primitive, a, b, da, db);
    return node_new(data, Py_None, Py_None, Py_None, 0.0, 0.0);
}

/* An operation's result: a leaf if this thread records nothing. */
static inline void *node_make(
    double data, void *primitive, void *a, void *b, double da, double db)
{
    if (node_paused)
        return node_made_paused(data, primitive, a, b, da, db);
    return node_new(data, primitive, a, b, da, db);
}

/* For Value(…), which fills it in. */
static PyObject *node_alloc(PyTypeObject *type, Py_ssize_t Py_UNUSED(items))
{
    node *n = node_take();
    if (n != NULL)
        memset(&n->data, 0, sizeof(node) - offsetof(node, data));
    return (PyObject *)n;
}

/* Nodes lie in memory as they were made; a traversal goes from the last towards the first, and
   is faster by a quarter where what comes 12 nodes later is already on its way. In a tree it
   goes on at one of tens of places: fetched further ahead, they would push each other out of
   the first cache. */
#ifdef __GNUC__
#define node_ahead(n) (__builtin_prefetch(&(n)[-12].grad), __builtin_prefetch(&(n)[-12].db))
#else
#define node_ahead(n) ((void)0)
#endif

/* Give up a reference to an input; if it was the last, let the input wait for its end. */
static inline void node_drop(node *input, node **doomed)
{
    Py_ssize_t left = Py_REFCNT((PyObject *)input) - 1;
    if (left != 0) {
        Py_SET_REFCNT((PyObject *)input, left);
    } else {
        node_ahead(input);
        input->next = *doomed;
        *doomed = input;
    }
}

static void node_dealloc(PyObject *self)
{
    node *doomed = (node *)self;
    doomed->next = NULL;
    do {
        node *n = doomed;
        PyObject *primitive = n->primitive, *extra = n->extra;
        doomed = n->next;
        node_drop(n->a, &doomed);
        node_drop(n->b, &doomed);
        node_give(n);
        Py_DECREF(primitive);
        Py_DECREF(extra); /* may free other nodes, by a call of this from within */
    } while (doomed != NULL);
}

#define node_none ((node *)Py_None)
#define node_at(object) ((node *)(object))

/* A traversal's stack of nodes, which hang together by `next`; empty it is NULL. */
#define node_stack() ((node *)NULL)
#define node_push(stack, n) ((n)->next = (stack), (stack) = (n), (void)0)
#define node_pop(stack) node_popped(&(stack))
#define node_put(list, n) PyList_Append(list, (PyObject *)(n))

static inline node *node_popped(node **stack)
{
    node *n = *stack;
    *stack = n->next;
    return n;
}

static inline PyObject *node_wide_of(node *n)
{
    return Py_NewRef(n->extra);
}

#define node_inputs(tuple) ((node **)((PyTupleObject *)(tuple))->ob_item)

/* Cython's own slot of a binary operator asks of each operand whether its type is derived
   from Value, by a walk along its bases. Nothing is: these look at the type, and call the
   same methods. */
#define NODE_OPERATOR(slot)                                                                    \
    static PyCFunction slot##_left, slot##_right;                                              \
    static PyObject *node_##slot(PyObject *left, PyObject *right)                              \
    {                                                                                          \
        return Py_IS_TYPE(left, node_type) ? slot##_left(left, right)                          \
                                           : slot##_right(right, left);                        \
    }

NODE_OPERATOR(add)
NODE_OPERATOR(subtract)
NODE_OPERATOR(multiply)
NODE_OPERATOR(true_divide)

static PyCFunction node_method(const char *name)
{
    PyObject *method = PyDict_GetItemString(node_type->tp_dict, name);
    if (method == NULL || !Py_IS_TYPE(method, &PyMethodDescr_Type))
        return NULL;
    PyMethodDef *definition = ((PyMethodDescrObject *)method)->d_method;
    return definition->ml_flags & METH_O ? definition->ml_meth : NULL;
}

#define NODE_USE_OPERATOR(slot, left, right)                                                   \
    slot##_left = node_method(left), slot##_right = node_method(right);                        \
    if (slot##_left != NULL && slot##_right != NULL) /* else Cython's will do */               \
        node_type->tp_as_number->nb_##slot = node_##slot

/* From now on objects of this type are made and freed here. */
static int node_manage(void *type, PyObject *recording)
{
    PyTypeObject *t = type;
    if (t->tp_basicsize != sizeof(node) || PyType_IS_GC(t)
        || (t->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        PyErr_SetString(PyExc_SystemError, "node.h and value.pxd disagree about Value");
        return -1;
    }
    node_type = t;
    node_recording = Py_NewRef(recording);
    t->tp_alloc = node_alloc;
    t->tp_dealloc = node_dealloc;
    NODE_USE_OPERATOR(add, "__add__", "__radd__");
    NODE_USE_OPERATOR(subtract, "__sub__", "__rsub__");
    NODE_USE_OPERATOR(multiply, "__mul__", "__rmul__");
    NODE_USE_OPERATOR(true_divide, "__truediv__", "__rtruediv__");
    return 0;
}
