"""Programs: a function is recorded once and replayed over many samples."""

from autograd.program.compiled import Compiled, compile
from autograd.program.program import Program

__all__ = ["Compiled", "Program", "compile"]
