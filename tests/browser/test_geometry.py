"""No text outside its box and nothing on top of another, measured in the browser."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Graph, Value
from tests.helpers.chromium import Opener
from tests.helpers.examples import (  # noqa: F401  (rows name these)
    TABLE,
    chain,
    hostile,
    network,
    odd_numbers,
    small,
)
from tests.helpers.pages import FAULTS
from tests.helpers.programs import SAFE, decode
from tests.helpers.tables import table

GALLERY = Path(__file__).parents[2] / "demos" / "gallery"
A_PAGE = 50  # pictures
NET = nn.MLP(2, [4, 1], activation="tanh", init=nn.init.constant(0.25))
WIDE = nn.MLP(2, [20, 1], init=nn.init.constant(0.25))


def squares(model: nn.MLP, samples: int, start: Any) -> Graph:
    """The sum of squared errors over so many samples."""
    errors = [model([float(i), i + 0.1]) - 0.5 for i in range(samples)]
    total: Value = sum([error**2 for error in errors], start)
    return total.graph()


SQUARES = squares(NET, 40, Value(0.0))
PICTURES: list[tuple[Graph, dict[str, Any]]] = table(
    """
small().graph() | {}
hostile().graph() | {}
hostile().graph() | {"rankdir": "TB", "theme": "dark"}
odd_numbers().graph() | {"format": ".17g"}
network([3, 2, 1]) | {}
network([3, 2, 1]) | {"rankdir": "BT", "collapse": None}
network([3, 2, 1]) | {"collapse": "neuron"}
network([3, 2, 1]) | {"collapse": "layer"}
nn.mse_loss([NET([1.0, 2.0])], [1.0]).graph() | {"collapse": "neuron"}
SQUARES | {"rankdir": "LR"}
SQUARES | {"rankdir": "RL"}
SQUARES | {"rankdir": "TB"}
SQUARES | {"rankdir": "BT"}
chain(30).graph() | {"max_nodes": 4}
squares(WIDE, 12, 0.0) | {}
""",
    globals(),
)


def random_pictures(seed: int) -> list[str]:
    """Graphs of up to 40 operations; the widest of them are cut into rows."""
    rng = random.Random(seed)
    drawn = []
    for k in range(A_PAGE):
        head = rng.randbytes(2 * rng.randint(1, 4))
        codes = [rng.randbytes(6) for _ in range(rng.randint(1, 40 if k % 4 == 0 else 12))]
        _, result = decode(head, codes, sorted(SAFE)).record()
        result.backward()
        drawn.append(result.graph().svg())
    return drawn


def check(open_page: Opener, drawn: list[str]) -> None:
    page = open_page("<!doctype html><meta charset=utf-8>" + "".join(drawn))
    assert page.evaluate(FAULTS) == [len(drawn), []]


def test_every_kind_of_picture(open_page: Opener) -> None:
    check(open_page, [graph.svg(**options) for graph, options in PICTURES])


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_table_of_graphs(rankdir: str, open_page: Opener) -> None:
    check(open_page, [make().graph(rankdir=rankdir).svg() for make in TABLE.values()])


@pytest.mark.parametrize("seed", range(4))
def test_random_graphs(open_page: Opener, seed: int) -> None:
    check(open_page, random_pictures(seed))


def test_pictures_of_the_demos(open_page: Opener, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from demos import digits, moons

    random.seed(0)
    data = digits.load()
    digits.explain(digits.new_model(), data.images[0], data.labels[0], tmp_path)
    moons.explain(nn.MLP(2, [16, 16, 1]), [0.3, 0.4], 1.0, tmp_path)
    files = [*tmp_path.glob("*.svg"), *tmp_path.glob("*.html"), *GALLERY.glob("*.svg")]
    pattern = re.compile(r'<svg [^>]*class="autograd.*?</svg>', re.DOTALL)
    drawn = [svg for file in files for svg in pattern.findall(file.read_text("utf-8"))]
    assert len(drawn) == len(files) == 6
    check(open_page, drawn)
