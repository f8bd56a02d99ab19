"""Checkers of gradients side by side: what they find in custom functions, and how fast.

`python -m tests.benchmarks.checkers` where PyTorch and JAX are installed; half of 100 functions
of each have a mistake. `torch.autograd.gradcheck` and `jax.test_util.check_grads` run with
their own tolerances, in float64.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from time import perf_counter
from typing import Any

from autograd.testing import check_jax, check_torch
from tests.testing.test_frameworks import COUNT, drawn, jax_function, torch_function


def measured(name: str, check: Callable[..., Any], functions: Any) -> str:
    """A line of the table: mistakes that were found, right ones that were blamed, time."""
    found, blamed, start = 0, 0, perf_counter()
    for f, x, y, wrong in functions:
        try:
            check(f, x, y)
        except (AssertionError, RuntimeError):  # a GradientError is the former
            found, blamed = found + wrong, blamed + (not wrong)
    taken = (perf_counter() - start) / COUNT * 1e3
    return f"  {name:28} {found:3} of {COUNT // 2} found, {blamed} blamed, {taken:6.1f} ms each"


def main() -> None:
    """Print the table."""
    # Not by name: where types are checked, these may be there or not.
    jax: Any = import_module("jax")
    torch: Any = import_module("torch")
    check_grads: Any = import_module("jax.test_util").check_grads

    jax.config.update("jax_enable_x64", True)

    def by_torch(f: Any, x: Any, y: Any) -> None:
        torch.autograd.gradcheck(f.apply, (x.requires_grad_(), y.requires_grad_()))

    def by_jax(f: Any, x: Any, y: Any) -> None:
        check_grads(f, (x, y), order=1, modes=["rev"])

    for mistake in (1.1, 1.01, 1.001, 1.0001):
        print(f"one slope x {mistake}")
        for name, check, make, array in (
            ("check_torch", check_torch, partial(torch_function, torch), torch.tensor),
            (
                "torch.autograd.gradcheck",
                by_torch,
                partial(torch_function, torch),
                torch.tensor,
            ),
            ("check_jax", check_jax, partial(jax_function, jax), jax.numpy.asarray),
            (
                "jax.test_util.check_grads",
                by_jax,
                partial(jax_function, jax),
                jax.numpy.asarray,
            ),
        ):
            print(measured(name, check, drawn(make, array, mistake)), flush=True)


if __name__ == "__main__":
    main()
