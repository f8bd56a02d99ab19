"""Each row obeys its function, by every method, and with every choice of arguments."""

from typing import Any

import numpy as np
import pytest

from autograd import transforms
from autograd.program import compile
from tests.helpers.agreement import TARGETS, near, obeys, result
from tests.helpers.program_rows import EXACT, ROWS, SEVERAL

pytestmark = TARGETS


@pytest.mark.parametrize("name", [*ROWS, *SEVERAL])
def test_a_program_obeys_its_function(name: str) -> None:
    f, args, axes = (ROWS | SEVERAL)[name]
    every: list[Any] = [0] if len(args) == 1 else [0, len(args) - 1, (1, 0)]
    for reduce in (None, "mean") if 0 in axes else (None,):
        fast = compile(f, axes if 0 in axes else None, reduce)
        for argnums in every:
            assert obeys(fast, args, argnums) > 3
        obeys(fast, near(args), every[-1])


@pytest.mark.parametrize("name", SEVERAL)
def test_one_sample_obeys_its_function(name: str) -> None:
    f, (points,), _ = SEVERAL[name]
    obeys(compile(f), points[:1], 0)
    obeys(compile(lambda x: f(x) + f(x[::-1]) * x[1]), points[:1], 0)


@pytest.mark.parametrize("name", EXACT)
def test_jacobians_are_eager_s_to_the_sign_of_zero(name: str) -> None:
    f, (w, xs), axes = EXACT[name]
    for argnums in list[Any]([0, 1, (1, 0)]):
        one = transforms.jacobian(f, argnums)

        def every(w: Any, xs: Any, one: Any = one, argnums: Any = argnums) -> Any:
            jacobians = [one(w, x) for x in xs]
            return jacobians if type(argnums) is int else (*map(list, zip(*jacobians)),)

        wanted = result(every, w, xs)
        fast = compile(f, axes)
        for _ in range(2):  # then of known traces
            assert repr(result(fast.jacobian, w, xs, argnums=argnums)) == repr(wanted)
            arrays = result(fast.jacobian, np.array(w), np.array(xs), argnums=argnums)
            parts = arrays if type(arrays) is tuple else (arrays,)
            lists = wanted if type(wanted) is tuple else (wanted,)
            for part, expected in zip(parts, lists, strict=True):
                made = part.tolist() if isinstance(part, np.ndarray) else part
                assert repr(made) == repr(expected)
