"""NumPy arrays of Values, which a transform hands to a function that is given an array.

Operators, products, sums and most of NumPy's functions are NumPy's own, on objects; the others
are in `numpy_functions.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.core.hints import called
from autograd.core.operand import real
from autograd.core.operations import numpy_functions
from autograd.core.value import Value

__all__ = ["ValueArray", "array", "as_objects", "bare", "of_rows", "wrapped"]


class ValueArray(np.ndarray[Any, Any]):
    """An array of Values; `autograd.array` makes one."""

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **options: Any) -> Any:
        return numpy_functions().apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions().apply_function(func, args, kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value if type(value) is Value else array(value))

    def __float__(self) -> float:
        name = called()
        raise TypeError(
            f"{name or 'float'} takes a number, not an array; write np.{name}(x), or take the "
            "numbers, x.data"
        )

    @property
    def data(self) -> Any:
        """Their numbers: an array of floats, through which no gradient flows."""
        return np.array([x.data for x in self.ravel()], dtype=float).reshape(self.shape)

    @data.setter
    def data(self, numbers: Any) -> None:
        for x, number in zip(
            self.flat, np.broadcast_to(np.array(numbers, float), self.shape).flat
        ):
            x.data = number

    @property
    def grad(self) -> Any:
        """Their gradients: an array of floats."""
        return np.array([x.grad for x in self.ravel()], dtype=float).reshape(self.shape)

    @property  # type: ignore[misc]
    def imag(self) -> Any:  # pyright: ignore
        """Zeros, as of all real numbers."""
        return np.zeros_like(self)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:  # pyright: ignore
        """Each element rounded to so many decimals; its derivative is 0."""
        return np.round(self, decimals)


def array(x: Any) -> Any:
    """An array of Values: of a number, a Value, an array, or nested lists and tuples of these.

    What is computed with it is of Values, too, also where a constant wins, as in
    `np.maximum(x, 1.0)`, or is put beside a Value, which `np.array` would keep a number.

    Raises:
        TypeError: something in x is neither a number nor a Value.
        ValueError: x has parts of different lengths.

    >>> import numpy as np
    >>> p = [Value(2.0), Value(3.0)]
    >>> np.log(np.maximum(array([p[0], 0.0]), 1.0))[1].data
    0.0
    """
    objects = as_objects(x, "array")
    flat = objects.ravel()
    for i, each in enumerate(flat):
        if type(each) is not Value:
            flat[i] = Value(each)
    return flat.reshape(objects.shape).view(ValueArray)


def as_objects(x: Any, what: str) -> Any:
    """A new plain array of the Values and floats in x; errors as `array`, naming `what`."""
    objects = np.array(bare(x), dtype=object)
    flat = objects.ravel()
    for i, each in enumerate(flat):
        if type(each) is not Value:
            flat[i] = number = real(each)
            if isinstance(each, list | tuple):
                raise ValueError(f"{what}: the shape is ragged, with {each!r:.80} in it")
            if number is None:
                raise TypeError(f"{what} takes numbers and Values, got {each!r:.80}")
    return objects


def bare(x: Any) -> Any:
    """An operand as NumPy knows it."""
    if type(x) is Value:
        box = np.empty((), dtype=object)
        box[()] = x
        return box
    return x.view(np.ndarray) if type(x) is ValueArray else x


def wrapped(x: Any) -> Any:
    """A result of NumPy; as an array of Values, if it is of objects."""
    return x.view(ValueArray) if type(x) is np.ndarray and x.dtype == object else x


def of_rows(
    rule: Any, name: str, a: Any, axis: Any = 0, keepdims: Any = False, **options: Any
) -> Any:
    """A function of many numbers, along axes."""
    more = [options.pop("initial")] if "initial" in options else []
    chosen = np.broadcast_to(options.pop("where", True), a.shape)
    if set(options) - {"out", "dtype"} or options.get("out", (None,))[0] is not None:
        raise TypeError(f"np.{name} of Values takes axis, keepdims, initial and where")
    axes = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    rest = [n for i, n in enumerate(a.shape) if i not in axes]
    rows, masks = [
        np.moveaxis(each, axes, range(-len(axes), 0)).reshape(*rest, -1) for each in (a, chosen)
    ]
    objects = np.empty(rest, dtype=object)
    for place in np.ndindex(*rest):
        objects[place] = rule(*rows[place][masks[place]], *more)
    return np.expand_dims(objects, axes) if keepdims else objects[()]
