"""Exports and imports: a film goes to another machine in a plain folder, and nothing is bought there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK
from seedance_pipe.errors import GuardRefused, Missing, PipeError, StoryHeld
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.history import Decision, State
from seedance_pipe.report.parcel import Packed, Unpacked, packed_data, packed_text, unpacked_data, unpacked_text
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.studio import look
from seedance_pipe.studio.export_store import export_store
from seedance_pipe.studio.import_store import import_store
from seedance_pipe.studio.sums import SUMS, read_sums, sums_text
from tests.run.test_store import Stopped
from tests.studio.desk import MODELARK, RUNBASE, Desk
from tests.studio.test_housekeeping import killing
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, continues: wave, prompt: The foam runs back"
UNHEARD = Fault(Where.ACCEPTED, What.CLOSE)
NO_POLL = Fault(Where.GET, What.ANSWER, times=None, status=401, code="AuthenticationError")


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    return standing(tmp_path / "there", vendor, WAVE, FOAM)


@pytest.fixture
def parcel(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "surf"


def standing(folder: Path, vendor: Vendor, *shots: str, head: str = MODELARK) -> Desk:
    folder.mkdir()
    desk = Desk(folder / "surf.yaml", vendor, head)
    desk.write(*shots)
    return desk


def another(desk: Desk, name: str = "here") -> Desk:
    """The same story on another machine, where nothing was made yet."""
    folder = desk.story.parent.with_name(name)
    folder.mkdir()
    shutil.copy(desk.story, folder)
    return Desk(folder / desk.story.name, desk.vendor, desk.head)


def pack(desk: Desk, folder: Path) -> Packed:
    return export_store([desk.home], folder, effects=desk.effects)


def unpack(desk: Desk, folder: Path, *, go_on_here: bool = False) -> Unpacked:
    return import_store([desk.home], folder, go_on_here=go_on_here, effects=desk.effects)


def all_fresh(desk: Desk) -> bool:
    return all(isinstance(one.verdict, Fresh) for one in look.plan(desk.home).steps)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# There and back


def test_a_film_is_taken_in_on_another_machine_and_no_vendor_is_asked(desk: Desk, parcel: Path) -> None:
    assert desk.run().exit_code == 0
    packed = pack(desk, parcel)
    asked = desk.vendor.ledger()
    here = another(desk)
    here.vendor = Vendor("http://127.0.0.1:9")
    taken = unpack(here, parcel)
    assert (taken.files, taken.kept, taken.open) == (packed.files, (), [])
    assert taken.films == [here.home.story.output]
    assert all_fresh(here)
    assert here.run().made == ()
    assert here.home.story.output.read_bytes() == desk.home.story.output.read_bytes()
    assert desk.vendor.ledger() == asked
    text = unpacked_text(taken)
    assert f"{taken.files} files and {taken.entries} entries of the journal taken in." in text
    assert f"The film is at {taken.films[0]}" in text
    assert unpacked_data(taken)["entries"] == taken.entries


def test_the_folder_is_for_people_too(desk: Desk, parcel: Path) -> None:
    desk.run()
    packed = pack(desk, parcel)
    names = [name.rpartition("-")[0] for name in sorted(read_sums(parcel)) if "/" in name]
    assert names == [
        "clips/foam-take-1",
        "clips/wave-take-1",
        "clips/wave-take-1-last-frame",
        "cut/film",
        "cut/format",
    ]
    assert packed_text(packed).startswith("5 files, ")
    assert packed_data(packed)["files"] == 5
    assert "--go-on-here" in (parcel / "README.txt").read_text()
    assert (parcel / "facts.jsonl").stat().st_mode & 0o777 == 0o644
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", SUMS], cwd=parcel, check=True, capture_output=True)


def test_no_key_no_path_of_the_machine_and_no_signed_address_is_in_it(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    told = b"".join(text for name, text in content(parcel).items() if "/" not in name).decode()
    for secret in (*desk.vendor.environ.values(), str(desk.story.parent), "http:", "X-Tos", "Signature"):
        assert secret not in told


def test_exporting_again_copies_only_what_is_new_and_says_the_same(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    before = content(parcel)
    assert pack(desk, parcel).written == 0
    assert content(parcel) == before
    (clip, *_) = (name for name in before if name.startswith("clips/"))
    (parcel / clip).write_bytes(b"torn")
    assert pack(desk, parcel).written == 1
    assert content(parcel) == before
    here = another(desk)
    unpack(here, parcel)
    pack(here, parcel.with_name("back"))
    assert content(parcel.with_name("back")) == before


def test_a_second_import_finds_nothing_new(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    here = another(desk)
    unpack(here, parcel)
    again = unpack(here, parcel)
    assert (again.files, again.entries, again.kept) == (0, 0, ())
    assert unpacked_text(again) == "Nothing is new here.\n"
    assert unpack(desk, parcel).entries == 0, "nor where it came from"


def test_what_both_made_stays_and_what_one_lacks_is_added(desk: Desk, parcel: Path) -> None:
    desk.run()
    here = another(desk)
    here.write(WAVE, "id: gull, prompt: A gull cries")
    here.run()
    pack(desk, parcel)
    taken = unpack(here, parcel)
    assert "wave#1" in taken.kept
    assert "Kept as they are here: " in unpacked_text(taken)
    here.write(WAVE, "id: gull, prompt: A gull cries")
    assert here.run().made == (), "the film of this machine is as it was"


def test_a_film_that_lies_there_already_and_one_whose_folder_leads_away_are_left_alone(
    desk: Desk, parcel: Path, tmp_path: Path
) -> None:
    desk.run()
    pack(desk, parcel)
    here = another(desk)
    here.home.story.output.parent.mkdir()
    here.home.story.output.write_bytes(b"mine")
    assert unpack(here, parcel).films == []
    assert here.home.story.output.read_bytes() == b"mine"
    away = another(desk, "away")
    (tmp_path / "elsewhere").mkdir()
    away.home.story.output.parent.symlink_to(tmp_path / "elsewhere")
    assert unpack(away, parcel).films == []
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_clip_that_is_lost_is_not_exported_and_said(desk: Desk, parcel: Path) -> None:
    desk.run()
    Store(desk.home.store).path(look.plan(desk.home).steps[0].verdict.outputs["clip"]).unlink()  # type: ignore[union-attr]
    packed = pack(desk, parcel)
    assert packed.missing == ["clip of wave#1"]
    assert "Not there any more, so not exported: clip of wave#1" in packed_text(packed)
    here = another(desk)
    unpack(here, parcel)
    assert here.run().exit_code == 0, "it is fetched, as it would be there"
    assert here.bought() == 2


# What is open


def test_what_is_open_goes_along_and_only_one_machine_goes_on_with_it(desk: Desk, parcel: Path) -> None:
    assert desk.lose(NO_POLL).exit_code == 1
    packed = pack(desk, parcel)
    assert packed.open == ["wave#1"]
    assert "1 take open at a vendor or in doubt (wave#1)" in packed_text(packed)
    here = another(desk)
    with pytest.raises(GuardRefused, match=r"only one machine may go on with them: wave#1") as refused:
        unpack(here, parcel)
    assert "--go-on-here" in refused.value.next_step
    assert here.submissions() == []
    taken = unpack(here, parcel, go_on_here=True)
    assert "Going on here: wave#1." in unpacked_text(taken)
    assert unpack(here, parcel).entries == 0, "what is known here needs no word any more"
    assert here.run().exit_code == 0
    assert here.bought() == 2, "what was at the vendor was fetched, and the other shot bought"


def test_a_doubt_stays_a_doubt_and_is_decided_where_it_went(tmp_path: Path, vendor: Vendor, parcel: Path) -> None:
    desk = standing(tmp_path / "there", vendor, WAVE, head=RUNBASE)
    assert desk.lose(UNHEARD).exit_code == 4
    pack(desk, parcel)
    here = another(desk)
    unpack(here, parcel, go_on_here=True)
    assert here.run().exit_code == 4
    assert here.bought() == 1
    here.resolve("wave", Decision.LOST)
    assert here.run().exit_code == 0
    pack(here, parcel)
    unpack(desk, parcel)
    assert State.STORED in desk.states(), "and comes back"
    assert all_fresh(desk)


# What is refused


def test_a_torn_or_changed_file_is_named_and_nothing_is_taken_in(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    here = another(desk)
    whole = content(parcel)
    for name, text in whole.items():
        if name == SUMS:
            continue
        for wrong in (text[:-1], text + b"x", None):
            (parcel / name).unlink()
            if wrong is not None:
                (parcel / name).write_bytes(wrong)
            with pytest.raises(PipeError, match=name):
                unpack(here, parcel)
            (parcel / name).write_bytes(text)
    (clip, *_) = (name for name in whole if name.startswith("clips/"))
    (parcel / clip).unlink()
    (parcel / clip).symlink_to("/etc/hostname")
    with pytest.raises(PipeError, match=clip):
        unpack(here, parcel)
    assert not here.home.state.exists()
    for name in whole:
        if name != SUMS:
            (parcel / name).unlink()
    with pytest.raises(PipeError, match=r"and 2 more missing"):
        unpack(here, parcel)


def relisted(parcel: Path, name: str, change: Callable[[str], str]) -> None:
    """Change a file of an export together with its digest, as only a person with intent would."""
    text = change((parcel / name).read_text())
    (parcel / name).write_text(text)
    sums = {**read_sums(parcel), name: hashlib.sha256(text.encode()).hexdigest()}
    (parcel / SUMS).write_text(sums_text(sums))


def test_facts_that_were_changed_with_their_digest_are_refused_too(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    here = another(desk)
    relisted(parcel, "facts.jsonl", lambda text: text.replace('"modelark"', '"acme"'))
    with pytest.raises(PipeError, match="is not what this program writes"):
        unpack(here, parcel)
    shutil.rmtree(parcel)
    pack(desk, parcel)
    relisted(
        parcel,
        "facts.jsonl",
        lambda text: re.sub(r'("shot":"[a-z]+","take":1,"vendor"):"modelark"', r'\1:"acme"', text),
    )
    with pytest.raises(PipeError, match="a vendor that this program does not know: acme"):
        unpack(here, parcel)


@pytest.mark.parametrize("line", ["../../x", "/etc/passwd", "clips/../x", "other/x", ".bashrc", "clips/.x", "a b"])
def test_a_list_that_names_what_no_export_has_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / SUMS).write_text(f"{'0' * 64}  {line}\n")
    with pytest.raises(PipeError, match="is not what an export writes"):
        read_sums(tmp_path)


def test_a_list_that_is_torn_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / SUMS).write_text(f"{'0' * 64}  facts.jsonl")
    with pytest.raises(PipeError, match="is not what an export writes"):
        read_sums(tmp_path)
    (tmp_path / SUMS).write_bytes(b"\xff\xfe")
    with pytest.raises(PipeError, match="it is no text"):
        read_sums(tmp_path)
    (tmp_path / SUMS).unlink()
    (tmp_path / SUMS).mkdir()
    with pytest.raises(PipeError, match="is not a file"):
        read_sums(tmp_path)
    (tmp_path / SUMS).rmdir()
    with (tmp_path / SUMS).open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(PipeError, match="too large"):
        read_sums(tmp_path)


def test_a_list_without_facts_is_no_export(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / SUMS).write_text("")
    with pytest.raises(PipeError, match=r"facts\.jsonl missing"):
        unpack(desk, tmp_path)


def test_what_is_no_export_and_what_holds_something_else_is_told(desk: Desk, tmp_path: Path, parcel: Path) -> None:
    with pytest.raises(Missing, match="nothing was made"):
        pack(desk, parcel)
    with pytest.raises(Missing, match="holds no export"):
        unpack(desk, tmp_path)
    desk.run()
    with pytest.raises(GuardRefused, match="holds something else"):
        pack(desk, tmp_path)
    with hold(desk.home.lock, desk.effects), pytest.raises(StoryHeld):
        pack(desk, parcel)
    pack(desk, parcel)
    with hold(desk.home.lock, desk.effects), pytest.raises(StoryHeld):
        unpack(desk, parcel)


def test_a_disk_that_is_full_is_told(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)

    def full(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    effects = replace(desk.effects, disk=replace(DISK, write=lambda at, data: full(at, data)))
    with pytest.raises(PipeError, match="was not finished: No space left on device"):
        export_store([desk.home], parcel.with_name("full"), effects=effects)
    here = another(desk)
    with pytest.raises(PipeError, match="cannot be copied: No space left on device"):
        import_store([here.home], parcel, effects=effects)
    assert here.submissions() == []


def test_a_file_that_changes_while_it_is_copied_is_refused(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)

    def spoiling(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:-1])

    here = another(desk)
    with pytest.raises(PipeError, match="was changed just now"):
        import_store([here.home], parcel, effects=replace(here.effects, disk=replace(DISK, write=spoiling)))
    assert here.submissions() == []


# Kills


def test_a_kill_at_any_moment_of_an_export_leaves_what_no_import_takes_for_whole(desk: Desk, parcel: Path) -> None:
    desk.run()
    here = another(desk)
    for at in range(3, 80, 4):
        try:
            export_store([desk.home], parcel, effects=replace(desk.effects, disk=killing(at)))
        except Stopped:
            with pytest.raises(Missing):
                unpack(here, parcel)
            continue
        break
    else:
        pytest.fail("it never came to its end")
    unpack(here, parcel)
    assert all_fresh(here)


def test_a_kill_at_any_moment_of_an_import_is_mended_by_the_next(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    bought = desk.bought()
    for at in range(3, 120, 5):
        here = another(desk, f"here-{at}")
        try:
            import_store([here.home], parcel, effects=replace(here.effects, disk=killing(at)))
        except Stopped:
            unpack(here, parcel)
            assert all_fresh(here) or look.plan(here.home).bill.most == {}
            assert here.run().exit_code == 0
            continue
        break
    else:
        pytest.fail("it never came to its end")
    assert desk.bought() == bought, "nothing was bought again anywhere"


def test_facts_are_lines_of_json_one_for_each_thing(desk: Desk, parcel: Path) -> None:
    desk.run()
    pack(desk, parcel)
    lines = [json.loads(line) for line in (parcel / "facts.jsonl").read_text().splitlines()]
    assert [one["fact"] for one in lines].count("submission") == 2
    (wave,) = [one for one in lines if one["fact"] == "submission" and one["acts"][0]["step"] == "wave#1"]
    assert [one["act"] for one in wave["acts"]] == ["intent", "submitted", "ready", "stored"]
