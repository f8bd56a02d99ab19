"""Advice on what to write instead of a function that can't compute with Values.

`FUNCTIONS` has the functions of `math`, `statistics`, NumPy and SciPy, by the name that the
source calls. A name that is missing has the same function in the table, or none. `VALUE` and
`PACKAGE` are for readers who know PyTorch.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import CodeType, FrameType, TracebackType
from typing import Any, NoReturn

from autograd.core.primitive import TABLE

__all__ = ["NUMBERS", "PACKAGE", "VALUE", "Absent", "advice", "called", "missing"]
__all__ += ["note", "refusal"]

NUMBERS = "for a plot or a log take the numbers, x.data"
WHOLE = "it takes integers; write int(x), which has no gradient"
ARRAY = "write np.{}(autograd.array(xs))"
FUNCTIONS = {  # of math, random and NumPy, by the name that is called
    "copysign": "write np.copysign(x, y)",
    "degrees": "write np.degrees(x)",
    "dist": "write autograd.hypot(*[p - q for p, q in zip(ps, qs)])",
    "fabs": "write abs(x)",
    "fma": "write x * y + z",
    "fmod": "write np.fmod(x, y)",
    "frexp": "write math.frexp(x.data); a power of two scales x itself",
    "fsum": "write autograd.fsum(xs)",
    "gamma": "write autograd.exp(autograd.lgamma(x))",
    "isclose": "write abs(x - y) <= 1e-9 * abs(y)",
    "isfinite": "write np.isfinite(x)",
    "isinf": "write np.isinf(x)",
    "isnan": "write np.isnan(x), or x != x",
    "ldexp": "write x * 2.0**n",
    "lgamma": "write autograd.lgamma instead of math.lgamma",
    "modf": "write np.modf(x)",
    "nextafter": "write math.nextafter(x.data, y)",
    "radians": "write np.radians(x)",
    "remainder": "write x - y * round(x / y)",
    "sumprod": "write autograd.dot(xs, ys)",
    "ulp": "write math.ulp(x.data)",
    **dict.fromkeys(
        ("array", "asarray", "asanyarray", "astype", "fromiter", "full", "fill"),
        "write autograd.array(xs), or dtype=object; " + NUMBERS,
    ),
    "[]=": "make the array with dtype=object, or a list and autograd.array of it; " + NUMBERS,
    "arange": "write x + step * np.arange(n)",
    **dict.fromkeys(["normal", "uniform", "gauss"], "write mean + deviation * draw"),
    **dict.fromkeys(["comb", "factorial", "gcd", "isqrt", "lcm", "perm", "range"], WHOLE),
    "linspace": "the number of points is an integer; write int(n)",
    # of statistics
    "correlation": "write np.corrcoef(autograd.array(xs), autograd.array(ys))[0, 1]",
    "covariance": "write np.cov(autograd.array(xs), autograd.array(ys))[0, 1]",
    "fmean": ARRAY.format("mean"),
    "geometric_mean": "write np.exp(np.mean(np.log(autograd.array(xs))))",
    "harmonic_mean": "write 1.0 / np.mean(1.0 / autograd.array(xs))",
    "linear_regression": "write the slope as np.cov(xs, ys)[0, 1] / np.var(xs, ddof=1)",
    "mean": ARRAY.format("mean"),
    "median_grouped": ARRAY.format("median"),
    "pstdev": ARRAY.format("std"),
    "pvariance": ARRAY.format("var"),
    "stdev": "write np.std(autograd.array(xs), ddof=1)",
    "variance": "write np.var(autograd.array(xs), ddof=1)",
    "NormalDist": "write autograd.ndtr((x - mean) / deviation) for its cdf",
    **dict.fromkeys(("cdf", "inv_cdf"), "write autograd.ndtr or autograd.ndtri"),
    "pdf": "write autograd.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)",
    # of SciPy
    **dict.fromkeys(["quad", "quad_vec", "dblquad"], "write a rule, as np.trapezoid(f(t), t)"),
    **dict.fromkeys(["solve_ivp", "odeint"], "write the steps of a method, as of RK4"),
    **dict.fromkeys(
        ["brentq", "bisect", "newton", "fsolve", "root", "root_scalar"],
        "write autograd.root(f, x0, *params), which differentiates in params",
    ),
    **dict.fromkeys(
        ["CubicSpline", "interp1d", "make_interp_spline", "PchipInterpolator"],
        "write np.interp(x, xp, fp), or solve its equations by autograd.linalg.solve",
    ),
    **dict.fromkeys(
        ["logpdf", "logpmf", "pmf", "ppf", "sf", "logcdf", "logsf"],
        "write the formula; autograd.lgamma, betaln, ndtr, log_ndtr and ndtri are here",
    ),
    **dict.fromkeys(
        ["minimize", "minimize_scalar", "least_squares", "curve_fit"],
        "write autograd.root of the gradient, which differentiates in params",
    ),
    **{name: f"write autograd.linalg.{name}" for name in ("solve", "inv", "det", "cholesky")},
    "cdist": "write the norms of x[:, None] - y[None]",
    **dict.fromkeys(["expm", "logm", "sqrtm"], "write the sum of its series, term @ a / k"),
    "log_softmax": "write autograd.log_softmax(xs)",
    "logsumexp": "write autograd.logsumexp(xs)",
    "polygamma": "write autograd.polygamma(x, n)",
}
COUNTS = "it counts, which has no gradient; " + NUMBERS
SOLVE = "write autograd.linalg.solve(a.T @ a, a.T @ b)"
EIGEN = "of 2 by 2 write the roots of its polynomial; else give it the numbers, a.data"
NUMPY = {
    **dict.fromkeys(["linalg.lstsq", "linalg.pinv", "polyfit", "linalg.qr"], SOLVE),
    **{
        f"linalg.{name}": EIGEN
        for name in (
            *("eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"),
            *("cond", "matrix_rank"),
        )
    },
    "linalg.tensorinv": "write autograd.linalg.inv of the matrix",
    "linalg.tensorsolve": "write autograd.linalg.solve of the matrix",
    "roots": "write the roots as Values by Newton's method",
    "i0": "define it by autograd.primitive",
    "geomspace": "write np.exp(np.linspace(np.log(a), np.log(b), n))",
    **dict.fromkeys(["histogram", "bincount", "histogram2d", "histogramdd"], COUNTS),
    "histogram_bin_edges": COUNTS,
    "sort_complex": "write np.sort(x)",
    **dict.fromkeys(["frexp", "spacing", "nextafter"], NUMBERS),
    **dict.fromkeys(["savetxt", "save", "savez", "savez_compressed"], NUMBERS),
    **dict.fromkeys(["isnat", "datetime_as_string", "busday_count"], "it takes dates"),
    **dict.fromkeys(
        (
            *("gcd", "lcm", "invert", "left_shift", "right_shift", "bitwise_and", "bitwise_or"),
            *("bitwise_xor", "bitwise_count", "packbits", "unpackbits"),
            *("unravel_index", "ravel_multi_index"),
        ),
        WHOLE,
    ),
}
ONE = "it is one number; leave it out"
FLOAT = "its number is one of Python's floats; leave it out"
IN_PLACE = "a Value is changed by x.data = …"
VALUE = {  # what a tensor has and a Value has not
    **dict.fromkeys(("T", "flatten", "mean", "prod", "ravel", "reshape", "squeeze"), ONE),
    **dict.fromkeys(("std", "transpose", "unsqueeze", "var", "view"), ONE),
    **dict.fromkeys(("dim", "ndim", "shape", "size"), "it is one number; a list has a len"),
    "numel": "it is one number; len(model.parameters()) counts them",
    **dict.fromkeys(("astype", "cpu", "cuda", "device", "double", "dtype", "float"), FLOAT),
    **dict.fromkeys(("half", "to", "type"), FLOAT),
    **dict.fromkeys(("add_", "assign", "clamp_", "copy_", "div_", "fill_", "mul_"), IN_PLACE),
    **dict.fromkeys(("normal_", "sub_", "uniform_", "zero_"), IN_PLACE),
    "matmul": "write autograd.dot(ws, xs)",
    **dict.fromkeys(("draw", "plot", "show"), 'write x.graph().save("graph.svg")'),
    **dict.fromkeys(("children", "parents"), "write x.inputs"),
    **dict.fromkeys(("eval", "numpy", "tolist", "value"), "write x.data"),
    "argmax": "write max(range(len(xs)), key=xs.__getitem__) of a list",
    "clamp": "write x.clip(low, high)",
    "clone": "write x itself, which no operation changes, or Value(x.data)",
    "detach_": "write x = x.detach()",
    "grad_fn": "write x.op and x.inputs",
    "gradient": "write x.grad after y.backward(), or autograd.gradient(y, [x])",
    "is_leaf": "write x.op is None",
    **dict.fromkeys(("max", "min"), "write autograd.maximum(xs) or autograd.minimum(xs)"),
    "name": "write x.label",
    "norm": "write abs(x)",
    "register_hook": "read or change x.grad after backward()",
    "retain_grad": "leave it out: every node keeps its grad",
    "softmax": "write autograd.softmax(xs)",
}
LISTS = "lists hold many Values, or autograd.array(xs)"
PACKAGE = {  # of `autograd` itself
    **dict.fromkeys(("Tensor", "tensor"), "a number is autograd.Value(2.0); " + LISTS),
    **dict.fromkeys(("Parameter", "Variable"), "write autograd.Value(2.0)"),
    **dict.fromkeys(("cat", "from_numpy", "ones", "stack", "zeros"), LISTS),
    **{x: f"write np.{x}, of Values too" for x in ("arange", "einsum", "linspace", "matmul")},
    **dict.fromkeys(("rand", "randn"), "write Value(random.gauss(0.0, 1.0)), and a list"),
    **{x: f"write math.{x}" for x in ("e", "inf", "nan", "pi")},
    **{x: f"write nn.{x} after import nn" for x in ("Layer", "MLP", "Module", "optim")},
    "Function": "write autograd.primitive(…), or autograd.custom_vjp(f)",
    "GradientTape": "leave it out: every operation is recorded; write y.backward()",
    "argmax": "write max(range(len(xs)), key=xs.__getitem__) of a list",
    "backward": "write loss.backward()",
    "clamp": "write autograd.clip(x, low, high)",
    **dict.fromkeys(("custom_gradient", "custom_jvp"), "write autograd.primitive(…)"),
    **dict.fromkeys(("detach", "stop_gradient"), "write x.detach()"),
    "draw_dot": 'write loss.graph().save("graph.svg")',
    "engine": "write from autograd import Value",
    "elementwise_grad": "write autograd.grad(lambda x: np.sum(f(x)))",
    **dict.fromkeys(
        ("enable_grad", "set_grad_enabled"), "only with autograd.no_grad(): stops it"
    ),
    "functional": "its functions are autograd.jacobian, hessian, vjp, jvp and hvp",
    "gradcheck": "write autograd.testing.gradcheck",
    "inference_mode": "write autograd.no_grad()",
    "jacfwd": 'write autograd.jacobian(f, mode="forward")',
    "jacrev": 'write autograd.jacobian(f, mode="reverse")',
    "jit": "write autograd.compile(f)",
    "make_jaxpr": "write print(autograd.compile(f).program.source()) after a call",
    **dict.fromkeys(("make_jvp", "make_vjp"), "write autograd.jvp or autograd.vjp"),
    "manual_seed": "write random.seed(n)",
    **dict.fromkeys(("max", "min"), "write autograd.maximum(xs) or autograd.minimum(xs)"),
    "mean": "write autograd.fsum(xs) / len(xs)",
    "nn": "import nn itself",
    "numpy": "import numpy itself: its functions take Values",
    **dict.fromkeys(("load", "save"), "write nn.save_model(model, path) and nn.load_model"),
    "vmap": "write autograd.compile(f, in_axes=…)",
}
OTHERS = ("autograd", "numpy", "scipy", "statistics")  # who may stand between


class Absent:
    """An attribute that a Value has not, and what to write instead."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"Absent: {VALUE[name]}"

    def __get__(self, x: object, owner: type) -> Absent:
        if x is None:
            return self
        told = f"'Value' object has no attribute {self.name!r}; {VALUE[self.name]}"
        raise AttributeError(told, name=self.name, obj=x)

    def __set__(self, x: object, value: object) -> None:
        self.__get__(x, type(x))


def missing(package: str, name: str, hint: str = "") -> NoReturn:
    """Raise the AttributeError of a package that has no such name.

    `from package import name` drops what that says, so it gets an ImportError with the hint.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name in ("__getattr__", "refuse"):
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
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name in TABLE:
        return f"write autograd.{name} instead of math.{name}"
    return "take its number, .data, for a plot or a log"


def refusal(name: str, ufunc: Any = None) -> str:
    """Return what an error says of a function of NumPy or SciPy; "" where it may work.

    Args:
        name: in NumPy, or of a universal function.
    """
    hint = NUMPY.get(name, "")
    if name.startswith("fft.") and not name.endswith("shift"):
        hint = "write the sums with np.cos and np.sin of the frequencies"
    if ufunc is None and not hint:
        return ""
    owner = (
        "np" if hasattr(sys.modules.get("numpy"), name.partition(".")[0]) else "scipy.special"
    )
    hint = (
        hint or FUNCTIONS.get(name) or "define it, with its derivative, by autograd.primitive"
    )
    return f"{owner}.{name} computes with floats, not with Values: {hint}"


def called() -> str:
    """The name of the function that the user's code is calling, "" if unknown."""
    frame = sys._getframe()
    while _is_other(frame) and frame.f_back is not None:
        frame = frame.f_back
    return _called_at(frame.f_code, frame.f_lasti)


def note(error: Exception) -> None:
    """Add to an error what to write instead, if it shows that."""
    text = str(error)
    frames = [(tb.tb_frame, tb.tb_lasti) for tb in _each(error.__traceback__)]
    if "loop of ufunc" in text and ("type float" in text or "type int" in text):
        error.add_note(
            "an array has numbers beside Values: make it by autograd.array instead of np.array"
        )
    elif "from dtype('O')" in text:
        calls = [_called_at(f.f_code, place) for f, place in frames if not _is_other(f)]
        other = "make the array by autograd.array instead of np.array; " + NUMBERS
        hint = FUNCTIONS.get(calls[-1], other) if calls else other
        error.add_note(f"that takes floats, no Values: {hint}")
    for (user, place), (inner, _) in pairwise(frames):
        owner = str(inner.f_globals.get("__name__", ""))
        name = _called_at(user.f_code, place)
        if (
            owner.startswith("scipy")
            and not _is_other(user)
            and FUNCTIONS.get(name, text) not in text
        ):
            error.add_note(f"SciPy's {name} computes with floats: {FUNCTIONS[name]}")


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
        names = [name for name in code.co_names if name in FUNCTIONS or name in TABLE]
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
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] in OTHERS
