"""JavaScript: the table of primitives by its rules, and the layout of pictures."""

from autograd.javascript.words import PRODUCT, JavaScript, UntranslatableError, module

__all__ = ["PRODUCT", "JavaScript", "UntranslatableError", "module"]
