"""The table of primitives as JavaScript, made of its own rules."""

from autograd.javascript.translate import PRODUCT, UntranslatableError, module

__all__ = ["PRODUCT", "UntranslatableError", "module"]
