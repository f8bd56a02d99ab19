"""NumPy arrays of Values, which a transform hands to a function that is given an array.

Operators, products, sums and most of NumPy's functions are NumPy's own, on objects; the others
are in `numpy_functions.py`.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.core.hints import called
from autograd.core.operand import real
from autograd.core.operations import numpy_functions
from autograd.core.value import Value

__all__ = ["ValueArray", "array", "as_objects", "bare", "of_rows", "wrapped"]


REDUCTIONS = ("argmax", "argmin", "cumsum", "max", "mean", "min", "prod", "std", "sum", "var")


class Numbers(np.ndarray[Any, Any]):
    """The `data` or the `grad` of an array of Values: to write into it sets them.

    Other views of it can only be read, so that no change is lost in silence.

    Attributes:
        values: the Values, in the same places; None in a copy, and in other views.
        name: "data" or "grad".
    """

    values: Any = None
    name: str

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __getitem__(self, key: Any) -> Any:
        part: Any = super().__getitem__(key)
        if self.values is not None and np.may_share_memory(part, self):
            part.values, part.name = self.values[key], self.name
        return part

    def __setitem__(self, key: Any, numbers: Any) -> None:
        if self.values is not None:
            self.flags.writeable = True
        elif not self.flags.writeable:
            raise ValueError(
                "this view of an array's data or grad can't be written: write x.data[…] = …"
            )
        super().__setitem__(key, numbers)
        if self.values is not None:
            self.flags.writeable = False
            chosen, floats = bare(self.values[key]), np.asarray(self)[key]
            for x, number in zip(chosen.flat, np.ravel(floats)):
                setattr(x, self.name, float(number))

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **options: Any) -> Any:
        outs = options.get("out", ())
        if outs:
            options["out"] = tuple(map(np.array, outs))
        plain = [np.asarray(x) if type(x) is Numbers else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        for out, numbers in zip(outs, options.get("out", ())):
            out[...] = numbers
        return outs[0] if len(outs) == 1 else outs or result


class ValueArray(np.ndarray[Any, Any]):
    """An array of Values; `autograd.array` makes one.

    Its methods take PyTorch's `dim` and `keepdim`, too.
    """

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **options: Any) -> Any:
        return numpy_functions().apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions().apply_function(func, args, kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) is not Value:  # each number is a Value of its own
            given, shape = as_objects(value, "array"), np.shape(bare(self)[key])
            value = array(np.broadcast_to(given, shape) if given.ndim < len(shape) else given)
            value = value if value.ndim else value[()]
        super().__setitem__(key, value)

    def view(self, *kind: Any, **kinds: Any) -> Any:  # pyright: ignore
        """A view as NumPy's; of integers, the same elements in that shape, as PyTorch's."""
        if kind and all(isinstance(each, int) for each in kind):
            return self.reshape(kind)
        return super().view(*kind, **kinds)

    @property  # type: ignore[misc]
    def real(self) -> Any:  # pyright: ignore
        """The array itself; NumPy would copy it."""
        return self

    def zero_grad(self) -> None:
        """Set every element's `grad` to 0."""
        self.grad = 0.0

    def __float__(self) -> float:
        name = called()
        raise TypeError(
            f"{name or 'float'} takes a number, not an array; write np.{name}(x), or take the "
            "numbers, x.data"
        )

    @property
    def data(self) -> Any:
        """Their numbers: an array of floats, through which no gradient flows."""
        return self._numbers("data")

    @data.setter
    def data(self, numbers: Any) -> None:
        self._numbers("data")[...] = numbers

    @property
    def grad(self) -> Any:
        """Their gradients: an array of floats."""
        return self._numbers("grad")

    @grad.setter
    def grad(self, numbers: Any) -> None:
        self._numbers("grad")[...] = 0.0 if numbers is None else numbers

    def _numbers(self, name: str) -> Numbers:
        values = bare(self)
        floats = np.array([getattr(x, name) for x in values.ravel()], dtype=float)
        numbers = floats.reshape(self.shape).view(Numbers)
        numbers.flags.writeable = False
        numbers.values, numbers.name = values, name
        return numbers

    @property  # type: ignore[misc]
    def imag(self) -> Any:  # pyright: ignore
        """Zeros, as of all real numbers."""
        return np.zeros_like(self)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:  # pyright: ignore
        """Each element rounded to so many decimals; its derivative is 0."""
        return np.round(self, decimals)


def _reduction(name: str) -> Any:
    """NumPy's method, which takes PyTorch's names of its arguments, too."""
    method = getattr(np.ndarray, name)

    @wraps(method)
    def reduced(self: Any, *args: Any, **options: Any) -> Any:
        names = {"dim": "axis", "keepdim": "keepdims"}
        return method(self, *args, **{names.get(key, key): x for key, x in options.items()})

    return reduced


for _name in REDUCTIONS:
    setattr(ValueArray, _name, _reduction(_name))


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
