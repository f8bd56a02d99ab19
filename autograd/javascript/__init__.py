"""JavaScript: the table of primitives by its rules."""

from autograd.javascript.words import PRODUCT, JavaScript, UntranslatableError, module

__all__ = ["PRODUCT", "JavaScript", "UntranslatableError", "module"]
