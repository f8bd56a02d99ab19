"""Curves fitted to data by SciPy's least squares, with the exact Jacobian.

SciPy's trust-region method leads to the minimum. Plain Gauss-Newton steps give the
digits that a test of the sum of squares cannot see; they go on as long as they get shorter. The
fit is good where what they still change is small beside the noise (Bates & Watts, "A relative
offset orthogonality convergence criterion", 1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from autograd.program.compile import Compiled
from autograd.program.ir.arrays import Array, np
from autograd.transforms import value_and_jacobian
from autograd.trees import as_rows, flatten

__all__ = ["Fit", "curve_fit"]

EVALUATIONS = 1000
TOLERANCE = 1e-15  # SciPy's, of the sum of squares, the step and the gradient
OFFSET = 1e-3  # the change that a fit may still make, relative to the noise
TINY = 1e-8  # the same, relative to each parameter
DOMAIN = (ValueError, ArithmeticError)  # what f raises where it is not defined


class Fit(NamedTuple):
    """The result of `curve_fit`: `estimate, covariance = curve_fit(…)`.

    Attributes:
        estimate: the parameters.
        covariance: that of the estimate.
    """

    estimate: Array
    covariance: Array

    @property
    def standard_errors(self) -> Array:
        """The standard error of each parameter: the roots of the diagonal."""
        deviations: Array = np.sqrt(np.diag(self.covariance))
        return deviations


def curve_fit(
    f: Callable[..., Any],
    x: Any,
    y: Any,
    p0: Any,
    sigma: Any = None,
    absolute_sigma: bool = False,
) -> Fit:
    """The parameters for which f(x, *parameters) is nearest to y, by least squares.

    Args:
        f: written with NumPy for all of x at once, as for SciPy; or a compiled function, such
            as `compile(f, in_axes=(0, None, None))`, which is written for one x.
        x: what f takes; a list becomes an array.
        y: n numbers.
        p0: where to begin: a list or array of the parameters, or a single number.
        sigma: the standard deviation of each y, or of all; all alike if None.
        absolute_sigma: whether sigma holds in its own units. If not, only its proportions do,
            and the covariance is scaled by the residuals at the minimum.

    Returns:
        The estimate and its covariance, as arrays. As many parameters as data leave no
        residuals to scale by: the covariance is infinite, but with `absolute_sigma`.

    Raises:
        RuntimeError: there is no convergence, or the data do not determine a parameter.
        TypeError, ValueError: an argument is not numeric or not finite; f gives another number
            of numbers than y has; there are fewer data than parameters.
        ImportError: NumPy or SciPy is missing.
        Whatever f raises at p0.

    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, [2.0, 1.3, 0.7, 0.5], [1.0, 1.0])
    >>> fit.estimate.round(4), fit.standard_errors.round(4)
    (array([2.0143, 0.4817]), array([0.0627, 0.0324]))
    """
    if not callable(f):
        raise TypeError(f"curve_fit takes a function, got {f!r:.80}")
    if not isinstance(absolute_sigma, bool):
        raise TypeError(
            f"curve_fit: absolute_sigma must be True or False, got {absolute_sigma!r:.80}"
        )
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise ImportError("curve_fit needs SciPy: pip install 'scalar-autograd[fit]'") from None
    problem = _Problem(f, x, y, p0, sigma)
    with np.errstate(all="ignore"):  # numbers that are not finite are refused
        problem.at(tuple(problem.p0.tolist()))
        options: Any = dict.fromkeys(["xtol", "ftol", "gtol"], TOLERANCE)
        options |= {"jac": problem.jacobian, "x_scale": "jac", "max_nfev": EVALUATIONS}
        solution = least_squares(problem.residuals, problem.p0, **options)
        minimum = _polished(problem, solution.x)
    covariance = minimum.root @ minimum.root.T
    if not absolute_sigma:
        freedom = len(problem.y) - len(problem.p0)
        covariance = covariance * (minimum.size**2 / freedom if freedom else math.inf)
    return Fit(minimum.p, covariance)


class _Problem:
    """The residuals of f and their Jacobian, as functions of the parameters."""

    def __init__(self, f: Callable[..., Any], x: Any, y: Any, p0: Any, sigma: Any) -> None:
        self.f = f
        self.x = _numbers(x, "x", finite=False) if isinstance(x, list | tuple) else as_rows(x)
        self.y = _numbers(y, "y")
        self.p0 = _numbers(p0, "p0")
        if len(self.y) < len(self.p0):
            raise ValueError(
                f"curve_fit: {len(self.y)} data are too few for {len(self.p0)} parameters"
            )
        self.sigma = 1.0 if sigma is None else _numbers(sigma, "sigma")
        if sigma is not None:
            if np.size(self.sigma) not in (1, len(self.y)):
                raise ValueError(
                    f"curve_fit: sigma must be a number, or {len(self.y)} as y has, got "
                    f"{np.size(self.sigma)}"
                )
            if not np.all(self.sigma > 0.0):
                raise ValueError(f"curve_fit: sigma must be positive, got {sigma!r:.80}")
        self.at = lru_cache(maxsize=1)(self._at)  # SciPy asks for both parts at each point

    def residuals(self, p: Array) -> Array:
        """(f(x, p) - y) / σ; infinite where f is not defined, which SciPy steps back from."""
        try:
            return self.at(tuple(p.tolist()))[0]
        except DOMAIN:
            return np.full(len(self.y), math.inf)

    def jacobian(self, p: Array) -> Array:
        return self.at(tuple(p.tolist()))[1]

    def _at(self, p: tuple[float, ...]) -> tuple[Array, Array]:
        """The residuals and their Jacobian, which are finite."""
        f, args, places = self.f, (self.x, *p), tuple(range(1, len(p) + 1))
        if isinstance(f, Compiled):
            values, slopes = f(*args), f.jacobian(*args, argnums=places)
        else:
            values, slopes = value_and_jacobian(f, places)(*args)
        numbers = np.array(flatten(as_rows(values), "curve_fit: the result of f")[0], float)
        if len(numbers) != len(self.y):
            raise ValueError(
                f"curve_fit: f gives {len(numbers)} number(s) for the {len(self.y)} of y"
            )
        jacobian = np.stack([np.asarray(d, float).reshape(-1) for d in slopes], 1)
        parts = (numbers - self.y) / self.sigma, (jacobian.T / self.sigma).T
        if not all(np.isfinite(part).all() for part in parts):
            raise ValueError(
                f"curve_fit: f or its derivatives are not finite at {[*p]}; start elsewhere"
            )
        return parts


class _Linear:
    """The linear model at p: the residuals, and the singular values of their Jacobian."""

    def __init__(self, problem: _Problem, p: Array) -> None:
        self.p = p
        residuals, jacobian = problem.at(tuple(p.tolist()))
        self.size = float(np.linalg.norm(residuals))
        lengths = np.linalg.norm(jacobian, axis=0)
        scale = np.where(lengths == 0.0, 1.0, lengths)
        u, s, vt = np.linalg.svd(jacobian / scale, full_matrices=False)
        if s[-1] <= len(residuals) * 2.0**-52 * s[0]:
            k = int(np.argmax(abs(vt[-1])))
            raise RuntimeError(
                f"curve_fit: the data do not determine parameter {k} (counted from 0) at "
                f"{self}; leave it out, fix it, or start elsewhere"
            )
        self.root = (vt.T / s) / scale[:, None]  # of the inverse of JᵀJ
        self.step = self.root @ (u.T @ residuals)
        self.length = float(np.linalg.norm(self.step * scale))

    def __str__(self) -> str:
        return f"{self.p.tolist()}, where the sum of squares is {self.size**2:.6g}"


def _polished(problem: _Problem, p: Array) -> _Linear:
    """The minimum to which Gauss-Newton steps lead that get shorter."""
    best = new = _Linear(problem, p)
    while new is best or new.length < best.length:
        best = new
        try:
            new = _Linear(problem, best.p - best.step)
        except DOMAIN:
            break
    is_tiny = bool(np.all(abs(best.step) <= TINY * abs(best.p)))
    if not is_tiny and best.length > OFFSET * best.size:
        raise RuntimeError(f"curve_fit: no convergence: at {best}; start elsewhere")
    return best


def _numbers(given: Any, name: str, finite: bool = True) -> Array:
    """Return a flat array of finite numbers; x keeps its shape."""
    leaves, _ = flatten(given, f"curve_fit: {name}")
    numbers = np.asarray(given, float) if not finite else np.array(leaves, float)
    if finite and not np.isfinite(numbers).all():
        k = int(np.argmin(np.isfinite(numbers)))
        raise ValueError(f"curve_fit: {name} must be finite, got {numbers[k]} at place {k}")
    return numbers
