"""The layout that pages run is Python's, to the bit."""

import json
import random
from typing import Any

from autograd.javascript import module
from autograd.show.drawing.layered import lay_out
from tests.chromium import Opener


def graph(rng: random.Random) -> list[Any]:
    """The arguments of `lay_out`: boxes, arrows, frames, and a page of one row or of many."""
    count = rng.randint(1, 30)
    sizes = [[rng.uniform(20, 150), rng.uniform(20, 60)] for _ in range(count)]
    edges = [[rng.randrange(b), b] for b in range(1, count) for _ in range(rng.randint(0, 3))]
    labels = [[rng.uniform(10, 40), 14.0] for _ in edges]
    frames = [[rng.randrange(3)] if rng.random() < 0.2 else [] for _ in range(count)]
    fixed = [rng.randrange(-1, 4) for _ in range(count)]
    names = [[40.0, 18.0]] * count
    return [sizes, edges, labels, frames, fixed, names, 600.0, rng.choice([1, 100])]


def test_random_graphs_have_the_same_layout(open_page: Opener) -> None:
    rng = random.Random(1)
    graphs = [graph(rng) for _ in range(60)]
    page = open_page("<!doctype html>")
    script = (
        f"{module([], [lay_out])}\nreturn JSON.stringify(graphs.map((g) => lay_out(...g)));"
    )
    found = json.loads(page.evaluate(f"(graphs) => {{ {script} }}", graphs))
    for each, layout in zip(graphs, found):
        text = json.dumps(lay_out(*each)).replace("Infinity", "null")
        assert layout == json.loads(text)
