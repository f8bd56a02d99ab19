"""The names demo: what it reads, what it learns, and what it invents."""

import random

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("names")

import nn
from demos import names
from demos.names import LETTERS, NameModel

pytestmark = pytest.mark.slow


def test_the_list_holds_every_name_once_in_small_letters() -> None:
    known = names.known_names()
    assert len(known) == len(set(known)) == 5163
    assert {"mary", "james", "linda"} <= set(known)
    assert set("".join(known)) <= set(LETTERS[1:])


def test_examples_spell_the_name_and_end_it() -> None:
    found = names.examples(["eve", "al"])
    assert "".join([LETTERS[target] for _, target in found]) == "eve.al."
    assert ["".join([LETTERS[i] for i in context]) for context, _ in found] == [
        "...",
        "..e",
        ".ev",
        "eve",
        "...",
        "..a",
        ".al",
    ]


def test_a_model_that_learned_one_name_invents_it() -> None:
    random.seed(0)
    model = NameModel(vector=2, hidden=16)
    names.train(model, names.examples(["anna"] * 8), steps=100)
    assert [names.invent(model) for _ in range(20)].count("anna") >= 15


def test_a_name_that_will_not_end_is_cut() -> None:
    model = NameModel(vector=1, hidden=1)
    for parameter in model.parameters():
        parameter.data = 0.0
    last = model.net.layers[-1]
    assert isinstance(last, nn.Layer)
    last.neurons[LETTERS.index("z")].b.data = 1000.0
    assert names.invent(model, longest=7) == "z" * 7
