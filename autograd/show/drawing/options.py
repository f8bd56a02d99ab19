"""What a picture shows, and how."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from autograd.show.text import FORMAT, check_format

__all__ = ["Options"]

CHOICES: dict[str, tuple[str | None, ...]] = {
    "rankdir": ("LR", "RL", "TB", "BT"),
    "collapse": ("auto", "neuron", "layer", None),
    "theme": ("auto", "light", "dark"),
}
COUNTS = ("depth", "max_nodes")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a picture.

    Attributes:
        rankdir: where the result is, seen from the leaves: "LR" (to the right), "RL",
            "TB" (below) or "BT".
        collapse: "neuron" or "layer" draws each neuron, or each layer, of a model as one
            box; "auto" does so only as far as `max_nodes` asks for it, and draws layers
            where neurons or inputs would stand in columns of more than 20; None never.
        depth: draw what is at most so many operations away from the result; None is all.
        max_nodes: draw no more boxes than this, those nearest to the result; None is all.
        theme: "light", "dark", or "auto" for what the reader's system prefers.
        values, gradients: whether the nodes show their data, and their grad.
        format: how numbers are written, as the built-in `format` takes it.
        title: what the picture is called; a description of the graph unless given.
        engine: the command that lays out, as a path or a name; found if None.
        timeout: how many seconds the layout may take.

    >>> Options().changed(rankdir="TB").rankdir
    'TB'
    """

    rankdir: Literal["LR", "RL", "TB", "BT"] = "LR"
    collapse: Literal["auto", "neuron", "layer"] | None = "auto"
    depth: int | None = None
    max_nodes: int | None = 200
    theme: Literal["auto", "light", "dark"] = "auto"
    values: bool = True
    gradients: bool = True
    format: str = FORMAT
    title: str | None = None
    engine: str | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                offered = ", ".join(map(repr, choices))
                raise ValueError(
                    f"{name} must be one of {offered}, got {getattr(self, name)!r:.80}"
                )
        for name in ("values", "gradients"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(
                    f"{name} must be True or False, got {getattr(self, name)!r:.80}"
                )
        for name in COUNTS:
            count = getattr(self, name)
            if count is not None and type(count) is not int:
                raise TypeError(f"{name} must be an integer or None, got {count!r}")
            if count is not None and count < 1:
                raise ValueError(f"{name} must be at least 1, got {count}")
        for name in ("title", "engine"):
            if not isinstance(getattr(self, name), str | None):
                raise TypeError(f"{name} must be a string or None, got {getattr(self, name)!r}")
        check_format(self.format)
        if not isinstance(self.timeout, int | float) or isinstance(self.timeout, bool):
            raise TypeError(f"timeout must be a number of seconds, got {self.timeout!r}")
        if not self.timeout > 0:
            raise ValueError(
                f"timeout must be a number of seconds above 0, got {self.timeout!r}"
            )

    def changed(self, **changes: Any) -> Self:
        """The same options but for these.

        Raises:
            TypeError: there is no option of that name, or a value is of the wrong type.
            ValueError: a value is not one of those offered.
        """
        names = [option.name for option in fields(self)]
        for name in changes:
            if name not in names:
                raise TypeError(f"there is no option {name!r}; there are {', '.join(names)}")
        return replace(self, **changes)
