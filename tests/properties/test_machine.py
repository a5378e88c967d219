"""A slice of the machine: `python -m tests.properties --examples 2000` is a long run of it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.properties.machine import Machine

TestMachine = Machine.TestCase
# A step may be a whole film, so that some examples take long on a busy computer.
TestMachine.settings = settings(
    max_examples=8,
    stateful_step_count=14,
    suppress_health_check=[HealthCheck.too_slow],
)
