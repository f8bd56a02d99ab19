"""The code beside the graph: the line of each step is lit, and a line lights its nodes."""

from autograd import Stepper
from autograd.core.blocks import origin_of
from tests.helpers.chromium import Opener
from tests.helpers.pages import neuron_with_lines


def test_every_step_lights_its_line_and_a_line_what_it_made(open_page: Opener) -> None:
    stepper = Stepper(neuron_with_lines())
    page = open_page(stepper.html())
    lit = ".line[aria-current]"
    assert page.locator(lit).count() == 0
    for event in stepper:
        page.click("#next")
        origin = origin_of(event.node.value)
        assert origin is not None
        with open(origin.file, encoding="utf-8") as file:
            text = file.read().splitlines()[origin.line - 1]
        assert page.locator(lit).count() == 1
        assert page.text_content(lit) == f"{origin.line:>4} {text}"
    first = neuron_with_lines.__code__.co_firstlineno
    page.hover(f"#line-0-{first + 4}")
    made = "[...document.querySelectorAll('.made')].map((box) => box.id)"
    assert page.evaluate(made) == ["graph-n2", "graph-n3", "graph-n4"]
    page.hover(f"#line-0-{first + 2}")
    assert page.evaluate(made) == ["graph-n1"]


def test_it_stands_beside_the_picture_where_there_is_room(open_page: Opener) -> None:
    page = open_page(Stepper(neuron_with_lines()).html())
    page.keyboard.press("End")
    for width in (390, 700, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        code, picture = [page.locator(id).bounding_box() for id in ("#code", "#picture")]
        assert (code["y"] == picture["y"]) is (width > 1024)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if width > 1024:
            texts = page.locator("#picture text.data").evaluate_all(
                "(all) => all.map((text) => text.getBoundingClientRect().height)"
            )
            assert min(texts) > 11


def test_without_javascript_the_code_is_there(open_page: Opener) -> None:
    page = open_page(Stepper(neuron_with_lines()).html(), java_script_enabled=False)
    assert "y = (w * x + 0.1).tanh()" in page.inner_text("#code")
