/* Operations that no rule tells, or that are one loop. Sums are as if with twice the digits
   (Ogita, Rump & Oishi, 2005), where `math.fsum` is exact. */

static inline double product(double d, double partial, int strong_zero, int times_zero)
{
    int strong = strong_zero || (times_zero && isinf(d));
    return d == 0.0 || (strong && partial == 0.0) ? 0.0 : d * partial;
}

static inline double mod(double x, double y)
{
    double rest = fmod(x, y);
    if (rest == 0.0) return copysign(0.0, y);
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}

static inline double floordiv(double x, double y)
{
    double rest = fmod(x, y), quotient = (x - rest) / y, whole;
    quotient -= rest != 0.0 && (y < 0.0) != (rest < 0.0);
    if (quotient == 0.0) return copysign(0.0, x / y);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

static inline double maximum(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = isnan(best) || x[i] <= best ? best : x[i];
    return best;
}

static inline double minimum(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = isnan(best) || x[i] >= best ? best : x[i];
    return best;
}

static inline double sum(int n, const double *x)
{
    double total = 0.0, rest = 0.0;
    int i;
    for (i = 0; i < n; i++) {
        double next = total + x[i], back = next - total;
        rest += (total - (next - back)) + (x[i] - back);
        total = next;
    }
    return isfinite(total) ? total + rest : total;
}

static inline double dot(int n, const double *x)
{
    double total = x[0], rest = 0.0;
    int i, half = n / 2;
    for (i = 1; i <= half; i++) {
        double term = x[i] * x[half + i], next = total + term, back = next - total;
        rest += (total - (next - back)) + (term - back);
        total = next;
    }
    return isfinite(total) ? total + rest : total;
}

static inline double length(int n, const double *x)
{
    double norm = fabs(x[0]);
    int i;
    for (i = 1; i < n; i++) norm = hypot(norm, x[i]);
    return norm;
}

static inline double take(int n, const double *x)
{
    int i = (int)x[0];
    i += i < 0 ? n - 1 : 0;
    return i >= 0 && i < n - 1 ? x[1 + i] : NAN;
}

static inline double smallest(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = x[i] < best ? x[i] : best;
    return best;
}

static inline double largest(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}
