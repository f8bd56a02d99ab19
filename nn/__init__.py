"""Neural networks of Values: modules, losses, optimizers, training.

`fit` trains a model, such as an `MLP`; `compile` makes a fast step for a loop of your own, and
`play` a page on which a model is trained in the browser.
"""

from typing import TYPE_CHECKING

from autograd.core.blocks import INTERNAL as _INTERNAL
from nn import (
    activations,
    cells,
    clipping,
    functional,
    images,
    init,
    layers,
    losses,
    optim,
    schedules,
)
from nn.activations import *  # noqa: F403
from nn.cells import *  # noqa: F403
from nn.clipping import *  # noqa: F403
from nn.hints import refuse
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
from nn.training.predict import predicted as _predicted  # noqa: F401  (Module.predict)
from nn.training.sweep import *  # noqa: F403

__all__ = ["Module", "compile", "fit", "functional", "init", "load_model", "play"]
__all__ += ["save_model"]
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

if not TYPE_CHECKING:
    __getattr__ = refuse("nn")
