"""All checks, in the order in which they are quickest to fail: `python -m tests`. Arguments go to pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
# The tests of a file share what was costly to make, so one process runs them. Many wait: for a server, for a kill.
# As they come, the long ones are not the last.
AT_ONCE = ["-n", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "loadfile", "--no-loadscope-reorder"]

CHECKS = [
    [*PYTHON, "ruff", "check", "."],
    [*PYTHON, "ruff", "format", "--check", "."],
    [*PYTHON, "mypy"],
    [*PYTHON, "pytest", "-q", *AT_ONCE, "--cov", "--cov-report=", *sys.argv[1:]],
]
# The floors whose every branch must be seen by a test, and what the whole must reach.
COVERED = {
    "seedance_pipe/spec/*": 100,
    "seedance_pipe/plan/*": 100,
    "seedance_pipe/run/*": 100,
    "seedance_pipe/vendor/*": 100,
    "seedance_pipe/*": 97,
}


def main() -> int:
    """Stops at the first check that fails, with its exit code."""
    checks = list(CHECKS)
    if len(sys.argv) == 1:
        for pattern, least in COVERED.items():
            checks.append([*PYTHON, "coverage", "report", f"--include={pattern}", f"--fail-under={least}"])
    for check in checks:
        print("$", " ".join(check[1:]), flush=True)
        code = subprocess.run(check, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
