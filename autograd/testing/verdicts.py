"""Verdicts, and the reasons for them as kinds. Their text is made when it is shown."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any, NamedTuple

__all__ = ["Fault", "Hint", "Oracle", "Reason", "Remark", "Verdict"]


class Word(StrEnum):
    """A kind that is equal to its text, and is shown as text."""

    def __repr__(self) -> str:
        return repr(self.value)


class Verdict(Word):
    """The outcome of a check, from the best to the worst.

    >>> Verdict.PASS == "pass"
    True
    """

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"


class Oracle(Word):
    """The source of the value that a derivative is compared with."""

    DIFFERENCES = "differences"
    COMPLEX_STEP = "complex step"
    MPMATH = "mpmath"


class Reason(Enum):
    """Why one derivative has its verdict.

    A text takes the value of differences (0) and the ends of the subgradients (1 and 2).
    """

    ANOTHER_VALUE = "differences give another value"
    ANOTHER_IN_MPMATH = "mpmath gives another value"
    ANOTHER_COMPLEX_STEP = "a complex step gives another value"
    IS_NAN = "it is NaN where f is finite"
    IS_INFINITE = "it is infinite where differences are not"
    MODES_DIFFER = "forward and reverse mode differ"
    OUTSIDE_A_KINK = "it is outside [{1:.6g}, {2:.6g}] at a kink"
    WRONG_AT_A_JUMP = "it is not {0:.6g} at a jump"
    WRONG_AT_AN_EDGE = "it is not {0:.6g} at an edge"
    WRONG_AT_A_TANGENT = "it is not {0:.6g} at a vertical tangent"
    BENDS = "it bends or jumps close by"
    HIDDEN = "round-off hides it"
    FAR_APART = "floats are too far apart here"
    UNSETTLED = "differences do not settle"
    NO_VALUES = "there are no values near"
    SMALLER_STEPS_FAIL = "smaller steps cannot tell"
    SMALLER_STEPS_DIFFER = "smaller steps tell otherwise"
    GROWS_SLOWLY = "slopes may grow too slowly to be seen"
    BENDS_CLOSER = "the bend may be closer by than the steps went"
    LOSES_DIGITS = "so close to 0 floats lose digits"
    NO_SINGLE_DERIVATIVE = "mpmath finds no single derivative"


class Fault(Enum):
    """Why a function as a whole has its verdict, whatever its derivatives are."""

    ONE_AGREES = "the derivative agrees"
    ALL_AGREE = "all {0} derivatives agree"
    NOTHING = "there is nothing to check"
    NOT_FINITE = "{0} is {1!r} there"
    NOT_FINITE_WHERE_DRAWN = (
        "{0} is {1!r} at {2}: draw where it is finite, or leave such points out by "
        "allow_nan=True"
    )
    RANDOM = "{0} is nondeterministic: it differs from call to call; seed what it draws"
    CHANGES_ARGUMENTS = "the derivative changes its arguments in place: let it change copies"
    NO_TUPLE = "{0} must be a tuple of {1}, one for each argument"
    SHAPE = "{0} has the shape {1}, and must have {2}"
    TRANSPOSED_SHAPE = "{0} has the shape {1}, and must have {2}: is it transposed?"
    RESHAPED = "{0} has the shape {1}, and must have {2}: reshape it"
    NOT_SUMMED = "{0} has the shape {1}, and must have {2}: is it not summed over axis {3}?"


class Hint(Enum):
    """A guess at the mistake."""

    ZERO = "it is 0"
    SIGN = "its sign is wrong"
    FACTOR = "it is {0} what it should be"
    SIGN_AND_FACTOR = "its sign is wrong and it is {0} what it should be"
    TRANSPOSED = "it is transposed"
    AT_A_KINK = (
        "{0} is at its kink, where subgradients that are right one by one need not add up to "
        "one of f"
    )
    HIDDEN_PART = "every recorded partial is right, so look for .data and detach() in f"


class Remark(NamedTuple):
    """A kind, and the values in its text.

    >>> str(Remark(Fault.NOT_FINITE, ("f", float("inf"))))
    'f is inf there'
    """

    kind: Reason | Fault | Hint
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        text: str = self.kind.value
        return text.format(*self.values)

    def __repr__(self) -> str:
        return repr(str(self))
