"""Rules in symbols: the formulas, their parentheses, and the numbers behind them."""

import math
import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, primitive
from autograd.core.primitive import TABLE
from autograd.show.formulas import LATEX, TEXT, arithmetic, rule
from tests.helpers.programs import OPERANDS, SAFE
from tests.helpers.tables import table

PLACES = (0.7, 1.3, 1.1, 0.4, 2.0)


def lines_of(y: Value) -> list[str]:
    lines = y.graph().latex().splitlines()
    assert (lines[0], lines[-1]) == (r"\begin{align*}", r"\end{align*}")
    assert all(line.endswith(r" \\") for line in lines[1:-2])
    return [line.removesuffix(r" \\") for line in lines[1:-1]]


def rules_of(name: str, *numbers: float) -> list[str]:
    """The formulas of an operation's partials at Values named x, y, z."""
    values = [Value(x, label=label) for x, label in zip(numbers, "xyz")]
    out = TABLE[name](*values)
    out.label = "u"
    partials = [line for line in lines_of(out) if r"\partial" in line]
    return [line.partition(" &= ")[2].partition(" = ")[0] for line in partials]


@pytest.mark.parametrize(
    ("name", "numbers", "rules"),
    table(
        r"""
"neg" | (2.0,) | ["-1"]
"div" | (2.0, 3.0) | [r"\frac{1}{y}", r"\frac{-u}{y}"]
"pow" | (2.0, 3.0) | ["y \\cdot {x}^{y - 1}", r"u \cdot \ln\left(x\right)"]
"abs" | (-2.0,) | ["-1"]
"abs" | (0.0,) | ["0"]
"relu" | (-2.0,) | ["0"]
"relu" | (0.0,) | ["0"]
"rsqrt" | (0.0,) | [r"-0.5 \cdot u \cdot u \cdot u"]
"maximum" | (2.0, 2.0) | ["0.5", "0.5"]
"where" | (1.0, 2.0, 3.0) | ["0", "1", "0"]
"exp" | (2.0,) | ["u"]
"sqrt" | (4.0,) | [r"\frac{0.5}{u}"]
"sqrt" | (0.0,) | [r"0.5 \cdot \frac{1}{\sqrt{x}}"]
"asin" | (0.25,) | [r"\frac{1}{\sqrt{1 - x \cdot x}}"]
"tanh" | (2.0,) | ["1 - {u}^2"]
"sigmoid" | (2.0,) | [r"u \cdot \left(1 - u\right)"]
"logsumexp" | (2.0, 3.0) | ["e^{x - u}", "e^{y - u}"]
"softplus" | (2.0,) | [r"\sigma\left(x\right)"]
"erf" | (2.0,) | [r"\frac{2}{\sqrt{\pi}} \cdot e^{-1 \cdot x^2}"]
""",
        globals(),
    ),
)
def test_rules_as_the_table_writes_them(
    name: str, numbers: tuple[float, ...], rules: list[str]
) -> None:
    assert rules_of(name, *numbers) == rules


@pytest.mark.parametrize("name", sorted({*SAFE} | {"take"}))
def test_every_rule_reads_well_and_gives_the_partial(name: str) -> None:
    entry = TABLE[name]
    count = entry.arity or OPERANDS.get(name, 3 if name == "take" else 2)
    numbers = PLACES[:count]
    if name == "take":
        numbers = (1.0, *numbers[1:])
    if name in ("acosh", "clip"):
        numbers = (1.3, 1.1, 1.5)[:count]
    y = entry(*[Value(x, label=label) for x, label in zip(numbers, "abcde")])
    y.label = "y"
    names = {"y": y.data, **dict(zip("abcde", numbers))}
    for slot, partial in enumerate(y.partials):
        text = rule(y.graph().root, slot, LATEX)
        assert read(text, names) == pytest.approx(partial, rel=1e-3)
    text = y.graph().latex()
    for opening, closing in ("{}", (r"\left(", r"\right)")):
        assert text.count(opening) == text.count(closing)


AS_PYTHON = dict(
    table(
        r"""
r"\\left\\lfloor (.+) \\right\\rfloor" | r"floor(\1)"
r"\\operatorname\{(\w+)\}" | r"\1"
r"(\d) \\(sqrt|pi)" | r"\1 * \2"
r"sqrt\[3\]" | "cbrt"
r"\\ln (\d+)" | r"log(\1)"
r"\\ln" | "log"
r"\\sigma'" | "bell"
r"\\sigma" | "sigmoid"
r"\\Phi" | "normal_cdf"
r"\\cdot" | "*"
r"\\(left|right|frac|)" | ""
r"\}\{" | ")/("
r"\{" | "("
r"\}" | ")"
r"\^" | "**"
""",
        globals(),
    )
)


def read(latex: str, names: dict[str, float]) -> float:
    """The number of a formula, read as Python."""
    for pattern, text in AS_PYTHON.items():
        latex = re.sub(pattern, text, latex)
    number: float = eval(latex, {**TABLE, **vars(math)}, names)
    return number


TAUGHT = sorted(name for name, entry in TABLE.items() if entry.textbook_rule is not None)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_taught_rule_is_that_of_the_table(name: str) -> None:
    entry = TABLE[name]
    assert {"tanh", "sigmoid", "nn.cross_entropy"} <= {*TAUGHT}
    for smoothing in (0.0, 0.25):
        xs = {"nn.cross_entropy": (1.0, smoothing, 0.5, -0.25, 1.0), "logsumexp": (0.5, 2.0)}
        point = xs.get(name, (0.75,))
        out = entry(*point)
        accurate = (
            entry.partials(out, point) if entry.variadic else entry.partial(0, out, point)
        )
        assert entry.textbook_rule is not None
        assert entry.textbook_rule(out, *point) == pytest.approx(accurate, rel=1e-14, abs=1e-16)


def test_what_lessons_say() -> None:
    x, y = Value(-2.0, label="x"), Value(3.0, label="y")
    p = x.tanh()
    logits = [x, y, Value(1.0, label="z")]
    for value, formula, partial in table(
        """
p | "tanh(x)" | "1.0 - v2²"
x.sigmoid() | "sigmoid(x)" | "v2 * (1.0 - v2)"
nn.mse_loss([p], [-1.0]) | "(v2 - (-1.0))²" | "v3"
nn.huber_loss([x], [1.0]) | "huber_loss(v2, 1.0)" | "clip(v2, -1.0, 1.0)"
nn.cross_entropy([logits], [1]) | "-log softmax(x, y, z)₁" | "exp(x - logsumexp(x, y, z))"
nn.cross_entropy([logits], [1], label_smoothing=0.5) | "CE(x, y, z)" | ""
nn.Neuron(2)([x, y]) * 1.0 | "v6 * 1.0" | "1.0"
1.0 / (x + y) / y | "v4 / y" | "1.0 / y"
""",
        globals() | locals(),
    ):
        root = value.graph().root
        assert arithmetic(root) == formula
        assert rule(root, 0) == partial or partial == ""
    root = nn.cross_entropy([logits], [1]).graph().root
    assert arithmetic(root, notation=LATEX) == (
        r"-\log \operatorname{softmax}\left(x, y, z\right)_{1}"
    )


def test_a_loss_of_one_sample_is_neither_summed_nor_divided() -> None:
    x = Value(2.0, label="x")
    assert nn.l1_loss([x], [0.0]).op is TABLE["abs"]
    assert nn.mse_loss([x, x], [0.0, 1.0]).op is TABLE["div"]


def test_the_steps_of_a_graph_and_the_gradients_at_its_end() -> None:
    x, y = Value(2.0, label="x"), Value(-3.0, label="y")
    u = x * y
    z = autograd.sin(u) - x
    z.backward()
    assert lines_of(z) == [
        "x &= 2",
        "y &= -3",
        r"v_{3} &= x \cdot y = -6",
        r"\frac{\partial v_{3}}{\partial x} &= y = -3",
        r"\frac{\partial v_{3}}{\partial y} &= x = 2",
        r"v_{4} &= \sin\left(v_{3}\right) = 0.2794",
        r"\frac{\partial v_{4}}{\partial v_{3}} &= \cos\left(v_{3}\right) = 0.9602",
        r"v_{5} &= v_{4} - x = -1.721",
        r"\frac{\partial v_{5}}{\partial v_{4}} &= 1",
        r"\frac{\partial v_{5}}{\partial x} &= -1",
        r"\frac{d v_{5}}{d x} &= -3.881",
        r"\frac{d v_{5}}{d y} &= 1.92",
    ]


def test_a_first_power_is_the_number_itself() -> None:
    y = Value(3.0, label="x") ** 2
    y.label = "y"
    assert lines_of(y)[1:3] == [
        "y &= {x}^{2} = 9",
        r"\frac{\partial y}{\partial x} &= 2 \cdot x = 6",
    ]


def test_an_operand_in_two_slots_is_told_apart() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    assert lines_of(y)[2:4] == [
        r"\left.\frac{\partial y}{\partial x}\right|_{\text{operand 1}} &= x = 3",
        r"\left.\frac{\partial y}{\partial x}\right|_{\text{operand 2}} &= x = 3",
    ]


def test_numbers() -> None:
    x = Value(1.0, label="x")
    for number, shown in table(
        r"""
2.0 | "2"
-0.0 | "0"
1 / 3 | "0.3333"
1.5e-7 | r"1.5 \cdot 10^{-7}"
math.inf | r"\infty"
-math.inf | r"-\infty"
math.nan | r"\mathrm{nan}"
-math.pi | r"-\pi"
""",
        globals() | locals(),
    ):
        x.data = number
        assert lines_of(x)[0] == f"x &= {shown}"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("x", "x"),
        ("θ", "θ"),
        ("w12", "w_{12}"),
        ("w_1", "w_{1}"),
        ("loss", r"\mathit{loss}"),
        ("loss2", r"\mathit{loss}_{2}"),
        ("50% of {x}_y", r"\mathit{50\%\ of\ \{x\}\_y}"),
        ("a\\b^c~\n", r"\mathit{a\backslash{}b\hat{}c\sim{}\ }"),
    ],
)
def test_labels_are_safe_in_latex(label: str, shown: str) -> None:
    assert lines_of(Value(2.0, label=label))[0] == f"{shown} &= 2"


def test_operations_of_users_are_written_too() -> None:
    softer = primitive(
        "softer",
        lambda x: float(f"{x / (1 + abs(x))}"),
        lambda out, x: 3 - 2**x + (1 - abs(x)) ** 2 / x - 2.0 / x,
    )
    y = softer(Value(0.5, label="x"))
    y.label = "y"
    rule = lines_of(y)[2].partition(" &= ")[2].rpartition(" = ")[0]
    assert rule == (
        r"3 - {2}^{x} + \frac{{\left(1 - \left|x\right|\right)}^{2}}{x} - \frac{2}{x}"
    )


def _formulas() -> st.SearchStrategy[Any]:
    numbers = st.sampled_from([2.0, -3.0, 0.5])
    binary = st.sampled_from(["add", "sub", "mul", "div", "pow"])
    return st.recursive(
        st.sampled_from(["x", "y"]),
        lambda inner: (
            st.tuples(binary, inner, inner | numbers)
            | st.tuples(binary, numbers, inner)
            | st.tuples(st.sampled_from(["neg", "square"]), inner)
        ),
        max_leaves=8,
    )


def _built(formula: Any, operands: dict[str, Any]) -> Any:
    if not isinstance(formula, tuple):
        return operands.get(formula, formula)
    name, *inner = formula
    return TABLE[name](*[_built(x, operands) for x in inner])


def _rule_of(formula: Any, notation: Any = LATEX) -> tuple[str, float]:
    """How a partial is written that is this formula, and its number."""
    probe = primitive(
        "tests.probe", lambda x, y: 0.0, lambda out, x, y: formula(x, y), lambda out, x, y: 0.0
    )
    u = probe(Value(0.7, label="x"), Value(-1.3, label="y"))
    return rule(u.graph().root, 0, notation), u.partials[0]


def test_parentheses_that_a_reader_needs() -> None:
    for formula, latex in table(
        r"""
lambda x, y: x * -3.0 | r"x \cdot \left(-3\right)"
lambda x, y: x - -3.0 | r"x - \left(-3\right)"
lambda x, y: -3.0 * x | r"-3 \cdot x"
lambda x, y: TABLE["neg"](-x) | r"-\left(-x\right)"
lambda x, y: y + -x * y | r"y + \left(-x \cdot y\right)"
lambda x, y: -(x * y) | r"-x \cdot y"
lambda x, y: -(x + y) | r"-\left(x + y\right)"
lambda x, y: (x**2.0) ** -y | r"{\left({x}^{2}\right)}^{-y}"
lambda x, y: (x / y) ** 2.0 | r"{\left(\frac{x}{y}\right)}^{2}"
lambda x, y: (-x + y) * y | r"\left(-x + y\right) \cdot y"
lambda x, y: (x + y) * (x - y) | r"\left(x + y\right) \cdot \left(x - y\right)"
lambda x, y: (x + y) / (x - y) | r"\frac{x + y}{x - y}"
""",
        globals(),
    ):
        assert _rule_of(formula)[0] == latex
    assert _rule_of(lambda x, y: x / (x * y), TEXT)[0] == "x / (x * y)"


@settings(max_examples=500)
@given(_formulas())
def test_parentheses_keep_what_belongs_together(formula: Any) -> None:
    """Read as Python again, the formula has the number that it stands for."""
    try:
        text, number = _rule_of(lambda x, y: _built(formula, {"x": x, "y": y}))
    except (ValueError, ArithmeticError):
        assume(False)
    assume(1e-3 < abs(number) < 1e3)
    assert read(text, {"x": 0.7, "y": -1.3}) == pytest.approx(number, rel=1e-8)


def test_a_sum_divided_by_its_number_of_terms_is_a_mean() -> None:
    p, q, r = Value(2.0, label="p"), Value(3.0, label="q"), Value(-1.0, label="r")
    loss = nn.mse_loss([p, q], [1.0, r])
    assert lines_of(loss)[-2].endswith(
        r"\operatorname{mean}\left({\left(p - 1\right)}^2, {\left(q - r\right)}^2\right) = 8.5"
    )
    node = loss.graph().root
    assert arithmetic(node) == "mean((p - 1.0)², (q - r)²)"
    assert arithmetic(node, numbers=True) == "mean((2.0 - 1.0)², (3.0 - (-1.0))²)"
    assert "mean(v2², v5²)" in loss.graph().text()
    losses = [p * i for i in range(1, 10)]
    mean = autograd.fsum(losses) / 9
    assert arithmetic(mean.graph().root) == "mean(v2, v3, v4, v5, v6, v7, … 3 more)"
    assert arithmetic((autograd.fsum(losses) / 8).graph().root) == "v11 / 8.0"
    total = autograd.fsum(losses)
    total.label = "total"
    assert arithmetic((total / 9).graph().root) == "total / 9.0"
