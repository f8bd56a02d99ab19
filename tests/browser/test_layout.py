"""The layout that pages run is Python's, to the bit."""

import json
import random
from typing import Any

from autograd.show.drawing.layered import arrow, item, lay_out
from autograd.show.pages.document import asset, rules
from tests.chromium import Opener

LAID_OUT = """
const found = graphs.map(([sizes, frames, fixed, edges, labels, length, rows]) => {
  const boxes = sizes.map((size, k) => item(size, [40, 18], frames[k], fixed[k]));
  const arrows = edges.map(([a, b], k) => arrow(boxes[a], boxes[b], labels[k]));
  const size = lay_out(boxes, arrows, length, rows);
  const places = boxes.map(({ x, y }) => [x, y]);
  return [size, places, arrows.map(({ line, number }) => [line, number])];
});
return JSON.stringify(found);
"""


def graph(rng: random.Random) -> list[Any]:
    """Boxes, arrows, frames, and a page of one row or of many."""
    count = rng.randint(1, 30)
    sizes = [[rng.uniform(20, 150), rng.uniform(20, 60)] for _ in range(count)]
    edges = [[rng.randrange(b), b] for b in range(1, count) for _ in range(rng.randint(0, 3))]
    labels = [[rng.uniform(10, 40), 14.0] for _ in edges]
    frames = [[rng.randrange(3)] if rng.random() < 0.2 else [] for _ in range(count)]
    fixed = [rng.randrange(-1, 4) for _ in range(count)]
    return [sizes, frames, fixed, edges, labels, 600.0, rng.choice([1, 100])]


def laid_out(sizes: Any, frames: Any, fixed: Any, edges: Any, labels: Any, *page: Any) -> Any:
    boxes = [item(size, [40.0, 18.0], frames[k], fixed[k]) for k, size in enumerate(sizes)]
    arrows = [arrow(boxes[a], boxes[b], labels[k]) for k, (a, b) in enumerate(edges)]
    size = lay_out(boxes, arrows, *page)
    places = [[box["x"], box["y"]] for box in boxes]
    return [size, places, [[each["line"], each["number"]] for each in arrows]]


def test_random_graphs_have_the_same_layout(open_page: Opener) -> None:
    rng = random.Random(1)
    graphs = [graph(rng) for _ in range(60)]
    page = open_page("<!doctype html>")
    script = f"{rules([], asset('layout.js'))}\n{LAID_OUT}"
    found = json.loads(page.evaluate(f"(graphs) => {{ {script} }}", graphs))
    for each, layout in zip(graphs, found):
        text = json.dumps(laid_out(*each)).replace("Infinity", "null")
        assert layout == json.loads(text)
