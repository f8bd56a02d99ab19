# cython: language_level=3, annotation_typing=False, auto_pickle=False, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
"""The methods of a Value beside the operators: the table's, Python's and NumPy's."""

from __future__ import annotations

import math
import operator
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

import autograd.core.table  # noqa: F401  (fills TABLE)
from autograd.core.hints import HINTS, Absent, Listed, advice, called
from autograd.core.operand import Operand, describe, is_node, numpy_method, real
from autograd.core.primitive import TABLE

if TYPE_CHECKING:
    from autograd.core.primitive import Method
    from autograd.core.value import Value
    from autograd.show.graph import Graph
    from autograd.show.stepper import Stepper

__all__ = ["Operations", "enclosing", "numpy_functions", "use_numpy_functions"]


class _Enclosing(threading.local):
    run: Any = None


enclosing = _Enclosing()  # `run` is set in a thread whose function is being differentiated


@cython.no_gc
@cython.cclass
class Operations:
    """A base of Value."""

    __slots__ = ()

    @property
    def _prev(self: Any) -> set[Value]:
        """The inputs as a set, the name that micrograd gives them."""
        return set(self.inputs)

    @property
    def _op(self: Any) -> str:
        """The operation's symbol, the name that micrograd gives it."""
        return "" if self.op is None else self.op.symbol

    def __repr__(self: Any) -> str:
        parts = [repr(self.data)]
        if self.op is not None:
            parts.append(f"op={self.op.symbol!r}")
        if self.grad != 0.0:
            parts.append(f"grad={self.grad!r}")
        if self.label is not None:
            parts.append(f"label={self.label!r}")
        if not self.requires_grad:
            parts.append("requires_grad=False")
        return f"Value({', '.join(parts)})"

    def __format__(self: Any, spec: str) -> Any:
        try:
            return self.data.__format__(spec) if spec else repr(self)
        except ValueError as error:
            told = f"format({describe([self])}, {spec!r}): {error}, its .data"
            raise ValueError(told) from None

    def __dir__(self: Any) -> list[str]:
        return dir(type(self))

    def __abs__(self: Any) -> Any:
        return TABLE["abs"](self)

    def __bool__(self: Any) -> Any:
        return bool(self != 0.0)

    def __int__(self: Any) -> int:
        return int(self.data)

    def __index__(self: Any) -> None:
        hint = HINTS["called"].get(called().replace("[]=", ""), INDEX)
        told = f"the index {describe([self])} is a Value, which is no integer; {hint}"
        raise TypeError(told)

    def __float__(self: Any) -> None:  # so type checkers refuse float(x) as well
        told = f"float({describe([self])}): a Value would lose its gradient; {advice(called())}"
        raise TypeError(told)

    def as_integer_ratio(self: Any) -> None:
        """Raises TypeError: `statistics` asks for it, and would lose the gradient."""
        self.__float__()

    def __round__(self: Any, ndigits: Any = None) -> Any:
        return round(self.data, ndigits)

    def __floor__(self: Any) -> Any:
        return math.floor(self.data)

    def __ceil__(self: Any) -> Any:
        return math.ceil(self.data)

    def __trunc__(self: Any) -> Any:
        return math.trunc(self.data)

    def __pos__(self: Any) -> Any:
        return self

    def __mod__(self: Any, other: Operand) -> Any:
        return TABLE["mod"](self, other) if _is_operand(other) else NotImplemented

    def __rmod__(self: Any, other: Operand) -> Any:
        return TABLE["mod"](other, self) if _is_operand(other) else NotImplemented

    def __floordiv__(self: Any, other: Operand) -> Any:
        return TABLE["floordiv"](self, other) if _is_operand(other) else NotImplemented

    def __rfloordiv__(self: Any, other: Operand) -> Any:
        return TABLE["floordiv"](other, self) if _is_operand(other) else NotImplemented

    def __divmod__(self: Any, other: Operand) -> Any:
        return (self // other, self % other) if _is_operand(other) else NotImplemented

    def __rdivmod__(self: Any, other: Operand) -> Any:
        return (other // self, other % self) if _is_operand(other) else NotImplemented

    def conjugate(self: Any) -> Any:
        """Itself, as of any real number; NumPy asks for it."""
        return self

    def item(self: Any) -> Any:
        """Its number, `data`, as PyTorch and NumPy call it.

        In a function that is being differentiated it is the Value itself, so that no gradient
        is lost.
        """
        return float(self.data) if enclosing.run is None else self

    def requires_grad_(self: Any, requires_grad: Any = True) -> Any:
        """Set `requires_grad`, and give itself, as PyTorch does."""
        self.requires_grad = requires_grad
        return self

    def graph(self: Any, **options: Any) -> Graph:
        """A snapshot of all that this depends on: a picture in a notebook, a tree in print.

        Raises:
            TypeError, ValueError: an option of `autograd.show.drawing.options.Options` is
                unknown, or has a value that it cannot have.
        """
        from autograd.show.graph import Graph

        return Graph(self, **options)

    def steps(self: Any, seed: float = 1.0, **options: Any) -> Stepper:
        """The pass that differentiates this, as events to be played one by one.

        Raises:
            TypeError, ValueError: `seed` is not a real number, or an option of the page, as of
                `graph`, is unknown or has a value that it cannot have.
        """
        from autograd.show.stepper import Stepper

        return Stepper(self, seed, **options)

    # ------------------------------------------------------------------ the table

    if TYPE_CHECKING:
        _entry: Method = TABLE["sin"]
        abs = acos = acosh = add = arccos = arccosh = arcsin = arcsinh = arctan = _entry
        arctan2 = arctanh = asin = asinh = atan = atan2 = atanh = cbrt = clip = cos = _entry
        cosh = div = elu = erf = erfc = exp2 = expm1 = floordiv = gelu = hypot = _entry
        leaky_relu = log = log10 = log1p = log2 = logsumexp = maximum = minimum = _entry
        mod = mul = neg = pow = reciprocal = sigmoid = sign = silu = sin = sinh = _entry
        softplus = sqrt = square = sub = sum = tan = _entry

    def where(self: Any, a: Operand, b: Operand) -> Operand:
        """a if self is not 0, else b"""
        return TABLE["where"](1.0 if self != 0.0 else 0.0, a, b)

    def take(self: Any, index: int, *others: Operand) -> Any:
        """The element of (self, *others) at an index"""
        return TABLE["take"](operator.index(index), self, *others)

    def dot(self: Any, weight: Operand, bias: Operand = 0.0) -> Any:
        """bias + weight · self as a single node, as in a neuron with one input"""
        return type(self)._dot([weight], [self], bias)

    # ------------------------------------------------------------------ NumPy

    def __array_ufunc__(
        self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        return numpy_functions().apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions().apply_function(func, args, kwargs)


_numpy_functions: Any = None


def use_numpy_functions(load: Callable[[], Any]) -> None:
    """Let this function import the module above the core that knows NumPy's functions."""
    global _numpy_functions
    _numpy_functions = load


def numpy_functions() -> Any:
    return _numpy_functions()


def _is_operand(x: Any) -> bool:
    return is_node(x) or real(x) is not None


INDEX = "write autograd.take(xs, i), which compiles to one program for all, or xs[int(i)]"
# fmt: off
# NumPy's names of what the table calls otherwise.
NUMPY = {
    "negative": "neg", "subtract": "sub", "multiply": "mul", "divide": "div",
    "logaddexp": "logsumexp", "power": "pow", "float_power": "pow", "remainder": "mod",
    "floor_divide": "floordiv", "absolute": "abs", "fabs": "abs", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh",
}
# Methods that NumPy calls on the elements of object arrays, beside the table's entries.
OBJECTS = ("rint", "fabs", "deg2rad", "degrees", "rad2deg", "radians")
# fmt: on

for _name, _entry in [
    *[(name, entry) for name, entry in TABLE.items() if entry.doc],
    *[(alias, TABLE[name]) for alias, name in NUMPY.items() if alias.startswith("arc")],
    *[(name, numpy_method(name)) for name in OBJECTS],
    *[(name, Absent(name)) for name in HINTS["Value"]],
]:
    if not hasattr(Operations, _name):
        if cython.compiled:
            put_into_type(Operations, _name, _entry)  # type: ignore[name-defined]  # noqa: F821
        else:
            setattr(Operations, _name, _entry)
if cython.compiled:
    set_metaclass(Operations, Listed)  # type: ignore[name-defined]  # noqa: F821
else:
    Operations = Listed("Operations", (), {**vars(Operations)})  # type: ignore
