"""The most detailed picture of a graph that a page shows with text to read.

A ladder: the first rung whose picture fits the page is drawn. It goes from full cards in one
row, over compact cards and formulas in several rows, to what is alike drawn once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from autograd.show.drawing import dot_layout
from autograd.show.drawing.boxes import Picture, picture
from autograd.show.drawing.cards import PAD, ROW, TEXT, Card, card
from autograd.show.drawing.grouping import ALL, TALLEST, Grouping, condense, group
from autograd.show.drawing.layout import AXES, Layout, Position, lay_out, port_room
from autograd.show.drawing.options import Options
from autograd.show.snapshot import Snapshot
from autograd.show.text import width

__all__ = ["ARROWS", "PAGE", "PAPER_MARGIN", "Drawing", "fit", "legend"]

PAGE = (1237.0, 966.0)  # 900 pixels show its width with text at 8, 1280 × 800 all at 9
WIDE = (1550.0, PAGE[1])  # of what would be drawn with less detail else
TALL = 6 * PAGE[1]  # of a page that scrolls and would lose a part else
PAPER_MARGIN = 8.0
CHARACTER = 6.5  # the width of a character of the note, roughly
MOST, MOST_WHOLE = 80, 100  # boxes that are worth a try, also if formulas take some away
MOST_TALL = 200  # boxes of a picture that is higher than a page
MOST_CUT = 48  # boxes of a picture that leaves some out
LARGEST = 500  # nodes of a graph in which nothing is drawn once
ANY = 10_000  # rows
FEWEST, FEWER = 12, 0.85  # boxes that are drawn even where they do not fit; the next try
COMPACT = "In a box the left number is the data, the right one the gradient."
ARROWS = {
    "weight": "the weight",
    "gradient": "the gradient ∂L/∂w of the weight",
    "local": "the local derivative",
}
CHIPS = "A name where an arrow begins stands for the box of that name."


class Rung(NamedTuple):
    """Of the ladder: compact cards or full ones, the rows at most, and how nodes share boxes.

    Attributes:
        most: how wide formulas may become, in pixels; 0 without them.
        once: what is drawn once, as `condense` has it.
        level: what of a network is one box.
        tallest: so many neurons of a layer have a box.
    """

    compact: bool
    rows: int
    most: float = 0.0
    once: str = ""
    level: str = "neuron"
    tallest: int = TALLEST


SMALL = [
    *[Rung(False, 1), Rung(True, 1), Rung(False, 2), Rung(True, 3)],
    *[Rung(True, 2, 150), *[Rung(True, 9, most) for most in (180, 240, 320, 420)]],
]
ONCE = ("alike", "runs", "")
LARGE = [Rung(True, 9, 420, once) for once in ONCE]
NETWORK = [  # what is smaller, where there are neurons
    *[Rung(True, 9, 420, once, tallest=6) for once in ONCE],
    *[Rung(True, 9, 420, once, "layer") for once in ONCE],
]
SCOPES = [
    *[Rung(False, rows, level="scope") for rows in (1, 9)],
    *[Rung(True, 9, most, level="scope") for most in (0, 240)],
    Rung(True, 9, 420, "alike", "scope"),
]
WHOLE = [Rung(False, 1), Rung(True, 1), Rung(True, ANY)]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, its cards, and where everything is."""

    picture: Picture
    cards: list[Card]
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


def fit(
    graph: Snapshot,
    options: Options,
    reserve: Mapping[int, str] | None = None,
    scrolls: bool = False,
    wide: float = PAGE[0],
) -> Drawing:
    """What is drawn of a graph.

    Args:
        reserve: by node index, the widest text that a page will put into a cell of the node.
        scrolls: the picture may be higher than a page; every box has full cards.
        wide: how wide a page is.

    Raises:
        LayoutError: the layout is "dot", and there is none, or it failed or took too long.
    """
    return _Fitting(graph, options, reserve or {}, scrolls, wide).best()


class _Fitting:
    def __init__(
        self,
        graph: Snapshot,
        options: Options,
        reserve: Mapping[int, str],
        scrolls: bool,
        wide: float,
    ) -> None:
        self.graph, self.options, self.reserve = graph, options, reserve
        self.scrolls, self.page = scrolls, (wide, PAGE[1])
        self.known: dict[tuple[str, str, float, int], Grouping] = {}
        self.pictures: dict[object, Picture] = {}

    def best(self) -> Drawing:
        options = self.options
        if options.layout == "dot":
            return self.by_dot()
        free = options.collapse == "auto" and options.depth is None
        if not free or options.max_nodes != Options().max_nodes:
            grouping = group(self.graph, options)
            drawn = picture(self.graph, options, grouping)
            return self.first([Rung(False, ANY)] if self.scrolls else WHOLE, drawn)
        scopes = SCOPES if self.graph.scopes else []
        ladder = self.small(), scopes, self.once(LARGE), self.coarse()
        for rungs in ladder:
            found = self.climb(rungs)
            if found is not None:
                return found
        return (self.scrolls and self.tall()) or self.cut()

    def small(self) -> list[Rung]:
        """Rungs for graphs that are not too large."""
        if self.scrolls:
            return [Rung(False, ANY)]
        return SMALL if self.grouping(SMALL[0]).boxes(self.graph) <= MOST_WHOLE else []

    def coarse(self) -> list[Rung]:
        """Rungs that draw fewer neurons."""
        return self.once(NETWORK) if self.graph.modules else []

    def once(self, rungs: list[Rung]) -> list[Rung]:
        """Without those that draw all of a large graph."""
        return [rung for rung in rungs if rung.once or len(self.graph) <= LARGEST]

    def climb(self, rungs: list[Rung]) -> Drawing | None:
        """The first that fits a page, or else a wide one."""
        whole, tried = self.options.changed(max_nodes=None), set[object]()
        wide = None
        for rung in rungs:
            grouping = self.grouping(rung)
            shared = tuple(grouping.groups.values()), bool(rung.most)
            key = rung[:2], shared
            if grouping.boxes(self.graph) > MOST or key in tried:
                continue
            tried.add(key)
            if shared not in self.pictures:
                self.pictures[shared] = picture(self.graph, whole, grouping)
            found = self.attempt(rung, self.pictures[shared])
            if found is not None and (found.fits(self.page) or self.scrolls):
                return found
            if wide is None and found is not None and found.fits(WIDE):
                wide = found
        return wide

    def grouping(self, rung: Rung) -> Grouping:
        key = rung.level, rung.once, rung.most, rung.tallest
        if key not in self.known:
            if rung.most:
                self.known[key] = condense(self.graph, *key)
            else:
                found = group(self.graph, self.options.changed(collapse=rung.level))
                note = f"{found.note.removesuffix('.')}{ALL}." if found.note else ""
                self.known[key] = replace(found, note=note)
        return self.known[key]

    def first(self, rungs: list[Rung], drawn: Picture) -> Drawing:
        """The first that fits, or the last."""
        found = None
        for rung in rungs:
            found = self.attempt(rung, drawn) or found
            if found is not None and found.fits(self.page):
                break
        assert found is not None
        return found

    def tall(self) -> Drawing | None:
        """All of a graph that is not too large for that, in as many rows as it takes."""
        rung = Rung(True, ANY, 420)
        if len(self.graph) > LARGEST or self.grouping(rung).boxes(self.graph) > MOST_TALL:
            return None
        whole = self.options.changed(max_nodes=None)
        found = self.attempt(rung, picture(self.graph, whole, self.grouping(rung)))
        return found if found is not None and found.fits((self.page[0], TALL)) else None

    def cut(self) -> Drawing:
        """Only what is nearest to the result, in the rung that says most of it."""
        rungs = [*self.once(LARGE), *self.coarse()]
        counts = {rung: self.grouping(rung).boxes(self.graph) for rung in rungs}
        rung = min(rungs, key=lambda rung: counts[rung] * (3 if rung.once else 1))
        most = min(MOST_CUT, counts[rung])
        while True:
            options = self.options.changed(max_nodes=most)
            found = self.attempt(rung, picture(self.graph, options, self.grouping(rung)))
            if found is not None and (found.fits(self.page) or most <= FEWEST):
                return found
            most = max(FEWEST, min(most - 1, int(most * FEWER)))
            if most == FEWEST:
                rung = rung._replace(rows=ANY)

    def attempt(self, rung: Rung, drawn: Picture) -> Drawing | None:
        """The drawing on a rung; None if it takes more rows, or more room than a page has."""
        cards = self.cards(drawn, rung.compact)
        notes = [drawn.note] if drawn.note else []
        both = self.options.values and self.options.gradients
        notes += (
            [COMPACT] if both and any(card.compact and card.box.rows for card in cards) else []
        )
        notes += [] if self.scrolls else _legend(drawn, self.options)
        wide, high = self.page
        page = wide - 2 * PAPER_MARGIN, high - 2 * PAPER_MARGIN - len(notes) * ROW - PAD
        room = sum([(c.size[0] + 36) * (c.size[1] + 8) for c in cards])
        if rung.rows < ANY and room > page[0] * page[1]:
            return None
        layout = lay_out(drawn, cards, self.options.rankdir, page, rung.rows)
        if layout is None:
            return None
        notes += [CHIPS] if layout.chips else []
        return Drawing(drawn, cards, layout, _lines(" ".join(notes), layout.size[0]))

    def cards(self, drawn: Picture, compact: bool) -> list[Card]:
        """The cards, those of one layer equally wide."""
        along = AXES[self.options.rankdir][0]
        beside = len([box for box in drawn.boxes if box.kind in ("leaf", "use")]) > 8
        room = port_room(drawn, self.options.rankdir)
        cards = []
        for box in drawn.boxes:
            wide = self.reserve.get(box.node.index, "") if box.node else ""
            made = card(box, compact, beside, wide)
            w, h = made.size
            size = (w, max(h, room[box])) if along == 0 else (max(w, room[box]), h)
            cards.append(replace(made, size=size))
        widest: dict[object, float] = {}
        for each in [each for each in cards if each.box.kind == "group"]:
            key = each.box.modules or each
            widest[key] = max(widest.get(key, 0.0), each.size[0])
        return [
            replace(each, size=(widest[each.box.modules or each], each.size[1]))
            if each.box.kind == "group"
            else each
            for each in cards
        ]

    def by_dot(self) -> Drawing:
        drawn = picture(self.graph, self.options)
        cards = dot_layout.align_sizes(self.cards(drawn, False), drawn)
        layout = dot_layout.lay_out(drawn, cards, self.options)
        note = " ".join([drawn.note, *_legend(drawn, self.options)]).strip()
        return Drawing(drawn, cards, layout, _lines(note, layout.size[0]))


def _legend(drawn: Picture, options: Options) -> list[str]:
    """What the arrows of a network show, if there are any."""
    if all(edge.weight is None for edge in drawn.edges):
        return []
    return [legend(options.arrows)]


def legend(arrows: str) -> str:
    """What the arrows of a network show, in number and look."""
    return (
        f"An arrow into a neuron shows {ARROWS[arrows]}: blue if positive, orange and dashed "
        "if negative, the thicker the larger."
    )


def _lines(note: str, wide: float) -> list[str]:
    return textwrap.wrap(note, int(max(wide, 320.0) / CHARACTER))
