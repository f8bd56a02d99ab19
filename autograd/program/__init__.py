"""Programs: a function is recorded once and replayed over many samples.

Read in this order: tape, record; the passes share, gather, guards and reroll; ir/block;
expressions, rules; passes/vectorize, vjp and jvp; targets/source; program, arguments, paths,
compiled. For the kernel: targets/instructions, placement, kernel_code and scalar_code.
"""

from autograd.program.compiled import Compiled, compile
from autograd.program.program import Program

__all__ = ["Compiled", "Program", "compile"]
