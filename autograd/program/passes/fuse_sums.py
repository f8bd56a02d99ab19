"""Fuse sums: a + b + c becomes one sum, w·x + v·y + b one dot.

So a neuron gives the same program whether it was written with `dot`, `sum` or a loop. A *chain*
is an addition, its *head*, with the additions and products below it that nothing else uses: its
*links*. `Program` runs this pass on a tape without lanes.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import NamedTuple

from autograd.program.ir.tape import Node, Tape, dot_terms, move

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
    """Return a tape with one node for each chain. Time is linear in the nodes.

    A product that no other is added to stays a product, and a dot of one product becomes one.
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
    """Return the heads and the links of a tape, found from the last node to the first."""
    uses = Counter(chain.from_iterable([node.args for node in tape.nodes]))
    uses.update([root.node for root in tape.roots()])
    chains = Chains(set(), set())
    for place in reversed(range(len(tape))):
        node = tape.nodes[place]
        if node.op not in CHAINS:
            continue
        added = [dot_terms(node).bias] if node.op == "dot" else node.args
        links = [a for a in added if uses[a] == 1 and tape.nodes[a].op in LINKS]
        if place in chains.links:
            chains.links.update(links)
        elif _is_simpler_fused(tape, node, links):
            chains.heads.add(place)
            chains.links.update(links)
    return chains


def _is_simpler_fused(tape: Tape, node: Node, links: list[int]) -> bool:
    """Whether an addition is fewer or simpler operations as the head of a chain.

    `a·b + c` is not: a dot of one product is no simpler than a product and an addition.
    """
    if node.op == "dot":
        has_one_product = len(dot_terms(node).weights) == 1
        return has_one_product or bool(links)
    is_lone_product = len(links) == 1 and tape.nodes[links[0]].op == "mul"
    return bool(links) and not is_lone_product


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
            bias, weights, inputs = dot_terms(node)
            terms.products.extend(zip(weights, inputs))
            stack.append(bias)
        else:
            stack.extend(reversed(node.args))
    return terms


def _add_chain(tape: Tape, addends: list[int], products: list[tuple[int, int]]) -> int:
    """Append the sum of nodes and products as one dot, or without a dot; return its place."""
    if len(products) == 1:
        return _add_sum(tape, [*addends, tape.add("mul", products[0])])
    total = _add_sum(tape, addends)
    if not products:
        return total
    return tape.add("dot", [total, *[w for w, _ in products], *[x for _, x in products]])


def _add_sum(tape: Tape, addends: list[int]) -> int:
    """Append the sum of any number of nodes; return its place."""
    if not addends:
        return tape.add("const", (), 0.0)
    if len(addends) == 1:
        return addends[0]
    return tape.add("add" if len(addends) == 2 else "sum", addends)
