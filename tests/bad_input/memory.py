"""Lines typed from memory of PyTorch and others, which say what to write instead."""

import random
from collections.abc import Iterator
from typing import Any

import autograd
import nn
from tests.bad_input.rows import *
from tests.helpers.tables import table
from tests.helpers.typed import BEGIN

TOLD = """
"model(X)" | TypeError | "[model(x) for x in X]"
"nn.MSELoss()" | AttributeError | "nn.mse_loss"
"nn.CrossEntropyLoss()" | AttributeError | "nn.cross_entropy"
"nn.BCEWithLogitsLoss(pos_weight=2.0)" | AttributeError | "nn.binary_cross_entropy_with_logits"
"nn.optim.lr_scheduler" | AttributeError | "the schedules are here in nn"
"nn.optim.SGD(model, lr=0.1)" | TypeError | "model.parameters()"
"nn.utils.clip_grad_norm_" | AttributeError | "here in nn"
"nn.LSTM(2, 4)" | AttributeError | "nn.LSTMCell"
"nn.Linear(2, 4)" | AttributeError | "nn.Layer"
"nn.GradScaler()" | AttributeError | "leave it out"
"from nn import Adagrad" | ImportError |
    "cannot import name 'Adagrad' from 'nn'; nn.SGD, nn.Adam"
"nn.LBFGS(model.parameters())" | AttributeError | "nn.SGD, nn.Adam"
"nn.init.xavier_uniform_(model[0].parameters())" | AttributeError |
    "init=nn.init.xavier_uniform(…)"
"nn.init.xavier" | AttributeError | "no attribute 'xavier'"
"nn.functional.dropout(pred, 0.5)" | AttributeError | "nn.Dropout(p)(xs)"
"nn.one_hot(c, 2)" | AttributeError | "float(i == k) for i in range(n)"
"nn.Softmax(dim=2)" | ValueError | "dim must be -1"
"nn.Layer(2, 4, nn.Tanh)" | TypeError | "make one: Tanh()"
"model.to('cpu')" | AttributeError | "leave it out"
"model.double()" | AttributeError | "leave it out"
"model.apply(len)" | AttributeError | "model.modules()"
"model.append(nn.ReLU())" | AttributeError | "model.layers.append(module)"
"model.fit(X, y)" | AttributeError | "nn.fit(model, X, y"
"model.summary()" | AttributeError | "print(model)"
"model.save('net.pt')" | AttributeError | "nn.save_model(model, path)"
"model.evaluate(X, y)" | AttributeError | "nn.accuracy"
"model.add(nn.ReLU())" | AttributeError | "model.layers.append(module)"
"model.trainable_variables" | AttributeError | "model.parameters()"
"model.load_weights('net.h5')" | AttributeError | "nn.load_model(model, path)"
"nn.Dense(4, activation='relu')" | AttributeError | "nn.Layer(nin, nout, activation=…)"
"nn.MLPClassifier()" | AttributeError | "nn.fit"
"nn.fit(model, X, y, loss='mse', optimizer=optimizer, epochs=1)" | TypeError |
    "such as nn.mse_loss"
"nn.fit(model, X, y, loss=nn.mse_loss, optimizer='adam', epochs=1)" | TypeError |
    "such as nn.Adam"
"nn.EarlyStopping(monitor='val_loss')" | TypeError | "watches the validation loss"
"optimizer.defaults" | AttributeError | "optimizer.param_groups[0]"
"optimizer.minimize(loss)" | AttributeError | "loss.backward(), then optimizer.step()"
"loss.shape" | AttributeError | "it is one number"
"autograd.jacrev(f)" | AttributeError | 'autograd.jacobian(f, mode="reverse")'
"model[0].weight" | AttributeError | "neurons[0].w"
"model[0].bias" | AttributeError | "neurons[0].b"
"nn.optim.lion" | AttributeError | "no attribute 'lion'"
"sum(p.numel() for p in model.parameters())" | AttributeError | "len(model.parameters()) counts"
"loss.detach().cpu().numpy()" | AttributeError | "leave it out"
"loss.numpy()" | AttributeError | "write x.data"
"float(loss)" | TypeError | "take its number, .data"
"loss.grad_fn" | AttributeError | "write x.op"
"loss.clone()" | AttributeError | "write x itself"
"loss.mean()" | AttributeError | "leave it out"
"loss.clamp(0, 1)" | AttributeError | "write x.clip(low, high)"
"model.parameters()[0].normal_(0, 0.1)" | AttributeError | "x.data = …"
"autograd.relu(model[0](X[0]))" | TypeError | "[relu(x) for x in xs]"
"autograd.grad(loss, model.parameters())" | TypeError | "gradient(y, xs)"
"autograd.manual_seed(0)" | AttributeError | "random.seed(n)"
"autograd.tensor([1.0, 2.0])" | AttributeError | "autograd.array(xs)"
"setattr(model.parameters()[0], 'grad', None)" | TypeError | "0.0 where there is none"
"""


def rows() -> Iterator[Row]:
    """All of them."""
    space: dict[str, Any] = {"nn": nn, "autograd": autograd, "random": random}
    exec(BEGIN, space)
    for line, error, words in table(TOLD):
        yield row("nn", line, lambda w, line=line: exec(line, {**space}), error, words)
