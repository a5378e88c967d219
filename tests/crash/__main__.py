"""The long kill sweep: `python -m tests.crash --kills 1000 --seed 7 [--vendor runware]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.sweep import PLAYS, sweep


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vendor", choices=tuple(PLAYS), help="kill runs with this one alone")
    asked = parser.parse_args()
    vendors = (asked.vendor,) if asked.vendor else tuple(PLAYS)
    with tempfile.TemporaryDirectory() as folder:
        tallies = sweep(Path(folder), kills=asked.kills, seed=asked.seed, vendors=vendors)
    counted = ("films", "runs", "kills", "charged", "doubts", "problems")
    print(f"{'vendor':<10}" + "".join(f"{name:>10}" for name in counted))
    for vendor, tally in tallies.items():
        numbers = (tally.films, tally.runs, tally.kills, tally.charged, tally.doubts, len(tally.problems))
        print(f"{vendor:<10}" + "".join(f"{number:>10}" for number in numbers))
    problems = [problem for tally in tallies.values() for problem in tally.problems]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
