/* Operations: element by element, sums, matrices, and those of many operands.

   Rows of what is uniform are single numbers in `u`; rows of lanes hold a block's lanes, in
   `v`. An instruction works on n rows that follow each other. What is summed over lanes, or
   over a long row, is summed in eight partial sums whatever the width of a vector. */

#include "vecmath.h"

#define PARTS 8 /* partial sums */

#define FORMULAS(X)                                                                           \
    X(copy, a) X(add, a + b) X(sub, a - b) X(mul, a *b) X(div, a / b) X(neg, -a)              \
    X(abs, magnitude(a)) X(square, a *a) X(reciprocal, 1.0 / a) X(sqrt, vsqrt(a))             \
    X(rsqrt, 1.0 / vsqrt(a)) X(relu, SEL(a <= 0.0, splat(0.0), a))                            \
    X(maximum, SEL(b > a, b, a)) X(minimum, SEL(b < a, b, a))                                 \
    X(sign, SEL(a == 0.0, a, signed_as(splat(1.0), a)))                                       \
    X(exp, vexp(a)) X(expm1, vexpm1(a)) X(log, vlog(a)) X(log1p, vlog1p(a)) X(tanh, vtanh(a)) \
    X(bell, vbell(a)) X(sigmoid, vsigmoid(a)) X(rint, vrint(a)) X(floor, vfloor(a))           \
    X(ceil, -vfloor(-a)) X(trunc, signed_as(vfloor(magnitude(a)), a))                         \
    X(refuse, vrefuse(a, b))                                                                  \
    X(lt, IS(a < b)) X(le, IS(a <= b)) X(gt, IS(a > b)) X(ge, IS(a >= b)) X(eq, IS(a == b))   \
    X(ne, IS(a != b)) X(where, SEL(a != 0.0, b, c))                                           \
    X(strong_zero, SEL(a == 0.0, splat(0.0), a *b))                                           \
    X(if_positive, SEL(b > 0.0, a, splat(0.0))) X(muladd, c + a * b)
#define LIBRARY1(X)                                                                           \
    X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh)   \
    X(exp2) X(log2) X(log10) X(cbrt) X(erf) X(erfc)
#define LIBRARY2(X) X(pow) X(atan2) X(hypot) X(mod) X(floordiv)
#define OTHERS(X)                                                                             \
    X(check) X(scalars) X(scalars_vjp) X(matmul) X(outer) X(gather) X(scatter_add)            \
    X(wide_sum) X(wide_dot) X(wide_logsumexp)

#define X(name, ...) OP_##name,
enum { FORMULAS(X) LIBRARY1(X) LIBRARY2(X) OTHERS(X) OPS };
#undef X
#define X(name, ...) #name,
static const char *const OPERATIONS[] = {FORMULAS(X) LIBRARY1(X) LIBRARY2(X) OTHERS(X)};
#undef X
#define X(name) name,
static double (*const unary[])(double) = {LIBRARY1(X)};
static double (*const binary[])(double, double) = {LIBRARY2(X)};
#undef X

typedef struct {
    int op, flags, n, out, a, b, c, k, down, across, step, more;
} Instruction;
enum { ADDS = 1 };        /* a flag of a product */
enum { LANES = 1 << 28 }; /* added to rows of lanes, where rows of u may be, too */

/* out = f(a, b, c), element by element; n is a multiple of W. An operand's step is 0 if it is
   one vector again and again. */
static void formula(int op, double *out, const double *pa, int da, const double *pb, int db,
                    const double *pc, int dc, ptrdiff_t n)
{
    switch (op) {
#define X(name, result)                                                                       \
    case OP_##name:                                                                           \
        for (ptrdiff_t i = 0; i < n; i += W) {                                               \
            V a = LOAD(pa + i * da), b = LOAD(pb + i * db), c = LOAD(pc + i * dc);            \
            (void)a, (void)b, (void)c;                                                        \
            STORE(out + i, result);                                                           \
        }                                                                                     \
        break;
        FORMULAS(X)
#undef X
    default:
        if (op < OP_pow)
            for (ptrdiff_t i = 0; i < n; i++)
                out[i] = unary[op - OP_sin](pa[da ? i : 0]);
        else
            for (ptrdiff_t i = 0; i < n; i++)
                out[i] = binary[op - OP_pow](pa[da ? i : 0], pb[db ? i : 0]);
    }
}

typedef double Pair __attribute__((vector_size(16), aligned(8), may_alias));

INLINE double folded(const double *g) /* the sum of eight partial sums */
{
    const Pair *pairs = (const Pair *)g, sum = (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]);
    return sum[0] + sum[1];
}

/* The sum of n numbers, of their squares, or of 0 times each: NaN if one is not finite */
enum { PLAIN, SQUARES, ZEROS };
INLINE double summed(int what, const double *x, ptrdiff_t n)
{
#define TERM(x) (what == SQUARES ? (x) * (x) : (what == ZEROS ? 0.0 : 1.0) * (x))
    double parts[PARTS] = {0.0};
    ptrdiff_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int part = 0; part < PARTS; part += W)
            STORE(parts + part, LOAD(parts + part) + TERM(LOAD(x + i + part)));
    for (int part = 0; i < n; i++, part++)
        parts[part] += TERM(x[i]);
    return folded(parts);
#undef TERM
}

/* Of eight rows for each of these lanes, which lie side by side, a row each */
INLINE void transpose(const double *from, ptrdiff_t lane, double *to, ptrdiff_t row,
                      ptrdiff_t count)
{
    ptrdiff_t l = 0;
#if W == 8 && __has_builtin(__builtin_shufflevector)
    for (; l + 8 <= count; l += 8) {
        V x[8], y[8];
        for (int i = 0; i < 8; i++)
            x[i] = LOAD(from + (l + i) * lane);
        for (int round = 0; round < 3; round++, memcpy(x, y, sizeof(x)))
            for (int i = 0; i < 4; i++) { /* perfect shuffles (Stone 1971) */
                y[2 * i] = __builtin_shufflevector(x[i], x[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
                y[2 * i + 1] =
                    __builtin_shufflevector(x[i], x[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
            }
        for (int i = 0; i < 8; i++)
            STORE(to + i * row + l, x[i]);
    }
#endif
    for (; l < count; l++)
        for (int i = 0; i < 8; i++)
            to[i * row + l] = from[i + l * lane];
}

/* Fold n sums whose parts follow each other. */
INLINE void fold(const double *parts, double *sums, int n)
{
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        double x[8 * PARTS];
        transpose(parts + i * PARTS, PARTS, x, 8, 8);
#define PART(k) LOAD(x + 8 * (k) + v)
        for (int v = 0; v < 8; v += W)
            STORE(sums + i + v, ((PART(0) + PART(4)) + (PART(2) + PART(6))) +
                                ((PART(1) + PART(5)) + (PART(3) + PART(7))));
#undef PART
    }
    for (; i < n; i++)
        sums[i] = folded(parts + i * PARTS);
}

/* ------------------------------------------------------------------ matrices and lanes
   In tiles whose sums stay in registers. CALL(m, k, i, j) does m rows and k columns. */

#define ACROSS(rows, M, K, CALL, i, j)                                                        \
    if (i + (M) <= (rows))                                                                    \
        m = (M), CALL(M, K, i, j);                                                            \
    else if (i + 2 <= (rows))                                                                 \
        m = 2, CALL(2, K, i, j);                                                              \
    else                                                                                      \
        m = 1, CALL(1, K, i, j);
#define TILED(rows, M, columns, K, CALL)                                                      \
    for (int j = 0, k, m; j < (columns); j += k) {                                            \
        k = j + (K) <= (columns) ? (K) : 1;                                                   \
        for (int i = 0; i < (rows); i += m)                                                   \
            if (k == (K)) {                                                                   \
                ACROSS(rows, M, K, CALL, i, j)                                                \
            } else {                                                                          \
                ACROSS(rows, M, 1, CALL, i, j)                                                \
            }                                                                                 \
    }
#if W == 8
enum { TILE_M = 4, TILE_V = 4, OUTER_M = 4, OUTER_K = 4, OUTER_V = 4 };
#else
enum { TILE_M = 4, TILE_V = 3, OUTER_M = 4, OUTER_K = 3, OUTER_V = 2 };
#endif
enum { DEPTH = 64, STRIP = 32, PIECE = 120 }; /* rows, and lanes of some, that stay in a cache */
enum { BLOCK = 480 };                         /* the most lanes of a block */
enum { FEW = 12 }; /* rows of an outer product that are not worth packing the others */
#define AT(i, j) ((ptrdiff_t)(i)*q->down + (ptrdiff_t)(j)*q->across)
#define EACH(m, n, r, v) for (int r = 0; r < (m); r++) for (int v = 0; v < (n); v++)

/* y = W x + bias or, with `adds`, y += W x, over the rows j0 ... j1 of x; so many vectors of
   lanes. */
INLINE void product_tile(int m, int vectors, const Instruction *q, int i, int v0, int j0,
                         int j1, const double *u, const double *x0, double *y0, int lanes,
                         int adds)
{
    const double *w = u + q->a + (ptrdiff_t)i * q->down;
    const double *x = x0 + v0 * W;
    double *y = y0 + (ptrdiff_t)i * lanes + v0 * W;
    V sum[TILE_M][TILE_V];
    EACH(m, vectors, r, v)
        sum[r][v] = adds ? LOAD(y + (ptrdiff_t)r * lanes + v * W)
                         : splat(q->c >= 0 ? u[q->c + (i + r) * q->step] : 0.0);
    for (int j = j0; j < j1; j++) {
        V xs[TILE_V];
        for (int v = 0; v < vectors; v++)
            xs[v] = LOAD(x + (ptrdiff_t)j * lanes + v * W);
        for (int r = 0; r < m; r++) {
            V weight = splat(w[AT(r, j)]);
            for (int v = 0; v < vectors; v++)
                sum[r][v] += weight * xs[v];
        }
    }
    EACH(m, vectors, r, v)
        STORE(y + (ptrdiff_t)r * lanes + v * W, sum[r][v]);
}

static void product(const Instruction *it, const double *u, const double *x, double *y,
                    int lanes)
{
    const Instruction own = *it, *q = &own; /* no store changes it */
    for (int from = 0; from == 0 || from < q->k; from += DEPTH) {
        int to = from + DEPTH < q->k ? from + DEPTH : q->k, adds = from || q->flags & ADDS;
#define CALL(r, c, i, v) product_tile(r, c, q, i, v, from, to, u, x, y, lanes, adds)
        TILED(q->n, TILE_M, lanes / W, TILE_V, CALL)
#undef CALL
    }
}

/* g += d x' for a few sums, in eight partial sums each, which are folded */
INLINE void outer_few(int m, int k, const Instruction *q, const double *d, const double *x,
                      double *g, int lanes)
{
    double parts[OUTER_M * OUTER_K * PARTS], sums[OUTER_M * OUTER_K];
    const ptrdiff_t row = lanes;
    for (int part = 0; part < PARTS; part += W) {
        V sum[OUTER_M][OUTER_K], xs[OUTER_K];
        EACH(m, k, i, j)
            sum[i][j] = splat(0.0);
        const double *dv = d + part, *xv = x + part;
        for (int v = part; v < lanes; v += PARTS, dv += PARTS, xv += PARTS) {
            for (int j = 0; j < k; j++)
                xs[j] = LOAD(xv + j * row);
            for (int i = 0; i < m; i++) {
                V each = LOAD(dv + i * row);
                for (int j = 0; j < k; j++)
                    sum[i][j] += each * xs[j];
            }
        }
        EACH(m, k, i, j)
            STORE(parts + PARTS * (i * k + j) + part, sum[i][j]);
    }
    fold(parts, sums, m * k);
    EACH(m, k, i, j)
        g[AT(i, j)] += sums[i * k + j];
}

/* g += d x', where a strip of x is packed: a row of STRIP numbers a lane */
INLINE void outer_tile(int m, int vectors, const double *d, const double *packed, double *g,
                       int down, int across, int columns, int lanes, int count)
{
    V sum[OUTER_M][OUTER_V], xs[OUTER_V];
    EACH(m, vectors, i, v)
        sum[i][v] = splat(0.0);
    for (int l = 0; l < count; l++) {
        for (int v = 0; v < vectors; v++)
            xs[v] = LOAD(packed + (ptrdiff_t)l * STRIP + v * W);
        for (int i = 0; i < m; i++) {
            V each = splat(d[(ptrdiff_t)i * lanes + l]);
            for (int v = 0; v < vectors; v++)
                sum[i][v] += each * xs[v];
        }
    }
    EACH(m, vectors, i, v) {
        double *to = g + (ptrdiff_t)i * down + (ptrdiff_t)v * W * across;
        double each[W];
        STORE(each, sum[i][v]);
        if (across == 1 && (v + 1) * W <= columns)
            STORE(to, LOAD(to) + sum[i][v]);
        else
            for (int e = 0; e < W && v * W + e < columns; e++)
                to[(ptrdiff_t)e * across] += each[e];
    }
}

/* g += d x' over the lanes */
static void outer(const Instruction *it, const double *d, const double *x, double *g, int lanes)
{
    const Instruction own = *it, *q = &own; /* no store changes it */
    double packed[STRIP * PIECE];
    if (q->n < FEW || q->k < FEW) {
#define CALL(c, r, j, i)                                                                      \
    outer_few(r, c, q, d + (ptrdiff_t)(i)*lanes, x + (ptrdiff_t)(j)*lanes, g + AT(i, j), lanes)
        TILED(q->k, OUTER_K, q->n, OUTER_M, CALL)
#undef CALL
        return;
    }
    int turned = q->n > q->k, rows = turned ? q->k : q->n, columns = turned ? q->n : q->k;
    int down = turned ? q->across : q->down, across = turned ? q->down : q->across;
    const double *by = turned ? x : d, *strips = turned ? d : x;
    for (int from = 0; from < lanes; from += PIECE)
        for (int at = 0; at < columns; at += STRIP) {
            int count = lanes - from < PIECE ? lanes - from : PIECE;
            int width = columns - at < STRIP ? columns - at : STRIP, full = (width + W - 1) / W;
            const double *strip = strips + (ptrdiff_t)at * lanes + from;
            for (int l = 0; l < count; l += 8) { /* and 0 in columns that there are not */
                transpose(strip + l, lanes, packed + l * STRIP, STRIP, width);
                for (int i = l * STRIP; i < (l + 8) * STRIP; i += STRIP)
                    for (int j = width; j < full * W; j++)
                        packed[i + j] = 0.0;
            }
#define CALL(m, k, i, v)                                                                      \
    outer_tile(m, k, by + (ptrdiff_t)(i)*lanes + from, packed + (v)*W,                      \
               g + (ptrdiff_t)(i)*down + (ptrdiff_t)(at + (v)*W) * across, down, across,     \
               width - (v)*W, lanes, count)
            TILED(rows, OUTER_M, full, OUTER_V, CALL)
#undef CALL
        }
}

/* ------------------------------------------------------------------ matrices, one lane */

/* The partial sums of a row of W times x */
INLINE void vector_row(const double *w, const double *x, int k, double *parts)
{
    V part[PARTS / W];
    int j = 0;
    for (int p = 0; p < PARTS / W; p++)
        part[p] = splat(0.0);
    for (; j + PARTS <= k; j += PARTS)
        for (int p = 0; p < PARTS / W; p++)
            part[p] += LOAD(w + j + p * W) * LOAD(x + j + p * W);
    memcpy(parts, part, sizeof(part));
    for (; j < k; j++)
        parts[j % PARTS] += w[j] * x[j];
}

/* y += W x for so many vectors of rows that lie side by side, column by column */
INLINE void vector_columns(int vectors, const Instruction *q, const double *w, const double *x,
                           double *y)
{
    V sum[TILE_V];
    for (int v = 0; v < vectors; v++)
        sum[v] = LOAD(y + v * W);
    for (int j = 0; j < q->k; j++)
        for (int v = 0; v < vectors; v++)
            sum[v] += splat(x[j]) * LOAD(w + (ptrdiff_t)j * q->across + v * W);
    for (int v = 0; v < vectors; v++)
        STORE(y + v * W, sum[v]);
}

static void vector_product(const Instruction *q, const double *u, const double *x, double *y)
{
    const double *w = u + q->a;
    int i = 0;
    for (int r = 0; r < q->n; r++)
        y[r] = q->flags & ADDS ? y[r] : q->c >= 0 ? u[q->c + r * q->step] : 0.0;
    if (q->across == 1 && q->k == 1) { /* of a sum, say */
        for (; i < q->n; i++)
            y[i] += w[AT(i, 0)] * x[0] + 0.0;
    } else if (q->across == 1) {
        double parts[8 * PARTS], sums[8];
        for (int r = 0; i < q->n; i += r) {
            for (r = 0; r < 8 && i + r < q->n; r++)
                vector_row(w + AT(i + r, 0), x, q->k, parts + r * PARTS);
            fold(parts, sums, r);
            for (int k = 0; k < r; k++)
                y[i + k] += sums[k];
        }
    } else if (q->down == 1) {
        for (; i + TILE_V * W <= q->n; i += TILE_V * W)
            vector_columns(TILE_V, q, w + i, x, y + i);
        for (; i + W <= q->n; i += W)
            vector_columns(1, q, w + i, x, y + i);
    }
    for (; i < q->n; i++)
        for (int j = 0; j < q->k; j++)
            y[i] += x[j] * w[AT(i, j)];
}

/* g += d x' */
static void vector_outer(const Instruction *q, const double *restrict d,
                         const double *restrict x, double *restrict g)
{
    int by_rows = q->across == 1, m = by_rows ? q->n : q->k, k = by_rows ? q->k : q->n;
    int step = by_rows ? 1 : q->down;
    for (int i = 0; i < m; i++) {
        double factor = by_rows ? d[i] : x[i], *to = g + (by_rows ? AT(i, 0) : AT(0, i));
        const double *other = by_rows ? x : d;
        for (int j = 0; j < k; j++)
            to[j * step] += factor * other[j];
    }
}

/* ------------------------------------------------------------------ wide operations
   Of k operands for each of n rows: the j-th of row i is the row list[j n + i]. */

#define GET(row) at(u, p, row, lanes, v)
#define PUT(row, x)                                                                           \
    do {                                                                                      \
        if (lanes == 1)                                                                       \
            p[row] = (x)[0];                                                                  \
        else                                                                                  \
            STORE(p + (ptrdiff_t)(row) * lanes + v, x);                                      \
    } while (0)
#define ROW(j) list[(j) * n + i]
#define PART(j) (q->b + (j) * n + i + (lanes == 1 ? 0 : LANES))

INLINE V at(const double *u, const double *p, int row, int lanes, int v)
{
    return row < LANES ? splat(u[row]) : LOAD(p + (ptrdiff_t)(row - LANES) * lanes + v);
}

/* logsumexp of single numbers, and its partials: vectors along the operands */
static void single_logsumexp(const Instruction *q, const int *list, double *p)
{
    int n = q->n, k = q->k;
    for (int i = 0; i < n; i++) {
        double top = p[ROW(0)], rest = 0.0, ties = -1.0;
        for (int j = 1; j < k; j++)
            top = p[ROW(j)] > top ? p[ROW(j)] : top;
        for (int j = 0; j < k; j += W) {
            V x = splat(top);
            for (int e = 0; e < W && j + e < k; e++)
                x[e] = p[ROW(j + e)];
            V less = x - top, back = less - x, y = vexp(less);
            y += y * ((x - (less - back)) - (top + back)); /* Knuth's TwoSum */
            for (int e = 0; e < W && j + e < k; e++) {
                p[q->b + (j + e) * n + i] = y[e];
                ties += x[e] == top;
                rest += x[e] == top ? 0.0 : y[e];
            }
        }
        rest = ties + rest;
        p[q->out + i] = top + vlog1p(splat(rest))[0];
        for (int j = 0; j < k; j++)
            p[q->b + j * n + i] /= 1.0 + rest;
    }
}

static void wide(const Instruction *q, const int *list, const double *u, double *p, int lanes)
{
    int n = q->n, k = q->k;
    for (int i = 0; i < n; i++)
        for (int v = 0; v < lanes; v += W) {
            V y = splat(0.0), more = GET(ROW(0)), sum = y;
            switch (q->op) {
            case OP_wide_sum:
                for (int j = 0; j < k; j++)
                    sum += GET(ROW(j));
                y = sum;
                break;
            case OP_wide_dot: /* the biases, all of one side and all of the other */
                for (int j = 0; j < k; j++)
                    sum += GET(ROW(1 + j)) * GET(ROW(1 + k + j));
                y = sum + more;
                break;
            case OP_wide_logsumexp:
                for (int j = 0; j < k; j++)
                    more = SEL(GET(ROW(j)) > more, GET(ROW(j)), more);
                for (int j = 0; j < k; j++) {
                    V x = GET(ROW(j)), less = x - more, back = less - x, e = vexp(less);
                    e += SEL(e > 0.0, e * ((x - (less - back)) - (more + back)), splat(0.0));
                    sum += IS(x == more); /* the ties first, so that no small e gets lost */
                    PUT(q->b + j * n + i, e);
                }
                sum -= 1.0;
                for (int j = 0; j < k; j++)
                    sum += SEL(GET(ROW(j)) == more, splat(0.0), GET(PART(j)));
                for (int j = 0; j < k; j++)
                    PUT(q->b + j * n + i, GET(PART(j)) / (1.0 + sum));
                y = more + vlog1p(sum);
                break;
            }
            PUT(q->out + i, y);
        }
}
