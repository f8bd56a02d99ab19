/* How the compiled build makes and frees nodes.

   Left to itself, Cython frees a chain of a million nodes by a recursion that overflows the
   C stack. Here the inputs that die with a node wait on a list instead. And nodes come from
   slabs of 2 MB in huge pages, for the system takes longer to provide small pages than all
   the rest: 35 ns a node of a graph of 10⁵ nodes or more, measured beside PyObject_Malloc.

   `node` mirrors the C struct of `Value` in value.pxd. The GIL guards it all. */

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
/* What a traversal looks at soon is on its way from memory before that. */
#ifdef __GNUC__
#define node_fetch(place) __builtin_prefetch(place, 1)
#else
#define node_fetch(place) (void)(place)
#endif

#ifdef Py_GIL_DISABLED
#error "without the GIL the interpreted build is the one to use"
#endif

typedef struct node {
    PyObject_HEAD
    double data;
    PyObject *extra; /* like `primitive`, `a` and `b` None, and never NULL */
    /* What follows is all that a traversal looks at: 64 bytes. */
    double grad;
    void *primitive; /* a PyObject, which is compared with nodes */
    unsigned int pass, uses;
    struct node *next; /* of the dead, or on a traversal's stack */
    struct node *a, *b;
    double da, db;
} node;

static PyTypeObject *node_type;
static long node_paused;          /* how many blocks are open, over all threads */
static int (*node_records)(void); /* whether this thread is not in one of `no_grad` */
static PyObject *(*node_kept)(PyObject *); /* what a new node of this thread keeps */
static unsigned int *node_passes;   /* how many passes there have been */

/* ---------------------------------------------------------------- memory */

typedef struct slab { /* and behind it its nodes; a node's address tells its slab */
    struct slab *next; /* in the list of slabs that have room */
    node *dead;
    size_t living, listed;
    void *filler[4];
} slab;

#define SLAB_BYTES ((size_t)1 << 21)
#define SLAB_NODES ((SLAB_BYTES - sizeof(slab)) / sizeof(node))
#define SLABS_KEPT 8 /* 16 MB; of more, the empty ones go back to the system */

static slab *slabs; /* nodes are taken from the first */
static int slab_count;

static void slab_clear(slab *s) /* new nodes will lie in order */
{
    node *n = s->dead = (node *)(s + 1), *last = n + SLAB_NODES - 1;
    for (; n < last; n++)
        n->next = n + 1;
    last->next = NULL;
}

/* The first slab, with room in it. */
static Py_NO_INLINE slab *slab_refill(void)
{
    for (; slabs != NULL && slabs->dead == NULL; slabs = slabs->next)
        slabs->listed = 0;
    if (slabs == NULL && (slabs = slab_malloc()) != NULL) {
#ifdef MADV_HUGEPAGE
        madvise(slabs, SLAB_BYTES, MADV_HUGEPAGE);
#endif
        *slabs = (slab){.listed = 1};
        slab_clear(slabs);
        slab_count++;
    }
    return slabs;
}

/* The slab had no room, or its last living node died. */
static Py_NO_INLINE void slab_given(slab *s)
{
    if (!s->listed) {
        slab **first = slabs == NULL ? &slabs : &slabs->next;
        s->listed = 1;
        s->next = *first;
        *first = s;
    }
    if (s->living == 0 && s != slabs) {
        if (slab_count <= SLABS_KEPT) {
            slab_clear(s);
            return;
        }
        slab *before = slabs;
        while (before->next != s)
            before = before->next;
        before->next = s->next;
        slab_count--;
        slab_free(s);
    }
}

static inline node *node_take(void)
{
    slab *s = slabs;
    if ((s == NULL || s->dead == NULL) && (s = slab_refill()) == NULL)
        return (node *)PyErr_NoMemory();
    node *n = s->dead;
    s->dead = n->next;
    s->living++;
    n->ob_base = (PyObject){.ob_type = node_type};
    Py_SET_REFCNT((PyObject *)n, 1);
    return n;
}

static inline void node_give(node *n)
{
    slab *s = (slab *)((uintptr_t)n & ~(uintptr_t)(SLAB_BYTES - 1));
    n->next = s->dead;
    s->dead = n;
    if (--s->living == 0 || !s->listed)
        slab_given(s);
}

/* ---------------------------------------------------------------- birth and death */

/* An operation's result: a leaf if this thread records nothing. */
static inline void *node_make(
    double data, void *primitive, void *a, void *b, double da, double db)
{
    node *n = node_take();
    if (n == NULL)
        return NULL;
    n->extra = Py_None;
    if (node_paused) {
        if (!node_records())
            primitive = a = b = Py_None, da = db = 0.0;
        if ((n->extra = node_kept(Py_None)) == NULL) {
            node_give(n);
            return NULL;
        }
    } else {
        Py_INCREF(Py_None);
    }
    n->data = data;
    n->grad = 0.0;
    n->primitive = Py_NewRef(primitive);
    n->pass = *node_passes;
    n->uses = 0;
    n->a = (node *)Py_NewRef(a);
    n->b = (node *)Py_NewRef(b);
    n->da = da;
    n->db = db;
    return n;
}

/* For Value(…), which fills it in. */
static PyObject *node_alloc(PyTypeObject *Py_UNUSED(type), Py_ssize_t Py_UNUSED(items))
{
    node *n = node_take();
    if (n != NULL)
        memset(&n->data, 0, sizeof(node) - offsetof(node, data));
    return (PyObject *)n;
}

/* Give up a reference to an input; if it was the last, let the input wait for its end. */
static inline void node_drop(node *input, node **dead)
{
    if (Py_REFCNT((PyObject *)input) > 1) {
        Py_DECREF((PyObject *)input);
    } else {
        input->next = *dead;
        *dead = input;
    }
}

static void node_dealloc(PyObject *self)
{
    node *dead = (node *)self;
    dead->next = NULL;
    do {
        node *n = dead;
        PyObject *primitive = n->primitive, *extra = n->extra;
        dead = n->next;
        node_drop(n->a, &dead);
        node_drop(n->b, &dead);
        node_give(n);
        Py_DECREF(primitive);
        Py_DECREF(extra); /* may free other nodes, by a call of this from within */
    } while (dead != NULL);
}

/* Cython's slot of a binary operator asks of each operand whether its type is derived from
   Value, by a walk along its bases. Nothing is: these look at the type. */
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

static PyMethodDef *node_method(const char *name)
{
    return ((PyMethodDescrObject *)PyDict_GetItemString(node_type->tp_dict, name))->d_method;
}

#define NODE_USE(slot, left, right)                                                            \
    (slot##_left = node_method(left)->ml_meth, slot##_right = node_method(right)->ml_meth,     \
        node_type->tp_as_number->nb_##slot = node_##slot)

static hashfunc node_hash;

static void node_watch_hash(int watched) /* else the object's, which is faster */
{
    node_type->tp_hash = watched ? node_hash : PyBaseObject_Type.tp_hash;
}

/* From now on objects of this type are made and freed here. */
static inline int node_manage(
    void *type, int (*recording)(void), PyObject *(*kept)(PyObject *), unsigned int *passes)
{
    node_type = type;
    node_records = recording;
    node_kept = kept;
    node_passes = passes;
    if (node_type->tp_basicsize != sizeof(node) || PyType_IS_GC(node_type)) {
        PyErr_SetString(PyExc_SystemError, "node.h and value.pxd disagree about Value");
        return -1;
    }
    node_type->tp_alloc = node_alloc;
    node_type->tp_dealloc = node_dealloc;
    node_hash = node_type->tp_hash;
    node_watch_hash(0);
    NODE_USE(add, "__add__", "__radd__");
    NODE_USE(subtract, "__sub__", "__rsub__");
    NODE_USE(multiply, "__mul__", "__rmul__");
    return 0;
}

/* ---------------------------------------------------------------- leaves */

/* If the leaves' data is what it was when it was read: exchange data and grad for new ones. */
static int node_exchange(PyObject *leaves, double *read, double *data, double *grads)
{
    node **all = (node **)((PyListObject *)leaves)->ob_item;
    Py_ssize_t n = PyList_GET_SIZE(leaves), i = 0;
    for (; i < n && memcmp(&all[i]->data, &read[i], sizeof(double)) == 0; i++) {
        double before = read[i], grad = all[i]->da;
        all[i]->data = read[i] = data[i], all[i]->da = grads[i];
        data[i] = before, grads[i] = grad;
    }
    if (i == n)
        return 1;
    while (i-- > 0)
        all[i]->data = read[i] = data[i], all[i]->da = grads[i];
    return 0;
}

static inline PyObject *node_exchanger(void) /* that, for C elsewhere */
{
    return PyCapsule_New((void *)node_exchange, NULL, NULL);
}

/* ---------------------------------------------------------------- traversal */

/* A stack of nodes, which hang together by `next`; empty it is NULL. */
#define node_none ((node *)Py_None)
#define node_at(object) ((node *)(object))
#define node_stack() ((node *)NULL)
#define node_push(stack, n) ((n)->next = (stack), (stack) = (n), (void)0)
#define node_pop(stack) node_popped(&(stack))
#define node_put(list, n) PyList_Append(list, (PyObject *)(n))
#define node_extra(n) Py_NewRef((n)->extra)
#define node_inputs(tuple) ((node **)((PyTupleObject *)(tuple))->ob_item)

static inline node *node_popped(node **stack)
{
    node *n = *stack;
    *stack = n->next;
    node_fetch(&n[-32].grad); /* of the node that was made 32 nodes before this one */
    node_fetch(&n[-32].db);
    return n;
}
