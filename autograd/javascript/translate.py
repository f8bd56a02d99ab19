"""From Python to JavaScript: the rules of a primitive, by their syntax trees.

What rules are written in is translated: functions and lambdas of numbers and tuples, `if`,
`for` over a tuple, comprehensions, `math`, other primitives. Numbers that a rule refers to are
written as constants, functions along with it. So no rule has a second version.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

from autograd.core import operand, table
from autograd.core.primitive import RESERVED, Primitive

__all__ = ["UntranslatableError", "module"]

BINARY: dict[type, tuple[str, int]] = {ast.Add: ("+", 5), ast.Sub: ("-", 5), ast.Mult: ("*", 6)}
CALLED: dict[type, str] = {
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Mod: "mod",
    ast.FloorDiv: "floordiv",
}
COMPARED: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
OPERATORS: dict[Any, str] = {
    operator.neg: "(x) => -x",
    operator.add: "(x, y) => x + y",
    operator.sub: "(x, y) => x - y",
    operator.mul: "(x, y) => x * y",
    operator.truediv: "divide",
    operator.mod: "mod",
    operator.floordiv: "floordiv",
    operator.abs: "Math.abs",
    builtins.abs: "Math.abs",
    builtins.int: "Math.trunc",
    operand.primal: "(x) => x",
    **{
        getattr(builtins, name): name
        for name in ("max", "min", "map", "zip", "enumerate", "any", "all", "range")
    },
}
SETTLED = {"any", "all", "isfinite", "isinf", "isnan"}  # what these give is true or false
ATOM, UNARY, COMPARISON, AND, OR, CHOICE, LAMBDA = 9, 7, 4, 3, 2, 1, 0
KEYWORDS = frozenset(
    [
        "arguments",
        "await",
        "case",
        "catch",
        "const",
        "debugger",
        "default",
        "delete",
        "do",
        "enum",
        "eval",
        "export",
        "extends",
        "function",
        "implements",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "false",
        "typeof",
        "undefined",
        "var",
        "void",
    ]
)


class UntranslatableError(TypeError):
    """A rule that has no JavaScript; the message says why."""


def module(primitives: Iterable[Primitive]) -> str:
    """A script that defines `table`: by name, the value and partials of these operations.

    `table[name].value(...operands)` is the number; it throws a PythonError where Python raises.
    `table[name].partials` has a function `(out, ...operands)` an operand; of a variadic
    operation it is one function, which returns an array. Operations that a rule uses are there
    too. Nothing in the script ends its element in a page.

    Raises:
        UntranslatableError: a rule does what is not translated, or its source cannot be found.
    """
    writer = _Writer()
    for entry in primitives:
        writer.enter(entry)
    entries = ",\n".join(writer.entries.values())
    python = (files("autograd.javascript") / "python.js").read_text("utf-8")
    return "\n".join([python, *writer.helpers.values(), f"const table = {{\n{entries}\n}};\n"])


# ---------------------------------------------------------------- where rules come from


class _Code:
    """A syntax tree, and what the names in it mean."""

    def __init__(self, tree: Any, names: Mapping[str, Any]) -> None:
        self.tree, self.names = tree, names

    def meaning(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise UntranslatableError(f"{name} is not known")


@cache
def _core() -> tuple[dict[str, Any], dict[str, list[ast.expr]], dict[str, Any]]:
    """The functions of the library's table, the rules of its entries, and its names.

    They are read from the source, since compiled functions do not tell theirs.
    """
    tree = ast.parse((files("autograd.core") / "table.py").read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
    ]
    rules = {
        call.args[0].value: call.args[1:]
        for call in calls
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    names = dict(vars(table))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            names |= {n.asname or n.name: getattr(math, n.name) for n in node.names}
    return functions, rules, names  # type: ignore[return-value]


def _rules(entry: Primitive) -> list[_Code]:
    """The value rule of an entry and its partials rules."""
    if entry.name in RESERVED:
        _, rules, names = _core()
        return [_Code(tree, names) for tree in rules[entry.name]]
    return [_source(rule) for rule in (entry.value, *entry.rules)]


def _source(function: Any) -> _Code:
    """The tree of a function, and its names."""
    functions, _, names = _core()
    if getattr(function, "__module__", None) == table.__name__:
        return _Code(functions[function.__name__], names)
    try:
        lines, _ = inspect.findsource(function)
        code = function.__code__
        found = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    except (OSError, TypeError, AttributeError) as error:
        raise UntranslatableError(f"the source of {function!r:.60} cannot be read") from error
    places = set(code.co_positions())
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *[d.lineno for d in node.decorator_list]])
            if first == code.co_firstlineno:
                return _Code(node, found)
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
            body = node.body
            if (
                body.lineno,
                body.end_lineno,
                body.col_offset,
                body.end_col_offset,
            ) in places:
                return _Code(node, found)
    raise UntranslatableError(f"the source of {function!r:.60} cannot be found")


# ---------------------------------------------------------------- writing


class _Writer:
    """What has been written: entries of the table, and what they refer to."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.helpers: dict[str, str] = {}
        self.names: dict[Any, str] = {}

    def enter(self, entry: Primitive) -> None:
        if entry.name in self.entries:
            return
        self.entries[entry.name] = ""
        try:
            value, *partials = [_Function(self, code).callee() for code in _rules(entry)]
        except UntranslatableError as error:
            raise UntranslatableError(f"{entry.name}: {error}") from None
        rules = partials[0] if entry.variadic else f"[{', '.join(partials)}]"
        facts: dict[str, Any] = {"symbol": entry.symbol}
        facts |= {k: getattr(entry, k) for k in ("domain", "kink") if getattr(entry, k)}
        facts |= {k: True for k in ("variadic", "selects") if getattr(entry, k)}
        known = ", ".join(f"{key}: {_literal(fact)}" for key, fact in facts.items())
        del self.entries[entry.name]  # those that it uses stand before it
        self.entries[entry.name] = (
            f"  {_literal(entry.name)}: {{\n    {known},\n    value: {value},\n"
            f"    partials: {rules},\n  }}"
        )

    def helper(self, function: Any) -> str:
        """The name under which a function is defined in the script."""
        key = (getattr(function, "__module__", ""), getattr(function, "__qualname__", ""))
        if key not in self.names:
            code = _source(function)
            if not isinstance(code.tree, ast.FunctionDef):
                raise UntranslatableError(f"{function!r:.60} is no function with a name")
            name = code.tree.name
            while name in self.helpers or name in KEYWORDS:
                name += "_"
            self.names[key] = name
            self.helpers[name] = ""
            text = _Function(self, code).definition(name)
            del self.helpers[name]  # after what it uses
            self.helpers[name] = text
        return self.names[key]

    def constant(self, name: str, number: float) -> str:
        known = f"const {name} = {_number(number)};"
        if not name.isupper() or self.helpers.setdefault(name, known) != known:
            return _number(number)
        return name


def _literal(fact: Any) -> str:
    return json.dumps(fact, ensure_ascii=False).replace("<", "\\u003c")


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity"
    return repr(x).removesuffix(".0")


class _Function:
    """Writes one function, those inside it included."""

    def __init__(self, writer: _Writer, code: _Code, outer: Iterable[str] = ()) -> None:
        self.writer, self.code = writer, code
        self.known = set(outer)  # its own names, which the code around has not
        self.truths: set[str] = set()  # those that are true or false

    def callee(self) -> str:
        """A rule, in a place where a function is wanted."""
        tree = self.code.tree
        if isinstance(tree, ast.FunctionDef):
            self.writer.names.setdefault(id(tree), tree.name)
            return self.definition("")
        return self.text(tree)

    def definition(self, name: str) -> str:
        tree = self.code.tree
        parameters = self.parameters(tree.args)
        body = self.block(tree.body, "  ")
        return f"function {name}({parameters}) {{\n{body}}}"

    def parameters(self, arguments: ast.arguments) -> str:
        if arguments.kwonlyargs or arguments.kwarg or arguments.defaults:
            raise UntranslatableError("only plain parameters are translated")
        names = [self.local(a.arg) for a in (*arguments.posonlyargs, *arguments.args)]
        if arguments.vararg:
            names.append(f"...{self.local(arguments.vararg.arg)}")
        return ", ".join(names)

    def local(self, name: str) -> str:
        self.known.add(name)
        return f"{name}_" if name in KEYWORDS or name in ("math", "table") else name

    # ------------------------------------------------------------ statements

    def block(self, statements: Iterable[ast.stmt], indent: str) -> str:
        return "".join([self.statement(s, indent) for s in statements])

    def statement(self, node: ast.stmt, indent: str) -> str:
        write: Callable[..., str] | None = getattr(
            self, f"write_{type(node).__name__.lower()}", None
        )
        if write is None:
            raise UntranslatableError(f"`{ast.unparse(node).splitlines()[0]:.60}`")
        return write(node, indent)

    def inner(self, statements: Iterable[ast.stmt], indent: str) -> str:
        return f"{{\n{self.block(statements, indent + '  ')}{indent}}}"

    def declared(self, statements: Iterable[ast.stmt], indent: str) -> str:
        """`let` for the names that are first set in a block."""
        names = {
            n.id: None
            for s in statements
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        # those of comprehensions and loops have their own
        own = {
            n.id
            for s in statements
            for part in ast.walk(s)
            if isinstance(part, ast.comprehension | ast.For)
            for n in ast.walk(part.target)
            if isinstance(n, ast.Name)
        }
        new = [self.local(name) for name in names if name not in self.known | own]
        return f"{indent}let {', '.join(new)};\n" if new else ""

    def write_expr(self, node: ast.Expr, indent: str) -> str:
        if isinstance(node.value, ast.Constant):
            return ""  # a docstring
        return f"{indent}{self.text(node.value)};\n"

    def write_return(self, node: ast.Return, indent: str) -> str:
        if node.value is None:
            raise UntranslatableError("a return of nothing")
        return f"{indent}return {self.text(node.value)};\n"

    def write_assign(self, node: ast.Assign, indent: str) -> str:
        if len(node.targets) != 1:
            raise UntranslatableError("two assignments at once")
        value, target = self.text(node.value), node.targets[0]
        if isinstance(target, ast.Name):
            if self.is_truth(node.value):
                self.truths.add(target.id)
            let = "" if target.id in self.known else "let "
            return f"{indent}{let}{self.local(target.id)} = {value};\n"
        before = self.declared([node], indent)
        return f"{before}{indent}{self.text(target)} = {value};\n"

    def write_annassign(self, node: ast.AnnAssign, indent: str) -> str:
        assert node.value is not None
        return self.write_assign(ast.Assign([node.target], node.value), indent)

    def write_augassign(self, node: ast.AugAssign, indent: str) -> str:
        target: Any = node.target
        return f"{indent}{self.text(target)} = {self.binary(node.op, target, node.value)[0]};\n"

    def write_delete(self, node: ast.Delete, indent: str) -> str:
        target = node.targets[0]
        assert isinstance(target, ast.Subscript)
        return f"{indent}{self.text(target.value)}.splice({self.text(target.slice)}, 1);\n"

    def write_if(self, node: ast.If, indent: str) -> str:
        before = self.declared([*node.body, *node.orelse], indent)
        text = f"{before}{indent}if ({self.truth(node.test)}) {self.inner(node.body, indent)}"
        if node.orelse:
            text += f" else {self.inner(node.orelse, indent)}"
        return f"{text}\n"

    def write_for(self, node: ast.For, indent: str) -> str:
        before = self.declared(node.body, indent)
        bound = _Function(self.writer, self.code, self.known).bind(node.target)
        self.known |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        of = self.text(node.iter)
        return f"{before}{indent}for (const {bound} of {of}) {self.inner(node.body, indent)}\n"

    def write_raise(self, node: ast.Raise, indent: str) -> str:
        error, words = node.exc, '""'
        if isinstance(error, ast.Call):
            words = " + ".join([self.text(a, ATOM) for a in error.args]) or words
            error = error.func
        if not isinstance(error, ast.Name):
            raise UntranslatableError("only errors with a name are raised")
        return f"{indent}throw new PythonError({_literal(error.id)}, {words});\n"

    def write_try(self, node: ast.Try, indent: str) -> str:
        if node.orelse or node.finalbody or len(node.handlers) != 1:
            raise UntranslatableError("only `try` with one `except` is translated")
        (handler,) = node.handlers
        types: Any = handler.type
        every: Any = types.elts if isinstance(types, ast.Tuple) else [types]
        names = [each.id for each in every]
        before = self.declared([*node.body, *handler.body], indent)
        test = f"if (!{_literal(names)}.includes(error.type)) throw error;"
        body, caught = self.inner(node.body, indent), self.block(handler.body, indent + "  ")
        text = f"{before}{indent}try {body} catch (error) {{\n{indent}  {test}\n"
        return f"{text}{caught}{indent}}}\n"

    def write_functiondef(self, node: ast.FunctionDef, indent: str) -> str:
        self.known.add(node.name)
        inside = _Function(self.writer, _Code(node, self.code.names), self.known)
        text = inside.definition(node.name).replace("\n", f"\n{indent}")
        return f"{indent}{text}\n"

    # ------------------------------------------------------------ expressions

    def text(self, node: ast.expr, least: int = LAMBDA) -> str:
        """An expression; in parentheses if it binds less tightly than needed."""
        write = getattr(self, f"of_{type(node).__name__.lower()}", None)
        if write is None:
            raise UntranslatableError(f"`{ast.unparse(node):.60}`")
        text, level = write(node)
        return f"({text})" if level < least else text

    def of_constant(self, node: ast.Constant) -> tuple[str, int]:
        x = node.value
        if isinstance(x, bool | str):
            return _literal(x), ATOM
        if isinstance(x, int | float):
            return _number(x), ATOM
        raise UntranslatableError(f"`{x!r:.60}`")

    def of_joinedstr(self, node: ast.JoinedStr) -> tuple[str, int]:
        parts = []
        for part in node.values:
            inner: ast.expr = part.value if isinstance(part, ast.FormattedValue) else part
            parts.append(self.text(inner, UNARY))
        return " + ".join(['""', *parts]), BINARY[ast.Add][1]

    def of_name(self, node: ast.Name) -> tuple[str, int]:
        name = node.id
        if name in self.known:
            return self.local(name), ATOM
        return self.of_object(self.code.meaning(name), name)

    def of_object(self, found: Any, name: str) -> tuple[str, int]:
        """What a name from outside of the function stands for."""
        if isinstance(found, bool):
            return _literal(found), ATOM
        if isinstance(found, int | float):
            return self.writer.constant(name, float(found)), ATOM
        if isinstance(found, Primitive):
            self.writer.enter(found)
            place = (
                f".{found.name}" if found.name.isidentifier() else f"[{_literal(found.name)}]"
            )
            return f"table{place}.value", ATOM
        try:
            if found in OPERATORS:
                return OPERATORS[found], LAMBDA if "=>" in OPERATORS[found] else ATOM
        except TypeError:  # what has no hash
            pass
        if getattr(found, "__module__", None) == "math":
            return f"math.{found.__name__}", ATOM
        if callable(found) and not isinstance(found, type):
            return self.writer.helper(found), ATOM
        raise UntranslatableError(f"{name} is neither a number nor a function")

    def of_attribute(self, node: ast.Attribute) -> tuple[str, int]:
        base = node.value
        if isinstance(base, ast.Name) and base.id not in self.known:
            found = self.code.meaning(base.id)
            if isinstance(found, Primitive) and node.attr == "value":
                return self.of_object(found, base.id)
            if isinstance(found, ModuleType) and hasattr(found, node.attr):
                return self.of_object(getattr(found, node.attr), node.attr)
        raise UntranslatableError(f"`{ast.unparse(node):.60}`")

    def of_lambda(self, node: ast.Lambda) -> tuple[str, int]:
        inside = _Function(self.writer, self.code, self.known)
        parameters = inside.parameters(node.args)
        return f"({parameters}) => {inside.text(node.body, CHOICE)}", LAMBDA

    def of_tuple(self, node: ast.Tuple | ast.List) -> tuple[str, int]:
        return f"[{', '.join([self.text(x, CHOICE) for x in node.elts])}]", ATOM

    of_list = of_tuple

    def of_starred(self, node: ast.Starred) -> tuple[str, int]:
        return f"...{self.text(node.value, UNARY)}", CHOICE

    def of_unaryop(self, node: ast.UnaryOp) -> tuple[str, int]:
        if isinstance(node.op, ast.Not):
            return f"!{self.truth(node.operand, UNARY)}", UNARY
        if isinstance(node.op, ast.USub):
            inner = self.text(node.operand, UNARY)
            return f"-({inner})" if inner.startswith("-") else f"-{inner}", UNARY
        raise UntranslatableError(f"`{ast.unparse(node):.60}`")

    def of_binop(self, node: ast.BinOp) -> tuple[str, int]:
        if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Tuple):
            return f"repeat({self.text(node.left)}, {self.text(node.right)})", ATOM
        return self.binary(node.op, node.left, node.right)

    def binary(self, op: ast.operator, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        if type(op) in BINARY:
            sign, level = BINARY[type(op)]
            a, b = self.text(left, level), self.text(right, level + 1)
            return f"{a} {sign} {b}", level
        if isinstance(op, ast.Div) and isinstance(right, ast.Constant) and right.value:
            return f"{self.text(left, 6)} / {self.text(right)}", 6
        if type(op) in CALLED:
            return f"{CALLED[type(op)]}({self.text(left)}, {self.text(right)})", ATOM
        raise UntranslatableError(f"the operator {type(op).__name__}")

    def of_compare(self, node: ast.Compare) -> tuple[str, int]:
        sides = [node.left, *node.comparators]
        parts = []
        for a, op, b in zip(sides, node.ops, sides[1:]):
            if isinstance(op, ast.Is) and isinstance(b, ast.Name) and _is_type_of(a):
                return _literal(b.id == "float"), ATOM  # numbers are floats, and not complex
            if isinstance(op, ast.In):
                parts.append(f"{self.text(b, ATOM)}.includes({self.text(a)})")
                continue
            if type(op) not in COMPARED:
                raise UntranslatableError(f"`{ast.unparse(node):.60}`")
            sign = COMPARED[type(op)]
            parts.append(
                f"{self.text(a, COMPARISON + 1)} {sign} {self.text(b, COMPARISON + 1)}"
            )
        return " && ".join(parts), COMPARISON if len(parts) == 1 else AND

    def of_boolop(self, node: ast.BoolOp) -> tuple[str, int]:
        sign, level = (" && ", AND) if isinstance(node.op, ast.And) else (" || ", OR)
        return sign.join([self.truth(x, level + 1) for x in node.values]), level

    def of_ifexp(self, node: ast.IfExp) -> tuple[str, int]:
        test, yes = self.truth(node.test, OR), self.text(node.body, CHOICE)
        return f"{test} ? {yes} : {self.text(node.orelse, CHOICE)}", CHOICE

    def truth(self, node: ast.expr, least: int = LAMBDA) -> str:
        """An expression where it is asked whether it holds."""
        return self.text(node, least) if self.is_truth(node) else f"truth({self.text(node)})"

    def is_truth(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return ast.unparse(node.func).rpartition(".")[2] in SETTLED
        if isinstance(node, ast.Name):
            return node.id in self.truths
        negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        constant = isinstance(node, ast.Constant) and isinstance(node.value, bool)
        return negated or constant or isinstance(node, ast.Compare | ast.BoolOp)

    def of_subscript(self, node: ast.Subscript) -> tuple[str, int]:
        value = self.text(node.value, ATOM)
        if isinstance(node.ctx, ast.Store):
            return f"{value}[{self.text(node.slice)}]", ATOM
        if not isinstance(node.slice, ast.Slice):
            return f"{value}.at({self.text(node.slice)})", ATOM
        if node.slice.step:
            raise UntranslatableError("a slice with a step")
        low, high = node.slice.lower, node.slice.upper
        ends = [self.text(low) if low else "0", *([self.text(high)] if high else [])]
        return f"{value}.slice({', '.join(ends)})", ATOM

    def of_listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> tuple[str, int]:
        if len(node.generators) != 1:
            raise UntranslatableError("a comprehension of two loops")
        (loop,) = node.generators
        over = self.text(loop.iter, ATOM)
        inside = _Function(self.writer, self.code, self.known)
        bound = inside.bind(loop.target)
        for test in loop.ifs:
            over += f".filter(({bound}) => {inside.truth(test, CHOICE)})"
        return f"{over}.map(({bound}) => {inside.text(node.elt, CHOICE)})", ATOM

    of_generatorexp = of_listcomp

    def bind(self, target: ast.expr) -> str:
        if isinstance(target, ast.Name):
            return self.local(target.id)
        if isinstance(target, ast.Tuple):
            return f"[{', '.join([self.bind(x) for x in target.elts])}]"
        raise UntranslatableError(f"`{ast.unparse(target):.60}`")

    def of_call(self, node: ast.Call) -> tuple[str, int]:
        if node.keywords:
            raise UntranslatableError(f"`{ast.unparse(node):.60}`, for its names of arguments")
        function, arguments = node.func, node.args
        texts = [self.text(x, CHOICE) for x in arguments]
        if isinstance(function, ast.Attribute):
            owner = function.value
            if not isinstance(owner, ast.Name) or owner.id in self.known:
                return self.method(function, texts)
        found: Any = None
        if isinstance(function, ast.Name) and function.id not in self.known:
            found = self.code.meaning(function.id)
            if found in (operand.primal, tuple, list, float):
                return self.text(arguments[0], ATOM), ATOM
            if found is len:
                return f"{self.text(arguments[0], ATOM)}.length", ATOM
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            found = getattr(self.code.meaning(function.value.id), function.attr, None)
        variadic = isinstance(found, Primitive) and found.variadic
        if variadic and len(texts) == 1 and not texts[0].startswith("..."):
            texts = [f"...listed([{texts[0]}])"]  # of one list, or of one number
        if isinstance(found, Primitive) and not variadic:
            texts += [_number(x) for x in found.defaults[len(texts) - len(found.rules) :]
                      if len(texts) < len(found.rules)]  # fmt: skip
        return f"{self.text(function, ATOM)}({', '.join(texts)})", ATOM

    def method(self, function: ast.Attribute, texts: list[str]) -> tuple[str, int]:
        owner = self.text(function.value, ATOM)
        if function.attr in ("count", "remove"):
            return f"{function.attr}({', '.join([owner, *texts])})", ATOM
        if function.attr == "index":
            return f"{owner}.indexOf({texts[0]})", ATOM
        if function.attr == "insert":
            return f"{owner}.splice({texts[0]}, 0, {texts[1]})", ATOM
        if function.attr == "append":
            return f"{owner}.push({texts[0]})", ATOM
        raise UntranslatableError(f"the method {function.attr}")


def _is_type_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "type"
