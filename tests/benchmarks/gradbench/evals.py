"""GradBench's evaluations, written as scalar code, and run as programs.

Each function takes an input of the protocol and gives what computes its output, again and
again. https://github.com/gradbench/gradbench specifies them in `evals`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import compile, exp, log, sqrt, tanh

__all__ = ["EVALS"]

Run = Callable[[], Any]
Numbers = Sequence[Any]


def both(
    f: Callable[..., Any], *args: Any, names: tuple[str, str] = ("primal", "gradient")
) -> dict[str, Run]:
    """What computes f, and what its gradient in the first argument."""
    fast = compile(f, verify=False)
    return {names[0]: lambda: fast(*args), names[1]: lambda: fast.grad(*args)}


def chosen(name: str, made: Callable[[Any], dict[str, Run]]) -> Callable[[Any], Run]:
    return lambda given: made(given)[name]


# ---------------------------------------------------------------- small ones


def hello(x: float) -> dict[str, Run]:
    return both(lambda x: x * x, x, names=("square", "double"))


def minor(a: Numbers, size: int, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
    """The determinant of these rows and columns, by expansion along the first row."""
    if len(rows) == 1:
        return a[rows[0] * size + columns[0]]
    total = 0.0
    for k, column in enumerate(columns):
        rest = minor(a, size, rows[1:], columns[:k] + columns[k + 1 :])
        term = a[rows[0] * size + column] * rest
        total = total - term if k % 2 else total + term
    return total


def det(given: Any) -> dict[str, Run]:
    size = given["ell"]
    all_of_them = tuple(range(size))
    return both(lambda a: minor(a, size, all_of_them, all_of_them), given["A"])


def lse(given: Any) -> dict[str, Run]:
    def f(x: Numbers) -> Any:
        largest = autograd.maximum(*x)
        return log(autograd.sum([exp(each - largest) for each in x])) + largest

    return both(f, given["x"])


def llsq(given: Any) -> dict[str, Run]:
    count = given["n"]
    times = [-1.0 + 2.0 * i / (count - 1) for i in range(count)]

    def f(x: Numbers) -> Any:
        total = 0.0
        for t in times:
            left, power = float((t > 0.0) - (t < 0.0)), 1.0
            for each in x:
                left = left - each * power
                power *= t
            total = total + left * left
        return total / 2.0

    return both(f, given["x"])


def ode(given: Any) -> dict[str, Run]:
    """Runge and Kutta's fourth order; the gradient is that of the last component."""
    steps = given["s"]
    h = 2.0 / steps

    def slope(x: Numbers, y: Numbers) -> list[Any]:
        return [x[0], *[a * b for a, b in zip(x[1:], y)]]

    def f(x: Numbers) -> list[Any]:
        y: list[Any] = [0.0] * len(x)
        for _ in range(steps):
            k1 = slope(x, y)
            k2 = slope(x, [a + h * b / 2.0 for a, b in zip(y, k1)])
            k3 = slope(x, [a + h * b / 2.0 for a, b in zip(y, k2)])
            k4 = slope(x, [a + h * b for a, b in zip(y, k3)])
            y = [
                a + h * (b + 2.0 * c + 2.0 * d + e) / 6.0
                for a, b, c, d, e in zip(y, k1, k2, k3, k4)
            ]
        return y

    whole = compile(f, verify=False)
    last = compile(lambda x: f(x)[-1], verify=False)
    x = given["x"]
    return {"primal": lambda: whole(x), "gradient": lambda: last.grad(x)}


def kmeans(given: Any) -> dict[str, Run]:
    """The cost of centroids; its gradient, over the Hessian times ones (a step of Newton's)."""

    def f(centroids: Sequence[Numbers], point: Numbers) -> Any:
        return autograd.minimum(
            *[autograd.sum([(a - b) ** 2 for a, b in zip(point, c)]) for c in centroids]
        )

    fast = compile(f, in_axes=(None, 0), reduce="sum", verify=False)
    centroids, points = given["centroids"], given["points"]
    ones = [[1.0] * len(each) for each in centroids]

    def direction() -> list[list[float]]:
        slopes = fast.grad(centroids, points)
        bends = fast.hvp(centroids, ones, points)
        return [[a / b for a, b in zip(*rows)] for rows in zip(slopes, bends)]

    return {"cost": lambda: fast(centroids, points), "dir": direction}


# ---------------------------------------------------------------- of ADBench


def gmm(given: Any) -> dict[str, Run]:
    """The log posterior of a mixture of Gaussians."""
    d, k, n, m, gamma = (given[name] for name in ("d", "k", "n", "m", "gamma"))
    degrees = d + m + 1
    multigamma = d * (d - 1) / 4 * math.log(math.pi)
    multigamma += sum([math.lgamma((degrees - j) / 2) for j in range(d)])
    constant = -n * d * 0.5 * math.log(2.0 * math.pi)
    constant += k * (degrees * d * (math.log(gamma) - 0.5 * math.log(2.0)) - multigamma)

    def squares(xs: Numbers) -> Any:
        return autograd.sum([x * x for x in xs])

    def likelihood(p: Any, x: Numbers) -> Any:
        terms = []
        for weight, mean, q, lower in zip(p["alpha"], p["mu"], p["q"], p["l"]):
            centred = [a - b for a, b in zip(x, mean)]
            out = [exp(a) * b for a, b in zip(q, centred)]
            rest = iter(lower)
            for i in range(d):
                for j in range(i + 1, d):
                    out[j] = out[j] + next(rest) * centred[i]
            terms.append(weight + autograd.sum(q) - 0.5 * squares(out))
        return autograd.logsumexp(*terms)

    def prior(p: Any) -> Any:
        total = constant - n * autograd.logsumexp(*p["alpha"])
        for q, lower in zip(p["q"], p["l"]):
            norm = squares([exp(a) for a in q])
            norm = norm + squares(lower) if lower else norm
            total = total - (0.5 * gamma * gamma * norm - m * autograd.sum(q))
        return total

    def f(p: Any, xs: Sequence[Numbers]) -> Any:
        return prior(p) + autograd.sum([likelihood(p, x) for x in xs])

    p = {name: given[name] for name in ("alpha", "mu", "q", "l")}
    return both(f, p, given["x"], names=("objective", "jacobian"))


def lstm(given: Any) -> dict[str, Run]:
    """The loss of a network that predicts the next character; l layers of diagonal weights."""
    sequence, state = given["sequence"], given["state"]
    shapes = [len(row) for row in (*given["main_params"], *given["extra_params"])]
    width = len(sequence[0])

    def advance(
        weight: Numbers, bias: Numbers, hidden: list[Any], memory: list[Any], x: Any
    ) -> None:
        for i in range(width):
            gates = [x[i], hidden[i], x[i], hidden[i]]
            sums = [
                gate * weight[k * width + i] + bias[k * width + i]
                for k, gate in enumerate(gates)
            ]
            forget, into, out = [autograd.sigmoid(each) for each in sums[:3]]
            memory[i] = memory[i] * forget + into * tanh(sums[3])
            hidden[i] = out * tanh(memory[i])

    def f(flat: Numbers) -> Any:
        rows, at = [], 0
        for size in shapes:
            rows.append(flat[at : at + size])
            at += size
        *main, into, out, bias = rows
        now: list[list[Any]] = [list(row) for row in state]
        total = 0.0
        for given_x, wanted in itertools.pairwise(sequence):
            x: list[Any] = [a * b for a, b in zip(given_x, into)]
            for layer in range(0, len(main), 2):
                advance(main[layer], main[layer + 1], now[layer], now[layer + 1], x)
                x = now[layer]
            scores = [a * b + c for a, b, c in zip(x, out, bias)]
            norm = log(autograd.sum([exp(each) for each in scores]) + 2.0)
            total = total + autograd.sum([a * (b - norm) for a, b in zip(wanted, scores)])
        return -total / (width * (len(sequence) - 1))

    flat = [x for row in (*given["main_params"], *given["extra_params"]) for x in row]
    return both(f, flat, names=("objective", "jacobian"))


def rotated(rotation: Numbers, x: Numbers) -> list[Any]:
    """x, rotated about an axis by an angle, its length (Rodrigues)."""

    def cross(a: Numbers, b: Numbers) -> list[Any]:
        return [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]

    square = autograd.sum([r * r for r in rotation])
    if square == 0.0:
        return [a + b for a, b in zip(x, cross(rotation, x))]
    angle = sqrt(square)
    w = [r / angle for r in rotation]
    along = autograd.sum([a * b for a, b in zip(w, x)]) * (1.0 - autograd.cos(angle))
    return [
        a * autograd.cos(angle) + b * autograd.sin(angle) + c * along
        for a, b, c in zip(x, cross(w, x), w)
    ]


def ba(given: Any) -> dict[str, Run]:
    """Errors of p observations by n cameras of m points; the Jacobian is sparse."""
    n, m, p = (given[name] for name in "nmp")
    cameras = [given["cam"]] * n
    points, weights, feats = [given["x"]] * m, [given["w"]] * p, [given["feat"]] * p

    def errors(camera: Numbers, x: Numbers, weight: Any, feat: Numbers) -> list[Any]:
        moved = [a - b for a, b in zip(x, camera[3:6])]
        there = rotated(camera[:3], moved)
        flat = [there[0] / there[2], there[1] / there[2]]
        square = flat[0] * flat[0] + flat[1] * flat[1]
        bent = 1.0 + camera[9] * square + camera[10] * square * square
        return [
            weight * (a * bent * camera[6] + b - c) for a, b, c in zip(flat, camera[7:9], feat)
        ]

    fast = compile(errors, in_axes=0, verify=False)
    excess = compile(lambda weight: 1.0 - weight * weight, in_axes=0, verify=False)
    seen = [cameras[i % n] for i in range(p)], [points[i % m] for i in range(p)], weights, feats

    def objective() -> dict[str, Any]:
        found, over = fast(*seen), excess(weights)
        return {
            "reproj_error": {"elements": [float(x) for x in found[0]], "repeated": p},
            "w_err": {"element": float(over[0]), "repeated": p},
        }

    def jacobian() -> dict[str, Any]:
        """The rows of the first observation, and the last row."""
        of_camera, of_x, of_weight = fast.jacobian(*seen, argnums=(0, 1, 2))
        slopes = [
            [*map(float, of_camera[0][k]), *map(float, of_x[0][k]), float(of_weight[0][k])]
            for k in range(2)
        ]
        columns = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
        whole = 2 * 15 * p + p
        starts = [15 * i for i in range(2 * p + 1)] + [30 * p + i + 1 for i in range(p)]
        return {
            "rows": [*starts[:30], whole],
            "cols": [*columns, *columns, 11 * n + 3 * m + p - 1],
            "vals": [*slopes[0], *slopes[1], float(excess.jacobian(weights)[-1])],
        }

    return {"objective": objective, "jacobian": jacobian}


def turned(rows: Sequence[Numbers], i: int, j: int, angle: Any) -> list[list[Any]]:
    """A matrix times a rotation in the plane of the axes i and j."""
    c, s = autograd.cos(angle), autograd.sin(angle)
    found = [[*row] for row in rows]
    for row in found:
        row[i], row[j] = c * row[i] + s * row[j], c * row[j] - s * row[i]
    return found


def product(a: Sequence[Numbers], b: Sequence[Numbers]) -> list[list[Any]]:
    return [[autograd.dot(row, column) for column in zip(*b)] for row in a]


def ht(given: Any) -> dict[str, Run]:
    """What leads from a hand to points: from its vertices, or from places us in triangles."""
    data, us = given["data"], given["us"]
    model, at = data["model"], np.array(data["correspondences"])
    parents, mirrored = model["parents"], model["is_mirrored"]
    relatives, inverses, *vertices = [  # arrays are no guards, which each call would compare
        np.array(model[name])
        for name in ("base_relatives", "inverse_base_absolutes", "weights", "base_positions")
    ]

    def moves(theta: Numbers) -> list[Any]:
        """What takes vertices from rest to the pose: three rows of a matrix for each bone."""
        angles = iter(theta[6:])
        poses: list[Any] = []
        for bone, (parent, relative) in enumerate(zip(parents, relatives)):
            pose = relative[:3] if parent < 0 else product(poses[parent], relative)
            joint = (bone - 1) % 4 if bone else 0  # a finger's first bone of four is fixed
            if joint:
                bend = next(angles)
                pose = turned(pose, 0, 1, next(angles)) if joint == 1 else pose
                pose = turned(pose, 1, 2, bend)
            poses.append(pose)
        return [product(*each) for each in zip(poses, inverses)]

    def error(
        theta: Numbers, u: Numbers, point: Numbers, weights: Any, rests: Any
    ) -> list[Any]:
        bones, shares = moves(theta), [*u, 1.0 - autograd.sum(u)]
        there = []
        for i in range(3):
            corners = [
                autograd.dot(weight, [autograd.dot(rows[i], rest) for rows in bones])
                for weight, rest in zip(weights, rests)
            ]
            there.append(autograd.dot(shares, corners))
        if mirrored:
            there[0] = -there[0]
        if autograd.sum([r * r for r in theta[:3]]) >= 1e-8:
            there = rotated(theta[:3], there)
        return [a - b - c for a, b, c in zip(point, there, theta[3:6])]

    fast = compile(error, in_axes=(None, 0, 0, 0, 0), verify=False)
    corners = np.array(model["triangles"])[at] if us else at[:, None]
    theta, points = np.array(given["theta"]), np.array(data["points"])
    args = theta, np.reshape(us, (len(at), -1)), points, *[each[corners] for each in vertices]

    def jacobian() -> Any:
        """For each number its derivatives in the point's own us, then in theta."""
        found = np.concatenate(fast.jacobian(*args, argnums=(1, 0)), axis=-1)
        return found.reshape(-1, found.shape[-1]).tolist()

    return {"objective": lambda: fast(*args).ravel().tolist(), "jacobian": jacobian}


# ---------------------------------------------------------------- derivatives in derivatives


def argmin(f: Callable[..., Any], slope: Callable[..., Any], x: Numbers) -> Numbers:
    """Gradient descent, as GradBench writes it."""
    value, slopes, rate, good = f(x), slope(x), 1e-5, 0
    while sqrt(autograd.sum([g * g for g in slopes])) > 1e-5:
        if good == 10:
            rate, good = 2.0 * rate, 0
            continue
        new = [a - rate * g for a, g in zip(x, slopes)]
        if sqrt(autograd.sum([(a - b) ** 2 for a, b in zip(x, new)])) <= 1e-5:
            break
        lower = f(new)
        if lower < value:
            x, value, slopes, good = new, lower, slope(new), good + 1
        else:
            rate, good = rate / 2.0, 0
    return x


def forward(f: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient, a tangent after another."""

    def slopes(x: Numbers, *more: Any) -> list[Any]:
        units = [[float(i == k) for i in range(len(x))] for k in range(len(x))]
        return [autograd.jvp(lambda x: f(x, *more), (x,), (unit,))[1] for unit in units]

    return slopes


MODES = {"f": forward, "r": autograd.grad}


def particle(outer: str, inner: str) -> Callable[[Any], Run]:
    """Where a charge must be put for a particle to fly through the origin."""

    def potential(x: Numbers, w: Any) -> Any:
        charges = ((10.0, 10.0 - w), (10.0, 0.0))
        return sum([1.0 / sqrt((x[0] - a) ** 2 + (x[1] - b) ** 2) for a, b in charges])

    slope = compile(MODES[inner](potential), verify=False)

    def flight(w: Numbers) -> Any:
        x: list[Any] = [0.0, 8.0]
        speed: list[Any] = [0.75, 0.0]
        while True:
            force = slope(x, w[0])
            x = [a + 0.1 * b for a, b in zip(x, speed)]
            if x[1] <= 0.0:
                return (x[0] - x[1] / speed[1] * speed[0]) ** 2
            speed = [a - 0.1 * b for a, b in zip(speed, force)]

    return lambda given: lambda: argmin(flight, MODES[outer](flight), [given["w"]])[0]


def saddle(outer: str, inner: str) -> Callable[[Any], Run]:
    """min over x of max over y of |x|² - |y|²: x, then y."""

    def f(x: Numbers, y: Numbers) -> Any:
        return x[0] * x[0] + x[1] * x[1] - (y[0] * y[0] + y[1] * y[1])

    def highest(mode: str, x: Numbers, start: Numbers) -> Numbers:
        def below(y: Numbers) -> Any:
            return -f(x, y)

        return argmin(below, MODES[mode](below), start)

    def run(start: Numbers) -> list[float]:
        def cost(x: Numbers) -> Any:
            return f(x, highest(inner, x, start))

        x = argmin(cost, MODES[outer](cost), start)
        return [*x, *highest(outer, x, start)]

    return lambda given: lambda: run(given["start"])


EVALS: dict[str, dict[str, Callable[[Any], Run]]] = {
    name: {function: chosen(function, made) for function in functions}
    for name, made, functions in (
        ("hello", hello, ("square", "double")),
        *((make.__name__, make, ("primal", "gradient")) for make in (det, lse, llsq, ode)),
        ("kmeans", kmeans, ("cost", "dir")),
        *((make.__name__, make, ("objective", "jacobian")) for make in (gmm, lstm, ba, ht)),
    )
}
for several in (particle, saddle):
    EVALS[several.__name__] = {a + b: several(a, b) for a in "fr" for b in "fr"}
