"""The layout of graphs that a page draws: nothing on another, within a page."""

import random
from typing import Any

import autograd
from tests.helpers.chromium import Opener

FAULTS = """(graphs) => graphs.flatMap(([sizes, edges]) => {
  const boxes = sizes.map(([width, height]) => ({ width, height, tag: 40 }));
  const arrows = edges.map(([tail, head]) => ({ tail, head, wide: 30, high: 14 }));
  const { width, height, names } = layOut(boxes, arrows, 600);
  const shown = [...boxes, ...names];
  const apart = (a, b) =>
    Math.abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6 ||
    Math.abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6;
  const within = (at, size, all) => at >= size / 2 - 1e-6 && at <= all - size / 2 + 1e-6;
  const inside = (box) => within(box.x, box.width, width) && within(box.y, box.height, height);
  const faults = shown.filter((box) => !inside(box)).map(() => "outside");
  shown.forEach((a, k) => {
    for (const b of shown.slice(0, k)) if (!apart(a, b)) faults.push("overlap");
  });
  for (const { tail, head, line, way } of arrows) {
    const [from, to] = [way[0], boxes[head]];
    if (from !== boxes[tail] && from.of !== boxes[tail]) faults.push("tail");
    const ends = [from.x + from.width / 2, to.x - to.width / 2];
    if (line[0][0] !== ends[0] || line.at(-1)[0] !== ends[1]) faults.push("end");
    if (Math.abs(line.at(-1)[1] - to.y) > to.height / 2) faults.push("port");
  }
  return faults;
})"""


def graph(rng: random.Random) -> list[Any]:
    count = rng.randint(1, 30)
    edges = [[rng.randrange(b), b] for b in range(1, count) for _ in range(rng.randint(0, 3))]
    return [[[rng.uniform(20, 150), rng.uniform(20, 60)] for _ in range(count)], edges]


def test_boxes_and_arrows_of_random_graphs(open_page: Opener) -> None:
    rng = random.Random(1)
    page = open_page(autograd.play("x * y", x=1.0, y=2.0).html())
    assert page.evaluate(FAULTS, [graph(rng) for _ in range(60)]) == []
