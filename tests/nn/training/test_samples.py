"""`fit` trains the same from any kind of array, table or stream."""

import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.training.batches import permutation
from tests.helpers.fitting import fitted
from tests.helpers.tables import table

XS = np.arange(24.0).reshape(12, 2) / 8.0
YS = 1.0 + 2.0 * XS[:, 0] - XS[:, 1]
CUTS = [slice(start, start + 5) for start in range(0, 12, 5)]
Pair = tuple[Any, Any]


def trained(xs: Any, ys: Any = None, **settings: Any) -> tuple[list[float], dict[str, Any]]:
    random.seed(3)
    model = nn.Layer(2, 1)
    metrics = {"sum": lambda outputs, targets: sum(outputs) + sum(targets)}
    history = fitted(model, xs, ys, 0.01, **({"metrics": metrics} | settings))
    return [p.data for p in model.parameters()], history.to_dict()


def module(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed")


def mapped(tmp_path: Path, x: Any) -> Any:
    path = tmp_path / f"{x.ndim}.npy"
    np.save(path, x)
    return np.load(path, mmap_mode="r")


WHOLE: dict[str, Callable[[Path], Pair]] = dict(
    table(
        """
"arrays" | lambda path: (XS, YS)
"of 32 bits" | lambda path: (XS.astype("f4"), YS.astype("f4"))
"in Fortran's order" | lambda path: (np.asfortranarray(XS), YS)
"memory maps" | lambda path: (mapped(path, XS.astype("f2")), mapped(path, YS))
"a list of arrays" | lambda path: ([*XS], iter(YS))
"objects" | lambda path: (XS.astype(object), YS.tolist())
"pandas" | lambda path: (module("pandas").DataFrame(XS), module("pandas").Series(YS))
"PyTorch" | lambda path: (module("torch").tensor(XS), module("torch").tensor(YS))
"JAX" | lambda path: (module("jax").numpy.array(XS), YS)
""",
        globals(),
    )
) | {
    "Arrow": lambda path: (
        module("pyarrow").table({"a": XS[:, 0], "b": XS[:, 1]}),
        module("pyarrow").chunked_array([YS[:5], YS[5:]]),
    )
}


@pytest.mark.parametrize("kind", WHOLE)
def test_samples_of_any_kind(kind: str, tmp_path: Path) -> None:
    for compiled, size in ((True, 5), (False, 5), (True, None)):
        settings: dict[str, Any] = {"compiled": compiled, "batch_size": size}
        expected = trained(XS.tolist(), YS.tolist(), **settings, validation=([*XS], [*YS]))
        xs, ys = WHOLE[kind](tmp_path)
        assert trained(xs, ys, **settings, validation=WHOLE[kind](tmp_path)) == expected


def pairs() -> Iterator[Pair]:
    return ((XS[cut], YS[cut]) for cut in CUTS)


def loader() -> Any:
    torch = module("torch")
    pair = torch.utils.data.TensorDataset(torch.tensor(XS), torch.tensor(YS))
    return torch.utils.data.DataLoader(pair, batch_size=5)


def blocks() -> Any:
    array = module("dask.array")
    each = [array.from_array(x, chunks=(5, *x.shape[1:])).blocks for x in (XS, YS)]
    return lambda: ((x.compute(), y.compute()) for x, y in zip(*each))


STREAMS: dict[str, Callable[[], Any]] = dict(
    table(
        """
"a list" | lambda: [*pairs()]
"lists in lists" | lambda: [[x.tolist(), y.tolist()] for x, y in pairs()]
"a generator's function" | lambda: pairs
"a function of the epoch" | lambda: lambda epoch: [*pairs()][: 3 if epoch else 0]
"a DataLoader" | loader
"blocks of Dask" | blocks
""",
        globals(),
    )
)


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("compiled", [True, False])
def test_batches_from_anything(kind: str, compiled: bool) -> None:
    expected = trained(XS, YS, batch_size=5, shuffle=False, compiled=compiled)
    assert trained(STREAMS[kind](), compiled=compiled) == expected


def test_batches_of_a_generator_come_once(tmp_path: Path) -> None:
    expected = trained(XS, YS, batch_size=5, shuffle=False, epochs=2)
    for epochs in (1, 2):
        resumed = trained(pairs(), epochs=epochs, checkpoint=tmp_path / "x", resume=True)
    assert resumed == expected


def test_what_is_not_computed_yet() -> None:
    lazy = module("dask.array").from_array(XS)
    for given in ((lazy, YS), (XS, lazy), (lazy,)):
        with pytest.raises(TypeError):
            trained(*given)


@pytest.mark.parametrize("on_disk", [True, False])
def test_an_order_is_new_each_time_and_has_everything(on_disk: bool) -> None:
    n = 100_003
    random.seed(1)
    orders = [permutation(n, on_disk) for _ in range(2)]
    for order in orders:
        assert np.array_equal(np.sort(order), np.arange(n))
    assert not np.array_equal(*orders)
    random.seed(1)
    assert np.array_equal(permutation(n, on_disk), orders[0])
    parts = np.unique(orders[0][:65_536] // 256)
    assert (len(parts) < 300) is on_disk
    assert np.mean(np.diff(orders[0]) == 1) < 0.1
    assert abs(np.corrcoef(orders[0], np.arange(n))[0, 1]) < 0.3


@pytest.mark.parametrize("kind", ["a memory map", "batches"])
def test_resuming_goes_on_with_the_same_bits(kind: str, tmp_path: Path) -> None:
    def drawn() -> Iterator[Pair]:
        for cut in random.sample(CUTS, 3):
            yield XS[cut], YS[cut]

    on_disk = kind == "a memory map"
    given = (mapped(tmp_path, XS), YS) if on_disk else (drawn,)
    settings: dict[str, Any] = {"batch_size": 5 if on_disk else None}
    expected = trained(*given, epochs=4, **settings)
    path = tmp_path / "run.json"
    trained(*given, epochs=2, checkpoint=path, **settings)
    assert trained(*given, epochs=4, checkpoint=path, resume=True, **settings) == expected


@pytest.mark.parametrize("layout", "CF")
def test_no_copy_of_the_data_is_made(layout: Any, tmp_path: Path) -> None:
    xs = mapped(tmp_path, np.ones((200_000, 20), "f4", layout))  # 16 MB, and 32 as floats
    random.seed(1)
    model = nn.Layer(20, 1)
    fitted(model, xs[:9], xs[:9, 0], 0.01, 1)  # imports what it takes
    tracemalloc.start()
    try:
        fitted(model, xs, xs[:, 0], 0.01, 1, batch_size=10_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15e6
