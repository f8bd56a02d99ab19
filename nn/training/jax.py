"""JAX: parameters as named arrays and a pure loss of them; and the engine that goes by these.

The loss of `objective`, its gradient, clipping and the optimizer's update are one jitted
function. Samples are sharded over the devices if their number allows; what is the same for all
is on each device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value
from autograd.core import float_sweeps
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Program
from autograd.program.targets.jax_function import rows, there
from autograd.program.targets.jax_values import values
from autograd.program.traces import Trace
from nn.training.batches import Batch, Drawn
from nn.training.compiled import ByValues, Compiled, Traces, data_of
from nn.training.eager import Results
from nn.training.state import preserved_random

__all__ = ["JaxEngine", "Layout", "handed_over", "layout_of", "objective", "there"]

AXIS = "samples"
Tree = Any  # nested dicts and lists, of numbers or arrays


class Layout:
    """The place of each parameter in a structure of named arrays.

    What a list holds is an array if it is even, and the neurons of a layer are together:
    weight of shape (nout, nin), bias of shape (nout,).

    Args:
        names: those of the parameters, in their order.

    Attributes:
        places: the structure, with the numbers of the parameters.

    >>> Layout(["neurons.0.w.0", "neurons.0.b", "neurons.1.w.0", "neurons.1.b", "s"]).places
    {'w': array([[0],
           [2]]), 'b': array([1, 3]), 's': array(4)}
    """

    def __init__(self, names: Sequence[str]) -> None:
        nested: dict[str, Any] = {}
        for i, name in enumerate(names):
            node = nested
            *front, last = name.split(".")
            for part in front:
                node = node.setdefault(part, {})
            node[last] = i
        self.places: Tree = _placed(nested)

    def structured(self, jax: Any, data: Array) -> Tree:
        """Numbers of all parameters, as JAX's arrays in their places."""
        return jax.tree_util.tree_map(lambda mine: jax.numpy.asarray(data[mine]), self.places)

    def flat(self, jax: Any, params: Tree, numpy: Any) -> Array:
        """The numbers of a structure, in the parameters' order.

        Raises:
            ValueError: it is another structure, or its arrays have other shapes.
        """
        places, own = jax.tree_util.tree_flatten(self.places)
        arrays, other = jax.tree_util.tree_flatten(params)
        arrays = [numpy.asarray(array) for array in arrays]
        shapes = [[tuple(each.shape) for each in these] for these in (arrays, places)]
        if own != other or shapes[0] != shapes[1]:
            raise ValueError(
                f"the parameters must be {own} of the shapes {shapes[1]}, got {other} of the "
                f"shapes {shapes[0]}"
            )
        order = np.argsort(np.concatenate([place.ravel() for place in places]))
        return numpy.concatenate([array.reshape(-1) for array in arrays])[order]


def objective(
    jax: Any, traces: Sequence[Trace], mean: bool, penalty: bool
) -> Callable[..., tuple[Array, tuple[Array, Array]]]:
    """The loss of flat parameters, as a function that JAX differentiates.

    Args:
        traces: the ways that a sample goes. The loss is NaN if one goes another.
        mean: whether it is the mean over the samples, not the sum.
        penalty: whether the second output is one, which all samples share.

    Returns:
        (params, rest, x) → the loss; and for each sample its way, and all outputs. `rest` has
        for each trace the other numbers that it reads, and x a column a sample.
    """
    numpy = jax.numpy
    functions = [rows(trace.program) for trace in traces]

    def loss(params: Array, rest: Sequence[Array], x: Array) -> Any:
        lanes = x.shape[1]
        left, which = numpy.ones(lanes, bool), numpy.zeros(lanes, int)
        outputs: Any = None
        follows: Any = None
        for i, (run, trace, more) in enumerate(zip(functions, traces, rest)):
            u = numpy.concatenate([params, numpy.asarray(more, params.dtype)])[:, None]
            mine = left
            out, follows = run(u, x)
            if follows is not None:
                mine = left & follows
                left, which = left & ~mine, numpy.where(mine, i, which)
            if len(functions) > 1:  # others are computed where they do no harm
                sample = numpy.array([[number] for _, number in trace.inputs], x.dtype)
                out, _ = run(u, numpy.where(mine, x, sample))
            out = numpy.broadcast_to(out, (out.shape[0], lanes)).astype(params.dtype)
            outputs = out if outputs is None else numpy.where(mine, out, outputs)
        each = outputs[0] if follows is None else numpy.where(left, numpy.nan, outputs[0])
        total = each.mean() if mean else each.sum()
        return total + outputs[1, 0] if penalty else total, (which, outputs)

    return loss


def layout_of(engine: Compiled) -> Layout:
    """Return the places of the optimizer's parameters in a structure."""
    names = {parameter: name for name, parameter in engine.model.named_parameters()}
    return Layout([names.get(p, f"others.{i}") for i, p in enumerate(engine.params)])


def handed_over(
    engine: Compiled, batch: Batch | None, name: str
) -> tuple[Any, Callable[..., Any]]:
    """Return the parameters and the loss for `Step.jax`, with the ways of these samples."""
    jax = there("step.jax()")
    if batch is not None:
        traces = engine.traces_of(batch, trains=True)
        if traces.draws:
            with preserved_random():
                batch = Drawn(batch, traces.draws)
        engine.check(engine.run(batch, traces))
    engine.pull()
    known = [traces for traces in engine.traces.values() if traces.trains]
    if not known:
        raise RuntimeError(f"{name} has nothing to hand over yet; give samples: step.jax(X, y)")
    traces, count, layout = known[-1], len(engine.params), layout_of(engine)
    if not traces.known[0].axes or any(trace.program.lanes for trace in traces.known):
        raise ValueError("step.jax(): the loss takes no samples, or goes through them")
    total = objective(jax, traces.known, traces.mean, traces.has_penalty)
    rest = [data_of(trace.closed[count:]) for trace in traces.known]
    params = layout.structured(jax, data_of(engine.params))

    def loss(params: Any, *parts: Any) -> Any:
        if len(parts) != 2 + (traces.draws > 0):
            more = f", and draws of shape (samples, {traces.draws})" * (traces.draws > 0)
            raise TypeError(f"loss takes the parameters, x and y{more}")
        flat = layout.flat(jax, params, jax.numpy)
        arrays = [jax.numpy.asarray(part, flat.dtype) for part in parts]
        rows = [array.reshape(array.shape[0], -1).T for array in arrays]
        return total(flat, rest, jax.numpy.concatenate(rows))[0]

    loss.draws = traces.draws  # type: ignore[attr-defined]
    return params, loss


class JaxEngine(Compiled):
    """The engine whose parameters stay on JAX's devices between steps.

    `pull` brings them back into the Values; `predict` and `evaluate` do so too. A step that
    follows starts with what the Values then hold.
    """

    placed: tuple[Array, Array, Array] | None = None  # parameters, buffers, gradient

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
        self._pushed: tuple[list[Value], list[str]] = [], []  # those parameters and buffers
        self._functions: dict[Any, Any] = {}
        self._resident: tuple[Any, Array] | None = None  # what stays there

    def pull(self) -> None:
        """Bring parameters, gradients and the optimizer's buffers back into the Values."""
        if self.placed is None:
            return
        params, buffers, gradient = [np.array(each) for each in self.placed]
        (values, names), optimizer = self._pushed, self.optimizer
        gradient *= [x.requires_grad for x in values]
        float_sweeps.exchange(values, data_of(values), params, gradient)
        states, mine = optimizer._states(), optimizer.params
        same = {*values} == {*mine}  # in whichever order they are now
        for p, numbers in zip(mine if same else values, buffers.T.tolist()):
            states[p] = states[p][0], dict(zip(names, numbers))
        vars(optimizer).update(optimizer._sorted(states, optimizer.steps, optimizer.buffers))
        self.placed = None

    # ------------------------------------------------------------------ a step

    def _train(self, batch: Batch, traces: Traces) -> Results | None:
        if any(now is not then for now, then in zip(self.optimizer.params, self.params)):
            self.pull()
            self.forget()
            return None
        recorded, known = traces.known, -1
        try:
            done = self._stepped(batch, traces) if recorded else None
            while done is None:
                self.pull()
                if len(recorded) == known:  # no way was new: something is not finite
                    raise ByValues(traces.why_not())
                run = self.run(batch, traces)
                if known < 0:
                    self.check(run)
                if any(trace.program.lanes for trace in recorded) or not len(batch.x):
                    raise ByValues("goes through all samples")  # by the loss itself
                known = len(recorded)
                done = self._stepped(batch, traces)
        except ByValues:
            self.pull()
            raise
        return done

    def _stepped(self, batch: Batch, traces: Traces) -> Results | None:
        """One step on the devices; None, with nothing changed, if not all of it is right."""
        optimizer, known = self.optimizer, traces.known
        if self._pushed[1] != [*optimizer.buffers]:
            self.pull()
        if self.placed is None:
            self._push()
        assert self.placed is not None
        update = self.update.program()
        if update is None:
            raise TypeError(
                f"{self.eager.name}: JAX can't run {type(optimizer).__name__}'s step; write it "
                "as the method _update, of floats and Values alike"
            )
        key = *known, update  # not their ids, which others may have later
        if key not in self._functions:
            self._functions = {key: self._jitted(known, traces, update)}
        uniform, own = self.update.numbers()
        numbers = np.array(uniform), own
        rest = [data_of(trace.closed[len(optimizer.params) :]) for trace in known]
        results = self._functions[key](*self.placed, rest, numbers, self._sharded(batch))
        params, buffers, gradient, loss, right, which, out = results
        self.placed = params, buffers, gradient
        if not right:
            return None
        optimizer.steps += 1
        if not self.wants_outputs:
            return [], float(loss)
        each = zip(np.asarray(which).tolist(), np.asarray(out).T.tolist())
        return [known[i].rebuild(column)[-1] for i, column in each], float(loss)

    # ------------------------------------------------------------------ on the devices

    def _push(self) -> None:
        """Take what the Values and the optimizer hold."""
        optimizer = self.optimizer
        self._pushed = [*optimizer.params], [*optimizer.buffers]
        data = data_of(self._pushed[0])
        buffers = np.array([*optimizer.buffers.values()]).reshape(-1, len(data))
        state = self._jax.device_put((data, buffers, np.zeros(len(data))), self.everywhere)
        self.placed = state

    def _sharded(self, batch: Batch) -> Array:
        """The samples, as many on each device if that goes, else all on each."""
        if self._resident is not None and self._resident[0] is batch.parts:
            return self._resident[1]
        even = batch.lanes % self.mesh.size == 0
        x = self._jax.device_put(batch.x, self.by_lane if even else self.everywhere)
        if all(type(part) is list for part in batch.given):  # else it may have others by now
            self._resident = batch.parts, x
        return x

    def _jitted(self, known: list[Trace], traces: Traces, update: Program) -> Any:
        """(params, buffers, gradient, rest, numbers, x) → the next, and results."""
        jax, numpy = self._jax, self._jax.numpy
        total = objective(jax, [*known], traces.mean, traces.has_penalty)
        follow, limit = values(update.blocks), self.eager.max_norm

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
            following = follow(uniform[:, None], state)["out"]
            following = following[: 1 + len(buffers)]
            right = numpy.isfinite(following).all() & numpy.isfinite(gradient).all()
            right &= numpy.isfinite(loss)
            params = numpy.where(right, following[0], params)
            buffers = numpy.where(right, following[1:], buffers)
            outputs = (which, out) if self.wants_outputs else (None, None)
            return params, buffers, gradient, loss, right, *outputs

        return jax.jit(step, donate_argnums=(0, 1, 2))


# ---------------------------------------------------------------- structures


def _placed(node: Any) -> Tree:
    array = _array(node)
    if array is not None:
        return array
    parts: dict[str, Any] = {}
    for key, child in node.items():
        neurons = _neurons(child) if key == "neurons" else None
        if neurons is None or not neurons.keys().isdisjoint(node):
            parts[key] = _placed(child)
        else:
            parts |= neurons
    return [*parts.values()] if _is_list(parts) else parts


def _is_list(node: Any) -> bool:
    return isinstance(node, dict) and [*node] == [str(i) for i in range(len(node))]


def _array(node: Any) -> Any:
    """An even list of numbers as an array; None if it is none."""
    if isinstance(node, int):
        return np.array(node)
    if not _is_list(node):
        return None
    parts: list[Any] = [_array(part) for part in node.values()]
    if any(part is None for part in parts) or len({part.shape for part in parts}) > 1:
        return None
    return np.stack(parts)


def _neurons(node: Any) -> dict[str, Array] | None:
    """Return the arrays of a layer's neurons by name; None if these are not alike."""
    rows = [*node.values()]
    if not _is_list(node) or not all(isinstance(row, dict) for row in rows):
        return None
    if any(row.keys() != rows[0].keys() for row in rows):
        return None
    columns = {
        name: _array({str(i): row[name] for i, row in enumerate(rows)}) for name in rows[0]
    }
    return None if any(each is None for each in columns.values()) else columns
