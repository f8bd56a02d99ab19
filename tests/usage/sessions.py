"""Sessions at a prompt, as people have them; run as doctests.

The first minute:

>>> from autograd import *
>>> x = Value(2.0, label="x")
>>> y = x**2 + 3*x
>>> y
Value(10.0, op='+')
>>> y.backward()
>>> x
Value(2.0, grad=7.0, label='x')
>>> y.backward()  # adds to the leaves
>>> x.grad
14.0
>>> x.zero_grad()
>>> x.grad
0.0

A number that is changed by hand is used from the next formula on:

>>> x.data += 1.0
>>> (x**2).data, y.data
(9.0, 10.0)

The neuron of the well-known lecture:

>>> x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
>>> w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
>>> b = Value(6.8813735870195432, label="b")
>>> n = x1*w1 + x2*w2 + b
>>> e = (2*n).exp()
>>> o = (e - 1) / (e + 1)
>>> o.backward()
>>> [round(v.grad, 6) for v in (x1, w1, x2, w2)]
[-1.5, 1.0, 0.5, 0.0]
>>> print(b.tanh().graph())
v2  tanh  data 1.0  grad 0.0
└─ b  data 6.881  old grad 0.5  local 4.217e-06

Mistakes say what is wrong:

>>> Value(0.0, label="x").log()
Traceback (most recent call last):
ValueError: log(0.0 labelled 'x'): outside the domain, which is x > 0
>>> Value("2.0")
Traceback (most recent call last):
TypeError: Value takes a real number, got '2.0' (str)

Functions instead of objects:

>>> def f(x, y):
...     return x * sin(y)
>>> grad(f, argnums=(0, 1))(2.0, 0.0)
(0.0, 2.0)
>>> f(2.0, 0.0)
0.0
>>> [hessian(lambda x: x**k)(1.0) for k in range(4)]
[0.0, 0.0, 2.0, 6.0]

A network in the manner of micrograd:

>>> import random, nn
>>> random.seed(1337)
>>> model = nn.MLP(2, [4, 1])
>>> xs, ys = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]], [1.0, -1.0, 0.0]
>>> losses = []
>>> for k in range(60):
...     loss = sum((model(x) - y)**2 for x, y in zip(xs, ys))
...     model.zero_grad()
...     loss.backward()
...     for p in model.parameters():
...         p.data += -0.05 * p.grad
...     losses.append(loss.data)
>>> losses[-1] < 1e-3 < losses[0]
True
"""
