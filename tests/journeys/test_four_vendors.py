"""One story over four vendors: planned in the money of each, chained across them, and joined into one film."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedance_pipe.cli.main import main
from seedance_pipe.media.frame import first_frame, last_frame
from seedance_pipe.media.probe import check_clip
from seedance_pipe.media.seam import SAME_PICTURE, difference
from seedance_pipe.sandbox.app import serve
from seedance_pipe.studio.home import read
from seedance_pipe.studio.models import catalogue
from seedance_pipe.units import Size
from tests.conftest import PIPELINES, Pipe
from tests.journeys.looking import prompts_in_order, watch
from tests.studio.vendor import Vendor

SHOTS = ["window", "gutter", "river", "sea"]
VENDORS = ["modelark", "rivya", "runbase", "runware"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, rehearsed once."""
    path = tmp_path_factory.mktemp("four") / "four-vendors.yaml"
    path.write_text((PIPELINES / path.name).read_text())
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), "--sandbox"])
    assert ended.value.code == 0
    return path


@pytest.fixture(scope="module")
def ledger(made: Path) -> dict[str, dict[str, Any]]:
    """What each vendor has on record of it."""
    with serve(made.parent / ".seedance" / "sandbox" / "vendors") as server:
        tasks = Vendor(server.address).ledger()
    assert len(tasks) == 4, "one task at each vendor"
    return {task["vendor"]: task for task in tasks}


def takes(told: Any) -> dict[str, dict[str, Any]]:
    """The takes of a plan or of a status, by shot."""
    listed = told.get("takes") or [step for step in told["steps"] if step["kind"] == "take"]
    return {take["step"].removesuffix("#1"): take for take in listed}


def test_the_plan_prices_each_shot_in_the_money_of_its_vendor(pipe: Pipe, tmp_path: Path) -> None:
    story = tmp_path / "four-vendors.yaml"
    story.write_text((PIPELINES / story.name).read_text())
    told = takes(pipe("plan", story, "--sandbox", "--json").json)
    bill = {shot: take["cost"] for shot, take in told.items()}
    assert list(bill) == SHOTS
    assert bill["window"]["exact"] and bill["window"]["most"]["currency"] == "USD"
    assert Decimal(bill["window"]["most"]["amount"]) == Decimal("49005") * Decimal("2.50") / 1_000_000
    assert bill["gutter"]["most"] == {"amount": "16", "currency": "rivya credits"}
    assert bill["river"]["most"] is None
    assert bill["river"]["why"]
    assert bill["sea"]["exact"] and bill["sea"]["most"]["currency"] == "USD"
    cost = Decimal(864 * 480 * 121) / 1024 * Decimal("1.98") / 1_000_000
    assert Decimal(bill["sea"]["most"]["amount"]) == pytest.approx(cost, abs=Decimal("0.00001"))
    text = pipe("plan", story, "--sandbox").out
    assert "16 rivya credits" in text
    assert "unknown" in text


def test_without_a_place_on_the_web_the_shot_that_needs_one_is_told_before_anything_is_spent(
    pipe: Pipe, tmp_path: Path
) -> None:
    story = tmp_path / "four-vendors.yaml"
    story.write_text((PIPELINES / story.name).read_text())
    told = pipe("run", story)
    assert told.code == 3
    assert "SEEDANCE_UPLOAD_PUT" in told.err
    assert "continues in shot 'river'" in told.err
    assert not (tmp_path / ".seedance").exists()


def test_the_four_clips_are_one_film(made: Path) -> None:
    told = read(made, rehearsal=True).story
    assert told is not None
    prompts = [
        shot["prompt"].replace("{{ boat | capitalize }}", "A paper boat folded from a letter") for shot in _shots()
    ]
    prompts = [prompt.replace("{{ light }}", "soft grey light, shallow depth of field") for prompt in prompts]
    film = watch(made.parent / "out" / "sandbox" / "four-vendors.mp4")
    assert list(prompts_in_order(film, prompts)) == prompts
    assert film.size == Size(864, 480)
    assert film.rate == 24
    assert 4 * 121 - 3 <= len(film.frames) <= 4 * 121
    assert len({later - earlier for earlier, later in pairwise(film.times)}) == 1


def test_every_seam_holds_from_one_vendor_to_the_next(pipe: Pipe, made: Path) -> None:
    told = takes(pipe("status", made, "--sandbox", "--json").json)
    clips = [Path(told[shot]["clip"]) for shot in SHOTS]
    assert [check_clip(clip).timing.frames for clip in clips] == [121] * 4
    for clip, following in pairwise(clips):
        assert difference(last_frame(clip), first_frame(following)) < SAME_PICTURE


def test_what_was_planned_was_charged_and_what_was_unknown_is_told(
    pipe: Pipe, made: Path, ledger: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    copy = tmp_path / made.name
    copy.write_text(made.read_text())
    planned = takes(pipe("plan", copy, "--sandbox", "--json").json)
    told = takes(pipe("status", made, "--sandbox", "--json").json)
    for shot, vendor in zip(SHOTS, VENDORS, strict=True):
        charged, most = told[shot]["submission"]["charged"], planned[shot]["cost"]["most"]
        assert ledger[vendor]["charged"]
        if most is not None:
            assert charged == most, shot
        if vendor == "modelark":
            assert Decimal(charged["amount"]) == ledger[vendor]["tokens"] * Decimal("2.50") / 1_000_000
        else:
            assert Decimal(charged["amount"]) == Decimal(ledger[vendor]["cost"])
            assert charged["currency"] == ledger[vendor]["currency"]
    assert "rivya credits" in pipe("status", made, "--sandbox").out


def test_a_rerun_asks_no_vendor_for_anything(pipe: Pipe, made: Path) -> None:
    told = pipe("run", made, "--sandbox", "--json")
    assert told.code == 0
    assert told.lines[-1]["made"] == []


UNABLE = {
    "rivya/seedance-1-5-pro": "duration 5",
    "rivya/seedance-2": "first frame",
    "rivya/seedance-2-fast": "first frame",
    "runbase/bytedance/seedance-1-pro": "resolution '480p'",
    "runbase/bytedance/seedance-1.5-pro": "duration 5",
}
"""What keeps a model from making 5 seconds in 480p that go on from a picture."""


@pytest.mark.parametrize("name", sorted(catalogue().models))
def test_the_story_for_any_vendor_is_right_for_each_that_can_do_it_by_one_line(
    pipe: Pipe, tmp_path: Path, name: str
) -> None:
    text = (PIPELINES / "any-vendor.yaml").read_text()
    story = tmp_path / "any-vendor.yaml"
    story.write_text(text.replace("model: modelark/seedance-1-0-pro\n", f"model: {name}\n", 1))
    told = pipe("plan", story, "--sandbox", "--json")
    if name not in UNABLE:
        assert told.code == 0, told.err
        return
    assert told.code == 3
    assert UNABLE[name] in told.err
    able = [model.familiar for model in catalogue().models.values() if model.name not in UNABLE]
    assert [other for other in able if other in told.err], f"it names a model that can: {told.err}"


def _shots() -> list[dict[str, Any]]:
    told = yaml.safe_load((PIPELINES / "four-vendors.yaml").read_text())
    shots: list[dict[str, Any]] = told["shots"]
    return shots
