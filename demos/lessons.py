"""The exercises of the lessons in `docs/lessons`, which check themselves.

>>> check("square", 10.0)
✓ At 5 a nudge of 0.001 becomes 0.01: ten times as much.
>>> check("square", -10.0)
✗ The size is right, the sign is not.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import autograd
from autograd import Value, grad
from autograd.show.pages.page import Page
from autograd.testing import Report, gradcheck
from demos import transformer

__all__ = ["EXERCISES", "Choice", "Code", "Number", "Verdict", "check", "trimmed"]


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, a sentence about it, and a report; true if it is."""

    right: bool
    text: str
    report: str = ""

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        report = f"\n{self.report}" if self.report else ""
        return f"{'✓' if self.right else '✗'} {self.text}{report}"

    def _repr_html_(self) -> str:
        said = html.escape(f"{'✓' if self.right else '✗'} {self.text}")
        if not self.report:
            return f"<p>{said}</p>"
        return (
            f"<p>{said}</p><details><summary>The checker's report (lesson 6 explains it)"
            f"</summary><pre>{html.escape(self.report)}</pre></details>"
        )


def check(name: str, answer: Any) -> Verdict:
    """Say what is right or wrong in an answer to an exercise.

    Args:
        name: the exercise's, as the lesson has it.
        answer: a number, one of the words to choose from, or a function or class.

    Raises:
        ValueError: there is no such exercise.
    """
    if name not in EXERCISES:
        close = get_close_matches(str(name), EXERCISES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {[*EXERCISES]}"
        raise ValueError(f"there is no exercise {name!r:.40}{hint}")
    return EXERCISES[name].check(answer)


def trimmed(shown: Any, parts: str) -> Page:
    """The page of a stepper, formula or training without some of its parts.

    Args:
        shown: has the method `html`.
        parts: a CSS selector of the parts that the lesson has not taught yet.

    >>> page = trimmed((Value(2.0) * 3.0).steps(), "#modes, #live").html()
    >>> "<style>#modes, #live { display: none !important }</style>" in page
    True
    """
    style = f"{parts} {{ display: none !important }}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = shown.html().replace("style-src ", f"style-src 'sha256-{digest}' ", 1)
    return Page(page.replace("</head>", f"<style>{style}</style>\n</head>", 1))


# ---------------------------------------------------------------- kinds of exercises


@dataclass(frozen=True)
class Number:
    """An exercise whose answer is a number, of which three digits are enough.

    Args:
        right: what is said of the right answer.
        mistakes: what is said of wrong answers that people give.
    """

    title: str
    answer: float
    right: str
    mistakes: Mapping[float, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """For the page: replies (number, distance, right, sentence), the first counts."""
        told = [(self.answer, True, self.right)]
        told += [(number, False, text) for number, text in self.mistakes.items()]
        if self.answer:
            told += [
                (-self.answer, False, "The size is right, the sign is not."),
                (2.0 * self.answer, False, "Twice what it should be."),
                (0.5 * self.answer, False, "Half of what it should be."),
            ]
        return {
            "replies": [[x, 0.005 * (abs(x) or 1.0), *rest] for x, *rest in told],
            "low": "Too low.",
            "high": "Too high.",
            "nothing": "The answer is a number, such as 0.25.",
        }

    def check(self, answer: Any) -> Verdict:
        """As the page does."""
        data = self.data()
        x = answer.data if isinstance(answer, Value) else answer
        if isinstance(x, bool) or not isinstance(x, int | float) or math.isnan(x):
            return Verdict(False, data["nothing"])
        for number, distance, right, text in data["replies"]:
            if abs(x - number) <= distance:
                return Verdict(right, text)
        return Verdict(False, data["high" if x > self.answer else "low"])


@dataclass(frozen=True)
class Choice:
    """An exercise whose answer is one of some words, each with what is said of it."""

    title: str
    answer: str
    options: Mapping[str, str]

    def data(self) -> dict[str, Any]:
        """Return what the page needs: the words, and replies (word, right, sentence)."""
        replies = [[word, word == self.answer, text] for word, text in self.options.items()]
        return {"options": [*self.options], "replies": replies, "nothing": self._nothing()}

    def check(self, answer: Any) -> Verdict:
        """As the page does."""
        if answer not in [*self.options]:
            return Verdict(False, self._nothing())
        return Verdict(answer == self.answer, self.options[answer])

    def _nothing(self) -> str:
        return f"Choose one of: {', '.join(self.options)}."


@dataclass(frozen=True)
class Code:
    """An exercise whose answer is a function or class.

    Args:
        trial: tries the answer, and returns "" or what is wrong: a line, and a report below.
        right: what is said of an answer of which nothing is.
    """

    title: str
    trial: Callable[[Any], str]
    right: str

    def check(self, answer: Any) -> Verdict:
        """Whatever the answer raises is told, too."""
        if not callable(answer):
            return Verdict(False, f"The answer is a function, without (); got {answer!r:.60}.")
        results = []

        def called(*args: Any) -> Any:
            results.append(answer(*args))
            return results[-1]

        try:
            wrong = self.trial(answer if isinstance(answer, type) else called)
        except Exception as error:
            if results and results[-1] is None:
                return Verdict(False, "It returned nothing: end it with `return` and a result.")
            return Verdict(False, f"It raised {type(error).__name__}: {error}")
        text, _, report = wrong.partition("\n")
        return Verdict(not wrong, text or self.right, report)


def _first(complaints: Iterable[str]) -> str:
    return next(filter(None, complaints), "")


def _told(report: Report) -> str:
    """Return "" for a report that passed, else a sentence with the report below it."""
    if report:
        return ""
    kind = str(report).partition("\n")[0].partition(": ")[2]
    if math.isnan(report.numeric):
        return f"{kind.capitalize()}."
    numbers = f"yours is {report.analytic:.6g}, and measured it is {report.numeric:.6g}"
    return f"{kind.capitalize()}. At {report.where} = {report.x:.6g} {numbers}.\n{report}"


def _gradient(f: Callable[..., Any], *points: Sequence[Any]) -> Callable[[Any], str]:
    """Tries a gradient of f by hand at each of the points."""

    def trial(answer: Any) -> str:
        return _first(_told(gradcheck(f, *xs, gradient=answer)) for xs in points)

    return trial


def _differs(what: str, got: Any, wanted: float) -> str:
    x = got.data if isinstance(got, Value) else got
    if not isinstance(x, int | float):
        return f"{what} should be a number, {wanted:.6g}; yours is {x!r:.60}."
    close = math.isclose(x, wanted, rel_tol=1e-6, abs_tol=1e-9)
    return "" if close else f"{what} is {wanted:.6g}, and yours gives {x:.6g}."


# ---------------------------------------------------------------- what the answers must do


def _nudging(slope: Any) -> str:
    rise = slope(lambda x: 6.0 * x, 2.0)
    if isinstance(rise, float) and 0.0 < abs(rise) < 0.1:
        return "That is how far the result moved. Divide by the nudge, to get the slope."
    cases: list[tuple[Callable[[Any], Any], float]] = [
        (lambda x: x * x, 3.0),
        (lambda x: x * x * x - 2.0 * x, -1.5),
        (lambda x: 1.0 / x, 0.5),
    ]
    reports = (
        gradcheck(f, x, gradient=lambda x, f=f: slope(f, x), rtol=1e-3) for f, x in cases
    )
    return _first(map(_told, reports))


def bent(v: Any) -> Any:
    """The function of lesson 2: two numbers, a square and a tanh."""
    return (v[0] * v[1] - 3.0) ** 2 + autograd.tanh(v[1])


def paths(a: Any, b: Any) -> Any:
    """The function of lesson 3, which uses a three times."""
    return (a * b + a) * a


def line_loss(w: Any) -> Any:
    """The loss of lesson 6: how far a line is from three points."""
    return sum((w[0] * x + w[1] - y) ** 2 for x, y in ((0.0, 1.0), (1.0, 3.0), (2.0, 4.0)))


def _random_graph(new: Callable[[float], Any], draw: random.Random) -> tuple[Any, list[Any]]:
    """Nodes added and multiplied at random, many of them used several times."""
    leaves = [new(draw.uniform(-1.0, 1.0)) for _ in range(3)]
    nodes = [*leaves]
    for _ in range(8):
        a, b = draw.choice(nodes), draw.choice(nodes)
        nodes.append(a * b if draw.random() < 0.5 else (a + b).tanh())
    total = nodes[0]
    for node in nodes[1:]:
        total = total + node
    return total, leaves


def _method(name: str, operands: int, partials: tuple[float, ...], slip: str) -> Any:
    """Tries one method of an engine, at 2 and 3."""

    def trial(node: Any) -> str:
        leaves = [node(2.0), node(3.0)][:operands]
        y = getattr(leaves[0], name)(*leaves[1:])
        z = getattr(Value(2.0), name)(*[3.0][: operands - 1])
        if y is None or not hasattr(y, "inputs"):
            return f"{name} should return a Node; yours returns {y!r:.40}."
        if wrong := _differs("its number", y.data, z.data):
            return wrong
        if len(y.inputs) != operands or any(a is not b for a, b in zip(y.inputs, leaves)):
            return f"Its inputs should be the {operands} node(s) that it was made from."
        if len(y.partials) != operands:
            return "It needs one local derivative for each input."
        return (
            slip
            if any(not math.isclose(p, q, rel_tol=1e-9) for p, q in zip(y.partials, partials))
            else ""
        )

    return trial


def _checking(agrees: Any) -> str:
    cases: list[tuple[Callable[[Any], Any], float, str, float, bool]] = [
        (lambda x: x * x, 3.0, "x * x", 6.0, True),
        (lambda x: x * x, 3.0, "x * x", 3.0, False),
        (lambda x: x**3, 2.0, "x**3", 12.1, False),
        (math.exp, 1.0, "exp(x)", math.e, True),
        (lambda x: -5.0 * x, 2.0, "-5 * x", 5.0, False),
    ]
    for f, x, text, slope, wanted in cases:
        if bool(agrees(f, x, slope)) != wanted:
            is_it = "is" if wanted else "is not"
            return f"{slope:.6g} {is_it} the slope of {text} at {x:g}; yours says otherwise."
    return ""


def _stepping(step: Any) -> str:
    p = Value(2.0)
    for number, wanted in enumerate((1.6, 1.28), 1):
        (p * p).backward()
        step([p], 0.1)
        if wrong := _differs(
            f"after step {number} down p², from 2 with rate 0.1, p", p, wanted
        ):
            return f"{wrong} Is the old gradient still there?" if number > 1 else wrong
    return ""


def _normed(norm: Any) -> str:
    for x in ([3.0, 4.0], [0.5, -1.0, 2.0, 0.0]):
        mean = sum(xi * xi for xi in x) / len(x)
        result = norm(x)
        if not isinstance(result, list | tuple) or len(result) != len(x):
            return f"The result is a list as long as x; got {result!r:.40}."
        for got, xi in zip(result, x):
            if wrong := _differs(f"of norm({x}) a number", got, xi / (mean + 1e-5) ** 0.5):
                return wrong
    return ""


def _chained(gradient: Any) -> str:
    f = lambda w, b: (autograd.tanh(w * 2.0 + b) - 1.0) ** 2  # noqa: E731
    for w, b in ((0.5, -1.0), (-0.3, 0.2)):
        result = gradient(w, 2.0, b)
        if not isinstance(result, list | tuple) or len(result) != 2:
            return f"Return two numbers, the gradients of w and of b; got {result!r:.40}."
        exact = grad(f, argnums=(0, 1))(w, b)
        for name, got, wanted in zip(("w", "b"), result, exact):
            if wrong := _differs(
                f"at w = {w}, x = 2, b = {b} the gradient of {name}", got, wanted
            ):
                return f"{wrong} Count the factors: a square, a tanh, and for w a product."
    return ""


SMALL: dict[str, Callable[[Any], Any]] = {
    "a + a": lambda a: a + a,
    "a * a": lambda a: a * a,
}


def _engine(yours: Any) -> str:
    for text, small in SMALL.items():
        (y, a), (z, b) = [(small(a), a) for a in (yours(3.0), Value(3.0))]
        y.backward()
        z.backward()
        if wrong := _differs(f"the gradient of a in {text}, at a = 3,", a.grad, b.grad):
            return f"{wrong} a is used more than once: are its gradients added?"
    for seed in range(20):
        y, leaves = _random_graph(yours, random.Random(seed))
        z, ours = _random_graph(Value, random.Random(seed))
        y.backward()
        z.backward()
        complaints = [_differs("the value", y.data, z.data)]
        complaints += [_differs("a gradient", a.grad, b.grad) for a, b in zip(leaves, ours)]
        if wrong := _first(complaints):
            return (
                f"In random graph {seed} {wrong} Is a node's gradient complete before it is "
                "passed on?"
            )
    return ""


def _reciprocal(rule: Any) -> str:
    trial = _gradient(lambda x: 1.0 / x, (0.5,), (-2.0,), (3.0,))
    return trial(lambda x: rule(1.0 / x, x))


def _descending(descend: Any) -> str:
    slope = lambda x: 2.0 * (x - 3.0)  # noqa: E731
    return _first(
        _differs(f"from x = {x}, rate {rate}, after {steps} step(s) x", *pair)
        for x, rate, steps in ((0.0, 0.1, 1), (0.0, 0.1, 2), (5.0, 0.25, 10))
        for pair in [
            (descend(slope, x, rate, steps), 3.0 + (x - 3.0) * (1 - 2 * rate) ** steps)
        ]
    )


def _neuron(gradient: Any) -> str:
    x, b = [0.5, -1.0, 2.0], 0.1
    f = lambda w: autograd.tanh(autograd.dot(w, x, b))  # noqa: E731
    return _gradient(f, ([0.3, -0.2, 0.4],), ([-1.0, 0.5, 0.1],))(lambda w: gradient(w, x, b))


def _blame(gradient: Any) -> str:
    logits = [2.0, -1.0, 0.5]
    return _first(
        _gradient(lambda z, k=k: autograd.logsumexp(z) - z[k], (logits,))(
            lambda z, k=k: gradient(z, k)
        )
        for k in range(3)
    )


def _attending(attend: Any) -> str:
    cases = [
        ([1.0, 0.0], [[0.0, 1.0], [0.0, 5.0]], [[2.0], [4.0]]),
        (
            [1.0, -0.5],
            [[1.0, 0.2], [-0.3, 2.0], [0.4, 0.0]],
            [[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]],
        ),
    ]
    for case in cases:
        query, keys, values = case
        larger = [x * len(query) ** 0.5 for x in query]  # the demo divides by this root
        got, (wanted, _) = attend(*case), transformer.attend(larger, keys, values)
        if not isinstance(got, list | tuple) or len(got) != len(wanted):
            return (
                f"The result has {len(wanted)} number(s), as each value has; got {got!r:.60}."
            )
        if wrong := _first(map(_differs, [f"attend{case!r}"] * len(wanted), got, wanted)):
            return wrong
    return ""


def _newton(step: Any) -> str:
    cases: list[tuple[Callable[[Any], Any], float, str]] = [
        (lambda x: x**4, 1.0, "x**4"),
        (lambda x: autograd.exp(x) - 2.0 * x, 0.0, "exp(x) - 2*x"),
    ]
    return _first(
        _differs(f"of f = {text} the step from {x} leads to a number that", step(f, x), wanted)
        for f, x, text in cases
        for wanted in [x - grad(f)(x) / grad(grad(f))(x)]
    )


# ---------------------------------------------------------------- the exercises

DIAGNOSES = {
    "the rate is too small": "the loss falls at every step, and slowly",
    "the rate is too large": "each step jumps over the valley, to a higher place",
    "zero_grad is forgotten": "old gradients add up, so the loss swings and never settles",
    "all weights start at 0": "only the last bias learns, and the loss stays where it is",
}


def _diagnosis(curve: str, wrong: str) -> Choice:
    options = {
        word: f"{'Yes' if word == wrong else 'No'}. If {word}, {sign}."
        for word, sign in DIAGNOSES.items()
    }
    return Choice(f"curve {curve}", wrong, options)


EXERCISES: dict[str, Number | Choice | Code] = {
    # 1 slope is sensitivity
    "square": Number(
        "the slope of x² at 5",
        grad(lambda x: x * x)(5.0),
        "At 5 a nudge of 0.001 becomes 0.01: ten times as much.",
        {25.0: "That is the value of x² at 5. How fast does it grow there?"},
    ),
    "price": Number(
        "how much dearer?",
        0.1 * grad(lambda price: price * 4.0)(3.0),
        "Each cent more is paid four times: 4 · 0.1.",
        {
            4.0: "That is the slope. How much does the cost change for 0.1?",
            12.0: "That is what it costs now. How much does it change?",
            12.4: "That is what it costs then. How much is that more than now?",
        },
    ),
    "nudge": Code(
        "a slope by nudging",
        _nudging,
        "It agrees with the exact slopes of three functions.",
    ),
    # 2 one product at a time
    "chain": Number(
        "two links",
        grad(lambda x: 3.0 * (2.0 * x))(1.0),
        "x moves y twice as far, and y moves z three times as far: 2 · 3.",
        {5.0: "Along a chain the slopes are multiplied, not added."},
    ),
    "neuron-weight": Number(
        "a neuron's weight",
        grad(lambda w: (autograd.tanh(w * 2.0 - 1.0) - 1.0) ** 2)(0.5),
        "2·(0 - 1) · 1 · 2: three local derivatives, one product.",
        {-2.0: "One factor is missing: w is multiplied by x = 2 before it goes on."},
    ),
    "link": Number(
        "one link back",
        1.28,
        "2 · (1 - 0.6²) = 2 · 0.64.",
        {
            0.64: "That is the local derivative. Multiply it by the gradient of y.",
            2.64: "Along a chain slopes are multiplied, not added.",
        },
    ),
    "backward-chain": Code(
        "a backward pass from a blank page",
        _chained,
        "Both gradients are right, at two points.",
    ),
    # 3 paths add up
    "repair": Code(
        "repair a gradient",
        _gradient(bent, ([2.0, 0.5],), ([1.0, -0.3],)),
        "Both numbers agree with what nudges say, at two points.",
    ),
    "two-paths": Number(
        "two ways to the result",
        grad(lambda a: a * 5.0 + a)(2.0),
        "Through the product b = 5 arrives, directly into the sum 1: together 6.",
        {
            5.0: "That is the path through a*b. There is another one.",
            1.0: "There is another path, through a*b.",
        },
    ),
    "twice": Number(
        "two passes",
        6.0,
        "Leaves add up: 3 from each pass, until zero_grad() sets them to 0.",
        {3.0: "That is one pass. The second adds to what the first has left."},
    ),
    "paths": Code(
        "a gradient with three paths",
        _gradient(paths, (2.0, -3.0), (0.5, 1.5)),
        "Every path is counted, at two points.",
    ),
    # 4 an engine of your own
    "arrivals": Number(
        "how many arrivals?",
        3.0,
        "Two slots of a*a and one of a*b: three products are added to a.grad.",
        {2.0: "a*a takes a in two slots, and each gives its share."},
    ),
    "engine-add": Code(
        "addition",
        _method("__add__", 2, (1.0, 1.0), "A nudge of either number arrives as it is: 1, 1."),
        "A sum that knows where it came from.",
    ),
    "engine-mul": Code(
        "multiplication",
        _method(
            "__mul__",
            2,
            (3.0, 2.0),
            "At 2 · 3 the slope by the first number is 3: a nudge of it is taken 3 times.",
        ),
        "Each number's slope is the other number.",
    ),
    "engine-tanh": Code(
        "tanh",
        _method(
            "tanh",
            1,
            (1.0 - math.tanh(2.0) ** 2,),
            "The slope is 1 - y * y, where y is the result, not the input.",
        ),
        "The slope is computed from the result.",
    ),
    "engine": Code(
        "your engine",
        _engine,
        "It gives the same values and gradients as this library on 20 random graphs.",
    ),
    # 5 the rules
    "log": Number(
        "the logarithm at 4",
        grad(autograd.log)(4.0),
        "The derivative of ln x is 1/x.",
        {1.3863: "That is ln 4 itself."},
    ),
    "quotient": Number(
        "the lower half of a fraction",
        grad(lambda y: 1.0 / y)(2.0),
        "-x/y² = -1/4: a larger divisor makes the quotient smaller.",
        {
            0.5: "That is the derivative in x, 1/y. Asked is the one in y.",
            -0.5: "Almost: y is squared in -x/y².",
        },
    ),
    "reciprocal": Code(
        "a rule by its result",
        _reciprocal,
        "It is the derivative of 1/x at three points.",
    ),
    # 6 is it right?
    "best-nudge": Choice(
        "which nudge?",
        "1e-5",
        {
            "1e-1": "So long a nudge sees how the curve bends.",
            "1e-5": "Long enough for the digits, short enough for the curve.",
            "1e-15": "So short a nudge is lost in the rounding of f: hardly a digit is left.",
        },
    ),
    "forgotten": Number(
        "the forgotten factor",
        2.0,
        "The square has the derivative 2·error.",
        {0.5: "The other way round: by what must the analytic number be multiplied?"},
    ),
    "agrees": Code(
        "a checker from a blank page",
        _checking,
        "It tells right slopes from wrong ones, five times.",
    ),
    "line": Code(
        "repair the gradient of a loss",
        _gradient(line_loss, ([0.5, -0.25],), ([2.0, 1.0],)),
        "Both derivatives agree with what differences say.",
    ),
    # 7 down the hill
    "one-step": Number(
        "one step",
        0.0 - 0.1 * grad(lambda x: (x - 3.0) ** 2)(0.0),
        "0 - 0.1 · (-6): downhill is to the right.",
        {
            -0.6: "That is uphill: the step goes against the gradient.",
            -6.0: "That is the gradient.",
        },
    ),
    "largest-rate": Number(
        "the largest rate",
        1.0,
        "A step multiplies the distance to 3 by 1 - 2·rate. At 1 that is -1: it never arrives.",
        {
            0.5: "At 0.5 one step arrives. Larger ones overshoot, and still come nearer.",
            2.0: "At 2 the distance is multiplied by 1 - 2·2 = -3.",
        },
    ),
    "descend": Code(
        "a descent",
        _descending,
        "It walks as gradient descent does.",
    ),
    # 8 a neuron, a net
    "parameters": Number(
        "count the parameters",
        17.0,
        "4 neurons of 2 weights and a bias, then one of 4 weights and a bias: 12 + 5.",
        {12.0: "The last neuron has parameters, too.", 13.0: "Each neuron has a bias, too."},
    ),
    "exclusive-or": Number(
        "one neuron and four corners",
        3.0,
        "A line cuts off one corner, so three of four can be right, and never all.",
        {
            4.0: "One neuron draws one straight line. Try it on the page above.",
            2.0: "A line can cut off a single corner.",
        },
    ),
    "neuron": Code(
        "a neuron's gradient",
        _neuron,
        "All three weights agree, for two neurons.",
    ),
    # 9 why training fails
    "curve-a": _diagnosis("a", "zero_grad is forgotten"),
    "curve-b": _diagnosis("b", "the rate is too small"),
    "curve-c": _diagnosis("c", "all weights start at 0"),
    "curve-d": _diagnosis("d", "the rate is too large"),
    "own-step": Code(
        "a step from a blank page",
        _stepping,
        "Two steps, and each begins with a gradient of 0.",
    ),
    # 10 digits
    "share": Number(
        "a probability",
        0.5,
        "The exponentials are 1, 1 and 2, so the third has 2 of 4.",
        {
            2.0: "That is e to its power. Divide by the sum of all three.",
            1.0 / 3.0: "The three are not alike: the third has a larger score.",
        },
    ),
    "blame": Number(
        "the right answer's share of the blame",
        -0.3,
        "p - y = 0.7 - 1: its score should grow.",
        {
            0.7: "That is p. Subtract y, which is 1 for the right answer.",
            0.3: "The size is right. Should the score grow or shrink?",
        },
    ),
    "p-minus-y": Code(
        "p - y in code",
        _blame,
        "Whichever of the three is right, the gradient is p - y.",
    ),
    # 11 attention
    "equal-scores": Number(
        "equal scores",
        4.0,
        "Softmax of equal scores is 1/3 each, so it is the mean of 1, 2 and 9.",
        {
            12.0: "That is the sum. The weights add up to 1.",
            2.0: "The mean, not the middle one.",
        },
    ),
    "looks": Number(
        "who looks where?",
        15.0,
        "1 + 2 + 3 + 4 + 5: each place looks at itself and at those before it.",
        {
            25.0: "A place does not look at those after it.",
            10.0: "Each place looks at itself, too.",
        },
    ),
    "attend": Code(
        "attention in code",
        _attending,
        "It gives the same numbers, for equal and for different scores.",
    ),
    # 12 a GPT
    "blind": Number(
        "guessing blindly",
        math.log(7.0),
        "ln 7: the net is as surprised as by one of seven equal letters.",
        {
            7.0: "Seven letters, so each has the share 1/7. The loss is minus its logarithm.",
            1.0 / 7.0: "That is the share of each letter. The loss is minus its logarithm.",
        },
    ),
    "residual": Number(
        "a path past a piece",
        0.8,
        "1 - 0.2: the direct path brings 1, the piece -0.2. Paths add up.",
        {
            -0.2: "That is the path through f. There is another one.",
            1.0: "And through f?",
        },
    ),
    "norm": Code(
        "the norm",
        _normed,
        "Two vectors of the right size.",
    ),
    # 13 derivatives of derivatives
    "bend": Number(
        "the second derivative of x³ at 2",
        grad(grad(lambda x: x * x * x))(2.0),
        "3x², then 6x: at 2 that is 12.",
        {8.0: "That is x³ itself."},
    ),
    "newton-step": Number(
        "one step of Newton's",
        1.0 - grad(lambda x: x**4)(1.0) / grad(grad(lambda x: x**4))(1.0),
        "1 - 4/12: slope over bend.",
        {
            1.0 / 3.0: "That is the length of the step. Where does it lead from 1?",
            0.0: "The step is 4/12.",
        },
    ),
    "newton": Code(
        "Newton's method",
        _newton,
        "Two functions, two right steps.",
    ),
}
