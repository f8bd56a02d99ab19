"""Training code as it is typed from memory of PyTorch: it is right."""

import copy
import math
import random
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn import functional
from tests.helpers.typed import BEGIN

RIGHT = """
nn.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()
for p in model[0].parameters(): p.requires_grad = False
for p in model[0].parameters(): assert not p.requires_grad_(False).requires_grad
w = Value(2.0, requires_grad=True); assert w.requires_grad; assert w.requires_grad_() is w
assert not Value(2.0, requires_grad=False).requires_grad
nn.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.01).step()
sum(p.requires_grad for p in model.parameters())
for group in optimizer.param_groups: group["lr"] *= 0.5
nn.ReduceLROnPlateau(optimizer).step(loss)
nn.OneCycleLR(optimizer, max_lr=0.1, total_steps=5).step()
s = nn.StepLR(optimizer, step_size=10, gamma=0.1); s.step(); print(s.get_last_lr())
optimizer.load_state_dict(optimizer.state_dict()); model.load_state_dict(model.state_dict())
nn.binary_cross_entropy_with_logits([model(x) for x in X], c).backward()
model.train(); model.eval(); print(f"{loss:.4f} {loss.item()}")
with autograd.no_grad(): predictions = [model(x).item() for x in X]
with autograd.no_grad(): acc = sum((model(x) > 0) == t for x, t in zip(X, c)) / len(X)
assert optimizer.step(lambda: nn.mse_loss([model(x) for x in X], y)).data == loss.data
h = nn.relu(nn.Layer(2, 3)(X[0])); assert all(v >= 0.0 for v in h)
assert nn.tanh([nn.sigmoid(v) for v in pred])[0].data == pred[0].sigmoid().tanh().data
F.mse_loss(F.gelu(pred), F.silu(y)).backward()
assert sum(nn.softmax(nn.Layer(2, 3)(X[0]), dim=-1)).data == pytest.approx(1.0)
nn.Sequential(nn.Layer(2, 3), nn.relu, nn.LogSoftmax(dim=1))(X[0])
assert model[:2](X[0])[0].data == model[1](model[0](X[0]))[0].data
assert model[-1](model[:-1](X[0])).data == pred[0].data
((np.array(pred) - np.array(y)) ** 2).mean().backward()
math.sqrt(sum(p.grad ** 2 for p in model.parameters()))
for p in model.parameters(): p.data -= 0.1 * p.grad
loss += 0.01 * sum(p.pow(2) for p in model.parameters()); loss.backward()
l1 = loss + 0.01 * sum(p.abs().sum() for p in model.parameters()); l1.backward()
best = copy.deepcopy(model.state_dict()); model.load_state_dict(best)
nn.cross_entropy([nn.Layer(2, 3)(x) for x in X], c, reduction="sum").backward()
optimizer = nn.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True); optimizer.step()
nn.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4, amsgrad=True).step()
nn.MLP(2, [4, 1], activation=nn.ReLU())(np.array(X[0])).backward()
nn.fit(model, np.array(X), np.array(y), loss=F.mse_loss, optimizer=optimizer, epochs=1)
assert nn.compile(model, nn.mse_loss, optimizer)(X, y) == pytest.approx(loss.data)
"""
NAMES = {"nn": nn, "autograd": autograd, "random": random, "Value": Value, "copy": copy}
NAMES |= {"F": functional, "math": math, "np": np, "pytest": pytest}


def run(line: str) -> None:
    space: dict[str, Any] = dict(NAMES)
    exec(BEGIN, space)
    exec(line, space)


@pytest.mark.parametrize("line", RIGHT.strip().splitlines())
def test_it_raises_nothing(line: str) -> None:
    run(line)
