"""From Python to JavaScript: the layout of pictures, by its syntax trees.

What it is written in is translated: functions of numbers, lists, and dicts with keys that are
texts, `if`, `for`, `while`, comprehensions, `sorted`. Numbers that a function refers to are
written into it, functions along with it. So the layout has no second version. The rules of
operations are not read like this: `autograd.rules` runs them.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from textwrap import indent
from types import CodeType, ModuleType
from typing import Any, NamedTuple

__all__ = ["PYTHON", "UntranslatableError", "translated"]

PYTHON = (files("autograd.javascript") / "python.js").read_text("utf-8")
OBJECTS = {  # by the name of an object in python.js, its members
    name: frozenset(re.findall(r"^  (\w+)", body, re.MULTILINE))
    for name, body in re.findall(r"^const (\w+) = {$(.*?)^};", PYTHON, re.MULTILINE | re.DOTALL)
}
KNOWN: dict[Any, str] = {
    getattr(operator, name): f"operator.{name}" for name in OBJECTS["operator"]
}
KNOWN |= {getattr(math, name): f"math.{name}" for name in OBJECTS["math"]}
KNOWN |= {
    getattr(builtins, name): name
    for name in re.findall(r"^(?:const|function) (\w+)", PYTHON, re.MULTILINE)
    if hasattr(builtins, name)
}
# Names that stand for something else in the script.
TAKEN = frozenset(re.findall(r"^(?:const|function|class) (\w+)", PYTHON, re.MULTILINE)) | {
    *re.findall(
        r"\w+",
        "table Math Number Array Infinity NaN arguments await case catch const debugger "
        "default delete do enum eval export extends function implements instanceof interface "
        "let new null package private protected public static super switch this throw true "
        "false typeof undefined var void",
    )
}
INFIX: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
# fmt: off
CALLED: dict[type, str] = {
    ast.Div: "divide", ast.Pow: "power", ast.Mod: "mod", ast.FloorDiv: "floordiv",
}
COMPARED: dict[type, str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==",
}
# fmt: on
ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Subscript, ast.Attribute, ast.Tuple, ast.List)


class UntranslatableError(TypeError):
    """What has no JavaScript; the message says why."""


def translated(functions: Iterable[Callable[..., Any]]) -> list[str]:
    """These functions, and those that they call.

    Raises:
        UntranslatableError: one does what is not translated, or its source cannot be found.
    """
    writer = _Writer()
    for function in functions:
        writer.helper(function)
    return [*writer.helpers.values()]


# ---------------------------------------------------------------- where functions come from


class _Code(NamedTuple):
    """A syntax tree, and what the names in it mean."""

    tree: Any
    names: Mapping[str, Any]


def _source(function: Any) -> _Code:
    """The tree of a function, and its names."""
    try:
        lines, _ = inspect.findsource(function)
        code = function.__code__
        found = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    except (OSError, TypeError, AttributeError) as error:
        raise UntranslatableError(f"the source of {function!r:.60} cannot be read") from error
    nodes = [n for n in ast.walk(ast.parse("".join(lines))) if _compiles_to(n, code)]
    if not nodes:
        raise UntranslatableError(f"the source of {function!r:.60} cannot be found")
    return _Code(nodes[-1], found)  # the innermost


def _compiles_to(node: ast.AST, code: CodeType) -> bool:
    """Whether code is that of a function; of a lambda, or of one inside it."""
    match node:
        case ast.FunctionDef(name=code.co_name):
            lines = [node.lineno, *[decorator.lineno for decorator in node.decorator_list]]
            return min(lines) == code.co_firstlineno
        case ast.Lambda(body=body) if code.co_name == "<lambda>":
            first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
            return all(
                first <= (line, column) and (end_line, end) <= last
                for line, end_line, column, end in code.co_positions()
                if column != end
            )
    return False


# ---------------------------------------------------------------- writing


class _Writer:
    """The functions that have been written."""

    def __init__(self) -> None:
        self.helpers: dict[str, str] = {}
        self.names: dict[Any, str] = {}  # of functions

    def object(self, found: Any, name: str) -> str:
        """What stands for a number or a function from outside of a rule."""
        if isinstance(found, int | float):
            return _number(found)
        if not callable(found) or (isinstance(found, type) and found not in KNOWN):
            raise UntranslatableError(f"{name} is neither a number nor a function")
        return KNOWN.get(found) or self.helper(found)

    def helper(self, function: Any) -> str:
        """A lambda itself, or the name under which a function is defined in the script."""
        if function not in self.names:
            tree, names = _source(function)
            if isinstance(tree, ast.Lambda):
                return _Function(self, names).value(tree)
            name = tree.name
            while name in self.helpers or name in TAKEN:
                name += "_"
            self.names[function] = name
            self.helpers[name] = ""
            text = _Function(self, names).function(tree, name)
            del self.helpers[name]  # after what it uses
            self.helpers[name] = text
        return self.names[function]


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c")


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity"
    return repr(float(x)).removesuffix(".0")


def _untranslatable(node: ast.AST) -> UntranslatableError:
    return UntranslatableError(f"`{ast.unparse(node).splitlines()[0]:.60}`")


class _Function:
    """Writes one function, those inside it included.

    Python's True and False are written as 1 and 0, but where a test is asked for.
    """

    def __init__(
        self, writer: _Writer, names: Mapping[str, Any], own: frozenset[str] = frozenset()
    ) -> None:
        self.writer, self.names = writer, names
        self.own = own  # the names that it binds, or a function around it

    def within(self, bound: Iterable[str]) -> _Function:
        return _Function(self.writer, self.names, self.own | set(bound))

    def function(self, tree: ast.FunctionDef, name: str) -> str:
        targets = [n.target for n in ast.walk(tree) if isinstance(n, ast.comprehension)]
        bound = [n for target in targets for n in ast.walk(target)]  # in these alone
        variables = {
            n.id: None
            for n in ast.walk(tree)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n not in bound
        }
        inner = {n.name: None for n in tree.body if isinstance(n, ast.FunctionDef)}
        parameters = _parameters(tree.args)
        inside = self.within([*parameters, *variables, *inner])
        new = [_local(each) for each in variables if each not in parameters]
        let = f"  let {', '.join(new)};\n" if new else ""
        return f"function {name}({_listed(parameters)}) {{\n{let}{inside.block(tree.body)}}}"

    # ------------------------------------------------------------ statements

    def block(self, statements: Sequence[ast.stmt]) -> str:
        return indent("".join([self.statement(each) for each in statements]), "  ")

    def statement(self, node: ast.stmt) -> str:
        match node:
            case ast.Expr(ast.Constant()):
                return ""  # a docstring
            case ast.Expr(value):
                return f"{self.value(value)};\n"
            case ast.Return(ast.expr() as value):
                return f"return {self.value(value)};\n"
            case (
                ast.Assign([target], value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
            ):
                return self.assignment(target, value)
            case ast.AugAssign(target, op, value):
                return self.assignment(target, ast.BinOp(target, op, value))
            case ast.Delete([ast.Subscript(xs, index)]):
                return f"lists.pop({self.value(xs)}, {self.value(index)});\n"
            case ast.If(test, body, orelse):
                rest = f" else {{\n{self.block(orelse)}}}" if orelse else ""
                return f"if ({self.test(test)}) {{\n{self.block(body)}}}{rest}\n"
            case ast.While(test, body, []):
                return f"while ({self.test(test)}) {{\n{self.block(body)}}}\n"
            case ast.For(target, xs, body, []):
                each, over = self.target(target), self.value(xs)
                return f"for ({each} of {over}) {{\n{self.block(body)}}}\n"
            case ast.Raise(ast.Name(error)):
                return f"throw new PythonError({_literal(error)});\n"
            case ast.Raise(ast.Call(ast.Name(error), [message])):
                return f"throw new PythonError({_literal(error)}, {self.value(message)});\n"
            case ast.Try(body, [ast.ExceptHandler(ast.Name(error), None, caught)], [], []):
                passed = f"if (error.type !== {_literal(error)}) throw error;"
                return (
                    f"try {{\n{self.block(body)}}} catch (error) {{\n  {passed}\n"
                    f"{self.block(caught)}}}\n"
                )
            case ast.FunctionDef(name):
                return f"{self.function(node, _local(name))}\n"
        raise _untranslatable(node)

    def assignment(self, target: ast.expr, value: ast.expr) -> str:
        text = self.value(value)
        if isinstance(target, ast.Subscript) and not _is_text(target.slice):
            place = f"{self.value(target.value)}, {self.value(target.slice)}"
            return f"lists.set({place}, {text});\n"
        return f"{self.target(target)} = {text};\n"

    def target(self, node: ast.expr) -> str:
        """What a value is bound to: a name, or several."""
        match node:
            case ast.Name(name):
                return _local(name)
            case ast.Subscript():
                return self.value(node)
            case ast.Tuple(parts):
                return f"[{', '.join([self.target(part) for part in parts])}]"
        raise _untranslatable(node)

    # ------------------------------------------------------------ expressions

    def inner(self, node: ast.expr) -> str:
        """An expression as a part of another one."""
        text = self.value(node)
        return text if isinstance(node, ATOMS) and text[0] != "-" else f"({text})"

    def values(self, nodes: Iterable[ast.expr]) -> str:
        return ", ".join([self.value(node) for node in nodes])

    def value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(int() | float() as x):
                return _number(x)
            case ast.Constant(str() as text):
                return _literal(text)
            case ast.JoinedStr(parts):
                return " + ".join(['""', *[self.inner(part) for part in parts]])
            case ast.FormattedValue(value):
                return self.value(value)
            case ast.Name(name) if name in self.own:
                return _local(name)
            case ast.Name() | ast.Attribute():
                return self.writer.object(self.meaning(node), ast.unparse(node))
            case ast.Lambda(arguments, body):
                parameters = _parameters(arguments)
                return f"({_listed(parameters)}) => {self.within(parameters).value(body)}"
            case ast.Tuple(parts) | ast.List(parts):
                return f"[{self.values(parts)}]"
            case ast.Starred(xs):
                return f"...{self.inner(xs)}"
            case ast.UnaryOp(ast.USub(), x):
                return f"-{self.inner(x)}"
            case ast.BinOp(ast.Tuple() | ast.List() as xs, ast.Mult(), n):
                return f"repeat({self.value(xs)}, {self.value(n)})"
            case ast.BinOp(x, ast.Div(), ast.Constant(int() | float() as divisor)) if divisor:
                return f"{self.inner(x)} / {_number(divisor)}"
            case ast.BinOp(x, op, y) if type(op) in INFIX:
                return f"{self.inner(x)} {INFIX[type(op)]} {self.inner(y)}"
            case ast.BinOp(x, op, y) if type(op) in CALLED:
                return f"{CALLED[type(op)]}({self.value(x)}, {self.value(y)})"
            case ast.Compare() | ast.UnaryOp(ast.Not()):
                return f"Number({self.test(node)})"
            case ast.BoolOp(op, [x, *rest]):
                if not rest:
                    return self.value(x)
                ends = [self.inner(ast.BoolOp(op, rest)), self.inner(x)]
                one, other = ends if isinstance(op, ast.And) else ends[::-1]
                return f"{self.test(x)} ? {one} : {other}"
            case ast.IfExp(test, yes, no):
                return f"{self.test(test)} ? {self.inner(yes)} : {self.inner(no)}"
            case ast.Subscript(xs, ast.Slice(low, high, None)):
                bounds = [low or ast.Constant(0), *([high] if high else [])]
                return f"{self.inner(xs)}.slice({self.values(bounds)})"
            case ast.Subscript(xs, ast.Constant(str() as key)):
                return f"{self.inner(xs)}[{_literal(key)}]"
            case ast.Dict(keys, values) if all(_is_text(key) for key in keys):
                names = [ast.unparse(key) for key in keys if key]
                pairs = [f"{name}: {self.value(x)}" for name, x in zip(names, values)]
                return f"{{ {', '.join(pairs)} }}"
            case ast.Subscript(xs, index) if not isinstance(index, ast.Slice):
                return f"{self.inner(xs)}.at({self.value(index)})"
            case ast.ListComp(
                element, [ast.comprehension(target, xs, tests)]
            ) | ast.GeneratorExp(element, [ast.comprehension(target, xs, tests)]):
                names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
                inside, each = self.within(names), f"({self.target(target)}) =>"
                kept = [f".filter({each} {inside.test(test)})" for test in tests]
                return f"{self.inner(xs)}{''.join(kept)}.map({each} {inside.value(element)})"
            case ast.Call(function, arguments, []):
                return self.call(function, arguments)
            case ast.Call(ast.Name("sorted"), [xs], [ast.keyword("key", key)]):
                return f"sorted({self.values([xs, key])})"
        raise _untranslatable(node)

    def test(self, node: ast.expr) -> str:
        """An expression where it is asked whether it holds."""
        match node:
            case ast.UnaryOp(ast.Not(), x):
                return f"!({self.test(x)})"
            case ast.BoolOp(op, parts):
                sign = " && " if isinstance(op, ast.And) else " || "
                return sign.join([f"({self.test(part)})" for part in parts])
            case ast.Compare(ast.Call(ast.Name("type")), [ast.Is()], [ast.Name(name)]):
                return str(name == "float").lower()  # numbers are floats, and not complex
            case ast.Compare(first, signs, others):
                sides = [first, *others]
                pairs = [self.compared(*each) for each in zip(sides, signs, others)]
                return " && ".join(pairs)
        return f"truth({self.value(node)})"

    def compared(self, x: ast.expr, sign: ast.cmpop, y: ast.expr) -> str:
        if isinstance(sign, ast.In):
            return f"{self.inner(y)}.includes({self.value(x)})"
        if type(sign) not in COMPARED:
            raise _untranslatable(ast.Compare(x, [sign], [y]))
        return f"{self.inner(x)} {COMPARED[type(sign)]} {self.inner(y)}"

    def meaning(self, node: ast.expr) -> Any:
        """What a name from outside stands for; None if the node is none."""
        match node:
            case ast.Name(name) if name not in self.own:
                if name not in self.names and not hasattr(builtins, name):
                    raise UntranslatableError(f"{name} is not known")
                return self.names.get(name, getattr(builtins, name, None))
            case ast.Attribute(owner, name):
                found = self.meaning(owner)
                if isinstance(found, ModuleType) and hasattr(found, name):
                    return getattr(found, name)
                raise _untranslatable(node)
        return None

    def call(self, function: ast.expr, arguments: Sequence[ast.expr]) -> str:
        match function:
            case ast.Attribute(owner, name) if name in OBJECTS["lists"]:
                if not isinstance(self.meaning(owner), ModuleType):
                    return f"lists.{name}({self.values([owner, *arguments])})"
        return f"{self.inner(function)}({self.values(arguments)})"


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _parameters(arguments: ast.arguments) -> dict[str, str]:
    """How the parameters of a function are written, by name."""
    if arguments.kwonlyargs or arguments.kwarg or arguments.defaults:
        raise UntranslatableError("only plain parameters are translated")
    found = {a.arg: _local(a.arg) for a in (*arguments.posonlyargs, *arguments.args)}
    if arguments.vararg:
        found[arguments.vararg.arg] = f"...{_local(arguments.vararg.arg)}"
    return found


def _listed(parameters: Mapping[str, str]) -> str:
    return ", ".join(parameters.values())


def _local(name: str) -> str:
    return f"{name}_" if name in TAKEN else name
