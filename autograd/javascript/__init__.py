"""The table of primitives as JavaScript, made of its own rules."""

from autograd.javascript.translate import UntranslatableError, module

__all__ = ["UntranslatableError", "module"]
