"""Special functions: of statistics, and those that gamma distributions need.

They are made by `primitive` as anyone's are, so programs call them for each number. Where
their derivatives are functions of their own (`polygamma`, `mills`), those are
entries, too. Sources: Abramowitz & Stegun, "Handbook of Mathematical Functions", 6.3, 6.4,
23.1 and 26.2; Johansson, "Rigorous high-precision computation of the Hurwitz zeta function",
2015.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

from autograd.core.define import primitive
from autograd.core.functions import _listed, fsum
from autograd.core.operand import Operand, primal
from autograd.core.primitive import TABLE, Primitive
from autograd.core.table import (
    PER_ROOT_2PI,
    ROOT_HALF,
    TWO_PER_ROOT_PI,
    _tail,
    cos,
    exp_of_difference,
    expm1,
    gaussian,
    log,
    logsumexp,
    maximum,
    normal_cdf,
)

__all__ = ["beta", "betaln", "digamma", "erfinv", "lgamma", "log1mexp", "log_ndtr"]
__all__ += ["log_softmax", "logaddexp", "ndtr", "ndtri", "polygamma", "sinc", "softmax"]
__all__ += ["xlogy"]

HERE = f"{__name__}."
LOG_ROOT_2PI = 0.9189385332046728
FAR = 12.0  # from where on the asymptotic series have all digits
LEAST = -10_000.0  # sums have a term for each unit that x lies below FAR
# B₂ₖ, k = 1, 2, …
BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
BERNOULLI += [43867 / 798, -174611 / 330]

# ---------------------------------------------------------------- gamma functions


def _digamma(x: float) -> float:
    if x <= 0.0 and (x < LEAST or x == round(x)):
        raise ValueError
    terms = []
    while x < FAR:
        terms.append(-1.0 / x)
        x += 1.0
    if math.isinf(x):
        return x
    square = 1.0 / (x * x)
    powers = [b * square ** (k + 1) / (2 * k + 2) for k, b in enumerate(BERNOULLI)]
    return math.fsum([math.log(x), -0.5 / x, *[-p for p in powers], *terms])


def _polygamma(x: float, n: float) -> float:
    if n != int(n) or n < 0.0 or (x <= 0.0 and (x < LEAST or x == round(x))):
        raise ValueError
    if n > 170.0:  # n! is no float any more
        raise OverflowError
    if n == 0.0:
        return _digamma(x)
    if math.isinf(x):
        return 0.0
    return float((-1.0) ** (n + 1.0) * math.factorial(int(n)) * _zeta(int(n) + 1, x))


def _zeta(s: int, x: float) -> float:
    """Σ (x + k)^-s over k ≥ 0: by Euler and Maclaurin."""
    terms = []
    while x < FAR + s:
        terms.append(x**-s)
        x += 1.0
    factor = float(s)
    terms += [x ** (1 - s) / (s - 1), 0.5 * x**-s]
    for k, b in enumerate(BERNOULLI):
        terms.append(b * factor * x ** (-s - 2 * k - 1) / math.factorial(2 * k + 2))
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2)
    return math.fsum(terms)


NOT_WHOLE = "x not 0, -1, -2, …"
WITHIN = f"{NOT_WHOLE}, and x ≥ -10,000"
# fmt: off
polygamma: Primitive = primitive(HERE + "polygamma", _polygamma,
    lambda out, x, n: polygamma(x, n + 1.0), lambda out, x, n: math.nan,
    domain=f"{WITHIN}, and n = 0, 1, 2, …", latex=r"\psi^{{({1})}}\left({0}\right)",
    doc="The n-th derivative of digamma at x, as polygamma(x, n).\n\n"
        "To 1e-15 for x > 0; with fewer digits near its zeros below 0.\n\n"
        ">>> round(polygamma(1.0, 1.0), 12)\n1.644934066848")
digamma = primitive(HERE + "digamma", _digamma, lambda out, x: polygamma(x, 1.0),
    domain=WITHIN, latex=r"\psi\left({0}\right)",
    doc="The derivative of lgamma; to 4 ulp of the larger of |digamma(x)| and 1 for x > 0.\n\n"
        ">>> round(digamma(1.0), 12)\n-0.577215664902")
lgamma = primitive(HERE + "lgamma", math.lgamma,
    lambda out, x: digamma(x) if x > -math.inf else math.nan,
    domain=NOT_WHOLE, latex=r"\ln \left|\Gamma\left({0}\right)\right|",
    doc="The logarithm of |Γ(x)|, by `math.lgamma`.\n\n>>> lgamma(1.0)\n0.0")
# fmt: on


def betaln(a: Operand, b: Operand) -> Any:
    """The logarithm of the beta function, lgamma(a) + lgamma(b) - lgamma(a + b).

    The difference loses the digits that its terms have in common.

    >>> betaln(1.0, 1.0)
    0.0
    """
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta(a: Operand, b: Operand) -> Any:
    """The beta function Γ(a) Γ(b) / Γ(a + b), for a and b > 0; accuracy as of `betaln`.

    >>> beta(1.0, 1.0)
    1.0
    """
    return TABLE["exp"](betaln(a, b))


# ---------------------------------------------------------------- the normal distribution


def _normal_quantile(p: float) -> float:
    from statistics import NormalDist  # which takes long to import

    return NormalDist().inv_cdf(p)


def _erfinv(x: float) -> float:
    size = abs(x)
    if size >= 1.0:
        raise ValueError
    y = -_normal_quantile(0.5 - 0.5 * size) * ROOT_HALF
    for _ in range(2):  # of Halley's steps, since the half rounds a small size
        rest = 1.0 - size - math.erfc(y) if size > 0.5 else math.erf(y) - size
        step = rest / (TWO_PER_ROOT_PI * math.exp(-y * y))
        y -= step / (1.0 + y * step)
    return math.copysign(y, x)


def _ndtri(p: float) -> float:
    if not 0.0 < p < 1.0:
        raise ValueError
    if 0.25 <= p <= 0.75:
        return _erfinv(2.0 * p - 1.0) / ROOT_HALF
    low = min(p, 1.0 - p)
    y = _normal_quantile(low)
    y -= (_log_ndtr(y) - math.log(low)) / _mills(y)  # Newton's step
    return -y if p > 0.5 else y


def _log_ndtr(x: float) -> float:
    if x > 0.0:
        return math.log1p(-normal_cdf(-x))
    if x > -37.0:
        return math.log(normal_cdf(x))
    return -0.5 * x * x - math.log(-x) - LOG_ROOT_2PI + math.log(_tail(x))


def _mills(x: float) -> float:
    if x > -37.0:
        return PER_ROOT_2PI * gaussian(x, 0.5) / normal_cdf(x)
    return -x / _tail(x)


def _mills_slope(out: Operand, x: Operand) -> Any:
    if x > -37.0:
        return -out * (x + out)
    r, series = 1.0 / x / x, 1.0  # of x + out, whose digits cancel
    for odd in (13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = 1.0 - odd * r * series
    return out * x * r * series / (1.0 - r * series)


# fmt: off
erfinv = primitive(HERE + "erfinv", _erfinv,
    lambda out, x: 1.0 / (TWO_PER_ROOT_PI * gaussian(out, 1.0)),
    domain="-1 < x < 1", latex=r"\operatorname{{erf}}^{{-1}}\left({0}\right)",
    doc="The inverse of erf.\n\n>>> erfinv(0.0)\n0.0")
ndtri = primitive(HERE + "ndtri", _ndtri,
    lambda out, p: 1.0 / (PER_ROOT_2PI * gaussian(out, 0.5)),
    domain="0 < p < 1", latex=r"\Phi^{{-1}}\left({0}\right)",
    doc="The inverse of ndtr: the quantile of the normal distribution.\n\n>>> ndtri(0.5)\n0.0")
mills = primitive(HERE + "mills", _mills, _mills_slope,
    latex=r"\frac{{\varphi}}{{\Phi}}\left({0}\right)")
log_ndtr = primitive(HERE + "log_ndtr", _log_ndtr, lambda out, x: mills(x),
    latex=r"\ln \Phi\left({0}\right)",
    doc="The logarithm of ndtr, without underflow; far below 0 its third derivative and those\n"
        "that follow lose digits.\n\n>>> log_ndtr(0.0)\n-0.6931471805599453")
# fmt: on


def ndtr(x: Operand) -> Any:
    """The normal distribution function Φ(x), the integral of its density up to x.

    >>> ndtr(0.0)
    0.5
    """
    return normal_cdf(x)


# ---------------------------------------------------------------- logarithms and the rest


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y >= 0.0 else x * math.log(y)


def _log1mexp(x: float) -> float:
    if x <= 0.0:
        raise ValueError
    return math.log(-math.expm1(-x)) if x < 0.7 else math.log1p(-math.exp(-x))


def _sinc(x: float) -> float:
    if not math.isfinite(x):
        raise ValueError
    if x == 0.0:
        return 1.0
    whole = round(x)
    return (-1.0) ** whole * math.sin(math.pi * (x - whole)) / (math.pi * x)


def _sinc_slope(out: Any, x: Any) -> Any:
    if operator.abs(primal(x)) > 0.5:
        return (cos(math.pi * x) - out) / x
    slope, square = 0.0, x * x
    for coefficient in SINC:
        slope = slope * square + coefficient
    return slope * x


# The series of d/dx sin(πx) / (πx), from x²³ down to x.
SINC = [
    2 * k * (-1.0) ** k * math.pi ** (2 * k) / math.factorial(2 * k + 1)
    for k in range(12, 0, -1)
]
# fmt: off
xlogy = primitive(HERE + "xlogy", _xlogy, lambda out, x, y: log(y) if y > 0.0 else 0.0,
    lambda out, x, y: x / y if y > 0.0 else 0.0,
    domain="y > 0, or x = 0 and y = 0", kink="both partials 0 at y = 0",
    latex=r"{0} \ln\left({1}\right)",
    doc="x · log(y), which is 0 at x = 0, y = 0 too.\n\n>>> xlogy(0.0, 0.0)\n0.0")
log1mexp = primitive(HERE + "log1mexp", _log1mexp,
    lambda out, x: 1.0 / expm1(x) if x < 1.0 else exp_of_difference(-x, out),
    domain="x > 0", latex=r"\ln\left(1 - e^{{-{0}}}\right)",
    doc="log(1 - exp(-x)), accurate near 0 and far from it (Mächler 2012).\n\n"
        ">>> log1mexp(50.0)\n-1.9287498479639178e-22")
sinc = primitive(HERE + "sinc", _sinc, _sinc_slope, domain="x finite",
    latex=r"\operatorname{{sinc}}\left({0}\right)",
    doc="sin(πx) / (πx), and 1 at 0, as NumPy's; to 4 ulp, and to 1e-15 its derivative.\n\n"
        ">>> sinc(0.0)\n1.0")
# fmt: on


def logaddexp(x: Operand, y: Operand) -> Any:
    """log(exp(x) + exp(y)), without overflow: `logsumexp` of two.

    >>> logaddexp(1000.0, 1000.0) == 1000.0 + log(2.0)
    True
    """
    return logsumexp(x, y)


def log_softmax(xs: Iterable[Operand]) -> Any:
    """x - logsumexp(xs) for each x of a list or an array of one axis, without overflow.

    >>> log_softmax([0.0, 100.0])
    [-100.0, -3.720075976020836e-44]
    """
    given, xs = xs, _listed(xs, "log_softmax")
    largest = maximum(*xs)
    below = [x - largest for x in xs]
    total = logsumexp(below)
    return _like(given, [x - total for x in below])


def softmax(xs: Iterable[Operand]) -> Any:
    """exp(x) / Σ exp(xs) for each x of a list or an array of one axis, without overflow.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    given, xs = xs, _listed(xs, "softmax")
    largest = maximum(*xs)
    powers = [exp_of_difference(x, largest) for x in xs]
    total = fsum(powers)
    return _like(given, [power / total for power in powers])


def _like(given: Any, numbers: list[Any]) -> Any:
    """An array where one was given."""
    if not hasattr(given, "shape"):
        return numbers
    result = given * 1.0
    result[:] = numbers
    return result
