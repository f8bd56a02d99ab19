"""A page answers back: a leaf is changed, and everything follows as Python has it."""

import math
import random
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import nn
from autograd import Stepper, Value, primitive
from autograd.show.drawing.fitting import fit
from autograd.show.drawing.options import Options
from autograd.show.snapshot import Node
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.examples import expression
from tests.helpers.pages import formula, readme
from tests.helpers.programs import programs

EXACT = {"add", "sub", "mul", "div", "sqrt", "dot", "sum", "neg", "square", "maximum"}
TYPED = "(texts) => Object.entries(texts).forEach(([i, x]) => move([[nodes[i], numberOf(x)]]))"


def changed(root: Value) -> Value:
    """The graph recorded again with the numbers that its leaves hold now."""
    copies: dict[Value, Value] = {}
    for node in root.graph():
        operands = [copies[x.value] if isinstance(x, Node) else x for x in node.operands]
        copies[node.value] = (
            node.op(*operands) if node.op else Value(node.data, label=node.label)
        )
    return copies[root]


def of(name: str, what: str = "value") -> str:
    return f'[aria-label="{what} of {name}"]'


def lines(page: Any) -> list[str]:
    page.evaluate("tabulate()")  # which waits for a while by itself
    return list(page.locator(".all tbody tr td:last-child").all_text_contents())


def test_the_numbers_of_arrows_between_boxes_follow(open_page: Opener) -> None:
    root = expression(100, 12, 5)
    page = open_page(root.graph().html(), at="#999")
    leaves = [node for node in root.graph() if node.op is None]
    page.fill(of(leaves[0].name), "1.25")
    leaves[0].value.data = 1.25
    drawn = fit(changed(root).graph(), Options(), scrolls=True).picture
    shown = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#picture .local")]
          .map((text) => [text.parentElement.id, text.textContent]))"""
    )
    wanted = {f"graph-{edge.id}-l": edge.text for edge in drawn.edges}
    assert len(shown) > 50
    assert {id: wanted[id] for id in shown} == shown


@pytest.mark.parametrize("spec", [".4g", ".2f", "+.3e"])
def test_a_changed_leaf_gives_the_page_of_the_changed_graph(
    open_page: Opener, spec: str
) -> None:
    page = open_page(Stepper(formula(0.5, -0.75), format=spec).html(), at="#99")
    page.fill(of("a"), "-1.25")
    page.fill(of("b"), "5/2")
    wanted = Stepper(formula(-1.25, 2.5))
    assert lines(page) == [str(event) for event in wanted.events]
    ends = {event.target.index: event.after for event in wanted.events}
    for node in wanted.graph.nodes:
        cell = page.locator(f"#graph-n{node.index}")
        assert cell.locator(".data").text_content() == format_number(node.data, spec)
        assert cell.locator(".grad").text_content() == format_number(ends[node.index], spec)
        for slot, partial in enumerate(node.partials):
            edge = page.locator(f"#graph-e{node.index}-{slot}-l .local")
            assert edge.text_content() == format_number(partial, spec)
    assert page.inner_text("header p").startswith(
        f"y = {format_number(wanted.graph.root.data)}:"
    )
    assert page.locator("#leaves .gradient span").first.text_content() == format_number(ends[0])
    page.click("#reset")
    assert lines(page) == [str(event) for event in Stepper(formula(0.5, -0.75)).events]


def test_numbers_are_pythons_and_those_to_come_stay_hidden(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html(), at="#2")
    page.fill(of("a"), "4")
    shown = page.locator(".node .data").all_text_contents()
    assert shown == ["4.0", "-3.0", "", "", "", "", ""]
    assert set(page.locator(".node .grad").all_text_contents()) == {"0.0"}
    page.click("#last")
    assert page.locator("#graph-n0 .grad").text_content() == "6.0"
    chance = random.Random(0)
    numbers = [0.0, -0.0, 1.0625, 1.1875, 12345.0, 99995.0, 9999.5, 0.00015, 2.5e-5, 5e-324]
    numbers += [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(300)]
    numbers += [chance.randrange(10**6) / 2 ** chance.randrange(12) for _ in range(600)]
    numbers = [x for x in numbers if math.isfinite(x)]
    for spec in (".4g", ".3f", ".2e", "", "+.1f", ",.2f", ".0f", ".1%", "g", ".0e"):
        found = page.evaluate(
            "([xs, spec]) => xs.map((x) => formatNumber(x, spec))", [numbers, spec]
        )
        assert found == [format_number(x, spec) for x in numbers]


def test_what_an_operation_refuses_is_said_and_changes_nothing(open_page: Opener) -> None:
    x = Value(2.0, label="x")
    page = open_page((x.log() * x).graph().html())
    page.fill(of("x"), "-1")
    said = "v2 = log(-1.0): outside the domain, which is x > 0. The numbers are as before."
    assert page.inner_text("#says") == said
    assert page.get_attribute(of("x"), "aria-invalid") == "true"
    assert page.locator("#graph-n1.refused").count() == 1
    assert page.locator("#graph-n0 .data").text_content() == "2.0"
    page.fill(of("x"), "two")
    assert page.inner_text("#says") == "x must be a number, such as -1.5 or 1/3."
    page.fill(of("x"), "3")
    assert page.inner_text("#says") == ""
    assert page.locator(".refused").count() == 0
    assert page.locator("#graph-n0 .data").text_content() == "3.0"
    assert page.locator("#graph-n0 .grad").text_content() == format_number(1 + math.log(3))


def test_a_kink_is_a_convention(open_page: Opener) -> None:
    page = open_page(Stepper(Value(0.0, label="x").relu()).html(), at="#2")
    kink = "Here, at a kink, it is a convention: 0 at x = 0."
    assert kink in page.inner_text("#words")
    page.fill(of("x"), "1")
    assert "kink" not in page.inner_text("#words")
    page.fill(of("x"), "0")
    assert kink in page.inner_text("#words")
    page.click("#last")
    assert "0.0 (a convention: 0 at x = 0), goes back to" in page.inner_text("#words")


def test_a_number_is_dragged_typed_nudged_and_stepped(open_page: Opener) -> None:
    page = open_page((Value(3.0, label="x") ** 2).graph().html())
    box = page.locator("#graph-n0").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 10)
    page.mouse.up()
    assert page.locator("#graph-n0 .data").text_content() == "4.0"
    assert page.locator("#graph-n1 .data").text_content() == "16.0"
    for key, value in (("Enter", "5.0"), ("Escape", "4.0")):
        page.mouse.click(box["x"] + 10, box["y"] + 10)
        page.locator(".edit").fill("5")
        assert page.locator("#graph-n1 .data").text_content() == "25.0"
        page.keyboard.press(key)
        assert page.locator(".edit").count() == 0
        assert page.locator("#graph-n0 .data").text_content() == value
        page.fill(of("x"), "4")
    page.fill(of("x"), "3")
    page.focus("[aria-label='nudge x']")
    page.keyboard.press("Enter")
    said = "x moved by 0.01: v2 moved by 0.0601; its gradient said 6.0 × 0.01 = 0.06."
    assert page.inner_text("#says") == said
    page.click("#reset")
    page.focus("#step")
    y = 3.0
    for _ in range(3):
        page.keyboard.press("Enter")
        y -= 0.1 * (y + y)
    assert page.locator("#graph-n0 .data").text_content() == format_number(y)
    heights = page.eval_on_selector_all("#curve", "([c]) => [...c.points].map((p) => p.y)")
    assert len(heights) == 4
    assert heights == sorted(heights)
    axes = page.locator("#chart text").all_text_contents()
    assert axes == ["v2", "9.0", format_number(y * y), "0", "step", "3"]
    page.focus(of("x"))
    page.keyboard.press("ArrowUp")
    assert page.locator("#graph-n0 .data").text_content() == format_number(y + 0.1)


def test_a_step_keeps_data_and_says_when_the_loss_explodes(open_page: Opener) -> None:
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x_1"), Value(0.1, label="b")
    loss = (w * x + b - Value(3.0, label="y") * Value(1.0)) ** 2
    loss.label = "loss"
    page = open_page(loss.graph().html())
    steps = page.evaluate("leaves.filter((x) => chosen.get(x).checked).map(({ name }) => name)")
    assert sorted(steps) == ["b", "w"]
    page.fill("#rate", "0.3")
    page.click("#step")
    said = page.inner_text("#says")
    assert said.endswith("It grew, as the step was too long: take a lower learning rate.")
    page.fill("#rate", "10")
    page.click("#step")
    page.click("#step")
    said = page.inner_text("#says")
    assert said.endswith("It has exploded: reset, and take a lower learning rate.")


def test_arrows_of_a_network_follow(open_page: Opener) -> None:
    def network(w: float) -> Any:
        model = nn.MLP(2, [3, 1], activation="tanh", init=nn.init.constant(0.25))
        model.parameters()[0].data = w
        inputs = [Value(0.5, label="x"), Value(-1.0, label="y")]
        return model(inputs).graph(collapse="neuron")

    page = open_page(network(0.25).html())
    leaf = next(n for n in network(0.25) if n.label == "layers.0.neurons.0.w.0")
    page.evaluate(TYPED, {leaf.index: "1.5"})
    other = open_page(network(1.5).html())
    for kind in (".data", ".local"):
        shown = page.locator(f"#picture {kind}").all_text_contents()
        assert shown == other.locator(f"#picture {kind}").all_text_contents()


def test_a_neuron_opens_below_the_net_and_covers_nothing(open_page: Opener) -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", init=nn.init.constant(0.25))
    graph = model([Value(0.5, label="x"), Value(-1.0, label="y")]).graph(collapse="neuron")
    page = open_page(graph.html())
    assert page.inner_text("#words").startswith("“out⁽¹⁾₀” in layers.1.neurons.0 is ")
    inside = page.locator(".inside")
    page.locator("g.group").nth(1).click()
    assert page.locator("#inside option:checked").text_content() == "layers.0.neurons.1"
    assert inside.locator(".name").all_text_contents()[-1] == "out⁽⁰⁾₁"
    page.fill(of("x"), "1")
    assert inside.locator(".node .data").first.text_content() == "1.0"
    net, shown = page.locator("#picture").bounding_box(), inside.bounding_box()
    assert net["y"] + net["height"] <= shown["y"]
    page.select_option("#inside", "layers.1.neurons.0")
    assert inside.locator("figcaption").text_content() == "Inside layers.1.neurons.0"
    assert page.locator(".group.open").get_attribute("id") == "graph-g2"
    page.locator(".group.open").click()
    assert not inside.is_visible()
    page.select_option("#inside", "layers.1.neurons.0")
    page.keyboard.press("Escape")
    assert not inside.is_visible()


def test_an_open_neuron_knows_what_has_been_played(open_page: Opener) -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", init=nn.init.constant(0.25))
    stepper = model([Value(0.5, label="x"), Value(-1.0, label="y")]).steps(collapse="neuron")
    page = open_page(stepper.html(), at="#0")
    page.locator("g.group").first.click()
    cards = page.locator(".inside .node")
    count = cards.count()
    assert page.locator(".inside .node.waits").count() == count
    assert page.locator(".inside .data:visible, .inside .local:visible").count() == 0
    assert {*page.locator(".inside .grad").all_text_contents()} == {"0.0"}
    page.keyboard.press("End")
    assert page.locator(".inside .waits").count() == 0
    ends = {event.target: event.after for event in stepper.events if event.kind != "forward"}
    for node in stepper.graph:
        if node.name.startswith("layers.0.neurons.0") or node.label in ("x", "y"):
            card = cards.filter(has=page.locator(f".name:text-is('{node.short}')"))
            assert card.locator(".grad").text_content() == format_number(ends[node])
    played = [
        k + 1
        for k, event in enumerate(stepper.events)
        if event.kind == "backward" and event.node.name == "layers.0.neurons.0.out"
    ]
    follow(page, f"#{played[0]}")
    assert page.locator(".inside .along").count() == 2  # the arrow and its number


def test_a_box_with_several_outputs_has_their_range_and_opens(open_page: Opener) -> None:
    graph = nn.MLP(2, [16, 1]).graph([1.0, 2.0])
    pages = [open_page(graph.html(), java_script_enabled=on) for on in (True, False)]
    box = ".group:has-text('more') .data"
    live, still = [page.locator(box).all_text_contents() for page in pages]
    assert live == still
    assert " … " in live[0]
    pages[0].select_option("#inside", "layers.0.neurons.0")
    frame, inside = [pages[0].locator(at).bounding_box() for at in ("#picture", ".inside")]
    assert frame["y"] + frame["height"] <= inside["y"]
    assert inside["height"] > 100


def test_a_graph_with_an_opaque_rule_says_why_it_is_fixed(open_page: Opener) -> None:
    looked = primitive("tests.looked", lambda x: {1.0: 2.0}[x], lambda out, x: 1.0)
    page = open_page(looked(Value(1.0)).graph().html())
    assert "The numbers cannot be changed here: tests.looked" in page.inner_text("main")
    assert page.locator("#live").count() == 0


# Values and gradients, computed anew from the numbers that the page began with.
COMPUTED = """() => {
  move(leaves.map((leaf) => [leaf, first.get(leaf.index)]));
  const written = (xs) => xs.map((x) => formatNumber(x, ""));
  return [written(nodes.map(({ data }) => data)), written(grads)];
}"""


def test_random_programs(chromium: Any) -> None:
    """To the bit where the browser computes what Python does, else to the last digits."""
    page = chromium.new_page()

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(programs())
    def compare(program: Any) -> None:
        _, root = program.record()
        stepper = Stepper(root)
        page.goto("about:blank")
        page.set_content(stepper.html())
        found = [[float(x) for x in numbers] for numbers in page.evaluate(COMPUTED)]
        data = [node.data for node in stepper.graph.nodes]
        ends = [0.0] * len(data)
        for event in stepper.events:
            if event.kind != "forward":
                ends[event.target.index] = event.after
        if {node.op.name for node in stepper.graph if node.op} <= EXACT:
            assert found == [data, ends]
        assert found[0] == pytest.approx(data, rel=1e-12, abs=1e-12, nan_ok=True)

    compare()
    page.close()
