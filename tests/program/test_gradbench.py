"""GradBench's evaluations of small inputs: what other formulas, or GradBench itself, give."""

import json
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.gradbench.__main__ import answers
from tests.benchmarks.gradbench.evals import EVALS

rng = random.Random(31337)


def draw(*sides: int) -> Any:
    if not sides:
        return rng.random()
    return [draw(*sides[1:]) for _ in range(sides[0])]


def output(module: str, function: str, given: Any) -> Any:
    message = {"id": 7, "kind": "evaluate", "module": module, "function": function}
    [answer] = answers([json.dumps({**message, "input": given})])
    assert answer["success"], answer
    assert [each["name"] for each in answer["timings"]] == ["prepare", "evaluate"]
    return json.loads(json.dumps(answer["output"]))


def differences(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative by central differences, an array along the last axis."""
    x = np.array(x, float)
    steps = 1e-6 * np.eye(x.size).reshape(-1, *x.shape)
    return np.stack([(f(x + h) - f(x - h)) / 2e-6 for h in steps], axis=-1)


def close(got: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_the_protocol() -> None:
    messages: list[dict[str, Any]] = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "define", "module": "nothing"},
        {"id": 3, "kind": "evaluate", "module": "hello", "function": "square", "input": 3.0},
        {"id": 4, "kind": "analysis", "of": 3, "valid": True},
        {"id": 5, "kind": "evaluate", "module": "hello", "function": "none", "input": 3.0},
        {"id": 6, "kind": "evaluate", "module": "hello", "function": "double", "input": 3.0},
    ]
    found = [*answers(map(json.dumps, messages))]
    assert [each["id"] for each in found] == [*range(7)]
    assert found[0]["tool"] == "scalar-autograd"
    assert [found[k].get("success") for k in (1, 2, 3, 5)] == [True, False, True, False]
    assert found[4] == {"id": 4}
    assert "KeyError" in found[5]["error"]
    assert (found[3]["output"], found[6]["output"]) == (9.0, 6.0)


def test_runs_are_as_many_as_asked_for() -> None:
    given = {"x": draw(3), "min_runs": 4, "min_seconds": 0.0}
    message = {"id": 0, "kind": "evaluate", "module": "lse", "function": "primal"}
    [answer] = answers([json.dumps({**message, "input": given})])
    assert [each["name"] for each in answer["timings"]] == ["prepare", *["evaluate"] * 4]


def test_det() -> None:
    a = draw(16)
    given, matrix = {"A": a, "ell": 4}, np.reshape(a, (4, 4))
    whole = np.linalg.det(matrix)
    close(output("det", "primal", given), whole)
    close(output("det", "gradient", given), (whole * np.linalg.inv(matrix).T).ravel())


def test_lse() -> None:
    x = np.array(draw(20))
    close(output("lse", "primal", {"x": x.tolist()}), np.log(np.exp(x).sum()))
    close(output("lse", "gradient", {"x": x.tolist()}), np.exp(x) / np.exp(x).sum())


def test_llsq() -> None:
    given = {"x": draw(5), "n": 8}
    t = np.linspace(-1.0, 1.0, 8)
    powers = t[:, None] ** np.arange(5)
    left = np.sign(t) - powers @ given["x"]
    close(output("llsq", "primal", given), left @ left / 2.0)
    close(output("llsq", "gradient", given), -left @ powers)


def test_ode() -> None:
    x = np.array(draw(4))
    given = {"x": x.tolist(), "s": 3}
    exact = np.cumprod(x * 2.0 / np.arange(1, 5))  # a polynomial of degree 4
    close(output("ode", "primal", given), exact)
    close(output("ode", "gradient", given), exact[-1] / x)


def test_kmeans() -> None:
    points = np.array(draw(30, 2))
    centres = points[-3:]
    far = ((points[:, None] - centres) ** 2).sum(-1)
    near = far.argmin(1)
    given = {"points": points.tolist(), "centroids": centres.tolist()}
    close(output("kmeans", "cost", given), far.min(1).sum())
    means = [points[near == k].mean(0) for k in range(3)]  # where Newton's step leads
    close(output("kmeans", "dir", given), centres - means)


def test_gmm() -> None:
    d, k, n = 2, 3, 4
    given = {"d": d, "k": k, "n": n, "m": 0, "gamma": 1.0, "x": draw(n, d)}
    given |= {"alpha": draw(k), "mu": draw(k, d), "q": draw(k, d), "l": draw(k, 1)}
    parts = {name: np.shape(given[name]) for name in ("alpha", "mu", "q", "l")}

    def posterior(flat: Any) -> Any:
        """As a product of densities: of the points, and of Wishart's distribution."""
        ends = np.cumsum([math.prod(shape) for shape in parts.values()])[:-1]
        shapes = zip(np.split(flat, ends), parts.values())
        alpha, mu, q, lower = [part.reshape(shape) for part, shape in shapes]
        roots = np.zeros((k, d, d))
        roots[:, range(d), range(d)] = np.exp(q)
        roots[:, 1, 0] = lower[:, 0]
        there = np.einsum("kij,nkj->nki", roots, np.array(given["x"])[:, None] - mu)
        share = np.exp(alpha) / np.exp(alpha).sum() * np.exp(q).prod(1) / (2 * math.pi)
        found = np.log((share * np.exp(-0.5 * (there**2).sum(-1))).sum(1)).sum()
        normal = math.log(2.0**3 * math.sqrt(math.pi) * math.gamma(1.5) * math.gamma(1.0))
        return found - 0.5 * (roots**2).sum() - k * normal

    flat = np.concatenate([np.ravel(given[name]) for name in parts])
    close(output("gmm", "objective", given), posterior(flat))
    slopes = output("gmm", "jacobian", given)
    found = np.concatenate([np.ravel(slopes[name]) for name in parts])
    close(found, differences(posterior, flat), 1e-7)


def test_lstm() -> None:
    bits, layers = 3, 2
    given = {"main_params": draw(2 * layers, 4 * bits), "extra_params": draw(3, bits)}
    given |= {
        "state": draw(2 * layers, bits),
        "sequence": [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]] * 2,
    }

    def loss(flat: Any) -> Any:
        main, extra = np.split(flat, [8 * bits * layers])
        main, (into, out, bias) = main.reshape(layers, 2, 4, bits), extra.reshape(3, bits)
        now, total = np.reshape(given["state"], (layers, 2, bits)), 0.0
        for x, wanted in zip(np.array(given["sequence"]), given["sequence"][1:]):
            x = x * into
            for layer, (weight, shift) in enumerate(main):
                hidden, cell = now[layer]
                sums = np.array([x, hidden, x, hidden]) * weight + shift
                forget, enter, leave = 1.0 / (1.0 + np.exp(-sums[:3]))
                cell = cell * forget + enter * np.tanh(sums[3])
                x = leave * np.tanh(cell)
                now[layer] = x, cell
            scores = x * out + bias
            total += wanted @ (scores - np.log(np.exp(scores).sum() + 2.0))
        return -total / (bits * 3)

    flat = np.concatenate([np.ravel(given["main_params"]), np.ravel(given["extra_params"])])
    close(output("lstm", "objective", given), loss(flat))
    close(output("lstm", "jacobian", given), differences(loss, flat), 1e-7)


def rotation(r: Any) -> Any:
    """The matrix of a rotation about r by its length."""
    angle = math.hypot(*r)
    axis = np.cross(np.eye(3), r)
    if not angle:
        return np.eye(3) + axis
    sine, versine = math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle**2
    return np.eye(3) + sine * axis + versine * axis @ axis


@pytest.mark.parametrize("turn", [1.0, 0.0])
def test_ba(turn: float) -> None:
    n, m, p = 2, 3, 6
    camera = [turn * x for x in draw(3)] + [x - 3.0 for x in draw(3)] + draw(5)
    given = {"n": n, "m": m, "p": p, "cam": camera, "x": draw(3), "w": 0.7, "feat": draw(2)}

    def errors(flat: Any) -> Any:
        r, centre, (f, *middle), bend, x, w = np.split(flat, [3, 6, 9, 11, 14])
        there = rotation(r) @ (x - centre)
        flat = there[:2] / there[2]
        square = flat @ flat
        flat = flat * (1.0 + bend[0] * square + bend[1] * square**2)
        return w * (flat * f + middle - given["feat"])

    flat = np.array([*camera, *given["x"], 0.7])
    found = output("ba", "objective", given)
    close(found["reproj_error"]["elements"], errors(flat))
    close(found["w_err"]["element"], 1.0 - 0.7**2)
    assert found["reproj_error"]["repeated"] == found["w_err"]["repeated"] == p
    found = output("ba", "jacobian", given)
    wanted = differences(errors, flat)
    close(found["vals"], [*wanted[0], *wanted[1], -1.4], 1e-6)
    columns = [*range(11), 22, 23, 24, 31]
    assert found["cols"] == [*columns, *columns, 31 + p - 1]
    assert found["rows"] == [*range(0, 181, 15), *range(181, 187), 31 * p]


@pytest.mark.parametrize(
    ("inside", "turn", "mirrored"), [(0, 1.0, False), (2, 1.0, True), (2, 0.0, False)]
)
def test_ht(inside: int, turn: float, mirrored: bool) -> None:
    """A hand of 22 bones and 6 vertices; inside triangles, two numbers tell where."""
    fingers = [parent for first in range(1, 20, 4) for parent in (0, *range(first, first + 3))]
    parents, at = [-1, *fingers, 0], [2, 0, 1, 2]
    affine = np.reshape([[*draw(12), 0.0, 0.0, 0.0, 1.0] for _ in range(44)], (2, 22, 4, 4))
    rests, weights = np.array([[*draw(3), 1.0] for _ in range(6)]), np.array(draw(6, 22))
    triangles, points = np.array([[0, 1, 2], [5, 1, 3], [4, 2, 3]]), np.array(draw(4, 3))
    model = {"bone_count": 22, "bone_names": [str(k) for k in range(22)], "parents": parents}
    model |= {"base_relatives": affine[0].tolist(), "triangles": triangles.tolist()}
    model |= {"inverse_base_absolutes": affine[1].tolist(), "weights": weights.tolist()}
    model |= {"base_positions": rests.tolist(), "is_mirrored": mirrored}
    theta = [turn * x for x in draw(3)] + draw(23)
    data = {"model": model, "correspondences": at, "points": points.tolist()}
    given = {"theta": theta, "data": data, "us": draw(4, 2) if inside else []}

    def errors(flat: Any) -> Any:
        us, r, move, angles = np.split(flat, [-26, -23, -20])
        turns = np.tile(np.eye(4), (22, 1, 1))
        for k, (bend, spread, *others) in enumerate(angles.reshape(5, 4)):
            turns[4 * k + 2, :3, :3] = rotation([0.0, 0.0, spread]) @ rotation([bend, 0.0, 0.0])
            for bone, other in enumerate(others, 4 * k + 3):
                turns[bone, :3, :3] = rotation([other, 0.0, 0.0])
        poses: list[Any] = []
        for parent, relative, own in zip(parents, affine[0], turns):
            poses.append((np.eye(4) if parent < 0 else poses[parent]) @ relative @ own)
        there = np.einsum("vb,bij,bjk,vk->vi", weights, poses, affine[1], rests)[:, :3]
        there = there * [-1.0 if mirrored else 1.0, 1.0, 1.0]
        there = (there @ rotation(r).T if math.hypot(*r) >= 1e-4 else there) + move
        if not inside:
            return (points - there[at]).ravel()
        a, b, c = np.moveaxis(there[triangles[at]], 1, 0)
        u, v = us.reshape(4, 2, 1).swapaxes(0, 1)
        return (points - c - u * (a - c) - v * (b - c)).ravel()

    flat = np.array([*np.ravel(given["us"]), *theta])
    close(output("ht", "objective", given), errors(flat))
    wanted = differences(errors, flat).reshape(4, 3, -1)
    own = [wanted[i, :, inside * i : inside * (i + 1)] for i in range(4)]
    wanted = np.concatenate([own, wanted[..., -26:]], axis=-1).reshape(12, -1)
    close(output("ht", "jacobian", given), wanted, 1e-7)


@pytest.mark.soak
@pytest.mark.parametrize("modes", EVALS["particle"])
def test_particle(modes: str) -> None:
    close(output("particle", modes, {"w": 0.0}), 0.2071918746486116, 1e-4)


@pytest.mark.soak
@pytest.mark.parametrize("modes", EVALS["saddle"])
def test_saddle(modes: str) -> None:
    close(output("saddle", modes, {"start": [1.0, 1.0]}), [8.246324826140356e-06] * 4, 1e-8)
