"""Networks: what is drawn of a model and of the loss behind it."""

import xml.etree.ElementTree as ET

import pytest

import nn
from autograd import Value
from autograd.show.drawing import engine
from tests.show.drawing.test_svg import SVG, of_class, texts

pytestmark = pytest.mark.skipif(engine.find() is None, reason="needs a layout engine")


def test_two_arrows_between_the_same_boxes_are_seen_as_two() -> None:
    model = nn.MLP(2, [4, 1], activation="tanh")
    x = [Value(1.0, label="x0"), Value(-2.0, label="x1")]
    svg = ET.fromstring(nn.mse_loss([model(x)], [1.0]).graph(collapse="neuron").svg())
    paths = [e.get("d") for edge in of_class(svg, "edge") for e in edge.iter(f"{SVG}path")]
    assert len(set(paths)) == len(paths)
    places = [(e.get("x"), e.get("y")) for e in of_class(svg, "local")]
    assert len(set(places)) == len(places) >= 2


def test_a_number_without_room_is_in_the_tooltip_alone() -> None:
    model = nn.MLP(2, [3, 1], init=nn.init.constant(0.25))
    loss = nn.mse_loss([model([1.0, 2.0]), model([0.5, -1.0])], [1.0, 0.0])
    svg = ET.fromstring(loss.graph().svg())
    numbers = texts(svg, "local")
    titles = [title.text or "" for edge in of_class(svg, "edge") for title in edge]
    assert len(numbers) < len([title for title in titles if "= " in title])
    assert len([title for title in titles if "weight 0.25" in title]) == 2 * 3 + 3
