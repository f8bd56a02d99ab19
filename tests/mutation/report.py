"""`report.toml`: how many mutants of each module the tests kill, and why others survive."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = Path(__file__).with_name("report.toml")
HEAD = """\
# Which changes of a module no test notices, and why: see `python -m tests.mutation --help`.
# A survivor is a function, the operator that changed it, at how many places, and the reason.
"""
UNKNOWN = "?"  # the mark of a reason that does not yet speak of all the places

Place = tuple[str, str]  # function and operator


@dataclass(frozen=True)
class Module:
    killed: int
    timed_out: int
    excluded: dict[str, int]
    survivors: dict[Place, tuple[int, str]]

    @property
    def survived(self) -> int:
        return sum(count for count, _ in self.survivors.values())


def read(report: Path = REPORT) -> dict[str, Module]:
    if not report.exists():
        return {}
    tables = tomllib.loads(report.read_text(encoding="utf-8"))
    for table in tables.values():
        rows = table.pop("survivors")
        table["survivors"] = {(function, by): (n, why) for function, by, n, why in rows}
    return {name: Module(**table) for name, table in tables.items()}


def write(modules: Mapping[str, Module], report: Path = REPORT) -> None:
    text = HEAD + "".join(_table(name, modules[name]) for name in sorted(modules))
    report.write_text(text, encoding="utf-8")


def explained(places: Iterable[Place], before: Module | None) -> dict[Place, tuple[int, str]]:
    """The survivors with the reasons that they had; marked where there are more than before."""
    known = before.survivors if before else {}
    survivors = {}
    for place, count in Counter(places).items():
        had, reason = known.get(place, (0, ""))
        new = count > had and not reason.startswith(UNKNOWN)
        survivors[place] = count, f"{UNKNOWN} {reason}".strip() if new else reason
    return survivors


def _table(name: str, module: Module) -> str:
    excluded = [f"{_text(why)} = {n}" for why, n in sorted(module.excluded.items())]
    rows = [
        f"[{_text(function)}, {_text(operator)}, {count}, {_text(reason)}],"
        for (function, operator), (count, reason) in sorted(module.survivors.items())
    ]
    return "\n".join(
        [
            f'\n["{name}"]',
            f"killed = {module.killed}",
            f"timed_out = {module.timed_out}",
            f"excluded = {{ {', '.join(excluded)} }}",
            "survivors = [",
            *[f"    {row}" for row in rows],
            "]\n",
        ]
    )


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
