"""A scalar reverse-mode automatic differentiation engine to read, step through and trust."""

from autograd.functional import *  # noqa: F403
from autograd.functional import __all__ as _functions
from autograd.functional import abs, pow, sum  # noqa: F401
from autograd.primitives import primitive
from autograd.value import Primitive, Value, no_grad

__version__ = "0.1.0"
__all__ = ["Primitive", "Value", "no_grad", "primitive", *_functions]
