"""The keys by which nodes share a box, from fine to coarse.

`by_module` and `by_scope` go by names, `by_likeness` by structure: what is computed alike, side
by side or one after the other. `with_formulas` puts what one result alone uses into the box of
that result, where it is written as a formula.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

from autograd.core.primitive import TABLE, Primitive
from autograd.show.drawing.quotient import Formula, Quotient, of_several, without_circles
from autograd.show.drawing.repetition import Repetition, letters
from autograd.show.formulas import PRODUCT, SUM, TEXT, Symbol, written
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import width

__all__ = [
    "by_likeness",
    "by_module",
    "by_scope",
    "by_step",
    "layers_of",
    "relative",
    "with_formulas",
]

TALLEST = 12  # neurons or inputs in a column; of more, those in the middle share a box
MOST_PARTS = 12  # of a scope that is left and entered again
BUNDLE = 8  # so many leaves that go into one layer share a box
EARLIER = "[t-1]"  # after the name of what a step before has made
FONT = 12  # the size in which formulas are written, in pixels
TERM = 150.0  # pixels of a term of a sum that may become longer

Keys = dict[Node, str]

# ---------------------------------------------------------------- names


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


def by_module(graph: Snapshot, layers: bool = False, tallest: int = TALLEST) -> Quotient:
    """Each neuron is one box, or each layer; of a tall layer the neurons in the middle are."""
    frames = {node: key for node, (key, _) in without_circles(graph, graph.modules).items()}
    whole, titles = frames, dict[str, str]()
    if layers:
        whole = {node: layers_of(path)[-2:][0] for node, path in frames.items()}
    else:
        titles = _middles(frames, tallest)
        whole = {node: titles.get(path, path) for node, path in frames.items()}
        titles = {name: f"⋮ {paths:,} more" for name, paths in Counter(titles.values()).items()}
    parts = without_circles(graph, whole)
    keys = of_several({node: key for node, (key, _) in parts.items()})
    keys |= _bundles(graph, keys, BUNDLE if layers else tallest + 2)
    what = "layer" if layers else "neuron"
    return Quotient(keys, frames, {}, titles, (f"Every {what} is drawn as one box",))


def by_scope(graph: Snapshot) -> Quotient:
    """Each scope is one box; where it is left and entered again, each part of it."""
    keys = {node: path for node, path in graph.scopes.items() if node.op is not None}
    for paths, leaves in _inputs_of(graph, keys).items():  # a leaf is where it is used
        keys |= dict.fromkeys(leaves if len(paths) == 1 else (), paths[0])
    part_of = without_circles(graph, keys, MOST_PARTS)
    parts = Counter([path for path, _ in {*part_of.values()}])
    around = {outer for path in parts for outer in layers_of(path)[:-1]}
    frames: Keys = {}
    for node, (path, k) in part_of.items():
        inner = f"{path}/{path.rpartition('/')[2]}" if path in around else path
        frames[node] = f"{inner} · {k}" if parts[path] > 1 or path in around else path
    keys = of_several(frames)
    titles = {name: relative(name, layers_of(name)[:-1]) for name in keys.values()}
    keys |= _bundles(graph, keys)
    return Quotient(keys, frames, {}, titles, ("Every scope is drawn as one box",))


def _inputs_of(graph: Snapshot, keys: Keys) -> dict[tuple[str, ...], list[Node]]:
    """The leaves that only go into boxes of several nodes, by these."""
    goes: dict[Node, dict[str, None]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None and x not in keys:
                goes.setdefault(x, {})[keys.get(node, "")] = None
    leaves: dict[tuple[str, ...], list[Node]] = {}
    for x, names in goes.items():
        if "" not in names:
            leaves.setdefault(tuple(names), []).append(x)
    return leaves


def _bundles(graph: Snapshot, keys: Keys, many: int = BUNDLE) -> Keys:
    """Keys of leaves that go into the same boxes, where these are many."""
    bundles = [xs for xs in _inputs_of(graph, keys).values() if len(xs) >= many]
    return {x: f"{xs[0].name} … {xs[-1].name}" for xs in bundles for x in xs}


def _middles(frames: Keys, tallest: int) -> dict[str, str]:
    """The paths of the neurons in the middle of a tall layer, with the name of them all."""
    columns: dict[str, dict[str, None]] = defaultdict(dict)
    for path in frames.values():
        columns[layers_of(path)[-2:][0]][path] = None
    names: dict[str, str] = {}
    for column in [[*paths] for paths in columns.values() if len(paths) > tallest + 1]:
        middle = column[tallest // 2 : -(tallest // 2)]
        names |= dict.fromkeys(middle, f"{middle[0]} … {middle[-1]}")
    return names


# ---------------------------------------------------------------- structure


def by_step(repeated: Repetition) -> tuple[Quotient, Keys]:
    """The frame of a step that is drawn once, and equal keys for its results in all steps."""
    columns = [column for column in repeated.columns if column[0] not in repeated.sums]
    every = enumerate([*columns, *repeated.leaves])
    keys: Keys = {node: f"step {k}" for k, column in every for node in column}
    read = [x for column in columns for node in column[:: len(column) - 1] for x in node.inputs]
    keys |= {x: x.name for x in read if x not in keys}
    path = f"one step × {repeated.times:,}"
    frames = {node: path for column in columns for node in column}
    told = ("A repeated step is drawn once",)
    return Quotient({}, frames, told=told, rounds=repeated.rounds), keys


def by_likeness(graph: Snapshot, before: Quotient, keys: Keys) -> Keys:
    """Return equal keys for what is alike: leaves by the letters of their name, results by
    their operation and the keys of their operands. Numbers among the operands may differ.

    Args:
        before: boxes that stay as they are; keys: of nodes that have one.
    """
    kind: dict[Node, int] = {}
    known: dict[Hashable, int] = {}
    uses: dict[Node, set[Hashable]] = defaultdict(set)
    for node in graph.nodes:
        for slot, x in enumerate(node.inputs):
            uses[x].add((node.op, 0 if node.op and node.op.variadic else slot))
    for node in graph.nodes:
        key: Hashable = before.box_of.get(node) or keys.get(node) or node
        if key is not node:
            pass
        elif node.op is None:
            key = letters(node) or frozenset(uses[node])
        elif node not in graph.roots and not node.label:
            kinds = [kind[x] if isinstance(x, Node) else -1 for x in node.operands]
            kinds = _each_once(node.op, kinds)
            symmetric = node.op.variadic and node.op.name != "dot"
            key = (node.op, tuple(sorted(kinds) if symmetric else kinds))
        kind[node] = known.setdefault(key, len(known))
    alike = {node: f"alike {k}" for node, k in kind.items() if node not in before.box_of}
    return of_several(alike)


def _each_once(op: Primitive, operands: Sequence[Any]) -> list[Any]:
    """The operands; of a sum each kind of them once, of a dot each pair."""
    if not op.variadic:
        return [*operands]
    if op.name != "dot":
        return [*dict.fromkeys(operands)]
    half = 1 + len(operands) // 2
    pairs = [*dict.fromkeys(zip(operands[1:half], operands[half:]))]
    return [operands[0], *[w for w, _ in pairs], *[x for _, x in pairs]]


# ---------------------------------------------------------------- formulas


@dataclass(slots=True, eq=False)
class Part:
    """Nodes that share a box, as formulas call them.

    Attributes:
        op, operands: what made each of the nodes; leaves, and boxes without a formula, have
            no operation.
        named: whether it has a name of its own, or is a root: it is written in no formula.
        terms: of a sum, by text, and how often.
        read: the parts that its nodes read, of the same step.
    """

    name: str
    nodes: list[Node]
    op: Primitive | None
    operands: list[Part | Symbol | float]
    named: bool
    terms: dict[str, tuple[Symbol, int]] = field(default_factory=dict)
    read: dict[Part, None] = field(default_factory=dict)

    @property
    def inputs(self) -> list[Part]:
        return [*dict.fromkeys([x for x in self.operands if isinstance(x, Part)])]

    def written(self, names: Mapping[Part, Symbol]) -> Symbol:
        """Its formula, with what it is computed from written like this, or else by name."""
        assert self.op is not None
        op = self.op
        named = {**{x: Symbol(x.name, TEXT) for x in self.inputs}, **names}
        operands = [named[x] if isinstance(x, Part) else x for x in self.operands]
        if op is TABLE["mul"] and operands[0] is operands[1]:
            op, operands = TABLE["square"], operands[:1]
        if op is TABLE["add"]:
            return self.total(operands, names)
        many = len(self.operands) < len(self.nodes[-1].operands)  # of each kind one
        bias, lead = operands[0], ""
        if many and op is TABLE["dot"] and isinstance(bias, Symbol):
            operands, lead = [0.0, *operands[1:]], f"{bias.text} + "
        symbol = written(op, operands, TEXT)
        total = f"{lead}Σ {symbol.enclosed(PRODUCT)}"
        return Symbol(total, TEXT, SUM) if many else symbol

    def total(self, operands: Sequence[Symbol | float], names: Mapping[Part, Symbol]) -> Symbol:
        """The formula of a sum, which goes on with the terms of the sums that it is made of;
        terms that are written alike are there once, behind Σ.
        """
        self.terms = {}
        for x, operand in zip(self.operands, operands):
            symbol = operand if isinstance(operand, Symbol) else Symbol(str(operand), TEXT)
            own = x.terms if isinstance(x, Part) and x in names and x.terms else {}
            for text, (term, times) in (own or {symbol.text: (symbol, 1)}).items():
                self.terms[text] = term, times + self.terms.get(text, (term, 0))[1]
        alone = SUM if len(self.terms) == 1 else PRODUCT
        terms = [
            Symbol(f"Σ {term.enclosed(PRODUCT)}", TEXT, alone) if times > 2 else term
            for text, (term, times) in self.terms.items()
            for _ in range(times if times < 3 else 1)
            if text != "0.0"
        ]
        return written(TABLE["sum"], terms or [0.0], TEXT)


def with_formulas(
    graph: Snapshot, before: Quotient, most: float, alike: Keys | None = None
) -> Quotient:
    """Put what one result alone uses into its box, where it is written as a formula.

    Args:
        before: boxes that stay as they are.
        most: how wide a formula may become, in pixels.
        alike: the keys of what is drawn once.
    """
    keys: Keys = {**(alike or {}), **before.box_of}
    parts = _parts(graph, before, keys)
    readers: dict[Part, list[Part]] = defaultdict(list)
    for part in parts:
        for x in part.read:
            readers[x].append(part)
    inside = {part: [part] for part in parts}
    texts: dict[Part, Symbol] = {}
    for part in [part for part in parts if part.op is not None]:
        names: dict[Part, Symbol] = {}
        texts[part] = part.written(names)
        free = [x for x in part.inputs if x in texts and not x.named and readers[x] == [part]]
        free = [x for x in free if part.op is TABLE["mul"] or part.operands.count(x) == 1]
        free.sort(key=lambda x: len(texts[x].text))
        adds = part.op is TABLE["add"]  # sums go on, with terms that are not too long
        for x in free:
            longer = part.written({**names, x: texts[x]})
            short = adds and (x.terms or width(texts[x].text, FONT) <= TERM)
            if short or width(longer.text, FONT) <= most:
                names[x] = texts[x]
                texts[part] = longer
        inside[part] += [y for x in names for y in inside.pop(x)]
    box_of, titles, formulas = dict(before.box_of), dict(before.titles), dict(before.formulas)
    for part, held in inside.items():
        nodes = sorted([n for each in held for n in each.nodes], key=lambda node: node.index)
        unit: Node | str = nodes[0]
        if len(nodes) > 1:
            unit = before.box_of.get(nodes[0]) or f"formula {nodes[0].index}"
            box_of |= dict.fromkeys(nodes, unit)
        if part in texts:
            formulas[unit] = Formula(part.name, texts[part].text, len(part.nodes))
        elif nodes[0] not in before.box_of and isinstance(unit, str):
            titles[unit] = part.name
    told = [*before.told] if before.box_of or before.rounds else []
    told += ["Alike boxes are drawn once"] if alike else []
    told += ["A formula contains what it alone uses"] if len(inside) < len(parts) else []
    return replace(before, box_of=box_of, formulas=formulas, titles=titles, told=tuple(told))


def _parts(graph: Snapshot, before: Quotient, keys: Keys) -> list[Part]:
    """Return the parts that formulas name, each after those that it is computed from."""
    members: dict[Node | str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        members[keys.get(node, node)].append(node)
    parts: dict[Node | str, Part] = {}
    carried = {x for _, x in before.rounds}
    for key, nodes in members.items():
        first, closed = nodes[0], nodes[0] in before.box_of
        name = ".".join(str(key).split(".")[-2:]) if closed else first.short
        if len(nodes) > 1 and not closed and first.op is None:
            name = letters(first) or name
        named = (
            closed
            or bool(first.label)
            or any(node in graph.roots or node in carried for node in nodes)
        )
        parts[key] = Part(name, nodes, None if closed else first.op, [], named)
    starts: dict[str, Node] = {}
    for node, state in before.rounds:  # it is called after the leaf that it begins with
        start = parts[keys[node]].nodes[0].operands[node.operands.index(state)]
        if isinstance(start, Node) and start.op is None and start.label:
            starts[keys[state]] = start
    called = Counter(map(letters, starts.values()))
    for key, start in starts.items():
        name = letters(start)
        parts[key].name = name if name and called[name] == 1 else start.short
    earlier: dict[str, Symbol] = {}
    for part in parts.values():
        for node in part.nodes:
            now = [x for x in node.inputs if (node, x) not in before.rounds]
            part.read |= dict.fromkeys([parts[keys.get(x, x)] for x in now])
        part.read.pop(part, None)
        last = part.nodes[-1]
        operands: list[Part | Symbol | float] = []
        for slot, x in enumerate(last.operands if part.op else ()):
            others = [node.operands[slot] for node in part.nodes if slot < len(node.operands)]
            if not isinstance(x, Node):
                operands.append(x if others.count(x) == len(others) else Symbol("…", TEXT))
            elif (last, x) in before.rounds:
                name = parts[keys[x]].name + EARLIER
                operands.append(earlier.setdefault(name, Symbol(name, TEXT)))
            else:
                operands.append(parts[keys.get(x, x)])
        part.operands = _each_once(part.op, operands) if part.op else []
    return [*TopologicalSorter({part: part.read for part in parts.values()}).static_order()]
