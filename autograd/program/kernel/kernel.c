/* The kernel: runs a program's instructions over blocks of lanes, in vectors of the machine.

   Built once for each instruction set; all give the same bits. There is no fused
   multiply-add; what is summed over lanes, or over a long row, is summed in eight partial
   sums whatever the width of a vector; and exp, log and their kin are computed here from
   + - * /, in one order, or by the C library number by number.

   Rows of what is uniform are single numbers in `u`; rows of lanes hold a block's lanes, in
   `v`. An instruction works on n rows that follow each other. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define W 8
#elif defined(__AVX2__)
#define W 4
#else
#define W 2
#endif
#define PARTS 8 /* partial sums */

typedef double V __attribute__((vector_size(8 * W), aligned(8), may_alias));
typedef int64_t M __attribute__((vector_size(8 * W), aligned(8), may_alias));
typedef uint64_t N __attribute__((vector_size(8 * W), aligned(8), may_alias));
#define INLINE static inline __attribute__((always_inline))
#ifndef __has_builtin
#define __has_builtin(x) 0
#endif
#define LOAD(p) (*(const V *)(p))
#define STORE(p, x) (*(V *)(p) = (x))
#define SEL(m, x, y) ((V)(((M)(x) & (m)) | ((M)(y) & ~(m))))

INLINE V splat(double x) { return x - (V){0}; } /* keeps the sign of 0 */
INLINE V magnitude(V x) { return (V)((M)x & INT64_MAX); }
INLINE V signed_as(V x, V y) { return (V)(((M)x & INT64_MAX) | ((M)y & INT64_MIN)); }

#define IS(x) ((V)((M)(x) & (M)splat(1.0)))

INLINE int any(M m)
{
#if defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)m) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)m) != 0;
#elif defined(__SSE2__)
    return _mm_movemask_pd((__m128d)m) != 0;
#else
    return (m[0] | m[1]) != 0;
#endif
}

INLINE void calm(void) /* forget the floating-point flags */
{
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() & ~0x3fu);
#else
    feclearexcept(FE_ALL_EXCEPT);
#endif
}

INLINE int trouble(void) /* whether something was invalid, divided by 0 or overflowed */
{
#ifdef __SSE2__
    return (_mm_getcsr() & 0x0d) != 0;
#else
    return fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0;
#endif
}

/* ------------------------------------------------------------------ functions of a vector
   At the edges, where `rare` holds, the C library's own, number by number. */

INLINE V mended(V x, V y, M rare, double (*f)(double))
{
    if (__builtin_expect(any(rare), 0)) {
        double from[W], to[W];
        STORE(from, x), STORE(to, y);
        for (int i = 0; i < W; i++)
            if (rare[i])
                to[i] = f(from[i]);
        y = LOAD(to);
    }
    return y;
}

#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52: added, it leaves a whole number */

/* exp(r) - 1 - r for x = k ln 2 + r, and 2^k (Cody and Waite 1980) */
INLINE V reduced(V x, V *r, V *power)
{
    V t = x * 1.4426950408889634 + ROUNDER, k = t - ROUNDER;
    *power = (V)((((M)t - (M)splat(ROUNDER)) + 1023) << 52);
    V z = (x - k * LN2_HIGH) - k * LN2_LOW;
    V z2 = z * z, z4 = z2 * z2; /* 1/2! + z/3! + ... + z^11/13!, in short chains */
    V a = (0.5 + z * (1.0 / 6.0)) + z2 * (1.0 / 24.0 + z * (1.0 / 120.0));
    V b = (1.0 / 720.0 + z * (1.0 / 5040.0)) + z2 * (1.0 / 40320.0 + z * (1.0 / 362880.0));
    V c = (1.0 / 3628800.0 + z * (1.0 / 39916800.0)) +
          z2 * (1.0 / 479001600.0 + z * (1.0 / 6227020800.0));
    *r = z;
    return z2 * (a + z4 * (b + z4 * c));
}

INLINE V vexp(V x)
{
    M rare = ~(magnitude(x) < 708.0);
    V r, power, rest = reduced(SEL(rare, splat(0.0), x), &r, &power);
    return mended(x, ((rest + r) + 1.0) * power, rare, exp);
}

INLINE V vexpm1(V x)
{
    M rare = ~(magnitude(x) < 708.0);
    V r, power, rest = reduced(SEL(rare, splat(0.0), x), &r, &power), y = rest + r;
    return mended(x, SEL(power == 1.0, y, y * power + (power - 1.0)), rare, expm1);
}

/* log(u) where c is what u was rounded by, over u (fdlibm's e_log.c, s_log1p.c) */
INLINE V logarithm(V u, V c)
{
    N shifted = (N)u - 0x3fe6a09e667f3bcdull + (1023ull << 52);
    M whole = (M)(shifted >> 52) - 1023;
    V k = (V)(whole + (M)splat(ROUNDER)) - ROUNDER, f = (V)((M)u - (whole << 52)) - 1.0;
    V s = f / (2.0 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    V odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 +
            w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    V even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 +
             w * 1.531383769920937332e-01));
    return k * LN2_HIGH - ((half - (s * (half + (odd + even)) + (k * LN2_LOW + c))) - f);
}

INLINE V vlog(V x)
{
    M rare = ~((x > 2.3e-308) & (x < 1.7e308));
    return mended(x, logarithm(SEL(rare, splat(1.0), x), splat(0.0)), rare, log);
}

INLINE V vlog1p(V x)
{
    M rare = ~((x > -1.0) & (x < 1.7e308)) | (magnitude(x) < 1e-300);
    V y = SEL(rare, splat(0.0), x), u = 1.0 + y;
    V c = SEL(u < 1.5, y - (u - 1.0), 1.0 - (u - y)) / u;
    return mended(x, logarithm(u, c), rare, log1p);
}

INLINE V vtanh(V x)
{
    V size = magnitude(x), t = vexpm1(-2.0 * SEL(size > 30.0, splat(30.0), size));
    return signed_as(t / (t + 2.0), x);
}

INLINE V vsqrt(V x)
{
    for (int i = 0; i < W; i++)
        x[i] = sqrt(x[i]);
    return x;
}

INLINE V vbell(V x)
{
    V e = vexp(-magnitude(x));
    return e / (1.0 + e * (2.0 + e));
}

INLINE V vsigmoid(V x)
{
    V e = vexp(-magnitude(x));
    return SEL(x >= 0.0, splat(1.0), e) / (1.0 + e);
}

INLINE V vrint(V x)
{
    V size = magnitude(x), near = (size + 4503599627370496.0) - 4503599627370496.0;
    return signed_as(SEL(size < 4503599627370496.0, near, size), x);
}

INLINE V vfloor(V x)
{
    V y = vrint(x);
    return signed_as(y - IS(y > x), y);
}

INLINE V vrefuse(V x, V y) /* x, where y is 0; else something invalid */
{
    return SEL(y != 0.0, 0.0 * SEL(y != 0.0, splat(INFINITY), splat(0.0)), x);
}

/* Python's own, where C has another */
static double mod(double x, double y)
{
    double r = fmod(x, y);
    return r == 0.0 ? copysign(0.0, y) : (y < 0.0) != (r < 0.0) ? r + y : r;
}

static double floordiv(double x, double y)
{
    double r = fmod(x, y), q = (x - r) / y, whole = floor(q);
    if (r != 0.0 && (y < 0.0) != (r < 0.0))
        q -= 1.0, whole = floor(q);
    return q == 0.0 ? copysign(0.0, x / y) : q - whole > 0.5 ? whole + 1.0 : whole;
}

#define FORMULAS(X)                                                                           \
    X(copy, a) X(add, a + b) X(sub, a - b) X(mul, a *b) X(div, a / b) X(neg, -a)              \
    X(abs, magnitude(a)) X(square, a *a) X(reciprocal, 1.0 / a) X(sqrt, vsqrt(a))             \
    X(rsqrt, 1.0 / vsqrt(a)) X(relu, SEL(a <= 0.0, splat(0.0), a))                            \
    X(maximum, SEL(b > a, b, a)) X(minimum, SEL(b < a, b, a))                                 \
    X(sign, SEL(a == 0.0, a, signed_as(splat(1.0), a)))                                       \
    X(exp, vexp(a)) X(expm1, vexpm1(a)) X(log, vlog(a)) X(log1p, vlog1p(a)) X(tanh, vtanh(a)) \
    X(bell, vbell(a)) X(sigmoid, vsigmoid(a)) X(rint, vrint(a)) X(floor, vfloor(a))           \
    X(ceil, -vfloor(-a)) X(trunc, signed_as(vfloor(magnitude(a)), a)) X(refuse, vrefuse(a, b))                                                 \
    X(lt, IS(a < b)) X(le, IS(a <= b)) X(gt, IS(a > b)) X(ge, IS(a >= b)) X(eq, IS(a == b))   \
    X(ne, IS(a != b)) X(where, SEL(a != 0.0, b, c)) X(strong, SEL(a == 0.0, splat(0.0), a *b)) \
    X(if_positive, SEL(b > 0.0, a, splat(0.0))) X(muladd, c + a * b)
#define LIBRARY1(X)                                                                           \
    X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh)   \
    X(exp2) X(log2) X(log10) X(cbrt) X(erf) X(erfc)
#define LIBRARY2(X) X(pow) X(atan2) X(hypot) X(mod) X(floordiv)
/* arithmetic: x + y z again and again, which sums and products are too, without a branch */
#define OTHERS(X)                                                                             \
    X(test) X(arithmetic) X(matmul) X(outer) X(columns) X(uncolumns)  \
    X(wide_sum) X(wide_dot) X(wide_logsumexp)

#define X(name, ...) OP_##name,
enum { FORMULAS(X) LIBRARY1(X) LIBRARY2(X) OTHERS(X) OPS };
#undef X
#define X(name, ...) #name,
static const char *const OPERATIONS[] = {FORMULAS(X) LIBRARY1(X) LIBRARY2(X) OTHERS(X)};
#undef X
#define X(name) name,
static double (*const one[])(double) = {LIBRARY1(X)};
static double (*const two[])(double, double) = {LIBRARY2(X)};
#undef X
enum { SCALAR = 128 }; /* added to an operation on one row of a single number */

typedef struct {
    int op, flags, n, out, a, b, c, k, down, across, step, more;
} Instruction;
enum { SINGLE_A = 1, SINGLE_B = 2, SINGLE_C = 4, ADDS = 8, SETS = 16, ONCE = 64 };
enum { RELU = 256, MASK = 512 }; /* of a matrix product: relu, or 0 where a row is not positive */

/* out = f(a, b, c), element by element; n is a multiple of W. An operand's step is 0 if it is
   one vector again and again. */
static void formula(int op, double *out, const double *pa, int da, const double *pb, int db,
                    const double *pc, int dc, Py_ssize_t n)
{
    switch (op) {
#define X(name, result)                                                                       \
    case OP_##name:                                                                           \
        for (Py_ssize_t i = 0; i < n; i += W) {                                               \
            V a = LOAD(pa + i * da), b = LOAD(pb + i * db), c = LOAD(pc + i * dc);            \
            (void)a, (void)b, (void)c;                                                        \
            STORE(out + i, result);                                                           \
        }                                                                                     \
        break;
        FORMULAS(X)
#undef X
    default:
        if (op < OP_pow)
            for (Py_ssize_t i = 0; i < n; i++)
                out[i] = one[op - OP_sin](pa[da ? i : 0]);
        else
            for (Py_ssize_t i = 0; i < n; i++)
                out[i] = two[op - OP_pow](pa[da ? i : 0], pb[db ? i : 0]);
    }
}

/* The same of any number of elements. The last ones are computed in a full vector: beyond
   them it repeats the first of them, and leaves what is there. */
static void formula_of(int op, double *out, const double *a, int da, const double *b, int db,
                       const double *c, int dc, Py_ssize_t n)
{
    Py_ssize_t full = n - n % W;
    if (full)
        formula(op, out, a, da, b, db, c, dc, full);
    if (full == n)
        return;
    V last[4];
    M within;
    for (int i = 0; i < W; i++)
        within[i] = -(full + i < n);
    a += da * full, b += db * full, c += dc * full, out += full;
    last[0] = SEL(within, LOAD(a), splat(*a)), last[1] = SEL(within, LOAD(b), splat(*b));
    last[2] = SEL(within, LOAD(c), splat(*c)), last[3] = LOAD(out);
    V before = last[3];
    formula(op, (double *)&last[3], (double *)&last[0], 1, (double *)&last[1], 1,
            (double *)&last[2], 1, W);
    STORE(out, SEL(within, last[3], before));
}

typedef double Pair __attribute__((vector_size(16), aligned(8), may_alias));

INLINE double folded(const double *g) /* the sum of eight partial sums */
{
    const Pair *pairs = (const Pair *)g, sum = (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]);
    return sum[0] + sum[1];
}

/* The sum of n numbers, of their squares, or of 0 times each: NaN if one is not finite */
enum { PLAIN, SQUARES, ZEROS };
INLINE double summed(int what, const double *x, Py_ssize_t n)
{
#define TERM(x) (what == SQUARES ? (x) * (x) : (what == ZEROS ? 0.0 : 1.0) * (x))
    double parts[PARTS] = {0.0};
    Py_ssize_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int part = 0; part < PARTS; part += W)
            STORE(parts + part, LOAD(parts + part) + TERM(LOAD(x + i + part)));
    for (int part = 0; i < n; i++, part++)
        parts[part] += TERM(x[i]);
    return folded(parts);
#undef TERM
}

/* Of eight rows for each of these lanes, which lie side by side, a row each */
INLINE void transpose(const double *from, Py_ssize_t lane, double *to, Py_ssize_t row,
                      Py_ssize_t count)
{
    Py_ssize_t l = 0;
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
enum { TILE_M = 4, TILE_V = 4, OUTER_M = 4, OUTER_K = 4 };
#else
enum { TILE_M = 4, TILE_V = 3, OUTER_M = 4, OUTER_K = 2 };
#endif
enum { DEPTH = 64, STRIP = 32 }; /* rows of x and d that stay in a cache */
enum { BLOCK = 480 };            /* the most lanes of a block */
#define AT(i, j) ((Py_ssize_t)(i)*q->down + (Py_ssize_t)(j)*q->across)
#define EACH(m, n, r, v) for (int r = 0; r < (m); r++) for (int v = 0; v < (n); v++)

/* y = W x + bias or, with `adds`, y += W x, over the rows j0 ... j1 of x; so many vectors of
   lanes. */
INLINE void product_tile(int m, int vectors, const Instruction *q, int i, int v0, int j0,
                         int j1, const double *u, const double *x0, double *y0,
                         const double *mask, int lanes, int adds)
{
    const double *w = u + q->a + (Py_ssize_t)i * q->down;
    const double *x = x0 + v0 * W;
    double *y = y0 + (Py_ssize_t)i * lanes + v0 * W;
    V sum[TILE_M][TILE_V];
    EACH(m, vectors, r, v)
        sum[r][v] = adds ? LOAD(y + (Py_ssize_t)r * lanes + v * W)
                         : splat(q->c >= 0 ? u[q->c + (i + r) * q->step] : 0.0);
    for (int j = j0; j < j1; j++) {
        V xs[TILE_V];
        for (int v = 0; v < vectors; v++)
            xs[v] = LOAD(x + (Py_ssize_t)j * lanes + v * W);
        for (int r = 0; r < m; r++) {
            V weight = splat(w[AT(r, j)]);
            for (int v = 0; v < vectors; v++)
                sum[r][v] += weight * xs[v];
        }
    }
    if (j1 == q->k && q->flags & RELU)
        EACH(m, vectors, r, v)
            sum[r][v] = SEL(sum[r][v] <= 0.0, splat(0.0), sum[r][v]);
    if (j1 == q->k && q->flags & MASK)
        EACH(m, vectors, r, v) {
            V by = LOAD(mask + (Py_ssize_t)(i + r) * lanes + (v0 + v) * W);
            sum[r][v] = SEL(by > 0.0, sum[r][v], splat(0.0));
        }
    EACH(m, vectors, r, v)
        STORE(y + (Py_ssize_t)r * lanes + v * W, sum[r][v]);
}

static void product(const Instruction *it, const double *u, const double *x, double *y,
                    const double *mask, int lanes)
{
    const Instruction own = *it, *q = &own; /* no store changes it */
    for (int from = 0; from == 0 || from < q->k; from += DEPTH) {
        int to = from + DEPTH < q->k ? from + DEPTH : q->k, adds = from || q->flags & ADDS;
#define CALL(r, c, i, v)                                                                      \
    product_tile(r, c, q, i, v, from, to, u, x, y, mask, lanes, adds)
        TILED(q->n, TILE_M, lanes / W, TILE_V, CALL)
#undef CALL
    }
}

/* In partial sums; or folded at once, into `single` numbers, if it is not NULL. */
INLINE void outer_tile(int m, int k, const Instruction *q, const double *d, const double *x,
                       double *g, double *single, int lanes, int sets)
{
    double parts[OUTER_M * OUTER_K * PARTS], sums[OUTER_M * OUTER_K];
    for (int part = 0; part < PARTS; part += W) {
        V sum[OUTER_M][OUTER_K], ds[OUTER_M], xs[OUTER_K];
        EACH(m, k, i, j)
            sum[i][j] = sets ? splat(0.0) : LOAD(g + PARTS * AT(i, j) + part);
        for (int v = part; v < lanes; v += PARTS) {
            for (int i = 0; i < m; i++)
                ds[i] = LOAD(d + (Py_ssize_t)i * lanes + v);
            for (int j = 0; j < k; j++)
                xs[j] = LOAD(x + (Py_ssize_t)j * lanes + v);
            EACH(m, k, i, j)
                sum[i][j] += ds[i] * xs[j];
        }
        EACH(m, k, i, j)
            STORE((single ? parts + PARTS * (i * k + j) : g + PARTS * AT(i, j)) + part, sum[i][j]);
    }
    if (!single)
        return;
    fold(parts, sums, m * k);
    EACH(m, k, i, j) {
        double *to = single + AT(i, j), sum = sums[i * k + j];
        *to = q->flags & ADDS ? *to + sum : sum;
    }
}

/* g = d x', or g += d x', over the lanes; a strip of d's rows stays in the cache */
static void outer(const Instruction *q, const double *d, const double *x, double *g,
                  double *single, int lanes, int sets)
{
#define CALL(r, c, i, j)                                                                      \
    outer_tile(r, c, q, d + (Py_ssize_t)(from + i) * lanes, x + (Py_ssize_t)(j)*lanes,        \
               g + PARTS * AT(from + i, j), single ? single + AT(from + i, j) : NULL, lanes,  \
               sets)
    for (int from = 0; from < q->n; from += STRIP) {
        int rows = from + STRIP < q->n ? STRIP : q->n - from;
        TILED(rows, OUTER_M, q->k, OUTER_K, CALL)
    }
#undef CALL
}

/* ------------------------------------------------------------------ matrices, one lane */

/* y = W x + bias or y += W x, for m rows whose columns lie side by side */
INLINE void vector_rows(int m, const Instruction *q, const double *w, const double *x,
                        double *y)
{
    V part[TILE_M][PARTS / W];
    double parts[PARTS];
    int j = 0;
    for (int r = 0; r < m; r++)
        for (int p = 0; p < PARTS / W; p++)
            part[r][p] = splat(0.0);
    for (; j + PARTS <= q->k; j += PARTS)
        for (int r = 0; r < m; r++)
            for (int p = 0; p < PARTS / W; p++)
                part[r][p] += LOAD(w + (Py_ssize_t)r * q->down + j + p * W) *
                              LOAD(x + j + p * W);
    for (int r = 0; r < m; r++) {
        memcpy(parts, part[r], sizeof(parts));
        for (int rest = j; rest < q->k; rest++)
            parts[rest - j] += w[(Py_ssize_t)r * q->down + rest] * x[rest];
        y[r] += folded(parts);
    }
}

/* The same for so many vectors of rows that lie side by side, column by column */
INLINE void vector_columns(int vectors, const Instruction *q, const double *w, const double *x,
                           double *y)
{
    V sum[TILE_V];
    for (int v = 0; v < vectors; v++)
        sum[v] = LOAD(y + v * W);
    for (int j = 0; j < q->k; j++)
        for (int v = 0; v < vectors; v++)
            sum[v] += splat(x[j]) * LOAD(w + (Py_ssize_t)j * q->across + v * W);
    for (int v = 0; v < vectors; v++)
        STORE(y + v * W, sum[v]);
}

static void vector_product(const Instruction *q, const double *u, const double *x, double *y)
{
    const double *w = u + q->a;
    int i = 0;
    for (int r = 0; r < q->n; r++)
        y[r] = q->flags & ADDS ? y[r] : q->c >= 0 ? u[q->c + r * q->step] : 0.0;
    if (q->across == 1) {
        for (; i + TILE_M <= q->n; i += TILE_M)
            vector_rows(TILE_M, q, w + (Py_ssize_t)i * q->down, x, y + i);
        for (; i < q->n; i++)
            vector_rows(1, q, w + (Py_ssize_t)i * q->down, x, y + i);
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

/* g = d x' or g += d x' */
static void vector_outer(const Instruction *q, const double *restrict d,
                         const double *restrict x, double *restrict g)
{
    int by_rows = q->across == 1, m = by_rows ? q->n : q->k, k = by_rows ? q->k : q->n;
    for (int i = 0; i < m; i++) {
        double factor = by_rows ? d[i] : x[i], *to = g + (by_rows ? AT(i, 0) : AT(0, i));
        const double *other = by_rows ? x : d;
        int step = by_rows ? 1 : q->down;
        if (step == 1 && !(q->flags & SETS))
            for (int j = 0; j < k; j++)
                to[j] += factor * other[j];
        else
            for (int j = 0; j < k; j++)
                to[j * step] = factor * other[j] + (q->flags & SETS ? 0.0 : to[j * step]);
    }
}

/* ------------------------------------------------------------------ wide operations
   Of k operands for each of n rows: the j-th of row i is the row list[j n + i] of p. */

#define GET(row) (lanes == 1 ? splat(p[row]) : LOAD(p + (Py_ssize_t)(row) * lanes + v))
#define PUT(row, x)                                                                           \
    do {                                                                                      \
        if (lanes == 1)                                                                       \
            p[row] = (x)[0];                                                                  \
        else                                                                                  \
            STORE(p + (Py_ssize_t)(row) * lanes + v, x);                                      \
    } while (0)
#define ROW(j) list[(j) * n + i]

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

static void wide(const Instruction *q, const int *list, double *p, int lanes)
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
                    sum += SEL(GET(ROW(j)) == more, splat(0.0), GET(q->b + j * n + i));
                for (int j = 0; j < k; j++)
                    PUT(q->b + j * n + i, GET(q->b + j * n + i) / (1.0 + sum));
                y = more + vlog1p(sum);
                break;
            }
            PUT(q->out + i, y);
        }
}

/* ------------------------------------------------------------------ running */

typedef struct {
    PyObject_HEAD
    Instruction *code;
    int *lists;       /* of rows, for wide operations and columns */
    int (*phases)[5]; /* whether of lanes; code, then sums of lanes to fold: begin, end */
    int *roots;       /* rows that are results; those of lanes with LANES added */
    double *u, *v, *g;
    size_t v_size, g_size;
    Py_ssize_t list_count;
    int phase_count, root_count, lane_phases, varies;
    int inputs, x_rows, u_rows, v_rows, slots, seeds, seed_varies, seed_row, d_u, d_x;
    int lanes;  /* their number, or 0 if it is open */
    int serial; /* whether lanes add to the same numbers of u */
    PyThread_type_lock lock; /* one run at a time */
    int forks;               /* of the process in which it was made */
} Program;

typedef struct { /* rows of numbers of the lanes; from one to the next so many bytes */
    const double *at;
    Py_ssize_t rows, row, lane;
} Part;

enum { MOST = 8 }; /* parts of x */

typedef struct {
    const Program *p;
    double *u, *v, *g, *out, *d_x;
    const double *seed;
    Part x[MOST];
    Py_ssize_t lanes, seed_columns;
    int block, blocks, chunks, threads, last;
    const int *phase;
} Run;

typedef struct {
    const Run *r;
    int index, wrong, own; /* own: whether it has no thread */
    pthread_t thread;
} Worker;

enum { LANES = 1 << 28, CHUNKS = 64 };

INLINE const double *operand(const double *rows, int row, int lanes, int single,
                             const double *u, double *buffer)
{
    if (!single)
        return rows + (Py_ssize_t)row * lanes;
    STORE(buffer, splat(u[row]));
    return buffer;
}

#define COMPUTE(formula, rows, out, lanes)                                                    \
    do {                                                                                      \
        double sa[W], sb[W], sc[W];                                                           \
        int da = !(q->flags & SINGLE_A), db = !(q->flags & SINGLE_B);                         \
        int dc = !(q->flags & SINGLE_C);                                                      \
        formula(q->op, out, operand(rows, q->a, lanes, !da, u, sa), da,                       \
                operand(rows, q->b, lanes, !db, u, sb), db,                                   \
                operand(rows, q->c, lanes, !dc, u, sc), dc, (Py_ssize_t)q->n *lanes);         \
    } while (0)

/* What is uniform. Returns whether something went wrong in the forward sweep. */
static int run_single(const Program *p, double *u, int begin, int end)
{
    int wrong = 0;
    calm();
    for (const Instruction *q = p->code + begin, *stop = p->code + end; q < stop; q++)
        switch (q->op) {
#define X(name, result)                                                                       \
        case OP_##name + SCALAR: {                                                            \
            V a = splat(u[q->a]), b = splat(u[q->b]), c = splat(u[q->c]);                     \
            (void)a, (void)b, (void)c;                                                        \
            u[q->out] = (result)[0];                                                          \
            break;                                                                            \
        }
            FORMULAS(X)
#undef X
        case OP_test: wrong |= trouble(); break;
        case OP_arithmetic:
            for (const int *i = p->lists + q->k, *end = i + 4 * q->n; i < end; i += 4)
                u[i[0]] = u[i[1]] + u[i[2]] * u[i[3]];
            break;
        case OP_matmul: vector_product(q, u, u + q->b, u + q->out); break;
        case OP_outer: vector_outer(q, u + q->a, u + q->b, u + q->out); break;
        case OP_wide_logsumexp: single_logsumexp(q, p->lists + q->more, u); break;
        default:
            if (q->op >= OP_wide_sum)
                wide(q, p->lists + q->more, u, 1);
            else
                COMPUTE(formula_of, u, u + q->out, 1);
        }
    return wrong;
}

/* One block of lanes. `first` is whether partial sums are to be set. */
static int run_block(const Run *r, double *v, double *g, Py_ssize_t start, int first)
{
    double *u = r->u;
    const int *lists = r->p->lists;
    int wrong = 0, lanes = r->block;
    const Instruction *q = r->p->code + r->phase[1], *stop = r->p->code + r->phase[2];
#define ROWS(row) (v + (Py_ssize_t)(row)*lanes)
    calm();
    for (; q < stop; q++) {
        int sets = first && (q->flags & SETS);
        double *to = g + (Py_ssize_t)PARTS * q->out;
        switch (q->op) {
        case OP_test: wrong |= trouble(); break;
        case OP_matmul: product(q, u, ROWS(q->b), ROWS(q->out), ROWS(q->more), lanes); break;
        case OP_outer:
            outer(q, ROWS(q->a), ROWS(q->b), to,
                  r->blocks == 1 && (q->flags & ONCE) ? u + q->out : NULL, lanes, sets);
            break;
        case OP_columns: /* the numbers of each lane, from u */
            for (int i = 0; i < q->n; i++)
                for (int k = 0; k < lanes; k++) {
                    Py_ssize_t lane = start + k < r->lanes ? start + k : r->lanes - 1;
                    ROWS(q->out + i)[k] = u[lists[q->k + i * r->lanes + lane]];
                }
            break;
        case OP_uncolumns:
            for (int i = 0; i < q->n; i++)
                for (int k = 0; k < lanes && start + k < r->lanes; k++)
                    u[lists[q->k + i * r->lanes + start + k]] += ROWS(q->a + i)[k];
            break;
        default:
            if (q->op >= OP_wide_sum)
                wide(q, lists + q->more, v, lanes);
            else
                COMPUTE(formula, v, ROWS(q->out), lanes);
        }
    }
    return wrong;
}

/* The first rows of a block: x, 1 for each lane that there is, and the seeds. The lanes after
   the last one repeat it; their seeds are 0. */
static void fill(const Run *r, double *v, Py_ssize_t start, Py_ssize_t count)
{
    int lanes = r->block, inputs = r->p->x_rows;
    int seeds = r->seed != NULL && r->p->seed_varies ? r->p->seeds : 0;
    double *to = v;
    for (const Part *part = r->x; part->rows; to += part++->rows * lanes) {
        Py_ssize_t lane = part->lane / (Py_ssize_t)sizeof(double), k = 0;
        Py_ssize_t row = part->row / (Py_ssize_t)sizeof(double);
        const double *from = part->at + start * lane;
        for (; row == 1 && k + 8 <= part->rows; k += 8) /* the lines of a cache */
            transpose(from + k, lane, to + k * lanes, lanes, count);
        for (; k < part->rows; k++)
            if (lane == 1)
                memcpy(to + k * lanes, from + k * row, count * sizeof(double));
            else
                for (Py_ssize_t l = 0; l < count; l++)
                    to[k * lanes + l] = from[k * row + l * lane];
    }
    for (int k = 0; k < inputs; k++)
        for (Py_ssize_t l = count; l < lanes; l++)
            ROWS(k)[l] = ROWS(k)[count - 1];
    for (int k = 0; k < 1 + seeds; k++) {
        const double one = 1.0, *seed = k ? r->seed + (k - 1) * r->seed_columns : &one;
        double *row = ROWS(inputs + k);
        for (Py_ssize_t l = 0; l < count; l++)
            row[l] = *seed;
        if (k > 0 && r->seed_columns > 1)
            memcpy(row, seed + start, count * sizeof(double));
        for (Py_ssize_t l = count; l < lanes; l++)
            row[l] = 0.0;
    }
}

static int run_chunk(const Run *r, int chunk, double *memory, double *g)
{
    const Program *p = r->p;
    int wrong = 0, lanes = r->block, begin = (int)((int64_t)r->blocks * chunk / r->chunks);
    int end = (int)((int64_t)r->blocks * (chunk + 1) / r->chunks);
    for (int i = begin; i < end; i++) {
        Py_ssize_t start = (Py_ssize_t)i * lanes;
        Py_ssize_t count = r->lanes - start < lanes ? r->lanes - start : lanes;
        double *v = memory + (p->lane_phases > 1 ? (Py_ssize_t)i * p->v_rows * lanes : 0);
        if (r->phase == p->phases[1])
            fill(r, v, start, count);
        wrong |= run_block(r, v, g, start, i == begin);
        for (int k = 0; r->last && k < p->root_count; k++)
            if (p->roots[k] >= LANES)
                memcpy(r->out + k * r->lanes + start, ROWS(p->roots[k] - LANES),
                       count * sizeof(double));
        for (int k = 0; r->last && r->d_x != NULL && k < p->x_rows; k++)
            memcpy(r->d_x + k * r->lanes + start, ROWS(p->d_x + k), count * sizeof(double));
    }
    return wrong;
}

static void *work(void *worker)
{
    Worker *w = worker;
    const Run *r = w->r;
    double *v = r->v + (r->p->lane_phases > 1 ? 0 : (size_t)r->p->v_rows * r->block * w->index);
    for (int c = w->index; c < r->chunks; c += r->threads)
        w->wrong |= run_chunk(r, c, v, r->g + (size_t)PARTS * r->p->slots * c);
    return NULL;
}

/* All lanes of a phase. The chunks, and so the sums, do not depend on the threads. */
static int run_lanes(const Run *r)
{
    Worker workers[CHUNKS];
    int wrong = 0;
    for (int t = 0; t < r->threads; t++) {
        workers[t] = (Worker){.r = r, .index = t};
        workers[t].own = t == 0 || pthread_create(&workers[t].thread, NULL, work, &workers[t]);
    }
    for (int t = 0; t < r->threads; t++)
        if (workers[t].own)
            work(&workers[t]);
    for (int t = 0; t < r->threads; t++) {
        if (!workers[t].own)
            pthread_join(workers[t].thread, NULL);
        wrong |= workers[t].wrong;
    }
    for (int c = 0; c < r->chunks; c++) {
        const double *g = r->g + (size_t)PARTS * r->p->slots * c;
        const Instruction *q = r->p->code + r->phase[3], *stop = r->p->code + r->phase[4];
        for (; q < stop; q++)
            for (int i = 0; i < q->n && !(r->blocks == 1 && (q->flags & ONCE)); i++) {
                double sum = folded(g + (Py_ssize_t)PARTS * (q->a + i)), *to = r->u + q->out + i;
                *to = c == 0 && (q->flags & SETS) ? sum : *to + sum;
            }
    }
    return wrong;
}

static int run_all(Run *r)
{
    const Program *p = r->p;
    int wrong = 0;
    if (r->seed != NULL && !p->seed_varies)
        memcpy(r->u + p->seed_row, r->seed, p->seeds * sizeof(double));
    for (int i = 0; i < p->phase_count; i++) {
        r->phase = p->phases[i], r->last = i / 2 + 1 == p->lane_phases;
        wrong |= i % 2 ? run_lanes(r) : run_single(p, r->u, r->phase[1], r->phase[2]);
    }
    Py_ssize_t columns = p->varies ? r->lanes : 1;
    for (int k = 0; k < p->root_count; k++)
        for (Py_ssize_t l = 0; l < columns && p->roots[k] < LANES; l++)
            r->out[k * columns + l] = r->u[p->roots[k]];
    return wrong;
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

/* The rows in a list of n, as many as there are in it, are of so many. */
static int has_listed(const Program *p, int64_t rows, int64_t from, int64_t n)
{
    int right = has(p->list_count, from, n);
    for (int64_t i = from; right && i < from + n; i++)
        right = has(rows, p->lists[i], 1);
    return right;
}

/* Whether an instruction of a phase touches only what is there */
static int checked(const Program *p, const Instruction *q, int along)
{
    int64_t u = p->slots, rows = along ? p->v_rows : u, n = q->n, k = q->k;
    switch (q->op) {
    case OP_test:
        return 1;
    case OP_arithmetic:
        return !along && n >= 0 && has_listed(p, u, k, 4 * n);
    case OP_matmul:
        return has_matrix(u, q->a, n, k, q->down, q->across) && has(rows, q->b, k) &&
               has(rows, q->out, n) && (q->c < 0 || has_matrix(u, q->c, n, 1, q->step, 0)) &&
               (!(q->flags & MASK) || has(rows, q->more, n));
    case OP_outer:
        return has_matrix(u, q->out, n, k, q->down, q->across) && has(rows, q->a, n) &&
               has(rows, q->b, k);
    case OP_columns:
    case OP_uncolumns:
        return along && p->lanes > 0 && has(rows, q->op == OP_columns ? q->out : q->a, n) &&
               has_listed(p, u, k, n * p->lanes);
    case OP_wide_dot:
        return has(rows, q->out, n) && k >= 0 && has_listed(p, rows, q->more, n * (1 + 2 * k));
    case OP_wide_sum:
    case OP_wide_logsumexp:
        return has(rows, q->out, n) && k > 0 && has_listed(p, rows, q->more, n * k) &&
               (q->op == OP_wide_sum || has(rows, q->b, n * k));
    }
    const int xs[] = {q->a, q->b, q->c};
    int single = q->op >= SCALAR, right = q->op >= 0 && q->op - SCALAR * single < OP_test;
    if (single)
        return right && !along && q->op - SCALAR < OP_sin && has(u, q->out, 1) &&
               has(u, q->a, 1) && has(u, q->b, 1) && has(u, q->c, 1);
    for (int i = 0; i < 3; i++)
        right &= q->flags & SINGLE_A << i ? has(u, xs[i], 1) : has(rows, xs[i], n);
    return right && has(rows, q->out, n);
}

/* The first instruction that is wrong, or `count`; -1 if it is none of them that is. */
static int first_wrong(const Program *p, int count)
{
    int64_t along = p->lane_phases > 0, seeds = p->seeds;
    int right = p->x_rows >= 0 && p->v_rows >= 0 && p->lanes >= 0 && seeds >= 0 &&
                has(p->u_rows, p->slots, PARTS) && has(p->slots, p->d_u, p->inputs) &&
                (p->seed_varies || has(p->slots, p->seed_row, seeds)) &&
                (!along || (has(p->v_rows, p->x_rows, 1 + (p->seed_varies ? seeds : 0)) &&
                            has(p->v_rows, p->d_x, p->x_rows)));
    for (int i = 0; i < p->root_count; i++)
        right &= p->roots[i] < LANES ? has(p->slots, p->roots[i], 1)
                                     : along && has(p->v_rows, p->roots[i] - LANES, 1);
    for (int i = 0; i < p->phase_count; i++) {
        const int *phase = p->phases[i];
        right &= phase[0] == i % 2;
        for (int part = 1; part < 5; part += 2)
            right &= 0 <= phase[part] && phase[part] <= phase[part + 1] &&
                     phase[part + 1] <= count;
    }
    if (!right)
        return -1;
    for (int i = 0; i < p->phase_count; i++) {
        const int *phase = p->phases[i];
        for (int k = phase[1]; k < phase[2]; k++)
            if (!checked(p, p->code + k, phase[0]))
                return k;
        for (int k = phase[3]; k < phase[4]; k++) /* sums to fold */
            if (!has(p->slots, p->code[k].a, p->code[k].n) ||
                !has(p->slots, p->code[k].out, p->code[k].n))
                return k;
    }
    return count;
}

/* ------------------------------------------------------------------ in Python */

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
static int anew(Program *p)
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
    if (p->forks != forks && !anew(p))
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
        calm();
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
        p->serial |= p->code[i].op == OP_uncolumns;
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

enum { PROGRAM, LIKE, GIVEN, AXES, REBUILD, READ, CLOSED, NUMBERS, SPACES, NAMES, CELLS, FOUND,
       WITHIN };

typedef struct {
    PyObject_HEAD
    PyObject *parts; /* a tuple of the above */
    Py_buffer answers;
    Py_ssize_t lanes, argnum, start, stop; /* lanes are 0 if their number is open */
    int mean, threads;
} Call;
#define HELD(i) PyTuple_GET_ITEM(c->parts, i)

/* Whether two arrays hold the same bytes, of the same kind and in the same places */
static int same_arrays(PyObject *now, PyObject *before)
{
    Py_buffer x, y;
    int same = 0;
    if (PyObject_GetBuffer(now, &x, PyBUF_ANY_CONTIGUOUS | PyBUF_FORMAT) == 0) {
        if (PyObject_GetBuffer(before, &y, PyBUF_ANY_CONTIGUOUS | PyBUF_FORMAT) == 0) {
            size_t size = x.ndim * sizeof(Py_ssize_t);
            same = x.ndim == y.ndim && x.len == y.len && strcmp(x.format, y.format) == 0 &&
                   (size == 0 || memcmp(x.shape, y.shape, size) == 0) &&
                   (size == 0 || memcmp(x.strides, y.strides, size) == 0) &&
                   memcmp(x.buf, y.buf, x.len) == 0;
            PyBuffer_Release(&y);
        }
        PyBuffer_Release(&x);
    }
    PyErr_Clear();
    return same;
}

/* Whether a list, a dict or an array holds what it held: a list, or a copy of the array */
static int holds(PyObject *now, PyObject *held)
{
    PyObject *key, *value;
    Py_ssize_t place = 0, k = 0, n = PyList_Check(held) ? PyList_GET_SIZE(held) : 0;
    if (PyDict_Check(now)) {
        if (2 * PyDict_GET_SIZE(now) != n)
            return 0;
        for (; PyDict_Next(now, &place, &key, &value); k++)
            if (key != PyList_GET_ITEM(held, k) || value != PyList_GET_ITEM(held, n / 2 + k))
                return 0;
        return 1;
    }
    if (!PyList_Check(now))
        return same_arrays(now, held);
    if (PyList_GET_SIZE(now) != n)
        return 0;
    while (k < n && PyList_GET_ITEM(now, k) == PyList_GET_ITEM(held, k))
        k++;
    return k == n;
}

/* Whether all that the function names of its surroundings is what it was */
static int unchanged(const Call *c)
{
    PyObject *spaces = HELD(SPACES), *names = HELD(NAMES);
    PyObject *cells = HELD(CELLS), *found = HELD(FOUND);
    Py_ssize_t n = PyTuple_GET_SIZE(names), m = PyTuple_GET_SIZE(cells);
    if (PyList_GET_SIZE(found) != n + m)
        return 0;
    for (Py_ssize_t i = 0; i < n + m; i++) {
        PyObject *now = i < n ? PyDict_GetItem(PyTuple_GET_ITEM(spaces, i),
                                               PyTuple_GET_ITEM(names, i))
                              : PyCell_GET(PyTuple_GET_ITEM(cells, i - n));
        if ((now == NULL ? Py_None : now) != PyList_GET_ITEM(found, i))
            return 0;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(HELD(WITHIN)); i++) {
        PyObject *pair = PyList_GET_ITEM(HELD(WITHIN), i), *held = PyTuple_GET_ITEM(pair, 1);
        if (!holds(PyTuple_GET_ITEM(pair, 0), held))
            return 0;
    }
    return 1;
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
