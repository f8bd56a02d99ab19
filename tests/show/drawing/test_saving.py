"""Pictures in files and notebooks: DOT, SVG, PNG, PDF, LaTeX, pages."""

import io
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytest.importorskip("graphviz")

import graphviz
from PIL import Image

import nn
from autograd import Value
from autograd.show.drawing.fitting import fit
from autograd.show.drawing.render import render
from autograd.show.drawing.svg import svg as svg_of
from tests.helpers.examples import chain, hostile, network, small
from tests.helpers.tables import table

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's dot")


def test_a_digraph_has_plain_labels_and_one_font() -> None:
    digraph = small().graph().digraph()
    assert isinstance(digraph, graphviz.Digraph)
    dot = digraph.source
    assert dot.startswith("digraph {\n\tgraph [")
    assert "record" not in dot
    assert dot.count("fontname=Helvetica") == 3
    assert '\tn0 -> n2 [label=-3.0 id="e2-0" tooltip="∂e/∂a = -3.0"]\n' in dot
    assert r'label="loss\nReLU\ndata 14.0\ngrad 1.0"' in dot
    assert dot.count("penwidth=2.5") == 1
    assert dot == small().graph().dot()


def test_a_digraph_follows_the_options() -> None:
    graph = network([2, 1])
    dot = graph.dot(collapse=None, rankdir="TB", theme="dark", values=False, title="a net")
    assert "rankdir=TB" in dot
    assert "#0d1117" in dot
    assert r"\ndata" not in dot
    assert 'tooltip="a net"' in dot
    frames = [f'subgraph "cluster_layers.0{inner}" {{' for inner in ("", ".neurons.0")]
    assert 0 < dot.index(frames[0]) < dot.index(frames[1])
    assert 'label="neurons.1"' in dot
    assert r'label="\\N\n' in Value(1.0, label=r"\N").graph().dot()
    cut = chain(10).graph().dot(max_nodes=5)
    assert (
        'label="Only the paths that carry most of the gradient are drawn; 7 nodes left out'
        in cut
    )
    assert r'label="neurons.0\nlinear\n' in graph.dot(collapse="neuron")


@needs_dot
@pytest.mark.parametrize("kind", ["svg", "png", "plain"])
def test_graphviz_takes_a_digraph_whatever_the_labels(kind: str) -> None:
    for graph in (hostile().graph(), network([2, 1]), chain(5).graph(max_nodes=3)):
        assert graph.digraph().pipe(kind)


@needs_dot
def test_a_digraph_renders_itself(tmp_path: Path) -> None:
    path = small().graph().digraph().render(tmp_path / "small", format="svg")
    svg = Path(path).read_text("utf-8")
    assert svg.count('class="node"') == 9
    assert ">loss<" in svg


@pytest.mark.parametrize(
    ("kind", "start"),
    table(
        r"""
"svg" | b"<svg id="
"png" | b"\x89PNG\r\n"
"pdf" | b"%PDF"
"dot" | b"digraph {"
"gv" | b"digraph {"
"html" | b"<!doctype html>"
"tex" | b"\\documentclass"
""",
        globals(),
    ),
)
def test_the_name_says_what_is_saved(tmp_path: Path, kind: str, start: bytes) -> None:
    path = small().graph().save(tmp_path / f"g.{kind.upper()}")
    assert path == tmp_path / f"g.{kind.upper()}"
    first = path.read_bytes()
    assert first.lower().startswith(start.lower())
    small().graph().save(str(path))
    assert path.read_bytes() == first or kind == "pdf"
    assert list(tmp_path.iterdir()) == [path]


def test_a_rendering_is_the_svg_with_its_colours_written_out() -> None:
    graph = small().graph(theme="dark")
    static = svg_of(graph, fit(graph, graph.options), graph.options, static=True)
    assert "var(" not in static
    assert "@media" not in static
    plain, shown = ET.fromstring(graph.svg()), ET.fromstring(static)
    parts = [[(e.tag, e.attrib, e.text) for e in svg.iter()] for svg in (plain, shown)]
    added = [tag.partition("}")[2] for tag, *rest in parts[1] if (tag, *rest) not in parts[0]]
    assert sorted(added) == ["rect", "style"]


@pytest.mark.parametrize(("theme", "paper"), [("auto", "ffffff"), ("dark", "0d1117")])
def test_a_png_has_the_whole_picture_on_its_paper(
    theme: str, paper: str, tmp_path: Path
) -> None:
    graph = small().graph(theme=theme)
    svg = ET.fromstring(graph.svg())
    image = Image.open(io.BytesIO(graph.save(tmp_path / "g.png").read_bytes())).convert("RGB")
    assert image.size == (2 * int(svg.get("width", "")), 2 * int(svg.get("height", "")))
    right, bottom = image.width - 1, image.height - 1
    for x, y in [(0, 0), (right, 0), (0, bottom), (right, bottom)]:
        assert image.crop((x, y, x + 1, y + 1)).tobytes().hex() == paper
    assert len(image.getcolors(1 << 24) or []) > 50


def test_a_huge_picture_is_drawn_smaller() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="20000"/>'
    image = Image.open(io.BytesIO(render(svg, ".png", (20_000.0, 20_000.0))))
    assert 6000 <= image.width == image.height <= 6400


def test_without_the_renderer_only_png_and_pdf_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for kind in ("png", "pdf"):
        with pytest.raises(ImportError, match=r"\[viz\]"):
            small().graph().save(tmp_path / f"g.{kind}")
    assert list(tmp_path.iterdir()) == []
    small().graph().save(tmp_path / "g.svg")


def test_without_graphviz_pictures_have_the_layout_that_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    graph = small().graph()
    assert graph.save(tmp_path / "g.svg").read_text("utf-8") == graph.svg()
    assert "<svg" in graph.html()
    with pytest.raises(ImportError, match=r"\[viz\]"):
        graph.dot()


def test_a_notebook_gets_a_picture_and_text() -> None:
    graph = small().graph()
    bundle = graph._repr_mimebundle_()
    assert bundle == {
        "text/plain": str(graph),
        "image/svg+xml": graph.svg(),
        "text/html": graph.svg(),
    }


def test_formulas_are_those_of_the_snapshot() -> None:
    x = Value(3.0, label="x")
    graph = (x * x).graph()
    x.data = 4.0
    assert "v_{2} &= x \\cdot x = 9" in graph.latex()
    assert graph._repr_latex_() == graph.latex()
    assert chain(60).graph()._repr_latex_() is None


def test_a_module_draws_what_it_computes() -> None:
    model = nn.MLP(2, [3, 1])
    graph = model.graph([1, 2.0])
    names = {node.name for node in graph if node.op is None and "." not in node.name}
    assert names == {"x0", "x1"}
    assert graph.root.data == model([1.0, 2.0]).data
    assert not graph.options.gradients
    assert model.graph([1.0, 2.0], gradients=True).options.gradients
    assert len(nn.MLP(2, [3]).graph([1.0, 2.0]).roots) == 3
