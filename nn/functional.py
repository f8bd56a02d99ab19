"""The functions of `nn`, where PyTorch has them.

>>> import nn.functional as F
>>> F.relu([-1.0, 2.0])
[0.0, 2.0]
"""

from typing import TYPE_CHECKING

from nn import losses
from nn.activations import gelu, log_softmax, relu, sigmoid, silu, softmax, tanh
from nn.hints import refuse
from nn.losses import *  # noqa: F403

__all__ = ["gelu", "log_softmax", "relu", "sigmoid", "silu", "softmax", "tanh"]
__all__ += losses.__all__

if not TYPE_CHECKING:
    __getattr__ = refuse("nn.functional")
