"""Random programs for the laws: cheap to draw, of shared sub-expressions.

A program is read from one string of bytes, the smaller the simpler, so that Hypothesis draws
it in one piece and still shrinks it.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

from autograd.core.primitive import TABLE
from autograd.testing.programs import OPERANDS, SAFE, Applied, Listing

LARGEST = 1e3  # no result is larger
STEPS, WIDTH, STARTS = 16, 6, 4  # at most; bytes a step
ALWAYS = ["maximum", "sub"]  # one of them is safe at any two numbers
WHOLE = [1.0, 2.0, 0.0, -1.0, 3.0, 1.0, -2.0]  # ones and zeros have rules of their own
POLYNOMIAL = ["add", "mul", "sub", "neg", "square", "sum", "dot", "identity"]
SMOOTH = [*POLYNOMIAL, *sorted(set(SAFE) - set(POLYNOMIAL)), "div", "pow", "logsumexp", "mul"]


def random_programs(
    names: Sequence[str] = SMOOTH, steps: int = STEPS, whole: bool = False
) -> st.SearchStrategy[Listing]:
    """Programs of up to 4 starts and some more steps than `steps` at most, 8 as a rule.

    Each operation is smooth and mild at the numbers that it meets, and every step counts: a
    last one adds up what no other uses. Starts may be left unused. With `whole` the numbers
    are small and whole.
    """
    size = 2 + STARTS * 2 + STEPS * WIDTH
    drawn = st.binary(min_size=size, max_size=size)
    return drawn.map(lambda text: _decoded(text, names, steps, whole))


def _decoded(text: bytes, names: Sequence[str], most: int, whole: bool) -> Listing:
    starts = [_start(text[2 * i], text[2 * i + 1], whole) for i in range(1 + text[-1] % STARTS)]
    values, steps, unused = list(starts), list[Applied](), set[int]()
    for i in range(1 + text[-2] % most):
        code = text[2 * STARTS + i * WIDTH :][:WIDTH]
        first = code[0] % len(names)
        for name in [*names[first:], *names[:first], *ALWAYS]:
            operands = _operands(code[1 : 1 + _count(name)], len(values), whole)
            numbers = [values[k] if type(k) is int else k for k in operands]
            if SAFE[name](*numbers) and abs(value := TABLE[name](*numbers)) < LARGEST:
                break
        steps.append(Applied(name, operands))
        unused.difference_update(k for k in operands if type(k) is int)
        unused.add(len(values))
        values.append(value)
    if len(unused) > 1:
        steps.append(Applied("sum", tuple(sorted(unused))))
    return Listing(tuple(starts), tuple(steps))


def _count(name: str) -> int:
    return OPERANDS.get(name) or TABLE[name].arity or 2


def _start(high: int, low: int, whole: bool) -> float:
    """A number up to 3 in size, all of its digits in use."""
    if whole:
        return WHOLE[high % len(WHOLE)]
    size = (1 + 256 * high + low) % 32768 / 11111.1
    return size if high < 128 else -size


def _operands(codes: bytes, count: int, whole: bool) -> tuple[int | float, ...]:
    """For each byte one of `count` results, rather a late one, or a number after the first."""
    found: list[int | float] = []
    for slot, code in enumerate(codes):
        if slot and code % 4 == 3:
            constant = code // 4 - 32
            found.append(float(constant % 5 - 2) if whole else constant / 15.7 + 0.01)
        else:
            found.append(count - 1 - (code // 4) ** 2 * count // 4096)
    return tuple(found)
