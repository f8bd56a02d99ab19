"""Fuse sums: a + b + c becomes one sum, w·x + v·y + b one dot.

So a neuron gives the same program whether it was written with `dot`, `sum` or a loop. A chain
is an addition with the additions and products that it adds up, which nothing else uses: its
links.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import NamedTuple

from autograd.program.ir.tape import Node, Tape, move

__all__ = ["CHAINS", "fuse_sums"]

CHAINS = frozenset(["add", "sum", "dot"])
LINKS = CHAINS | {"mul"}
DEAD = -1  # the place of a node that is within a chain


class Chains(NamedTuple):
    """The additions that get a new node, and the nodes within those, by their places."""

    heads: set[int]
    links: set[int]


class Terms(NamedTuple):
    """The nodes that a chain adds up, and the pairs of nodes whose products it adds."""

    addends: list[int]
    products: list[tuple[int, int]]


def fuse_sums(tape: Tape) -> Tape:
    """Return a tape with one node for each chain of additions. Time is linear in the nodes.

    A product that is alone stays one, and a dot with one product becomes that.
    """
    chains = _find_chains(tape)
    if not chains.heads:
        return tape
    result = Tape(inputs=tape.inputs)
    places: list[int] = []
    for place, node in enumerate(tape.nodes):
        if place in chains.links:
            places.append(DEAD)
        elif place in chains.heads:
            terms = _collect_terms(tape, place, chains.links)
            addends = [places[a] for a in terms.addends]
            products = [(places[w], places[x]) for w, x in terms.products]
            places.append(_add_chain(result, addends, products))
        else:
            places.append(result.append(move(node, places)))
    result.copy_roots(tape, places)
    return result


def _find_chains(tape: Tape) -> Chains:
    """Return the chains of a tape, from the last to the first."""
    uses = Counter(chain.from_iterable([node.args for node in tape.nodes]))
    uses.update([root.node for root in tape.roots()])
    chains = Chains(set(), set())
    for place in range(len(tape) - 1, -1, -1):
        node = tape.nodes[place]
        if node.op not in CHAINS:
            continue
        added = node.args[:1] if node.op == "dot" else node.args
        links = [a for a in added if uses[a] == 1 and tape.nodes[a].op in LINKS]
        if place in chains.links:
            chains.links.update(links)
        elif _gains(tape, node, links):
            chains.heads.add(place)
            chains.links.update(links)
    return chains


def _gains(tape: Tape, node: Node, links: list[int]) -> bool:
    """Whether an addition is simpler as one node with these links."""
    if node.op == "dot":
        return bool(links) or len(node.args) == 3
    if len(links) == 1:
        return tape.nodes[links[0]].op != "mul"
    return bool(links)


def _collect_terms(tape: Tape, head: int, links: set[int]) -> Terms:
    """Return what a chain adds up, from left to right."""
    terms = Terms([], [])
    stack = [head]
    while stack:
        place = stack.pop()
        node = tape.nodes[place]
        if place != head and place not in links:
            terms.addends.append(place)
        elif node.op == "mul":
            terms.products.append((node.args[0], node.args[1]))
        elif node.op == "dot":
            half = len(node.args) // 2
            terms.products.extend(zip(node.args[1 : 1 + half], node.args[1 + half :]))
            stack.append(node.args[0])
        else:
            stack.extend(reversed(node.args))
    return terms


def _add_chain(tape: Tape, addends: list[int], products: list[tuple[int, int]]) -> int:
    """Append a sum of nodes and products, as few operations as that takes; return its place."""
    if len(products) == 1:
        return _add_sum(tape, [*addends, tape.add("mul", products[0])])
    total = _add_sum(tape, addends)
    if not products:
        return total
    return tape.add("dot", [total, *[w for w, _ in products], *[x for _, x in products]])


def _add_sum(tape: Tape, addends: list[int]) -> int:
    if not addends:
        return tape.add("const", (), 0.0)
    if len(addends) == 1:
        return addends[0]
    return tape.add("add" if len(addends) == 2 else "sum", addends)
