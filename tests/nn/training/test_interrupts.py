"""An interrupt leaves all of a compiled training step, or nothing of it.

Python looks for signals where a function begins, after a call, and where a loop goes back.
There, one point after another, KeyboardInterrupt is raised.
"""

import contextvars
import copy
import dis
import functools
import random
import signal
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import pytest

import nn
from autograd import Value, lines, no_grad, scope
from autograd.core.blocks import origin_of
from tests.helpers.builds import THIS
from tests.helpers.fitting import fitted

pytestmark = pytest.mark.filterwarnings(  # in a finalizer
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
POINTS = 100  # about how many are tried
CHECKED = ("CALL", "RESUME", "JUMP_BACKWARD")
XS = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
YS = [1.0, 2.0, -1.0]


Make = Callable[[Any], nn.Optimizer]
OPTIMIZERS: dict[str, Make] = {
    "SGD": functools.partial(nn.SGD, lr=0.01),
    "momentum": functools.partial(nn.SGD, lr=0.01, momentum=0.9),
    "amsgrad": functools.partial(nn.Adam, lr=0.01, amsgrad=True),
}


@functools.cache
def names(code: CodeType) -> dict[int, str]:
    return {each.offset: each.opname for each in dis.get_instructions(code)}


class Interrupt:
    """A trace function that raises KeyboardInterrupt at one of the points, once."""

    def __init__(self, point: int) -> None:
        self.point, self.met = point, -1
        self.last: dict[FrameType, int] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        frame.f_trace_opcodes = True
        self.name = frame.f_code.co_name
        before = self.last.get(frame, -1)
        self.last[frame] = frame.f_lasti
        if event == "call" or names(frame.f_code).get(before, "").startswith(CHECKED):
            self.meet()
        return self

    def meet(self) -> None:
        self.met += 1
        if self.met == self.point:
            raise KeyboardInterrupt

    def during(self, f: Callable[..., Any], *args: Any) -> None:
        traced, self.context = sys.gettrace(), contextvars.copy_context()
        sys.settrace(self)
        try:
            self.context.run(f, *args)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(traced)
        self.last.clear()  # frames keep what is in them


def made(make: Make) -> Any:
    random.seed(1)
    model = nn.Sequential(nn.Layer(2, 2, "tanh"), nn.Dropout(0.3), nn.Layer(2, 1))
    arguments = model, nn.mse_loss, make(model.parameters())
    return nn.compile(*arguments, max_norm=0.5)


def state(step: Any) -> Any:
    rule = step.optimizer
    buffers = {name: list(buffer) for name, buffer in rule.buffers.items()}
    numbers = [(p.data, p.grad) for p in rule.params]
    return numbers, rule.steps, buffers, random.getstate()


def put(step: Any, found: Any) -> None:
    numbers, steps, buffers, drawn = found
    for p, (data, grad) in zip(step.optimizer.params, numbers):
        p.data, p.grad = data, grad
    rule = step.optimizer.state_dict() | {"steps": steps, "buffers": buffers}
    step.optimizer.load_state_dict(rule)
    random.setstate(drawn)


@pytest.mark.parametrize(
    ("kernel", "optimizer"),
    [("", "SGD"), ("", "momentum"), ("", "amsgrad"), ("numpy", "momentum")],
)
def test_all_of_a_step_or_nothing(
    kernel: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)
    monkeypatch.setenv("AUTOGRAD_KERNEL", kernel)
    step, twin = [made(OPTIMIZERS[optimizer]) for _ in range(2)]
    for _ in range(3):
        step(XS, YS)
        twin(XS, YS)
    counter = Interrupt(-1)
    counter.during(step, XS, YS)
    outcomes = set()

    def interrupted(point: int) -> None:
        before = state(step)
        put(twin, before)
        twin(XS, YS)
        after = state(twin)
        put(step, before)
        Interrupt(point).during(step, XS, YS)
        found = state(step)
        assert found in (before, after), point
        outcomes.add(found == after)

    for point in range(0, counter.met, counter.met // POINTS + 1):
        interrupted(point)
    for back in range(12, -1, -1):
        counter = Interrupt(-1)  # after an interrupt there may be more
        counter.during(step, XS, YS)
        interrupted(counter.met - back)
    assert outcomes == {True, False}


@pytest.mark.skipif(THIS != "compiled", reason="needs the compiled build")
@pytest.mark.parametrize("block", [no_grad, functools.partial(scope, "a"), lines])
def test_no_block_stays_open(block: Callable[[], Any]) -> None:
    x = Value(2.0)

    def opened() -> None:
        with block():
            _ = x * x

    counter = Interrupt(-1)
    counter.during(opened)
    for point in range(counter.met + 1):
        interrupt = Interrupt(point)
        interrupt.during(opened)
        made = interrupt.context.run(lambda: x * x)
        assert made.inputs == (x, x)
        assert interrupt.context.run(origin_of, made) is None


@pytest.mark.parametrize("after", [2, 3])
@pytest.mark.parametrize("compiled", [True, False])
def test_fit_ends_after_a_whole_step(compiled: bool, after: int) -> None:
    model = nn.Layer(2, 1, init=nn.init.ones())
    optimizer = nn.SGD(model.parameters(), 0.1, momentum=0.5)
    twin = copy.deepcopy(model)
    fitted(twin, XS, YS, optimizer=nn.SGD(twin.parameters(), 0.1, momentum=0.5), epochs=3)

    def batches() -> Iterator[Any]:
        for k in range(4):
            if k == after:  # as while the third step is made, or when it is
                signal.raise_signal(signal.SIGINT)
            if k < 3:
                yield XS, YS

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fitted(model, batches, None, optimizer=optimizer, compiled=compiled)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert optimizer.steps == 3
    expected = [p.data for p in twin.parameters()]
    assert [p.data for p in model.parameters()] == pytest.approx(expected, rel=1e-12)


def plateau(optimizer: nn.Optimizer) -> nn.Scheduler:
    return nn.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, cooldown=1)


def sequence(optimizer: nn.Optimizer) -> nn.Scheduler:
    return nn.SequentialLR(optimizer, [nn.StepLR(optimizer, 1)] * 2, [2])


@pytest.mark.parametrize("make", [plateau, sequence])
def test_all_of_an_epochs_end_or_nothing(make: Callable[[Any], nn.Scheduler]) -> None:
    model = nn.Layer(1, 1)
    scheduler, stopping = make(nn.SGD(model.parameters())), nn.EarlyStopping()

    def state() -> Any:
        return scheduler.state_dict(), scheduler.optimizer.lr, stopping.state_dict()

    def end(loss: float) -> None:
        if loss:
            scheduler.step(loss)
            stopping.update(loss, model)
        else:
            scheduler.load_state_dict(first[0])
            stopping.load_state_dict(first[2])

    first = state()
    for loss in (3.0, 3.0, 3.5, 2.0, 0.0):
        outcomes, counter, before = [], Interrupt(-1), state()
        twins = copy.deepcopy((scheduler, stopping, model))
        counter.during(end, loss)
        after = state()
        for point in range(counter.met):
            scheduler, stopping, model = copy.deepcopy(twins)
            Interrupt(point).during(end, loss)
            outcomes.append([before, (*after[:2], before[2]), after].index(state()))
        assert {*outcomes} >= {0, 1}
        scheduler, stopping, model = twins
        end(loss)
