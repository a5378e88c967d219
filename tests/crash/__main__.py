"""The long kill sweeps: `--all` kills before and after every effect, `--lines` before every line that deals with
money, `--kills` at random moments. `--case` plays one film again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.crash.every import CELLS, Case, Cell, Told, cases, share, stage, stages
from tests.crash.plays import PLAYS, quick_folder
from tests.crash.seams import Kind
from tests.crash.sweep import sweep


def main() -> int:
    asked = _asked()
    with quick_folder() as temporary:
        folder = asked.keep or temporary
        if asked.case:
            return _one_case(asked.case, folder)
        if asked.all or asked.lines:
            return _every_effect(asked, folder)
        return _random_moments(asked, folder)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="kill before and after every effect")
    what.add_argument("--lines", action="store_true", help="kill before every line that deals with money")
    what.add_argument("--case", type=Case.parse, help="such as runware:lost:137:before:12:after")
    what.add_argument("--kills", type=int, default=1000, help="so many random moments (the default: 1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vendor", choices=tuple(PLAYS), help="runs with this one alone")
    parser.add_argument("--one-in", type=int, default=1, metavar="N", help="of --all and --lines, one case in N")
    parser.add_argument("--minutes", type=float, help="begin no new film after so many")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where films with a problem are kept")
    return parser.parse_args()


def _random_moments(asked: argparse.Namespace, folder: Path) -> int:
    vendors = (asked.vendor,) if asked.vendor else tuple(PLAYS)
    tallies = sweep(folder, kills=asked.kills, seed=asked.seed, vendors=vendors)
    counted = ("films", "runs", "kills", "charged", "doubts", "problems")
    print(f"{'vendor':<10}" + "".join(f"{name:>10}" for name in counted))
    for vendor, tally in tallies.items():
        numbers = (tally.films, tally.runs, tally.kills, tally.charged, tally.doubts, len(tally.problems))
        print(f"{vendor:<10}" + "".join(f"{number:>10}" for number in numbers))
    problems = [problem for tally in tallies.values() for problem in tally.problems]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _one_case(case: Case, folder: Path) -> int:
    with stage(folder / "stage") as here:
        told = here.play(case)
    print(f"{case}: {told.programs} programs, killed at {', '.join(told.moments) or 'no moment'}")
    print(f"{told.charged} charged, {len(told.doubts)} doubts shown, {told.decided} decided")
    for problem in told.problems:
        print(problem)
    return 1 if told.problems else 0


def _every_effect(asked: argparse.Namespace, folder: Path) -> int:
    cells = [cell for cell in CELLS if asked.vendor in (None, cell.vendor)]
    with stages(folder, asked.workers) as play:
        first = [Case(cell, lines=asked.lines) for cell in cells]
        undisturbed = {told.case.cell: told for told in play(first, None)}
        effects = {cell: sum(undisturbed[cell].passed.values()) for cell in cells}
        chosen = [case for cell in cells for case in cases(cell, effects[cell], asked.seed, lines=asked.lines)]
        told: dict[Cell, list[Told]] = {cell: [] for cell in cells}
        some = share(chosen, asked.one_in, asked.seed)
        for number, one in enumerate(play(some, asked.minutes), 1):
            told[one.case.cell].append(one)
            for problem in one.problems:
                print(f"{one.case} ({', '.join(one.moments)}): {problem}", file=sys.stderr, flush=True)
            if number % 100 == 0:
                print(f"{number} of {len(some)} films", file=sys.stderr, flush=True)
    print(f"{sum(map(len, told.values())):,} of {len(chosen):,} films, seed {asked.seed}\n")
    _table(effects, told, [Kind.LINE] if asked.lines else [kind for kind in Kind if kind is not Kind.LINE])
    troubled = [one for some in (undisturbed.values(), *told.values()) for one in some if one.problems]
    for one in troubled:
        print(f"\n{one.case}: {'; '.join(one.problems)}\n  python -m tests.crash --case {one.case}")
    return 1 if troubled else 0


def _table(effects: Mapping[Cell, int], told: Mapping[Cell, Sequence[Told]], kinds: Sequence[Kind]) -> None:
    moneys = ("charged", "doubts", "decided", "problems")
    titles = ("vendor", "answer", "effects", "films", "runs", "kills", *(kind.value for kind in kinds), *moneys)
    print("| " + " | ".join(titles) + " |")
    print("|---|---|" + "--:|" * (len(titles) - 2))
    rows = {cell: _row(effects[cell], some, kinds) for cell, some in told.items()}
    for cell, row in rows.items():
        print(f"| {cell.vendor} | {cell.answer.value} | " + " | ".join(f"{number:,}" for number in row) + " |")
    print("| all | | " + " | ".join(f"{sum(column):,}" for column in zip(*rows.values(), strict=True)) + " |")


def _row(effects: int, some: Sequence[Told], kinds: Sequence[Kind]) -> list[int]:
    kills = [sum(one.killed[kind.value] for one in some) for kind in kinds]
    return [
        effects,
        len(some),
        sum(one.programs for one in some),
        sum(kills),
        *kills,
        sum(one.charged for one in some),
        sum(len(one.doubts) for one in some),
        sum(one.decided for one in some),
        sum(len(one.problems) for one in some),
    ]


if __name__ == "__main__":
    sys.exit(main())
