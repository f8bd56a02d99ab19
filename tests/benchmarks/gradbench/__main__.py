"""The protocol of GradBench, as its CONTRIBUTING.md specifies it."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

import autograd
from tests.benchmarks.gradbench.evals import EVALS

TOOL = "scalar-autograd"


def answers(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """An answer to each message."""
    for line in lines:
        message = json.loads(line)
        yield {"id": message["id"], **answer(message)}


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """What is answered besides the id."""
    kind, module = message["kind"], str(message.get("module"))
    if kind == "start":
        return {"tool": TOOL, "config": {"version": autograd.__version__}}
    if kind == "define":
        known = module in EVALS
        return {"success": known} if known else {"success": False, "error": "not implemented"}
    if kind != "evaluate":
        return {}
    try:
        return evaluated(EVALS[module][message["function"]], message["input"])
    except Exception:
        return {"success": False, "error": traceback.format_exc()}


def evaluated(make: Any, given: Any) -> dict[str, Any]:
    """The output, after as many runs as are asked for; the first records, and is no run."""
    start = time.perf_counter_ns()
    run = make(given)
    output = run()
    timings: list[dict[str, Any]] = []
    timings.append({"name": "prepare", "nanoseconds": time.perf_counter_ns() - start})
    asked = given if isinstance(given, dict) else {}
    spent = 0
    while len(timings) <= asked.get("min_runs", 1) or spent < 1e9 * asked.get(
        "min_seconds", 0.0
    ):
        start = time.perf_counter_ns()
        output = run()
        timings.append({"name": "evaluate", "nanoseconds": time.perf_counter_ns() - start})
        spent += timings[-1]["nanoseconds"]
    return {"success": True, "output": output, "timings": timings}


if __name__ == "__main__":
    for each in answers(sys.stdin):
        print(json.dumps(each), flush=True)
