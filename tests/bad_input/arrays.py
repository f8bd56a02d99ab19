"""Mistakes with arrays of Values, and what NumPy and others can't compute with them."""

import functools
import math
import re
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from numpy.linalg import LinAlgError
from scipy import integrate, interpolate, special, stats

import autograd
from autograd import Value, array, linalg  # noqa: F401  (rows name these)
from tests.bad_input.rows import *

# What is told, and the expressions of which it is: x is an array, v a Value, vs a list of them.
TOLD = """
autograd.primitive: np.i0(x) | np.polydiv(x,t)
for a plot or a log: np.frexp(x) | np.spacing(x) | np.nextafter(x,1.0) |
    np.savetxt('no/file',x) | np.save('no/file',x) | np.savez('no/file',x) |
    np.savez_compressed('no/file',x) | np.zeros(2).__setitem__(0,x[0]) | np.float64(x[0])
it counts: np.histogram(x) | np.histogram2d(x,x) | np.histogramdd(m) |
    np.histogram_bin_edges(x) | np.bincount(x)
int(x): np.gcd(x,2) | np.lcm(x,2) | np.invert(x) | np.bitwise_invert(x) | np.bitwise_not(x) |
    np.bitwise_and(x,1) | np.bitwise_or(x,1) | np.bitwise_xor(x,1) | np.bitwise_count(x) |
    np.left_shift(x,1) | np.right_shift(x,1) | np.bitwise_left_shift(x,1) |
    np.bitwise_right_shift(x,1) | np.packbits(x) | np.unpackbits(x) |
    np.unravel_index(x,(2,)) | np.ravel_multi_index((x,),(2,))
int(n): np.linspace(0,1,x[0])
dates: np.isnat(x)
Newton: np.roots(x)
autograd.linalg.solve: np.polyfit(t,x,1) | np.linalg.lstsq(m,x[:3]) | np.linalg.pinv(m) |
    np.linalg.qr(m) | np.linalg.tensorsolve(m,x)
autograd.linalg.inv: np.linalg.tensorinv(m)
a.data: np.linalg.eig(m) | np.linalg.eigh(m) | np.linalg.eigvals(m) | np.linalg.eigvalsh(m) |
    np.linalg.svd(m) | np.linalg.svdvals(m) | np.linalg.cond(m) | np.linalg.matrix_rank(m)
np.cos and np.sin: np.fft.fft(x) | np.fft.ifft(x) | np.fft.rfft(x) | np.fft.irfft(x) |
    np.fft.hfft(x) | np.fft.ihfft(x) | np.fft.fft2(m) | np.fft.ifft2(m) | np.fft.rfft2(m) |
    np.fft.irfft2(m) | np.fft.fftn(m) | np.fft.ifftn(m) | np.fft.rfftn(m) | np.fft.irfftn(m)
np.exp(np.linspace: np.geomspace(x[0],x[1],3)
np.sort(x): np.sort_complex(x)
dtype=object: np.astype(x,float) | x.astype(float) | np.asarray(x,dtype=float) |
    np.array([x[0],1.0],dtype=float) | np.fromiter(x,float)
instead of x += y: np.add(t,x,out=np.zeros(4))
np.arange(n): np.arange(x[0],1.0,0.1)
np.sin(x): math.sin(x)
autograd.array instead of np.array: np.log(np.array([x[0],1.0]))
x % period: np.interp(x,t,u,period=1.0)
takes axis: np.max(x,where=x>0.5,out=x)
autograd.sin: math.sin(v)
autograd.exp: math.exp(v) | statistics.NormalDist().pdf(v)
autograd.lgamma: math.lgamma(v) | math.gamma(v) | stats.norm.logpdf(x) |
    stats.poisson.pmf(2, v)
autograd.erf: math.erf(v)
autograd.fsum(xs): math.fsum(vs)
np.copysign(x, y): math.copysign(v,1.0)
np.degrees(x): math.degrees(v)
np.radians(x): math.radians(v)
autograd.hypot: math.dist(vs,vs)
abs(x): math.fabs(v)
np.fmod(x, y): math.fmod(v,2.0)
math.frexp(x.data): math.frexp(v)
abs(x - y) <=: math.isclose(v,1.0)
np.isfinite(x): math.isfinite(v)
np.isinf(x): math.isinf(v)
np.isnan(x): math.isnan(v)
x * 2.0**n: math.ldexp(v,2)
np.modf(x): math.modf(v)
math.nextafter(x.data, y): math.nextafter(v,2.0)
x - y * round(x / y): math.remainder(v,2.0)
math.ulp(x.data): math.ulp(v)
autograd.pow: math.pow(v,2.0)
int(x): math.factorial(v) | math.isqrt(v) | math.comb(v,2) | math.gcd(v,2) | math.lcm(v,2) |
    math.perm(v,2) | range(v)
for a plot or a log: float(v) | complex(v)
np.mean(autograd.array(xs)): statistics.mean(vs) | statistics.fmean(vs)
np.exp(np.mean(np.log: statistics.geometric_mean(vs)
1.0 / np.mean: statistics.harmonic_mean(vs)
np.median: statistics.median_grouped(vs)
np.std: statistics.pstdev(vs)
np.var: statistics.pvariance(vs)
np.std(autograd.array(xs), ddof=1): statistics.stdev(vs) | __import__("pandas").Series(vs).std()
np.var(autograd.array(xs), ddof=1): statistics.variance(vs)
np.corrcoef: statistics.correlation(vs,vs)
np.cov: statistics.covariance(vs,vs)
np.cov(xs, ys): statistics.linear_regression(vs,vs)
autograd.ndtr: statistics.NormalDist(v,1.0) | statistics.NormalDist().cdf(v) |
    stats.norm.cdf(v)
autograd.ndtri: statistics.NormalDist().inv_cdf(v)
autograd.primitive: special.jv(1,x) | special.zeta(v,2.0)
np.trapezoid: integrate.quad(lambda t: v*t, 0.0, 1.0)
np.interp: interpolate.CubicSpline([0, 1, 2, 3], x)
RK4: integrate.odeint(lambda y, t: -v*y, 1.0, [0, 1])
scale * draw: np.random.default_rng(0).exponential(x)
mean + deviation * draw: np.random.default_rng(0).normal(x)
autograd.logsumexp: special.logsumexp(x)
autograd.log_softmax: special.log_softmax(x)
autograd.polygamma(x, n): special.polygamma(1,x)
"""


def _told(expression: str, world: Any) -> Any:
    """Differentiate an expression, and return its answer."""
    names: dict[str, Any] = {"np": np, "math": math, "statistics": statistics}
    t, u = np.array([0.15, 0.2, 0.35, 0.6]), np.array([2.0, 1.0, 3.0, 2.0])
    names |= {"special": special, "t": t, "u": u, "integrate": integrate, "stats": stats}
    names["interpolate"] = interpolate
    f = eval(f"lambda x, m: {expression}", names)

    def with_values(x: Any, m: Any) -> Any:
        names.update(v=x[0], vs=[*x])
        return f(x, m)

    return autograd.jacobian(with_values, (0, 1))(np.array([0.25, 0.5, 2.0, 3.0]), np.eye(3))


def rows() -> Iterator[Row]:
    """All of them."""
    for line in re.split(r"\n(?! )", TOLD.strip()):
        words, _, expressions = line.partition(": ")
        for expression in re.split(r" \|\s+", expressions):
            of_this = functools.partial(_told, expression)
            yield row("autograd.array", expression, of_this, TypeError, words)

    def put(w: Any) -> None:
        plain = np.zeros(2)
        plain[0] = w.x

    yield row(
        "autograd.array", "x[0] = value", put, TypeError, "dtype=object", "autograd.array"
    )
    given = [bad(x, TypeError, "array takes numbers and Values", repr(x)) for x in ("3", None)]
    given += [bad([1.0, 1j], TypeError, "1j"), bad([[1.0], [1.0, 2.0]], ValueError, "shape")]
    given += [bad([HUGE], OverflowError, "too large")]
    yield from each("autograd.array", given, lambda w, x: array(x))
    yield from algebra()
    yield from refusals(
        """
name | "interp" | lambda w: np.interp(array([1.0]), [1.0, 2.0], [1.0]) | ValueError | "interp"
name | "gradient" | lambda w: np.gradient(array([1.0])) | ValueError | "too small"
name | "places" | lambda w: np.gradient(array([1.0, 2.0]), [1.0]) | ValueError | "distances"
name | "quantile" | lambda w: np.quantile(array([1.0]), 2.0) | ValueError | "Quantiles"
name | "a part" | lambda w: array([1.0]).data.T.__setitem__(0, 1.0) | ValueError |
    "write x.data[…] = …"
name | "spacings" | lambda w: np.gradient(array([1.0, 2.0]), 1.0, 2.0) | TypeError |
    "number of arguments"
""",
        {**globals(), "name": "autograd.array"},
    )


def algebra() -> Iterator[Row]:
    """`autograd.linalg`."""
    for name in ("solve", "inv", "det", "slogdet", "cholesky"):
        more = [[1.0, 2.0]] if name == "solve" else []
        f = functools.partial(lambda f, more, w, a: f(a, *more), getattr(linalg, name), more)
        given = bads_of(
            """
1.0 | LinAlgError | f"{name} takes a square matrix" | "()"
[[1.0, 2.0]] | LinAlgError | f"{name} takes a square matrix" | "(1, 2)"
[[1.0, "x"], [1.0, 2.0]] | TypeError | f"{name} takes numbers and Values" | "'x'"
""",
            {"LinAlgError": LinAlgError, "name": name},
        )
        yield from each(f"autograd.linalg.{name}", given, f)
    yield from refusals(
        """
"autograd.linalg.solve" | "singular" |
    lambda w: linalg.solve([[Value(1.0), 2.0], [2.0, 4.0]], [1.0, 2.0]) | LinAlgError |
    "singular, column 1 depends" | "add something"
"autograd.linalg.inv" | "singular" | lambda w: linalg.inv([[Value(1.0), 2.0], [2.0, 4.0]]) |
    LinAlgError | "add something"
"autograd.linalg.solve" | "b" | lambda w: linalg.solve([[1.0]], [1.0, 2.0]) | ValueError |
    "takes b of shape (1,)"
"autograd.linalg.cholesky" | "-1" | lambda w: linalg.cholesky([[-1.0]]) | LinAlgError |
    "positive definite"
""",
        globals(),
    )
    orders = bads(ValueError, "nuc", 2, words=("norm: ord=", "of axes"))
    yield from each("autograd.linalg.norm", orders, lambda w, o: linalg.norm([[w.x]], o))
