"""Neural networks of Values: modules, losses, optimizers, training.

`fit` trains a model, such as an `MLP`; `compile` makes a fast step for a loop of your own, and
`play` a page on which a model is trained in the browser.
"""

from typing import TYPE_CHECKING

from autograd.core.origin import INTERNAL as _INTERNAL
from nn import activations, cells, clipping, images, init, layers, losses, optim, schedules
from nn.activations import *  # noqa: F403
from nn.cells import *  # noqa: F403
from nn.clipping import *  # noqa: F403
from nn.images import *  # noqa: F403
from nn.layers import *  # noqa: F403
from nn.losses import *  # noqa: F403
from nn.module import Module
from nn.optim import *  # noqa: F403
from nn.play import play
from nn.schedules import *  # noqa: F403
from nn.state import load_model, save_model
from nn.training import history as _history
from nn.training import sweep as _sweep
from nn.training.fit import compile, fit
from nn.training.history import *  # noqa: F403
from nn.training.sweep import *  # noqa: F403

__all__ = ["Module", "compile", "fit", "init", "load_model", "play", "save_model"]
__all__ += activations.__all__
__all__ += cells.__all__
__all__ += clipping.__all__
__all__ += images.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += optim.__all__
__all__ += schedules.__all__
__all__ += _history.__all__
__all__ += _sweep.__all__

_INTERNAL.add("nn")  # `autograd.lines` tells the lines of code that call it

HINTS = {
    "Loss": "; losses are functions here, such as nn.mse_loss",
    "Linear": "; it is nn.Layer here",
    "Parameter": "; any autograd.Value that a module holds is one",
    "save": "; it is nn.save_model(model, path) here",
    "load": "; it is nn.load_model(model, path) here",
    "ModuleList": "; a list of modules does",
    "functional": "; its functions are here in nn",
    "utils": "; its clip_grad_norm_ and clip_grad_value_ are here in nn",
    "DataLoader": "; nn.fit(model, X, y, batch_size=…) makes batches; a loop may slice lists",
    "TensorDataset": "; X and y are lists or arrays, and nn.fit(model, X, y) takes them",
    "lr_scheduler": "; its schedules are here in nn",
    "ModuleDict": "; a dict of modules does",
    "ParameterList": "; a list of autograd.Values does",
    "Conv1d": "; nn.Conv2d with one row does the same",
    "AvgPool2d": "; write the means of the windows, or see nn.MaxPool2d",
    "no_grad": "; it is autograd.no_grad()",
    "Tensor": "; a number with a gradient is an autograd.Value, and lists hold many",
    "tensor": "; a number with a gradient is an autograd.Value, and lists hold many",
    "CosineAnnealingWarmRestarts": "; nn.LambdaLR takes any function of the epoch",
    "ChainedScheduler": "; nn.SequentialLR and nn.LambdaLR are here",
    **{
        name: f"; loop over the sequence with nn.{name}Cell, which takes one step"
        for name in ("RNN", "LSTM", "GRU")
    },
    **dict.fromkeys(
        ("BatchNorm1d", "BatchNorm2d"),
        "; it mixes the samples of a batch, and a model takes one: use nn.LayerNorm",
    ),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        """Tell who knows PyTorch what its names are here."""
        hint = HINTS.get("Loss" if name.endswith("Loss") else name, "")
        raise AttributeError(f"module 'nn' has no attribute {name!r}{hint}")
