"""A long run of the machine: `python -m tests.properties [--examples 2000] [--steps 50] [--seed 7]`."""

from __future__ import annotations

import argparse
import os
import tempfile

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import Machine


def main() -> None:
    """Raises the first failure, with the steps that lead to it."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wished = settings(
        max_examples=asked.examples,
        stateful_step_count=asked.steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        run_state_machine_as_test(seed(asked.seed)(Machine), settings=wished)
    print(f"{asked.examples} examples of up to {asked.steps} steps: nothing was found")


if __name__ == "__main__":
    main()
