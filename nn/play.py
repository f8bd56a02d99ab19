"""`play`: a page that trains a model with two inputs in the browser."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from string import Template
from typing import Any

from autograd import Value, no_grad
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.show.pages.document import (
    asset,
    document,
    laid_out,
    rules,
    table,
)
from autograd.show.pages.page import Page
from autograd.show.text import counted, escape, format_number
from nn import losses
from nn.activations import ACTIVATIONS, NAMES, Elementwise, Identity
from nn.boundary import Boundary
from nn.checks import instance, not_negative, shortened
from nn.layers import MLP, Layer, Neuron, Sequential
from nn.module import Module
from nn.pages.plane import Plane
from nn.pages.training_page import palette
from nn.training.batches import batch_of, is_finite

__all__ = ["play"]

LOSSES = {  # by name, the operation of the table that it takes of one sample; see net.js
    "mse_loss": "square",
    "hinge_loss": "relu",
    "binary_cross_entropy": "nn.binary_cross_entropy",
    "binary_cross_entropy_with_logits": "nn.binary_cross_entropy_with_logits",
    "cross_entropy": "nn.cross_entropy",
}
MODULES: dict[type, str | None] = {
    Identity: None,
    **{kind: kind.operation for kind in Elementwise.__subclasses__()},
}
NAMES_OF: dict[Any, str | None] = {function: name for name, function in ACTIVATIONS.items()}
NAMES_OF |= {TABLE[name]: name for name in NAMES} | {None: None}
TRAINER_SCRIPTS = (
    *(
        "axes.js",
        "shade.js",
        "net.js",
        "run.js",
        "plane.js",
        "curves.js",
        "wires.js",
        "chain.js",
    ),
    "trainer.js",
)
CURVES = ("loss", "test loss", "kept: loss", "kept: test loss")
TOYS = ("circles", "moons", "spiral", "xor")  # of toys.js
MOST_SAMPLES = 2000


def play(
    model: Module,
    X: Iterable[Any],  # noqa: N803
    y: Iterable[Any],
    *,
    loss: Callable[..., Any],
    lr: float = 0.1,
) -> Page:
    """A page on which the model is trained, in the browser, by gradient descent.

    It draws the boundary, the losses, the norm of each layer's gradient and the network at
    each step, with a picture of its output in each neuron, and every weight and neuron shows
    its chain rule for a sample. Learning rate, activation and layer sizes can be changed;
    samples be toy data or painted, kept for testing, taken in batches; momentum or Adam take
    the steps; the squares and the product of the inputs be inputs, too; L1 and L2 be added;
    two settings be compared; and four mistakes be seen. A regression shows its outputs over
    the targets. It starts with the model's weights, which it leaves alone.

    Args:
        model: an `nn.MLP`, `nn.Layer` or `nn.Neuron` of two inputs, or an `nn.Sequential` of
            these and of modules such as `nn.Tanh()`; its activations those that have names.
        X, y: up to 2,000 samples, pairs of numbers, and their targets.
        loss: `nn.mse_loss`, `nn.hinge_loss`, `nn.binary_cross_entropy`,
            `nn.binary_cross_entropy_with_logits` or `nn.cross_entropy`.
        lr: the learning rate.

    Returns:
        The page: `save` writes it, `open` shows it in the browser, and a notebook shows it.

    Raises:
        TypeError: an argument is of the wrong type, or a part of the model cannot be played.
        ValueError: it has not two inputs, or the loss or the samples do not fit it.

    >>> import nn
    >>> page = play(nn.MLP(2, [4, 1]), [[0, 0], [1, 1]], [-1, 1], loss=nn.hinge_loss)
    >>> page  # doctest: +ELLIPSIS
    <Page of ... characters: save() writes it, open() shows it>
    """
    instance(model, Module, "play: the model")
    samples = [*batch_of(X, y, "play: ")]
    for i, (x, _) in enumerate(samples):
        if not is_finite(x):
            raise ValueError(f"play: X[{i}] is {shortened(x)}; leave that sample out")
    rate = not_negative(lr, "play: lr")
    name = getattr(loss, "__name__", "")
    if name not in LOSSES or getattr(losses, name) is not loss:
        raise ValueError(
            "play: loss must be one of the functions "
            f"{', '.join([f'nn.{each}' for each in LOSSES])}, got {shortened(loss)}"
        )
    if len(samples) > MOST_SAMPLES:
        raise ValueError(f"play: at most {MOST_SAMPLES:,} samples, got {len(samples):,}")
    layers, activations = _layers(model)
    sizes = [len(layers[0][0].w), *map(len, layers)]
    if sizes[0] != 2:
        raise ValueError(f"play: the model must have 2 inputs, got {sizes[0]}")
    if sizes[-1] > 1 and loss is not losses.cross_entropy:
        raise ValueError(f"play: {name} takes 1 output, and the model has {sizes[-1]}")
    with no_grad():
        xs, targets = [x for x, _ in samples], [target for _, target in samples]
        value = primal(loss([model(x) for x in xs], targets))
    boundary = Boundary(model, samples, loss)
    boundary.keep(0)
    plane = boundary.plane()
    shown = plane or boundary.relief()
    pairs = {"hinge_loss": (-1.0, 1.0), "mse_loss": (boundary.names[0], boundary.names[-1])}
    data = {
        "sizes": sizes,
        "activations": activations,
        "activation": activations[0] if len(layers) > 1 else "tanh",
        "names": NAMES,
        "defaults": {name: TABLE[name].defaults for name in NAMES},
        "w": [[w.data for neuron in layer for w in neuron.w] for layer in layers],
        "b": [[primal(neuron.b) for neuron in layer] for layer in layers],
        "biased": [all(isinstance(neuron.b, Value) for neuron in layer) for layer in layers],
        "inputs": [x for point in boundary.points for x in point],
        "targets": boundary.targets,
        "classes": [k for _, _, k in shown.points],
        "classifies": plane is not None,
        "threshold": boundary.threshold,
        "scale": shown.scale,
        "xs": shown.xs,
        "ys": shown.ys,
        "pair": pairs.get(name, (0.0, 1.0)),
        "loss": name,
        "operation": LOSSES[name],
        "rate": rate,
    }
    graph = model.graph(xs[0])
    network, _ = laid_out(graph, graph.options, "net")
    return Page(_page(shown, network, data, value))


def _page(plane: Plane, network: str, data: dict[str, Any], value: float) -> str:
    """The HTML, with the state before the first step."""
    rows = []
    for k, (ws, bs) in enumerate(zip(data["w"], data["b"])):
        nin = data["sizes"][k]
        for j, b in enumerate(bs):
            weights = ", ".join([format_number(w) for w in ws[j * nin : (j + 1) * nin]])
            rows.append([f"layer {k + 1}, neuron {j + 1}", format_number(b), weights])
    curves = [
        '<li hidden><svg class="mark" viewBox="-14 -7 28 14" aria-hidden="true">'
        f'<path class="curve c{k}" d="M-14 0H14"/></svg> {text}</li>'
        for k, text in enumerate(CURVES)
    ]
    main = Template(asset("trainer.html", "nn.pages")).substitute(
        status=f"Before training: loss {format_number(value)}",
        board="Decision boundary" if data["classifies"] else "Output over the plane",
        plane=plane.svg(),
        legend=plane.legend(),
        network=network,
        activations="".join([f"<option>{name}</option>" for name in ["linear", *NAMES]]),
        toys="".join([f"<option>{name}</option>" for name in TOYS]),
        brushes="".join(
            [f'<option value="{k}">{escape(x)}</option>' for k, x in enumerate(plane.names)]
        ),
        curves="".join(curves),
        table=table("weights", ["neuron", "bias", "weights"], rows),
    )
    names = " → ".join(map(str, data["sizes"]))
    loss = data["loss"].replace("_", " ")
    samples = counted(len(data["targets"]), "sample")
    summary = f"A network of {names}, {samples}, {loss}"
    operations = [TABLE[name] for name in {data["operation"]: 0} | dict.fromkeys(NAMES)]
    scripts = [
        rules(operations, asset("toys.js", "nn.pages")),
        asset("numbers.js"),
    ]
    scripts += [asset(name, "nn.pages") for name in TRAINER_SCRIPTS]
    styles = [palette(), asset("steps.css")]
    styles += [asset(name, "nn.pages") for name in ("training.css", "trainer.css")]
    return document("trainer", "Training, live", summary, main, data, scripts, styles)


def _layers(model: Module) -> tuple[list[list[Neuron]], list[str | None]]:
    """The model's neurons by layer, and the name of each layer's activation."""
    layers: list[list[Neuron]] = []
    names: list[str | None] = []
    for part in _parts(model):
        if type(part) in MODULES and layers and names[-1] is None:
            names[-1] = MODULES[type(part)]
        elif type(part) is Neuron or type(part) is Layer:
            neurons = [part] if isinstance(part, Neuron) else part.neurons
            activations = {_activation(neuron) for neuron in neurons}
            if len(activations) > 1:
                raise TypeError("play: the neurons of a layer must have one activation")
            layers.append(neurons)
            names += activations
        else:
            raise TypeError(f"play: the model must be made of layers, got {shortened(part)}")
    if not layers:
        raise TypeError("play: the model has no layer")
    return layers, names


def _parts(model: Any) -> list[Any]:
    if isinstance(model, MLP | Sequential):
        return [part for layer in model.layers for part in _parts(layer)]
    return [model]


def _activation(neuron: Neuron) -> str | None:
    activation = neuron.activation
    if type(activation) in MODULES:
        return MODULES[type(activation)]
    if not isinstance(activation, Hashable) or activation not in NAMES_OF:
        raise TypeError(f"play: an activation must have a name, got {shortened(activation)}")
    return NAMES_OF[activation]
