"""Neural networks of Values: modules, losses, optimizers, training."""

from nn import activations, init, layers, losses, optim
from nn.activations import *  # noqa: F403
from nn.layers import *  # noqa: F403
from nn.losses import *  # noqa: F403
from nn.module import Module
from nn.optim import *  # noqa: F403

__all__ = ["Module", "init"]
__all__ += activations.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += optim.__all__
