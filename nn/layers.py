"""Layers: neurons, stacks of them, dropout and embeddings.

A layer works on one sample: a sequence of numbers or Values (list, tuple, NumPy row). A
layer with a single neuron returns a Value, any other a list of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from typing import Any

import autograd
import nn.init
from autograd import Value
from autograd.core.operand import Operand
from autograd.core.primitive import TABLE
from autograd.trees import as_rows
from nn import checks
from nn.activations import Activation, activation_function
from nn.hints import hinted
from nn.init import Initialiser, fan_in_uniform, normal
from nn.module import Module, map_numbers

__all__ = ["MLP", "Dropout", "Embedding", "Layer", "LayerNorm", "Neuron", "Sequential"]


class Neuron(Module):
    """activation(b + Σ wᵢ·xᵢ).

    Args:
        nin: the number of inputs.
        activation: a name ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus",
            "sigmoid", "tanh", "linear"), a function of a Value, or a Module; None is linear.
        init: an initialiser of `nn.init`; the bias then starts at 0. If None, weights and
            bias are uniform within ±1/√nin, as in PyTorch.
        bias: whether the neuron has a bias.
        fused: compute the sum as a single node, exactly rounded and several times faster;
            otherwise every `*` and `+` is a node, in the order ((b + w₀x₀) + w₁x₁) + …

    Attributes:
        w: the weights, a list of nin Values.
        b: the bias, a Value; 0.0 without bias.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> import nn
    >>> neuron = Neuron(2, "relu", init=nn.init.constant(0.5))
    >>> neuron([1.0, 2.0]).data
    1.5
    """

    _names = {"w": "weight", "b": "bias"}  # noqa: RUF012

    @hinted
    def __init__(
        self,
        nin: int,
        activation: Activation = None,
        init: Initialiser | None = None,
        bias: bool = True,
        fused: bool = True,
    ) -> None:
        checks.count(nin, "Neuron: nin")
        checks.flag(bias, "bias")
        self.fused = checks.flag(fused, "fused")
        self.activation = activation_function(activation)
        draw = initialiser(init, fan_in_uniform())
        self.w = [Value(draw(nin, 1)) for _ in range(nin)]
        self.b: Any = 0.0
        if bias:
            self.b = Value(draw(nin, 1) if init is None else 0.0)

    def forward(self, x: Any) -> Any:
        """One output for one sample x of nin numbers or Values (ValueError otherwise)."""
        if type(x) is not list or len(x) != len(self.w):
            x = as_inputs(self, len(self.w), x)
        out: Any
        if self.fused:
            out = Value._dot(self.w, x, self.b)
        else:
            out = self.b
            for weight, operand in zip(self.w, x):
                out = out + weight * operand
        return out if self.activation is None else self.activation(out)

    def _arrays(self) -> dict[str, Any]:
        return _linear([self])

    def extra_repr(self) -> str:
        return f"{len(self.w)}{_shown(self.activation)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class Layer(Module):
    """A list of neurons that take the same inputs; arguments as for `Neuron`.

    Args:
        nin, nout: the numbers of inputs and of neurons. Initialisers get both.

    Attributes:
        neurons: a list of nout Neurons.

    >>> import nn
    >>> layer = Layer(2, 3, "tanh", init=nn.init.zeros())
    >>> [y.data for y in layer([1.0, 2.0])]
    [0.0, 0.0, 0.0]
    """

    @hinted
    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = None,
        init: Initialiser | None = None,
        bias: bool = True,
        fused: bool = True,
    ) -> None:
        checks.count(nin, "Layer: nin")
        checks.count(nout, "Layer: nout")
        draw = None if init is None else _with_fan_out(initialiser(init, init), nout)
        self.neurons = [Neuron(nin, activation, draw, bias, fused) for _ in range(nout)]

    def forward(self, x: Any) -> Any:
        """The list of the neurons' outputs, or the output of a single neuron."""
        x = as_inputs(self, len(self.neurons[0].w), x)
        out = []
        for neuron in self.neurons:
            if type(neuron) is Neuron and neuron.fused:
                # The same as its forward; the call would take as long again.
                y = Value._dot(neuron.w, x, neuron.b)
                out.append(y if neuron.activation is None else neuron.activation(y))
            else:
                out.append(neuron.forward(x))
        return out[0] if len(out) == 1 else out

    def _arrays(self) -> dict[str, Any]:
        return _linear(self.neurons)

    def _child_names(self) -> list[tuple[str, Module]]:
        return []

    def extra_repr(self) -> str:
        first = self.neurons[0]
        return f"{len(first.w)}, {len(self.neurons)}{_shown(first.activation)}"

    __repr__ = Neuron.__repr__


class Sequential(Module):
    """Modules (or plain functions), each applied to the output of the one before; also as a
    list of them.

    Attributes:
        layers: the list of them.

    Raises:
        TypeError: one of them cannot be called.

    >>> import nn
    >>> model = Sequential(nn.Layer(2, 3, init=nn.init.ones()), nn.ReLU(), nn.Softmax())
    >>> [p.data for p in model([1.0, 1.0])]
    [0.3333333333333333, 0.3333333333333333, 0.3333333333333333]
    """

    def __init__(self, *modules: Callable[[Any], Any] | Sequence[Callable[[Any], Any]]) -> None:
        given: Any = modules
        if len(modules) == 1 and isinstance(modules[0], (list, tuple)):
            [given] = modules
        for module in given:
            checks.module_or_function(module, "Sequential takes modules and functions")
        self.layers: list[Callable[[Any], Any]] = list(given)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def _child_names(self) -> list[tuple[str, Module]]:
        return [(name.removeprefix("layers."), child) for name, child in self.named_children()]

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int | slice) -> Any:
        """A module; of a slice a `Sequential` of the same modules."""
        chosen = self.layers[index]
        return Sequential(chosen) if isinstance(chosen, list) else chosen

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.layers)


class MLP(Module):
    """A multi-layer perceptron: each layer fully connected to the next.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer, the last being the outputs.
        activation: of the hidden layers.
        output_activation: of the last layer, linear if None.
        init, bias, fused: as for `Neuron`.

    Attributes:
        layers: a list of Layers.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> import random
    >>> import nn
    >>> random.seed(1337)
    >>> model = MLP(2, [16, 16, 1], init=nn.init.uniform(-1, 1))  # micrograd's weights
    >>> model
    MLP(
      (layers.0): Layer(2, 16, activation=relu)
      (layers.1): Layer(16, 16, activation=relu)
      (layers.2): Layer(16, 1)
    )
    >>> model([1.0, -2.0]).op
    <primitive dot>
    """

    @hinted
    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        output_activation: Activation = None,
        init: Initialiser | None = None,
        bias: bool = True,
        fused: bool = True,
    ) -> None:
        if not isinstance(nouts, Sequence) or isinstance(nouts, str):
            got = checks.shortened(nouts)
            raise TypeError(f"MLP: nouts must be a list with each layer's size, got {got}")
        if not nouts:
            raise ValueError("MLP: nouts must have one layer or more, got none")
        sizes = [checks.count(nin, "MLP: nin")]
        sizes += [checks.count(nout, f"MLP: nouts[{i}]") for i, nout in enumerate(nouts)]
        for given in (activation, output_activation):
            activation_function(given)
        activations = [activation] * (len(nouts) - 1) + [output_activation]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activations[i], init, bias, fused)
            for i in range(len(nouts))
        ]

    def _child_names(self) -> list[tuple[str, Module]]:
        """Name the layers as a Sequential with an activation after each layer does."""
        return [(str(2 * i), layer) for i, layer in enumerate(self.layers)]

    def forward(self, x: Any) -> Any:
        """The list of the last layer's outputs, or its single output."""
        for layer in self.layers:
            x = layer(x)
        return x


class Embedding(Module):
    """A table of `num` learned vectors of length `dim`, drawn from the normal distribution.

    Attributes:
        weight: a list of num lists of dim Values.

    Raises:
        TypeError, ValueError: a size is not an integer, or less than 1.

    >>> import nn
    >>> table = Embedding(3, 2, init=nn.init.constant(1.0))
    >>> table(2)
    [Value(1.0, label='weight.2.0'), Value(1.0, label='weight.2.1')]
    """

    _takes_indices = True

    @hinted
    def __init__(self, num: int, dim: int, init: Initialiser | None = None) -> None:
        checks.count(num, "Embedding: num")
        checks.count(dim, "Embedding: dim")
        draw = initialiser(init, normal())
        self.weight = [[Value(draw(num, dim)) for _ in range(dim)] for _ in range(num)]

    def forward(self, index: Any) -> list[Any]:
        """The vector of this index (IndexError unless 0 ≤ index < num), or a list of vectors.

        An index that is a Value, as in a program, takes each number out of its column.
        """
        if hasattr(index, "tolist"):
            index = index.tolist()
        if isinstance(index, (list, tuple)):
            return [self.forward(each) for each in index]
        if type(index) is int and 0 <= index < len(self.weight):
            return list(self.weight[index])
        at = checks.index(index, f"{described(self)}: the index", len(self.weight))
        if isinstance(at, Value):
            return [TABLE["take"](at, *column) for column in zip(*self.weight)]
        return list(self.weight[at])

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, {len(self.weight[0])}"


class Dropout(Module):
    """In training, each element is 0 with probability p, else multiplied by 1/(1 - p).

    After `eval()` it returns its input. Draws from the `random` module. Srivastava et al.
    2014, in the scaled form that leaves the mean as it is.

    Raises:
        TypeError, ValueError: p is not a number within [0, 1].

    >>> Dropout(0.5).eval()([1.0, 2.0])
    [1.0, 2.0]
    """

    @hinted
    def __init__(self, p: float = 0.5) -> None:
        self.p = checks.fraction(p, "Dropout: the probability p")

    def forward(self, x: Any) -> Any:
        """x with some of its numbers 0, in lists and arrays of any depth."""
        if not self.training:
            return x
        return map_numbers(self._dropped, x)

    def _dropped(self, x: Operand) -> Any:
        if not isinstance(x, (Value, Real)):
            got = checks.shortened(x)
            raise TypeError(f"Dropout takes numbers and Values, or lists of them, got {got}")
        keeps = _source.get()() >= self.p
        if type(keeps) is bool:
            return x / (1.0 - self.p) if keeps else x * 0.0
        return autograd.where(keeps, x / (1.0 - self.p), x * 0.0)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class LayerNorm(Module):
    """(x - mean) / √(variance + eps) · weight + bias over a sample's numbers (Ba et al. 2016).

    Args:
        normalized_shape: how many numbers a sample has.
        eps: added to the variance, the mean of the squares.
        elementwise_affine: whether there are weight and bias.
        bias: whether there is a bias.

    Attributes:
        weight, bias: lists of Values that start at 1 and 0; None where there are none.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> [round(y.data, 4) for y in LayerNorm(3)([1.0, 2.0, 3.0])]
    [-1.2247, 0.0, 1.2247]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        given: Any = normalized_shape
        sizes: list[Any] = [*given] if isinstance(given, (list, tuple)) else [given]
        number: Any = sizes[0] if len(sizes) == 1 else sizes
        size = checks.count(number, "LayerNorm: normalized_shape")
        self.normalized_shape = size
        self.eps = checks.not_negative(eps, "LayerNorm: eps")
        affine = checks.flag(elementwise_affine, "LayerNorm: elementwise_affine")
        bias = checks.flag(bias, "LayerNorm: bias")
        self.weight = [Value(1.0) for _ in range(size)] if affine else None
        self.bias = [Value(0.0) for _ in range(size)] if affine and bias else None

    def forward(self, x: Any) -> list[Any]:
        """The list of the numbers of one sample x, normalised."""
        x = as_inputs(self, self.normalized_shape, x)
        mean = autograd.fsum(x) / self.normalized_shape
        apart = [number - mean for number in x]
        root = autograd.sqrt(autograd.dot(apart, apart) / self.normalized_shape + self.eps)
        out = [number / root for number in apart]
        if self.weight is not None:
            out = [weight * number for weight, number in zip(self.weight, out)]
        if self.bias is not None:
            out = [number + bias for number, bias in zip(out, self.bias)]
        return out

    def extra_repr(self) -> str:
        plain = ", elementwise_affine=False" if self.weight is None else ", bias=False"
        return f"{self.normalized_shape}, eps={self.eps}{plain if self.bias is None else ''}"


_source: ContextVar[Callable[[], Any]] = ContextVar("draw", default=lambda: random.random())


@contextmanager
def draws_from(source: Callable[[], Any]) -> Iterator[None]:
    """Let Dropout call `source` for its random numbers while the block runs."""
    before = _source.get()
    try:
        _source.set(source)
        yield
    finally:
        _source.set(before)


# ---------------------------------------------------------------------- helpers


def initialiser(init: Initialiser | None, default: Initialiser) -> Initialiser:
    if init is not None and (not callable(init) or init in vars(nn.init).values()):
        got = checks.shortened(init)
        raise TypeError(f"init must be an initialiser such as nn.init.zeros(), got {got}")
    return default if init is None else init


def _with_fan_out(init: Initialiser, nout: int) -> Initialiser:
    return lambda nin, _: init(nin, nout)


def _linear(neurons: Sequence[Neuron]) -> dict[str, Any]:
    """The parameters as those of PyTorch's Linear."""
    biases = [neuron.b for neuron in neurons if isinstance(neuron.b, Value)]
    return {"weight": [neuron.w for neuron in neurons]} | ({"bias": biases} if biases else {})


def _shown(activation: Callable[[Any], Any] | None) -> str:
    if activation is None:
        return ""
    return f", activation={getattr(activation, '__name__', activation)}"


def described(module: Module) -> str:
    return f"{module._path} ({module!r})" if module._path else repr(module)


def as_inputs(module: Module, nin: int, x: Any) -> Any:
    """x as a list of nin operands; a single number stands for a list of it."""
    if isinstance(x, tuple):
        x = list(x)
    elif not isinstance(x, list):
        x = as_rows(x)
        if isinstance(x, (Value, Real)):
            x = [x]
        elif hasattr(x, "tolist"):
            x = x.tolist()
        elif isinstance(x, Iterable) and not isinstance(x, (str, bytes, Mapping, Set)):
            x = list(x)
        else:
            got = checks.shortened(x)
            raise TypeError(f"{described(module)} takes a list of {nin} inputs, got {got}")
    if x and isinstance(x[0], (list, tuple)):
        raise TypeError(
            f"{described(module)} takes one sample, a list of {nin} inputs, got a list of "
            "lists; of a batch X, write [model(x) for x in X]; in a Sequential, nn.Flatten() "
            "makes one list of several"
        )
    if len(x) != nin:
        raise ValueError(f"{described(module)} takes {nin} inputs, got {len(x)}")
    return x
