"""A step handed over to JAX: the same loss and gradient, whatever is made of them there."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from tests.helpers.tables import table

jax: Any = pytest.importorskip("jax", reason="JAX is not installed")
Samples = tuple[np.ndarray, np.ndarray]

SOURCE = np.random.default_rng(0)
XS = SOURCE.normal(size=(12, 2))
SIGNS, CLASSES = np.where(XS[:, 0] > 0.3, 1.0, -1.0), SOURCE.integers(0, 3, 12)


@pytest.fixture(autouse=True)
def _in_64_bits() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


class Parted(nn.Module):
    """Samples go two ways, and a number of its own is not trained."""

    def __init__(self) -> None:
        self.first, self.last = nn.Layer(2, 4, "tanh"), nn.Layer(4, 3)
        self.scale = [Value(0.5), Value(2.0)]

    def forward(self, x: Any) -> Any:
        hidden = self.first(x)
        scores = self.last(hidden)
        return scores if hidden[0] > 0.0 else [self.scale[0] * s for s in scores]


def parted() -> nn.Module:
    return Parted()


def last_first(model: nn.Module) -> list[Value]:
    return model.parameters()[::-1]


def without_scale(model: nn.Module) -> list[Value]:
    return model.parameters()[:-2]


# what is trained, its loss and targets, and which parameters the optimizer has
NETS: dict[str, tuple[Callable[[], nn.Module], Any, np.ndarray, Any]] = {
    name: tuple(row)
    for name, *row in table(
        """
"moons" | lambda: nn.MLP(2, [4, 4, 1]) | nn.hinge_loss | SIGNS | None
"classes" | lambda: nn.MLP(2, [4, 3], "gelu") | nn.cross_entropy | CLASSES | None
"no bias" | lambda: nn.Layer(2, 3, bias=False) | nn.cross_entropy | CLASSES | last_first
"parted" | parted | nn.cross_entropy | CLASSES | without_scale
"reversed" | parted | nn.cross_entropy | CLASSES | last_first
""",
        globals(),
    )
}


def made(name: str, lr: float = 0.1, **options: Any) -> tuple[Any, nn.Module, np.ndarray]:
    random.seed(2)
    build, loss, targets, chosen = NETS[name]
    model = build()
    params = model.parameters() if chosen is None else chosen(model)
    options = {"penalty": lambda ps: nn.l2_penalty(ps, 1e-2)} | options
    return nn.compile(model, loss, nn.SGD(params, lr, momentum=0.9), **options), model, targets


@pytest.mark.parametrize("name", NETS)
def test_loss_and_gradient_are_those_of_the_step(name: str) -> None:
    step, _, targets = made(name)
    params, loss = step.jax(XS, targets)
    value, slopes = jax.jit(jax.value_and_grad(loss))(params, XS, targets)
    assert float(value) == pytest.approx(step(XS, targets), rel=1e-14)
    held = step.optimizer.params
    before = [p.data for p in held]
    step.load(slopes)
    expected = [p.grad for p in held]
    np.testing.assert_allclose([p.data for p in held], expected, rtol=1e-12, atol=1e-15)
    step.load(params)
    assert [p.data for p in held] != before  # it was trained since


def test_optax_trains_as_the_step_does() -> None:
    optax = pytest.importorskip("optax", reason="optax is not installed")
    step, model, targets = made("classes")
    params, loss = step.jax(XS, targets)
    rule = optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1, momentum=0.9))
    moments = rule.init(params)

    @jax.jit  # type: ignore[untyped-decorator]
    def update(params: Any, moments: Any) -> Any:
        changes, moments = rule.update(jax.grad(loss)(params, XS, targets), moments)
        return optax.apply_updates(params, changes), moments

    for _ in range(20):
        params, moments = update(params, moments)
    native, other, _ = made("classes", max_norm=0.5)
    for _ in range(20):
        native(XS, targets)
    step.load(params)
    found, expected = ([p.data for p in each.parameters()] for each in (model, other))
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # optax adds no 1e-6 to the norm
    assert step(XS, targets) == pytest.approx(native(XS, targets), rel=1e-5)


def test_parameters_are_shaped_as_the_layers_are() -> None:
    params, _ = made("moons")[0].jax(XS, SIGNS)
    shapes = [{"weight": (n, nin), "bias": (n,)} for n, nin in ((4, 2), (4, 4), (1, 4))]
    assert jax.tree_util.tree_map(lambda x: x.shape, params) == {"layers": shapes}


@pytest.mark.parametrize(("kind", "name"), [("float32", "parted"), ("bfloat16", "moons")])
def test_computed_in_the_type_of_the_parameters(name: str, kind: str) -> None:
    step, model, targets = made(name)
    params, loss = step.jax(XS, targets)
    few = jax.tree_util.tree_map(lambda x: x.astype(kind), params)
    narrow = jax.jit(jax.value_and_grad(loss))
    samples = [jax.numpy.asarray(each, kind) for each in (XS, targets)]
    assert "f64[12" not in str(jax.make_jaxpr(narrow)(few, *samples))
    value, slopes = narrow(few, *samples)
    assert {str(x.dtype) for x in (value, *jax.tree_util.tree_leaves(slopes))} == {kind}
    rough = 1e-5 if kind == "float32" else 0.05
    assert float(value) == pytest.approx(float(jax.jit(loss)(params, XS, targets)), rel=rough)
    step.load(few)
    path = "layers.0" if name == "moons" else "first"
    layer = few["layers"][0] if name == "moons" else few["first"]
    found = dict(model.named_parameters())[f"{path}.neurons.1.weight.0"].data
    assert found == float(layer["weight"][1, 0])


def test_exported_for_any_number_of_samples() -> None:
    export = pytest.importorskip("jax.export")
    params, loss = made("parted")[0].jax(XS, CLASSES)
    (n,) = export.symbolic_shape("n,")
    like = jax.tree_util.tree_map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), params)
    arrays = [jax.ShapeDtypeStruct(shape, "float64") for shape in ((n, 2), (n,))]
    data = export.export(jax.jit(jax.value_and_grad(loss)))(like, *arrays).serialize()
    value, _ = export.deserialize(data).call(params, XS[:5], CLASSES[:5] * 1.0)
    expected = jax.jit(loss)(params, XS[:5], CLASSES[:5])
    assert float(value) == pytest.approx(float(expected), rel=1e-14)


def test_a_way_that_is_not_recorded_gives_nan() -> None:
    step, _, _ = made("parted")
    params, loss = step.jax(XS[:1], CLASSES[:1])
    each = [jax.jit(loss)(params, XS[i : i + 1], CLASSES[i : i + 1]) for i in range(12)]
    assert 0 < np.isnan(each).sum() < 12
    assert np.isfinite(jax.jit(loss)(params, XS[:1], CLASSES[:1]))
    params, loss = step.jax(XS, CLASSES)
    assert np.isfinite(jax.jit(loss)(params, XS, CLASSES))


def test_dropout_takes_numbers() -> None:
    random.seed(2)
    model = nn.Sequential(nn.Layer(2, 4), nn.Dropout(0.5), nn.Layer(4, 3))
    step = nn.compile(model, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.0))
    before = random.getstate()
    params, loss = step.jax(XS, CLASSES)
    draws: Any = getattr(loss, "draws")  # noqa: B009
    assert random.getstate() == before
    numbers = [[random.random() for _ in range(4)] for _ in XS]
    random.setstate(before)
    expected = step(XS, CLASSES)
    assert draws == 4
    found = float(jax.jit(loss)(params, XS, CLASSES, numbers))
    assert found == pytest.approx(expected, rel=1e-14)
    with pytest.raises(TypeError, match="draws"):
        loss(params, XS, CLASSES)


def test_mistakes() -> None:
    step, model, targets = made("moons")
    with pytest.raises(RuntimeError):
        step.jax()
    params, loss = step.jax(XS, targets)
    before = [p.data for p in model.parameters()]
    with pytest.raises(TypeError, match="loss"):
        loss(params, XS)
    for wrong in ({"layers": params["layers"][:2]}, {"layers": params["layers"][::-1]}):
        with pytest.raises(ValueError, match="layers"):
            loss(wrong, XS, targets)
        with pytest.raises(ValueError, match="layers"):
            step.load(wrong)
    with pytest.raises(FloatingPointError):
        step.load(jax.tree_util.tree_map(lambda x: x / 0.0, params))
    assert [p.data for p in model.parameters()] == before
    through = nn.compile(model, lambda: model([2.0, 1.0]) ** 2, nn.SGD(model.parameters(), 0.1))
    through()
    with pytest.raises(ValueError):
        through.jax()
