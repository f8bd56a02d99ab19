"""A scalar reverse-mode automatic differentiation engine to read, step through and trust."""

from os.path import dirname, exists

if exists(f"{dirname(__file__)}/numpy"):
    raise ImportError(
        "the packages 'autograd' and 'scalar-autograd' are installed over each other: both "
        "call themselves `autograd`. Make a fresh virtual environment and install one of them."
    )
del dirname, exists

from autograd.build import choose as _choose_build  # noqa: E402

_choose_build()

from autograd import functional, transforms  # noqa: E402
from autograd.functional import *  # noqa: E402, F403
from autograd.functional import abs as abs  # noqa: E402
from autograd.functional import pow as pow  # noqa: E402
from autograd.functional import sum as sum  # noqa: E402
from autograd.primitive import Primitive  # noqa: E402
from autograd.primitives import primitive  # noqa: E402
from autograd.transforms import *  # noqa: E402, F403
from autograd.value import Value, no_grad  # noqa: E402

__version__ = "0.1.0"
__all__ = ["Primitive", "Value", "no_grad", "primitive"]
__all__ += functional.__all__
__all__ += transforms.__all__
