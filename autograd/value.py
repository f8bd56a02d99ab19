"""The node and the chain rule: a float that remembers how it was computed.

Every operation on a `Value` makes a new `Value` that keeps the operation, its inputs and
the local derivative (partial) to each of them as plain data. `backward` walks that record
in reverse topological order and multiplies along the edges. That is all there is to
reverse-mode automatic differentiation (Linnainmaa 1970; Griewank & Walther, "Evaluating
Derivatives", 2008, chapter 3).

The operators are written out here, for speed; every other operation reads its rules from
the table in `primitives.py`.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import ContextDecorator
from numbers import Real
from typing import Any, final

__all__ = ["TABLE", "Number", "Operand", "Primitive", "Value", "no_grad"]

Number = int | float
Operand = Any  # Value | Number; rules are generic over whatever has arithmetic


class Primitive:
    """An operation: its rule for floats, its partials, and how it is written.

    `autograd.primitive` makes one and enters it in the table; calling it records a node
    when an operand is a Value and gives a plain float when none is.

    Attributes:
        name: its key in the table, a Python identifier.
        symbol: how pictures and `repr` write it.
        value: floats → float. May raise what `math` raises.
        rules: one partials rule an operand, `rule(out, *operands)` → d(out)/d(operand);
            for a variadic operation a single rule that returns all of them in a tuple.
            Rules are generic: on floats they give floats, on Values differentiable Values.
        variadic: whether it takes any number of operands.
        selects: whether a partial of zero means that the operand is not looked at (as in
            `where`), so that it contributes nothing even to an infinite cotangent.
        domain: the operands it accepts, in words.
        kink: the convention where the derivative does not exist, in words.
        latex: a format string with `{0}`, `{1}` … (`{args}` if variadic) for the operands.
    """

    __slots__ = (
        "name",
        "symbol",
        "value",
        "rules",
        "variadic",
        "selects",
        "domain",
        "kink",
        "latex",
    )

    def __init__(
        self,
        name: str,
        value: Callable[..., float],
        rules: tuple[Callable[..., Any], ...],
        symbol: str,
        variadic: bool,
        selects: bool,
        domain: str,
        kink: str,
        latex: str,
    ) -> None:
        self.name = name
        self.value = value
        self.rules = rules
        self.symbol = symbol
        self.variadic = variadic
        self.selects = selects
        self.domain = domain
        self.kink = kink
        self.latex = latex

    @property
    def arity(self) -> int | None:
        """The number of operands, None for a variadic operation."""
        return None if self.variadic else len(self.rules)

    def __str__(self) -> str:
        return self.symbol

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _primitive_named, (self.name,)

    def __call__(self, *operands: Operand) -> Any:
        """Apply to Values and numbers: a Value if one of the operands is one, else a float.

        Raises:
            TypeError: a wrong number of operands, or one that is not a real number.
            ValueError, ZeroDivisionError, OverflowError: what the rule raises on floats,
                with the operation, the operands and their labels in the message.
        """
        if len(operands) == 1 and not self.variadic:
            x = operands[0]
            if type(x) is Value and len(self.rules) == 1:
                return _unary(self, x)
        if not self.variadic and len(operands) != len(self.rules):
            raise TypeError(
                f"{self.name} takes {len(self.rules)} operand(s), got {len(operands)}"
            )
        numbers = [
            x._data if type(x) is Value else x if type(x) is float else _number(x, self.name)
            for x in operands
        ]
        data = self.evaluate(numbers, operands)
        inputs = tuple([x for x in operands if type(x) is Value])
        if not inputs:
            return data
        if _paused and not _recording():
            return Value(data)
        whole = len(inputs) == len(operands)
        if self.variadic:
            partials = self.partials(data, numbers)
            if not whole:
                partials = tuple([d for d, x in zip(partials, operands) if type(x) is Value])
        else:
            partials = tuple(
                [
                    self.partial(slot, data, numbers)
                    for slot, x in enumerate(operands)
                    if type(x) is Value
                ]
            )
            if len(operands) == 2:
                if whole:
                    return _node(data, self, inputs[0], inputs[1], partials[0], partials[1])
                if type(operands[0]) is Value:
                    return _node(data, self, inputs[0], None, partials[0], numbers[1])
                return _node(data, self, None, inputs[0], numbers[0], partials[0])
        if not whole:
            operands = tuple([x if type(x) is Value else c for x, c in zip(operands, numbers)])
        return _wide_node(data, self, operands, inputs, partials)

    def evaluate(self, numbers: Sequence[float], operands: Sequence[Operand]) -> float:
        """The value rule on floats; `operands` are named in the error, if there is one."""
        try:
            data = self.value(*numbers)
        except (ValueError, ArithmeticError, IndexError) as error:
            raise self.explain(error, operands) from None
        return data if type(data) is float else _number(data, f"the value of {self.name}")

    def partial(self, slot: int, out: Operand, operands: Sequence[Operand]) -> Any:
        """d(out)/d(operands[slot]) by a fixed-arity operation's rule for that slot."""
        partial = self.rules[slot](out, *operands)
        if type(partial) is float or type(partial) is Value:
            return partial
        return _number(partial, f"partial {slot} of {self.name}")

    def partials(self, out: Operand, operands: Sequence[Operand]) -> tuple[Any, ...]:
        """Every partial of a variadic operation, in the order of its operands."""
        partials: tuple[Any, ...] = self.rules[0](out, *operands)
        if len(partials) != len(operands):
            raise ValueError(
                f"{self.name}: its rule gave {len(partials)} partials "
                f"for {len(operands)} operands"
            )
        return partials

    def explain(self, error: Exception, operands: Iterable[Operand]) -> Exception:
        """The same type of error, naming the operation, the operands and their labels."""
        call = f"{self.name}({_describe(operands)})"
        if type(error) is ValueError:
            reason = f"outside the domain, which is {self.domain}" if self.domain else error
            return ValueError(f"{call}: {reason}")
        if type(error) is OverflowError:
            return OverflowError(
                f"{call}: the result is too large for a float; scale or clip the operands"
            )
        if type(error) is ZeroDivisionError:
            return ZeroDivisionError(f"{call}: division by zero; keep the divisor away from 0")
        if type(error) is IndexError:
            return IndexError(f"{call}: {error}")
        error.add_note(f"while computing {call}")
        return error


TABLE: dict[str, Primitive] = {}
NEG: Primitive
ADD: Primitive
SUB: Primitive
MUL: Primitive
DIV: Primitive
POW: Primitive


def bind_operators() -> None:
    """Take the operators' entries from the table once `primitives.py` has filled it."""
    global NEG, ADD, SUB, MUL, DIV, POW
    NEG, ADD, SUB = TABLE["neg"], TABLE["add"], TABLE["sub"]
    MUL, DIV, POW = TABLE["mul"], TABLE["div"], TABLE["pow"]


@final
class Value:
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
    Value(2.0, grad=-0.004022852049077692, label='a')
    >>> (a * b).partials
    (-3.0, 2.0)
    """

    # An operation with one or two operands keeps them in `_a` and `_b` with the partials
    # `_da` and `_db`. Where an operand is a plain number the input is None, and the number
    # itself stands in the place of its partial. Other operations keep `_wide`, a tuple
    # (operands, inputs, partials). `_mark` is the number of the last traversal that came by.
    __slots__ = (
        "_data",
        "_grad",
        "_label",
        "_primitive",
        "_a",
        "_b",
        "_da",
        "_db",
        "_wide",
        "_mark",
    )
    _data: float
    _grad: float
    _label: str | None
    _primitive: Primitive | None
    _a: Value | None
    _b: Value | None
    _da: float
    _db: float
    _wide: tuple[tuple[Operand, ...], tuple[Value, ...], tuple[float, ...]] | None
    _mark: int

    def __init__(self, data: Number, label: str | None = None) -> None:
        self._data = data if type(data) is float else _number(data, "Value")
        self._grad = 0.0
        self._label = None if label is None else _text(label)
        self._primitive = None
        self._a = None
        self._b = None
        self._da = 0.0
        self._db = 0.0
        self._wide = None
        self._mark = 0

    def __init_subclass__(cls) -> None:
        raise TypeError("Value cannot be subclassed; keep one in your own class instead")

    # ------------------------------------------------------------------ what it holds

    @property
    def data(self) -> float:
        """The value. It may be set, as an optimizer does with a parameter.

        Nodes already recorded keep the partials of the value they were computed with.
        """
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        self._data = data if type(data) is float else _number(data, "Value.data")

    @property
    def grad(self) -> float:
        """d(root)/d(this), summed over the backward passes that reached this node."""
        return self._grad

    @grad.setter
    def grad(self, grad: Number) -> None:
        self._grad = grad if type(grad) is float else _number(grad, "Value.grad")

    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
        return self._label

    @label.setter
    def label(self, label: str | None) -> None:
        self._label = None if label is None else _text(label)

    @property
    def op(self) -> Primitive | None:
        """The primitive that made this node, None for a leaf."""
        return self._primitive

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The full argument list of the operation: Values and plain numbers."""
        if self._primitive is None:
            return ()
        if self._wide is not None:
            return self._wide[0]
        a = self._da if self._a is None else self._a
        if self._primitive.arity == 1:
            return (a,)
        return (a, self._db if self._b is None else self._b)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values among the operands, one an argument slot: `a*a` has two."""
        if self._wide is not None:
            return self._wide[1]
        return tuple([x for x in (self._a, self._b) if x is not None])

    @property
    def partials(self) -> tuple[float, ...]:
        """d(this)/d(input), one an input, as recorded when the operation ran."""
        if self._wide is not None:
            return self._wide[2]
        pairs = ((self._a, self._da), (self._b, self._db))
        return tuple([partial for x, partial in pairs if x is not None])

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
        if self._label is not None:
            parts.append(f"label={self._label!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self._data, ndigits)

    def __floor__(self) -> int:
        return math.floor(self._data)

    def __ceil__(self) -> int:
        return math.ceil(self._data)

    def __trunc__(self) -> int:
        return math.trunc(self._data)

    def __lt__(self, other: Operand) -> Any:
        return self._data < (other._data if type(other) is Value else other)

    def __le__(self, other: Operand) -> Any:
        return self._data <= (other._data if type(other) is Value else other)

    def __gt__(self, other: Operand) -> Any:
        return self._data > (other._data if type(other) is Value else other)

    def __ge__(self, other: Operand) -> Any:
        return self._data >= (other._data if type(other) is Value else other)

    # ------------------------------------------------------------------ the operators

    def __neg__(self) -> Value:
        return _node(-self._data, NEG, self, None, -1.0, 0.0)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _unary(TABLE["abs"], self)

    def __add__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            return _node(x + other._data, ADD, self, other, 1.0, 1.0)
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(x + c, ADD, self, None, 1.0, c)

    def __radd__(self, other: Operand) -> Value:
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(c + self._data, ADD, None, self, c, 1.0)

    def __sub__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            return _node(x - other._data, SUB, self, other, 1.0, -1.0)
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(x - c, SUB, self, None, 1.0, c)

    def __rsub__(self, other: Operand) -> Value:
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(c - self._data, SUB, None, self, c, -1.0)

    def __mul__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            y = other._data
            return _node(x * y, MUL, self, other, y, x)
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(x * c, MUL, self, None, c, c)

    def __rmul__(self, other: Operand) -> Value:
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        return _node(c * self._data, MUL, None, self, c, c)

    def __truediv__(self, other: Operand) -> Value:
        x = self._data
        if type(other) is Value:
            y = other._data
            if y == 0.0:
                raise DIV.explain(ZeroDivisionError(), (self, other))
            out = x / y
            return _node(out, DIV, self, other, 1.0 / y, -out / y)
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        if c == 0.0:
            raise DIV.explain(ZeroDivisionError(), (self, c))
        return _node(x / c, DIV, self, None, 1.0 / c, c)

    def __rtruediv__(self, other: Operand) -> Value:
        c = other if type(other) is float else real(other)
        if c is None:
            return NotImplemented
        y = self._data
        if y == 0.0:
            raise DIV.explain(ZeroDivisionError(), (c, self))
        out = c / y
        return _node(out, DIV, None, self, c, -out / y)

    def __pow__(self, other: Operand) -> Value:
        if type(other) is not Value and type(other) is not float and real(other) is None:
            return NotImplemented
        result: Value = POW(self, other)
        return result

    def __rpow__(self, other: Operand) -> Value:
        if real(other) is None:
            return NotImplemented
        result: Value = POW(other, self)
        return result

    # ------------------------------------------------------------------ the functions
    # The table says what each of them is; `autograd.functional` documents them.

    def neg(self) -> Value:
        """-x"""
        return -self

    def add(self, other: Value | Number) -> Value:
        """x + other"""
        return self + other

    def sub(self, other: Value | Number) -> Value:
        """x - other"""
        return self - other

    def mul(self, other: Value | Number) -> Value:
        """x · other"""
        return self * other

    def div(self, other: Value | Number) -> Value:
        """x / other"""
        return self / other

    def pow(self, other: Value | Number) -> Value:
        """x to the power of other"""
        return self**other

    def abs(self) -> Value:
        """|x|"""
        return _unary(TABLE["abs"], self)

    def sign(self) -> Value:
        """-1, 0 or 1"""
        return _unary(TABLE["sign"], self)

    def exp(self) -> Value:
        """e to the power of x"""
        return _unary(TABLE["exp"], self)

    def exp2(self) -> Value:
        """2 to the power of x"""
        return _unary(TABLE["exp2"], self)

    def expm1(self) -> Value:
        """e to the power of x, minus 1, without cancellation near 0"""
        return _unary(TABLE["expm1"], self)

    def log(self) -> Value:
        """The natural logarithm"""
        return _unary(TABLE["log"], self)

    def log2(self) -> Value:
        """The logarithm to base 2"""
        return _unary(TABLE["log2"], self)

    def log10(self) -> Value:
        """The logarithm to base 10"""
        return _unary(TABLE["log10"], self)

    def log1p(self) -> Value:
        """The logarithm of 1 + x, without cancellation near 0"""
        return _unary(TABLE["log1p"], self)

    def sqrt(self) -> Value:
        """The square root"""
        return _unary(TABLE["sqrt"], self)

    def cbrt(self) -> Value:
        """The real cube root"""
        return _unary(TABLE["cbrt"], self)

    def square(self) -> Value:
        """x · x"""
        return _unary(TABLE["square"], self)

    def reciprocal(self) -> Value:
        """1 / x"""
        return _unary(TABLE["reciprocal"], self)

    def sin(self) -> Value:
        """The sine of x radians"""
        return _unary(TABLE["sin"], self)

    def cos(self) -> Value:
        """The cosine of x radians"""
        return _unary(TABLE["cos"], self)

    def tan(self) -> Value:
        """The tangent of x radians"""
        return _unary(TABLE["tan"], self)

    def asin(self) -> Value:
        """The arc sine, in radians"""
        return _unary(TABLE["asin"], self)

    def acos(self) -> Value:
        """The arc cosine, in radians"""
        return _unary(TABLE["acos"], self)

    def atan(self) -> Value:
        """The arc tangent, in radians"""
        return _unary(TABLE["atan"], self)

    def atan2(self, x: Operand) -> Value:
        """The angle of the point (x, self), in radians"""
        result: Value = TABLE["atan2"](self, x)
        return result

    def hypot(self, *others: Operand) -> Value:
        """The Euclidean length of (self, *others)"""
        result: Value = TABLE["hypot"](self, *others)
        return result

    def sinh(self) -> Value:
        """The hyperbolic sine"""
        return _unary(TABLE["sinh"], self)

    def cosh(self) -> Value:
        """The hyperbolic cosine"""
        return _unary(TABLE["cosh"], self)

    def tanh(self) -> Value:
        """The hyperbolic tangent"""
        return _unary(TABLE["tanh"], self)

    def asinh(self) -> Value:
        """The inverse hyperbolic sine"""
        return _unary(TABLE["asinh"], self)

    def acosh(self) -> Value:
        """The inverse hyperbolic cosine"""
        return _unary(TABLE["acosh"], self)

    def atanh(self) -> Value:
        """The inverse hyperbolic tangent"""
        return _unary(TABLE["atanh"], self)

    def sigmoid(self) -> Value:
        """1 / (1 + exp(-x))"""
        return _unary(TABLE["sigmoid"], self)

    def softplus(self) -> Value:
        """log(1 + exp(x))"""
        return _unary(TABLE["softplus"], self)

    def relu(self) -> Value:
        """x where it is positive, else 0"""
        return _unary(TABLE["relu"], self)

    def leaky_relu(self, slope: Operand = 0.01) -> Value:
        """x where it is positive, else slope · x"""
        result: Value = TABLE["leaky_relu"](self, slope)
        return result

    def elu(self, alpha: Operand = 1.0) -> Value:
        """x where it is positive, else alpha · (exp(x) - 1)"""
        result: Value = TABLE["elu"](self, alpha)
        return result

    def gelu(self) -> Value:
        """x · Φ(x), with Φ the normal distribution function"""
        return _unary(TABLE["gelu"], self)

    def silu(self) -> Value:
        """x · sigmoid(x)"""
        return _unary(TABLE["silu"], self)

    def erf(self) -> Value:
        """The error function"""
        return _unary(TABLE["erf"], self)

    def erfc(self) -> Value:
        """1 - erf(x), without cancellation for large x"""
        return _unary(TABLE["erfc"], self)

    def maximum(self, *others: Operand) -> Value:
        """The largest of (self, *others)"""
        result: Value = TABLE["maximum"](self, *others)
        return result

    def minimum(self, *others: Operand) -> Value:
        """The smallest of (self, *others)"""
        result: Value = TABLE["minimum"](self, *others)
        return result

    def clip(self, low: Operand = -math.inf, high: Operand = math.inf) -> Value:
        """x moved into [low, high]"""
        result: Value = TABLE["clip"](self, low, high)
        return result

    def where(self, a: Operand, b: Operand) -> Operand:
        """a if self is not 0, else b"""
        return TABLE["where"](1.0 if self._data != 0.0 else 0.0, a, b)

    def take(self, index: int, *others: Operand) -> Operand:
        """The element of (self, *others) at an index"""
        return TABLE["take"](index, self, *others)

    def sum(self, *others: Operand) -> Value:
        """self + others, rounded once"""
        result: Value = TABLE["sum"](self, *others)
        return result

    def dot(self, weight: Operand, bias: Operand = 0.0) -> Value:
        """bias + weight · self as a single node, as in a neuron with one input"""
        result: Value = TABLE["dot"](bias, weight, self)
        return result

    def logsumexp(self, *others: Operand) -> Value:
        """log(exp(self) + exp(others[0]) + …)"""
        result: Value = TABLE["logsumexp"](self, *others)
        return result

    # NumPy calls these on the elements of an object array.
    arcsin = asin
    arccos = acos
    arctan = atan
    arctan2 = atan2
    arcsinh = asinh
    arccosh = acosh
    arctanh = atanh

    # ------------------------------------------------------------------ the chain rule

    def backward(self, seed: Number = 1.0) -> None:
        """Add seed · d(self)/d(leaf) to the `grad` of every leaf that self depends on.

        Interior nodes are set to their gradient in this pass; leaves accumulate, so a
        second call adds exactly the same again. A zero cotangent contributes nothing, even
        against an infinite partial. Time and memory are linear in the number of nodes.

        Raises:
            TypeError: `seed` is not a real number.
            ValueError: a derivative is needed where it does not exist (the exponent's of
                `x ** p` at x < 0).
            FloatingPointError: a gradient is NaN although every number in the graph is
                finite (∞ · 0 or ∞ - ∞), naming the operation.
            After an error, also KeyboardInterrupt, the leaves are as they were.

        >>> a = Value(3.0)
        >>> b = a * a
        >>> b.backward()
        >>> b.backward()
        >>> a.grad
        12.0
        """
        start = _number(seed, "the seed of backward")
        order, leaves = topological_order(self)
        before = [leaf._grad for leaf in leaves]
        try:
            for leaf in leaves:
                leaf._grad = 0.0
            for node in order:
                node._grad = 0.0
            self._grad = start
            _propagate(order)
            if any(leaf._grad != leaf._grad for leaf in leaves):
                found = cotangents([(self, start)])
                for node in order + leaves:
                    node._grad = found.get(node, 0.0)
            for leaf, grad in zip(leaves, before):
                leaf._grad += grad
        except BaseException:
            for leaf, grad in zip(leaves, before):
                leaf._grad = grad
            raise

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

    # ------------------------------------------------------------------ copies
    # A node's state names its inputs, so pickling it would recurse as deep as the graph.
    # The node that is pickled first therefore carries the whole graph, inputs first: when
    # a node's turn comes, its inputs have been written. `_mark` tells the nodes so carried.

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        own = self._state()
        if self._mark == _CARRIED:
            return _blank, (), own
        order, leaves = topological_order(self)
        nodes = tuple(leaves + order)
        for node in nodes:
            node._mark = _CARRIED
        return _blank, (), (*nodes, _Arrived(nodes), *own)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        (
            self._data,
            self._grad,
            self._label,
            self._primitive,
            self._a,
            self._b,
            self._da,
            self._db,
            self._wide,
        ) = state[-9:]

    def __copy__(self) -> Value:
        result = _blank()
        result.__setstate__(self._state())
        return result

    def _state(self) -> tuple[Any, ...]:
        return (
            self._data,
            self._grad,
            self._label,
            self._primitive,
            self._a,
            self._b,
            self._da,
            self._db,
            self._wide,
        )


# ---------------------------------------------------------------------- making nodes

_new = object.__new__


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
    out._label = None
    out._primitive = primitive
    out._a = a
    out._b = b
    out._da = da
    out._db = db
    out._wide = None
    out._mark = 0
    return out


def _wide_node(
    data: float,
    primitive: Primitive,
    operands: tuple[Operand, ...],
    inputs: tuple[Value, ...],
    partials: tuple[float, ...],
) -> Value:
    out = _node(data, primitive, None, None, 0.0, 0.0)
    if out._primitive is not None:
        out._wide = (operands, inputs, partials)
    return out


def _unary(primitive: Primitive, x: Value) -> Value:
    data = primitive.evaluate((x._data,), (x,))
    return _node(data, primitive, x, None, primitive.partial(0, data, (x._data,)), 0.0)


def _blank() -> Value:
    return Value(0.0)


_CARRIED = -1


class _Arrived:
    """Closes the list of nodes that a pickled node carries; is itself copied as None."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: tuple[Value, ...]) -> None:
        self.nodes = nodes

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        for node in self.nodes:
            node._mark = 0
        return type(None), ()


def _primitive_named(name: str) -> Primitive:
    try:
        return TABLE[name]
    except KeyError:
        raise LookupError(
            f"the graph uses the primitive {name!r}, which is not defined here; "
            f"call autograd.primitive({name!r}, …) before loading it"
        ) from None


# ---------------------------------------------------------------------- operands


def real(x: object) -> float | None:
    """x as a float if it is a real number, else None."""
    if type(x) is int or isinstance(x, Real):
        return float(x)
    return None


def _number(x: object, what: str) -> float:
    """x as a float; TypeError naming `what` if it is not a real number."""
    if type(x) is float:
        return x
    if type(x) is int or isinstance(x, Real):
        return float(x)
    hint = "; use its .data or .detach()" if type(x) is Value else ""
    raise TypeError(f"{what} takes a real number, got {_short(repr(x))} ({_kind(x)}){hint}")


def _text(label: object) -> str:
    if not isinstance(label, str):
        raise TypeError(
            f"a label is a string or None, got {_short(repr(label))} ({_kind(label)})"
        )
    return str.__str__(label)


def _kind(x: object) -> str:
    return type(x).__name__


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _describe(operands: Iterable[Operand]) -> str:
    """The operands' values and labels, as messages name them."""
    shown = []
    for operand in itertools.islice(operands, 9):
        if type(operand) is not Value:
            shown.append(_short(repr(operand)))
        elif operand._label is None:
            shown.append(repr(operand._data))
        else:
            shown.append(f"{operand._data!r} labelled {_short(repr(operand._label))}")
    if len(shown) == 9:
        shown[8] = "..."
    return ", ".join(shown)


# ---------------------------------------------------------------------- no_grad

_paused = 0  # how many `no_grad` blocks are open, over all threads
_lock = threading.Lock()


class _Depth(threading.local):
    value = 0


_depth = _Depth()


def _recording() -> bool:
    return _depth.value == 0


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
        _depth.value += 1
        with _lock:
            _paused += 1

    def __exit__(self, *exception: object) -> None:
        global _paused
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

_epochs = itertools.count(2, 2)


def topological_order(*roots: Value) -> tuple[list[Value], list[Value]]:
    """The interior nodes that the roots depend on, each after its inputs, and the leaves.

    Depth first with an explicit stack; a node is put on `order` when it is met a second
    time, below all that it depends on. The order depends on the graph alone.
    """
    entered = next(_epochs)
    finished = entered + 1
    order: list[Value] = []
    leaves: list[Value] = []
    stack = list(roots)
    while stack:
        node = stack.pop()
        mark = node._mark
        if mark < entered:
            if node._primitive is None:
                node._mark = finished
                leaves.append(node)
                continue
            node._mark = entered
            stack.append(node)
            wide = node._wide
            if wide is None:
                a = node._a
                if a is not None and a._mark < entered:
                    stack.append(a)
                b = node._b
                if b is not None and b._mark < entered:
                    stack.append(b)
            else:
                stack += [x for x in wide[1] if x._mark < entered]
        elif mark == entered:
            node._mark = finished
            order.append(node)
    return order, leaves


def _propagate(order: list[Value]) -> None:
    """The chain rule, from the last node of a topological order to the first."""
    for node in reversed(order):
        grad = node._grad
        if grad == 0.0:
            continue
        wide = node._wide
        if wide is None:
            a = node._a
            if a is not None:
                a._grad += grad * node._da
            b = node._b
            if b is not None:
                b._grad += grad * node._db
        else:
            for x, partial in zip(wide[1], wide[2]):
                x._grad += grad * partial


def cotangents(
    seeds: Iterable[tuple[Value, Operand]],
    wrt: Iterable[Value] | None = None,
    create_graph: bool = False,
) -> dict[Value, Any]:
    """Σ seed · d(root)/d(node) over the pairs (root, seed), for every node, in a dict.

    The same sweep as `backward`, touching no `grad`, and watching for NaN.

    Args:
        wrt: sweep only the paths that lead to these; all of them if None.
        create_graph: use the rules instead of the recorded partials, so that the results
            are Values that can be differentiated again.

    Raises:
        RuntimeError: with `create_graph`, if a leaf was changed after it was used.
        ValueError, FloatingPointError: as `Value.backward`.
    """
    seeds = list(seeds)
    order, leaves = topological_order(*[root for root, _ in seeds])
    reached: set[Value] | None = None
    if wrt is not None:
        reached = set(wrt)
        for node in order:
            if any(x in reached for x in node.inputs):
                reached.add(node)
    result: dict[Value, Any] = {}
    for root, seed in seeds:
        if reached is None or root in reached:
            result[root] = result[root] + seed if root in result else seed
    for node in reversed(order):
        upstream = result.get(node)
        if upstream is None or (type(upstream) is float and upstream == 0.0):
            continue
        partials = differentiable_partials(node, reached) if create_graph else node.partials
        for x, partial in zip(node.inputs, partials):
            if reached is not None and x not in reached:
                continue
            term = chain(node, upstream, partial)
            total = result[x] + term if x in result else term
            result[x] = total
            if math.isnan(primal(total)) and all_finite(order, leaves, seeds):
                raise explain_nan(node, x, partial, term)
    return result


def chain(node: Value, factor: Operand, partial: Operand) -> Any:
    """One product of the chain rule: a cotangent or tangent times a partial of a node.

    A zero factor gives zero, even against an infinite partial; so does a zero partial of an
    operation that selects among its operands, even against an infinite factor.
    """
    primitive: Any = node._primitive
    g, d = primal(factor), primal(partial)
    if (g == 0.0 and not math.isfinite(d)) or (d == 0.0 and primitive.selects):
        return 0.0
    if type(factor) is float and factor == 1.0:
        return partial
    if type(partial) is float and partial == 1.0:
        return factor
    return factor * partial


def differentiable_partials(node: Value, reached: Container[Value] | None) -> list[Any]:
    """The partials of a node as Values, computed by its rules from its operands."""
    primitive: Any = node._primitive
    operands = node.operands
    slots = [slot for slot, x in enumerate(operands) if type(x) is Value]
    every = primitive.partials(node, operands) if primitive.variadic else None
    partials: list[Any] = []
    for slot, recorded in zip(slots, node.partials):
        if reached is not None and operands[slot] not in reached:
            partials.append(recorded)
            continue
        partial = primitive.partial(slot, node, operands) if every is None else every[slot]
        now = primal(partial)
        if now != recorded and not (math.isnan(now) and math.isnan(recorded)):
            raise RuntimeError(
                f"{primitive.name}({_describe(operands)}): an operand's data was changed "
                "after it was used, so its derivative cannot be recorded any more; "
                "compute the result again before asking for create_graph"
            )
        partials.append(partial)
    return partials


def primal(x: Operand) -> float:
    """The float that a Value holds; a float itself."""
    return x._data if type(x) is Value else float(x)


def all_finite(
    order: list[Value], leaves: list[Value], seeds: Iterable[tuple[Value, Operand]]
) -> bool:
    """Whether all the numbers that went into a sweep are finite, so that NaN is an error."""
    numbers = [leaf._data for leaf in leaves] + [primal(seed) for _, seed in seeds]
    for node in order:
        numbers += [c for c in node.operands if type(c) is not Value]
    return all(map(math.isfinite, numbers))


def explain_nan(node: Value, x: Value, partial: Operand, term: Operand) -> Exception:
    """The error for a sum of the chain rule that is NaN at an operand x of node."""
    primitive: Any = node._primitive
    call = f"{primitive.name}({_describe(node.operands)})"
    whose = _describe([x])
    if math.isnan(primal(partial)):
        return ValueError(
            f"{call}: the derivative with respect to the operand {whose} does not exist here; "
            "detach that operand or pass it as a plain number"
        )
    how = "zero times infinity" if math.isnan(primal(term)) else "infinity minus infinity"
    return FloatingPointError(
        f"{call}: the gradient of the operand {whose} is not a number ({how}); "
        "keep the function away from points where its derivative is infinite"
    )
