"""NumPy's functions on Values and on arrays of them, as tables.

Functions of one number are those of Values (`UFUNCS`); what NumPy does with floats only is
written here and in `linalg` (`FUNCTIONS`). For the rest an error says what to write instead.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autograd import linalg
from autograd.core import special
from autograd.core.functions import where
from autograd.core.hints import DEFINE, HINTS, NUMBERS, refusal
from autograd.core.operand import real
from autograd.core.operations import NUMPY
from autograd.core.primitive import TABLE
from autograd.core.value import Value
from autograd.value_array import ValueArray, array, as_objects, bare, of_rows, wrapped

__all__ = ["FUNCTIONS", "UFUNCS", "apply_function", "apply_ufunc"]

# ---------------------------------------------------------------- functions of one number


def _floor(x: Any) -> Any:
    return x // 1.0


def _ceil(x: Any) -> Any:
    return -(-x // 1.0)


def _trunc(x: Any) -> Any:
    return where(x < 0.0, _ceil(x), _floor(x))


def _rint(x: Any) -> Any:
    low = x // 1.0
    rest = x - low
    up = where(rest > 0.5, 1.0, where(rest < 0.5, 0.0, low % 2.0))
    return low + up


def _fmod(x: Any, y: Any) -> Any:
    rest = abs(x) % abs(y)
    return where(x < 0.0, -rest, rest)


def _is_negative(x: Any) -> Any:
    return x < 0.0 or (x == 0.0 and TABLE["atan2"](x, -1.0) < 0.0)


def _ignoring_nan(best: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: y if x != x else x if y != y else best(x, y)


BY_NUMPY: Any = np  # whose functions have an `_implementation`
RADIAN = math.pi / 180.0
LN2 = math.log(2.0)
# NumPy's functions of numbers, by their names there: on Values and floats.
UFUNCS: dict[str, Callable[..., Any]] = {
    **{theirs: TABLE[ours] for theirs, ours in NUMPY.items()},
    **dict.fromkeys(["deg2rad", "radians"], lambda x: x * RADIAN),
    **dict.fromkeys(["rad2deg", "degrees"], lambda x: x * (180.0 / math.pi)),
    "divmod": divmod,
    "floor": _floor,
    "ceil": _ceil,
    "trunc": _trunc,
    "rint": _rint,
    "modf": lambda x: (x - (whole := _trunc(x)), whole),
    "fmod": _fmod,
    "copysign": lambda x, y: where(_is_negative(y), -abs(x), abs(x)),
    "fmax": _ignoring_nan(TABLE["maximum"]),
    "fmin": _ignoring_nan(TABLE["minimum"]),
    "heaviside": lambda x, h: where(x < 0.0, 0.0, where(x > 0.0, 1.0, h)),
    "logaddexp2": lambda x, y: TABLE["logsumexp"](x * LN2, y * LN2) / LN2,
    "ldexp": lambda x, n: x * 2.0**n,
    # of scipy.special
    "expit": TABLE["sigmoid"],
    "log_expit": lambda x: -TABLE["softplus"](-x),
    "logit": lambda x: TABLE["log"](x) - TABLE["log1p"](-x),
    **dict.fromkeys(["gammaln", "loggamma"], special.lgamma),
    "gamma": lambda x: (
        TABLE["exp"](special.lgamma(x)) * where(x < 0.0, 1.0 - x // 1.0 % 2.0 * 2.0, 1.0)
    ),
    "psi": special.digamma,
    "erfcinv": lambda x: special.ndtri(0.5 * x) * -math.sqrt(0.5),
    "xlog1py": lambda x, y: x * TABLE["log1p"](y),
    "entr": lambda x: -special.xlogy(x, x),
    "rel_entr": lambda x, y: special.xlogy(x, x / y),
    **{
        name: getattr(special, name)
        for name in ("erfinv", "ndtr", "ndtri", "log_ndtr", "xlogy", "beta", "betaln")
    },
}
QUESTIONS: dict[str, Callable[[Any], Any]] = {  # whose answers are bools
    "isnan": lambda x: x != x,
    "isinf": lambda x: abs(x) == math.inf,
    "isfinite": lambda x: abs(x) < math.inf,
    "signbit": _is_negative,
}
LOGICAL = ("logical_and", "logical_or", "logical_xor", "logical_not")
# Comparisons, as Python asks the operand on the right.
REFLECTED: dict[str, Callable[..., Any]] = {
    "less": operator.gt,
    "less_equal": operator.ge,
    "equal": operator.eq,
    "greater": operator.lt,
    "greater_equal": operator.le,
    "not_equal": operator.ne,
}
NATIVE = {  # that NumPy computes on objects by their own operators
    *("add", "subtract", "multiply", "divide", "negative", "positive", "power", "conjugate"),
    *("matmul", "vecdot", "matvec", "vecmat", *REFLECTED, *LOGICAL),
}
OPERATORS: dict[str, Callable[..., Any]] = {  # of those, for numbers
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "power": operator.pow,
}
DIRECT = NATIVE - {*LOGICAL}
SINGLE = {float, int, Value}
STARTS = {"add": 0.0, "multiply": 1.0}  # of sums over chosen elements
ANSWERS = {*QUESTIONS, *REFLECTED, *LOGICAL}
OF_MANY = ("maximum", "minimum", "logaddexp", "hypot")  # a row's is one node


def apply_ufunc(ufunc: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """A universal function of NumPy, where a Value or an array of them is an operand."""
    name, outs = ufunc.__name__, options.get("out", ())
    if any(type(x) is Value for x in outs):
        return NotImplemented
    native, rule, by_element = _plan(ufunc)
    if rule is None and not native:
        raise TypeError(refusal(name, HINTS["called"].get(name, DEFINE)))
    if method == "__call__" and not options:
        if any(map(_has_axes, inputs)):
            if name in DIRECT:
                return wrapped(ufunc(*map(bare, inputs)))
        elif name in REFLECTED:
            return np.bool_(REFLECTED[name](*_elements(inputs, "O")[::-1]))
        elif rule is not None:
            operands = _elements(inputs)
            if not native or {*map(type, operands)} <= SINGLE:
                return rule(*operands)
    if method == "reduce" and name in OF_MANY:
        return wrapped(of_rows(rule, name, *map(bare, inputs), **options))
    if method == "reduce" and name in STARTS and options.get("where", True) is not True:
        options.setdefault("initial", STARTS[name])
    if name in LOGICAL:
        inputs = [np.not_equal(x, 0.0) for x in inputs]
    for out in outs:
        if out is not None and out.dtype != object and name not in ANSWERS:
            raise TypeError(
                f"np.{name}: an array of {out.dtype} can't hold Values; write x = x + y "
                f"instead of x += y, or make it with dtype=object; {NUMBERS}"
            )
    if outs:
        options |= {"out": tuple(map(bare, outs)), "casting": "unsafe"}
    with np.errstate(all="ignore"):  # Values raise what is an error
        result = getattr(by_element or ufunc, method)(*map(bare, inputs), **options)
    if outs and result is not None:
        return outs[0] if len(outs) == 1 else outs
    if name in QUESTIONS:
        return np.asarray(result, dtype=bool)[()]
    return wrapped(result) if name in NATIVE or name in TABLE else _valued(result)


@cache
def _plan(ufunc: Any) -> tuple[bool, Any, Any]:
    """Whether NumPy computes it on objects, the rule for numbers, and that for arrays."""
    name = ufunc.__name__
    native = name in NATIVE or all(set(kind) <= set("O->") for kind in ufunc.types)
    tables = (OPERATORS, QUESTIONS, UFUNCS, TABLE)
    rule = next((table[name] for table in tables if name in table), None)
    by_element = None if native or rule is None else np.frompyfunc(rule, ufunc.nin, ufunc.nout)
    return native, rule, by_element


def _has_axes(x: Any) -> bool:
    if type(x) is Value:  # which takes long to tell what it has not
        return False
    return bool(getattr(x, "shape", isinstance(x, list | tuple)))


def _elements(inputs: Any, kinds: str = "biufO") -> list[Any]:
    """Operands; of arrays of these kinds that have no axes, what is in them."""
    return [
        x.item()
        if type(x) is not Value and getattr(x, "shape", 0) == () and x.dtype.kind in kinds
        else x
        for x in inputs
    ]


# ---------------------------------------------------------------- functions of arrays


def _round(a: Any, decimals: int = 0) -> Any:
    scale = 10.0 ** abs(decimals)
    scaled = np.rint(a * scale if decimals >= 0 else a / scale)
    return scaled / scale if decimals >= 0 else scaled * scale


def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: None = None
) -> Any:
    if period is not None:
        raise TypeError("np.interp of Values takes no period; write x % period")
    xp, fp = as_objects(xp, "interp"), as_objects(fp, "interp")
    if xp.ndim != 1 or xp.shape != fp.shape or not len(xp):
        raise ValueError(
            f"interp: xp and fp are lists of one length, got {xp.shape} and {fp.shape}"
        )

    def at(t: Any) -> Any:
        if t < xp[0]:
            return fp[0] if left is None else left
        if not t < xp[-1]:
            return fp[-1] if right is None or t == xp[-1] else right
        i = bisect_right(xp, t) - 1
        return fp[i] + (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i]) * (t - xp[i])

    return np.frompyfunc(at, 1, 1)(as_objects(x, "interp"))


def _gradient(f: Any, *spacings: Any, **options: Any) -> Any:
    return BY_NUMPY.gradient._implementation(array(f), *map(_boxed, spacings), **options)


def _empty_like(a: Any, dtype: Any = object, **options: Any) -> Any:
    """An array to be filled, with Values if it is to hold floats."""
    kind = object if np.dtype(dtype) == float else dtype
    return BY_NUMPY.empty_like._implementation(bare(a), kind, **options)


def _quantile(name: str, a: Any, q: Any, *args: Any, **options: Any) -> Any:
    """A quantile by NumPy, which gives an array if it is asked for a list of them."""
    quantiles = getattr(BY_NUMPY, name)._implementation(
        array(a), np.atleast_1d(q), *args, **options
    )
    return quantiles if np.ndim(q) else quantiles[0]


def _cov(m: Any, y: Any = None, rowvar: bool = True, *args: Any, **options: Any) -> Any:
    """The covariance by NumPy, whose average of objects takes weights."""
    m = array(m)
    options.setdefault("aweights", np.ones(m.shape[-1 if rowvar else 0]))
    return BY_NUMPY.cov._implementation(m, y, rowvar, *args, **options)


def _spread(name: str) -> Callable[..., Any]:
    """The standard deviation or the variance, of a single number, too."""
    return lambda a, *args, **options: getattr(np.atleast_1d(array(a)), name)(*args, **options)


FUNCTIONS: dict[str, Callable[..., Any]] = {  # by their names in NumPy
    "std": _spread("std"),
    "var": _spread("var"),
    **dict.fromkeys(["round", "around"], _round),
    "sinc": lambda x: np.frompyfunc(special.sinc, 1, 1)(as_objects(x, "sinc")),
    "interp": _interp,
    "gradient": _gradient,
    **{
        name: partial(_quantile, name)
        for name in ("quantile", "nanquantile", "percentile", "nanpercentile")
    },
    "cov": _cov,
    "empty_like": _empty_like,
    **{f"linalg.{name}": getattr(linalg, name) for name in linalg.__all__},
}


def apply_function(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of NumPy, where a Value or an array of them is among the arguments."""
    name, rule, told = _lookup(func)
    if rule is not None:
        return _valued(rule(*args, **kwargs))
    if told:
        raise TypeError(told)
    boxed = {key: _boxed(each) for key, each in kwargs.items()}
    try:
        return _valued(func._implementation(*map(_boxed, args), **boxed))
    except (TypeError, AttributeError) as error:
        error.add_note(f"if np.{name} computes with floats only, {DEFINE}")
        raise


@cache
def _lookup(func: Any) -> tuple[str, Any, str]:
    """Return the name of a function, its rule on Values, and the reason to refuse it."""
    name = f"{func.__module__}.{func.__name__}".removeprefix("numpy.")
    return name, FUNCTIONS.get(name), refusal(name)


def _boxed(x: Any) -> Any:
    """An argument with an array in the place of each Value."""
    return bare(x).view(ValueArray) if type(x) is Value else x


def _valued(x: Any) -> Any:
    """A result with Values in the place of numbers, where it is of objects."""
    if type(x) in (list, tuple):
        return type(x)(map(_valued, x))
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return type(x)(*map(_valued, x))
    if not isinstance(x, np.ndarray) or x.dtype != object:
        return x
    flat = [_as_value(each) for each in x.ravel().tolist()]
    if not x.shape:
        return x if flat[0] is None else flat[0]  # an empty one, to be filled
    if any(old is not new for old, new in zip(x.flat, flat)):
        x = np.empty(x.shape, dtype=object)
        x.ravel()[:] = flat
    return x.view(ValueArray)


def _as_value(x: Any) -> Any:
    return x if type(x) in (Value, bool) or real(x) is None else Value(x)
