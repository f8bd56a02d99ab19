"""A scalar reverse-mode automatic differentiation engine to read, step through and trust.

`Value` records what is computed with it: `y.backward()` gives every input its gradient, and
`y.graph()` and `y.steps()` show how. `grad`, `jacobian`, `hessian` and others differentiate
functions, `compile` replays one over many samples, and `autograd.testing` checks derivatives.
"""

import sys

if (  # `python -m autograd` imports this first: Ctrl-C gives no traceback from here on
    sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)] in ("autograd", "-mautograd")
):  # pragma: no cover: a process of its own
    from autograd.cli.ending import hide_interrupts

    hide_interrupts()

from importlib.util import find_spec as _find_spec
from os.path import dirname, exists
from typing import TYPE_CHECKING

if exists(f"{dirname(__file__)}/numpy"):
    raise ImportError(
        "the packages 'autograd' and 'scalar-autograd' are installed over each other: both "
        "call themselves `autograd`. Make a fresh virtual environment and install one of them."
    )
del dirname, exists, sys

from autograd.build.binaries import choose as _choose_build  # noqa: E402

_choose_build()

from autograd import transforms  # noqa: E402
from autograd.core import functions, special  # noqa: E402
from autograd.core.blocks import lines, no_grad, scope  # noqa: E402
from autograd.core.define import primitive  # noqa: E402
from autograd.core.functions import *  # noqa: E402, F403
from autograd.core.hints import HINTS as _HINTS  # noqa: E402
from autograd.core.hints import missing as _missing  # noqa: E402
from autograd.core.operations import use_numpy_functions as _use_numpy_functions  # noqa: E402
from autograd.core.primitive import Primitive  # noqa: E402
from autograd.core.special import *  # noqa: E402, F403
from autograd.core.table import *  # noqa: E402, F403
from autograd.core.value import Value  # noqa: E402
from autograd.transforms import *  # noqa: E402, F403
from autograd.trees import register_pytree_node  # noqa: E402

if TYPE_CHECKING:
    from autograd import linalg as linalg
    from autograd import testing as testing
    from autograd.cli.playing import play as play
    from autograd.core import table
    from autograd.custom import custom_vjp
    from autograd.least_squares import curve_fit
    from autograd.program.compile import compile as compile
    from autograd.show.graph import Graph
    from autograd.show.stepper import Stepper
    from autograd.show.terminal import step
    from autograd.solve import fixed_point, root
    from autograd.sparse import sparse_hessian, sparse_jacobian
    from autograd.uncertainty import propagate
    from autograd.value_array import array as array

__version__ = "0.1.0"
__all__ = ["Graph", "Primitive", "Stepper", "Value", "custom_vjp"]
__all__ += [
    "fixed_point",
    "lines",
    "no_grad",
    "play",
    "primitive",
    "propagate",
    "register_pytree_node",
    "root",
    "scope",
]
__all__ += ["sparse_hessian", "sparse_jacobian", "step"]
__all__ += functions.__all__
__all__ += special.__all__
__all__ += transforms.__all__
if TYPE_CHECKING or _find_spec("numpy"):  # else `import *` goes without
    __all__ += ["array", "curve_fit"]
if TYPE_CHECKING:
    __all__ += table.__all__  # pyright does not follow how `functions` chooses among them

# Imported when first asked for, so that `import autograd` stays quick.
_LATER = {
    "array": "value_array",
    "linalg": "linalg",
    "Graph": "show.graph",
    "Stepper": "show.stepper",
    "compile": "program.compile",
    "curve_fit": "least_squares",
    "custom_vjp": "custom",
    "fixed_point": "solve",
    "play": "cli.playing",
    "propagate": "uncertainty",
    "root": "solve",
    "sparse_hessian": "sparse",
    "sparse_jacobian": "sparse",
    "step": "show.terminal",
    "testing": "testing",
}


def _numpy_functions() -> object:
    from autograd import numpy_functions

    return numpy_functions


_use_numpy_functions(_numpy_functions)


def __getattr__(name: str) -> object:
    if name not in _LATER:
        hint = _HINTS["autograd"].get(name)
        _missing("autograd", name, f"; {hint}" if hint else "")
    from importlib import import_module

    module = import_module(f"autograd.{_LATER[name]}")
    attribute: object = module if name == _LATER[name] else getattr(module, name)
    globals()[name] = attribute
    return attribute


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
