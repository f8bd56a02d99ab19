"""The finest picture of a graph that a page shows with text to read.

The choices go from every node in full to what is alike drawn once; the first that fits the page
is drawn. What fits in none is cut down to the paths that carry most of the gradient.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from autograd.show.drawing.boxes import Painter, Picture
from autograd.show.drawing.cards import PAD, ROW, write
from autograd.show.drawing.keys import by_likeness, by_module, by_scope, by_step, with_formulas
from autograd.show.drawing.layout import ANY, AXES, Layout, lay_out, port_room
from autograd.show.drawing.options import Options
from autograd.show.drawing.quotient import Quotient
from autograd.show.drawing.records import TEXT, Box, Position
from autograd.show.drawing.repetition import repetition
from autograd.show.snapshot import Snapshot
from autograd.show.text import format_number, width

__all__ = [
    "ARROWS",
    "PAGE",
    "PAPER_MARGIN",
    "Drawing",
    "fit",
    "legend",
    "quotient_for",
]

PAGE = (1237.0, 966.0)  # 900 pixels show its width with text at 8, 1280 × 800 all at 9
TALL = 6 * PAGE[1]  # of a page that scrolls and would lose a part else
PAPER_MARGIN = 8.0
CHARACTER = 6.5  # the width of a character of the note, roughly
WIDE = (1550.0, PAGE[1])  # if nothing of a level fits a page: text is still 9 pixels high
MOST, MOST_TALL = 64, 200  # boxes that are worth a try; of a picture that is higher than a page
MOST_FULL = 100  # boxes, with more of which no picture is tried in which nothing is drawn once
MOST_UNFOLDED = 500  # the same for a page that scrolls
MOST_NODES = Options().max_nodes
MOST_ALIKE = 40  # kinds of nodes in a step, of which more do not fit a page as one step
MOST_CUT, FEWEST = 48, 12  # boxes of a picture that leaves some out
TYPICAL = -1 / 3  # a number as long as most that a cell of a page will show
ROWS = 9  # of a page with formulas
MANY = 8  # steps, from which on they are drawn once
WHOLE = ((False, ANY),)  # of a page that scrolls
FULL = ((False, 1), (True, 1), (False, 2), (True, 4))  # compact cards, and rows
FORMULA_WIDTHS = (150.0, 200.0, 260.0, 340.0, 420.0)  # pixels
COMPACT = "In a box the left number is the data, the right one the gradient."
CHIPS = "A name where an arrow begins stands for the box of that name."
ARROWS = {
    "weight": "the weight",
    "gradient": "the gradient ∂L/∂w of the weight",
    "local": "the local derivative",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture and the places of all that is in it."""

    picture: Picture
    layout: Layout
    note: list[str]

    @property
    def size(self) -> Position:
        """Width and height with the note and the paper's margin."""
        wide = max([self.layout.size[0], *[width(line, TEXT) for line in self.note]])
        high = self.layout.size[1] + (len(self.note) * ROW + PAD if self.note else 0)
        return wide + 2 * PAPER_MARGIN, high + 2 * PAPER_MARGIN

    def fits(self, page: Position = PAGE) -> bool:
        """Whether a page shows it with text to read."""
        return self.size[0] <= page[0] and self.size[1] <= page[1]


class Choice(NamedTuple):
    """A quotient to draw, and its looks: whether cards are compact, and the most rows.

    Of choices of one level a wider picture is better than one of the next level.
    """

    quotient: Quotient
    looks: Sequence[tuple[bool, int]] = ((True, ROWS),)
    level: int = 0


def fit(
    graph: Snapshot,
    options: Options,
    scrolls: bool = False,
    wide: float = PAGE[0],
) -> Drawing:
    """Return the finest drawing of a graph that fits the page.

    Args:
        scrolls: the picture may be higher than a page; every box has full cards, with room for
            other numbers.
        wide: how wide a page is.
    """
    page = wide, TALL if scrolls else PAGE[1]
    asked = options.collapse != "auto" or options.depth or options.max_nodes != MOST_NODES
    choices: Iterable[Choice] = _choices(graph, scrolls)
    if asked:
        looks = WHOLE if scrolls else [(False, 1), (True, 1), (True, ANY)]
        choices = [Choice(quotient_for(graph, options), looks)]
    else:
        options = options.changed(max_nodes=None)
    choice = None
    for _, level in groupby(choices, key=lambda choice: choice.level):
        drawings: list[Drawing] = []
        for choice, _ in groupby(level):  # wider formulas may change nothing
            most = MOST_TALL if scrolls and choice.looks is not WHOLE else MOST
            few = asked or choice.quotient.count(graph) <= most
            for drawing in _drawings(graph, page, scrolls, options, choice) if few else ():
                if drawing.fits(page):
                    return drawing
                drawings.append(drawing)
        wider = next((each for each in drawings if not scrolls and each.fits(WIDE)), None)
        if wider is not None or asked:  # rather than with less detail
            return wider or drawings[-1]
    assert choice is not None
    return _paths(graph, page, scrolls, options, choice)


def quotient_for(graph: Snapshot, options: Options) -> Quotient:
    """Return the quotient at the level that is asked for; for "auto" the one by names."""
    if options.collapse == "scope" or not graph.modules:
        shared = by_scope(graph) if graph.scopes else Quotient()
        asked = options.collapse == "scope"
    else:
        shared = by_module(graph, layers=options.collapse == "layer")
        asked = options.collapse in ("neuron", "layer") or options.max_nodes is not None
    return shared if asked and options.collapse else Quotient(frame_of=shared.frame_of)


def _choices(graph: Snapshot, scrolls: bool) -> Iterator[Choice]:
    """From fine to coarse: all in full, formulas, scopes, and what is alike drawn once."""
    scopes = by_scope(graph) if graph.scopes and not graph.modules else None
    names = scopes or quotient_for(graph, Options())
    if scopes or len({*names.box_of.values()}) < 2:
        names = Quotient(frame_of=names.frame_of)
    repeated = None if graph.modules or graph.scopes else repetition(graph)
    names = replace(names, steps=repeated.steps if repeated else {})
    named = scopes or names
    folded = [(named, by_likeness(graph, named, {}))]
    if repeated and repeated.rounds:  # before it, one step, or what is alike in one step, too
        steps, keys = by_step(repeated)
        second = {key: x for x, key in keys.items() if names.steps.get(x, 1) == 1}
        units = {x: folded[0][1].get(second.get(key, x), key) for x, key in keys.items()}
        tried = [(steps, by_likeness(graph, steps, known)) for known in (keys, units)]
        folded = [each for each in tried if len({*each[1].values()}) <= MOST_ALIKE] + folded
    steps, alike = folded[0]
    sizes = Counter([alike.get(node) for node in graph.nodes if node.op is not None])
    many = [size for key, size in sizes.items() if key and size >= MANY]
    full = names.count(graph) <= (MOST_UNFOLDED if scrolls else MOST_FULL)
    if full:
        yield Choice(names, WHOLE if scrolls else FULL)
    if not graph.modules and not graph.scopes and 2 * sum(many) > sizes.total():
        for most in FORMULA_WIDTHS:
            yield Choice(with_formulas(graph, steps, most, alike))
    for most in FORMULA_WIDTHS if full else ():
        yield Choice(with_formulas(graph, names, most), [(True, ANY if scrolls else ROWS)])
    if scopes:
        yield Choice(named, [(compact, 3 * rows) for compact, rows in FULL], 1)
    if graph.modules:  # fewer neurons have a box of their own, then none
        fewer = by_module(graph, tallest=6), by_module(graph, layers=True)
        folded += [(shared, by_likeness(graph, shared, {})) for shared in fewer]
    for k, (shared, alike) in enumerate(folded):
        level = 0 if graph.modules and k < 2 else 2 + k
        formulas = with_formulas(graph, shared, FORMULA_WIDTHS[-1], alike)
        yield Choice(formulas, level=level)


def _paths(
    graph: Snapshot, page: Position, scrolls: bool, options: Options, coarsest: Choice
) -> Drawing:
    """Draw the paths of most of the gradient, of the coarsest choice: as many boxes as fit."""
    most = min(MOST_CUT, coarsest.quotient.count(graph))
    while True:
        choice, cut = coarsest._replace(looks=[(True, ANY)]), options.changed(max_nodes=most)
        for drawing in _drawings(graph, page, scrolls, cut, choice):
            if drawing.fits() or most <= FEWEST:
                return drawing
        most = max(FEWEST, most * 6 // 7)


def _drawings(
    graph: Snapshot,
    page: Position,
    scrolls: bool,
    options: Options,
    choice: Choice,
) -> Iterator[Drawing]:
    """Yield the drawings of a choice, without those that need more rows or more room."""
    drawn = None
    for compact, rows in choice.looks:
        drawn = drawn or Painter(graph, options, choice.quotient).picture()
        _write(drawn, options, compact, scrolls)
        notes = [drawn.note] if drawn.note else []
        compact = any(box.compact and box.rows for box in drawn.boxes)
        notes += [COMPACT] * (compact and options.values and options.gradients)
        if not scrolls and any(edge.weight for edge in drawn.edges):
            notes.append(legend(options.arrows))
        wide, high = page[0] - 2 * PAPER_MARGIN, page[1] - 2 * PAPER_MARGIN
        room = sum([(box.width + 36) * (box.height + 8) for box in drawn.boxes])
        if rows < ANY and room > wide * high:
            continue
        high -= (len(notes) + 1) * ROW
        layout = lay_out(drawn, options.rankdir, (wide, high), rows)
        if layout is not None:
            notes += [CHIPS] if layout.names else []
            lines = textwrap.wrap(" ".join(notes), int(max(layout.size[0], 320.0) / CHARACTER))
            yield Drawing(drawn, layout, lines)
            drawn = None  # it is placed


def _write(drawn: Picture, options: Options, compact: bool, scrolls: bool) -> None:
    """Set the texts of boxes, as high as their arrows' numbers need; layers are even."""
    reserve = format_number(TYPICAL, options.format) if scrolls else ""
    along, room = AXES[options.rankdir][0], port_room(drawn, options.rankdir)
    layers: dict[object, list[Box]] = {}
    for box in drawn.boxes:
        write(box, compact, reserve)
        if along == 0:
            box.height = max(box.height, room[box])
        else:
            box.width = max(box.width, room[box])
        alike = (box.kind == "group" and box.modules) or box
        layers.setdefault(alike, []).append(box)
    for layer in layers.values():
        widest = max([box.width for box in layer])
        for box in layer:
            box.width = widest


def legend(arrows: str) -> str:
    """Say what the arrows of a network show, in number and look."""
    return (
        f"An arrow into a neuron shows {ARROWS[arrows]}: blue if positive, orange and dashed "
        "if negative, the thicker the larger."
    )
