"""`python -m tests.mutation nn/losses.py`: which changes of a module no test notices.

Each mutant has one operator, number or keyword changed, as Cosmic Ray changes them. It runs
in a process of its own, forked from one that has imported everything but this library, on
the interpreted build, until the first test fails. What survives is listed in `report.toml`
with a reason; `--report` brings that up to date, `--again` tries only what survived there.
All of them take hours; `--one-in 10` tries a tenth.
"""

import argparse
import os
from collections import Counter

from tests.mutation.mutants import mutants_of
from tests.mutation.report import ROOT, Module, explained, read, write
from tests.mutation.running import KILLED, SURVIVED, TIMED_OUT, run_all, warm
from tests.mutation.suites import SUITES


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(SUITES), help=", ".join(SUITES))
    parser.add_argument("--report", action="store_true", help="bring report.toml up to date")
    parser.add_argument("--again", action="store_true", help="only what survived there")
    parser.add_argument("--one-in", type=int, default=1, help="try one mutant in so many")
    options = parser.parse_args()
    if options.report and options.one_in > 1:
        parser.error("a report is made from all mutants")
    os.nice(10)
    warm()
    for name in options.modules:
        source = (ROOT / name).read_text(encoding="utf-8")
        mutants, excluded = mutants_of(source)
        before = read().get(name)
        if options.again and before:
            mutants = [m for m in mutants if (m.where, m.operator) in before.survivors]
        mutants = mutants[:: options.one_in]
        outcomes = list(run_all(ROOT / name, source, mutants, SUITES[name]))
        found = Counter(verdict for _, verdict in outcomes)
        print(f"{name}:", ", ".join(f"{n} {verdict}" for verdict, n in found.items()))
        if options.report:
            survived = [(m.where, m.operator) for m, verdict in outcomes if verdict == SURVIVED]
            survivors = explained(survived, before)
            for verdict in found.keys() - {SURVIVED, KILLED, TIMED_OUT}:
                excluded[verdict] = found[verdict]
            counts = found[KILLED], found[TIMED_OUT]
            if options.again and before:
                counts = before.killed + before.survived - len(survived), before.timed_out
                excluded = before.excluded
            module = Module(*counts, excluded, survivors)
            write(read() | {name: module})


main()
