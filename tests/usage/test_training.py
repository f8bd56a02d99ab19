"""Training code as it is typed from memory of PyTorch: it is right, or told what to write."""

import random
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

BEGIN = """
random.seed(0)
X = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(12)]
y = [a * b for a, b in X]
c = [int(t > 0) for t in y]
model = nn.Sequential([nn.Layer(2, 4), nn.Tanh(), nn.Layer(4, 1)])
optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
loss = nn.mse_loss([model(x) for x in X], [[t] for t in y])
optimizer.zero_grad(set_to_none=True)
model.zero_grad(set_to_none=True)
loss.backward()
"""
RIGHT = """
nn.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()
for p in model[0].parameters(): p.requires_grad = False
nn.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.01).step()
sum(p.requires_grad for p in model.parameters())
for group in optimizer.param_groups: group["lr"] *= 0.5
nn.ReduceLROnPlateau(optimizer).step(loss)
nn.OneCycleLR(optimizer, max_lr=0.1, total_steps=5).step()
optimizer.load_state_dict(optimizer.state_dict()); model.load_state_dict(model.state_dict())
nn.binary_cross_entropy_with_logits([model(x) for x in X], c).backward()
model.train(); model.eval(); print(f"{loss:.4f} {loss.item()}")
with autograd.no_grad(): predictions = [model(x).item() for x in X]
"""
TOLD = {
    "model(X)": "[model(x) for x in X]",
    "nn.MSELoss()": "nn.mse_loss",
    "nn.optim.lr_scheduler": "the schedules are here in nn",
    "nn.optim.SGD(model, lr=0.1)": "model.parameters()",
    "nn.utils.clip_grad_norm_": "here in nn",
    "nn.LSTM(2, 4)": "nn.LSTMCell",
    "model.to('cpu')": "leave it out",
    "model.double()": "leave it out",
    "model.apply(len)": "model.modules()",
    "model[0].weight": "neurons[0].w",
    "nn.optim.lion": "no attribute 'lion'",
}


def run(line: str) -> None:
    space: dict[str, Any] = {"nn": nn, "autograd": autograd, "random": random, "Value": Value}
    exec(BEGIN, space)
    exec(line, space)


@pytest.mark.parametrize("line", RIGHT.strip().splitlines())
def test_it_is_right(line: str) -> None:
    run(line)


@pytest.mark.parametrize("line", TOLD)
def test_it_is_told_what_to_write(line: str) -> None:
    with pytest.raises((AttributeError, TypeError)) as raised:
        run(line)
    assert TOLD[line] in str(raised.value)
