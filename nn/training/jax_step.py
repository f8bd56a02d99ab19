"""The training step on all devices that JAX sees.

The program of a sample's loss and its gradient, clipping and the optimizer's update are one
jitted function. Samples are sharded over the devices, in this process and in others; what is
the same for all is on each device.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from autograd import Value
from autograd.core import floats
from autograd.program.ir.arrays import Array, np
from autograd.program.passes.vjp import vjp
from autograd.program.program import Program
from autograd.program.specialize import Trace
from autograd.program.targets.jax import emitted, split, there
from nn.training.batches import Batch
from nn.training.compiled_step import Results, Step
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
        self.jax = there(f'{name}: backend="jax"')
        try:
            devices = self.jax.devices()
        except (RuntimeError, AssertionError) as error:
            if "local topolog" in str(error):
                raise RuntimeError(
                    f"{name}: another process has not come as far as this; each process that "
                    "jax.distributed.initialize counts has to train. How long JAX waits is "
                    "jax.config.jax_cpu_get_local_topology_timeout_minutes"
                ) from error
            raise RuntimeError(f"{name}: JAX finds no device to train on: {error}") from error
        self.mesh = self.jax.sharding.Mesh(np.array(devices), (AXIS,))
        self.everywhere = self._sharding()
        self.leads = self.jax.process_index() == 0
        self.state: tuple[Array, Array, Array] | None = None  # parameters, buffers, gradient
        self._pushed: tuple[list[Value], list[str]] = [], []  # those parameters and buffers
        self._functions: dict[Any, Any] = {}
        self._weights: dict[tuple[int, float], Array] = {}
        self._resident: tuple[Batch, Array, Array] | None = None  # what stays there

    def pull(self) -> None:
        """Bring parameters, gradients and the optimizer's buffers back into the Values."""
        if self.state is None:
            return
        params, buffers, gradient = [np.array(self._here(each)) for each in self.state]
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
            self._push(batch)
        assert self.state is not None
        update = self._update.program()
        if update is None:
            raise TypeError(
                f"{self.eager.name}: JAX can't run {type(optimizer).__name__}'s step; write it "
                "as the method _update, of floats and Values alike"
            )
        key = tuple(map(id, found)), id(update)
        if key not in self._functions:
            self._functions = {key: self._jitted(list(found), update)}
        uniform, own = self._update.numbers()
        numbers = np.array(uniform), own
        rest = [data_of(trace.closed[len(optimizer.params) :]) for trace in found]
        x, weights = self._sharded(batch, traces.weight(batch.lanes))
        with self._with_others():
            results = self._functions[key](*self.state, rest, numbers, x, weights)
            params, buffers, gradient, loss, well, which, out = results
            right, loss = bool(self._here(well)), float(self._here(loss))
        self.state = params, buffers, gradient
        if not right:
            return None
        optimizer.steps += 1
        if not self.outputs:
            return [], loss
        each = zip(self._here(which).tolist(), self._here(out).T.tolist())
        return [found[i].rebuild(column)[-1] for i, column in each][: batch.lanes], loss

    @contextmanager
    def _with_others(self) -> Iterator[None]:
        """Say what it means if what all processes do together fails."""
        try:
            yield
        except (self.jax.errors.JaxRuntimeError, ValueError) as error:
            self.state = None
            if self.jax.process_count() == 1 or not re.match(r"[A-Z_]+: ", str(error)):
                raise
            raise RuntimeError(
                f"{self.eager.name}: another process is gone or cannot be reached; the model "
                "is as after the last epoch. Start all processes again, with resume=True to "
                "go on from the checkpoint"
            ) from error

    # ------------------------------------------------------------------ on the devices

    def _sharding(self, *axes: str | None) -> Any:
        sharding = self.jax.sharding
        return sharding.NamedSharding(self.mesh, sharding.PartitionSpec(*axes))

    def _placed(self, x: Array, sharding: Any) -> Array:
        """An array, which all processes have, on the devices of all."""
        if self.jax.process_count() == 1:
            return self.jax.device_put(x, sharding)
        return self.jax.make_array_from_callback(x.shape, sharding, x.__getitem__)

    def _here(self, x: Array) -> Array:
        """An array that is the same on all devices."""
        return np.asarray(x.addressable_data(0))

    def _push(self, batch: Batch) -> None:
        """Take what the Values and the optimizer hold."""
        optimizer = self.optimizer
        self._pushed = [*optimizer.params], [*optimizer.buffers]
        data = data_of(self._pushed[0])
        buffers = np.array([*optimizer.buffers.values()]).reshape(-1, len(data))
        self._check_alike(data, buffers, batch)
        state = data, buffers, np.zeros(len(data))
        params, buffers, gradient = [self._placed(each, self.everywhere) for each in state]
        self.state = params, buffers, gradient

    def _check_alike(self, data: Array, buffers: Array, batch: Batch) -> None:
        """ValueError unless all processes train the same model on the same samples."""
        if self.jax.process_count() == 1:
            return
        settings = f"{self.optimizer!r} after {self.optimizer.steps} steps".encode()
        parts = {
            "parameters": data.tobytes(),
            "optimizer": buffers.tobytes() + settings,
            "samples": repr(batch.x.shape).encode() + batch.x.tobytes(),
            "state of random": repr(random.getstate()).encode(),
        }
        digests = [hashlib.sha256(part).digest()[:4] for part in parts.values()]
        own = np.frombuffer(b"".join(digests), np.int32)
        gather = import_module("jax.experimental.multihost_utils").process_allgather
        with self._with_others():
            gathered = np.asarray(gather(own)).T.tolist()
        differ = [name for name, column in zip(parts, gathered) if len(set(column)) > 1]
        if differ:
            raise ValueError(
                f"{self.eager.name}: the {', the '.join(differ)} of process "
                f"{self.jax.process_index()} and others differ; each process has to be given "
                "the same, after the same random.seed, and the same checkpoint"
            )

    def _sharded(self, batch: Batch, weight: float) -> tuple[Array, Array]:
        """Samples, and how each counts in the loss and the penalty; as many on each device."""
        if self._resident is not None and self._resident[0] is batch:
            return self._resident[1:]
        count, x = batch.lanes, batch.x
        extra = -count % self.mesh.size
        x = np.concatenate([x, np.repeat(x[:, :1], extra, 1)], 1) if extra else x
        sharding = self._sharding(None, AXIS)
        if (count, weight) not in self._weights:
            numbers = np.zeros((2, count + extra))
            numbers[:, :count] = [[weight], [1.0 / count]]
            self._weights[count, weight] = self._placed(numbers, sharding)
        placed, weights = self._placed(x, sharding), self._weights[count, weight]
        if batch is not self._last:  # which is filled anew
            self._resident = batch, placed, weights
        return placed, weights

    # ------------------------------------------------------------------ what is jitted

    def _jitted(self, traces: list[Trace], update: Program) -> Any:
        """(params, buffers, gradient, rest, numbers, x, weights) → the next, and results."""
        jax, numpy, P = self.jax, self.jax.numpy, self.jax.sharding.PartitionSpec  # noqa: N806
        functions = [*map(self._emitted, traces)]
        branches = bool(len(traces[0].program.answers))  # of a single one or of all
        penalty = self.eager.penalty is not None

        def local(params: Array, rest: Any, x: Array, weights: Array) -> Any:
            """The loss, its gradient, and how many samples go a way that isn't known."""
            real = weights[1] > 0.0
            left, which = numpy.ones(x.shape[1], bool), numpy.zeros(x.shape[1], int)
            loss, gradient = 0.0, numpy.zeros_like(params)
            outs: list[Any] = []
            for i, ((follows, sweep, sample), more) in enumerate(zip(functions, rest)):
                u, xs, mine = numpy.concatenate([params, more])[:, None], x, left
                if branches:
                    mine = left & follows(u, x)
                    xs = numpy.where(mine, x, sample) if len(traces) > 1 else x
                    left, which = left & ~mine, numpy.where(mine, i, which)
                counts = numpy.where(mine, weights, 0.0)
                out, slope = sweep(u, xs, counts[: 1 + penalty])
                loss += (out[: 1 + penalty] * counts[: 1 + penalty]).sum()
                gradient, outs = gradient + slope, [*outs, (mine, out)]
            lost = (left & real).sum() if branches else numpy.zeros((), int)
            loss, gradient, lost = jax.lax.psum((loss, gradient, lost), AXIS)
            if not self.outputs:
                return loss, gradient, lost, which, x[:0]
            out = outs[0][1]
            for mine, other in outs[1:]:
                out = numpy.where(mine, other, out)
            gathered = jax.lax.all_gather((which, out), AXIS, axis=-1, tiled=True)
            return loss, gradient, lost, *gathered

        by_lane = P(None, AXIS)
        outputs_of = (P(), P()) if self.outputs else (P(AXIS), by_lane)
        shared = jax.shard_map(
            local,
            mesh=self.mesh,
            in_specs=(P(), P(), by_lane, by_lane),
            out_specs=(P(), P(), P(), *outputs_of),
            check_vma=False,
        )
        follow = emitted(update.blocks)
        limit = self.eager.max_norm

        def step(
            params: Array,
            buffers: Array,
            before: Array,  # it is written over
            rest: Any,
            numbers: tuple[Array, list[Array]],
            x: Array,
            weights: Array,
        ) -> Any:
            uniform, own = numbers
            loss, gradient, lost, which, out = shared(params, rest, x, weights)
            if limit is not None:
                scale = limit / (numpy.linalg.norm(gradient) + 1e-6)
                gradient *= numpy.where(scale < 1.0, scale, 1.0)
            state = numpy.concatenate([params[None], gradient[None], buffers, *own])
            following = follow(*split(update.blocks, uniform[:, None], state))["out"]
            following = following[: 1 + len(buffers)]
            right = numpy.isfinite(following).all() & numpy.isfinite(gradient).all()
            right &= numpy.isfinite(loss) & (lost == 0)
            params = numpy.where(right, following[0], params)
            buffers = numpy.where(right, following[1:], buffers)
            return params, buffers, gradient, loss, right, which, out

        return jax.jit(step, donate_argnums=(0, 1, 2))

    def _emitted(self, trace: Trace) -> tuple[Any, Any, Array]:
        """Two functions of a trace, and a sample for the places of those that don't go it.

        (u, x) → whether each sample goes it; (u, x, seed) → the outputs of each, and the
        gradient of those that are seeded.
        """
        numpy, it, answers = self.jax.numpy, trace.program.blocks, trace.program.answers
        value, sweep, out = emitted(it), emitted(vjp(it, ["params"])), it.ops[it.results["out"]]

        def follows(u: Array, x: Array) -> Array:
            return (value(*split(it, u, x))["checks"] == answers).all(0)

        def gradient(u: Array, x: Array, seed: Array) -> tuple[Array, Array]:
            rows = numpy.pad(seed, ((0, out.rows - len(seed)), (0, 0)))
            rows = rows if out.lanes else rows.sum(1, keepdims=True)
            found = sweep(*split(it, u, x), rows)
            each = numpy.broadcast_to(found["out"], (len(found["out"]), x.shape[1]))
            return each, found["d_params"][:, 0]

        return follows, gradient, np.array([x for _, x in trace.inputs]).reshape(-1, 1)
