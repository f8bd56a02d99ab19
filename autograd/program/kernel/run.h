/* A program: what it consists of, its check, and its runs over blocks of lanes and threads.
   Threads and locks are Python's, since every system has those. */

#include <pythread.h>
#include <stdlib.h>
#ifdef _WIN32
#include <malloc.h>
#define line_malloc(bytes) _aligned_malloc(bytes, 64)
#define line_free _aligned_free
#else
#define line_malloc(bytes) aligned_alloc(64, ((bytes) + 63) / 64 * 64)
#define line_free free
#endif

#include "ops.h"

typedef struct {
    Instruction *code;
    int *lists;       /* of rows, for wide operations, gather and scatter_add */
    int (*phases)[3]; /* whether of lanes; begin and end of the code */
    int *roots;       /* rows that are results; those of lanes with LANES added */
    double *v, *g;    /* memory of one run at a time */
    size_t v_size, g_size;
    ptrdiff_t list_count;
    int phase_count, root_count, lane_phases, varies;
    int inputs, x_rows, u_rows, v_rows, slots, seeds, seed_varies, seed_row, d_u, d_x;
    int sums, sum_count;           /* rows of u that are 0 before a run, and added to */
    int lane_sums, lane_sum_count; /* and such rows of v */
    int lanes;  /* their number, or 0 if it is open */
    int serial; /* whether lanes add to the same numbers of u */
} Program;

typedef struct { /* rows of numbers of the lanes; from one to the next so many bytes */
    const double *at;
    ptrdiff_t rows, row, lane;
} Part;

enum { MOST = 8 }; /* parts of x */

typedef struct {
    Program *p;
    double *u, *v, *g, *out, *d_u, *d_x;
    const double *seed, *answers; /* answers: of the last roots, the guards */
    Part x[MOST];
    ptrdiff_t lanes, seed_columns, guards;
    int block, blocks, chunks, threads, last;
    const int *phase;
} Run;

typedef struct {
    const Run *r;
    int index, errors;
    PyThread_type_lock working; /* held until its thread is done; NULL if it has none */
} Worker;

enum { CHUNKS = 64 };

/* ------------------------------------------------------------------ formulas
   Operands and results are n rows: from one on, at equal steps, or at the step LISTED those in
   a list that begins there. Rows of lanes have LANES added, where there are such. */

enum { LISTED = -1, CHUNK = 128 };

INLINE ptrdiff_t row_of(const Program *p, int at, int step, int i)
{
    return step == LISTED ? p->lists[at + i] : at + (ptrdiff_t)i * step;
}

static double single(int op, double x, double y, double z)
{
    V a = splat(x), b = splat(y), c = splat(z);
    switch (op) {
#define X(name, result)                                                                       \
    case OP_##name: return (result)[0];
        FORMULAS(X)
#undef X
    }
    return op < OP_pow ? unary[op - OP_sin](x) : binary[op - OP_pow](x, y);
}

/* Of single numbers, in vectors: operands from here and there are collected. The last ones, if
   they fill no vector, are computed in one that repeats the last of all, or one by one. */
static void uniform_formula(const Program *p, const Instruction *q, double *u)
{
    const int at[] = {q->a, q->b, q->c}, steps[] = {q->down, q->across, q->step};
    int adds = q->op == OP_add, some = q->k != 1 || q->op >= OP_sin || (adds && q->n < W);
    int vectors = some ? 0 : q->n % W < 3 ? q->n / W * W : q->n;
    for (int i = vectors; i < q->n; i++) { /* a row may be added to again and again */
        double x = u[row_of(p, at[0], steps[0], i)], y = u[row_of(p, at[1], steps[1], i)];
        u[row_of(p, q->out, q->k, i)] =
            adds ? x + y : single(q->op, x, y, u[row_of(p, at[2], steps[2], i)]);
    }
    for (int i = 0, n; i < vectors; i += n) {
        int most = vectors - i < CHUNK ? vectors - i : CHUNK, full = most < W ? W : most / W * W;
        n = most < full ? most : full;
        double rows[4][CHUNK], *x[3], *out = n == full ? u + q->out + i : rows[3];
        for (int k = 0; k < 3; k++) {
            x[k] = n == full && steps[k] == 1 ? u + at[k] + i : rows[k];
            for (int j = 0; x[k] == rows[k] && j < full; j++)
                rows[k][j] = u[row_of(p, at[k], steps[k], i + (j < n ? j : n - 1))];
        }
        formula(q->op, out, x[0], 1, x[1], 1, x[2], 1, full);
        if (out == rows[3])
            memcpy(u + q->out + i, out, n * sizeof(double));
    }
}

/* Of lanes: all rows at once if they lie side by side, or else one after the other */
static void lane_formula(const Program *p, const Instruction *q, const double *u, double *v,
                         int lanes)
{
    const int at[] = {q->out, q->a, q->b, q->c}, steps[] = {q->k, q->down, q->across, q->step};
    int whole = 1, each[4];
    for (int k = 0; k < 4; k++)
        whole &= at[k] >= LANES ? steps[k] == 1 : steps[k] == 0;
    for (int i = 0; i < q->n; i += whole ? q->n : 1) {
        double numbers[4][W], *x[4];
        for (int k = 0; k < 4; k++) {
            ptrdiff_t row = row_of(p, at[k], steps[k], i);
            each[k] = row >= LANES;
            x[k] = each[k] ? v + (row - LANES) * lanes : numbers[k];
            STORE(numbers[k], splat(each[k] ? 0.0 : u[row]));
        }
        formula(q->op, x[0], x[1], each[1], x[2], each[2], x[3], each[3],
                (ptrdiff_t)(whole ? q->n : 1) * lanes);
    }
}

/* ------------------------------------------------------------------ lists of scalars
   Four ints an operation: its kind and its operands, or the list that those are in and their
   number. Rows q->a on are what it reads, those q->out on its own, q->b on their adjoints. */

typedef struct {
    int op;          /* that of the kernel, or -1: it has code for its value */
    int begin, end;  /* which computes row RESULT of a frame, q->c, from those of the operands */
    int back, stop;  /* what computes the rows TERMS from these, RESULT and ADJOINT */
    int terms;       /* bits: the operands that have a term */
} Kind;
enum { RESULT = 3, ADJOINT, TERMS, FRAME = TERMS + 3, KIND = sizeof(Kind) / sizeof(int) };

static int run_code(const Program *p, double *u, int begin, int end);

/* An operation, and those after it that are of its kind. */
#define ALIKE(op, value)                                                                      \
    case op:                                                                                  \
        for (y[n] = value; n + 1 < q->n && i[4] == i[0]; y[n] = value)                        \
            n++, i += 4;                                                                      \
        break;

static void scalars(const Program *p, const Instruction *q, double *u)
{
    const Kind *kinds = (const Kind *)(p->lists + q->down), *kind;
    const int *i = p->lists + q->k, *list;
    double *x = u + q->a, *y = u + q->out, *frame = u + q->c, sum;
    for (int n = 0; n < q->n; n++, i += 4)
        switch ((kind = kinds + i[0])->op) {
        ALIKE(OP_add, x[i[1]] + x[i[2]])
        ALIKE(OP_sub, x[i[1]] - x[i[2]])
        ALIKE(OP_mul, x[i[1]] * x[i[2]])
        case OP_div: y[n] = x[i[1]] / x[i[2]]; break;
        case OP_neg: y[n] = -x[i[1]]; break;
        case OP_square: y[n] = x[i[1]] * x[i[1]]; break;
        case OP_wide_sum:
        case OP_wide_dot: /* the bias last */
            list = p->lists + i[1], sum = 0.0;
            if (kind->op == OP_wide_sum)
                for (int k = 0; k < i[2]; k++)
                    sum += x[list[k]];
            for (int k = 1, half = i[2] / 2; kind->op == OP_wide_dot && k <= half; k++)
                sum += x[list[k]] * x[list[k + half]];
            y[n] = kind->op == OP_wide_sum ? sum : sum + x[list[0]];
            break;
        case -1:
            for (int k = 0; k < 3; k++)
                frame[k] = x[i[1 + k]];
            run_code(p, u, kind->begin, kind->end);
            y[n] = frame[RESULT];
            break;
        default: y[n] = single(kind->op, x[i[1]], x[i[2]], x[i[3]]);
        }
}

/* The reverse sweep. An adjoint of 0 hands on nothing, whatever the partial is. */
static void scalars_vjp(const Program *p, const Instruction *q, double *u)
{
    const Kind *kinds = (const Kind *)(p->lists + q->down), *kind;
    const int *i = p->lists + q->k + 4 * (ptrdiff_t)(q->n - 1), *list;
    double *x = u + q->a, *s = u + q->b, *frame = u + q->c;
    for (int n = q->out - q->a + q->n - 1; n >= q->out - q->a; n--, i -= 4) {
        double d = s[n];
        if (d == 0.0)
            continue;
        switch ((kind = kinds + i[0])->op) {
        case OP_add: s[i[1]] += d, s[i[2]] += d; break;
        case OP_sub: s[i[1]] += d, s[i[2]] -= d; break;
        case OP_mul: s[i[1]] += d * x[i[2]], s[i[2]] += d * x[i[1]]; break;
        case OP_neg: s[i[1]] -= d; break;
        case OP_wide_sum:
            list = p->lists + i[1];
            for (int k = 0; k < i[2]; k++)
                s[list[k]] += d;
            break;
        case OP_wide_dot:
            list = p->lists + i[1], s[list[0]] += d;
            for (int k = 1, half = i[2] / 2; k <= half; k++) {
                s[list[k]] += d * x[list[k + half]];
                s[list[k + half]] += d * x[list[k]];
            }
            break;
        default:
            for (int k = 0; k < 3; k++)
                frame[k] = x[i[1 + k]];
            frame[RESULT] = x[n], frame[ADJOINT] = d;
            run_code(p, u, kind->back, kind->stop);
            for (int k = 0; k < 3; k++)
                if (kind->terms >> k & 1)
                    s[i[1 + k]] += frame[TERMS + k];
        }
    }
}

/* What is uniform. Returns whether there was an fp_error in the forward sweep. */
static int run_code(const Program *p, double *u, int begin, int end)
{
    int errors = 0;
    for (const Instruction *q = p->code + begin, *stop = p->code + end; q < stop; q++)
        switch (q->op) {
        case OP_check: errors |= fp_error(); break;
        case OP_copy:
            for (int i = 0; i < q->n; i++)
                u[row_of(p, q->out, q->k, i)] = u[row_of(p, q->a, q->down, i)];
            break;
        case OP_scalars: scalars(p, q, u); break;
        case OP_scalars_vjp: scalars_vjp(p, q, u); break;
        case OP_matmul: vector_product(q, u, u + q->b, u + q->out); break;
        case OP_outer: vector_outer(q, u + q->a, u + q->b, u + q->out); break;
        case OP_wide_logsumexp: single_logsumexp(q, p->lists + q->more, u); break;
        default:
            if (q->op >= OP_wide_sum)
                wide(q, p->lists + q->more, u, u, 1);
            else if (q->n == 1)
                u[q->out] = single(q->op, u[q->a], u[q->b], u[q->c]);
            else
                uniform_formula(p, q, u);
        }
    return errors;
}

/* One block of lanes. What is summed over them is added to g. */
static int run_block(const Run *r, double *v, double *g, ptrdiff_t start)
{
    double *u = r->u;
    const int *lists = r->p->lists;
    int errors = 0, lanes = r->block;
    const Instruction *q = r->p->code + r->phase[1], *stop = r->p->code + r->phase[2];
#define ROWS(row) (v + (ptrdiff_t)(row)*lanes)
    clear_fp_flags();
    for (; q < stop; q++) {
        switch (q->op) {
        case OP_check: errors |= fp_error(); break;
        case OP_matmul: product(q, u, ROWS(q->b), ROWS(q->out), lanes); break;
        case OP_outer:
            outer(q, ROWS(q->a), ROWS(q->b), g + (q->out - r->p->sums), lanes);
            break;
        case OP_gather: /* the numbers of each lane, from u */
            for (int i = 0; i < q->n; i++)
                for (int k = 0; k < lanes; k++) {
                    ptrdiff_t lane = start + k < r->lanes ? start + k : r->lanes - 1;
                    ROWS(q->out + i)[k] = u[lists[q->k + i * r->lanes + lane]];
                }
            break;
        case OP_scatter_add:
            for (int i = 0; i < q->n; i++)
                for (int k = 0; k < lanes && start + k < r->lanes; k++)
                    u[lists[q->k + i * r->lanes + start + k]] += ROWS(q->a + i)[k];
            break;
        default:
            if (q->op >= OP_wide_sum)
                wide(q, lists + q->more, u, v, lanes);
            else
                lane_formula(r->p, q, u, v, lanes);
        }
    }
    return errors;
}

/* The first rows of a block: x, 1 for each lane that there is, and the seeds; and sums that
   begin at 0. The lanes after the last one repeat it; their seeds are 0. */
static void fill(const Run *r, double *v, ptrdiff_t start, ptrdiff_t count)
{
    int lanes = r->block, inputs = r->p->x_rows;
    int seeds = r->seed != NULL && r->p->seed_varies ? r->p->seeds : 0;
    double *to = v;
    memset(ROWS(r->p->lane_sums), 0, (size_t)r->p->lane_sum_count * lanes * sizeof(double));
    for (const Part *part = r->x; part->rows; to += part++->rows * lanes) {
        ptrdiff_t lane = part->lane / (ptrdiff_t)sizeof(double), k = 0;
        ptrdiff_t row = part->row / (ptrdiff_t)sizeof(double);
        const double *from = part->at + start * lane;
        for (; row == 1 && k + 8 <= part->rows; k += 8) /* the lines of a cache */
            transpose(from + k, lane, to + k * lanes, lanes, count);
        for (; k < part->rows; k++)
            if (lane == 1)
                memcpy(to + k * lanes, from + k * row, count * sizeof(double));
            else
                for (ptrdiff_t l = 0; l < count; l++)
                    to[k * lanes + l] = from[k * row + l * lane];
    }
    for (int k = 0; k < inputs; k++)
        for (ptrdiff_t l = count; l < lanes; l++)
            ROWS(k)[l] = ROWS(k)[count - 1];
    for (int k = 0; k < 1 + seeds; k++) {
        const double one = 1.0, *seed = k ? r->seed + (k - 1) * r->seed_columns : &one;
        double *row = ROWS(inputs + k);
        for (ptrdiff_t l = 0; l < count; l++)
            row[l] = *seed;
        if (k > 0 && r->seed_columns > 1)
            memcpy(row, seed + start, count * sizeof(double));
        for (ptrdiff_t l = count; l < lanes; l++)
            row[l] = 0.0;
    }
}

static int run_chunk(const Run *r, int chunk, double *memory, double *g)
{
    const Program *p = r->p;
    int errors = 0, lanes = r->block, begin = (int)((int64_t)r->blocks * chunk / r->chunks);
    int end = (int)((int64_t)r->blocks * (chunk + 1) / r->chunks);
    for (int i = begin; i < end; i++) {
        ptrdiff_t start = (ptrdiff_t)i * lanes;
        ptrdiff_t count = r->lanes - start < lanes ? r->lanes - start : lanes;
        double *v = memory + (p->lane_phases > 1 ? (ptrdiff_t)i * p->v_rows * lanes : 0);
        if (r->phase == p->phases[1])
            fill(r, v, start, count);
        errors |= run_block(r, v, g, start);
        for (int k = 0; r->last && k < p->root_count; k++)
            if (p->roots[k] >= LANES)
                memcpy(r->out + k * r->lanes + start, ROWS(p->roots[k] - LANES),
                       count * sizeof(double));
        for (int k = 0; r->last && r->d_x != NULL && k < p->x_rows; k++)
            memcpy(r->d_x + k * r->lanes + start, ROWS(p->d_x + k), count * sizeof(double));
    }
    return errors;
}

static void work(void *worker)
{
    Worker *w = worker;
    const Run *r = w->r;
    double *v = r->v + (r->p->lane_phases > 1 ? 0 : (size_t)r->p->v_rows * r->block * w->index);
    for (int c = w->index; c < r->chunks; c += r->threads) {
        double *g = r->chunks == 1 ? r->u + r->p->sums : r->g + (size_t)r->p->sum_count * c;
        if (r->chunks > 1)
            memset(g, 0, r->p->sum_count * sizeof(double));
        w->errors |= run_chunk(r, c, v, g);
    }
    if (w->working != NULL)
        PyThread_release_lock(w->working);
}

/* Let a thread work, if there can be one. */
static void start(Worker *w)
{
    if ((w->working = PyThread_allocate_lock()) == NULL)
        return;
    PyThread_acquire_lock(w->working, WAIT_LOCK);
    if (PyThread_start_new_thread(work, w) != PYTHREAD_INVALID_THREAD_ID)
        return;
    PyThread_release_lock(w->working);
    PyThread_free_lock(w->working);
    w->working = NULL;
}

/* All lanes of a phase. The chunks, and so the sums, do not depend on the threads. */
static int run_lanes(const Run *r)
{
    Worker workers[CHUNKS];
    int errors = 0;
    for (int t = 0; t < r->threads; t++) {
        workers[t] = (Worker){.r = r, .index = t};
        if (t > 0)
            start(&workers[t]);
    }
    for (int t = 0; t < r->threads; t++)
        if (workers[t].working == NULL)
            work(&workers[t]);
    for (int t = 0; t < r->threads; t++) {
        if (workers[t].working != NULL) {
            PyThread_acquire_lock(workers[t].working, WAIT_LOCK);
            PyThread_release_lock(workers[t].working);
            PyThread_free_lock(workers[t].working);
        }
        errors |= workers[t].errors;
    }
    for (int c = 0; c < r->chunks && r->chunks > 1; c++)
        for (ptrdiff_t i = 0; i < r->p->sum_count; i++)
            r->u[r->p->sums + i] += r->g[(size_t)r->p->sum_count * c + i];
    return errors;
}

static int run_all(Run *r)
{
    const Program *p = r->p;
    int errors = 0;
    memset(r->u + p->sums, 0, p->sum_count * sizeof(double));
    if (r->seed != NULL && !p->seed_varies)
        memcpy(r->u + p->seed_row, r->seed, p->seeds * sizeof(double));
    for (int i = 0; i < p->phase_count; i++) {
        r->phase = p->phases[i], r->last = i / 2 + 1 == p->lane_phases;
        clear_fp_flags();
        errors |= i % 2 ? run_lanes(r) : run_code(p, r->u, r->phase[1], r->phase[2]);
    }
    ptrdiff_t columns = p->varies ? r->lanes : 1;
    for (int k = 0; k < p->root_count; k++)
        for (ptrdiff_t l = 0; l < columns && p->roots[k] < LANES; l++)
            r->out[k * columns + l] = r->u[p->roots[k]];
    return errors;
}

/* ------------------------------------------------------------------ checking
   Once, when a program is made: every row that it reads or writes is there. */

INLINE int has(int64_t rows, int64_t row, int64_t n) /* rows row ... row + n of so many */
{
    return 0 <= row && 0 <= n && row + n <= rows;
}

INLINE int has_matrix(int64_t rows, int64_t row, int64_t m, int64_t k, int64_t down,
                      int64_t across)
{
    return m > 0 && k > 0 && down >= 0 && across >= 0 &&
           has(rows, row, 1 + (m - 1) * down + (k - 1) * across);
}

/* Rows of u or, with LANES added, of v */
INLINE int has_rows(const Program *p, int64_t row, int64_t n, int along)
{
    return row < LANES ? has(p->slots, row, n) : along && has(p->v_rows, row - LANES, n);
}

/* The n rows in a list are there. */
static int has_listed(const Program *p, int64_t from, int64_t n, int along)
{
    int right = has(p->list_count, from, n);
    for (int64_t i = from; right && i < from + n; i++)
        right = has_rows(p, p->lists[i], 1, along);
    return right;
}

/* The n rows of an operand of a formula; those of a result of lanes are of v, all of them. */
static int has_operand(const Program *p, int at, int step, int64_t n, int along, int result)
{
    if (step == LISTED) {
        int right = has_listed(p, at, n, along);
        for (int64_t i = 0; right && result && along && i < n; i++)
            right = p->lists[at + i] >= LANES;
        return right;
    }
    return step >= 0 && n > 0 && has_rows(p, at, 1 + (n - 1) * step, along) &&
           !(result && along && at < LANES);
}

/* A list of scalars: operations read what is there before them, and kinds have inner code. */
static int has_scalars(const Program *p, const Instruction *q)
{
    int64_t u = p->slots, own = (int64_t)q->out - q->a, inner = p->phases[0][1];
    int right = q->n >= 0 && q->across >= 0 && own >= 0 && has(u, q->a, own + q->n) &&
                has(u, q->b, q->op == OP_scalars ? 0 : own + q->n) && has(u, q->c, FRAME) &&
                has(p->list_count, q->k, 4 * (int64_t)q->n) &&
                has(p->list_count, q->down, KIND * (int64_t)q->across);
    const int *i = p->lists + q->k;
    const Kind *kinds = (const Kind *)(p->lists + q->down);
    for (int k = 0; right && k < q->across; k++) {
        Kind it = kinds[k];
        right = has(inner, it.begin, it.end - it.begin) && has(inner, it.back, it.stop - it.back) &&
                ((-1 <= it.op && it.op < OP_check) || it.op == OP_wide_sum || it.op == OP_wide_dot);
    }
    for (int64_t n = 0; right && n < q->n; n++, i += 4) {
        int wide = (right = has(q->across, i[0], 1)) && kinds[i[0]].op >= OP_check;
        const int *args = wide ? p->lists + i[1] : i + 1;
        int count = wide ? i[2] : 3;
        right &= !wide || (has(p->list_count, i[1], count) &&
                           (count % 2 || kinds[i[0]].op == OP_wide_sum));
        for (int k = 0; right && k < count; k++)
            right = has(own + n, args[k], 1);
    }
    return right;
}

/* Whether an instruction of a phase touches only what is there */
static int checked(const Program *p, const Instruction *q, int along)
{
    int64_t u = p->slots, rows = along ? p->v_rows : u, n = q->n, k = q->k;
    switch (q->op) {
    case OP_check:
        return 1;
    case OP_scalars:
    case OP_scalars_vjp:
        return !along && q - p->code >= p->phases[0][1] && has_scalars(p, q);
    case OP_matmul:
        return has_matrix(u, q->a, n, k, q->down, q->across) && has(rows, q->b, k) &&
               has(rows, q->out, n) && (q->c < 0 || has_matrix(u, q->c, n, 1, q->step, 0));
    case OP_outer:
        return has_matrix(u, q->out, n, k, q->down, q->across) && has(rows, q->a, n) &&
               has(rows, q->b, k) &&
               (!along || has_matrix(p->sum_count, (int64_t)q->out - p->sums, n, k, q->down,
                                     q->across));
    case OP_gather:
    case OP_scatter_add:
        return along && p->lanes > 0 && has(rows, q->op == OP_gather ? q->out : q->a, n) &&
               has_listed(p, k, n * p->lanes, 0);
    case OP_wide_dot:
        return has(rows, q->out, n) && k >= 0 && has_listed(p, q->more, n * (1 + 2 * k), along);
    case OP_wide_sum:
    case OP_wide_logsumexp:
        return has(rows, q->out, n) && k > 0 && has_listed(p, q->more, n * k, along) &&
               (q->op == OP_wide_sum || has(rows, q->b, n * k));
    }
    return q->op >= 0 && q->op < OP_check && has_operand(p, q->out, q->k, n, along, 1) &&
           has_operand(p, q->a, q->down, n, along, 0) &&
           has_operand(p, q->b, q->across, n, along, 0) &&
           has_operand(p, q->c, q->step, n, along, 0);
}

/* The first instruction that is wrong, or `count`; -1 if it is none of them that is. */
static int first_wrong(const Program *p, int count)
{
    int64_t along = p->lane_phases > 0, seeds = p->seeds;
    int right = p->x_rows >= 0 && p->v_rows >= 0 && p->lanes >= 0 && seeds >= 0 &&
                has(p->u_rows, p->slots, PARTS) && has(p->slots, p->d_u, p->inputs) &&
                has(p->slots, p->sums, p->sum_count) &&
                (p->seed_varies || has(p->slots, p->seed_row, seeds)) &&
                (!along || (has(p->v_rows, p->x_rows, 1 + (p->seed_varies ? seeds : 0)) &&
                            has(p->v_rows, p->lane_sums, p->lane_sum_count) &&
                            has(p->v_rows, p->d_x, p->x_rows)));
    for (int i = 0; i < p->root_count; i++)
        right &= p->roots[i] < LANES ? has(p->slots, p->roots[i], 1)
                                     : along && has(p->v_rows, p->roots[i] - LANES, 1);
    for (int i = 0; i < p->phase_count; i++) {
        const int *phase = p->phases[i];
        right &= phase[0] == i % 2;
        right &= 0 <= phase[1] && phase[1] <= phase[2] && phase[2] <= count;
    }
    if (!right)
        return -1;
    for (int k = 0; p->phase_count && k < p->phases[0][1]; k++)
        if (!checked(p, p->code + k, 0))
            return k;
    for (int i = 0; i < p->phase_count; i++) {
        const int *phase = p->phases[i];
        for (int k = phase[1]; k < phase[2]; k++)
            if (!checked(p, p->code + k, phase[0]))
                return k;
    }
    return count;
}

/* ------------------------------------------------------------------ a run */

/* Memory for so many floats, 0 at first, and some that vectors may touch beyond. */
static int reserve(double **p, size_t *size, size_t count)
{
    if (*p != NULL && *size >= count)
        return 1;
    line_free(*p);
    if ((*p = line_malloc((count + 8) * sizeof(double))) == NULL)
        return 0;
    memset(*p, 0, (count + 8) * sizeof(double));
    return *size = count, 1;
}

/* What came of a run, in bits: invalid operations, divisions by 0 or overflow going forward;
   results that are not finite; guards that give another answer. */
enum { FP_ERROR = 1, NOT_FINITE = 2, OTHER_TRACE = 4, NO_MEMORY = 8 };

static int status_of(const Run *r)
{
    const Program *p = r->p;
    ptrdiff_t columns = p->varies ? r->lanes : 1, outputs = p->root_count - r->guards;
    double zeros = summed(ZEROS, r->out, outputs * columns);
    int status = 0;
    if (r->d_u != NULL)
        zeros += summed(ZEROS, r->d_u, p->inputs);
    if (r->d_x != NULL)
        zeros += summed(ZEROS, r->d_x, p->x_rows * r->lanes);
    if (!isfinite(zeros))
        status |= NOT_FINITE;
    for (ptrdiff_t k = 0; k < r->guards; k++)
        for (ptrdiff_t l = 0; l < columns; l++)
            if (r->out[(outputs + k) * columns + l] != r->answers[k])
                status |= OTHER_TRACE;
    return status;
}

enum { HALF = 4 << 20 }; /* the most floats of memory for sums, and for blocks of lanes */

/* Run from what is in r->u and r->x to r->out, r->d_u and r->d_x; what came of it. */
static int run(Run *r)
{
    Program *p = r->p;
    int most = 120; /* lanes of a block, whole PARTS; more if the first cache holds the rows */
    while (most < BLOCK && p->v_rows * most <= 2048)
        most *= 2;
    while (most > PARTS && (int64_t)p->v_rows * most > HALF)
        most = (most / 2 + PARTS - 1) / PARTS * PARTS;
    most = most == 120 && r->lanes <= 128 ? 128 : most;
    r->blocks = (int)((r->lanes + most - 1) / most);
    r->block = (int)((r->lanes + r->blocks - 1) / r->blocks + PARTS - 1) / PARTS * PARTS;
    int64_t size = (int64_t)p->v_rows * r->block, chunks = HALF / (1 + (int64_t)p->sum_count);
    chunks = r->blocks / 12 * 2 < chunks ? r->blocks / 12 * 2 : chunks;
    r->chunks = p->serial || chunks < 1 ? 1 : chunks > CHUNKS ? CHUNKS : (int)chunks;
    int64_t threads = HALF / (1 + size) + 1;
    threads = r->threads < threads ? r->threads : threads;
    r->threads = threads < 1 ? 1 : threads > r->chunks ? r->chunks : (int)threads;
    if (!reserve(&p->v, &p->v_size, size * (p->lane_phases > 1 ? r->blocks : r->threads)) ||
        !reserve(&p->g, &p->g_size, r->chunks > 1 ? (size_t)p->sum_count * r->chunks : 0))
        return NO_MEMORY;
    r->v = p->v, r->g = p->g;
    int status = run_all(r) ? FP_ERROR : 0;
    clear_fp_flags();
    if (r->d_u != NULL && r->d_u != r->u + p->d_u)
        memcpy(r->d_u, r->u + p->d_u, p->inputs * sizeof(double));
    return status | status_of(r);
}
