"""Programs as rows of source: their names, where they are called, and what they compute.

`each(…)` marks an argument whose entries are samples; the last expression is the result.
"""

import ast
import math
from collections.abc import Callable
from textwrap import indent
from typing import Any, NamedTuple

import numpy as np

import autograd
import nn
from autograd import Value
from autograd.core.primitive import TABLE

__all__ = ["EXACT", "ROLLED", "ROWS", "SEVERAL", "Row"]


class Row(NamedTuple):
    """A function, its arguments, and `in_axes`."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    axes: tuple[int | None, ...]


class each(list[Any]):
    """The samples of an argument."""


NAMES = {name: getattr(autograd, name) for name in autograd.__all__}
NAMES |= {"nn": nn, "np": np, "math": math, "TABLE": TABLE, "each": each}
NAMES |= {
    "DATA": [0.25 * i for i in range(16)],
    "FIVE": [0.1, 0.2, 0.3, 0.4, 0.5],
    "PAIRS": each([[0.3, 0.4], [1.3, 2.4], [0.2, 0.9], [1.1, 0.8]]),
    "POINTS": each([[0.7, 1.5, -2.0], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 3.0, 4.0]]),
    "SIGNS": each([1.0, -1.0, 2.0, -2.0]),
    "WEIGHTS": [0.5, 1.5, 0.7, -0.2, 0.3, 1.1, -0.7, 0.4, -1.3, 0.9, 0.2, 0.6, -0.8],
    "OUTSIDE": Value(3.0),
    "BATCH": [0.1, 0.7, -0.3, 2.0, 1.5, 0.0, -4.0, 0.4],
    "WAVES": each([[math.cos(6.0 * i + j) for j in range(6)] for i in range(5)]),
    "LINE": np.linspace(-1.0, 1.2, 15).tolist(),
    "WAVE": np.sin(np.arange(12.0)).tolist(),
    "XS": each([-2.5, -0.5, 0.25, 3.0]),
}


def parsed(text: str) -> dict[str, Row]:
    """Return the rows by their names: "# name @ argument=…, …" above the source."""
    rows = {}
    for part in text.strip().removeprefix("# ").split("\n# "):
        head, _, source = part.partition("\n")
        name, _, given = head.partition(" @ ")
        args = eval(f"dict({given})", dict(NAMES))
        last = ast.parse(source).body[-1].lineno - 1
        lines = source.splitlines()
        lines[last] = f"return {lines[last]}"
        space = dict(NAMES)
        exec(f"def f({', '.join(args)}):\n{indent(chr(10).join(lines), ' ')}", space)
        axes = tuple([0 if type(x) is each else None for x in args.values()])
        values = [[*x] if type(x) is each else x for x in args.values()]
        rows[name] = Row(space["f"], tuple(values), axes)
    return rows


EXACT = parsed("""
# strong zero @ w=[0.0, 0.0], x=each([1.0, 4.0])
sqrt(w[0] * x) * w[1]
# infinite @ w=[0.0, 1.0], x=each([1.0, 4.0])
w[1] * x + sqrt(w[0])
# not a number @ w=[1.0, 0.0], x=each([4.0, 0.0])
x + sqrt(w[0] * w[1])
# minus zero @ w=[0.0, 1.0], x=each([0.0, -0.0, 2.0])
w[1] - w[0] * x
# overflow @ w=[1e200, 1e150], x=each([1.0, -2.0])
w[0] * w[1] * x
# few outputs @ w=[1.0, 2.0, 3.0], x=each([2.0, 3.0])
[w[0] * w[1] * x, w[2] * x]
# many outputs @ w=[1.0, 2.0], x=each([2.0, 3.0])
[w[0] * x, 3.0, w[1], -x]
# no inputs @ w=[], x=each([2.0, 3.0])
x * 2.0
# products @ w=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], x=each([[0.5, -1.0], [2.0, 0.0]])
[dot(w[i : i + 2], x, w[6]) for i in (0, 2, 4)]
# ties @ w=[1.0, 1.0], x=each([0.0, 1.0, 2.0])
maximum(w[0], w[1], x)
# an index @ w=[3.0, 5.0], x=each([0.0, 1.0, -1.0])
w[0] * take(w, x)
# branches @ w=[3.0, 5.0], x=each([0.5, 2.0, 0.25])
w[0] * x if x > 1.0 else w[1] / x
# no samples read @ w=[0.5, 2.0], x=each([0.0, 1.0, 2.0])
fsum([(w[0] * t) ** 2 * w[1] for t in DATA]) + Value(2.0) * 3.0
""")
SEVERAL = parsed("""
# logsumexp @ x=POINTS
logsumexp([x[0], x[1], 2.0])
# logsumexp of equals @ x=POINTS
logsumexp([x[0], x[0], x[1], x[1]])
# extrema @ x=POINTS
maximum(x[0], x[1], 0.5) * minimum(x[0], x[1], x[2])
# hypot and a strong zero @ x=POINTS
hypot(x[0], x[1], x[2]) * hypot(x[2]) + 0.0 * sqrt(0.0 * x[0])
# take @ x=POINTS
take(x, abs(x[0]) // 1.0)
# take of numbers @ x=POINTS
take([2.0, 5.0, 7.0], abs(x[0]) // 1.0) * x[1] * x[2].sin()
# dot and mod @ x=POINTS
dot([x[0], x[1]], [x[1], x[2]], x[0]) % 0.7
# where @ x=POINTS
where(x[0] > x[1], x[0] * x[2], x[1].exp()) * (x[1] // 1.0)
# clip and atan2 @ x=POINTS
clip(x[0], 0.5, 2.0) * atan2(x[1], x[2])
# operations that depend on no operand @ x=POINTS
elu(2.0, x[0]).cbrt() + pow(1.0, x[1]) * leaky_relu(0.5, x[2])
# a product that is not alike @ x=POINTS
(lambda y: dot([*map(sin, y), x[1]], [*map(cos, y), x[2]]))([x[0] * t for t in DATA])
# a term in every lane @ x=POINTS
(lambda y: sum(y) * sum([*map(sin, y), *[x[1].exp()] * 16]))([x[0] + t for t in DATA])
# sums used again @ x=POINTS
sum([(y.tanh() + y.exp().cos()).exp() for y in x] + [x[0].tanh().sin()])
""")
ROWS = parsed("""
# uniform numbers among lanes @ w=WEIGHTS, x=PAIRS
dot([w[0] * w[1], x[0], w[2]], [x[1], w[0] * w[2], x[0]]).sin()
# a number and a lane in one product @ w=WEIGHTS, x=PAIRS
3.0 * x[0] + x[1] * x[1] * w[0]
# biases of all kinds @ w=WEIGHTS, x=PAIRS
fsum([dot([w[0], 2.0], x, bias).tanh() for bias in (1.0, x[1], x[0], 4.0)])
# sums that share rows @ w=WEIGHTS, x=PAIRS
dot(w[1:3], x) * dot(w[:2], x[::-1]).exp()
# one place in all lanes @ w=WEIGHTS, x=PAIRS
take([x[0], x[1], w[0] * x[0]], 2.0) * w[1]
# a product of nothing @ w=WEIGHTS, x=PAIRS
dot([], [], x[0]) * w[1]
# a known choice @ w=WEIGHTS, x=PAIRS
where(True, w[0] * x[0], x[1]) * w[1]
# biases apart @ w=WEIGHTS, x=PAIRS
[w[2 * j] * x[0] + w[2 * j + 1] * x[1] + w[8 - j] for j in range(3)]
# weights stored by input @ w=WEIGHTS[:6], x=PAIRS
[dot(w[j::3], x) for j in range(3)]
# some of such weights @ w=WEIGHTS[:6], x=PAIRS
[dot(w[j::3], x) for j in range(2)]
# layers of relu @ w=WEIGHTS, x=PAIRS
hidden = [relu(dot(w[3 * k : 3 * k + 2], x, w[3 * k + 2])) for k in range(3)]
dot([relu(dot(w[2 * k : 2 * k + 3], hidden, 0.1)) for k in range(3)], [1.0, 2.0, -3.0])
# relu beside its operands @ w=WEIGHTS, x=PAIRS
plain = [dot(w[3 * k : 3 * k + 2], x, w[3 * k + 2]) for k in range(3)]
fsum([relu(y) for y in plain]) + plain[1].sin()
# relu, its operands are outputs @ w=WEIGHTS, x=PAIRS
plain = [dot(w[3 * k : 3 * k + 2], x, w[3 * k + 2]) for k in range(3)]
[fsum([relu(y) for y in plain]), *plain]
# a product beside one of samples @ x=XS, w=[2.0, 0.7]
x + dot(w, w)
# squares of what is uniform @ x=XS, w=2.0
slopes = [leaky_relu(w) for _ in range(4)]
x + exp(w // 3.0) + sum(t * t for t in slopes)
# more results than numbers @ w=0.7, x=XS
[w * x, w + x]
# a sample done by eager @ x=XS, w=0.5
[x * w.exp() + minimum(abs(x) * 1e308, 1.0), x.tanh() + w]
# products of what varies @ w=[0.5, -0.7], x=each([[0.1, 2.0, 3.0], [1.2, -1.0, 0.5]])
picked = TABLE["take"](x[0], w[0] * x[1], w[1], x[2])
dot(x, [x[1], x[2], w[0]], w[1]) * logsumexp(x) + hypot(*x) * maximum(*x) + picked
# a cell of gates @ g=[0.3, -0.2, 0.5], c=0.4, x=each([0.1, -0.9, 2.0])
(g[0] * c).sigmoid() * x.tanh() + (g[1] * x + g[2]).sigmoid() * c
# a loss of classes @ x=POINTS
nn.cross_entropy([x], [1])
# remainders @ x=XS
x % 0.75 + x // 0.75 + 7.0 % x + 7.0 // x
# an exponential @ x=XS
2.0**x
# kinks @ x=XS
relu(x) * sign(x) + cbrt(x) * reciprocal(x) + gelu(x)
# powers @ x=XS
x**0.0 + x**1.0 + x**2.0 + x**3.0 + x**-1.0
# powers of zero @ x=each([2.0, 0.5, 0.0])
x**0.0 + x**1.0 + x**2.0 + x**3.0
# 0·x + 0 @ x=SIGNS
atan2(x * 0.0 + 0.0, -1.0)
# 0 + 0·x @ x=SIGNS
atan2(0.0 + x * 0.0, -1.0)
# 0·x + 0·x @ x=SIGNS
atan2(x * 0.0 + x * 0.0, -1.0)
# three zeros @ x=SIGNS
atan2((x * 0.0 + x * 0.0) + x * 0.0, -1.0)
# a sum of zeros @ x=SIGNS
atan2(sum([x * 0.0, x * 0.0]), -1.0)
# a product of zeros @ x=SIGNS
atan2(dot([x], [0.0]), -1.0)
# 0·x - 0 @ x=SIGNS
atan2(x * 0.0 - 0.0, -1.0)
# an exact sum of zeros @ x=SIGNS
atan2(fsum([x * 0.0, x * 0.0]), -1.0)
# zeros of both signs @ x=SIGNS
atan2(0.0, x) + 10.0 * atan2(-0.0, x)
# the first of equal zeros @ x=SIGNS
atan2(maximum(x * 0.0, -0.0 * x), -1.0) + 10.0 * atan2(minimum(x * 0.0, -0.0 * x), -1.0)
# a saturated softmax @ x=25.0
logsumexp(x.cosh(), x) * x.sin()
# scalars of two kinds @ x=0.7
two = abs(0.0 * x - 2.0)
maximum(two * x.sin(), x.exp() - two) + maximum(x) * abs(x).cos()
# maxima of one @ x=0.7
maximum(x.sin()) + maximum(x, 0.5)
# all operands are one @ x=[1.0] * 100
sum(x)
# the same numbers in other groups @ x=[0.3, 1.2, -0.4, 0.9]
logsumexp(x) * x[0] + sum(logsumexp(x[i], x[i + 2]).sin() for i in range(2))
# equal terms @ x=1.0
alike = [exp(sin(x * x)) for _ in range(8)]
[fsum(alike) + dot(alike, [2.0] * 8, 1.0), *alike]
# equal terms and others @ x=1.0
alike = [exp(sin(x * x)) for _ in range(8)]
total = fsum([*alike, *[exp(sin(x * k)) for k in range(8)]])
[total + dot(alike, [2.0] * 8, 1.0), *alike]
# an adjoint of two, not changed for both @ x=FIVE
hidden = [a.tanh() for a in x]
both = [h + a.exp().cos() for h, a in zip(hidden, x)]
sum([a.exp() for a in both] + [h.sin() for h in hidden[:3]])
# rows of an adjoint, added to what all have @ x=FIVE
hidden = [a.tanh() for a in x]
both = [h + a.exp().sin() for h, a in zip(hidden, x)]
late = hidden[0] * hidden[2].exp().cos().sin()
sum([a.exp() for a in both] + [late, hidden[1].exp()])
# outputs apart @ x=0.0, y=0.0
[exp(x), sin(y), 3.0]
# outputs of some inputs @ x=[0.0, 1.0, 1.0], y=0.0
[exp(x[0]) * x[1] * x[2], sin(y)]
# sums over what does not move @ w=[0.5], x=[[0.3, 0.4], [1.3, 2.4], [0.2, 0.9]]
numbers = [a for row in x for a in row]
fsum([(w[0] * a).exp().sin() for a in numbers]) * fsum([(a * a).cos().tanh() for a in numbers])
# a Value from outside @ w=WEIGHTS, x=XS
(OUTSIDE * w[0] + w[1] * x).tanh() * x
# samples that part @ w=WEIGHTS, x=XS
w[0] * x if x > 0.0 else w[1] * x * x
# nothing varies @ w=WEIGHTS, x=XS
w[0] * w[1]
# matrix, bias and lanes of several kinds @ w=WEIGHTS, x=XS
hidden = [w[0] * x + w[1] * x * x + w[i] for i in (0, 1)]
maximum(*hidden, w[0]) + logsumexp([*hidden, w[1]]) * hidden[0]
# a residual layer @ w=[0.01 * k for k in range(36)], x=WAVES
inputs = [w[0] * a for a in x]
outputs = [dot(w[k : k + 6], inputs) for k in range(0, 36, 6)]
logsumexp([*[a + b for a, b in zip(outputs, inputs[:3])], *outputs[3:]])
# a batch written out @ w=[0.5, -0.25], xs=BATCH
sum((w[0] * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs) / 8.0
# a batch beside what it shares @ w=[0.5, -0.25], xs=BATCH
scale = w[0] * w[1]
sum((scale * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs) / 8.0 + scale
# one of a batch in all of it @ w=[0.5, -0.25], xs=BATCH
sum((w[0] * x + xs[0] - x * x) ** 2 * abs(w[0]) for x in xs) / 8.0 + xs[1] * w[1]
# one of a batch outside of it @ w=[0.5, -0.25], xs=BATCH
sum((w[0] * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs) / 8.0 + xs[1] * w[1]
# a result for each of a batch @ w=[0.5, -0.25], xs=BATCH
[(w[0] * x + w[1]).tanh() for x in xs]
# distances @ cs=[[0.1, 0.2], [0.8, 0.7]], ps=[[0.0, 0.3], [0.9, 0.5], [0.7, 0.9], [0.2, 0.1]]
fsum([minimum(*[(p[0] - c[0]) ** 2 + (p[1] - c[1]) ** 2 for c in cs]) for p in ps])
# a rotation @ r=[0.3, -0.2, 0.5], x=[1.0, 2.0, -1.0]
angle = hypot(*r)
turned = x[0] * cos(angle) + (r[1] * x[2] - r[2] * x[1]) * sin(angle) / angle
[turned, dot(r, x) * (1.0 - cos(angle)) / angle**2]
""")
ROLLED = parsed("""
# recurrence @ w=LINE, xs=WAVE
states = [w[0] * 0.5, w[1] * 0.5]
for x in xs:
    states = [dot(row, [*states, x], w[6]).tanh() for row in (w[:3], w[3:6])]
states[0] * states[1]
# cells @ w=LINE, xs=WAVE
h = c = [w[0], w[1]]
for x in xs:
    gates = [dot([*h, x], w[i : i + 3], w[i + 3]) for i in range(8)]
    parts = zip(gates, gates[2:], gates[4:], c)
    c = [g.sigmoid() * y + f.sigmoid() * k.tanh() for g, f, k, y in parts]
    h = [g.sigmoid() * y.tanh() for g, y in zip(gates[6:], c)]
h[0] * h[1]
# layers @ w=LINE, xs=WAVE
for i in range(len(w) - 2):
    turned = zip(xs, [*xs[1:], xs[0]])
    xs = [x + dot(w[i : i + 2], [x, y], w[i + 2]).sin() for x, y in turned]
sum(xs)
# an orbit @ w=LINE, xs=WAVE
slope = lambda a, b: (b * w[0], -a / (a * a + b * b).sqrt())
a, b = xs[0], xs[1]
for _ in range(12):
    k = slope(a, b)
    m = slope(a + 0.05 * k[0], b + 0.05 * k[1])
    a, b = a + 0.1 * m[0], b + 0.1 * m[1]
a * b
# delays @ w=LINE, xs=WAVE
ys = [*xs[:5]]
for _ in range(30):
    ys.append((w[0] * ys[-2] + w[1] * ys[-5]).sin())
ys[-1]
# two starts of one result @ w=LINE, xs=WAVE
a, b = xs[0], xs[1]
for _ in range(20):
    a = b = (a + w[0] * b).cos()
a
# no rule @ w=LINE, xs=WAVE
ys = [*xs[:4]]
for i in [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]:
    ys.append((ys[-1] * ys[i % 4 - 4] + w[0]).tanh())
ys[-1]
# attention @ w=LINE, xs=WAVE
places = [xs[i : i + 2] for i in range(0, 10, 2)]
many = [[dot(w[i : i + 2], x) for i in range(0, 8, 2)] for x in places]
values, sums = [dot(w[8:10], x, w[10]) for x in places], []
for n, (a, b, *_) in enumerate(many, 1):
    scores = [dot([a, b], key) for _, _, *key in many[:n]]
    looks = [(score - logsumexp(scores)).exp() for score in scores]
    sums.append(dot(looks, values[:n]) / (1.0 + fsum(scores) ** 2))
fsum(sums)
# uneven sums @ w=LINE, xs=WAVE
sums = [fsum(xs[:n]) * maximum(xs[:n]) for n in (2, 3, 4, 12)]
parts = [dot(w[:n], xs[-n:], w[n]).tanh() for n in (2, 3, 4, 5)]
dot(sums, parts)
""")
