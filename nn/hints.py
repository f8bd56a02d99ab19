"""The names here for those of PyTorch, Keras and scikit-learn."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

from autograd.core.hints import by_name, missing

__all__ = ["hinted", "lack", "refuse"]

P = ParamSpec("P")
R = TypeVar("R")
FLOATS = "leave it out: the numbers are Python's floats"
LOSS = "losses are functions here, such as nn.mse_loss"
# What modules, a Module and a History lack; keywords of layers, optimizers and `fit`.
HINTS = by_name(
    {
        "nn": {
            "MSELoss": LOSS,
            "L1Loss": "losses are functions here, such as nn.l1_loss",
            "HuberLoss SmoothL1Loss": "losses are functions here, such as nn.huber_loss",
            "NLLLoss": "losses are functions here, such as nn.nll_loss",
            "BCELoss": "losses are functions here, such as nn.binary_cross_entropy",
            "BCEWithLogitsLoss": (
                "losses are functions here, such as nn.binary_cross_entropy_with_logits"
            ),
            "CrossEntropyLoss": "losses are functions here, such as nn.cross_entropy",
            "KLDivLoss kl_div": "nn.cross_entropy takes shares of classes as targets",
            "Linear": "it is nn.Layer here",
            "Dense": "it is nn.Layer(nin, nout, activation=…) here",
            "Input": "leave it out: nn.Layer(nin, nout) is told both sizes",
            "Model": "derive a class from nn.Module, or write nn.Sequential(…)",
            "F": "it is nn.functional here",
            "MLPClassifier MLPRegressor": "make an nn.MLP, and train it by nn.fit",
            "StandardScaler": "scale X by scikit-learn's, and give its arrays to nn.fit",
            "random_split train_test_split": "nn.fit(…, validation=0.2) holds a fifth out",
            "accuracy_score": "it is nn.accuracy here",
            "ModelCheckpoint": "write nn.fit(…, checkpoint=path)",
            "Callback": "nn.fit(…, callbacks=[f]) calls functions f(epoch_end)",
            "manual_seed seed": "write random.seed(n)",
            "Parameter": "any autograd.Value that a module holds is one",
            "save load": "it is nn.{}_model(model, path) here",
            "ModuleList ModuleDict ParameterList": "a list or a dict of them does",
            "utils": "its clip_grad_norm_ and clip_grad_value_ are here in nn",
            "DataLoader": (
                "nn.fit(model, X, y, batch_size=…) makes batches; a loop may slice lists"
            ),
            "TensorDataset": "X and y are lists or arrays, and nn.fit(model, X, y) takes them",
            "lr_scheduler": "the schedules are here in nn",
            "Conv1d": "nn.Conv2d with one row does the same",
            "AvgPool2d": "write the means of the windows, or see nn.MaxPool2d",
            "no_grad": "it is autograd.no_grad()",
            "Tensor tensor": (
                "a number with a gradient is an autograd.Value, and lists hold many"
            ),
            "CosineAnnealingWarmRestarts ChainedScheduler": (
                "nn.LambdaLR takes any function of the epoch, and nn.SequentialLR is here"
            ),
            "smooth_l1_loss": "it is nn.huber_loss here",
            "one_hot": "write [float(i == k) for i in range(n)], or give the index k itself",
            "dropout": "it is a module, nn.Dropout(p)(xs)",
            "linear": "write autograd.dot(ws, xs, bias) for each neuron, or nn.Layer",
            "GradScaler autocast": FLOATS,
            "DataParallel": "leave it out: nn.compile makes a fast step",
            "PReLU": "nn.LeakyReLU takes a Value as its slope",
            "train": "it is nn.fit(model, X, y, loss=…, optimizer=…)",
            "Adagrad Adadelta Adamax LBFGS NAdam RAdam Rprop": (
                "nn.SGD, nn.Adam, nn.AdamW and nn.RMSprop are here, and nn.Optimizer takes "
                "others"
            ),
            "MultiheadAttention Transformer TransformerEncoderLayer": (
                "write it of nn.Layer, nn.softmax and nn.LayerNorm"
            ),
            "RNN LSTM GRU": "loop over the sequence with nn.{}Cell, which takes one step",
            "BatchNorm1d BatchNorm2d": (
                "it mixes the samples of a batch, and a model takes one: use nn.LayerNorm"
            ),
        },
        "Module": {
            "to cuda cpu double float half device": FLOATS,
            "apply": "loop over model.modules()",
            "add append": "write model.layers.append(module)",
            "compile": "write nn.compile(model, loss, optimizer)",
            "fit": "write nn.fit(model, X, y, loss=nn.mse_loss, optimizer=optimizer)",
            "save save_weights": "write nn.save_model(model, path)",
            "summary": "print(model) shows it, and len(model.parameters()) counts",
            "in_features": "write len(layer.neurons[0].w)",
            "out_features": "write len(layer.neurons)",
            "w weight": "the weights of a Layer are those of its neurons: layer.neurons[0].w",
            "b bias": "the biases of a Layer are those of its neurons: layer.neurons[0].b",
            "buffers register_buffer": "a number that is not trained is a plain attribute",
            "register_parameter": "any autograd.Value that a module holds is a parameter",
            "predict_proba": "write model.predict(X), and nn.softmax of each",
            "evaluate score": "write loss([model(x) for x in X], y), or nn.accuracy",
            "get_weights trainable_variables trainable_weights variables weights": (
                "write model.parameters(), or model.state_dict()"
            ),
            "set_weights": "write model.load_state_dict(state)",
            "load load_weights": "write nn.load_model(model, path)",
            "count_params num_parameters": "write len(model.parameters())",
            "add_module": "a module in an attribute, or in a list or dict there, is one below",
        },
        "Optimizer": {
            "defaults": "write optimizer.param_groups[0]",
            "minimize apply_gradients": "write loss.backward(), then optimizer.step()",
        },
        "History": {
            "loss losses": 'write history["loss"]',
            "val_loss": 'write history["val_loss"]',
        },
        "keywords": {
            "validation_data eval_set val_data": "write validation=(X, y)",
            "validation_split val_split test_size": "write validation=0.2",
            "verbose show_progress": "write progress=True or progress=False",
            "sample_weight": "weigh the samples in a loss of your own, or repeat them",
            "class_weight": "give loss=functools.partial(nn.cross_entropy, weight=[…])",
            "criterion": "write loss=…",
            "n_epochs num_epochs max_iter nb_epoch": "write epochs=…",
            "batch batchsize bs": "write batch_size=…",
            "device dtype": FLOATS,
            "learning_rate eta": "write lr=…",
            "monitor": "it watches the validation loss; leave it out",
            "in_features input_dim input_shape out_features units": "write nn.Layer(nin, nout)",
            "num_embeddings embedding_dim": "write nn.Embedding(num, dim)",
            "rate": "write p=…",
            "hidden_layer_sizes": "write nn.MLP(nin, [16, 16, 1])",
            "kernel_initializer": "write init=nn.init.xavier_uniform()",
        },
        "fit": {"lr learning_rate": "the optimizer has it: optimizer=nn.SGD(…, lr=…)"},
    }
)


def hinted(f: Callable[P, R]) -> Callable[P, R]:
    """The function, which says what to write in the place of another library's keyword."""
    hints = HINTS["keywords"] | HINTS.get(f.__name__, {})

    @functools.wraps(f)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return f(*args, **kwargs)
        except TypeError as error:
            unknown = kwargs.keys() - inspect.signature(f).parameters.keys()
            for name in unknown & hints.keys():
                told = f"{f.__qualname__.removesuffix('.__init__')} takes no {name!r}"
                raise TypeError(f"{told}; {hints[name]}") from error
            raise

    return called


def refuse(module: str) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module, which says what PyTorch's names are here."""

    def absent(name: str) -> NoReturn:
        missing(module, name, _hint("nn", name) or f"; {LOSS}" * name.endswith("Loss"))

    return absent


def lack(owner: str) -> Callable[[object, str], NoReturn]:
    """The `__getattr__` of a class, which says what other libraries' names are here."""

    def absent(x: object, name: str) -> NoReturn:
        kind = type(x).__name__
        raise AttributeError(f"{kind!r} object has no attribute {name!r}{_hint(owner, name)}")

    return absent


def _hint(owner: str, name: str) -> str:
    hint = HINTS[owner].get(name, "")
    return hint and f"; {hint}"
