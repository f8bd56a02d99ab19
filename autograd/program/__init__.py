"""Programs: a function is recorded once and replayed over many samples.

One way: function, trace, tape, passes, blocks, target. Read it in this order: `trace/` records
a function as a tape; `ir/` has the tape, and the blocks that it becomes; `passes/` go from one
to the other and from blocks to their derivatives; `targets/` write blocks as NumPy, JAX, ONNX
and code of the `kernel/`. Above them is what people call, and the call path: compile, plan and
recordings; where no plan fits call, arguments, lanes and traces; for both form and results.
"""

from autograd.program.compile import Compiled, compile
from autograd.program.program import Program

__all__ = ["Compiled", "Program", "compile"]
