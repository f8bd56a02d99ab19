"""The kernel on another processor: the same bits of the same programs.

`python -m tests.processors FILE` compiles random functions, runs them on this machine's kernel,
and writes what goes in and what comes out. `python tests/processors.py FILE KERNEL`, run by any
Python, that of another processor under an emulator, say, needs the standard library and a
kernel built for it alone: it runs all again there, and prints what differs. How it is done for
aarch64 stands in .github/CONTRIBUTING.md.
"""

import argparse
import importlib.util
import pickle
import random
import sys
from array import array
from pathlib import Path
from typing import Any

WORDS = 12  # of an instruction
LIBRARY = 22  # functions of the C library, from the sine on


def plain(x: Any) -> Any:
    """An array as its sides and floats, which need no NumPy; None if it is empty."""
    return None if x is None or not x.size else (x.shape, x.tobytes())


class Recorder:
    """A kernel's module that keeps each program, and what its runs read and write."""

    def __init__(self, module: Any) -> None:
        self.OPERATIONS, self.module = module.OPERATIONS, module
        self.programs: list[Any] = []

    def Program(self, code: Any, lists: Any, phases: Any, roots: Any, sizes: Any) -> Any:  # noqa: N802
        program = self.module.Program(code, lists, phases, roots, sizes)
        words = [bytes(memoryview(part)) for part in (code, lists, phases, roots)]
        self.programs.append((words, sizes, []))
        return Recorded(program, self.programs[-1][-1])


class Recorded:
    """A program that keeps its runs."""

    def __init__(self, program: Any, runs: list[Any]) -> None:
        self.program, self.runs = program, runs

    def runner(self, lanes: int, u: Any, x: Any, *rest: Any) -> Any:
        return Running(self, self.program.runner(lanes, u, x, *rest), lanes, u, rest)


class Running:
    """A runner that keeps what it reads and writes."""

    def __init__(self, of: Recorded, runner: Any, lanes: int, u: Any, rest: Any) -> None:
        self.of, self.runner, self.lanes, self.u, self.rest = of, runner, lanes, u, rest

    @property
    def total(self) -> Any:
        return self.runner.total

    def run(self, x: Any, *numbers: list[float]) -> int:
        buffers, parts = [*map(plain, (self.u, *self.rest[:5]))], [*filter(None, map(plain, x))]
        status = self.runner.run(x, *numbers)
        after = status, *map(plain, (self.u, *self.rest[1:4]))
        self.of.runs.append((self.lanes, (buffers, parts, numbers), after))
        return int(status)


def record(count: int, seed: int) -> list[Any]:
    """Programs of random functions, their gradients, and runs of them."""
    import numpy as np

    import autograd
    from autograd.program import program
    from autograd.program.kernel import kernel
    from tests.testing.programs import SAFE, decode

    recorder = Recorder(kernel())
    vars(program)["kernel"] = lambda: recorder
    names = [*sorted(SAFE), *["dot", "sum", "mul"] * 6]
    first = recorder.OPERATIONS.index("sin")
    library = {*recorder.OPERATIONS[first : first + LIBRARY], "gelu"}
    own = [name for name in names if name not in library]
    rng = random.Random(seed)
    while len(recorder.programs) < count:
        heads = rng.randbytes(2 * rng.randint(2, 6))
        listing = decode(
            heads,
            [rng.randbytes(6) for _ in range(rng.randint(3, 12))],
            rng.choice([own, own, names]),
        )
        lanes = rng.choice([1, 3, 9, 150])
        axes = [rng.choice([None, 0]) for _ in listing.starts]
        args = [
            x if axis is None else x * (1.0 + 0.05 * np.sin(np.arange(lanes)))
            for x, axis in zip(listing.starts, axes)
        ]
        axes[0], args[0] = 0, listing.starts[0] + np.zeros(lanes)
        fast = autograd.compile(listing, in_axes=tuple(axes), reduce="sum", verify=False)
        try:
            fast.value_and_grad(*args)
        except (ArithmeticError, ValueError):
            continue  # which needs eager's own words
    return recorder.programs


def replay(programs: list[Any], module: Any) -> dict[str, tuple[int, int]]:
    """How many programs there were, and how many gave other bits, by what they call.

    Any NaN is as good as another. Functions of the C library are as that library computes them.
    """

    def floats(kept: Any) -> Any:
        found = array("d")
        found.frombytes(kept[1])
        return memoryview(found).cast("B").cast("d", kept[0])

    def numbers_of(buffer: bytes) -> bytes:
        found = array("d")
        found.frombytes(buffer)
        return array("d", [0.0 if x != x else x for x in found]).tobytes()

    counts: dict[str, tuple[int, int]] = {}
    for words, sizes, runs in programs:
        program, same = module.Program(*words, sizes), True
        for lanes, (buffers, x, numbers), (status, *wanted) in runs:
            given: list[Any] = [None if kept is None else floats(kept) for kept in buffers]
            parts = tuple([floats(kept) for kept in x])
            runner = program.runner(lanes, given[0], parts, *given[1:], 1)
            same &= runner.run(parts, *numbers) == status
            for got, kept in zip((given[0], *given[2:5]), wanted):
                same &= kept is None or numbers_of(got.tobytes()) == numbers_of(kept[1])
        code = array("i")
        code.frombytes(words[0])
        first = module.OPERATIONS.index("sin")
        library = {op for op in code[::WORDS] if first <= op < first + LIBRARY}
        kind = "the C library's functions" if library else "the kernel's own functions"
        total, other = counts.get(kind, (0, 0))
        counts[kind] = total + 1, other + (not same)
    return counts


def main() -> int:
    """Record, or replay; 1 if something is other than recorded."""
    parser = argparse.ArgumentParser(prog="python -m tests.processors", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("kernel", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=10_000, help="programs")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.kernel is None:
        chosen.file.write_bytes(pickle.dumps(record(chosen.count, chosen.seed)))
        return 0
    spec = importlib.util.spec_from_file_location("kernel_base", chosen.kernel)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    counts = replay(pickle.loads(chosen.file.read_bytes()), module)
    for kind, (total, other) in sorted(counts.items()):
        print(f"{total} programs of {kind}: {other} with other bits")
    return 1 if counts["the kernel's own functions"][1] else 0


if __name__ == "__main__":
    sys.exit(main())
