"""The numbers in tests/nn/data that PyTorch computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def torch_reference(name: str) -> Any:
    return json.loads((Path(__file__).parent / "data" / f"torch_{name}.json").read_text())


def case_id(case: dict[str, Any]) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in case["arguments"].items())
    return f"{case['name']}({settings})"
