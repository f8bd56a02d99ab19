"""Imports run one way: the graph of all of them, those in functions and for types included."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import autograd
from tests.helpers.builds import ROOT


def listed(text: str) -> dict[str, tuple[str, ...]]:
    """Return the words after each name; a line that is indented goes on."""
    rows = [line.partition(":") for line in re.split(r"\n(?! )", text.strip())]
    return {name: tuple(words.split()) for name, _, words in rows}


# What the modules that begin with a name may import, beside each other. The package itself has
# the public names, and what the command line consists of.
LAYERS = listed("""
autograd.build:
autograd.files:
autograd.core:
autograd.rules: autograd.core
autograd.javascript: autograd.core autograd.rules
autograd.value_array: autograd.core
autograd.lu: autograd.core
autograd.linalg: autograd.core autograd.value_array autograd.lu
autograd.numpy_functions: autograd.core autograd.value_array autograd.linalg
autograd.trees: autograd.core autograd.value_array
autograd.transforms: autograd.core autograd.trees
autograd.custom: autograd.core autograd.trees autograd.transforms autograd.lu
autograd.uncertainty: autograd.core autograd.trees autograd.transforms autograd.lu
autograd.solve: autograd.core autograd.trees autograd.transforms autograd.lu
autograd.sparse: autograd.core autograd.trees autograd.transforms autograd.lu
autograd.program.kernel: autograd.build autograd.core autograd.program
autograd.program: autograd.core autograd.rules autograd.javascript autograd.trees
    autograd.transforms autograd.files
autograd.show: autograd.core autograd.rules autograd.javascript autograd.trees
    autograd.transforms autograd.files
autograd.testing: autograd.core autograd.rules autograd.javascript autograd.trees
    autograd.transforms autograd.files
autograd.least_squares: autograd.core autograd.trees autograd.transforms autograd.program
autograd: autograd
nn: autograd
demos: autograd nn
""")
# Who may import what is not of the standard library; later than at once, but for AT_ONCE.
OTHERS = listed("""
cython: autograd.core autograd.program.form autograd.program.results autograd.program.plan
graphviz: autograd.show.drawing
jax: autograd.program.targets.jax_function autograd.program.targets.jax_values
    autograd.testing.frameworks
hypothesis: autograd.testing
matplotlib: nn.figures
mpmath: autograd.testing.oracle
numpy: autograd.value_array autograd.numpy_functions autograd.linalg autograd.least_squares
    autograd.program autograd.testing nn
pytest: autograd.testing.plugin
PIL: nn
rich: autograd.cli autograd.show
safetensors: nn
scipy: autograd.least_squares autograd.sparse
setuptools: autograd.build.setup_commands
torch: autograd.testing.frameworks
tqdm: nn
vl_convert: autograd.show.drawing
""")
AT_ONCE = ("cython", "hypothesis", "matplotlib", "numpy", "pytest", "scipy", "setuptools")
CONVENIENCES = ("Operations.graph", "Operations.steps")  # which import what shows a Value
# What calls import_module: of names in IMPORTS, of a pickled user's primitive, of a demo.
DYNAMIC = {
    "autograd",
    "autograd.core.define",
    "autograd.program.kernel",
    "autograd.program.targets.jax_function",
    "autograd.program.targets.onnx",
    "autograd.sparse",
    "demos.__main__",
    "demos.cluster",
    "nn.training.history",
    "nn.training.sweep",
}


class Import(NamedTuple):
    """That `source` imports `target`."""

    source: str
    target: str
    kind: str  # "at once", "late" (in a function) or "types" (for type checkers)
    place: str  # the class and function


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("autograd", "nn", "demos")
    for path in (ROOT / package).rglob("*.py")
}


def imports(source: str, text: str) -> Iterator[Import]:
    """All imports in the text of a module."""
    waiting: list[tuple[ast.AST, str, str]] = [(ast.parse(text), "at once", "")]
    while waiting:
        node, kind, place = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            place = f"{place}.{node.name}".lstrip(".")
            if kind == "at once" and not isinstance(node, ast.ClassDef):
                kind = "late"
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in MODULES else f"{node.module}" for name in names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            assert source in DYNAMIC, f"{source}.{place} calls import_module"
        for target in dict.fromkeys(targets):
            yield Import(source, target, kind, place)
        types = node.body if isinstance(node, ast.If) and _for_types(node.test) else ()
        for child in ast.iter_child_nodes(node):
            waiting.append((child, "types" if child in types else kind, place))


def _for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


IMPORTS = [each for name in MODULES for each in imports(name, MODULES[name].read_text("utf-8"))]
IMPORTS += [
    Import("autograd", f"autograd.{module}", "late", "__getattr__")
    for module in autograd._LATER.values()
]
INNER = [each for each in IMPORTS if each.target in MODULES]


def within(module: str, prefixes: Iterable[str]) -> bool:
    return any(f"{module}.".startswith(f"{prefix}.") for prefix in prefixes)


def circle(edges: Iterable[Import]) -> list[str]:
    """The modules of a circle, each imported by the one after it; none if there is none."""
    graph: dict[str, set[str]] = {}
    for edge in edges:
        if edge.kind != "types":
            graph.setdefault(edge.source, set()).add(edge.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [*error.args[1]]
    return []


def upwards(edges: Iterable[Import]) -> list[Import]:
    """Those from a layer to one that it may not import."""
    found = []
    for edge in edges:
        layer = next(layer for layer in LAYERS if within(edge.source, [layer]))
        may = within(edge.target, (layer, *LAYERS[layer]))
        if not may and (edge.kind != "types" or not within(edge.target, ["autograd"])):
            found.append(edge)
    return found


def test_there_is_no_circle_but_for_the_conveniences() -> None:
    edges = [edge for edge in INNER if edge.place not in CONVENIENCES]
    assert circle(edges) == []
    late = Import("autograd.core.primitive", "autograd.core.value", "late", "f")
    assert set(circle([*edges, late])) >= {late.source, late.target}
    assert circle([*edges, late._replace(kind="types")]) == []


def test_no_layer_imports_one_above_it() -> None:
    pictures = *CONVENIENCES, "Trace.graph"
    wrong = [edge for edge in upwards(INNER) if edge.place not in pictures]
    assert wrong == []
    for source, target in [
        ("autograd.core.table", "autograd.transforms"),
        ("autograd.show.graph", "autograd"),
        ("autograd.cli.command", "nn"),
        ("nn.module", "demos.common"),
    ]:
        edge = Import(source, target, "late", "f")
        assert upwards([edge]) == [edge]


def test_passes_know_no_target() -> None:
    passes = [each for each in INNER if within(each.source, ["autograd.program.passes"])]
    assert passes
    assert not [each for each in passes if within(each.target, ["autograd.program.targets"])]


def test_other_packages_are_imported_where_they_are_needed() -> None:
    for edge in IMPORTS:
        package = edge.target.partition(".")[0]
        if edge.target in MODULES or package in sys.stdlib_module_names:
            continue
        free = ["demos"] if edge.kind != "types" else ["demos", "nn", "autograd.show"]
        if not within(edge.source, free):
            assert within(edge.source, OTHERS[package]), edge
            assert edge.kind != "at once" or package in AT_ONCE, edge
