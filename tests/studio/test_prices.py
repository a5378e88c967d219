"""What a plan estimates is what the vendor charges, for every model and each line of its price list at 480p."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.conftest import Pipe

SHOTS = """\
version: 1
defaults: {resolution: 480p, ratio: "1:1"}
shots:
  - {id: pro, prompt: A, model: modelark/seedance-1-0-pro, duration: 2, ratio: "16:9"}
  - {id: pro-frames, prompt: B, model: modelark/seedance-1-0-pro, frames: 29, ratio: "21:9"}
  - {id: flex, prompt: C, model: modelark/seedance-1-0-pro, duration: 2, params: {service_tier: flex}}
  - {id: fast, prompt: D, model: modelark/seedance-1-0-pro-fast, duration: 2, ratio: "4:3"}
  - {id: silent, prompt: E, model: modelark/seedance-1-5-pro, duration: 4, ratio: "9:16", audio: false}
  - {id: loud, prompt: F, model: modelark/seedance-1-5-pro, duration: 4, ratio: "16:9", audio: true}
  - {id: draft, prompt: G, model: modelark/seedance-1-5-pro, duration: 4, audio: true, params: {draft: true}}
  - {id: two, prompt: H, model: modelark/seedance-2-0, duration: 4, ratio: "16:9"}
  - {id: two-fast, prompt: I, model: modelark/seedance-2-0-fast, duration: 4, ratio: "3:4"}
"""


def test_every_model_charges_what_its_plan_estimated(pipe: Pipe, tmp_path: Path) -> None:
    story = tmp_path / "prices.yaml"
    story.write_text(SHOTS, encoding="utf-8")
    plan = pipe("plan", story, "--sandbox", "--json").json
    estimated = {
        step["step"]: step["cost"]["most"]["amount"]
        for step in plan["steps"]
        if "cost" in step and step["cost"]["exact"]
    }
    assert len(estimated) == 9
    ids = [step.partition("#")[0] for step in estimated]
    told = pipe("run", story, *ids, "--only", "--sandbox", "--json")
    assert told.code == 0, told.err
    charged = {line["step"]: line["charged"]["amount"] for line in told.lines if line["event"] == "finished"}
    assert {step: Decimal(amount) for step, amount in charged.items()} == {
        step: Decimal(amount) for step, amount in estimated.items()
    }
