cdef extern from "wide.h":
    double *_doubles "floats_of" (object packed)

cdef extern from "node.h":
    # A node without counting references to it: while a pass runs, its root keeps it.
    ctypedef struct node:
        double _grad "grad"
        node *_primitive "primitive"
        unsigned int _pass "pass"
        unsigned int _uses "uses"
        node *_a "a"
        node *_b "b"
        double _da "da"
        double _db "db"
    node *_none "node_none"
    node *_at "node_at" (object)
    node *_stack "node_stack" ()
    void _push "node_push" (node *stack, node *n)
    node *_pop "node_pop" (node *stack)
    int _put "node_put" (list, node *) except -1
    tuple _wide "node_extra" (node *)
    node **_inputs "node_inputs" (tuple)

cdef unsigned int _passes
cdef inline node *_come_to(
    node *x, unsigned int now, unsigned int since, list before, node *stack, node *none
) except? NULL
cdef inline node *_give(node *x, double grad, double partial, node *stack) noexcept
cpdef bint accumulate(root, double seed) except -1
cpdef bint add_to_leaves(list leaves, numbers, unsigned int now) except -1
cpdef unsigned int begin()
cpdef bint list_nodes(
    root, list order, list made, list before, unsigned int since
) except -1
cpdef unsigned int traverse(
    root, double seed, list leaves, list order, unsigned int since=*, list before=*
) except? 0
