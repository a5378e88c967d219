"""All errors and all power cuts: `python -m tests.faults --all [--vendor runware] [--jobs 2]`.

Without `--all` every tenth of them is tried.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.faults.parts import parts, play
from tests.faults.stage import PARTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--all", action="store_true", help="try every effect, not every tenth")
    parser.add_argument("--vendor", choices=tuple(PARTS), action="append", help="try with this one alone")
    parser.add_argument("--jobs", type=int, default=2, help="so many processes at once")
    asked = parser.parse_args()
    todo = list(parts(asked.vendor or list(PARTS), 1 if asked.all else 10))
    began, rows, problems = time.monotonic(), dict[str, Counter[str]](), list[str]()
    with multiprocessing.get_context("spawn").Pool(asked.jobs) as pool:
        for number, (part, seen) in enumerate(zip(todo, pool.imap(play, todo), strict=True), 1):
            print(f"{number} of {len(todo)}: {part.name}", file=sys.stderr, flush=True)
            rows.setdefault(part.name, Counter()).update(seen.counts)
            problems += seen.problems
            for problem in seen.problems:
                print(problem, flush=True)
    columns = ("films", "runs", "images", "doubts", "exit 0", "exit 1", "exit 4", "exit 6")
    print(f"{'vendor and fault':<44}" + "".join(f"{column:>8}" for column in columns))
    rows["in all"] = sum(rows.values(), Counter[str]())
    for name, counts in rows.items():
        print(f"{name:<44}" + "".join(f"{counts[column]:>8}" for column in columns))
    print(f"{len(problems)} problems, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
