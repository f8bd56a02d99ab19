"""Gradients that vanish or explode on their way back through a net, and what helps.

The chain rule multiplies one factor a layer. Factors below 1 make the gradient vanish on
its way to the first layers, factors above 1 make it explode (Hochreiter 1991; Bengio et al.
1994). The first picture measures that, and what initialisation (Glorot and Bengio 2010; He
et al. 2015), clipping (Pascanu et al. 2013) and weight decay do about it; the second
compares learning-rate schedules and momentum on one problem.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import nn
from autograd import Value, no_grad
from autograd import sum as total
from demos.common import STYLES, Style, figure, progress, save_figure, smooth

NEURONS = 12  # neurons a layer
DEPTHS = (4, 8, 16)  # hidden layers
COMPARED = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU"}
KAIMING = math.sqrt(2.0 / NEURONS)  # the standard deviation that suits ReLU
SCALES = (1.0, 0.7, 0.4, 0.2)  # of the inputs of the least-squares problem
Pair = tuple[list[float], float]


def samples(count: int) -> list[Pair]:
    """Random inputs of NEURONS numbers, with target 1 if their sum is positive, else -1."""
    inputs = [[random.gauss(0.0, 1.0) for _ in range(NEURONS)] for _ in range(count)]
    return [(x, 1.0 if sum(x) > 0.0 else -1.0) for x in inputs]


def squared_error(model: nn.MLP | nn.Neuron, data: list[Pair]) -> Value:
    """The mean squared error over the samples."""
    loss: Value = nn.mse_loss([model(x) for x, _ in data], [target for _, target in data])
    return loss


def layer_gradients(depth: int, activation: str, std: float | None = None) -> list[float]:
    """d(output)/d(neuron) of a fresh net: the root mean square in each layer, input first.

    Args:
        depth: the number of hidden layers; the output follows them, and its number is 1.
        std: the standard deviation of the weights; None for the default initialisation.

    >>> sizes = layer_gradients(4, "tanh")
    >>> len(sizes), sizes[-1]
    (5, 1.0)
    """
    init = None if std is None else nn.init.normal(0.0, std)
    model = nn.MLP(NEURONS, [NEURONS] * depth + [1], activation=activation, init=init)
    neurons: list[list[Value]] = [[] for _ in model.layers]
    for inputs, _ in samples(8):
        signal: Any = inputs
        for layer, outputs in zip(model.layers, neurons):
            signal = layer(signal)
            outputs += signal if isinstance(signal, list) else [signal]
    total(neurons[-1]).backward()
    return [rms([neuron.grad for neuron in layer]) for layer in neurons]


def rms(numbers: list[float]) -> float:
    """The root of the mean square.

    >>> rms([3.0, 4.0, 0.0, 0.0])
    2.5
    """
    return math.hypot(*numbers) / math.sqrt(len(numbers))


def typical_gradients(
    nets: int, depth: int, activation: str, std: float | None = None
) -> list[float]:
    """The median of `layer_gradients` over several nets."""
    trials = progress(range(nets), f"{activation}, {depth} layers")
    runs = [layer_gradients(depth, activation, std) for _ in trials]
    return [median(layer) for layer in zip(*runs)]


def gradient_norms(
    steps: int, seed: int, max_norm: float | None = None, weight_decay: float = 0.0
) -> list[float]:
    """The gradient's norm, before clipping, in each training step of a badly started net.

    Its weights are drawn twice as large as suits ReLU; the same seed gives the same net and
    samples. Ends early when the loss passes 1e9.
    """
    random.seed(seed)
    model = nn.MLP(NEURONS, [NEURONS] * 6 + [1], init=nn.init.normal(0.0, 2.0 * KAIMING))
    parameters = model.parameters()
    optimizer = nn.SGD(parameters, lr=0.01, weight_decay=weight_decay)
    data = samples(16)
    norms: list[float] = []
    for _ in progress(range(steps), "training"):
        loss = squared_error(model, data)
        optimizer.zero_grad()
        loss.backward()
        norms.append(math.hypot(*[p.grad for p in parameters]))
        if loss.data > 1e9:
            break
        if max_norm is not None:
            nn.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
    return norms


def run(out: Path, quick: bool, seed: int) -> None:
    """Measure, print the main numbers, draw both pictures; about ten seconds."""
    random.seed(seed)
    _flow(out / "gradients.png", nets=3 if quick else 10, steps=20 if quick else 150, seed=seed)
    _descents(out / "schedules.png", steps=30 if quick else 200)


# ---------------------------------------------------------------- vanishing, exploding


def _flow(path: Path, nets: int, steps: int, seed: int) -> None:
    print("How much does the output of a fresh net change with the neurons of each layer?")
    print(f"Going back one layer multiplies that by (the median of {nets} nets)")
    fig, axes = figure(12.0, 7.0, rows=2, columns=3)
    for ax, (activation, name) in zip(axes, COMPARED.items()):
        curves = [typical_gradients(nets, depth, activation) for depth in DEPTHS]
        for sizes, depth, style in zip(curves, DEPTHS, STYLES):
            _plot_layers(ax, sizes, style, f"{depth} hidden layers")
        _say_factor(curves[-1], f"{name}, default initialisation")
        ax.set(title=f"{name}, default initialisation", ylim=(1e-16, 1e1))
    axes[1].legend(loc="lower right")
    for scale, style in zip((0.5, 1.0, 2.0), STYLES):
        sizes = typical_gradients(nets, DEPTHS[-1], "relu", scale * KAIMING)
        _plot_layers(axes[3], sizes, style, f"deviation {scale:g} · √(2/n)")
        _say_factor(sizes, f"ReLU, weights of deviation {scale:g} · √(2/n)")
    axes[3].set_title(f"Initialisation: ReLU, {DEPTHS[-1]} hidden layers")
    axes[3].legend()
    _regulate(axes[4], axes[5], steps, seed)
    save_figure(fig, path)


def _say_factor(sizes: list[float], name: str) -> None:
    layers = len(sizes) - 1
    factor = (sizes[0] / sizes[-1]) ** (1.0 / layers)
    print(f"  {factor:.2f}  {name}; {layers} layers back {sizes[0]:.0e} is left")


def _plot_layers(ax: Axes, sizes: list[float], style: Style, label: str) -> None:
    colour, line = style
    ax.semilogy(range(1, len(sizes) + 1), sizes, color=colour, linestyle=line, label=label)
    ax.set(xlabel="layer (the output comes last)", ylabel="d(output)/d(neuron)")


def _regulate(clipping: Axes, decay: Axes, steps: int, seed: int) -> None:
    print("Norm of the gradient in training, from weights that are twice too large:")
    free = gradient_norms(steps, seed)
    clipped = gradient_norms(steps, seed, max_norm=1.0)
    _say_norms(free, "no clipping")
    _say_norms(clipped, "clipped to 1")
    _plot_norms(clipping, free, STYLES[1], "no clipping")
    _plot_norms(clipping, clipped, STYLES[0], "clipped to norm 1")
    if len(free) < steps:
        clipping.plot(len(free), free[-1], "x", color=STYLES[1][0], markersize=9)
        clipping.annotate("   exploded", (len(free), free[-1]), va="center")
    clipping.set_title("Clipping: training with too large weights")
    _plot_norms(decay, clipped, STYLES[0], "no decay")
    for strength, style in ((0.3, STYLES[1]), (1.0, STYLES[2])):
        norms = gradient_norms(steps, seed, max_norm=1.0, weight_decay=strength)
        _say_norms(norms, f"clipped, weight decay {strength:g}")
        _plot_norms(decay, norms, style, f"weight decay {strength:g}")
    decay.set_title("Weight decay, with clipping")
    for ax in (clipping, decay):
        ax.set(xlabel="step", ylabel="gradient norm, before clipping")
        ax.legend()


def _plot_norms(ax: Axes, norms: list[float], style: Style, label: str) -> None:
    colour, line = style
    ax.semilogy(range(1, len(norms) + 1), norms, color=colour, linestyle=line, label=label)


def _say_norms(norms: list[float], what: str) -> None:
    print(f"  {what:<26} {norms[0]:.0e} in step 1, {norms[-1]:.0e} in step {len(norms)}")


# ---------------------------------------------------------------- schedules and momentum


@dataclass(frozen=True)
class LeastSquares:
    """Samples of a noisy linear function, and the least loss that weights can reach."""

    data: list[Pair]
    least: float


@dataclass(frozen=True)
class Convergence:
    """The learning rate of each step, and the loss before it less the least loss."""

    rates: list[float]
    excess: list[float]


def new_problem() -> LeastSquares:
    """64 samples whose inputs have different scales, so that the loss is a long valley.

    >>> random.seed(0)
    >>> len(new_problem().data)
    64
    """
    data = []
    for _ in range(64):
        x = [random.gauss(0.0, scale) for scale in SCALES]
        data.append((x, x[0] - x[1] + x[2] - x[3] + random.gauss(0.0, 0.5)))
    inputs, targets = np.array([x for x, _ in data]), np.array([t for _, t in data])
    weights = np.linalg.lstsq(inputs, targets)[0]
    return LeastSquares(data, float(np.mean((inputs @ weights - targets) ** 2)))


def descend(
    problem: LeastSquares,
    steps: int,
    batch: int,
    lr: float,
    schedule: Callable[[nn.SGD], nn.Scheduler] | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Convergence:
    """Gradient descent from weights of zero, with `batch` random samples a step."""
    neuron = nn.Neuron(len(SCALES), bias=False, init=nn.init.zeros())
    optimizer = nn.SGD(neuron.parameters(), lr, momentum=momentum, nesterov=nesterov)
    scheduler = None if schedule is None else schedule(optimizer)
    batches = random.Random(0)  # the same ones in every run
    descent = Convergence([], [])
    for _ in progress(range(steps), "descending"):
        with no_grad():
            descent.excess.append(squared_error(neuron, problem.data).data - problem.least)
        descent.rates.append(optimizer.lr)
        optimizer.zero_grad()
        squared_error(neuron, batches.sample(problem.data, batch)).backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return descent


def _descents(path: Path, steps: int) -> None:
    problem = new_problem()
    fig, (rates, noisy, exact) = figure(12.0, 3.9, columns=3)
    print(f"Linear least squares, {steps} steps; how far is the loss above the least one?")
    schedules: dict[str, Callable[[nn.SGD], nn.Scheduler] | None] = {
        "constant": None,
        "StepLR": lambda sgd: nn.StepLR(sgd, steps // 3 + 1, 0.3),
        "ExponentialLR": lambda sgd: nn.ExponentialLR(sgd, 0.01 ** (1.0 / steps)),
        "CosineAnnealingLR": lambda sgd: nn.CosineAnnealingLR(sgd, steps),
        "LinearLR": lambda sgd: nn.LinearLR(sgd, 1.0, 0.01, steps),
    }
    for (name, schedule), (colour, line) in zip(schedules.items(), STYLES):
        descent = descend(problem, steps, 8, 0.3, schedule)
        rates.plot(descent.rates, color=colour, linestyle=line, label=name)
        noisy.semilogy(smooth(descent.excess), color=colour, linestyle=line, label=name)
        last = fmean(descent.excess[-20:])
        print(f"  {name:<18} batches of 8, mean of the last 20 steps  {last:.1e}")
    momenta = {
        "no momentum": (0.0, False),
        "momentum 0.9": (0.9, False),
        "Nesterov 0.9": (0.9, True),
    }
    for (name, (momentum, nesterov)), (colour, line) in zip(momenta.items(), STYLES):
        descent = descend(problem, steps, 64, 0.1, None, momentum, nesterov)
        exact.semilogy(descent.excess, color=colour, linestyle=line, label=name)
        print(f"  {name:<18} all samples, after the last step         {descent.excess[-1]:.1e}")
    rates.set(title="Schedules", xlabel="step", ylabel="learning rate")
    noisy.set(
        title="Noisy steps: batches of 8, smoothed",
        xlabel="step",
        ylabel="loss above the least",
    )
    exact.set(title="Exact steps: all 64 samples", xlabel="step", ylabel="loss above the least")
    noisy.legend()
    exact.legend()
    save_figure(fig, path)
