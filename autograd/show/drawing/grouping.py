"""Which nodes share a box, so that the picture of a large model stays readable.

Neurons and layers are what a snapshot calls modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograd.show.drawing.folding import fold
from autograd.show.drawing.inlining import alike, inline, single_items
from autograd.show.drawing.options import Options
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted

__all__ = [
    "ALL",
    "TALLEST",
    "Formula",
    "Grouping",
    "condense",
    "group",
    "layers_of",
    "relative",
]

TALLEST = 12  # neurons or inputs in a column; of more, those in the middle share a box
MOST_PARTS = 12  # of a scope that is left and entered again
BUNDLE = 8  # so many leaves that go into one layer are one box with it
READABLE = 60  # with more boxes than this, what repeats is drawn once
NOTES = {
    "": "What repeats is drawn once",
    "neuron": "Every neuron is drawn as one box",
    "layer": "Every layer is drawn as one box",
    "scope": "Every scope is drawn as one box",
}
INLINED = "What one formula alone uses is written in it"
ALIKE = "What is alike is drawn once"
ALL = "; collapse=None draws every node"


@dataclass(frozen=True, slots=True)
class Formula:
    """What the box of a formula says: its result's name, the formula, how many there are."""

    name: str
    text: str
    many: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which nodes share a box.

    Attributes:
        groups: the name of the box that a node shares with others.
        titles: what boxes are called whose name does not say it.
        note: what the picture says about that, empty if no node shares a box.
        framed: by node the module in whose frame it stands.
        formulas: by the name of a box, or the node that it shows, what is written in it.
    """

    groups: Mapping[Node, str]
    titles: Mapping[str, str]
    note: str
    framed: Mapping[Node, str]
    formulas: Mapping[Node | str, Formula] = field(default_factory=dict)

    def boxes(self, graph: Snapshot) -> int:
        """How many there are."""
        return _boxes(graph, self.groups)


def group(graph: Snapshot, options: Options) -> Grouping:
    """The grouping that the options ask for; "auto" takes the first that is small enough."""
    auto = options.collapse == "auto" and options.max_nodes is not None and not options.depth
    framed = _framed(graph, options.collapse)
    groups, titles = dict[Node, str](), dict[str, str]()
    level, levels = "", ["neuron", "layer", "scope"]
    for level in levels if auto else [x for x in levels if x == options.collapse]:
        groups, titles = _groups(graph, level, framed)
        if len({*groups.values()}) < 2 and auto:
            groups, titles, level = {}, {}, ""
        if auto and _boxes(graph, groups) > READABLE:
            folded, names = fold(graph, groups)
            groups, titles = _several(convex(graph, groups | folded)), titles | names
        if _boxes(graph, groups) <= READABLE:
            break
    return Grouping(groups, titles, _note(graph, groups, NOTES[level], auto), framed)


def condense(graph: Snapshot, level: str, once: str, most: float, tallest: int) -> Grouping:
    """A grouping with formulas.

    Args:
        level: "neuron" or "layer", what of a network is one box; or "scope".
        tallest: so many neurons of a layer have a box, and the others one together.
        once: what is drawn once: "alike", "runs" (what repeats, see `fold`) or "".
        most: how wide a formula may become, in pixels.
    """
    framed = _framed(graph, level)
    groups, titles = _groups(graph, level, framed, tallest)
    told = [NOTES[level]] if groups else []
    if len({*groups.values()}) < 2 and level != "scope":
        groups, titles, told = {}, {}, []
    if once == "runs":
        folded, names = fold(graph, groups)
        groups, titles = _several(convex(graph, groups | folded)), titles | names
        told += [NOTES[""]] if folded else []
    items = alike(graph, groups) if once == "alike" else single_items(graph, groups)
    boxes, written = inline(items, most)
    formulas: dict[Node | str, Formula] = {}
    for head, held in boxes.items():
        nodes = sorted([n for item in held for n in item.nodes], key=lambda node: node.index)
        unit: Node | str = nodes[0] if len(nodes) == 1 else f"formula {nodes[0].index}"
        if isinstance(unit, str):
            groups |= dict.fromkeys(nodes, unit)
            titles |= {} if head in written else {unit: head.name}
        if head in written:
            formulas[unit] = Formula(head.name, written[head].text, len(head.nodes))
    told += [ALIKE] if once == "alike" else []
    told += [INLINED] if any(len(held) > 1 for held in boxes.values()) else []
    return Grouping(
        groups, titles, _note(graph, groups, ". ".join(told), True), framed, formulas
    )


def _framed(graph: Snapshot, level: str | None) -> dict[Node, str]:
    """By node the module that it belongs to; or the scope, if these are asked for or alone."""
    if level != "scope" and graph.modules:
        return convex(graph, graph.modules)
    return _scoped(graph) if graph.scopes else {}


def _scoped(graph: Snapshot) -> dict[Node, str]:
    """By node its scope, and which part of it where the scope is left and entered again.

    A leaf belongs to the scope that alone uses it.
    """
    goes: dict[Node, set[str]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None:
                goes.setdefault(x, set()).add(graph.scopes.get(node, ""))
    paths = {node: path for node, path in graph.scopes.items() if node.op is not None}
    paths |= {x: min(of) for x, of in goes.items() if len(of) == 1 and of != {""}}
    part = dict.fromkeys(paths, 1)
    found = dict[Node, tuple[str, int]]()
    for _ in range(MOST_PARTS):
        kept = convex(graph, {x: f"{path}\n{part[x]}" for x, path in paths.items()})
        found = {x: (paths[x], part[x]) for x in kept}
        if len(found) == len(paths):
            break
        for x in paths:
            part[x] += x not in found
    parts = Counter([path for path, _ in {*found.values()}])
    around = {outer for path in parts for outer in layers_of(path)[:-1]}
    names: dict[Node, str] = {}
    for x, (path, k) in found.items():
        alone = parts[path] == 1 and path not in around
        last = path.rpartition("/")[2]
        inner = f"{path}/{last} · {k}" if path in around else f"{path} · {k}"
        names[x] = path if alone else inner
    return names


def convex(graph: Snapshot, groups: Mapping[Node, str]) -> dict[Node, str]:
    """The groups without the nodes that would close a circle of boxes: those that need what
    left their group before.
    """
    bit = {name: 1 << k for k, name in enumerate(dict.fromkeys(groups.values()))}
    names = [*bit]
    above = dict.fromkeys(names, 0)  # by group, the groups that it needs
    direct: dict[Node, int] = {}  # by node, those that it needs without others between
    closed = {0: 0}

    def closure(mask: int) -> int:
        if mask not in closed:
            closed[mask] = mask
            for k in range(mask.bit_length()):
                closed[mask] |= above[names[k]] if mask >> k & 1 else 0
        return closed[mask]

    kept: dict[Node, str] = {}
    for node in graph.nodes:
        name, needs, own = groups.get(node), 0, 0
        for x in node.inputs:
            if x not in kept:
                needs |= direct[x]
            elif kept[x] == name:
                own = bit[kept[x]]
            else:
                needs |= bit[kept[x]]
        direct[node] = needs | own
        if name is None or closure(needs) & bit[name]:
            continue
        kept[node] = name
        if closure(needs) & ~above[name]:
            above[name] |= closure(needs)
            for other in names:
                if above[other] & bit[name]:
                    above[other] |= above[name]
            closed = {0: 0}
    return kept


def _several(groups: Mapping[Node, str]) -> dict[Node, str]:
    """The groups of more than one node."""
    sizes = Counter(groups.values())
    return {node: name for node, name in groups.items() if sizes[name] > 1}


def _note(graph: Snapshot, groups: Mapping[Node, str], said: str, auto: bool) -> str:
    if not groups:
        return ""
    drawn = f"{counted(len(graph), 'node')} in {counted(_boxes(graph, groups), 'box', 'boxes')}"
    return f"{said}: {drawn}{ALL if auto else ''}."


def _boxes(graph: Snapshot, groups: Mapping[Node, str]) -> int:
    return len({groups.get(node, node) for node in graph.nodes})


def layers_of(path: str) -> list[str]:
    """The numbered modules, or the scopes, around a path, outermost first, and itself.

    >>> layers_of("layers.0.neurons.1")
    ['layers.0', 'layers.0.neurons.1']
    >>> layers_of("block 1/head 0")
    ['block 1', 'block 1/head 0']
    """
    if "/" in path:
        names = path.split("/")
        return ["/".join(names[: i + 1]) for i in range(len(names))]
    parts = path.split(".")
    outer = [".".join(parts[: i + 1]) for i, part in enumerate(parts[:-1]) if part.isdigit()]
    return [*outer, path]


def relative(path: str, around: Sequence[str]) -> str:
    """A path as it is called inside the innermost of the modules around it.

    >>> relative("layers.0.neurons.1", ["layers.0"])
    'neurons.1'
    """
    return path.removeprefix(around[-1])[1:] if around else path


def _groups(
    graph: Snapshot, level: str, modules: Mapping[Node, str], tallest: int = TALLEST
) -> tuple[dict[Node, str], dict[str, str]]:
    """The box of each node of a module, and the titles of those that stand for several."""
    if not level or not (modules if level == "scope" else graph.modules):
        return {}, {}
    groups, titles = dict(modules), dict[str, str]()
    if level == "scope":
        groups = _several(groups)
        _bundle_leaves(graph, groups)
        scopes = {*modules.values()} & {*groups.values()}
        return groups, {name: relative(name, layers_of(name)[:-1]) for name in scopes}
    if level == "layer":
        groups = {node: _layer(path) for node, path in modules.items()}
        groups = convex(graph, groups)
        _bundle_leaves(graph, groups)
    groups = _several(groups)
    if level == "neuron":
        columns: dict[tuple[str, ...], list[Node | str]] = {}
        for name in dict.fromkeys(groups.values()):
            columns.setdefault((_layer(name),), []).append(name)
        samples = Counter([(groups[node], node.op) for node in groups if node.op]).values()
        if max(samples, default=0) == 1:  # the inputs of several are folded
            for leaf, goes in _inputs(graph, groups).items():
                columns.setdefault(goes, []).append(leaf)
        for column in columns.values():
            _shorten(column, groups, titles, tallest)
        groups = _several(convex(graph, groups))
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


def _shorten(
    column: list[Node | str], groups: dict[Node, str], titles: dict[str, str], tallest: int
) -> None:
    """Put what is in the middle of a column that is too tall into one box."""
    middle = column[tallest // 2 : -(tallest // 2)] if len(column) > tallest + 1 else []
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
