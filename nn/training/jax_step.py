"""The training step on all devices of this process that JAX sees.

The loss of `objective`, its gradient, clipping and the optimizer's update are one jitted
function. Samples are sharded over the devices if their number allows; what is the same for all
is on each device.
"""

from __future__ import annotations

from typing import Any

from autograd import Value
from autograd.core import floats
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Program
from autograd.program.specialize import Trace
from autograd.program.targets.jax import emitted, split, there
from nn.training.batches import Batch
from nn.training.compiled_step import Results, Step
from nn.training.handover import objective
from nn.training.traces import FallBack, Traces, data_of

__all__ = ["JaxStep"]

AXIS = "samples"


class JaxStep(Step):
    """A compiled training step whose parameters stay on JAX's devices between steps.

    `pull` brings them back into the Values; `predict` and `evaluate` do so too. A step that
    follows starts with what the Values then hold.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        name = self.eager.name
        self._jax = there(f'{name}: backend="jax"')
        try:
            devices = self._jax.local_devices()
        except (RuntimeError, AssertionError) as error:
            raise RuntimeError(f"{name}: JAX finds no device to train on: {error}") from error
        sharding = self._jax.sharding
        self.mesh = sharding.Mesh(np.array(devices), (AXIS,))
        kinds = [sharding.PartitionSpec(*axes) for axes in ((), (None, AXIS))]
        self.everywhere, self.by_lane = [sharding.NamedSharding(self.mesh, p) for p in kinds]
        self.state: tuple[Array, Array, Array] | None = None  # parameters, buffers, gradient
        self._pushed: tuple[list[Value], list[str]] = [], []  # those parameters and buffers
        self._functions: dict[Any, Any] = {}
        self._resident: tuple[Batch, Array] | None = None  # what stays there

    def pull(self) -> None:
        """Bring parameters, gradients and the optimizer's buffers back into the Values."""
        if self.state is None:
            return
        params, buffers, gradient = [np.array(each) for each in self.state]
        values, names = self._pushed
        gradient *= [x.requires_grad for x in values]
        floats.exchange(values, data_of(values), params, gradient)
        for name, row in zip(names, buffers):
            self.optimizer._put_buffer(name, values, row)
        self.state = self._before = None

    # ------------------------------------------------------------------ a step

    def _train_on(self, batch: Batch, traces: Traces) -> Results | None:
        if self._are_others():
            self.pull()
            self._forget()
            return None
        found = traces.found
        if self.needs_recheck or batch.lanes not in traces.sizes or not found:
            self.pull()
            try:
                call = self._run(batch, traces)
            except (FallBack, FloatingPointError):
                return self._by_values(batch, traces)
            if not self._agrees(call, batch, traces):
                return None
        if any(trace.program.lanes for trace in found) or not len(batch.x):
            return self._by_values(batch, traces)  # samples that the loss itself goes through
        try:
            done = self._stepped(batch, traces)
            while done is None:
                self.pull()
                known = len(found)
                self._run(batch, traces)
                if len(found) == known:  # no way was new: something is not finite
                    return self._by_values(batch, traces)
                done = self._stepped(batch, traces)
        except (FallBack, FloatingPointError):
            return self._by_values(batch, traces)
        return done

    def _by_values(self, batch: Batch, traces: Traces) -> Results:
        self.pull()
        return super()._by_values(batch, traces)

    def _stepped(self, batch: Batch, traces: Traces) -> Results | None:
        """One step on the devices; None, with nothing changed, if not all of it is right."""
        optimizer, found = self.optimizer, traces.found
        if self._pushed[1] != [*optimizer.buffers]:
            self.pull()
        if self.state is None:
            self._push()
        assert self.state is not None
        update = self._update.program()
        if update is None:
            raise TypeError(
                f"{self.eager.name}: JAX can't run {type(optimizer).__name__}'s step; write it "
                "as the method _update, of floats and Values alike"
            )
        key = *found, update  # not their ids, which others may have later
        if key not in self._functions:
            self._functions = {key: self._jitted(found, traces, update)}
        uniform, own = self._update.numbers()
        numbers = np.array(uniform), own
        rest = [data_of(trace.closed[len(optimizer.params) :]) for trace in found]
        results = self._functions[key](*self.state, rest, numbers, self._sharded(batch))
        params, buffers, gradient, loss, right, which, out = results
        self.state = params, buffers, gradient
        if not right:
            return None
        optimizer.steps += 1
        if not self.outputs:
            return [], float(loss)
        each = zip(np.asarray(which).tolist(), np.asarray(out).T.tolist())
        return [found[i].rebuild(column)[-1] for i, column in each], float(loss)

    # ------------------------------------------------------------------ on the devices

    def _push(self) -> None:
        """Take what the Values and the optimizer hold."""
        optimizer = self.optimizer
        self._pushed = [*optimizer.params], [*optimizer.buffers]
        data = data_of(self._pushed[0])
        buffers = np.array([*optimizer.buffers.values()]).reshape(-1, len(data))
        state = self._jax.device_put((data, buffers, np.zeros(len(data))), self.everywhere)
        self.state = state

    def _sharded(self, batch: Batch) -> Array:
        """The samples, as many on each device if that goes, else all on each."""
        if self._resident is not None and self._resident[0] is batch:
            return self._resident[1]
        even = batch.lanes % self.mesh.size == 0
        x = self._jax.device_put(batch.x, self.by_lane if even else self.everywhere)
        if batch is not self._last:  # which is filled anew
            self._resident = batch, x
        return x

    def _jitted(self, found: list[Trace], traces: Traces, update: Program) -> Any:
        """(params, buffers, gradient, rest, numbers, x) → the next, and results."""
        jax, numpy = self._jax, self._jax.numpy
        total = objective(jax, [*found], traces.mean, traces.penalty)
        follow, limit = emitted(update.blocks), self.eager.max_norm

        def step(
            params: Array,
            buffers: Array,
            before: Array,  # it is written over
            rest: Any,
            numbers: tuple[Array, list[Array]],
            x: Array,
        ) -> Any:
            uniform, own = numbers
            loss_of = jax.value_and_grad(total, has_aux=True)
            (loss, (which, out)), gradient = loss_of(params, rest, x)
            if limit is not None:
                scale = limit / (numpy.linalg.norm(gradient) + 1e-6)
                gradient *= numpy.where(scale < 1.0, scale, 1.0)
            state = numpy.concatenate([params[None], gradient[None], buffers, *own])
            following = follow(*split(update.blocks, uniform[:, None], state))["out"]
            following = following[: 1 + len(buffers)]
            right = numpy.isfinite(following).all() & numpy.isfinite(gradient).all()
            right &= numpy.isfinite(loss)
            params = numpy.where(right, following[0], params)
            buffers = numpy.where(right, following[1:], buffers)
            outputs = (which, out) if self.outputs else (None, None)
            return params, buffers, gradient, loss, right, *outputs

        return jax.jit(step, donate_argnums=(0, 1, 2))
