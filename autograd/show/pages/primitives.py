"""The table of primitives as JavaScript, translated from its own source."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from pathlib import Path

from autograd.core import table
from autograd.core.primitive import TABLE
from autograd.show.pages.document import asset

__all__ = ["primitives"]

SOURCE = Path(table.__file__).with_name("table.py")
LEFT_OUT = ("dot", "take")  # of lists and of an index: no formula has them
UNUSED = ("_dot", "_swapped", "_take", "_taken")  # their rules
CONSTANTS = [
    *("INF", "NAN", "NORMAL", "LN2", "PER_LN2", "PER_LN10", "PER_ROOT_2PI"),
    *("TWO_PER_ROOT_PI", "ROOT_HALF", "ROOT_HALF_REST"),
]
NAMES = {  # what the table takes from elsewhere
    "primal": "same",
    "float": "same",
    "int": "Math.trunc",
    "len": "size",
    "tuple": "same",
    "list": "copied",
    "exp_c": "Math.exp",
    "log1p_c": "Math.log1p",
    "True": "true",
}
OPERATORS = {
    "neg": "(x) => -x",
    "add": "(x, y) => x + y",
    "sub": "(x, y) => x - y",
    "mul": "(x, y) => x * y",
    "truediv": "divide",
    "mod": "mod",
    "floordiv": "floordiv",
    "abs": "Math.abs",
}
CALLED = {ast.Div: "divide", ast.Pow: "power", ast.Mod: "mod", ast.FloorDiv: "floordiv"}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
TESTS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
HELPERS = """\
const same = (x) => x;
const size = (xs) => xs.length;
const copied = (xs) => [...xs];
const P = {};
const entry = (value, rules, variadic) => ({
  value,
  rules,
  partials: (out, xs) =>
    variadic ? rules[0](out, ...xs) : rules.map((rule) => rule(out, ...xs)),
});
"""


@functools.cache
def primitives() -> str:
    """`primitives`: by name the value rule, the partials rules, and all partials at once.

    A rule throws a PythonError where that of the table raises. A primitive of a user has no
    source here.

    >>> [line for line in primitives().splitlines() if line.startswith("P.sin ")]
    ['P.sin = entry(math.sin, [(out, x) => P.cos.value(x)], false);']
    """
    module = ast.parse(SOURCE.read_text("utf-8"))
    lines = [f"const {name} = {_number(getattr(table, name))};" for name in CONSTANTS]
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and statement.name not in UNUSED:
            lines.append(_Translator(statement).function(statement))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            lines += _entry(statement.value)
    inner = "\n".join([asset("python.js"), HELPERS, *lines, "return { P, PythonError };"])
    return f"const {{ P: primitives, PythonError }} = (() => {{\n{inner}\n}})();\n"


def _entry(call: ast.expr | None) -> list[str]:
    """The entry that a call of `primitive` makes; of another expression nothing."""
    match call:
        case ast.Call(func=ast.Name(id="primitive"), args=[ast.Constant(value=str(name)), *_]):
            if name in LEFT_OUT:
                return []
            value, *rules = map(_Translator(call).expression, call.args[1:])
            variadic = "true" if TABLE[name].variadic else "false"
            return [f"P.{name} = entry({value}, [{', '.join(rules)}], {variadic});"]
    return []


class _Translator:
    """Of one statement of the table, whose own names are those of no primitive."""

    def __init__(self, statement: ast.AST) -> None:
        names = [x for x in ast.walk(statement) if isinstance(x, ast.Name | ast.arg)]
        self.own = {
            x.arg if isinstance(x, ast.arg) else x.id
            for x in names
            if isinstance(x, ast.arg) or isinstance(x.ctx, ast.Store)
        }

    def function(self, function: ast.FunctionDef) -> str:
        names = [x for x in ast.walk(function) if isinstance(x, ast.Name)]
        local = {x.id for x in names if isinstance(x.ctx, ast.Store)}
        local -= {arg.arg for arg in function.args.args}
        if function.args.vararg:
            local.discard(function.args.vararg.arg)
        declared = f"let {', '.join(sorted(local))};" if local else ""
        head = f"function {function.name}({self.parameters(function.args)})"
        return f"{head} {{ {declared} {self.block(function.body)} }}"

    def statement(self, node: ast.stmt) -> str:
        match node:
            case ast.FunctionDef():
                return self.function(node)
            case ast.Return(value=ast.expr() as value):
                return f"return {self.expression(value)};"
            case ast.Assign(targets=[target], value=value):
                return f"{self.expression(target)} = {self.expression(value)};"
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return f"{self.expression(target)} = {self.expression(value)};"
            case ast.AugAssign(target=target, op=op, value=value):
                changed = ast.BinOp(target, op, value)
                return f"{self.expression(target)} = {self.expression(changed)};"
            case ast.If(test=test, body=body, orelse=orelse):
                other = f" else {{ {self.block(orelse)} }}" if orelse else ""
                return f"if ({self.truth(test)}) {{ {self.block(body)} }}{other}"
            case ast.For(target=target, iter=items, body=body):
                head = f"for ({self.expression(target)} of {self.expression(items)})"
                return f"{head} {{ {self.block(body)} }}"
            case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=[text])):
                return f'throw new PythonError("{kind}", {self.expression(text)});'
            case ast.Raise(exc=ast.Name(id=kind)):
                return f'throw new PythonError("{kind}");'
            case ast.Expr(value=ast.Constant()):
                return ""
            case ast.Expr(value=value):
                return f"{self.expression(value)};"
        raise NotImplementedError(ast.unparse(node))

    def block(self, body: Sequence[ast.stmt]) -> str:
        return " ".join(map(self.statement, body))

    def expression(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=bool() as truth):
                return str(truth).lower()
            case ast.Constant(value=value):
                return _number(value) if isinstance(value, float | int) else ast.unparse(node)
            case ast.Name(id=name):
                return self.name(name)
            case ast.Attribute(value=ast.Name(id="operator"), attr=name):
                return f"({OPERATORS[name]})"
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                return f"math.{name}"
            case ast.Starred(value=value):
                return f"...{self.expression(value)}"
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return f"[{', '.join(map(self.expression, items))}]"
            case ast.Lambda(args=args, body=body):
                return f"({self.parameters(args)}) => {self.expression(body)}"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-({self.expression(operand)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.truth(operand)}"
            case ast.BinOp(left=ast.Tuple() as items, op=ast.Mult(), right=times):
                return f"repeat({self.expression(items)}, {self.expression(times)})"
            case ast.BinOp(left=left, op=op, right=right):
                pair = self.expression(left), self.expression(right)
                if type(op) in CALLED:
                    return f"{CALLED[type(op)]}({', '.join(pair)})"
                return f"({pair[0]} {SIGNS[type(op)]} {pair[1]})"
            case ast.Compare() | ast.BoolOp():
                return self.test(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                branches = f"{self.expression(body)} : {self.expression(orelse)}"
                return f"({self.truth(test)} ? {branches})"
            case ast.Subscript(value=value, slice=index):
                return f"{self.expression(value)}[{self.expression(index)}]"
            case ast.ListComp(
                elt=elt, generators=[ast.comprehension(target=target, iter=items)]
            ):
                function = f"({self.expression(target)}) => {self.expression(elt)}"
                return f"{self.expression(items)}.map({function})"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr=name), args=args
            ) if owner not in ("math", "operator"):
                return f"{name}({owner}, {', '.join(map(self.expression, args))})"
            case ast.Call(func=function, args=args):
                return f"{self.expression(function)}({', '.join(map(self.expression, args))})"
        raise NotImplementedError(ast.unparse(node))

    def test(self, node: ast.Compare | ast.BoolOp) -> str:
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return f"({sign.join(map(self.truth, node.values))})"
        parts = []
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators):
            if isinstance(op, ast.Is):  # `type(x) is complex`: no number here is
                parts.append("false" if "complex" in ast.unparse(right) else "true")
            else:
                parts.append(
                    f"{self.expression(left)} {TESTS[type(op)]} {self.expression(right)}"
                )
        return f"({' && '.join(parts)})"

    def truth(self, node: ast.expr) -> str:
        found = self.expression(node)
        simple = isinstance(node, ast.Compare | ast.BoolOp)
        simple = simple or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        return found if simple else f"truth({found})"

    def parameters(self, arguments: ast.arguments) -> str:
        names = [argument.arg for argument in arguments.args]
        return ", ".join(
            [*names, *([f"...{arguments.vararg.arg}"] if arguments.vararg else [])]
        )

    def name(self, name: str) -> str:
        if name in self.own:
            return name
        return NAMES.get(name) or (f"P.{name}.value" if name in TABLE else name)


def _number(x: float) -> str:
    return {"inf": "Infinity", "nan": "NaN"}.get(repr(x), repr(x))
