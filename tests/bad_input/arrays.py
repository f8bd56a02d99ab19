"""Mistakes with arrays of Values, and what NumPy and others can't compute with them."""

import functools
import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from numpy.linalg import LinAlgError
from scipy import integrate, interpolate, special, stats

import autograd
from autograd import Value, array, linalg
from tests.bad_input.rows import *

PLOT = "for a plot or a log"
CAST, WHOLE, SOLVE = "dtype=object", "int(x)", "autograd.linalg.solve"
EIGEN, COUNTS = "a.data", "it counts"
TOLD: dict[str, str] = {
    "np.i0(x)": "autograd.primitive",
    "np.frexp(x)": PLOT,
    "np.spacing(x)": PLOT,
    "np.nextafter(x,1.0)": PLOT,
    "np.savetxt('no/file',x)": PLOT,
    "np.save('no/file',x)": PLOT,
    "np.savez('no/file',x)": PLOT,
    "np.savez_compressed('no/file',x)": PLOT,
    "np.histogram(x)": COUNTS,
    "np.histogram2d(x,x)": COUNTS,
    "np.histogramdd(m)": COUNTS,
    "np.histogram_bin_edges(x)": COUNTS,
    "np.bincount(x)": COUNTS,
    "np.gcd(x,2)": WHOLE,
    "np.lcm(x,2)": WHOLE,
    "np.invert(x)": WHOLE,
    "np.bitwise_invert(x)": WHOLE,
    "np.bitwise_not(x)": WHOLE,
    "np.bitwise_and(x,1)": WHOLE,
    "np.bitwise_or(x,1)": WHOLE,
    "np.bitwise_xor(x,1)": WHOLE,
    "np.bitwise_count(x)": WHOLE,
    "np.left_shift(x,1)": WHOLE,
    "np.right_shift(x,1)": WHOLE,
    "np.bitwise_left_shift(x,1)": WHOLE,
    "np.bitwise_right_shift(x,1)": WHOLE,
    "np.packbits(x)": WHOLE,
    "np.unpackbits(x)": WHOLE,
    "np.unravel_index(x,(2,))": WHOLE,
    "np.ravel_multi_index((x,),(2,))": WHOLE,
    "np.linspace(0,1,x[0])": "int(n)",
    "np.polydiv(x,t)": "autograd.primitive",
    "np.isnat(x)": "dates",
    "np.roots(x)": "Newton",
    "np.polyfit(t,x,1)": SOLVE,
    "np.linalg.lstsq(m,x[:3])": SOLVE,
    "np.linalg.pinv(m)": SOLVE,
    "np.linalg.qr(m)": SOLVE,
    "np.linalg.tensorinv(m)": "autograd.linalg.inv",
    "np.linalg.tensorsolve(m,x)": SOLVE,
    **{
        f"np.linalg.{name}(m)": EIGEN
        for name in ("eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "cond")
    },
    "np.linalg.matrix_rank(m)": EIGEN,
    **{
        f"np.fft.{name}({'m' if name[-1] in '2n' else 'x'})": "np.cos and np.sin"
        for name in (
            *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"),
            *("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"),
        )
    },
    "np.geomspace(x[0],x[1],3)": "np.exp(np.linspace",
    "np.sort_complex(x)": "np.sort(x)",
    "np.astype(x,float)": CAST,
    "x.astype(float)": CAST,
    "np.asarray(x,dtype=float)": CAST,
    "np.array([x[0],1.0],dtype=float)": CAST,
    "np.fromiter(x,float)": CAST,
    "np.zeros(2).__setitem__(0,x[0])": PLOT,
    "np.add(t,x,out=np.zeros(4))": "instead of x += y",
    "np.float64(x[0])": PLOT,
    "np.arange(x[0],1.0,0.1)": "np.arange(n)",
    "math.sin(x)": "np.sin(x)",
    "np.log(np.array([x[0],1.0]))": "autograd.array instead of np.array",
    "np.interp(x,t,u,period=1.0)": "x % period",
    "np.max(x,where=x>0.5,out=x)": "takes axis",
}
MEAN = "np.mean(autograd.array(xs))"
BESIDE = {  # of math, statistics and scipy.special: x is an array, v a Value, vs a list of them
    **{f"math.{name}(v)": f"autograd.{name}" for name in ("sin", "exp", "lgamma", "erf")},
    "math.fsum(vs)": "autograd.fsum(xs)",
    "math.copysign(v,1.0)": "np.copysign(x, y)",
    "math.degrees(v)": "np.degrees(x)",
    "math.radians(v)": "np.radians(x)",
    "math.dist(vs,vs)": "autograd.hypot",
    "math.fabs(v)": "abs(x)",
    "math.fmod(v,2.0)": "np.fmod(x, y)",
    "math.frexp(v)": "math.frexp(x.data)",
    "math.gamma(v)": "autograd.lgamma",
    "math.isclose(v,1.0)": "abs(x - y) <=",
    "math.isfinite(v)": "np.isfinite(x)",
    "math.isinf(v)": "np.isinf(x)",
    "math.isnan(v)": "x != x",
    "math.ldexp(v,2)": "x * 2.0**n",
    "math.modf(v)": "np.modf(x)",
    "math.nextafter(v,2.0)": "math.nextafter(x.data, y)",
    "math.remainder(v,2.0)": "x - y * round(x / y)",
    "math.ulp(v)": "math.ulp(x.data)",
    "math.pow(v,2.0)": "autograd.pow",
    **{f"math.{name}(v)": WHOLE for name in ("factorial", "isqrt")},
    **{f"math.{name}(v,2)": WHOLE for name in ("comb", "gcd", "lcm", "perm")},
    "range(v)": WHOLE,
    "float(v)": PLOT,
    "complex(v)": PLOT,
    "statistics.mean(vs)": MEAN,
    "statistics.fmean(vs)": MEAN,
    "statistics.geometric_mean(vs)": "np.exp(np.mean(np.log",
    "statistics.harmonic_mean(vs)": "1.0 / np.mean",
    "statistics.median_grouped(vs)": "np.median",
    "statistics.pstdev(vs)": "np.std",
    "statistics.pvariance(vs)": "np.var",
    "statistics.stdev(vs)": "np.std(autograd.array(xs), ddof=1)",
    "statistics.variance(vs)": "np.var(autograd.array(xs), ddof=1)",
    "statistics.correlation(vs,vs)": "np.corrcoef",
    "statistics.covariance(vs,vs)": "np.cov",
    "statistics.linear_regression(vs,vs)": "np.cov(xs, ys)",
    "statistics.NormalDist(v,1.0)": "autograd.ndtr",
    "statistics.NormalDist().cdf(v)": "autograd.ndtr",
    "statistics.NormalDist().inv_cdf(v)": "autograd.ndtri",
    "statistics.NormalDist().pdf(v)": "autograd.exp",
    "special.jv(1,x)": "autograd.primitive",
    "integrate.quad(lambda t: v*t, 0.0, 1.0)": "np.trapezoid",
    "interpolate.CubicSpline([0, 1, 2, 3], x)": "np.interp",
    "stats.norm.logpdf(x)": "autograd.lgamma",
    "stats.norm.cdf(v)": "autograd.ndtr",
    "stats.poisson.pmf(2, v)": "autograd.lgamma",
    "integrate.odeint(lambda y, t: -v*y, 1.0, [0, 1])": "RK4",
    "np.random.default_rng(0).exponential(x)": "scale * draw",
    "np.random.default_rng(0).normal(x)": "mean + deviation * draw",
    "special.zeta(v,2.0)": "autograd.primitive",
    "special.logsumexp(x)": "autograd.logsumexp",
    "special.log_softmax(x)": "autograd.log_softmax",
    "special.polygamma(1,x)": "autograd.polygamma(x, n)",
}


def _told(expression: str, world: Any) -> Any:
    """What an expression gives where it is differentiated."""
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
    for expression, words in (TOLD | BESIDE).items():
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
    for name, call in {
        "interp": lambda w: np.interp(array([1.0]), [1.0, 2.0], [1.0]),
        "gradient": lambda w: np.gradient(array([1.0])),
        "places": lambda w: np.gradient(array([1.0, 2.0]), [1.0]),
        "quantile": lambda w: np.quantile(array([1.0]), 2.0),
    }.items():
        yield row("autograd.array", name, call, ValueError, ("interp", "gradient", "Quantiles"))
    spacings: Call = lambda w: np.gradient(array([1.0, 2.0]), 1.0, 2.0)
    yield row("autograd.array", "spacings", spacings, TypeError, "one spacing an axis")


def algebra() -> Iterator[Row]:
    """`autograd.linalg`."""
    functions: dict[str, Any] = {
        "solve": lambda a: linalg.solve(a, [1.0, 2.0]),
        "inv": linalg.inv,
        "det": linalg.det,
        "slogdet": linalg.slogdet,
        "cholesky": linalg.cholesky,
    }
    for name, f in functions.items():
        full = f"autograd.linalg.{name}"
        given = [
            bad(1.0, LinAlgError, f"{name} takes a square matrix", "()"),
            bad([[1.0, 2.0]], LinAlgError, f"{name} takes a square matrix", "(1, 2)"),
            bad([[1.0, "x"], [1.0, 2.0]], TypeError, f"{name} takes numbers and Values", "'x'"),
        ]
        yield from each(full, given, lambda w, a, f=f: f(a))
    singular = [[Value(1.0), 2.0], [2.0, 4.0]]
    for name in ("solve", "inv"):
        of_this = functools.partial(lambda f, w: f(singular), functions[name])
        yield row(f"autograd.linalg.{name}", "singular", of_this, LinAlgError, "add something")
    short: Call = lambda w: linalg.solve([[1.0]], [1.0, 2.0])
    yield row("autograd.linalg.solve", "b", short, ValueError, "takes b of shape (1,)")
    negative: Call = lambda w: linalg.cholesky([[-1.0]])
    yield row("autograd.linalg.cholesky", "-1", negative, LinAlgError, "positive definite")
    orders = bads(ValueError, "nuc", 2, words=("norm: ord=",))
    yield from each("autograd.linalg.norm", orders, lambda w, o: linalg.norm([[w.x]], o))
