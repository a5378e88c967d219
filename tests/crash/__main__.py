"""The long kill sweep: `python -m tests.crash --kills 1000 --seed 7`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.sweep import sweep


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = sweep(Path(folder), kills=asked.kills, seed=asked.seed)
    counted = ("films", "runs", "kills", "charged", "doubts")
    print("  ".join(f"{name} {getattr(tally, name)}" for name in counted))
    for problem in tally.problems:
        print(problem)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
