"""Programs: a function is recorded once and replayed over many samples.

Read in this order: tape, record; the passes share, gather, guards and reroll;
batch; expressions, rules, lower, source; program, arguments, paths, compiled.
"""

from autograd.program.compiled import Compiled, compile
from autograd.program.program import Program

__all__ = ["Compiled", "Program", "compile"]
