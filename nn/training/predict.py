"""The outputs of a model for many samples, as plain numbers."""

from __future__ import annotations

from typing import Any

from autograd import no_grad
from nn.losses import mse_loss
from nn.module import Module, predict_with
from nn.optim import SGD
from nn.training.batches import Batch, plain, samples_of
from nn.training.eager import Eager, in_mode

__all__ = ["predicted"]

FEW = 100  # samples, for which nothing is recorded


def predicted(model: Module, X: Any) -> Any:  # noqa: N803
    """Return the outputs for `Module.predict`: by programs for many samples, if possible."""
    batch = Batch(samples_of(X, "predict: X"))
    outputs = _by_programs(model, batch) if batch.lanes >= FEW else None
    if outputs is None:
        with in_mode(model, training=False), no_grad():
            try:
                outputs = [plain(model(x)) for x in batch.lists()[0]]
            except ValueError as error:
                error.add_note("predict takes many samples; of one write predict([x])[0]")
                raise
    if not hasattr(X, "__array__"):
        return outputs if isinstance(outputs, list) else outputs.tolist()
    import numpy as np

    return np.array(outputs)


def _by_programs(model: Module, batch: Batch) -> Any:
    engine: Any = vars(model).get("_engine")
    try:
        from nn.training.compiled import Compiled, outputs_of

        if engine is None:
            rule = SGD(model.parameters())
            engine = Compiled(Eager(model, mse_loss, rule, None, None, "predict"))
            object.__setattr__(model, "_engine", engine)  # also of a frozen dataclass
        engine.changed()
        run = engine.run(batch, engine.traces_of(batch, trains=False))
        (_, trace, out, _), *others = run.parts
        return run.outputs() if others else outputs_of(trace, out)
    except Exception:  # by Values it is raised again, if the model does
        return None


predict_with(predicted)
