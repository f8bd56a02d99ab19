"""Advice on what to write instead of a name that another library has.

`HINTS` is the table of it. Functions of `math` that it does not have are in the table of
primitives.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, NoReturn

from autograd.core.primitive import TABLE

__all__ = ["DEFINE", "HINTS", "NUMBERS", "Absent", "Listed", "advice", "by_name", "called"]
__all__ += ["missing", "note", "refusal"]

NUMBERS = "for a plot or a log take the numbers, x.data"
WHOLE = "it takes integers; write int(x), which has no gradient"
LISTS = "lists hold many Values, or autograd.array(xs)"
LARGEST = "write max(range(len(xs)), key=xs.__getitem__) of a list"
DEFINE = "define it, with its derivative, by autograd.primitive"


def by_name(tables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Tables of hints with a row for each name, where a row had several, parted by blanks.

    >>> by_name({"math": {"cos sin": "write autograd.{}"}})
    {'math': {'cos': 'write autograd.cos', 'sin': 'write autograd.sin'}}
    """
    return {
        owner: {
            name: hint.replace("{}", name)
            for names, hint in rows.items()
            for name in names.split()
        }
        for owner, rows in tables.items()
    }


# Names, and what to write instead, where {} stands for the name: names that a Value and the
# package lack; functions that are called with Values, by `math`, `statistics`, NumPy and SciPy;
# and functions of NumPy that are refused before they are tried.
HINTS = by_name(
    {
        "Value": {
            "T flatten mean prod ravel reshape squeeze std transpose unsqueeze var view": (
                "it is one number; leave it out"
            ),
            "dim ndim shape size": "it is one number; a list has a len",
            "numel": "it is one number; len(model.parameters()) counts them",
            "astype cpu cuda device double dtype float half to type": (
                "its number is one of Python's floats; leave it out"
            ),
            "add_ assign clamp_ copy_ div_ fill_ mul_ normal_ sub_ uniform_ zero_": (
                "a Value is changed by x.data = …"
            ),
            "matmul": "write autograd.dot(ws, xs)",
            "draw plot show": 'write x.graph().save("graph.svg")',
            "children parents": "write x.inputs",
            "eval numpy tolist value": "write x.data",
            "argmax": LARGEST,
            "clamp": "write x.clip(low, high)",
            "clone": "write x itself, which no operation changes, or Value(x.data)",
            "detach_": "write x = x.detach()",
            "grad_fn": "write x.op and x.inputs",
            "gradient": "write x.grad after y.backward(), or autograd.gradient(y, [x])",
            "is_leaf": "write x.op is None",
            "max min": "write autograd.{}imum(xs)",
            "name": "write x.label",
            "norm": "write abs(x)",
            "register_hook": "read or change x.grad after backward()",
            "retain_grad": "leave it out: every node keeps its grad",
            "softmax": "write autograd.softmax(xs)",
        },
        "autograd": {
            "Tensor tensor": f"a number is autograd.Value(2.0); {LISTS}",
            "Parameter Variable": "write autograd.Value(2.0)",
            "cat from_numpy ones stack zeros": LISTS,
            "arange einsum linspace matmul": "write np.{}, of Values too",
            "rand randn": "write Value(random.gauss(0.0, 1.0)), and a list",
            "e inf nan pi": "write math.{}",
            "Layer MLP Module optim": "write nn.{} after import nn",
            "Function": "write autograd.primitive(…), or autograd.custom_vjp(f)",
            "GradientTape": "leave it out: every operation is recorded; write y.backward()",
            "argmax": LARGEST,
            "backward": "write loss.backward()",
            "clamp": "write autograd.clip(x, low, high)",
            "custom_gradient custom_jvp": "write autograd.primitive(…)",
            "detach stop_gradient": "write x.detach()",
            "draw_dot": 'write loss.graph().save("graph.svg")',
            "engine": "write from autograd import Value",
            "elementwise_grad": "write autograd.grad(lambda x: np.sum(f(x)))",
            "enable_grad set_grad_enabled": "only with autograd.no_grad(): stops it",
            "functional": "its functions are autograd.jacobian, hessian, vjp, jvp and hvp",
            "gradcheck": "write autograd.testing.gradcheck",
            "inference_mode": "write autograd.no_grad()",
            "jacfwd": 'write autograd.jacobian(f, mode="forward")',
            "jacrev": 'write autograd.jacobian(f, mode="reverse")',
            "jit": "write autograd.compile(f)",
            "make_jaxpr": "write print(autograd.compile(f).program.source()) after a call",
            "make_jvp make_vjp": "write autograd.jvp or autograd.vjp",
            "manual_seed": "write random.seed(n)",
            "max min": "write autograd.{}imum(xs)",
            "mean": "write autograd.fsum(xs) / len(xs)",
            "nn": "import nn itself",
            "numpy": "import numpy itself: its functions take Values",
            "load save": "write nn.save_model(model, path) and nn.load_model",
            "vmap": "write autograd.compile(f, in_axes=…)",
        },
        "called": {
            "copysign fmod": "write np.{}(x, y)",
            "degrees isfinite isinf isnan modf radians": "write np.{}(x)",
            "dist": "write autograd.hypot(*[p - q for p, q in zip(ps, qs)])",
            "fabs": "write abs(x)",
            "fma": "write x * y + z",
            "frexp": "write math.frexp(x.data); a power of two scales x itself",
            "fsum": "write autograd.fsum(xs)",
            "gamma": "write autograd.exp(autograd.lgamma(x))",
            "isclose": "write abs(x - y) <= 1e-9 * abs(y)",
            "ldexp": "write x * 2.0**n",
            "lgamma": "write autograd.lgamma instead of math.lgamma",
            "nextafter": "write math.nextafter(x.data, y)",
            "remainder": "write x - y * round(x / y)",
            "sumprod": "write autograd.dot(xs, ys)",
            "ulp": "write math.ulp(x.data)",
            "array asarray asanyarray astype fromiter full fill": (
                f"write autograd.array(xs), or dtype=object; {NUMBERS}"
            ),
            "[]=": f"make the array by autograd.array, or with dtype=object; {NUMBERS}",
            "arange": "write x + step * np.arange(n)",
            "normal uniform gauss": "write mean + deviation * draw",
            "exponential": "write scale * draw",
            "comb factorial gcd isqrt lcm perm range": WHOLE,
            "linspace": "the number of points is an integer; write int(n)",
            "correlation": "write np.corrcoef(autograd.array(xs), autograd.array(ys))[0, 1]",
            "covariance": "write np.cov(autograd.array(xs), autograd.array(ys))[0, 1]",
            "fmean mean": "write np.mean(autograd.array(xs))",
            "geometric_mean": "write np.exp(np.mean(np.log(autograd.array(xs))))",
            "harmonic_mean": "write 1.0 / np.mean(1.0 / autograd.array(xs))",
            "linear_regression": "write the slope as np.cov(xs, ys)[0, 1] / np.var(xs, ddof=1)",
            "median_grouped": "write np.median(autograd.array(xs))",
            "pstdev": "write np.std(autograd.array(xs))",
            "pvariance": "write np.var(autograd.array(xs))",
            "stdev std": "write np.std(autograd.array(xs), ddof=1)",
            "variance var": "write np.var(autograd.array(xs), ddof=1)",
            "NormalDist": "write autograd.ndtr((x - mean) / deviation) for its cdf",
            "cdf inv_cdf": "write autograd.ndtr or autograd.ndtri",
            "pdf": "write autograd.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)",
            "quad quad_vec dblquad": "write a rule, as np.trapezoid(f(t), t)",
            "solve_ivp odeint": "write the steps of a method, as of RK4",
            "brentq bisect newton fsolve root root_scalar": (
                "write autograd.root(f, x0, *params), which differentiates in params"
            ),
            "CubicSpline interp1d make_interp_spline PchipInterpolator": (
                "write np.interp(x, xp, fp), or solve its equations by autograd.linalg.solve"
            ),
            "logpdf logpmf pmf ppf sf logcdf logsf": (
                "write the formula; autograd.lgamma, betaln, ndtr, log_ndtr and ndtri are here"
            ),
            "minimize minimize_scalar least_squares curve_fit": (
                "write autograd.root of the gradient, which differentiates in params"
            ),
            "solve inv det cholesky": "write autograd.linalg.{}",
            "cdist": "write the norms of x[:, None] - y[None]",
            "expm logm sqrtm": "write the sum of its series, term @ a / k",
            "log_softmax logsumexp": "write autograd.{}(xs)",
            "polygamma": "write autograd.polygamma(x, n)",
        },
        "refused": {
            "linalg.lstsq linalg.pinv polyfit linalg.qr": (
                "write autograd.linalg.solve(a.T @ a, a.T @ b)"
            ),
            "linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.svd linalg.svdvals "
            "linalg.cond linalg.matrix_rank": (
                "of 2 by 2 write the roots of its polynomial; else give it the numbers, a.data"
            ),
            "linalg.tensorinv": "write autograd.linalg.inv of the matrix",
            "linalg.tensorsolve": "write autograd.linalg.solve of the matrix",
            "roots": "write the roots as Values by Newton's method",
            "i0 polydiv": DEFINE,
            "geomspace": "write np.exp(np.linspace(np.log(a), np.log(b), n))",
            "histogram bincount histogram2d histogramdd histogram_bin_edges": (
                f"it counts, which has no gradient; {NUMBERS}"
            ),
            "sort_complex": "write np.sort(x)",
            "frexp spacing nextafter savetxt save savez savez_compressed": NUMBERS,
            "isnat datetime_as_string busday_count": "it takes dates",
            "gcd lcm invert left_shift right_shift bitwise_and bitwise_or bitwise_xor "
            "bitwise_count packbits unpackbits unravel_index ravel_multi_index": WHOLE,
            "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft fft.fft2 fft.ifft2 "
            "fft.rfft2 fft.irfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn": (
                "write the sums with np.cos and np.sin of the frequencies"
            ),
        },
    }
)
OTHERS = ("autograd", "numpy", "pandas", "scipy", "statistics")  # who may stand between


class Absent:
    """An attribute that a Value has not, and what to write instead."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"Absent: {HINTS['Value'][name]}"

    def __get__(self, x: object, owner: type) -> Absent:
        if x is None:
            return self
        told = f"'Value' object has no attribute {self.name!r}; {HINTS['Value'][self.name]}"
        raise AttributeError(told, name=self.name, obj=x)

    def __set__(self, x: object, value: object) -> None:
        self.__get__(x, type(x))


class Listed(type):
    """The class of Value, whose `dir`, which is completed from, has nothing that is absent."""

    __module__ = "autograd.core.value"  # compiled classes find their own in here

    def __dir__(cls) -> list[str]:
        return [name for name in super().__dir__() if name not in HINTS["Value"]]


def missing(package: str, name: str, hint: str = "") -> NoReturn:
    """Raise the AttributeError of a package that has no such name.

    `from package import name` drops what that says, so it gets an ImportError with the hint.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name in ("__getattr__", "absent"):
        frame = frame.f_back
    if hint and frame is not None and _imports(frame):
        raise ImportError(f"cannot import name {name!r} from {package!r}{hint}")
    raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")


def _imports(frame: FrameType) -> bool:
    """Whether it is at a `from … import`: of a package, which a function does, or a module."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return frame.f_code.co_name == "_handle_fromlist" or line.lstrip().startswith("from ")


def advice(name: str) -> str:
    """Return what to write instead of a function that is called by this name."""
    if name in HINTS["called"]:
        return HINTS["called"][name]
    if name in TABLE:
        return f"write autograd.{name} instead of math.{name}"
    return "take its number, .data, for a plot or a log"


def refusal(name: str, hint: str = "") -> str:
    """Return what an error says of a function of NumPy or SciPy; "" where it may work.

    Args:
        name: in NumPy, or of a universal function.
        hint: what to write instead, if the table of refused functions has nothing.
    """
    hint = HINTS["refused"].get(name, hint)
    return f"{name} computes with floats, not with Values: {hint}" if hint else ""


def called() -> str:
    """The name of the function that the user's code is calling, "" if unknown."""
    frame = sys._getframe()
    while _is_other(frame) and frame.f_back is not None:
        frame = frame.f_back
    return _called_at(frame.f_code, frame.f_lasti)


def note(error: Exception) -> None:
    """Add to an error what to write instead of the call that the user's code makes there."""
    cause, is_type = error.__cause__, isinstance(error, TypeError)
    if is_type and isinstance(cause, AttributeError) and isinstance(cause.obj, float | int):
        told = (
            "an array has numbers beside Values: make it by autograd.array instead of np.array"
        )
        error.add_note(told)
    steps = [(tb.tb_frame, tb.tb_lasti) for tb in _each(error.__traceback__)]
    last = max([i for i, (frame, _) in enumerate(steps) if not _is_other(frame)], default=None)
    if last is None:
        return
    frame, place = steps[last]
    name = _called_at(frame.f_code, place)
    into_scipy = any(_package(inner) == "scipy" for inner, _ in steps[last + 1 : last + 2])
    hint = HINTS["called"].get(name, DEFINE if into_scipy and is_type else "")
    advised = steps[-1][0].f_code.co_name.endswith(("__float__", "__index__"))
    if name and hint and not advised and (is_type or into_scipy):
        error.add_note(f"{name} takes no Values: {hint}")


def _each(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _called_at(code: CodeType, place: int) -> str:
    """The function that is called at a place in some code, as its source says.

    A C function such as `math.sin`, which asks for a Value's number, has no frame.
    """
    first, last, start, stop = [*code.co_positions()][place // 2]
    lines = [line.encode() for line in linecache.getlines(code.co_filename)]
    lines = lines[(first or 1) - 1 : last or 0]
    if not lines:  # of a text that is evaluated, say: then the last name in it that is known
        names = [name for name in code.co_names if name in HINTS["called"] or name in TABLE]
        return names[-1] if names else ""
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    try:
        call: Any = ast.parse(b"".join(lines), mode="eval").body
    except SyntaxError:
        return ""
    if isinstance(call, ast.Subscript):  # which is assigned to
        return "[]="
    function = getattr(call, "func", None)
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _is_other(frame: FrameType) -> bool:
    return _package(frame) in OTHERS


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
