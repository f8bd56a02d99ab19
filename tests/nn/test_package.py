"""The package as a whole: its names, and what importing it needs."""

import contextlib
import inspect
import itertools
import math
import re
from typing import Any

import pytest

import nn
from autograd import Value
from tests.builds import THIS, run

WRONG: list[Any] = [
    None, "a", -1, 0, 1.5, math.nan, 10**400, [], [[]], [None], [1.0, "a"], {}, True, Value(1)
]  # fmt: skip
# `Layer: nin must be …`, `softmax takes …`, `nn.huber_loss(…): …`
SUBJECT = re.compile(r"(?:nn\.)?(\w+)(?:\.__init__|\.forward)?(?:: | takes | needs |\()")


@pytest.mark.parametrize("name", sorted({*nn.__all__} - {"StopTraining", "functional", "init"}))
def test_a_message_names_the_function_that_was_called(name: str) -> None:
    function = getattr(nn, name)
    wanted = inspect.signature(function).parameters.values()
    calls = [[wrong] * n for wrong in WRONG for n in range(1, len(wanted) + 1)]
    made = nn.SGD([Value(1.0)])
    calls += [[made, wrong] for wrong in WRONG] + [[[made.params[0]], wrong] for wrong in WRONG]
    functions = [function]
    if isinstance(function, type) and issubclass(function, nn.Module):
        with contextlib.suppress(TypeError):
            functions.append(function())
    for call, arguments in itertools.product(functions, calls):
        try:
            call(*arguments)
        except Exception as error:
            subject = SUBJECT.match(str(error))
            if subject is not None:
                assert subject[1].replace("_", "").lower() == name.replace("_", "").lower()


def test_a_primitive_with_a_name_of_nns_stays_what_it_is() -> None:
    code = """
import copy, pickle, sys
from autograd import Value, primitive
mine = primitive("cross_entropy", lambda x: 7.0 * x, lambda out, x: 7.0)
y = mine(Value(2.0))
import nn
assert copy.deepcopy(y).op is pickle.loads(pickle.dumps(y)).op is y.op is mine
loss = nn.cross_entropy([Value(1.0), 2.0], 0, "none")[0]
assert loss.op is not mine and str(loss.op) == "CE" and "nn." not in loss.op.latex
sys.stdout.write(pickle.dumps(loss).hex())
"""
    made = run(THIS, "-c", code)
    assert made.stderr == b""
    code = f"import pickle; print(pickle.loads(bytes.fromhex({made.stdout.decode()!r})).op)"
    assert run(THIS, "-c", code).stdout == b"CE\n"
