"""The code on a page: the lines that made nodes, with what is beside them."""

import re
from pathlib import Path

from autograd import Value, lines
from autograd.show.pages.source import source

CODE = """
a = Value(2.0)




b = a * a  # <b>
c = (
    b
    + a
)
# after
"""


def run(code: str, file: str, **names: object) -> Value:
    space = {"Value": Value, **names}
    with lines():
        exec(compile(code, file, "exec"), space)
    result = space["c"]
    assert type(result) is Value
    return result


def test_lines_around_those_that_made_nodes(tmp_path: Path) -> None:
    path = tmp_path / "a&b.py"
    path.write_text(CODE, "utf-8")
    graph = run(CODE, str(path)).graph()
    html, ids = source(graph)
    assert [ids[node] for node in graph] == ["line-0-2", "line-0-7", "line-0-9"]
    text = re.sub("<[^>]+>", "", html)
    assert text.splitlines() == [
        "a&amp;b.py   1 ",
        "   2 a = Value(2.0)",
        "   3 ",
        "   4 ",
        "   5 ",
        "   6 ",
        "   7 b = a * a  # &lt;b&gt;",
        "   8 c = (",
        "   9     b",
        "  10     + a",
        "  11 )",
    ]
    assert re.findall('id="(line[^"]+)"', html) == ["line-0-2", "line-0-7", "line-0-9"]


def test_gaps_and_several_files(tmp_path: Path) -> None:
    far = "\n" * 9 + "c = x * x\n"
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    files[0].write_text("c = Value(1.0)\n" + far, "utf-8")
    files[1].write_text(far, "utf-8")
    x = run("c = Value(1.0)\n" + far.replace("x", "c"), str(files[0]))
    graph = run(far, str(files[1]), x=x).graph()
    html, ids = source(graph)
    assert [ids[node] for node in graph] == ["line-0-1", "line-0-11", "line-1-10"]
    assert html.count("⋮") == 1
    assert re.findall("<h2>(.*?)</h2>", html) == ["one.py", "two.py"]


def test_code_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    graph = run(CODE, str(tmp_path / "gone.py")).graph()
    assert source(graph)[0] == ""
    assert "<pre>" not in graph.html()


def test_without_the_block_there_is_none() -> None:
    assert source((Value(1.0) * 2.0).graph()) == ("", {})
