"""Fuse: the relu of a matrix product, and the mask of its adjoint, become part of the product.

A tile of the product is in registers when it is done, and rows that nothing else needs are
neither written nor read again.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterator, Sequence

__all__ = ["fused"]

WORDS = 12  # of an instruction
OP, FLAGS, N, OUT, A, B, C, K, MORE = 0, 1, 2, 3, 4, 5, 6, 7, 11
SINGLE_B, ADDS, RELU, MASK = 2, 8, 256, 512  # flags


def fused(
    code: array[int], lists: Sequence[int], operations: Sequence[str], kept: Container[int]
) -> array[int]:
    """The code of a phase of lanes, with fewer instructions.

    Args:
        lists: the lists of rows that it refers to.
        operations: the names of the operations.
        kept: rows that are read later.
    """
    every = [code[i : i + WORDS] for i in range(0, len(code), WORDS)]
    touched: dict[int, list[int]] = {}
    for i, q in enumerate(every):
        for row in _rows(q, operations[q[OP]], lists):
            touched.setdefault(row, []).append(i)
    products = {q[OUT]: i for i, q in enumerate(every) if operations[q[OP]] == "matmul"}
    gone = set()
    for j, q in enumerate(every):
        name, n = operations[q[OP]], q[N]
        i = products.get(q[A], j)
        if name not in ("relu", "if_positive") or q[FLAGS] or i >= j:
            continue
        product, mask = every[i], range(q[B], q[B] + n)
        others = {k for row in range(q[A], q[A] + n) for k in touched[row]} - {i, j}
        alone = product[N] == n and not product[FLAGS] & (ADDS | RELU | MASK)
        alone &= not any(row in kept for row in range(q[A], q[A] + n))
        alone &= all(touched[row][0] == j for row in range(q[OUT], q[OUT] + n))
        if name == "relu":  # which is positive where its operand is
            alone &= all(
                operations[every[k][OP]] == "if_positive"
                and not every[k][FLAGS] & SINGLE_B
                and q[A] <= every[k][B] <= q[A] + n - every[k][N]
                and not q[A] - every[k][N] < every[k][A] < q[A] + n
                for k in others
            )
        else:
            alone &= not others and not any(
                i <= k < j and _writes(every[k], operations[every[k][OP]], row)
                for row in mask
                for k in touched[row]
            )
        if not alone:
            continue
        gone.add(j)
        product[OUT] = q[OUT]
        product[FLAGS] |= RELU if name == "relu" else MASK
        product[MORE] = 0 if name == "relu" else q[B]
        for k in others:
            every[k][B] += q[OUT] - q[A]
        for row in (*range(q[OUT], q[OUT] + n), *mask):
            touched[row] = sorted({i, *touched[row], *others})
    return array("i", [word for j, q in enumerate(every) if j not in gone for word in q])


def _rows(q: array[int], name: str, lists: Sequence[int]) -> Iterator[int]:
    """The rows of lanes that an instruction reads or writes."""
    n, k = q[N], q[K]
    if name != "outer":
        yield from range(q[OUT], q[OUT] + n)
    if name == "matmul":
        yield from range(q[B], q[B] + k)
    elif name == "outer":
        yield from range(q[A], q[A] + n)
        yield from range(q[B], q[B] + k)
    elif name.startswith("wide"):
        yield from lists[q[MORE] : q[MORE] + (1 + 2 * k if name == "wide_dot" else k) * n]
        if name == "wide_logsumexp":
            yield from range(q[B], q[B] + k * n)
    else:
        for bit, x in enumerate((q[A], q[B], q[C])):
            if not q[FLAGS] >> bit & 1:
                yield from range(x, x + n)


def _writes(q: array[int], name: str, row: int) -> bool:
    """Whether an instruction that touches a row may write it."""
    return name.startswith("wide") or (name != "outer" and q[OUT] <= row < q[OUT] + q[N])
