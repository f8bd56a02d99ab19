"""To JAX: a program as a function that JAX compiles, differentiates, batches and shards."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.program.ir.arrays import Array, np
from autograd.program.targets.jax_values import values

if TYPE_CHECKING:
    from autograd.program.program import Program
    from autograd.trees import Structure

__all__ = ["function", "rows", "there"]


def there(what: str) -> Any:
    """The module jax.

    Raises:
        ImportError: it is not installed.
        RuntimeError: it computes with 32 bits.
    """
    try:
        jax: Any = import_module("jax")
    except ImportError as error:
        raise ImportError(f"{what} needs JAX: pip install 'scalar-autograd[jax]'") from error
    if not jax.config.jax_enable_x64:
        raise RuntimeError(
            f"{what} computes with 64 bits, and JAX is set to 32; say "
            'jax.config.update("jax_enable_x64", True) first'
        )
    return jax


def rows(program: Program) -> Callable[[Array, Array], tuple[Array, Array | None]]:
    """From columns u and x the outputs, a row each; and whether a lane goes this way."""
    import jax

    compute = values(program.blocks)

    def run(u: Array, x: Array) -> tuple[Array, Array | None]:
        results = compute(u, x)
        if "checks" not in results:
            return results["out"], None
        answers = jax.lax.stop_gradient(results["checks"])
        return results["out"], (answers == program.answers).all(0)

    return run


def function(program: Program) -> Callable[..., Any]:
    """See `Program.jax`."""
    jax, trace = there("program.jax()"), program.trace
    numpy = jax.numpy
    run = rows(program)
    closed = np.array([value.data for value in trace.closed], dtype=float)
    template = trace.rebuild([*np.arange(len(program.tape.outputs), dtype=float)])
    reduced = {"mean": numpy.mean, "sum": numpy.sum}.get(trace.reduce or "")

    def f(*args: Any) -> Any:
        if len(args) != len(trace.axes):
            raise TypeError(
                f"the program takes {len(trace.axes)} arguments, {len(args)} were given"
            )
        lanes, uniform, varying = 0, [closed[:0]], []
        for i, (arg, form, axis) in enumerate(zip(args, trace.forms, trace.axes)):
            part = _numbers(numpy, arg, form, axis is not None)
            if len(part) != form.size:
                raise ValueError(
                    f"argument {i} has {len(part)} numbers{' a sample' * (axis == 0)}; the "
                    f"program was recorded with {form.size}"
                )
            if axis is None:
                uniform.append(part)
                continue
            if lanes not in (0, part.shape[1]):
                raise ValueError(f"argument {i} has {part.shape[1]} samples, another {lanes}")
            lanes = part.shape[1]
            varying.append(part)
        u = numpy.concatenate([*uniform, closed])[:, None]
        x = numpy.concatenate(varying) if varying else numpy.zeros((0, 1))
        out, follows = run(u, x)
        if follows is not None:
            out = out * numpy.where(follows, 1.0, numpy.nan)
        if not lanes:
            out = out[:, 0]
        elif reduced:
            out = reduced(numpy.broadcast_to(out, (len(out), lanes)), axis=1)
        else:
            out = numpy.broadcast_to(out, (len(out), lanes)).T
        return jax.tree_util.tree_map(lambda places: out[..., places.astype(int)], template)

    f.__name__ = f.__qualname__ = "program"
    return f


def _numbers(numpy: Any, arg: Any, form: Structure, varies: bool) -> Array:
    """The numbers of an argument in turn; with samples, a column each.

    JAX sorts the entries of dicts: they are taken in the order of the argument that the program
    was recorded with.
    """
    parts: Any = None
    names = form.make(form.parts) if form.kind is dict else {}
    if isinstance(arg, dict) != (form.kind is dict):
        raise TypeError(
            f"the program was recorded with {f'a dict of {[*names]}' if names else 'no dict'}, "
            f"got a {type(arg).__name__}"
        )
    if isinstance(arg, dict):
        if {*names} != {*arg}:
            raise ValueError(
                f"a dict has the entries {[*arg]}; the program was recorded with {[*names]}"
            )
        parts = [(arg[name], each) for name, each in names.items()]
    elif isinstance(arg, list | tuple) and not varies:
        parts = zip(arg, form.parts or [form] * len(arg))
    if parts is not None:
        columns = [_numbers(numpy, part, each, varies) for part, each in parts]
        return numpy.concatenate(columns) if columns else numpy.zeros(0)
    array = numpy.asarray(arg, dtype=float)
    return array.reshape(len(array), -1).T if varies else array.reshape(-1)
