"""The package as a whole: its names, and what importing it needs."""

from tests.helpers.builds import THIS, run


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
