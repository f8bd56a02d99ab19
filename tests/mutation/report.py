"""`report.toml`: how many mutants of each module the tests found, and why not the others."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = Path(__file__).with_name("report.toml")
HEAD = """\
# Which changes of a module no test notices, and why: see `python -m tests.mutation --help`.
# A survivor is a line of the source and what became of it.
"""

Listed = tuple[str, str, str]  # where, line, mutant


@dataclass(frozen=True)
class Survivor:
    where: str
    line: str
    mutants: list[str]
    reason: str


@dataclass(frozen=True)
class Module:
    killed: int
    timed_out: int
    excluded: dict[str, int]
    survivors: list[Survivor]

    def listed(self) -> list[Listed]:
        return [(s.where, s.line, mutant) for s in self.survivors for mutant in s.mutants]


def read() -> dict[str, Module]:
    if not REPORT.exists():
        return {}
    modules = tomllib.loads(REPORT.read_text(encoding="utf-8"))
    return {
        name: Module(
            table["killed"],
            table["timed_out"],
            table["excluded"],
            [Survivor(**survivor) for survivor in table.get("survivors", [])],
        )
        for name, table in modules.items()
    }


def write(modules: Mapping[str, Module]) -> None:
    REPORT.write_text(
        HEAD + "".join(_table(name, modules[name]) for name in sorted(modules)),
        encoding="utf-8",
    )


def grouped(listed: list[Listed], before: Module | None) -> list[Survivor]:
    """The survivors, those of one line and reason together; reasons as they were before."""
    known = {}
    for survivor in before.survivors if before else []:
        for mutant in survivor.mutants:
            known[survivor.where, survivor.line, mutant] = survivor.reason
    groups: dict[Listed, list[str]] = {}
    for where, line, mutant in listed:
        reason = known.get((where, line, mutant), "")
        groups.setdefault((where, line, reason), []).append(mutant)
    return [
        Survivor(where, line, mutants, reason)
        for (where, line, reason), mutants in groups.items()
    ]


def _table(name: str, module: Module) -> str:
    survived = len(module.listed())
    rows = [
        f'\n["{name}"]',
        f"mutants = {module.killed + module.timed_out + survived}",
        f"killed = {module.killed}",
        f"timed_out = {module.timed_out}",
        f"survived = {survived}",
        f'\n["{name}".excluded]',
        *[f"{_text(why)} = {n}" for why, n in sorted(module.excluded.items())],
    ]
    for survivor in module.survivors:
        rows += [
            f'\n[["{name}".survivors]]',
            f"where = {_text(survivor.where)}",
            f"line = {_text(survivor.line)}",
            "mutants = [",
            *[f"    {_text(mutant)}," for mutant in survivor.mutants],
            "]",
            f"reason = {_text(survivor.reason)}",
        ]
    return "\n".join([*rows, ""])


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
