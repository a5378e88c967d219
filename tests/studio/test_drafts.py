"""Drafts, picks and finals in whole runs against a played ModelArk: what is sent, paid and said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.plan.history import State
from seedance_pipe.report.takes import Picking, picking_data, picking_text
from seedance_pipe.run.event import Noted
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.spec.edition import Edition
from seedance_pipe.studio import look, takes
from seedance_pipe.studio.home import Home, home, read
from tests.conftest import Pipe
from tests.studio.desk import Desk
from tests.studio.vendor import Vendor

DAY = 24 * 3600.0
MID = """model: modelark/seedance-1-5-pro
drafts: draft
defaults: {duration: 4, resolution: 720p, ratio: "1:1", audio: false}
profiles: {draft: {defaults: {resolution: 480p, params: {draft: true}}}}"""
PRO = """model: modelark/seedance-1-0-pro
drafts: draft
defaults: {duration: 2, resolution: 720p, ratio: "1:1"}
profiles: {draft: {model: modelark/seedance-1-0-pro-fast, defaults: {resolution: 480p}}}"""
WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: wave"


@dataclass
class Rehearsal(Desk):
    """A desk at which a person turns to the drafts of the film and back."""

    profile: str = ""

    @property
    def home(self) -> Home:
        edition = Edition((self.profile,) if self.profile else ())
        told = read(self.story, edition=edition, environ=self.effects.environ).story
        assert told is not None
        return home(told)

    def drafts(self, **wishes: Any) -> int:
        self.profile = "draft"
        ended = self.run(**wishes)
        self.profile = ""
        return ended.exit_code

    def pick_draft(self, shot: str, take: int) -> Picking:
        final = self.home
        self.profile = "draft"
        picked = takes.pick(self.home, shot, take, tell=lambda told: None, finals=final, effects=self.effects)
        self.profile = ""
        return picked

    def task(self, shot: str) -> dict[str, Any]:
        """What the vendor says of the newest task of a shot."""
        newest = max((one for one in self.submissions() if one.shot == shot), key=lambda one: one.at)
        address = f"{self.vendor.address}/api/v3/contents/generations/tasks/{newest.task}"
        with urlopen(Request(address, headers={"Authorization": "Bearer console"})) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Rehearsal:
    (tmp_path / "mine").mkdir()
    desk = Rehearsal(tmp_path / "mine" / "surf.yaml", vendor, MID)
    desk.write(WAVE)
    return desk


def notes(desk: Rehearsal) -> list[str]:
    return [one.message for one in desk.events if isinstance(one, Noted) and "draft" in one.message]


def pending(desk: Rehearsal) -> list[str]:
    return [one.step.key for one in look.plan(desk.home, effects=desk.effects).pending]


def test_the_final_is_made_from_the_task_of_the_picked_draft_and_costs_a_final(desk: Rehearsal) -> None:
    desk.write(WAVE, FOAM)
    assert desk.drafts() == 0
    assert desk.drafts(more={"wave": 1}) == 0
    second = desk.task("wave")
    picked = desk.pick_draft("wave", 2)
    assert picked.finals == (), "no final was made yet that could become stale"
    assert desk.run().exit_code == 0
    final = desk.task("wave")
    assert (final["draft_task_id"], final["draft"], final["resolution"]) == (second["id"], False, "720p")
    assert final["seed"] == second["seed"]
    # 960 * 960 pixels, 97 frames, silent; section 7 of the reference.
    charged = [one.charged.amount for one in desk.submissions() if one.charged and one.task == final["id"]]
    assert charged == [Decimal(960 * 960 * 97 // 1024) * Decimal("1.20") / 1_000_000]
    assert desk.task("foam")["draft_task_id"]
    assert (pending(desk), desk.run().made, notes(desk)) == ([], (), [])


def test_a_picked_draft_prices_the_final_that_hangs_on_it_before_and_picking_back_is_free(desk: Rehearsal) -> None:
    assert desk.drafts(more={"wave": 1}) == 0
    assert desk.run().exit_code == 0
    picked = desk.pick_draft("wave", 2)
    assert {"wave#1", "film"} <= {one.step.key for one in picked.finals}
    told = picking_text(picked)
    assert "In the film that follows these drafts:\nwave#1  becomes stale" in told
    assert "take 2 of its draft is picked instead of take 1" in told
    assert picking_data(picked)["finals"]["bill"]["most"] != []
    assert pending(desk)[0] == "wave#1"
    desk.pick_draft("wave", 1)
    assert pending(desk) == []


def test_a_final_whose_draft_is_deleted_here_is_made_all_the_same(desk: Rehearsal) -> None:
    assert desk.drafts() == 0
    with desk.journal() as journal:
        (clip,) = {one.outputs["clip"] for one in journal.history(lambda digest: True, {}).submissions.values()}
    path = Store(desk.home.store).path(clip)
    path.chmod(0o600)
    path.unlink()
    assert desk.run().exit_code == 0
    assert "draft_task_id" in desk.task("wave")


def test_a_lost_answer_to_a_final_is_settled_with_the_request_that_was_frozen(desk: Rehearsal) -> None:
    assert desk.drafts() == 0
    ended = desk.lose(Fault(Where.ACCEPTED, What.CLOSE))
    assert (ended.exit_code, desk.bought()) == (0, 2)
    (final,) = (one for one in desk.submissions() if "draft_task" in json.dumps(thaw(one.request)))
    assert final.state is State.STORED


def test_when_the_drafts_task_is_gone_the_final_has_its_seed_and_says_that_it_is_another(desk: Rehearsal) -> None:
    assert desk.drafts() == 0
    seed = desk.task("wave")["seed"]
    desk.later = 8 * DAY
    assert desk.run().exit_code == 0
    final = desk.task("wave")
    assert (final["seed"], "draft_task_id" in final) == (seed, False)
    (told,) = notes(desk)
    assert told.startswith("with the seed of its draft, not identical to it: its task could be used until 20")
    assert pending(desk) == []


def test_a_final_that_was_made_in_time_is_fresh_when_the_task_is_gone(desk: Rehearsal) -> None:
    assert desk.drafts() == 0
    assert desk.run().exit_code == 0
    desk.later = 30 * DAY
    assert (pending(desk), desk.run().made) == ([], ())


def test_a_draft_of_another_model_lends_its_seed(desk: Rehearsal) -> None:
    desk.head = PRO
    desk.write(WAVE, FOAM)
    assert desk.drafts() == 0
    seeds = {shot: desk.task(shot)["seed"] for shot in ("wave", "foam")}
    assert desk.run().exit_code == 0
    assert {shot: desk.task(shot)["seed"] for shot in ("wave", "foam")} == seeds
    assert notes(desk) == [
        "with the seed of its draft, not identical to it: that is made by modelark/seedance-1-0-pro-fast "
        "(and so 1 more)"
    ]
    assert desk.run().made == ()


def test_a_plan_says_until_when_a_draft_can_be_used_and_which_drafts_are_missing(
    desk: Rehearsal, pipe: Pipe
) -> None:
    desk.write(WAVE, "id: rock, prompt: A rock")
    assert desk.drafts(shots=("wave",), only=True) == 0
    told = pipe("plan", desk.story)
    assert "from the task of take 1 of its draft, which can be used until 20" in told.out
    assert "No draft is made yet of rock#1; `run --profile draft` makes drafts" in told.out
    page = pipe("plan", desk.story, "--markdown").out
    assert "which can be used until 20" in page and "No draft is made yet of rock#1" in page
    steps = {one["step"]: one for one in pipe("plan", desk.story, "--json").json["steps"]}
    draft = steps["wave#1"]["draft"]
    assert (draft["way"], draft["identical"], draft["why"]) == ("task", True, None)
    assert draft["until"].startswith("20") and draft["task"].startswith("cgt-")
    assert steps["rock#1"]["draft"] == {
        "take": None,
        "clip": None,
        "seed": None,
        "task": None,
        "way": "alone",
        "identical": False,
        "why": "unmade",
        "until": None,
    }
    assert "draft" not in steps["film"]
    why = pipe("why", desk.story, "wave").out
    assert "content[0].draft_task.id" in why and "A wave breaks" not in why
