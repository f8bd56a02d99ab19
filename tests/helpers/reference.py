"""The numbers in tests/nn/data, and softmax in mpmath.

PyTorch computed them in float64, with the settings that stand beside them.
"""

import json
from pathlib import Path
from typing import Any

import mpmath
from hypothesis import strategies as st
from mpmath import mpf

# One sample's logits: near each other, far apart, tiny, and tied.
logit_lists = st.one_of(
    [st.lists(st.floats(-k, k), min_size=1, max_size=6) for k in (1e-9, 3.0, 40.0, 800.0, 1e4)]
).flatmap(lambda xs: st.just(xs) | st.just(xs + xs[:1]))


def torch_reference(name: str) -> Any:
    return json.loads(
        (Path(__file__).parents[1] / "nn/data" / f"torch_{name}.json").read_text()
    )


def case_id(case: dict[str, Any]) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in case["arguments"].items())
    return f"{case['name']}({settings})"


def exact_softmax(xs: list[float]) -> tuple[list[Any], list[Any], list[Any]]:
    """exp(xᵢ) / Σ exp(xⱼ), its logarithm, and what it lacks to 1; within workdps(60)."""
    top = max(range(len(xs)), key=xs.__getitem__)
    below = [mpf(x) - mpf(xs[top]) for x in xs]
    powers = [mpmath.exp(d) for d in below]
    total = mpmath.fsum(powers)
    rest = mpmath.log1p(mpmath.fsum(powers[:top] + powers[top + 1 :]))
    p = [power / total for power in powers]
    logs = [-rest if i == top else d - rest for i, d in enumerate(below)]
    return p, logs, [mpmath.fsum(p[:i] + p[i + 1 :]) for i in range(len(p))]
