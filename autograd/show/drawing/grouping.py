"""Which nodes share a box, so that the picture of a large model stays readable.

Neurons and layers are what a snapshot calls modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd.show.drawing.folding import fold
from autograd.show.drawing.options import Options
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted

__all__ = ["Grouping", "group", "layers_of", "relative"]

TALLEST = 12  # neurons or inputs in a column; of more, those in the middle share a box
BUNDLE = 8  # so many leaves that go into one layer are one box with it
READABLE = 60  # with more boxes than this, what repeats is drawn once
NOTES = {
    "": "What repeats is drawn once",
    "neuron": "Every neuron is drawn as one box",
    "layer": "Every layer is drawn as one box",
}


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which nodes share a box.

    Attributes:
        groups: the name of the box that a node shares with others.
        titles: what boxes are called whose name does not say it.
        note: what the picture says about that, empty if no node shares a box.
    """

    groups: Mapping[Node, str]
    titles: Mapping[str, str]
    note: str


def group(graph: Snapshot, options: Options) -> Grouping:
    """The grouping that the options ask for; "auto" takes the first that is small enough."""
    auto = options.collapse == "auto" and options.max_nodes is not None and not options.depth
    groups, titles = dict[Node, str](), dict[str, str]()
    level, levels = "", ["neuron", "layer"]
    for level in levels if auto else [x for x in levels if x == options.collapse]:
        groups, titles = _groups(graph, level)
        if len({*groups.values()}) < 2 and auto:
            groups, titles, level = {}, {}, ""
        if auto and _boxes(graph, groups) > READABLE:
            folded, names = fold(graph, groups)
            groups, titles = groups | folded, titles | names
        if _boxes(graph, groups) <= READABLE:
            break
    if not groups:
        return Grouping(groups, titles, "")
    drawn = f"{counted(len(graph), 'node')} in {counted(_boxes(graph, groups), 'box', 'boxes')}"
    more = "; collapse=None draws every node" if auto else ""
    return Grouping(groups, titles, f"{NOTES[level]}: {drawn}{more}.")


def _boxes(graph: Snapshot, groups: Mapping[Node, str]) -> int:
    return len({groups.get(node, node) for node in graph.nodes})


def layers_of(path: str) -> list[str]:
    """The numbered modules around a path, outermost first, and itself.

    >>> layers_of("layers.0.neurons.1")
    ['layers.0', 'layers.0.neurons.1']
    """
    parts = path.split(".")
    outer = [".".join(parts[: i + 1]) for i, part in enumerate(parts[:-1]) if part.isdigit()]
    return [*outer, path]


def relative(path: str, around: Sequence[str]) -> str:
    """A path as it is called inside the innermost of the modules around it.

    >>> relative("layers.0.neurons.1", ["layers.0"])
    'neurons.1'
    """
    return path.removeprefix(f"{around[-1]}.") if around else path


def _groups(graph: Snapshot, level: str) -> tuple[dict[Node, str], dict[str, str]]:
    """The box of each node of a module, and the titles of those that stand for several."""
    if not level or not graph.modules:
        return {}, {}
    groups, titles = dict(graph.modules), dict[str, str]()
    if level == "layer":
        groups = {node: _layer(path) for node, path in graph.modules.items()}
        _bundle_leaves(graph, groups)
    sizes = Counter(groups.values())
    groups = {node: name for node, name in groups.items() if sizes[name] > 1}
    if level == "neuron":
        columns: dict[tuple[str, ...], list[Node | str]] = {}
        for name in dict.fromkeys(groups.values()):
            columns.setdefault((_layer(name),), []).append(name)
        samples = Counter([(groups[node], node.op) for node in groups if node.op]).values()
        if max(samples, default=0) == 1:  # the inputs of several are folded
            for leaf, goes in _inputs(graph, groups).items():
                columns.setdefault(goes, []).append(leaf)
        for column in columns.values():
            _shorten(column, groups, titles)
    return groups, titles


def _layer(path: str) -> str:
    return layers_of(path)[-2:][0]


def _inputs(graph: Snapshot, groups: Mapping[Node, str]) -> dict[Node, tuple[str, ...]]:
    """The leaves outside of modules that only go into groups, and these."""
    goes: dict[Node, dict[str, None]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None and x not in groups:
                goes.setdefault(x, {})[groups.get(node, "")] = None
    return {x: tuple(names) for x, names in goes.items() if "" not in names}


def _shorten(column: list[Node | str], groups: dict[Node, str], titles: dict[str, str]) -> None:
    """Put what is in the middle of a column that is too tall into one box."""
    middle = column[TALLEST // 2 : -(TALLEST // 2)] if len(column) > TALLEST + 1 else []
    if middle:
        name = f"{_title(middle[0])} … {_title(middle[-1])}"
        titles[name] = f"⋮ {len(middle):,} more"
        groups |= {node: name for node in middle if isinstance(node, Node)}
        hidden = {*middle}
        groups |= {node: name for node, box in groups.items() if box in hidden}


def _title(unit: Node | str) -> str:
    return unit if isinstance(unit, str) else unit.name


def _bundle_leaves(graph: Snapshot, groups: dict[Node, str]) -> None:
    """Put leaves outside of modules together that go into the same groups, if many."""
    alike: dict[tuple[str, ...], list[Node]] = {}
    for leaf, names in _inputs(graph, groups).items():
        alike.setdefault(names, []).append(leaf)
    for leaves in alike.values():
        if len(leaves) >= BUNDLE:
            groups |= dict.fromkeys(leaves, f"{leaves[0].name} … {leaves[-1].name}")
