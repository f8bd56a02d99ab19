"""The options of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from autograd.show.text import NUMBER_FORMAT, check_format

__all__ = ["Options"]

CHOICES: dict[str, tuple[str | None, ...]] = {
    "rankdir": ("LR", "RL", "TB", "BT"),
    "collapse": ("auto", "neuron", "layer", "scope", None),
    "theme": ("auto", "light", "dark"),
    "arrows": ("weight", "gradient", "local"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a picture.

    Attributes:
        rankdir: where the result is, seen from the leaves: "LR" (to the right), "RL",
            "TB" (below) or "BT".
        collapse: "neuron" or "layer" draws each neuron, or each layer, of a model as one
            box, "scope" what was computed in each `autograd.scope`; "auto" draws neurons or
            scopes, and as much as fits a page of 1280 × 800 with text of
            9 pixels: it writes what one formula alone uses in that formula, or what is
            alike once; unless `depth` is given, or `max_nodes` is None. None never does.
        depth: draw what is at most so many operations away from the result; None is all.
        max_nodes: draw no more boxes than this, those that most of the gradient flows through;
            None is all.
        theme: "light", "dark", or "auto" for what the reader's system prefers.
        values, gradients: whether the nodes show their data, and their grad.
        arrows: what the arrows of a network show, in number and look: the "weight", its
            "gradient" ∂L/∂w, or the "local" derivative, which all other arrows show.
        format: how numbers are written, as the built-in `format` takes it.
        title: what the picture is called; a description of the graph unless given.

    >>> Options().changed(rankdir="TB").rankdir
    'TB'
    """

    rankdir: str = "LR"
    collapse: str | None = "auto"
    depth: int | None = None
    max_nodes: int | None = 200
    theme: str = "auto"
    values: bool = True
    gradients: bool = True
    arrows: str = "weight"
    format: str = NUMBER_FORMAT
    title: str | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            offered = f"one of {', '.join(map(repr, choices))}"
            self._require(name, getattr(self, name) in choices, ValueError, offered)
        for name in ("values", "gradients"):
            self._require(name, type(getattr(self, name)) is bool, TypeError, "True or False")
        for name in ("depth", "max_nodes"):
            count = getattr(self, name)
            whole = count is None or type(count) is int
            self._require(name, whole, TypeError, "an integer or None")
            self._require(name, count is None or count >= 1, ValueError, "at least 1")
        self._require(
            "title", isinstance(self.title, str | None), TypeError, "a string or None"
        )
        check_format(self.format)

    def _require(self, name: str, holds: bool, error: type[Exception], what: str) -> None:
        if not holds:
            raise error(f"{name} must be {what}, got {getattr(self, name)!r:.80}")

    def changed(self, **changes: Any) -> Self:
        """The same options but for these.

        Raises:
            TypeError: there is no option of that name, or a value is of the wrong type.
            ValueError: a value is not one of those offered.
        """
        for name in changes:
            if name not in self.__annotations__:
                raise TypeError(
                    f"there is no option {name!r}; there are {', '.join(self.__annotations__)}"
                )
        return replace(self, **changes)
