/* Vectors of the machine, and functions of them.

   Built once for each instruction set; all give the same bits. There is no fused
   multiply-add; exp, log and their kin are computed here from + - * /, in one order, or by
   the C library number by number. */

#if !defined(__GNUC__) && !defined(__clang__)
#error "the kernel needs the vectors of gcc or clang; without it programs run in NumPy"
#endif

#include <fenv.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
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

INLINE void clear_fp_flags(void) /* forget the floating-point flags */
{
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() & ~0x3fu);
#else
    feclearexcept(FE_ALL_EXCEPT);
#endif
}

INLINE int fp_error(void) /* whether something was invalid, divided by 0 or overflowed */
{
#ifdef __SSE2__
    return (_mm_getcsr() & 0x0d) != 0;
#else
    return fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0;
#endif
}

/* ------------------------------------------------------------------ functions of a vector
   At the edges, where `rare` holds, the C library's own, number by number. */

INLINE V patch_rare_lanes(V x, V y, M rare, double (*f)(double))
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
    return patch_rare_lanes(x, ((rest + r) + 1.0) * power, rare, exp);
}

INLINE V vexpm1(V x)
{
    M rare = ~(magnitude(x) < 708.0);
    V r, power, rest = reduced(SEL(rare, splat(0.0), x), &r, &power), y = rest + r;
    y = SEL(power == 1.0, y, y * power + (power - 1.0));
    return patch_rare_lanes(x, signed_as(y, x), rare, expm1); /* -0.0 stays -0.0 */
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
    return patch_rare_lanes(x, logarithm(SEL(rare, splat(1.0), x), splat(0.0)), rare, log);
}

INLINE V vlog1p(V x)
{
    M rare = ~((x > -1.0) & (x < 1.7e308)) | (magnitude(x) < 1e-300);
    V y = SEL(rare, splat(0.0), x), u = 1.0 + y;
    V c = SEL(u < 1.5, y - (u - 1.0), 1.0 - (u - y)) / u;
    return patch_rare_lanes(x, logarithm(u, c), rare, log1p);
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
    V z = SEL(y != 0.0, splat(INFINITY), splat(0.0));
    __asm__("" : "+m"(z)); /* else clang knows the product, and no flag is raised */
    return SEL(y != 0.0, 0.0 * z, x);
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
