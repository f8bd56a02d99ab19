# cython: language_level=3, infer_types=True, auto_pickle=False, binding=False
# pyright: reportPossiblyUnboundVariable=false
# cython: embedsignature=True, embedsignature.format=clinic
"""The node: a float that remembers how it was computed.

Every operation on a `Value` makes a new `Value` that keeps the operation, its inputs and the
local derivative (partial) to each of them as plain data. `backward` walks that record; see
`chain.py`.

The operators and `exp`, `tanh`, `relu` are written out here, for speed; every other operation
takes its rules from the table. This is also what Cython compiles, with the C types of
`value.pxd`. What only the compiled build does is in C: `node.h` makes and frees nodes,
`wide.h` keeps the partials of nodes with many inputs and adds up `dot` and `sum`.

The fields of a node, by its kind:

    field     a leaf                           one or two operands         more operands
    _a, _b    None; `_frozen` in _a if frozen  the operands; None of a     None
                                               number
    _da, _db  the gradient over all passes,    the partials to _a and _b;  unused
              and before the last one          a number in its own place
    _extra    None, or (label, None, None, None, origin); the origin is    (label, operands,
              left out if there is none                                    inputs, partials,
                                                                           origin)
    _grad     the gradient in the last pass; a tangent or cotangent while a sweep runs
    _pass     the last pass that was here, or the last one when the node was made
    _uses     the uses of the node that this pass has still to come to

The partials of a sum are None, since all of them are 1.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

if not cython.compiled:  # else in value.pxd
    import math as libc

    from autograd.core import traversal
    from autograd.core.primitive import record_with
    from autograd.core.traversal import begin

from autograd.core import copies
from autograd.core.chain import product, topological_order
from autograd.core.operand import Label, Number, Operand, checked_label, number, real
from autograd.core.operations import Operations
from autograd.core.primitive import TABLE, Primitive
from autograd.core.sweeps import cotangents
from autograd.core.traversal import accumulate, add_to_leaves, list_nodes

__all__ = ["Value", "observe", "tell_observer"]

if TYPE_CHECKING:
    Truth = bool  # but for the observer of a program, which Cython must not make a bool of

NEG, ADD, SUB = TABLE["neg"], TABLE["add"], TABLE["sub"]
MUL, DIV, POW = TABLE["mul"], TABLE["div"], TABLE["pow"]
EXP, TANH, RELU = TABLE["exp"], TABLE["tanh"], TABLE["relu"]
DOT, SUM = TABLE["dot"], TABLE["sum"]
INF = math.inf
NORMAL = sys.float_info.min  # a smaller number has lost digits
GRAD = "Value.grad, 0.0 where there is none,"
LARGEST_EXPONENT = 709.782712893384  # exp of the next float is above every float


@cython.final
@cython.no_gc
@cython.cclass
class Value(Operations):
    """Value(data, label=None, requires_grad=True)\n--\n\nA float, and what it came from.

    Args:
        data: any real number; kept as a float.
        label: a name for pictures and messages.
        requires_grad: False for a leaf that is frozen.

    Raises:
        TypeError: `data` is not a real number, `label` not a string, or `requires_grad` not a
            bool.

    >>> a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    >>> loss = (a * b + c).tanh()
    >>> loss.backward()
    >>> a
    Value(2.0, grad=-0.004022852049077691, label='a')
    >>> (a * b).partials
    (-3.0, 2.0)
    """  # noqa: D301

    __slots__ = (
        *("_data", "_grad", "_primitive", "_a", "_b", "_da", "_db", "_extra"),
        *("_pass", "_uses"),
    )
    _data: float
    _grad: float
    _primitive: Any  # a Primitive, or None
    _a: Value | None
    _b: Value | None
    _da: float
    _db: float
    _extra: Any  # a tuple, or None
    _pass: int
    _uses: int

    def __init__(self, data: Number, label: Label = None, requires_grad: Any = True) -> None:
        name = checked_label(label)
        if type(requires_grad) is not bool:
            raise TypeError(f"requires_grad must be True or False, got {requires_grad!r:.80}")
        self._data = data if type(data) is float else number(data, "Value")
        bare = None if name is None else (name, None, None, None)
        self._extra = _kept(name) if _paused else bare
        self._primitive = self._a = self._b = None
        self._grad = self._da = self._db = 0.0
        self._pass = _passes if cython.compiled else traversal._passes  # type: ignore  # noqa: F821
        self._uses = 0
        if not requires_grad:
            self.requires_grad = False

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
        new: float = data if type(data) is float else number(data, "Value.data")
        if _observer is not None:
            _observer("set", self, None)
        self._data = new

    @property
    def grad(self) -> float:
        """d(root)/d(this), of a leaf summed over the backward passes that reached it."""
        if _observer is not None:
            _observer("grad", self, None)
        return self._da if self._primitive is None else self._grad

    @grad.setter
    def grad(self, grad: Number) -> None:
        new: float = grad if type(grad) is float else number(grad, GRAD)
        if self._primitive is None:
            self._da = new
        else:
            self._grad = new

    @property
    def requires_grad(self) -> bool:
        """Whether this gets a gradient. Set to False, it freezes a leaf.

        The `grad` of a frozen leaf is 0, `backward` leaves it so, and optimizers leave the leaf
        as it is.

        Raises:
            ValueError: a result of an operation can't be frozen.
            TypeError: it is set to what is neither True nor False.
        """
        return self._primitive is not None or self._a is None

    @requires_grad.setter
    def requires_grad(self, flag: Any) -> None:  # a bool, but Cython would make one
        global freezes
        if type(flag) is not bool:
            raise TypeError(f"requires_grad must be True or False, got {flag!r:.80}")
        if self._primitive is None:
            self._a = None if flag else _frozen
            self._grad = self._da = self._da if flag else 0.0
            freezes += 1
        elif not flag:
            raise ValueError(
                f"{self!r:.80} is the result of an operation and can't be frozen; use detach()"
            )

    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
        return None if self._extra is None else self._extra[0]

    @label.setter
    def label(self, label: Label) -> None:
        name = checked_label(label)
        self._extra = (name, *(self._extra or (None,) * 4)[1:])

    @property
    def op(self) -> Any:
        """The primitive (autograd.Primitive) that made this node, None for a leaf."""
        return self._primitive

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The full argument list of the operation: Values and plain numbers."""
        if self._primitive is None:
            return ()
        if self._a is None and self._b is None:
            return self._extra[1]  # type: ignore[no-any-return]
        a = self._da if self._a is None else self._a
        if self._primitive.arity == 1:
            return (a,)
        return (a, self._db if self._b is None else self._b)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values among the operands, one an argument slot: `a*a` has two."""
        if self._primitive is None:
            return ()
        if self._a is not None and self._b is not None:
            return (self._a, self._b)
        if self._a is not None:
            return (self._a,)
        return self._extra[2] if self._b is None else (self._b,)

    @property
    def partials(self) -> tuple[float, ...]:
        """d(this)/d(input), one an input, as recorded when the operation ran."""
        if _observer is not None:
            _observer("partials", self, None)
        if self._primitive is None:
            return ()
        if self._a is not None and self._b is not None:
            return (self._da, self._db)
        if self._a is not None:
            return (self._da,)
        if self._b is not None:
            return (self._db,)
        return _unpacked(self._extra[3], len(self._extra[2]))  # type: ignore[no-any-return]

    def detach(self) -> Value:
        """A leaf with the same data: gradients stop here."""
        if _observer is not None:
            return _observer("detach", self, None)  # type: ignore[no-any-return]
        return Value(self._data)

    def _primal(self) -> Any:
        """The data, for a rule that branches by it; see `autograd.core.operand.primal`."""
        return self._data if _observer is None else _observer("primal", self, None)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name!r} of a Value can't be deleted")

    # Values compare as floats do; but a set or a dict tells apart any two nodes.

    def __hash__(self) -> int:
        return object.__hash__(self) if _observer is None else _observer("hash", self, None)

    def __eq__(self, other: Any) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data == y if _observer is None else _observer("eq", self, other)

    def __ne__(self, other: Any) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data != y if _observer is None else _observer("ne", self, other)

    def __lt__(self, other: Operand) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data < y if _observer is None else _observer("lt", self, other)

    def __le__(self, other: Operand) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data <= y if _observer is None else _observer("le", self, other)

    def __gt__(self, other: Operand) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data > y if _observer is None else _observer("gt", self, other)

    def __ge__(self, other: Operand) -> Truth:
        y = other._data if type(other) is Value else other
        return self._data >= y if _observer is None else _observer("ge", self, other)

    # ------------------------------------------------------------------ the operators
    # An operand is another Value, a number, or a stranger, whose own method Python then asks.

    def __neg__(self) -> Value:
        return _node(-self._data, NEG, self, None, -1.0, 0.0)

    def __add__(self, other: Operand) -> Value:
        if type(other) is Value:
            y: Value = other
            return _node(self._data + y._data, ADD, self, y, 1.0, 1.0)
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(self._data + c, ADD, self, None, 1.0, c)

    def __radd__(self, other: Operand) -> Value:
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(c + self._data, ADD, None, self, c, 1.0)

    def __sub__(self, other: Operand) -> Value:
        if type(other) is Value:
            y: Value = other
            return _node(self._data - y._data, SUB, self, y, 1.0, -1.0)
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(self._data - c, SUB, self, None, 1.0, c)

    def __rsub__(self, other: Operand) -> Value:
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(c - self._data, SUB, None, self, c, -1.0)

    def __mul__(self, other: Operand) -> Value:
        if type(other) is Value:
            y: Value = other
            return _node(self._data * y._data, MUL, self, y, y._data, self._data)
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(self._data * c, MUL, self, None, c, c)

    def __rmul__(self, other: Operand) -> Value:
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        return _node(c * self._data, MUL, None, self, c, c)

    def __truediv__(self, other: Operand) -> Value:
        if type(other) is Value:
            y: Value = other
            out = self._data / y._data if y._data != 0.0 else 0.0
            if -NORMAL < out < NORMAL:  # by the table's rule, which loses no digits there
                return Value._record(DIV, (self, y))
            return _node(out, DIV, self, y, 1.0 / y._data, -out / y._data)
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        if c == 0.0:
            raise DIV.explain(ZeroDivisionError(), (self, c))
        return _node(self._data / c, DIV, self, None, 1.0 / c, c)

    def __rtruediv__(self, other: Operand) -> Any:
        return _reflected(DIV, other, self)

    def __pow__(self, other: Operand) -> Value:
        if type(other) is Value:
            return Value._record(POW, (self, other))
        k = other if type(other) is float else _quick_real(other)
        if k is None:
            return NotImplemented
        c: float = k
        x = self._data
        if (-1e60 < x < 1e60 and c == 2.0) or (
            1e-60 < x < 1e60 and -4.0 <= c <= 4.0 and c - 1.0 + 1.0 == c != 0.0
        ):  # the rule of the table, where nothing is near its limits
            return _node(libc.pow(x, c), POW, self, None, c * libc.pow(x, c - 1.0), c)
        return Value._record(POW, (self, c))

    def __rpow__(self, other: Operand) -> Any:
        return _reflected(POW, other, self)

    # ------------------------------------------------------------------ hot functions

    def exp(self) -> Value:
        """e to the power of x; OverflowError above 709.78."""
        x = self._data
        if LARGEST_EXPONENT < x < INF:
            raise EXP.explain(OverflowError(), (self,))
        out = libc.exp(x)
        return _node(out, EXP, self, None, out, 0.0)

    def tanh(self) -> Value:
        """The hyperbolic tangent; its derivative keeps its digits in the tails."""
        x = self._data
        e = libc.exp(-2.0 * x if x >= 0.0 else 2.0 * x)
        slope = 4.0 * (e / (1.0 + e * (2.0 + e)))
        return _node(libc.tanh(x), TANH, self, None, slope, 0.0)

    def relu(self) -> Value:
        """x where it is positive, else 0. Kink: 0 at x = 0."""
        x = self._data
        if x <= 0.0:
            return _node(0.0, RELU, self, None, 0.0, 0.0)
        return _node(x, RELU, self, None, 1.0, 0.0)

    # ------------------------------------------------------------------ the chain rule

    def backward(self, seed: Number = 1.0, retain_graph: Any = True) -> None:
        """Add seed · d(self)/d(leaf) to the `grad` of every leaf that self depends on.

        Interior nodes are set to their gradient in this pass; leaves accumulate, so a
        second call adds exactly the same again. A zero cotangent contributes nothing, even
        against an infinite partial. Time and memory are linear in the number of nodes.
        `retain_graph` is PyTorch's: the graph is kept in any case.

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
        start: float = number(seed, "the seed of backward")
        tell_observer("backward", self)
        if accumulate(self, start):
            grads = cotangents([(self, start)])  # raises, unless there was NaN before
            order, leaves = topological_order(self)
            for node in order:
                node.grad = grads.get(node, 0.0)
            add_to_leaves(leaves, [grads.get(leaf, 0.0) for leaf in leaves], 0)

    def _backward(self) -> None:
        """Give the inputs of this node their shares of its `grad`, as micrograd's does."""
        for x, partial in zip(self.inputs, self.partials):
            if x.requires_grad:
                x.grad += product(self, self.grad, partial, x)

    def zero_grad(self) -> None:
        """Set the `grad` of this node and of everything it depends on to 0."""
        order: list[Value] = []
        leaves: list[Value] = []
        if not list_nodes(self, order, leaves, [], 0):
            order, leaves = topological_order(self)
        for node in order + leaves:
            node.grad = 0.0

    # ------------------------------------------------------------------ recording

    @staticmethod
    def _record(primitive: Primitive, operands: tuple[Operand, ...]) -> Value:
        """Apply a primitive to operands of which at least one is a Value."""
        if not primitive.variadic:
            if len(operands) == 1:
                return _unary(primitive, operands[0])
            if len(operands) == 2:
                return _binary(primitive, operands)
        elif cython.compiled and primitive is SUM:
            node = node_sum(SUM, operands)  # type: ignore[name-defined]  # noqa: F821
            if node is not None:
                return node  # type: ignore[no-any-return]
        floats = tuple([_float(x, primitive) for x in operands])
        data = primitive.evaluate(floats, operands)
        if _paused and not _records():
            return Value(data)
        slots = [slot for slot, x in enumerate(operands) if type(x) is Value]
        if primitive.variadic:
            every = primitive.partials(data, floats)
            partials = tuple([every[slot] for slot in slots])
        else:
            partials = tuple([primitive.partial(slot, data, floats) for slot in slots])
        out: Value = _node(data, primitive, None, None, 0.0, 0.0)
        pairs = zip(operands, floats)
        out._widen(tuple([x if type(x) is Value else c for x, c in pairs]), partials)
        return out

    def _widen(self, operands: tuple[Operand, ...], partials: tuple[float, ...]) -> None:
        """Hold operands, and the partials to those that are Values, in the tuple."""
        inputs = tuple([x for x in operands if type(x) is Value])
        packed = None if self._primitive is SUM else _packed(partials)
        self._extra = (self.label, operands, inputs, packed, *(self._extra or ())[4:])

    @staticmethod
    def _dot(
        ws: list[Operand] | tuple[Operand, ...],
        xs: list[Operand] | tuple[Operand, ...],
        bias: Operand,
    ) -> Any:
        """`autograd.dot` of lists or tuples."""
        if cython.compiled:
            node = node_dot(DOT, ws, xs, bias)  # type: ignore[name-defined]  # noqa: F821
            if node is not None:
                return node
        if len(ws) != len(xs):
            raise ValueError(
                f"dot: {len(ws)} weights for {len(xs)} inputs; give as many of each"
            )
        return DOT(bias, *ws, *xs)

    # ------------------------------------------------------------------ copies

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copies.reduced(self, self._state())

    def _state(self) -> tuple[Any, ...]:
        tell_observer("copy", self)
        op = self.op if self.requires_grad else False
        return (self._data, self.grad, self.label, op, self.operands, self.partials)

    def __setstate__(self, state: Any) -> None:
        self._restore(copies.checked(state, Value))

    def _restore(self, state: tuple[Any, ...]) -> None:
        data, grad, label, op, operands, partials = state
        Value.__init__(self, data, label)
        if op is False:
            self.requires_grad = False
            op = None
        self._primitive = op
        if op is not None and (op.variadic or len(operands) > 2):
            self._widen(operands, partials)
        elif op is not None:
            rest = iter(partials)
            nodes = [x if type(x) is Value else None for x in (*operands, None)]
            numbers = [next(rest) if type(x) is Value else x for x in operands]
            self._a, self._b = nodes[0], nodes[1]
            self._da, self._db = numbers[0], numbers[-1]
        self._pass = begin()
        self.grad = grad

    def __copy__(self) -> Value:
        result = Value(0.0)
        result._restore(self._state())
        return result


# ---------------------------------------------------------------------- being watched

_observer: Any = None


def observe(observer: Callable[[str, Value, Any], Any] | None) -> None:
    """Let `observer(what, x, other)` answer wherever a Value turns into a plain number or bool.

    `what` is the name of the method without its underscores, such as "lt", or "data". For
    "detach" and "primal" it gives a Value or a number through which nothing flows. It is only
    told of "grad" and "partials", of "set" before data is set, and of what `tell_observer`
    says. A program that is being recorded learns so which way the function goes. None ends it.
    """
    global _observer
    _observer = observer
    _watch_hash(observer is not None)


def tell_observer(what: str, x: Value | None = None) -> None:
    """Tell the observer, if there is one, of numbers that get out of Values in another way:
    "backward", "copy", "gradient" or "no_grad".
    """
    if _observer is not None:
        _observer(what, x, None)


# ---------------------------------------------------------------------- making nodes


if not cython.compiled:  # else in wide.h and node.h
    _new = object.__new__

    def _packed(partials: tuple[float, ...]) -> Any:
        return partials

    def _unpacked(partials: Any, n: int) -> Any:
        return (1.0,) * n if partials is None else partials

    _watched = Value.__hash__

    def _watch_hash(watched: bool) -> None:
        Value.__hash__ = _watched if watched else object.__hash__  # type: ignore[method-assign]

    _watch_hash(False)

    def _node(data: float, primitive: Any, a: Any, b: Any, da: float, db: float) -> Value:
        if _paused and not _records():
            return Value(data)
        out: Value = _new(Value)
        out._data, out._primitive = data, primitive
        out._extra = _kept(None) if _paused else None
        out._a, out._b, out._da, out._db = a, b, da, db
        out._grad = 0.0
        out._pass, out._uses = traversal._passes, 0
        return out

    def _final(cls: type, /) -> None:
        raise TypeError("type 'autograd.core.value.Value' is not an acceptable base type")

    Value.__doc__ = str(Value.__doc__).partition("--\n\n")[2]  # compiled, the signature
    Value.__init_subclass__ = classmethod(_final)  # type: ignore[method-assign,assignment]


def _unary(primitive: Primitive, operand: Any) -> Value:
    """Apply a primitive with one rule to a Value."""
    x: Value = operand
    if primitive is EXP:
        return x.exp()
    if primitive is TANH:
        return x.tanh()
    if primitive is RELU:
        return x.relu()
    data = primitive.evaluate1(x._data, x)
    if _paused and not _records():
        return Value(data)
    return _node(data, primitive, x, None, primitive.partial1(data, x._data), 0.0)


def _binary(primitive: Primitive, operands: tuple[Operand, ...]) -> Value:
    """Apply a primitive with two rules to two operands of which at least one is a Value."""
    x, y = operands
    numbers = (_float(x, primitive), _float(y, primitive))
    data: float = primitive.evaluate(numbers, operands)
    if _paused and not _records():
        return Value(data)
    a, da = None, numbers[0]
    b, db = None, numbers[1]
    if type(x) is Value:
        a, da = x, primitive.partial(0, data, numbers)
    if type(y) is Value:
        b, db = y, primitive.partial(1, data, numbers)
    return _node(data, primitive, a, b, da, db)


def _float(x: Any, primitive: Primitive) -> float:
    if type(x) is Value:
        that: Value = x
        return that._data
    return number(x, primitive.name)


def _quick_real(x: Any) -> Any:
    if type(x) is complex:
        raise TypeError(
            f"a Value is a real number and takes no {x!r}; compute the real and the imaginary "
            "part, as cos(t) and sin(t) of exp(1j * t)"
        )
    return float(x) if type(x) is int and -(2**53) <= x <= 2**53 else real(x)


def _reflected(primitive: Primitive, other: Any, y: Value) -> Any:
    """other, where it is a number, and y."""
    c = real(other)
    return NotImplemented if c is None else Value._record(primitive, (c, y))


record_with(Value, Value._record, _unary)
numbers.Number.register(Value)  # so np.isscalar(x) is True

# ---------------------------------------------------------------------- blocks

_paused = 0  # how many blocks of `no_grad`, `scope` and `lines` are open, anywhere
innermost: ContextVar[Any] = ContextVar("innermost", default=None)
_get_innermost: Any = innermost.get  # compiled, it outlives the names of this module


def pause(by: int) -> None:
    """Count a block that opens (1) or closes (-1)."""
    global _paused
    _paused += by


def _records() -> bool:
    entry = _get_innermost()
    while entry is not None and not (entry.open and entry.records is not None):
        entry = entry.outer
    return entry is None or entry.records


def _kept(label: Any) -> Any:
    """Return `_extra` of a new node: its label, and its origin if a block tells that."""
    entry = _get_innermost()
    while entry is not None and not entry.open:
        entry = entry.outer
    origin = None if entry is None else entry.origin()
    if origin is not None:
        return label, None, None, None, origin
    return None if label is None else (label, None, None, None)


if cython.compiled:
    node_manage(Value, _records, _kept, cython.address(_passes))  # type: ignore  # noqa: F821

_frozen: Any = Value(0.0)
freezes = 0  # how often a leaf was frozen or thawed
