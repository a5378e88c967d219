"""Chain repair in whole runs, on real clips: what is bought, what meets at the seams, what stays in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.repair import seams
from seedance_pipe.report.standing import Result
from seedance_pipe.run.event import Noted
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio import housekeeping, look, takes
from tests.studio.desk import Desk
from tests.studio.vendor import Vendor

PRO = 'model: modelark/seedance-1-0-pro\ndefaults: {duration: 2, resolution: 480p, ratio: "1:1"}'
WAVE = "id: wave, prompt: A wave breaks"
FOAM = "id: foam, prompt: The foam runs back, continues: wave"
SAND = "id: sand, prompt: The sand dries, continues: foam"
AGAIN = FOAM.replace("runs back", "runs on")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        (tmp_path / "mine").mkdir()
        desk = Desk(tmp_path / "mine" / "surf.yaml", Vendor(server.address), PRO)
        desk.write(WAVE, FOAM, SAND)
        assert desk.run().exit_code == 0
        desk.write(WAVE, AGAIN, SAND)
        desk.events.clear()
        yield desk


def notes(desk: Desk) -> list[str]:
    return [one.message for one in desk.events if isinstance(one, Noted)]


def made_takes(ended: Result) -> list[str]:
    return [key for key in ended.made if "#" in key and "/" not in key]


def pending(desk: Desk) -> list[str]:
    return [one.step.key for one in look.plan(desk.home, effects=desk.effects).pending]


def kept(desk: Desk) -> Path:
    (seam,) = seams(look.plan(desk.home, effects=desk.effects).story)
    return Store(desk.home.store).path(seam.picture)


def test_a_bridge_meets_the_clip_that_is_there_and_the_choice_is_kept(desk: Desk) -> None:
    ended = desk.run(repairs={"foam": Repair.BRIDGE})
    assert ended.exit_code == 0 and made_takes(ended) == ["foam#1"] and desk.bought() == 4
    assert "a bridge: 'foam' ends with the picture with which 'sand' begins already" in notes(desk)
    assert [told.split(" (")[0] for told in notes(desk) if told.startswith("clip 3")] == [
        "clip 3: the picture that both clips show was left out once"
    ]
    assert pending(desk) == [] and desk.run().exit_code == 0 and desk.bought() == 4
    ended = desk.run(force=["foam"])
    assert desk.bought() == 5 and made_takes(ended) == ["foam#2"]
    assert pending(desk) == []
    tried = [
        (one.number, one.picked, one.former) for one in takes.takes(desk.home, ["foam"], effects=desk.effects)
    ]
    assert tried == [(1, False, ""), (2, True, ""), (1, False, "another order")]
    takes.pick(desk.home, "foam", 1, tell=lambda picking: None, effects=desk.effects)
    assert desk.run().exit_code == 0 and desk.bought() == 5 and pending(desk) == []


def test_what_is_kept_stays_in_the_store_however_it_is_tidied(desk: Desk) -> None:
    assert made_takes(desk.run(repairs={"foam": Repair.ACCEPT})) == ["foam#1"]
    assert "clip 3: no frame was left out" in [told.partition(",")[0] for told in notes(desk)]
    picture = kept(desk)
    housekeeping.clean([desk.home], effects=desk.effects)
    housekeeping.collect([desk.home], yes=True, effects=desk.effects)
    assert picture.exists()


def test_a_bridge_to_a_picture_that_is_lost_buys_nothing(desk: Desk) -> None:
    planned = look.forecast(desk.home, repairs={"foam": Repair.BRIDGE}, effects=desk.effects).plan
    (seam,) = seams(planned.story)
    Store(desk.home.store).path(seam.picture).unlink()
    with pytest.raises(GuardRefused, match="a bridge has to end with it") as caught:
        desk.run(repairs={"foam": Repair.BRIDGE})
    assert "--repair foam=ripple" in caught.value.next_step and "--repair foam=accept" in caught.value.next_step
    assert desk.bought() == 3
    assert made_takes(desk.run(repairs={"foam": Repair.ACCEPT})) == ["foam#1"]


def test_a_kept_picture_that_was_damaged_is_found_before_anything_is_bought(desk: Desk) -> None:
    planned = look.forecast(desk.home, repairs={"foam": Repair.BRIDGE}, effects=desk.effects).plan
    (seam,) = seams(planned.story)
    path = Store(desk.home.store).path(seam.picture)
    path.chmod(0o644)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(GuardRefused, match="is not in the store"):
        desk.run(repairs={"foam": Repair.BRIDGE})
    assert desk.bought() == 3
