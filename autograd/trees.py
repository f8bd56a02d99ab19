"""Nested lists, tuples, dicts, arrays and tables of numbers, taken apart and put together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd.core.operand import real
from autograd.core.value import Value

__all__ = ["as_rows", "flatten", "flatten_like", "labels", "without_axes"]

Rebuild = Callable[[Sequence[Any]], Any]
LABELS = ("index", "columns", "name")  # of pandas


def flatten(tree: Any, what: str) -> tuple[list[Any], Rebuild]:
    """The numbers of a tree in order, and the function that puts others in their places.

    Args:
        tree: a number or Value; or a list, tuple, namedtuple, dict or array of trees; or a
            table or column of pandas.
        what: names the tree in the message of an error.

    Returns:
        The leaves, floats and Values, and `rebuild(leaves)`. An array is rebuilt with the
        element type that its new leaves need.

    Raises:
        TypeError: something in the tree is neither a number nor a container of them.

    >>> leaves, rebuild = flatten({"w": [1, 2.0], "b": (3.0,)}, "x")
    >>> leaves
    [1.0, 2.0, 3.0]
    >>> rebuild([leaf * 10.0 for leaf in leaves])
    {'w': [10.0, 20.0], 'b': (30.0,)}
    """
    if type(tree) is Value:
        return [tree], _only
    number = real(tree)
    if number is not None:
        return [number], _only
    if isinstance(tree, dict):
        keys = list(tree)
        parts = [flatten(tree[key], f"{what}[{key!r}]") for key in keys]
        return _joined(parts, lambda children: dict(zip(keys, children)))
    if isinstance(tree, list | tuple):
        build: Rebuild = list if isinstance(tree, list) else tuple
        if hasattr(tree, "_fields"):
            build = type(tree)._make  # type: ignore[union-attr]
        if _is_flat(tree):
            return list(tree), build
        parts = [flatten(child, f"{what}[{i}]") for i, child in enumerate(tree)]
        return _joined(parts, build)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(tree, numpy.ndarray):
        leaves, build = flatten(tree.ravel().tolist(), what)
        return leaves, lambda new: _array(numpy, build(new), tree.shape)
    if hasattr(tree, "iloc"):
        leaves, build = flatten(tree.to_numpy(), what)
        return leaves, lambda new: _labelled(tree, build(new))
    raise TypeError(
        f"{what} is a {_kind(tree)}; derivatives are taken of numbers and Values, "
        "and of lists, tuples, dicts, arrays and tables of them"
    )


def flatten_like(tree: Any, like: Any, what: str) -> list[Any]:
    """The numbers of a tree in the order in which `flatten` gives those of `like`.

    Raises:
        TypeError: something in the tree is neither a number nor a container of them.
        ValueError: the tree is built in another way than `like`: other keys, lengths or
            array shapes, or a number in place of a container.

    >>> flatten_like({"b": 1.0, "a": [2.0]}, {"a": [0.0], "b": 0.0}, "x")
    [2.0, 1.0]
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            raise ValueError(f"{what} must be a dict with the keys {list(like)}, got {tree!r}")
        parts = [flatten_like(tree[key], like[key], f"{what}[{key!r}]") for key in like]
    elif isinstance(like, list | tuple):
        if not isinstance(tree, list | tuple) or len(tree) != len(like):
            raise ValueError(f"{what} must be a {_kind(like)} of {len(like)}, got {tree!r}")
        if _is_flat(tree) and _is_flat(like):
            return list(tree)
        pairs = enumerate(zip(tree, like))
        parts = [flatten_like(t, each, f"{what}[{i}]") for i, (t, each) in pairs]
    else:
        shape = getattr(like, "shape", ())
        if isinstance(tree, dict | list | tuple) or getattr(tree, "shape", ()) != shape:
            wanted = f"an array of shape {shape}" if shape else "a number"
            raise ValueError(f"{what} must be {wanted}, got {tree!r}")
        parts = [flatten(tree, what)[0]]
    return [leaf for part in parts for leaf in part]


def _kind(tree: Any) -> str:
    return type(tree).__name__


def _is_flat(tree: Sequence[Any]) -> bool:
    """Whether all children are leaves as they stand."""
    return all(type(child) is float or type(child) is Value for child in tree)


def _only(leaves: Sequence[Any]) -> Any:
    (leaf,) = leaves
    return leaf


def _joined(
    parts: list[tuple[list[Any], Rebuild]], build: Callable[[list[Any]], Any]
) -> tuple[list[Any], Rebuild]:
    def rebuild(leaves: Sequence[Any]) -> Any:
        children, start = [], 0
        for part, child in parts:
            children.append(child(leaves[start : start + len(part)]))
            start += len(part)
        return build(children)

    return [leaf for part, _ in parts for leaf in part], rebuild


def _array(numpy: Any, children: list[Any], shape: tuple[int, ...]) -> Any:
    if all(type(child) is list and _is_flat(child) for child in children):
        children = [*map(numpy.array, children)]
    if children and all(isinstance(child, numpy.ndarray) for child in children):
        return numpy.stack(children).reshape(shape + children[0].shape)
    if all(type(child) is float for child in children):
        return numpy.array(children, dtype=float).reshape(shape)
    result = numpy.empty(len(children), dtype=object)
    for i, child in enumerate(children):
        result[i] = child
    if any(type(child) is Value for child in children):
        from autograd.arrays import ValueArray

        result = result.view(ValueArray)
    return result.reshape(shape)


def _labelled(table: Any, array: Any) -> Any:
    """An array with the labels of a table, if it has the table's shape."""
    if array.shape != table.shape:  # of a Jacobian
        return array
    return type(table)(array, **{n: getattr(table, n) for n in LABELS if hasattr(table, n)})


def labels(table: Any) -> tuple[Any, ...]:
    """What the rows and columns of a table are called."""
    found: list[Any] = [getattr(table, name, None) for name in LABELS]
    return tuple([tuple(each) if hasattr(each, "tolist") else each for each in found])


def as_rows(x: Any) -> Any:
    """The array that a table or a column of pandas holds; of anything else, itself."""
    return x.to_numpy() if hasattr(x, "to_numpy") else x


def without_axes(x: Any) -> Any:
    """The number that an array of shape () holds, as `np.where` gives it; of others, itself."""
    return x.item() if getattr(x, "shape", None) == () else x
