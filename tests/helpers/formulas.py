"""Formulas as text with what they compute: for the parsers in Python and in JavaScript."""

import json
from pathlib import Path

SHARED = json.loads((Path(__file__).parents[1] / "cli/formulas.json").read_text("utf-8"))
