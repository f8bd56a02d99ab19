# cython: language_level=3, infer_types=True, auto_pickle=False
"""The node and the chain rule: a float that remembers how it was computed.

Every operation on a `Value` makes a new `Value` that keeps the operation, its inputs and
the local derivative (partial) to each of them as plain data. `backward` walks that record
in reverse topological order and multiplies along the edges. That is all there is to
reverse-mode automatic differentiation (Linnainmaa 1970; Griewank & Walther, "Evaluating
Derivatives", 2008, chapter 3).

The operators and `exp`, `tanh`, `relu` are written out here, for speed; every other
operation takes its rules from the table in `primitives.py`.

This is also what Cython compiles, with the C types of `value.pxd`. What only the compiled
build does is in C: `node.h` makes and frees nodes, `wide.h` keeps the partials of nodes with
many inputs and adds up `dot` and `sum`.
"""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import ContextDecorator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.build import binaries as cython

if cython.compiled:
    from cython.cimports.cpython.exc import (  # pyright: ignore[reportMissingImports]
        PyErr_CheckSignals,
    )
    from cython.cimports.libc.math import (  # pyright: ignore[reportMissingImports]
        exp,
        pow,
        tanh,
    )
else:
    from math import exp, pow, tanh

from autograd.core.methods import Methods
from autograd.core.primitive import Label, Number, Operand, Primitive, describe, number, real, text
from autograd.core.table import TABLE

if TYPE_CHECKING:
    from autograd.show.graph import Graph
    from autograd.show.stepper import Stepper

__all__ = ["Value", "no_grad", "observe", "recording", "topological_order"]

NEG, ADD, SUB = TABLE["neg"], TABLE["add"], TABLE["sub"]
MUL, DIV, POW = TABLE["mul"], TABLE["div"], TABLE["pow"]
EXP, TANH, RELU = TABLE["exp"], TABLE["tanh"], TABLE["relu"]
DOT, SUM = TABLE["dot"], TABLE["sum"]
INF = math.inf
NORMAL = sys.float_info.min  # a smaller number has lost digits
LARGEST_EXPONENT = 709.782712893384  # exp of the next float is above every float


@cython.final
@cython.no_gc
@cython.cclass
class Value(Methods):
    """A float, and the operation, inputs and partials that it came from.

    Args:
        data: any real number; kept as a float.
        label: a name for pictures and messages.

    Raises:
        TypeError: `data` is not a real number, or `label` is not a string.

    >>> a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    >>> loss = (a * b + c).tanh()
    >>> loss.backward()
    >>> a
    Value(2.0, grad=-0.004022852049077691, label='a')
    >>> (a * b).partials
    (-3.0, 2.0)
    """

    # An operation with one or two operands keeps them in `_a` and `_b` with the partials
    # `_da` and `_db`. Where an operand is a plain number the input is None, and the number
    # itself stands in the place of its partial. `_extra` holds what few nodes have: a label,
    # or, for an operation with more operands, (operands, inputs, partials, label); for a sum
    # the partials are None, since all of them are 1.
    # `_mark` tells a traversal whether it has been here, and how many uses of this node are
    # still to come. A leaf's `_da` keeps its gradient during a pass.
    __slots__ = (
        *("_data", "_grad", "_primitive", "_a", "_b", "_da", "_db", "_extra"),
        "_mark",
    )
    _data: float
    _grad: float
    _primitive: Primitive | None
    _a: Value | None
    _b: Value | None
    _da: float
    _db: float
    _extra: Any
    _mark: int

    def __init__(self, data: Number, label: Label = None) -> None:
        extra = None if label is None else text(label)
        self._data = data if type(data) is float else number(data, "Value")
        self._grad = 0.0
        self._primitive = None
        self._a = None
        self._b = None
        self._da = 0.0
        self._db = 0.0
        self._extra = extra
        self._mark = 0

    # ------------------------------------------------------------------ what it holds

    @property
    def data(self) -> float:
        """The value. It may be set, as an optimizer does with a parameter.

        Nodes already recorded keep the partials of the value they were computed with.
        """
        if _observer is not None:
            return _observer("data", self, None)  # type: ignore[no-any-return]
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        self._data = data if type(data) is float else number(data, "Value.data")

    @data.deleter
    def data(self) -> None:
        raise AttributeError("property 'data' of 'Value' object has no deleter")

    @property
    def grad(self) -> float:
        """d(root)/d(this), summed over the backward passes that reached this node."""
        return self._grad

    @grad.setter
    def grad(self, grad: Number) -> None:
        self._grad = grad if type(grad) is float else number(grad, "Value.grad")

    @grad.deleter
    def grad(self) -> None:
        raise AttributeError("property 'grad' of 'Value' object has no deleter")

    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
        label: Any = self._extra[3] if type(self._extra) is tuple else self._extra
        return label  # type: ignore[no-any-return]

    @label.setter
    def label(self, label: Label) -> None:
        name = None if label is None else text(label)
        self._extra = (*self._extra[:3], name) if type(self._extra) is tuple else name

    @label.deleter
    def label(self) -> None:
        raise AttributeError("property 'label' of 'Value' object has no deleter")

    @property
    def op(self) -> Primitive | None:
        """The primitive that made this node, None for a leaf."""
        return self._primitive

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The full argument list of the operation: Values and plain numbers."""
        if self._primitive is None:
            return ()
        if type(self._extra) is tuple:
            return self._extra[0]  # type: ignore[no-any-return]
        a = self._da if self._a is None else self._a
        if self._primitive.arity == 1:
            return (a,)
        return (a, self._db if self._b is None else self._b)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values among the operands, one an argument slot: `a*a` has two."""
        if type(self._extra) is tuple:
            return self._extra[1]  # type: ignore[no-any-return]
        if self._b is None:
            return () if self._a is None else (self._a,)
        return (self._b,) if self._a is None else (self._a, self._b)

    @property
    def partials(self) -> tuple[float, ...]:
        """d(this)/d(input), one an input, as recorded when the operation ran."""
        if type(self._extra) is tuple:
            return _unpacked(self._extra[2], len(self._extra[1]))  # type: ignore[no-any-return]
        if self._b is None:
            return () if self._a is None else (self._da,)
        if self._a is None:
            return (self._db,)
        return (self._da, self._db)

    @property
    def _prev(self) -> set[Value]:
        """The inputs as a set, the name that micrograd gives them."""
        return set(self.inputs)

    @property
    def _op(self) -> str:
        """The operation's symbol, the name that micrograd gives it."""
        return "" if self._primitive is None else self._primitive.symbol

    def __repr__(self) -> str:
        parts = [repr(self._data)]
        if self._primitive is not None:
            parts.append(f"op={self._primitive.symbol!r}")
        if self._grad != 0.0:
            parts.append(f"grad={self._grad!r}")
        if self.label is not None:
            parts.append(f"label={self.label!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        if _observer is not None:
            return _observer("bool", self, None)  # type: ignore[no-any-return]
        return self._data != 0.0

    def __int__(self) -> int:
        if _observer is not None:
            return _observer("int", self, None)  # type: ignore[no-any-return]
        return int(self._data)

    def __round__(self, ndigits: Any = None) -> Any:
        if _observer is not None:
            return _observer("round", self, ndigits)
        return round(self._data, ndigits)

    def __floor__(self) -> int:
        if _observer is not None:
            return _observer("floor", self, None)  # type: ignore[no-any-return]
        return math.floor(self._data)

    def __ceil__(self) -> int:
        if _observer is not None:
            return _observer("ceil", self, None)  # type: ignore[no-any-return]
        return math.ceil(self._data)

    def __trunc__(self) -> int:
        if _observer is not None:
            return _observer("trunc", self, None)  # type: ignore[no-any-return]
        return math.trunc(self._data)

    def __hash__(self) -> int:
        return id(self) >> 4

    def __lt__(self, other: Operand) -> Any:
        if _observer is not None:
            return _observer("lt", self, other)
        return self._data < (other._data if type(other) is Value else other)

    def __le__(self, other: Operand) -> Any:
        if _observer is not None:
            return _observer("le", self, other)
        return self._data <= (other._data if type(other) is Value else other)

    def __gt__(self, other: Operand) -> Any:
        if _observer is not None:
            return _observer("gt", self, other)
        return self._data > (other._data if type(other) is Value else other)

    def __ge__(self, other: Operand) -> Any:
        if _observer is not None:
            return _observer("ge", self, other)
        return self._data >= (other._data if type(other) is Value else other)

    # ------------------------------------------------------------------ the operators

    def __neg__(self) -> Value:
        return _node(-self._data, NEG, self, None, -1.0, 0.0)

    def __pos__(self) -> Value:
        return self

    def conjugate(self) -> Value:
        """Itself, as of any real number; NumPy asks for it."""
        return self

    def __abs__(self) -> Value:
        return self.abs()

    def __add__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            that: Value = other
            return _node(x + that._data, ADD, self, that, 1.0, 1.0)
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(x + c, ADD, self, None, 1.0, c)

    def __radd__(self, other: Operand) -> Value:
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(c + self._data, ADD, None, self, c, 1.0)

    def __sub__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            that: Value = other
            return _node(x - that._data, SUB, self, that, 1.0, -1.0)
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(x - c, SUB, self, None, 1.0, c)

    def __rsub__(self, other: Operand) -> Value:
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(c - self._data, SUB, None, self, c, -1.0)

    def __mul__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            that: Value = other
            y = that._data
            return _node(x * y, MUL, self, that, y, x)
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(x * c, MUL, self, None, c, c)

    def __rmul__(self, other: Operand) -> Value:
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        return _node(c * self._data, MUL, None, self, c, c)

    def __truediv__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            that: Value = other
            y = that._data
            if y == 0.0:
                raise DIV.explain(ZeroDivisionError(), (self, that))
            out = x / y
            slope: float = -out / y
            if -NORMAL < out < NORMAL and out != 0.0:
                slope = DIV.partial(1, out, (x, y))
            return _node(out, DIV, self, that, 1.0 / y, slope)
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        if c == 0.0:
            raise DIV.explain(ZeroDivisionError(), (self, c))
        return _node(x / c, DIV, self, None, 1.0 / c, c)

    def __rtruediv__(self, other: Operand) -> Value:
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        y = self._data
        if y == 0.0:
            raise DIV.explain(ZeroDivisionError(), (c, self))
        out = c / y
        slope: float = -out / y
        if -NORMAL < out < NORMAL and out != 0.0:
            slope = DIV.partial(1, out, (c, y))
        return _node(out, DIV, None, self, c, slope)

    def __pow__(self, other: Operand) -> Value:
        if type(other) is Value:
            return Value._record(POW, (self, other))
        c: float
        if type(other) is float:
            c = other
        else:
            converted = real(other)
            if converted is None:
                return NotImplemented
            c = converted
        x = self._data
        if (-1e60 < x < 1e60 and c == 2.0) or (
            1e-60 < x < 1e60 and -4.0 <= c <= 4.0 and c - 1.0 + 1.0 == c != 0.0
        ):  # the rule of the table, where nothing is near its limits
            return _node(pow(x, c), POW, self, None, c * pow(x, c - 1.0), c)
        out = POW.evaluate((x, c), (self, c))
        return _node(out, POW, self, None, POW.partial(0, out, (x, c)), c)

    def __rpow__(self, other: Operand) -> Value:
        if real(other) is None:
            return NotImplemented
        return Value._record(POW, (other, self))

    # ------------------------------------------------------------------ hot functions

    def exp(self) -> Value:
        """e to the power of x"""
        x = self._data
        if LARGEST_EXPONENT < x < INF:
            raise EXP.explain(OverflowError(), (self,))
        out = exp(x)
        return _node(out, EXP, self, None, out, 0.0)

    def tanh(self) -> Value:
        """The hyperbolic tangent"""
        x = self._data
        e = exp(-2.0 * x if x >= 0.0 else 2.0 * x)
        slope = 4.0 * (e / (1.0 + e * (2.0 + e)))
        return _node(tanh(x), TANH, self, None, slope, 0.0)

    def relu(self) -> Value:
        """x where it is positive, else 0"""
        x = self._data
        if x <= 0.0:
            return _node(0.0, RELU, self, None, 0.0, 0.0)
        return _node(x, RELU, self, None, 1.0, 0.0)

    # ------------------------------------------------------------------ the chain rule

    def backward(self, seed: Number = 1.0) -> None:
        """Add seed · d(self)/d(leaf) to the `grad` of every leaf that self depends on.

        Interior nodes are set to their gradient in this pass; leaves accumulate, so a
        second call adds exactly the same again. A zero cotangent contributes nothing, even
        against an infinite partial. Time and memory are linear in the number of nodes.
        Graphs that share nodes, also leaves, are for one thread at a time.

        Raises:
            TypeError: `seed` is not a real number.
            ValueError: a derivative is needed where it does not exist (the exponent's of
                `x ** p` at x < 0).
            FloatingPointError: a gradient is NaN although every number in the graph is
                finite (∞ · 0 or ∞ - ∞), naming the operation; or would become so with
                what was there before.
            After an error, also KeyboardInterrupt, the leaves are as they were.

        >>> a = Value(3.0)
        >>> b = a * a
        >>> b.backward()
        >>> b.backward()
        >>> a.grad
        12.0
        """
        start = number(seed, "the seed of backward")
        leaves: list[Value] = []
        leaf: Value
        try:
            heads, tree = _below((self,), leaves, True)
            self._grad = start
            _walk(heads, None, tree)
            if cython.compiled:
                PyErr_CheckSignals()  # pyright: ignore  # a Control-C that came meanwhile
            if not _settle(leaves):
                self._backward_or_explain(start)
                _settle(leaves)
        except BaseException:
            for leaf in leaves:
                leaf._grad = leaf._da
            raise

    def _backward_or_explain(self, start: float) -> None:
        """The gradients by the sweep that raises if NaN arises from finite numbers."""
        from autograd.core.sweeps import cotangents

        found = cotangents([(self, start)])
        order, leaves = topological_order(self)
        node: Value
        for node in order + leaves:
            node._grad = found.get(node, 0.0)

    def zero_grad(self) -> None:
        """Set the `grad` of this node and of everything it depends on to 0."""
        order, leaves = topological_order(self)
        for node in order:
            node._grad = 0.0
        for leaf in leaves:
            leaf._grad = 0.0

    def detach(self) -> Value:
        """A leaf with the same data: gradients stop here."""
        return Value(self._data)

    # ------------------------------------------------------------------ looking at it

    def graph(self, **options: Any) -> Graph:
        """A snapshot of all that this depends on: a picture in a notebook, a tree in print.

        Raises:
            TypeError, ValueError: an option of `autograd.show.drawing.options.Options` is unknown,
                or has a value that it cannot have.
        """
        from autograd.show.graph import Graph

        return Graph(self, **options)

    def steps(self, seed: Number = 1.0) -> Stepper:
        """The pass that differentiates this, as events to be played one by one.

        Raises:
            TypeError: `seed` is not a real number.
        """
        from autograd.show.stepper import Stepper

        return Stepper(self, seed)

    # ------------------------------------------------------------------ recording

    @staticmethod
    def _record(primitive: Primitive, operands: tuple[Operand, ...]) -> Value:
        """Apply a primitive to operands of which at least one is a Value."""
        if cython.compiled and primitive is SUM and not _paused:
            found = node_sum(SUM, operands)  # type: ignore[name-defined]  # noqa: F821
            if found is not None:
                return found  # type: ignore[no-any-return]
        if len(operands) == 1 and not primitive.variadic:
            (x,) = operands
            data = primitive.evaluate((x._data,), operands)
            if _paused and not _recording():
                return Value(data)
            return _node(data, primitive, x, None, primitive.partial(0, data, (x._data,)), 0.0)
        if len(operands) == 2 and not primitive.variadic:
            return _binary(primitive, operands)
        numbers = []
        alike = exact = True  # all are Values; or else floats
        for x in operands:
            if type(x) is Value:
                that: Value = x
                numbers.append(that._data)
            elif type(x) is float:
                numbers.append(x)
                alike = False
            else:
                numbers.append(number(x, primitive.name))
                alike = exact = False
        data = primitive.evaluate(numbers, operands)
        if _paused and not _recording():
            return Value(data)
        if not exact:
            operands = tuple([x if type(x) is Value else c for x, c in zip(operands, numbers)])
        if primitive.variadic:
            partials = primitive.partials(data, numbers)
        else:
            slots = [slot for slot, x in enumerate(operands) if type(x) is Value]
            every = numbers[:]
            for slot in slots:
                every[slot] = primitive.partial(slot, data, numbers)
            partials = tuple(every)
        inputs = operands
        if not alike:
            inputs = tuple([x for x in operands if type(x) is Value])
            partials = tuple([d for d, x in zip(partials, operands) if type(x) is Value])
        out: Value = _node(data, primitive, None, None, 0.0, 0.0)
        out._extra = (operands, inputs, None if primitive is SUM else _packed(partials), None)
        return out

    @staticmethod
    def _dot(
        ws: list[Operand] | tuple[Operand, ...],
        xs: list[Operand] | tuple[Operand, ...],
        bias: Operand,
    ) -> Any:
        """`autograd.dot` of lists or tuples."""
        if cython.compiled and not _paused:
            found = node_dot(DOT, ws, xs, bias)  # type: ignore[name-defined]  # noqa: F821
            if found is not None:
                return found
        if len(ws) != len(xs):
            raise ValueError(
                f"dot: {len(ws)} weights for {len(xs)} inputs; give as many of each"
            )
        return DOT(bias, *ws, *xs)

    # ------------------------------------------------------------------ copies
    # A node's state names its inputs, so pickling it would recurse as deep as the graph.
    # The node that is pickled first therefore carries the whole graph, inputs first: when
    # a node's turn comes, its inputs have been written. `_mark` tells the nodes so carried.

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        own = self._state()
        if self._mark == _CARRIED and _carrier.alive():
            return _blank, (), own
        order, leaves = topological_order(self)
        nodes = tuple(leaves + order)
        node: Value
        for node in nodes:
            node._mark = _CARRIED
        return _blank, (), (*nodes, _carrier.set_out(nodes), *own)

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or not _is_state(state[-8:]):
            raise TypeError(f"this is no state of a Value: {state!r:.80}")
        self._data, self._grad, self._primitive, self._a, self._b = state[-8:-3]
        self._da, self._db, extra = state[-3:]
        if type(extra) is tuple:
            operands, inputs, partials, label = extra
            packed = None if self._primitive is SUM else _packed(partials)
            extra = (operands, inputs, packed, label)
        self._extra = extra

    def __copy__(self) -> Value:
        result: Value = _blank()
        result.__setstate__(self._state())
        return result

    def _state(self) -> tuple[Any, ...]:
        extra = self._extra
        if type(extra) is tuple:
            extra = (extra[0], extra[1], _unpacked(extra[2], len(extra[1])), extra[3])
        da = 0.0 if self._primitive is None else self._da
        own = (self._data, self._grad, self._primitive, self._a, self._b)
        return (*own, da, self._db, extra)


# ---------------------------------------------------------------------- being watched

_observer: Any = None


def observe(observer: Callable[[str, Value, Any], Any] | None) -> None:
    """Let `observer(what, x, other)` answer wherever a Value turns into a plain number or bool.

    `what` is the name of the method without its underscores, such as "lt", or "data". A
    program that is being recorded learns so which way the function goes. None ends it.
    """
    global _observer
    _observer = observer


# ---------------------------------------------------------------------- making nodes


_new = object.__new__

if not cython.compiled:  # else in wide.h and node.h
    # The stack of a traversal; compiled, the nodes on it hang together by a field in each.
    _none: Any = None
    _stack: Any = list
    _push = _put = list.append
    _pop = list.pop
    _wide = attrgetter("_extra")
    _inputs: Any = tuple

    def _at(node: Value) -> Any:
        return node

    def _packed(partials: tuple[float, ...]) -> Any:
        return partials

    def _unpacked(partials: Any, n: int) -> Any:
        return (1.0,) * n if partials is None else partials

    def _floats(partials: Any) -> Any:
        return partials

    def _node(
        data: float,
        primitive: Primitive,
        a: Value | None,
        b: Value | None,
        da: float,
        db: float,
    ) -> Value:
        if _paused and not _recording():
            return Value(data)
        out: Value = _new(Value)
        out._data = data
        out._grad = 0.0
        out._primitive = primitive
        out._a = a
        out._b = b
        out._da = da
        out._db = db
        out._extra = None
        out._mark = 0
        return out

    def _final(cls: type, /) -> None:
        raise TypeError("type 'autograd.core.value.Value' is not an acceptable base type")

    Value.__init_subclass__ = classmethod(_final)  # type: ignore[method-assign,assignment]


def _binary(primitive: Primitive, operands: tuple[Operand, ...]) -> Value:
    """Apply a primitive with two rules to two operands of which at least one is a Value."""
    x, y = operands
    a: Value | None = x if type(x) is Value else None
    b: Value | None = y if type(y) is Value else None
    da: float = number(x, primitive.name) if a is None else a._data
    db: float = number(y, primitive.name) if b is None else b._data
    numbers = (da, db)
    data: float = primitive.evaluate(numbers, operands)
    if _paused and not _recording():
        return Value(data)
    if a is not None:
        da = primitive.partial(0, data, numbers)
    if b is not None:
        db = primitive.partial(1, data, numbers)
    return _node(data, primitive, a, b, da, db)


def _blank() -> Value:
    return Value(0.0)


def _is_state(state: tuple[Any, ...]) -> bool:
    """Whether this is what `_state` gives."""
    if len(state) != 8:
        return False
    data, grad, primitive, a, b, da, db, extra = state
    if not _all_of(float, (data, grad, da, db)):
        return False
    if not _all_of(Value, [x for x in (a, b) if x is not None]):
        return False
    if primitive is None:
        return a is None and b is None and isinstance(extra, str | None)
    if not isinstance(primitive, Primitive):
        return False
    if type(extra) is not tuple:
        return not (a is None and b is None) and isinstance(extra, str | None)
    return a is None and b is None and len(extra) == 4 and _is_wide(*extra)


def _is_wide(operands: Any, inputs: Any, partials: Any, label: Any) -> bool:
    return (
        _all_of(tuple, (operands, inputs, partials))
        and [x for x in operands if type(x) is not float] == list(inputs)
        and _all_of(Value, inputs)
        and _all_of(float, partials)
        and len(inputs) == len(partials)
        and isinstance(label, str | None)
    )


def _all_of(kind: type, xs: Sequence[Any]) -> bool:
    return all(type(x) is kind for x in xs)


_CARRIED = -1


class _Arrived:
    """Closes the list of nodes that a pickled node carries; is itself copied as None."""

    __slots__ = ("__weakref__", "nodes")

    def __init__(self, nodes: tuple[Value, ...]) -> None:
        self.nodes = nodes

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        node: Value
        for node in self.nodes:
            node._mark = 0
        return type(None), ()


class _Carrier(threading.local):
    """Whether a list of nodes is on its way; not after its copying failed and let it go."""

    arrived: Callable[[], _Arrived | None] = staticmethod(lambda: None)

    def set_out(self, nodes: tuple[Value, ...]) -> _Arrived:
        arrived = _Arrived(nodes)
        self.arrived = weakref.ref(arrived)
        return arrived

    def alive(self) -> bool:
        return self.arrived() is not None


_carrier = _Carrier()


# ---------------------------------------------------------------------- no_grad

_paused = 0  # how many `no_grad` blocks are open, over all threads
_lock = threading.Lock()


class _Depth(threading.local):
    value = 0


_depth = _Depth()


def _recording() -> bool:
    return _depth.value == 0


if cython.compiled:
    node_manage(Value, _recording)  # type: ignore[name-defined]  # noqa: F821
    guard_methods(Value)  # type: ignore[name-defined]  # noqa: F821
    give_signature(Value, b"(data, label=None)")  # type: ignore[name-defined]  # noqa: F821


class no_grad(ContextDecorator):
    """Record nothing in this thread while the block (or decorated function) runs.

    Operations on Values give leaves: the same data, no inputs.

    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y, y.inputs
    (Value(9.0), ())
    """

    def __enter__(self) -> None:
        global _paused
        with _lock:
            _paused += 1
        _depth.value += 1

    def __exit__(self, *exception: object) -> None:
        global _paused
        if _depth.value == 0:
            raise RuntimeError("this thread leaves a no_grad block that it has not entered")
        _depth.value -= 1
        with _lock:
            _paused -= 1


class recording:
    """Record in this thread while the block runs, also inside `no_grad`."""

    def __enter__(self) -> None:
        self.outer = _depth.value
        _depth.value = 0

    def __exit__(self, *exception: object) -> None:
        _depth.value = self.outer


# ---------------------------------------------------------------------- traversal

# A traversal takes marks that none before it has used. A leaf that it has met has the first of
# them, an interior node the second and one more for each use that is still to come. Traversals
# at the same time may come to share marks, since they share no node.
FEW = 64
_used = 0


def _reserve(n: cython.longlong, above: cython.longlong) -> cython.longlong:
    """Take the next n marks, or those that follow `above` if it isn't 0; return the last.

    That is done before they are used: a pass that is interrupted leaves them in its nodes.
    """
    global _used
    last = (above or _used) + n
    if last > _used:  # no call comes in between, at which the threads could switch
        _used = last
    return last


def topological_order(*roots: Value) -> tuple[list[Value], list[Value]]:
    """The interior nodes that the roots depend on, each after its inputs, and the leaves.

    The order depends on the graph alone; `backward` takes it from the last to the first.
    """
    leaves: list[Value] = []
    order: list[Value] = []
    for root in roots:
        if type(root) is not Value:
            raise TypeError(f"topological_order takes Values, got {root!r:.80}")
    heads, _ = _below(roots, leaves, False)
    _walk(heads, order, False)
    order.reverse()
    return order, leaves


def _below(
    roots: tuple[Value, ...], leaves: list[Value], zero: bool
) -> tuple[list[Value], bool]:
    """Count the uses of each node below the roots, in `_mark`, and list the leaves.

    Returns the interior nodes among the roots that no other depends on; and whether what is
    below is a tree but for the leaves, which only operations with one or two operands use.
    With `zero`, sets every gradient to 0; a leaf's `_da`, which nothing else uses, then keeps
    what it was. The caller has checked that the roots are Values.
    """
    several: tuple[Value, ...]
    none = _none
    compiled = cython.compiled
    waiting = [roots]  # and then the inputs of wide nodes
    most: cython.longlong = _reserve(FEW, 0)
    leaf: cython.longlong = most - FEW + 1
    never: cython.longlong = leaf + 1
    once: cython.longlong = leaf + 2
    fresh: cython.longlong = never  # the mark of one just met; `once` after the roots
    shared = False  # whether a node with one or two inputs uses an interior node again
    repeated: cython.Py_ssize_t = 0  # uses by wide nodes that are not a node's only one
    stack = _stack()
    for several in waiting:
        n = len(several)
        repeated += n
        for node in _inputs(several)[:n]:  # compiled, an array that does not know its length
            mark = node._mark
            if mark >= leaf:
                if mark != leaf and fresh == once:
                    if mark == most:
                        most = _reserve(FEW, most)
                    node._mark = mark + 1
                continue
            if node._primitive is none:
                node._mark = leaf
                _meet(node, leaves, zero)
                continue
            node._mark = fresh
            repeated -= 1
            while True:
                if compiled:
                    _ahead(node)  # type: ignore[name-defined]  # noqa: F821
                after = none  # of the nodes just met, the one to go on with
                a = node._a
                b = node._b
                if zero:
                    node._grad = 0.0
                if a is not none:
                    mark = a._mark
                    if mark < leaf:
                        if a._primitive is none:
                            a._mark = leaf
                            _meet(a, leaves, zero)
                        else:
                            a._mark = once
                            after = a
                    elif mark != leaf:
                        shared = True
                        if mark == most:
                            most = _reserve(FEW, most)
                        a._mark = mark + 1
                if b is not none:
                    mark = b._mark
                    if mark < leaf:
                        if b._primitive is none:
                            b._mark = leaf
                            _meet(b, leaves, zero)
                        else:
                            b._mark = once
                            if after is not none:
                                _push(stack, after)
                            after = b
                    elif mark != leaf:
                        shared = True
                        if mark == most:
                            most = _reserve(FEW, most)
                        b._mark = mark + 1
                elif a is none:
                    waiting.append(_wide(node)[1])
                if after is not none:
                    node = after
                elif stack:
                    node = _pop(stack)
                else:
                    break
        fresh = once
    return [x for x in roots if x._mark == never], not shared and repeated == 0


def _walk(heads: list[Value], order: list[Value] | None, tree: bool) -> None:
    """Go from the roots to the leaves, to each node when all that use it have been (Kahn 1962).

    Lists the interior nodes on `order`, or without one applies the chain rule. A node gives
    all its inputs their share before the next node's turn. In a tree (see `_below`) that may
    wait until an input's own turn, with the same sums: a wide node's inputs, too many for the
    caches, are then read once instead of twice. They go from the last to the first, as the
    stack would have them, and only where nothing waits there: so nodes keep their order. What
    has no gradient gives none, even against an infinite partial, and does not come here.
    """
    x: Value
    wide: tuple[Any, ...]
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t
    left: cython.Py_ssize_t = 0  # how many inputs of a wide node wait for their turn
    waiting = _inputs(())  # these inputs, which their node keeps alive
    share = 0.0  # of the gradient, times a factor if they aren't all equal
    factors = _floats(None)
    equal = True
    none = _none
    compiled = cython.compiled
    once: cython.longlong = heads[0]._mark + 1 if heads else 0
    leaf: cython.longlong = once - 2
    ready = _stack()
    for x in heads:
        if x._mark != once:  # a root given twice is put there once
            x._mark = once
            _push(ready, _at(x))
    if not ready:
        return
    node = _pop(ready)
    while True:
        if compiled:
            _ahead(node)  # type: ignore[name-defined]  # noqa: F821
        after = none
        grad = node._grad
        if order is not None:
            grad = 0.0
            _put(order, node)
        a = node._a
        b = node._b
        if a is not none:
            if grad != 0.0:
                a._grad += grad * node._da
            mark = a._mark
            if mark == once:
                after = a
            elif mark != leaf:
                a._mark = mark - 1
        if b is not none:
            if grad != 0.0:
                b._grad += grad * node._db
            mark = b._mark
            if mark == once:
                if after is not none:
                    _push(ready, after)
                after = b
            elif mark != leaf:
                b._mark = mark - 1
        elif a is none:
            wide = _wide(node)
            inputs = _inputs(wide[1])
            ones = wide[2] is None
            partials = _floats(wide[2])
            n = len(wide[1])
            if tree and left == 0 and grad != 0.0 and not ready:
                waiting, left, share = inputs, n, grad
                factors, equal = partials, ones
                n = 0
            i = 0
            for a in inputs[:n]:
                if grad != 0.0:
                    a._grad += grad if ones else grad * partials[i]
                    i += 1
                mark = a._mark
                if mark == once:
                    _push(ready, a)
                elif mark != leaf:
                    a._mark = mark - 1
        if after is not none:
            node = after
        elif ready:
            node = _pop(ready)
        elif left != 0:
            left -= 1
            node = waiting[left]
            node._grad += share if equal else share * factors[left]
        else:
            break


def _meet(leaf: Any, leaves: Any, zero: bool) -> None:
    if zero:
        leaf._da = leaf._grad
    _put(leaves, leaf)
    if zero:  # not before: what is not listed is not put back after an error
        leaf._grad = 0.0


def _settle(leaves: list[Value]) -> bool:
    """Add what each leaf's gradient was before; False if one that comes new is NaN."""
    leaf: Value
    known = True
    for leaf in leaves:
        added = leaf._grad
        leaf._grad = added + leaf._da
        if leaf._grad != leaf._grad:
            if added != added:
                known = False
            elif leaf._da == leaf._da:
                raise FloatingPointError(
                    f"backward adds {added!r} to the gradient {leaf._da!r} of "
                    f"{describe([leaf])}; call zero_grad between the passes"
                )
    return known
