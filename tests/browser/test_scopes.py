"""Scopes on a page: boxes that light up with their steps, and open."""

from autograd import Stepper, Value, logsumexp, scope
from autograd.show.text import format_number
from tests.helpers.chromium import Opener


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
