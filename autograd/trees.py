"""Nested structures of numbers, taken apart and put together.

They are lists, tuples, dicts, dataclasses, types that are registered, arrays, and tables and
columns of pandas.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from copy import copy
from functools import lru_cache
from typing import Any, NamedTuple

from autograd.core.operand import real
from autograd.core.value import Value

__all__ = ["LABELS", "NUMBER", "Structure", "as_rows", "children_of", "flatten", "flatten_like"]
__all__ += ["labelled", "labels", "register_pytree_node", "structure", "without_axes"]

Rebuild = Callable[[Sequence[Any]], Any]
LEAVES = {float, int, Value}
LABELS = ("index", "columns", "name")  # of pandas
STATIC = str | bytes | bool | None  # fields of dataclasses that are no numbers
ARITHMETIC = [f"__{name}__" for name in ("add", "radd", "sub", "mul", "rmul", "truediv", "pow")]

_registered: dict[type, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {}


def register_pytree_node(
    nodetype: type,
    flatten_func: Callable[[Any], tuple[Sequence[Any], Any]],
    unflatten_func: Callable[[Any, Any], Any],
) -> None:
    """Let objects of a type be structures of numbers, as JAX's function of this name.

    Args:
        flatten_func: gives an object's children, and what else it takes to make one.
        unflatten_func: makes an object, of that and other children.

    Raises:
        TypeError: `nodetype` is no type, or the others are no functions.
        ValueError: it is a structure already.

    >>> class Line:
    ...     def __init__(self, slope, start):
    ...         self.slope, self.start = slope, start
    >>> register_pytree_node(Line, lambda x: ([x.slope, x.start], None), lambda _, c: Line(*c))
    >>> leaves, rebuild = flatten(Line(2.0, 1.0), "x")
    >>> leaves, rebuild([3.0, 4.0]).slope
    ([2.0, 1.0], 3.0)
    """
    if not isinstance(nodetype, type):
        raise TypeError(f"register_pytree_node takes a type, got {nodetype!r:.80}")
    for function in (flatten_func, unflatten_func):
        if not callable(function):
            raise TypeError(f"register_pytree_node takes functions, got {function!r:.80}")
    if nodetype in (dict, list, tuple, Value) or nodetype in _registered:
        raise ValueError(f"register_pytree_node: {nodetype.__name__} is a structure already")
    _registered[nodetype] = flatten_func, unflatten_func


class Children(NamedTuple):
    """The children of a structure, and how to put others in their places.

    Attributes:
        places: how each is reached, as code.
        parts: the children.
        build: makes such a structure of others.
        rest: what else tells it from others of its type.
    """

    places: list[str]
    parts: list[Any]
    build: Rebuild
    rest: Any = None


def children_of(tree: Any) -> Children | None:
    """A structure's children; None of an array, a table or a number."""
    kind = type(tree)
    if kind is float or kind is Value:
        return None
    if kind in _registered:
        flat, unflat = _registered[kind]
        parts, rest = flat(tree)
        places = [f"[{i}]" for i in range(len(parts))]
        return Children(places, [*parts], lambda new: unflat(rest, new), rest)
    if isinstance(tree, dict):
        keys = list(tree)
        places = [f"[{key!r}]" for key in keys]
        names: Any = tuple(keys)
        if not {*map(type, keys)} <= {str}:  # True and 1 are equal, and not the same key
            names = frozenset(enumerate([(type(key), key) for key in keys]))
        return Children(places, [*tree.values()], lambda new: dict(zip(keys, new)), names)
    if isinstance(tree, list | tuple):
        return Children([f"[{i}]" for i in range(len(tree))], [*tree], _maker(tree))
    if not hasattr(tree, "__dataclass_fields__") or isinstance(tree, type):
        return None
    import dataclasses

    every = {each.name: getattr(tree, each.name) for each in dataclasses.fields(tree)}
    names = [key for key, part in every.items() if not isinstance(part, STATIC)]

    def replaced(new: Sequence[Any]) -> Any:
        twin = copy(tree)
        for key, part in zip(names, new):
            object.__setattr__(twin, key, part)
        return twin

    rest = tuple([(key, part) for key, part in every.items() if key not in names])
    return Children([f".{key}" for key in names], [every[key] for key in names], replaced, rest)


class Structure:
    """How a tree of numbers is built.

    Attributes:
        kind: float of a number; else the type of the tree.
        key: equal for trees that are built in the same way.
        parts: the structures of the children; none where all of them are numbers.
        size: the number of leaves.
        make: makes such a tree of other children.
        shape: of an array, or of a list or tuple of numbers.
    """

    __slots__ = "key", "kind", "make", "parts", "shape", "size"

    def __init__(
        self,
        kind: type,
        key: Any,
        make: Rebuild,
        parts: Sequence[Structure] = (),
        size: int = 1,
        shape: tuple[int, ...] = (),
    ) -> None:
        self.kind, self.key, self.make, self.shape = kind, key, make, shape
        self.parts = [*parts]
        self.size: int = sum([part.size for part in parts]) if parts else size

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """Make such a tree of other leaves."""
        if not self.parts:
            return self.make(leaves)
        children, start = [], 0
        for part in self.parts:
            children.append(part.rebuild(leaves[start : start + part.size]))
            start += part.size
        return self.make(children)

    def leaves(self, tree: Any) -> list[Any] | None:
        """The leaves of a tree that is built in this way; None of any other."""
        leaves: list[Any] = []
        try:
            return leaves if _walked(tree, "", leaves).key == self.key else None
        except TypeError:
            return None


def _only(leaves: Sequence[Any]) -> Any:
    (leaf,) = leaves
    return leaf


NUMBER = Structure(float, (), _only)


def structure(tree: Any, what: str) -> Structure:
    """How a tree is built; arguments and errors as of `flatten`."""
    return _walked(tree, what, None)


def flatten(tree: Any, what: str) -> tuple[list[Any], Rebuild]:
    """The numbers of a tree in order, and the function that puts others in their places.

    Args:
        tree: a number or Value; or a list, tuple, namedtuple, dict, dataclass, registered
            type or array of trees; or a table or column of pandas. Of a dataclass, strings,
            bools and None stay what they are.
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
    leaves: list[Any] = []
    return leaves, _walked(tree, what, leaves).rebuild


def _walked(tree: Any, what: str, leaves: list[Any] | None) -> Structure:
    """The structure of a tree, whose leaves are added to a list if there is one."""
    kind: Any = type(tree)
    number = tree if kind is Value else real(tree)
    if number is not None:
        if kind not in LEAVES and _computes_otherwise(kind):
            raise TypeError(
                f"{what} is a {_kind(tree)}, with operators of its own, by which no Value "
                "computes; give float(x)"
            )
        if leaves is not None:
            leaves.append(number)
        return NUMBER
    if isinstance(tree, list | tuple) and {*map(type, tree)} <= LEAVES:
        if leaves is not None:
            leaves += [float(x) if type(x) is int else x for x in tree]
        count = len(tree)
        return Structure(kind, (kind, count, ()), _maker(tree), (), count, (count,))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(tree, numpy.ndarray) and kind not in _registered:
        return _array_structure(numpy, tree, what, leaves)
    children = children_of(tree)
    if children is not None:
        both = zip(children.parts, children.places)
        parts = [_walked(part, what + place, leaves) for part, place in both]
        keys = [part.key for part in parts]
        same = bool(keys) and keys.count(keys[0]) == len(keys)
        key: Any = (kind, len(keys), keys[0] if same else tuple(keys))
        if not isinstance(tree, list | tuple):
            key = *key, children.rest if kind is dict else repr(children.rest)
        return Structure(kind, key, children.build, parts, 0)
    table: Any = tree
    if hasattr(table, "iloc"):
        part = _walked(table.to_numpy(), what, leaves)
        return Structure(kind, (kind, labels(table)), lambda new: labelled(table, *new), [part])
    raise TypeError(
        f"{what} is a {_kind(tree)}; derivatives are taken of numbers and Values, "
        "and of lists, tuples, dicts, dataclasses, arrays and tables of them; of a type of "
        "your own after autograd.register_pytree_node"
    )


@lru_cache
def _computes_otherwise(kind: type) -> bool:
    """Whether a type is a float with operators of its own, but for NumPy's."""
    own = any(getattr(kind, name, None) is not getattr(float, name) for name in ARITHMETIC)
    return own and issubclass(kind, float) and kind.__module__ != "numpy"


def _array_structure(numpy: Any, array: Any, what: str, leaves: list[Any] | None) -> Structure:
    shape, parts = array.shape, []
    if array.dtype.kind not in "fiub" or type(array) is not numpy.ndarray:
        elements = _walked(array.ravel().tolist(), what, leaves)
        parts = elements.parts if {part.size for part in elements.parts} - {1} else []
    elif leaves is not None:
        leaves += array.ravel().astype(float, copy=False).tolist()
    keys = [part.key for part in parts]
    key = (numpy.ndarray, shape, *keys) if shape else ()
    return Structure(
        numpy.ndarray, key, lambda new: _array(numpy, [*new], shape), parts, array.size, shape
    )


def _maker(tree: Any) -> Rebuild:
    """The function that makes a list or a tuple like this one."""
    return getattr(type(tree), "_make", list if isinstance(tree, list) else tuple)


def flatten_like(tree: Any, like: Any, what: str) -> list[Any]:
    """The numbers of a tree in the order in which `flatten` gives those of `like`.

    Raises:
        TypeError: something in the tree is neither a number nor a container of them.
        ValueError: the tree is built in another way than `like`: other keys, lengths or
            array shapes, or a number in place of a container.

    >>> flatten_like({"b": 1.0, "a": [2.0]}, {"a": [0.0], "b": 0.0}, "x")
    [2.0, 1.0]
    """
    sequences = isinstance(like, list | tuple) and isinstance(tree, list | tuple)
    if sequences and len(tree) == len(like) and _is_flat(tree) and _is_flat(like):
        return [*tree]
    if isinstance(like, dict) and isinstance(tree, dict) and tree.keys() == like.keys():
        tree = {key: tree[key] for key in like}
    wanted: Any = children_of(like)
    given: Any = children_of(tree)
    fits = wanted and given and wanted.places == given.places
    if fits and (sequences or isinstance(tree, dict if isinstance(like, dict) else type(like))):
        each = zip(wanted.places, given.parts, wanted.parts)
        parts = [flatten_like(part, other, what + place) for place, part, other in each]
        return [leaf for part in parts for leaf in part]
    if wanted is None:
        shape = getattr(like, "shape", ())
        if given is None and getattr(tree, "shape", ()) == shape:
            return flatten(tree, what)[0]
        kind = f"an array of shape {shape}" if shape else "a number"
    elif isinstance(like, list | tuple):
        kind = f"a {_kind(like)} of {len(like)}"
    else:
        kind = f"a {_kind(like)} with {', '.join(wanted.places)}"
    raise ValueError(f"{what} must be {kind}, got {tree!r}")


def _kind(tree: Any) -> str:
    return type(tree).__name__


def _is_flat(tree: Sequence[Any]) -> bool:
    """Whether all children are leaves as they stand."""
    return all(type(child) is float or type(child) is Value for child in tree)


def _array(numpy: Any, children: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of an element each; of structures, the structure of arrays of their parts."""
    kinds = set(map(type, children))
    if kinds <= {float}:
        return numpy.array(children, dtype=float).reshape(shape)
    if kinds == {Value}:
        return _objects(numpy, children, shape)
    if all(hasattr(child, "iloc") for child in children):
        children = [child.to_numpy() for child in children]
    first = children_of(children[0])
    if first is not None and not (type(children[0]) is list and _is_flat(children[0])):
        columns = zip(*[children_of(child).parts for child in children])  # type: ignore[union-attr]
        return first.build([_array(numpy, [*column], shape) for column in columns])
    if all(type(child) is list and _is_flat(child) for child in children):
        children = [*map(numpy.array, children)]
    if all(isinstance(child, numpy.ndarray) for child in children):
        stacked = numpy.stack(children)
        return stacked.reshape(shape + stacked.shape[1:])
    return _objects(numpy, children, shape)


def _objects(numpy: Any, children: list[Any], shape: tuple[int, ...]) -> Any:
    from autograd.value_array import ValueArray

    result = numpy.fromiter(children, object, len(children))  # which asks no element for arrays
    return result.view(ValueArray).reshape(shape)


def labelled(table: Any, array: Any) -> Any:
    """An array with the labels of a table, if it has the table's shape."""
    if array.shape != table.shape:  # of a Jacobian
        return array
    return type(table)(array, **{n: getattr(table, n) for n in LABELS if hasattr(table, n)})


def labels(table: Any) -> tuple[Any, ...]:
    """The names of the rows and columns of a table."""
    names: list[Any] = [getattr(table, name, None) for name in LABELS]
    return tuple([tuple(each) if hasattr(each, "tolist") else each for each in names])


def as_rows(x: Any) -> Any:
    """The array that a table or a column of pandas holds; of anything else, itself."""
    return x.to_numpy() if hasattr(x, "to_numpy") else x


def without_axes(x: Any) -> Any:
    """The number that an array of shape () holds, as `np.where` gives it; of others, itself."""
    return x if type(x) is Value or getattr(x, "shape", None) != () else x.item()
