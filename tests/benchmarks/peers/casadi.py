"""Read a formula from standard input, differentiate it with CasADi, print the times; in JSON.

Value and gradient are one function of its virtual machine, called through its buffers.
"""

import json
import sys
import time
from importlib import import_module
from statistics import median
from typing import Any

casadi: Any = import_module("casadi")  # not by name: type checkers need not have it
np: Any = import_module("numpy")

work = json.load(sys.stdin)
x = casadi.SX.sym("x", len(work["x"]))
space = {"x": [x[i] for i in range(len(work["x"]))], "sin": casadi.sin, "exp": casadi.exp}
exec(work["code"], space)
y = space["y"]
function = casadi.Function("f", [x], [y, casadi.gradient(y, x)])
buffer, trigger = function.buffer()
given, value, slope = np.array(work["x"]), np.zeros(1), np.zeros(len(work["x"]))
buffer.set_arg(0, memoryview(given))
buffer.set_res(0, memoryview(value))
buffer.set_res(1, memoryview(slope))
LOOPS = 100
times = []
for _ in range(200):
    started = time.process_time()
    for _ in range(LOOPS):
        trigger()
    times.append((time.process_time() - started) / LOOPS)
answer = {"seconds": median(times), "result": [float(value[0]), *slope.tolist()]}
print(json.dumps({"version": casadi.__version__, "virtual machine": answer}))
