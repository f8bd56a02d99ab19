"""Boxes of many nodes on a page: they light up with their steps, show what is played, open."""

import nn
from autograd import Stepper, Value, logsumexp, scope
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.pages import long


@scope("softmax")
def softmaxed(scores: list[Value]) -> list[Value]:
    total = logsumexp(scores)
    return [(score - total).exp() for score in scores]


def heads() -> Value:
    x = [Value(0.5, label="x0"), Value(-1.0, label="x1")]
    found = []
    for head in range(2):
        with scope(f"head {head}"):
            w = Value(0.5 + head, label=f"w{head}")
            looks = softmaxed([w * a for a in x])
            found.append(looks[0] * x[0] + looks[1] * x[1])
    y: Value = found[0] * found[1]
    y.label = "y"
    return y


def test_scopes_are_boxes_that_open(open_page: Opener) -> None:
    stepper = Stepper(heads(), collapse="scope")
    page = open_page(stepper.html())
    titles = page.locator(".node.group .name").all_text_contents()
    assert sorted(titles) == [
        *("head 0 · 1", "head 0 · 2", "head 1 · 1", "head 1 · 2", "softmax", "softmax")
    ]
    offered = page.locator("#inside option").all_inner_texts()[1:]
    assert sorted(offered) == [
        *("head 0 · 1", "head 0 · 2", "head 0/softmax"),
        *("head 1 · 1", "head 1 · 2", "head 1/softmax"),
    ]
    page.keyboard.press("End")
    page.select_option("#inside", label="head 1/softmax")
    shown = page.locator("#opened .operation .data").all_text_contents()
    inside = [n for n in stepper.graph if stepper.graph.scopes.get(n) == "head 1/softmax"]
    assert shown == [format_number(node.data) for node in inside]
    page.keyboard.press("Escape")
    page.click("#first")
    for node in stepper.graph:
        page.click("#next")
        if node in inside:
            assert page.evaluate("nameOf(document.querySelector('.to').id.slice(6))") == (
                "head 1/softmax"
            )
            assert "in head 1/softmax is computed" in page.inner_text("#words")


def test_a_large_scope_opens_too(open_page: Opener) -> None:
    y = Value(0.5, label="x")
    with scope("deep"):
        for _ in range(99):
            y = (y + 0.1).tanh()
    page = open_page((y * 2.0).graph(collapse="scope").html())
    page.select_option("#inside", label="deep")
    assert page.locator("#opened .operation").count() == 198


def test_nodes_that_are_drawn_together_are_played_in_their_box(open_page: Opener) -> None:
    graph = nn.MLP(2, [3, 1]).graph([0.5, -0.2], collapse="layer")
    page = open_page(graph.html())
    result = format_number(graph.root.data)
    assert page.text_content("#graph-g1 .data") == result
    pieces = """[...document.querySelectorAll('.edge path')].map(
      (path) => path.getAttribute('d').split('M').length - 1)"""
    assert page.evaluate(pieces) == [2] * 3  # with a gap for the number
    page.click("#first")
    assert page.text_content("#graph-g1 .data") == ""
    assert page.locator(".waits.node").count() == 4
    assert page.evaluate(pieces) == [1] * 3  # whole until there is one
    for node in graph:
        page.click("#next")
        layer = node.name.removeprefix("layers.")[0]
        box = f"graph-g{layer}" if "layers" in node.name else f"graph-n{node.index}"
        if node.op is None:
            assert page.evaluate("[...document.querySelectorAll('.to')].map(e => e.id)") == [
                box
            ]
    assert page.locator(".waits").count() == 0
    assert page.text_content("#graph-g1 .data") == result


def test_of_a_batch_each_neuron_shows_what_it_has_computed(open_page: Opener) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", init=nn.init.constant(0.5))
    loss = nn.mse_loss([model(x) for x in ([0.0, 0.5], [1.0, -0.3])], [1.0, -1.0])
    graph = loss.graph()
    page = open_page(graph.html())
    page.click("#first")
    boxes = page.locator(".node").count()
    assert page.locator(".node.waits").count() == boxes
    assert page.locator("g[id^='graph-x-'] .data:visible").count() == 0
    assert page.locator(".edge:not(.waits)").count() == 0
    first, other = [n for n in graph if n.op and n.op.name == "tanh"][::3]
    follow(page, f"#{first.index + 1}")
    told = "is computed, and its derivative to each input."  # within a box there is no arrow
    assert page.inner_text("#words").endswith(told)
    assert page.text_content("#graph-g0 .data") == format_number(first.data)
    waits = "document.getElementById('graph-g0').classList.contains('waits')"
    assert not page.evaluate(waits)
    follow(page, f"#{other.index + 1}")
    both = sorted([first.data, other.data])
    assert page.text_content("#graph-g0 .data") == " … ".join(map(format_number, both))
    follow(page, f"#{first.index}")
    assert page.evaluate(waits)


def test_a_node_that_the_picture_leaves_out_is_played_in_words(open_page: Opener) -> None:
    page = open_page(long(40).graph(depth=2).html(), viewport={"width": 200, "height": 300})
    page.click("#first")
    page.click("#next")
    assert page.inner_text("#sum") != ""
    assert page.locator(".to").count() == 0
    page.click("#last")
    assert page.locator(".to").count() == 1
