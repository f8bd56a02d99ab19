"""nn.fit, as most tests call it."""

from typing import Any

import nn


def fitted(
    model: nn.Module, xs: Any, ys: Any, lr: float = 0.1, epochs: int = 3, **settings: Any
) -> nn.History:
    """By SGD and the squared error, in silence, unless something else is asked for."""
    settings = {"loss": nn.mse_loss, "progress": False, **settings}
    settings.setdefault("optimizer", nn.SGD(model.parameters(), lr))
    return nn.fit(model, xs, ys, epochs=epochs, **settings)
