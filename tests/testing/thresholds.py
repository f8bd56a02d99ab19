"""What the checker's guards and numbers are worth: each is changed, and the errors counted.

`python -m tests.testing.thresholds` prints how many right derivatives are blamed, wrong ones
passed, and both left undecided: as the checker is, without its guards, without each of them,
and with half and twice of each number in the modules that decide; with one less and one more
of counts of points and levels. A number that hardly matters is no tuned one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from autograd.testing import decide, differences, gradcheck, guards
from autograd.testing.verdicts import Verdict
from tests.testing.measure import measure, measure_by_hand
from tests.testing.test_decide import HARD, HARD_FOR_FLOATS
from tests.testing.test_guards import NEEDS
from tests.testing.test_kinks import meetings

MODULES = (differences, guards, decide)
Errors = tuple[int, int, int]  # blamed, passed, undecided


def scaled(slope: Callable[[float], float], share: float, x: float) -> float:
    """The claim of a gradient by hand."""
    return share * slope(x)


def errors() -> Errors:
    """Over the table, programs, functions that are hard, and beside kinks."""
    rng, points = random.Random(0), list[tuple[Any, Any, float]]()
    for f, slope, low, high in HARD.values():
        points += [(f, slope, rng.uniform(low, high)) for _ in range(12)]
    for draw in HARD_FOR_FLOATS:
        points += [draw(rng) for _ in range(40)]
    for case in meetings(120, 1):
        x = case.s + rng.choice([1.0, -1.0]) * 10.0 ** rng.uniform(-12.0, -1.0)
        points.append((case.f, lambda x, case=case: case.beside(x)[0], x))
    found = measure(2) + measure_by_hand(100)
    for f, slope, x in points:
        plants = (("nothing", 1.0), ("x 1.0001", 1.0001), ("sign", -1.0))
        for plant, share in plants if slope(x) else plants[:1]:
            report = gradcheck(f, x, gradient=partial(scaled, slope, share))
            found[plant, report.verdict] += 1
    passed = found["x 1.0001", "pass"] + found["sign", "pass"]
    undecided = sum([n for (_, verdict), n in found.items() if verdict == "inconclusive"])
    return found["nothing", "fail"], passed, undecided


def numbers(code: CodeType) -> list[float]:
    """The numbers in a function and in those inside it, but for 0, 1 and 2."""
    found = list[float]()
    for x in code.co_consts:
        if type(x) is CodeType:
            found += numbers(x)
        for each in x if type(x) is tuple else (x,):
            if isinstance(each, int | float) and abs(each) not in (0, 1, 2):
                found.append(each)
    return list(dict.fromkeys(found))


def changed(code: CodeType, old: float, new: float) -> CodeType:
    """The function with another number."""

    def swapped(x: Any) -> Any:
        if type(x) is CodeType:
            return changed(x, old, new)
        if type(x) is tuple:
            return tuple(map(swapped, x))
        return new if type(x) is type(old) and x == old else x

    return code.replace(co_consts=tuple(map(swapped, code.co_consts)))


@contextmanager
def threshold(function: Any, old: float, new: float) -> Iterator[None]:
    """With another number in a function."""
    code = function.__code__
    function.__code__ = changed(code, old, new)
    try:
        yield
    finally:
        function.__code__ = code


@contextmanager
def constant(name: str, old: float, new: float) -> Iterator[None]:
    """With another number in the modules that share it."""
    users = [module for module in MODULES if hasattr(module, name)]
    for module in users:
        setattr(module, name, new)
    try:
        yield
    finally:
        for module in users:
            setattr(module, name, old)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """With guards taken out."""
    modules = [decide if hasattr(decide, name) else guards for name in names]
    before = [getattr(module, name) for module, name in zip(modules, names)]
    for module, name in zip(modules, names):
        setattr(module, name, WITHOUT[name])
    try:
        yield
    finally:
        for module, name, guard in zip(modules, names, before):
            setattr(module, name, guard)


def verdicts(guard: str) -> list[str]:
    """The verdicts on the function that needs a guard, with it and without."""
    f, x, claim, _ = NEEDS[guard]
    check = partial(gradcheck, f, x, gradient=lambda x: claim)
    with without(guard):
        blind = check().verdict
    return [check().verdict, blind]


WITHOUT: dict[str, Callable[..., Any]] = {
    "floats_too_far_apart": lambda line, noise, against: False,
    "at_smallest_step": lambda question, failure, step, noise: failure,
    "is_sawtooth": lambda line, slope, claimed: False,
    "treads": lambda line, slope, claimed: None,
    "is_kink_here": lambda line, gap, outside: True,
    "beside_corner": lambda *_: decide.Decision(Verdict.INCONCLUSIVE),
    "is_rough": lambda line, slope, level, noise: False,
    "hidden_grid": lambda line: 0.0,
    "quieter_side": lambda line, step, noise: noise,
}


def functions(module: ModuleType) -> Iterator[FunctionType]:
    """Those of a module, methods and properties too."""
    for each in vars(module).values():
        for x in [each, *(vars(each).values() if isinstance(each, type) else ())]:
            x = x.fget if isinstance(x, property) else x
            if isinstance(x, FunctionType) and x.__module__ == module.__name__:
                yield x


def every() -> Iterator[tuple[str, float, Callable[[float], Any]]]:
    """Each number's place, its value, and what changes it."""
    shared = {name: x for m in MODULES for name, x in vars(m).items() if type(x) is float}
    for name, x in shared.items():
        if name not in ("ULP", "TINIEST"):
            yield name, x, partial(constant, name, x)
    for module in MODULES:
        for f in functions(module):
            for x in numbers(f.__code__):
                place = f"{module.__name__.rpartition('.')[2]}.{f.__qualname__}"
                yield place, x, partial(threshold, f, x)


def main() -> None:
    """Print the tables."""
    print(f"{'as they are':46}{errors()}", flush=True)
    with without(*WITHOUT):
        print(f"{'without guards':46}{errors()}", flush=True)
    for guard in WITHOUT:
        with without(guard):
            print(f"{f'without {guard}':46}{errors()!s:16}{verdicts(guard)}", flush=True)
    for place, x, change in every():
        found = []
        for new in (x - 1, x + 1) if type(x) is int else (0.5 * x, 2.0 * x):
            with change(new):
                found.append(errors())
        print(f"{place:36}{x:<10.3g}{found[0]!s:16}{found[1]}", flush=True)


if __name__ == "__main__":
    main()
