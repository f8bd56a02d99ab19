"""Curves fitted to data by least squares, with the exact Jacobian.

Levenberg and Marquardt's method: Gauss-Newton steps that are damped where the sum of squares
does not follow them. Each column of the Jacobian is scaled by its length (Moré, 1978), the
damping follows Nielsen (1999), and a second-order correction lets steps follow bent valleys
(geodesic acceleration: Transtrum & Sethna, 2012). At the end plain Gauss-Newton steps, by QR,
go on as long as they get shorter. The fit is good where what they still change is small beside
the noise (Bates & Watts, "A relative offset orthogonality convergence criterion", 1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.program.compiled import Compiled
from autograd.program.ir.arrays import Array, np
from autograd.transforms import value_and_jacobian
from autograd.trees import as_rows, flatten

__all__ = ["Fit", "curve_fit"]

STEPS = 1000
ATTEMPTS = ((0.1, True), (0.1, False))  # damping at the start, whether steps are bent
BENT = 0.75  # how much at most, relative to the step
AHEAD = 0.1  # of a step: where the curvature along it is looked at
FLAT = 1e-14  # a relative change of the sum of squares that rounding could make
MISSES = 8  # Gauss-Newton steps in a row that are not shorter
SHORT = 1e-13  # a Gauss-Newton step, relative to the residuals, that rounding could make
OFFSET = 1e-3  # what a fit may still change, relative to the noise
DOMAIN = (ValueError, ArithmeticError)  # what f raises where it is not defined


class Fit(NamedTuple):
    """What `curve_fit` found: `estimate, covariance = curve_fit(…)`.

    Attributes:
        estimate: the parameters.
        covariance: that of the estimate.
    """

    estimate: Array
    covariance: Array

    @property
    def standard_errors(self) -> Array:
        """The standard error of each parameter: the roots of the diagonal."""
        found: Array = np.sqrt(np.diag(self.covariance))
        return found


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
            and the covariance is scaled by the residuals found.

    Returns:
        The estimate and its covariance, as arrays. As many parameters as data leave no
        residuals to scale by: the covariance is infinite, but with `absolute_sigma`.

    Raises:
        RuntimeError: there is no convergence, or the data do not determine a parameter.
        TypeError, ValueError: an argument is not numeric or not finite; f gives another number
            of numbers than y has; there are fewer data than parameters.
        ImportError: NumPy is missing.
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
    problem, failure = _Problem(f, x, y, p0, sigma), None
    for tau, bends in ATTEMPTS:  # another one where the first leaves what is determined
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused
                found = problem.descended(tau, bends).polished()
                covariance = found.inverse()
        except _FitError as error:
            failure = error
        else:
            if not absolute_sigma:
                left = len(found.residuals) - len(found.p)
                covariance = covariance * (found.size**2 / left if left else math.inf)
            return Fit(found.p, covariance)
    raise RuntimeError(f"curve_fit: {failure}")


class _FitError(Exception):
    """Why an attempt has no result."""


class _State:
    """Residuals and Jacobian at p."""

    def __init__(self, problem: _Problem, p: Array) -> None:
        self.problem, self.p = problem, p
        self.residuals, self.jacobian = problem.at(p)
        self.size = float(np.linalg.norm(self.residuals))
        self.scale = _lengths(self.jacobian)

    def gauss_newton(self) -> Array:
        """The step to the minimum of the linear model, times the scale."""
        q, r = np.linalg.qr(self.jacobian / self.scale)
        self.determined(r)
        step: Array = -np.linalg.solve(r, q.T @ self.residuals)
        return step

    def determined(self, r: Array) -> None:
        """Raise if the scaled Jacobian, of which this is the triangle, is singular."""
        _, s, vt = np.linalg.svd(r)
        if s[-1] <= len(self.residuals) * 2.0**-52 * s[0]:
            k = int(np.argmax(abs(vt[-1])))
            raise _FitError(
                f"the data do not determine parameter {k} (counted from 0) at {self}; leave it "
                "out, fix it, or start elsewhere"
            )

    def polished(self) -> _State:
        """Where Gauss-Newton steps lead that get shorter; it must be a minimum."""
        here, best, shortest, misses = self, self, math.inf, 0
        while misses < MISSES:
            step = here.gauss_newton()
            length = float(np.linalg.norm(step))
            misses += 1
            if length < 0.95 * shortest:
                best, shortest, misses = here, length, 0
            if length <= SHORT * here.size or here.size > 2.0 * best.size:
                break
            try:
                here = _State(self.problem, here.p + step / here.scale)
            except DOMAIN:
                break
        tiny = all(abs(best.gauss_newton() / best.scale) <= 1e-8 * abs(best.p))
        if not tiny and shortest > OFFSET * best.size:
            raise _FitError(f"no convergence in {STEPS} steps: at {self}; start elsewhere")
        return best

    def inverse(self) -> Array:
        """(JᵀJ)⁻¹."""
        r = np.linalg.inv(np.linalg.qr(self.jacobian / self.scale)[1])
        found: Array = (r @ r.T) / np.outer(self.scale, self.scale)
        return found

    def __str__(self) -> str:
        return f"{self.p.tolist()}, where the sum of squares is {self.size**2:.6g}"


class _Problem:
    """What is fitted to what."""

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
        self.places = tuple(range(1, len(self.p0) + 1))

    def residuals(self, p: Array) -> Array:
        """(f(x, p) - y) / σ."""
        return self.weighted(self.f(self.x, *p.tolist()))

    def weighted(self, values: Any) -> Array:
        found = as_rows(values)
        if isinstance(found, np.ndarray) and found.dtype == float:
            found = found.ravel()
        else:
            found = np.array(flatten(found, "curve_fit: the result of f")[0], float)
        if len(found) != len(self.y):
            raise ValueError(
                f"curve_fit: f gives {len(found)} number(s) for the {len(self.y)} of y"
            )
        return (found - self.y) / self.sigma

    def at(self, p: Array) -> tuple[Array, Array]:
        """The residuals and their Jacobian, which are finite."""
        f, args = self.f, (self.x, *p.tolist())
        if isinstance(f, Compiled):
            values, slopes = f(*args), f.jacobian(*args, argnums=self.places)
        else:
            values, slopes = value_and_jacobian(f, self.places)(*args)
        jacobian = np.stack([np.asarray(d, float).reshape(-1) for d in slopes], 1)
        found = self.weighted(values), (jacobian.T / self.sigma).T
        if not all(np.isfinite(part).all() for part in found):
            raise ValueError(
                f"curve_fit: f or its derivatives are not finite at {p.tolist()}; "
                "start elsewhere"
            )
        return found

    def descended(self, tau: float, bends: bool) -> _State:
        """Where damped steps lead."""
        here = _State(self, self.p0)
        scale = here.scale
        q, u, s, vt = _factors(here.jacobian / scale)
        damping, growth = tau * float(s[0]) ** 2, 2.0
        for _ in range(STEPS):
            pull = u.T @ (q.T @ here.residuals)
            share = s / (s * s + damping)
            step = -(vt.T @ (share * pull)) / scale
            model = 0.5 * float(np.sum(pull**2 * (1.0 - (damping / (s * s + damping)) ** 2)))
            new, gain = None, 0.0
            try:
                if bends:
                    ahead = (self.residuals(here.p + AHEAD * step) - here.residuals) / AHEAD
                    curvature = (ahead - here.jacobian @ step) * 2.0 / AHEAD
                    bend = -0.5 * (vt.T @ (share * (u.T @ (q.T @ curvature)))) / scale
                    if not _norm(bend * scale) <= 0.5 * BENT * _norm(step * scale):
                        raise ArithmeticError("too bent for such a step")
                    step = step + bend
                size = _norm(self.residuals(here.p + step))
                gain = 0.5 * (here.size - size) * (here.size + size)
                if gain > 1e-4 * model:
                    new = _State(self, here.p + step)
            except DOMAIN:  # a shorter step stays where f is defined
                pass
            if new is not None:
                share = max(1 / 3, 1.0 - (2.0 * gain / model - 1.0) ** 3)
                here, damping, growth = new, max(damping * share, 1e-14), 2.0
                scale = np.maximum(0.5 * scale, here.scale)
                q, u, s, vt = _factors(here.jacobian / scale)
            else:
                damping, growth = damping * growth, growth * 2.0
            still = bool(np.all(abs(step) <= 2.0**-51 * abs(here.p)))
            if (
                still
                or (new is not None and 2.0 * model <= FLAT * here.size**2)
                or damping > 1e60
            ):
                break
        return here


def _factors(jacobian: Array) -> tuple[Array, Array, Array, Array]:
    """Q, U, s and Vᵀ of the product Q U diag(s) Vᵀ."""
    q, r = np.linalg.qr(jacobian)
    u, s, vt = np.linalg.svd(r)
    return q, u, s, vt


def _norm(x: Array) -> float:
    return float(np.linalg.norm(x))


def _lengths(jacobian: Array) -> Array:
    """Those of the columns, 1 of one that is zero."""
    found = np.linalg.norm(jacobian, axis=0)
    return np.where(found == 0.0, 1.0, found)


def _numbers(given: Any, name: str, finite: bool = True) -> Array:
    """As a flat array of finite numbers; x keeps its shape."""
    leaves, _ = flatten(given, f"curve_fit: {name}")
    found = np.asarray(given, float) if not finite else np.array(leaves, float)
    if finite and not np.isfinite(found).all():
        k = int(np.argmin(np.isfinite(found)))
        raise ValueError(f"curve_fit: {name} must be finite, got {found[k]} at place {k}")
    return found
