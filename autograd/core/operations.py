# cython: language_level=3, annotation_typing=False, auto_pickle=False, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
"""What a Value can do beside the operators: the table's entries, and what Python and NumPy ask.

The attributes below are what type checkers see; an entry of the table that is not among them
becomes a method all the same, when the class is made.
"""

from __future__ import annotations

import math
import operator
import sys
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core import table
from autograd.core.operand import Operand, describe, is_node, real
from autograd.core.primitive import TABLE, as_method

if TYPE_CHECKING:
    from autograd.core.value import Value
    from autograd.show.graph import Graph
    from autograd.show.stepper import Stepper

__all__ = ["Operations"]


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
        return f"Value({', '.join(parts)})"

    def __format__(self: Any, spec: str) -> Any:
        return self.data.__format__(spec) if spec else repr(self)

    def __abs__(self: Any) -> Any:
        return TABLE["abs"](self)

    def __bool__(self: Any) -> Any:
        return bool(self.data)

    def __int__(self: Any) -> int:
        return int(self.data)

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

    def detach(self: Any) -> Any:
        """A leaf with the same data: gradients stop here."""
        return type(self)(self.data)

    def graph(self: Any, **options: Any) -> Graph:
        """A snapshot of all that this depends on: a picture in a notebook, a tree in print.

        Raises:
            TypeError, ValueError: an option of `autograd.show.drawing.options.Options` is
                unknown, or has a value that it cannot have.
        """
        from autograd.show.graph import Graph

        return Graph(self, **options)

    def steps(self: Any, seed: float = 1.0) -> Stepper:
        """The pass that differentiates this, as events to be played one by one.

        Raises:
            TypeError: `seed` is not a real number.
        """
        from autograd.show.stepper import Stepper

        return Stepper(self, seed)

    # ------------------------------------------------------------------ the table

    neg = as_method(table.neg)
    add = as_method(table.add)
    sub = as_method(table.sub)
    mul = as_method(table.mul)
    div = as_method(table.div)
    mod = as_method(table.mod)
    floordiv = as_method(table.floordiv)
    pow = as_method(table.pow)
    abs = as_method(table.abs)
    sign = as_method(table.sign)
    exp = as_method(table.exp)
    exp2 = as_method(table.exp2)
    expm1 = as_method(table.expm1)
    log = as_method(table.log)
    log2 = as_method(table.log2)
    log10 = as_method(table.log10)
    log1p = as_method(table.log1p)
    logsumexp = as_method(table.logsumexp)
    sqrt = as_method(table.sqrt)
    cbrt = as_method(table.cbrt)
    square = as_method(table.square)
    reciprocal = as_method(table.reciprocal)
    sin = as_method(table.sin)
    cos = as_method(table.cos)
    tan = as_method(table.tan)
    asin = arcsin = as_method(table.asin)
    acos = arccos = as_method(table.acos)
    atan = arctan = as_method(table.atan)
    atan2 = arctan2 = as_method(table.atan2)
    hypot = as_method(table.hypot)
    sinh = as_method(table.sinh)
    cosh = as_method(table.cosh)
    tanh = as_method(table.tanh)
    asinh = arcsinh = as_method(table.asinh)
    acosh = arccosh = as_method(table.acosh)
    atanh = arctanh = as_method(table.atanh)
    sigmoid = as_method(table.sigmoid)
    softplus = as_method(table.softplus)
    relu = as_method(table.relu)
    leaky_relu = as_method(table.leaky_relu)
    elu = as_method(table.elu)
    gelu = as_method(table.gelu)
    silu = as_method(table.silu)
    erf = as_method(table.erf)
    erfc = as_method(table.erfc)
    maximum = as_method(table.maximum)
    minimum = as_method(table.minimum)
    clip = as_method(table.clip)

    def where(self: Any, a: Operand, b: Operand) -> Operand:
        """a if self is not 0, else b"""
        return TABLE["where"](1.0 if self.data != 0.0 else 0.0, a, b)

    def take(self: Any, index: int, *others: Operand) -> Any:
        """The element of (self, *others) at an index"""
        return TABLE["take"](operator.index(index), self, *others)

    def sum(self: Any, *others: Operand, axis: Any = None, out: Any = None) -> Any:
        """self + others, rounded once; `np.sum(x)` gives an `axis` and an `out`, both None"""
        if axis is not None or out is not None:
            raise TypeError(
                f"sum({describe([self])}) takes no axis and no out: it is one number"
            )
        return TABLE["sum"](self, *others)

    def dot(self: Any, weight: Operand, bias: Operand = 0.0) -> Any:
        """bias + weight · self as a single node, as in a neuron with one input"""
        return TABLE["dot"](bias, weight, self)

    # ------------------------------------------------------------------ NumPy

    def __array_ufunc__(
        self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        """NumPy's functions: the table's of numbers, element by element of arrays."""
        name = NUMPY.get(ufunc.__name__, ufunc.__name__)
        if type(self) in map(type, options.get("out", ())):
            return NotImplemented
        if name in ("isfinite", "isinf", "isnan"):
            return getattr(ufunc, method)(self.data, **options)
        if method == "__call__" and not options and (name in TABLE or name == "divmod"):
            entry: Any = TABLE.get(name, divmod)
            if any(getattr(x, "shape", isinstance(x, (list, tuple))) for x in inputs):
                entry = sys.modules["numpy"].frompyfunc(entry, ufunc.nin, ufunc.nout)
            return entry(*[x.item() if getattr(x, "shape", 0) == () else x for x in inputs])
        objects = [_boxed(x) if type(x) is type(self) else x for x in inputs]
        return getattr(ufunc, method)(*objects, **options)


def _is_operand(x: Any) -> bool:
    return is_node(x) or real(x) is not None


for _name, _entry in TABLE.items():
    if _entry.doc and not hasattr(Operations, _name):
        if cython.compiled:
            put_into_type(Operations, _name, _entry)  # type: ignore[name-defined]  # noqa: F821
        else:
            setattr(Operations, _name, _entry)


def _boxed(x: Any) -> Any:
    box: Any = sys.modules["numpy"].empty((), dtype=object)
    box[()] = x
    return box


# NumPy's names of what the table calls otherwise.
NUMPY = {
    "negative": "neg",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "logaddexp": "logsumexp",
    "power": "pow",
    "float_power": "pow",
    "remainder": "mod",
    "floor_divide": "floordiv",
    "absolute": "abs",
    "fabs": "abs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
