"""Further takes, their list and sheet, and picking among them, in whole runs: what is paid for stays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError, StoryHeld
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.report.takes import Picking, Tried, takes_text
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.studio import look, takes
from tests.builders import capped
from tests.conftest import Pipe
from tests.run.examples import dollars
from tests.studio.desk import MODELARK, RIVYA, RUNBASE, RUNWARE, Desk
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: wave"
REFUSED = Fault(Where.CREATE, What.ANSWER, status=400, code="InputTextSensitiveContentDetected")
ROOT = Path(__file__).resolve().parent.parent.parent
UNHEARD = Fault(Where.ACCEPTED, What.CLOSE)


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    (tmp_path / "mine").mkdir()
    desk = Desk(tmp_path / "mine" / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE, FOAM)
    return desk


def tried(desk: Desk, *shots: str) -> list[Tried]:
    return list(takes.takes(desk.home, shots, effects=desk.effects))


def numbers(desk: Desk, shot: str = "wave") -> list[tuple[int, str, bool]]:
    return [(one.number, one.state, one.picked) for one in tried(desk, shot) if not one.former]


def pick(desk: Desk, shot: str, number: int) -> Picking:
    heard: list[Picking] = []
    picked = takes.pick(desk.home, shot, number, tell=heard.append, effects=desk.effects)
    assert heard == [picked]
    return picked


def pending(desk: Desk) -> list[str]:
    return [one.step.key for one in look.plan(desk.home, effects=desk.effects).pending]


def film_of(desk: Desk) -> bytes:
    return (desk.story.parent / "out" / "surf.mp4").read_bytes()


def test_further_takes_are_made_once_and_the_film_stays(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    before = film_of(desk)
    more = desk.run(more={"wave": 2})
    assert (more.exit_code, sorted(more.made)) == (0, ["wave#2", "wave#3"])
    assert numbers(desk) == [(1, "made", True), (2, "made", False), (3, "made", False)]
    assert film_of(desk) == before
    assert pending(desk) == []
    assert (desk.run().made, desk.bought()) == ((), 4)
    assert desk.run(more={"wave": 1}).made == ("wave#4",)


def test_further_takes_of_a_shot_that_was_never_made_come_with_the_first(desk: Desk) -> None:
    assert set(desk.run(more={"wave": 1}, shots=("wave",), only=True).made) == {"wave#1", "wave#2"}


def test_further_takes_are_made_though_only_others_are_named(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    assert desk.run(shots=("foam",), only=True, more={"wave": 1}).made == ("wave#2",)


def test_a_cap_refuses_further_takes_before_anything_is_bought_and_they_are_forgotten(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    with pytest.raises(GuardRefused):
        desk.run(more={"wave": 2}, cap=capped(dollars("0.05")))
    assert (desk.bought(), pending(desk)) == (2, [])


def test_a_further_take_that_was_refused_is_asked_for_again_by_the_next_run(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    assert desk.lose(REFUSED, more={"wave": 1}).exit_code == 1
    assert numbers(desk) == [(1, "made", True), (2, "refused", False)]
    assert (desk.run().made, desk.bought()) == (("wave#2",), 3)


def test_a_further_take_without_an_answer_is_in_doubt_until_it_is_settled(desk: Desk) -> None:
    desk.head = RUNBASE
    desk.write("id: wave, prompt: A wave breaks")
    assert desk.run().exit_code == 0
    assert desk.lose(UNHEARD, more={"wave": 1}).exit_code == 4
    assert numbers(desk) == [(1, "made", True), (2, "in doubt", False)]
    assert desk.run().exit_code == 4
    with pytest.raises(PipeError, match="take 2 of shot 'wave' is not finished: in doubt"):
        pick(desk, "wave", 2)
    assert desk.bought() == 2


def test_further_takes_may_share_a_request_where_the_vendor_makes_several(desk: Desk) -> None:
    desk.head = RUNWARE
    desk.write(WAVE)
    assert desk.run(more={"wave": 2}).exit_code == 0
    assert len({one.seed for one in tried(desk, "wave")}) == 3


def test_a_pick_makes_what_hangs_on_it_stale_and_buys_nothing(desk: Desk) -> None:
    assert desk.run(more={"wave": 1}).exit_code == 0
    before = film_of(desk)
    picked = pick(desk, "wave", 2)
    assert (picked.old, picked.new) == (1, 2)
    assert {"foam#1", "film"} <= {one.step.key for one in picked.hanging}
    assert str(picked.bill.most["USD"]) == "$0.0196"
    assert [one.step.key for one in picked.hanging] == pending(desk)
    assert desk.bought() == 3
    assert "foam#1" in desk.run().made
    assert film_of(desk) != before
    assert desk.bought() == 4


def test_a_pick_back_is_free_and_brings_the_old_film_back(desk: Desk) -> None:
    assert desk.run(more={"wave": 1}).exit_code == 0
    before = film_of(desk)
    pick(desk, "wave", 2)
    assert desk.run().exit_code == 0
    back = pick(desk, "wave", 1)
    assert [one.step.key for one in back.hanging] == ["film"]
    assert back.bill.most == {}
    assert (desk.run().exit_code, desk.bought()) == (0, 4)
    assert film_of(desk) == before


def test_what_is_picked_already_is_said_so_and_written_down_no_second_time(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    picked = pick(desk, "wave", 1)
    assert (picked.old, picked.new, picked.hanging) == (1, 1, ())
    with desk.journal() as journal:
        assert journal.history(lambda digest: True, {}).picks == {}


def test_picks_and_further_takes_survive_a_new_name_of_the_shot(desk: Desk) -> None:
    assert desk.run(more={"wave": 1}).exit_code == 0
    pick(desk, "wave", 2)
    assert desk.run().exit_code == 0
    desk.write("id: breaker, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: breaker")
    assert numbers(desk, "breaker") == [(1, "made", False), (2, "made", True)]
    plan = look.plan(desk.home, effects=desk.effects)
    assert all(isinstance(one.verdict, Fresh) for one in plan.steps)
    assert desk.run().made == ()


def test_a_take_that_is_not_there_is_refused_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(PipeError, match="take 1 of shot 'wave' is not finished: to make") as nothing:
        pick(desk, "wave", 1)
    assert "takes that are made: none" in nothing.value.next_step
    assert not desk.home.journal.exists(), "nothing was begun for it"
    assert desk.run(more={"wave": 1}).exit_code == 0
    with pytest.raises(PipeError, match="shot 'wave' has no take 7") as refusal:
        pick(desk, "wave", 7)
    assert "takes that are made: 1, 2;" in refusal.value.next_step
    assert pending(desk) == []


def test_a_take_of_another_hand_off_is_not_picked_but_listed_below(desk: Desk) -> None:
    assert desk.run(more={"wave": 1, "foam": 1}).exit_code == 0
    pick(desk, "wave", 2)
    former = [(one.number, one.state, one.former) for one in tried(desk, "foam") if one.former]
    assert sorted(former) == [(1, "made", "another hand-off"), (2, "made", "another hand-off")]
    assert numbers(desk, "foam") == [(1, "to make", True)], "a further take is not bought a second time"
    for number in (1, 2):
        with pytest.raises(
            PipeError, match=f"take {number} of shot 'foam' was made for another hand-off than the present one"
        ):
            pick(desk, "foam", number)


def test_what_an_edited_shot_ordered_before_is_listed_below_a_line(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    desk.write("id: wave, prompt: A tall wave breaks, seed: 7", FOAM)
    present, former = tried(desk, "wave")
    assert (present.state, present.seed, present.charged, present.former) == ("to make", 7, None, "")
    assert (former.state, former.former, str(former.charged)) == ("made", "another order", "$0.0196")
    lines = takes_text(tried(desk)).splitlines()
    assert [line.split()[0] for line in lines] == ["wave#1", "foam#1", "----", "wave#1", "foam#1"]
    assert former.digest
    (desk.home.store / former.digest[:2] / f"{former.digest[2:]}.mp4").unlink()
    assert [one.state for one in tried(desk, "wave")] == ["to make", "file lost"]


def test_the_takes_of_another_story_that_orders_something_else_are_not_listed(desk: Desk) -> None:
    desk.write("id: wave, prompt: Another wave", name="other.yaml")
    other = Desk(desk.story.with_name("other.yaml"), desk.vendor, desk.head)
    assert other.run().exit_code == 0
    assert [one.former for one in tried(desk)] == ["", ""]


def test_each_take_tells_seed_cost_digest_and_clip(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    (one,) = tried(desk, "wave")
    receipt = desk.submissions()[1].receipt
    assert receipt is not None
    assert one.seed == receipt.seed
    assert str(one.charged) == "$0.0196"
    assert one.digest is not None
    assert one.clip == Store(desk.home.store).path(one.digest)
    assert one.clip.is_file()


def test_a_seed_that_the_vendor_would_not_tell_is_drawn_here_and_can_be_asked_for_again(desk: Desk) -> None:
    desk.head = RIVYA
    desk.write(WAVE)
    assert desk.run(more={"wave": 1}).exit_code == 0
    first, second = tried(desk, "wave")
    assert first.seed is not None and second.seed is not None and first.seed != second.seed
    sent = {one.take: one.request for one in desk.submissions()}
    for one in (first, second):
        request = sent[one.number]
        assert isinstance(request, Mapping)
        params = request["params"]
        assert isinstance(params, Mapping)
        assert params["seed"] == one.seed
    assert pending(desk) == [], "what chance gave is no part of the order"
    desk.write(f"{WAVE}, seed: {first.seed}")
    assert pending(desk)[0] == "wave#1", "to ask for a seed is another order than to let one be drawn"


def test_of_a_task_that_was_made_elsewhere_nobody_knows_a_seed_that_its_vendor_does_not_tell(desk: Desk) -> None:
    desk.head = RIVYA
    desk.write(WAVE)
    assert desk.run().exit_code == 0
    (task,) = (one["id"] for one in desk.vendor.ledger())
    desk.story = desk.story.with_name("other.yaml")
    desk.write(WAVE, name="other.yaml")
    (desk.story.parent / ".seedance").rename(desk.story.parent / "elsewhere")
    desk.adopt("wave", task)
    assert desk.run().exit_code == 0
    assert [one.seed for one in tried(desk, "wave")] == [None]
    assert desk.bought() == 1


def test_a_run_at_work_holds_its_picks(desk: Desk) -> None:
    assert desk.run(more={"wave": 1}).exit_code == 0
    with hold(desk.home.lock, Effects()), pytest.raises(StoryHeld):
        takes.pick(desk.home, "wave", 2, tell=lambda picking: None)


def test_the_sheet_is_written_anew_but_never_over_another_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    with pytest.raises(PipeError, match="no take is made"):
        takes.sheet(tried(desk), path)
    assert desk.run(more={"wave": 1}).exit_code == 0
    takes.sheet(tried(desk), path)
    first = path.read_bytes()
    takes.sheet(tried(desk), path)
    assert path.read_bytes() == first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine", "sheet.png", "vendor"], (
        "nothing is left beside it"
    )
    with Image.open(path) as sheet:
        assert sheet.width > 500
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(GuardRefused, match="is not a contact sheet that this program wrote"):
        takes.sheet(tried(desk), path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(GuardRefused):
        takes.sheet(tried(desk), path)
    with pytest.raises(PipeError, match=r"cannot be written to .*: No such file"):
        takes.sheet(tried(desk), tmp_path / "nowhere" / "sheet.png")


# As a person does it


def test_the_commands_ask_price_list_and_pick(pipe: Pipe, short: Path, tmp_path: Path) -> None:
    assert pipe("run", short, "--sandbox").code == 0
    assert pipe("run", short, "--sandbox", "--more", "wave=1", "--more", "wave=1").code == 0
    told = pipe("takes", short, "wave", "--sandbox", "--sheet", tmp_path / "sheet.jpg", "--json")
    assert (tmp_path / "sheet.jpg").exists()
    assert [(one["take"], one["picked"], one["state"]) for one in told.json["takes"]] == [
        (1, True, "made"),
        (2, False, "made"),
        (3, False, "made"),
    ]
    picked = pipe("pick", short, "wave", 2, "--sandbox")
    assert picked.code == 0
    assert re.search(r"foam#1 +becomes stale +\$0.0196 +take 2 of shot 'wave' is picked instead", picked.out)
    assert "Nothing is bought by this.\ntake 2 of shot 'wave' is picked; it was take 1\n" in picked.out
    assert "picked already" in pipe("pick", short, "wave", 2, "--sandbox").out
    back = pipe("pick", short, "wave", 1, "--sandbox", "--json").json
    assert (back["old"], back["new"], back["stale"]) == (2, 1, [])
    third = json.loads(pipe("pick", short, "foam", 1, "--sandbox", "--json").out)
    assert third["bill"] == {"most": [], "unknown": 0}
    assert "foam#1" in pipe("takes", short, "--sandbox").out


def test_the_commands_of_the_readme_say_what_it_shows(
    pipe: Pipe, pipelines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = (ROOT / "README.md").read_text().split("\n## Takes and picks\n")[1].split("\n##")[0]
    commands, answer = re.findall(r"```\n(.*?)```", section, re.S)
    monkeypatch.chdir(pipelines)
    assert pipe("run", "lighthouse.yaml", "--sandbox").code == 0
    told = [pipe(*line.split()[1:]) for line in commands.splitlines()]
    assert [one.code for one in told] == [0] * 4
    assert "2 of 7 takes to make: $0.5191" in told[0].out
    assert Path("takes.png").is_file()
    assert told[-1].out.startswith(answer)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["run", "STORY", "--more", "wave"],
            "'wave' is not a shot and a number of takes; write for example beach=2",
        ),
        (["run", "STORY", "--more", "wave=0"], "is not a shot and a number of takes"),
        (["run", "STORY", "--more", "wave=17"], "at most 16 at once"),
        (["run", "STORY", "--more", "wafe=1"], "no shot 'wafe' in the story; did you mean 'wave'?"),
        (["takes", "STORY", "wafe"], "no shot 'wafe'"),
        (["takes", "STORY", "--sheet", "sheet.gif"], "a contact sheet is a .png or a .jpg, not 'sheet.gif'"),
        (["pick", "STORY", "wafe", "1"], "no shot 'wafe'"),
        (["pick", "STORY", "wave", "0"], "x>=1"),
    ],
)
def test_what_cannot_be_meant_is_said_with_what_can(
    pipe: Pipe, short: Path, arguments: list[str], told: str
) -> None:
    ended = pipe(*(short if one == "STORY" else one for one in arguments))
    assert ended.code == 2
    assert told in ended.err.replace("\n", " ")
