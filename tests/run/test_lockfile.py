"""The lock file: one text for one lock, an error at its place for all else, and never half a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.disk import DISK
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, StoryHeld, StoryInvalid
from seedance_pipe.plan.history import Drafted
from seedance_pipe.plan.lock import Block, Film, Lock, pin_of
from seedance_pipe.run import lockfile
from seedance_pipe.run.lock import hold
from seedance_pipe.run.lock_quick import blocks, without_blocks
from seedance_pipe.run.lock_text import HEAD, lock_from, text_of
from seedance_pipe.spec.repair import Repair
from seedance_pipe.units import Digest, Fingerprint

A, B, C, D = (letter * 64 for letter in "abcd")

TEXT = f"""\
{HEAD}picks:
  out/lighthouse.mp4:
    stairs:
      {A}: 2
repairs:
  out/lighthouse.mp4:
    stairs:
      {A}: accept
films:
  out/lighthouse.mp4:
    cut:
      film:
        of: {A}
        film: {B}
      format:
        of: {C}
        format: {D}
    shots:
      lamp:
        order: {B}
        take 1:
          of: {C}
          in media/0: {D}
          clip: {A}
        clip:
          of: {B}
          clip: {A}
      stairs:
        order: {A}
        take 2:
          of: {B}
          clip: {C}
          last_frame: {D}
        take 10:
          of: {C}
          clip: {C}
        frame 2:
          of: {A}
          frame: {D}
        draft:
          order: {D}
          take: 2
          clip: {C}
          seed: 7
"""


def pin(mark: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Any:
    digests: list[dict[str, Digest]] = [{k: Digest(v) for k, v in part.items()} for part in (inputs, outputs)]
    return pin_of(Fingerprint(mark), *digests)


LAMP = Block(B, {"take 1": pin(C, {"media/0": D}, {"clip": A}), "clip": pin(B, {}, {"clip": A})})
STAIRS = Block(
    A,
    {
        "take 2": pin(B, {}, {"clip": C, "last_frame": D}),
        "take 10": pin(C, {}, {"clip": C}),
        "frame 2": pin(A, {}, {"frame": D}),
    },
    Drafted(D, 2, Digest(C), 7),
)
CUT = {"film": pin(A, {}, {"film": B}), "format": pin(C, {}, {"format": D})}
LOCK = Lock(
    {"out/lighthouse.mp4": {"stairs": {A: 2}}},
    {"out/lighthouse.mp4": {"stairs": {A: Repair.ACCEPT}}},
    {"out/lighthouse.mp4": Film(CUT, {"lamp": LAMP, "stairs": STAIRS})},
)


def problem(text: str) -> str:
    with pytest.raises(StoryInvalid) as failure:
        lock_from(text, "seedance.lock")
    assert failure.value.next_step
    return f"{failure.value.place}: {failure.value.message}"


def test_a_lock_has_one_text_and_the_text_says_the_lock() -> None:
    assert text_of(LOCK) == TEXT
    assert lock_from(TEXT, "seedance.lock") == LOCK


def test_the_text_is_yaml_for_everybody_else() -> None:
    told = yaml.safe_load(TEXT)
    assert told["films"]["out/lighthouse.mp4"]["shots"]["stairs"]["take 2"] == {
        "of": B,
        "clip": C,
        "last_frame": D,
    }
    assert told["picks"] == {"out/lighthouse.mp4": {"stairs": {A: 2}}}


def test_an_empty_lock_is_a_head_alone() -> None:
    assert text_of(Lock()) == HEAD
    assert lock_from(HEAD, "seedance.lock") == Lock()


def test_a_pin_tells_its_inputs_and_its_outputs() -> None:
    assert LAMP.pins["take 1"].inputs == {"media/0": D}
    assert LAMP.pins["take 1"].outputs == {"clip": A}


NAMES = st.one_of(
    st.sampled_from(["on", "1e3", "12", "a b", "a: b", '"', "\\", "#", "tür", "lamp", "x" * 64]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
DIGESTS = st.sampled_from([A, B, C, D])
PINS = st.builds(lambda mark, content: pin(mark, {}, {"clip": content}), DIGESTS, DIGESTS)
TAKES = st.builds(
    lambda mark, slots, clip, frame: pin(mark, slots, {"clip": clip, **frame}),
    DIGESTS,
    st.dictionaries(st.sampled_from(["media/0", "media/12", "draft"]), DIGESTS),
    DIGESTS,
    st.dictionaries(st.just("last_frame"), DIGESTS),
)
FRAMES = st.builds(lambda mark, frame: pin(mark, {}, {"frame": frame}), DIGESTS, DIGESTS)
DRAFTS = st.builds(Drafted, DIGESTS, st.integers(1, 99), DIGESTS, st.none() | st.integers(-1, 2**63))
BLOCKS = st.builds(
    lambda order, takes, frames, clip, draft: Block(order, {**takes, **frames, **clip}, draft),
    DIGESTS,
    st.dictionaries(st.integers(1, 40).map(lambda number: f"take {number}"), TAKES, max_size=2),
    st.dictionaries(st.integers(1, 40).map(lambda number: f"frame {number}"), FRAMES, max_size=2),
    st.dictionaries(st.just("clip"), PINS),
    st.none() | DRAFTS,
)
CUTS = st.dictionaries(
    st.just("film"), st.builds(lambda mark, one: pin(mark, {}, {"film": one}), DIGESTS, DIGESTS)
)
SOME = st.dictionaries(DIGESTS, st.integers(2, 99), min_size=1, max_size=2)
WAYS = st.dictionaries(DIGESTS, st.sampled_from(Repair), min_size=1, max_size=1)
LOCKS = st.builds(
    Lock,
    st.dictionaries(NAMES, st.dictionaries(NAMES, SOME, min_size=1, max_size=2), max_size=2),
    st.dictionaries(NAMES, st.dictionaries(NAMES, WAYS, min_size=1, max_size=1), max_size=1),
    st.dictionaries(NAMES, st.builds(Film, CUTS, st.dictionaries(NAMES, BLOCKS, max_size=3)), max_size=2),
)


@settings(max_examples=50)
@given(LOCKS)
def test_what_was_written_is_read_as_it_was(lock: Lock) -> None:
    text = text_of(lock)
    assert lock_from(text, "seedance.lock") == lock
    assert text_of(lock_from(text, "seedance.lock")) == text


@settings(max_examples=50)
@given(LOCKS, st.data())
def test_a_text_with_a_line_too_many_or_too_few_is_told_at_a_place_or_says_something_else(
    lock: Lock, data: st.DataObject
) -> None:
    lines = text_of(lock).splitlines(keepends=True)
    at = data.draw(st.integers(3, len(lines)))
    if at < len(lines) and data.draw(st.booleans()):
        del lines[at]
    else:
        lines.insert(
            at, data.draw(st.sampled_from(["x\n", " of: y\n", f"      {A}: 0\n", "    shots:\n", *lines]))
        )
    try:
        told = lock_from("".join(lines), "seedance.lock")
    except StoryInvalid as error:
        assert error.place.startswith("seedance.lock:")
    else:
        assert told == lock_from(text_of(told), "seedance.lock")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: this is no line of a lock file"),
        ("picks:\n", "1:1: a lock file begins with its version"),
        ("version: two\n", "1:1: this is no version of a lock file"),
        ("version: 1\nclips:\n", "2:1: a lock file has no 'clips'"),
        ("version: 1\npicks:\n  - a\n", "3:1: this is no line of a lock file"),
        ("version: 1\npicks: none\n", "2:1: this line does not belong here"),
        ("version: 1\npicks:\n    a:\n", "3:1: this line does not belong here"),
        ('version: 1\npicks:\n  "\\x":\n', "3:1: this name cannot be read"),
        ('version: 1\npicks:\n  "\\ud800":\n', "3:1: this name cannot be read"),
        ("version: 1\npicks:\n  a:\n  a:\n", "4:1: 'a' is here twice"),
        ("version: 1\npicks:\n  a:\n    b:\n      c: 2\n", "5:1: this is not the digest of an order"),
        (f"version: 1\npicks:\n  a:\n    b:\n      {A}: 0\n", "5:1: '0' is not a take"),
        (f"version: 1\npicks:\n  a:\n    b:\n      {A}: 2\n      {A}: 2\n", f"6:1: '{A}' is here twice"),
        (
            f"version: 1\nrepairs:\n  a:\n    b:\n      {A}: glue\n",
            "5:1: 'glue' is not ripple, bridge or accept",
        ),
        ("version: 1\nfilms:\n  a:\n    scenes:\n", "4:1: a film has no 'scenes'"),
        ("version: 1\nfilms:\n  a:\n    cut:\n      clip:\n", "5:1: 'clip' does not belong here"),
        ("version: 1\nfilms:\n  a:\n    cut:\n      film:\n        of: x\n", "6:1: this is no digest"),
        (f"version: 1\nfilms:\n  a:\n    cut:\n      film:\n        of: {A}\n", "5:1: 'film' lacks its 'film'"),
        (
            "version: 1\nfilms:\n  a:\n    shots:\n      b:\n        take 1:\n",
            "6:1: the block of a shot begins with the digest of its order",
        ),
        (
            f"version: 1\nfilms:\n  a:\n    shots:\n      b:\n        order: {A}\n        take 0:\n",
            "7:1: a shot has no 'take 0'",
        ),
    ],
)
def test_what_is_no_lock_of_ours_is_told_at_its_place(text: str, expected: str) -> None:
    assert problem(text) == f"seedance.lock:{expected}"


def in_a_block(*lines: str) -> str:
    head = f"version: 1\nfilms:\n  a:\n    shots:\n      b:\n        order: {A}\n"
    return head + "".join(f"        {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["take 1:", f"  of: {A}", f"  film: {A}"], "9:1: a take has no 'film'"),
        (["clip:", f"  of: {A}", f"  in media/0: {A}"], "9:1: a clip has no 'in media/0'"),
        (["take 1:", f"  clip: {A}"], "7:1: 'take 1' lacks its 'of'"),
        (["draft:", f"  order: {A}"], "7:1: a draft has an order, a take and a clip"),
        (["draft:", "  seed: x"], "8:1: this is no 'seed' of a draft"),
        (["clip:", f"  of: {A}", f"  clip: {A}", "clip:"], "10:1: 'clip' is here twice"),
    ],
)
def test_what_is_wrong_in_a_block_is_told_at_its_place(lines: list[str], expected: str) -> None:
    assert problem(in_a_block(*lines)) == f"seedance.lock:{expected}"


def test_a_block_with_its_lines_in_another_order_is_read_all_the_same() -> None:
    lines = ["clip:", f"  clip: {B}", f"  of: {A}", "take 1:", f"  clip: {B}", f"  of: {A}"]
    block = lock_from(in_a_block(*lines), "seedance.lock").films["a"].shots["b"]
    assert block == Block(A, {"clip": pin(A, {}, {"clip": B}), "take 1": pin(A, {}, {"clip": B})})


def test_a_shot_that_a_merge_left_twice_is_told() -> None:
    lines = TEXT.splitlines(keepends=True)
    lamp = lines.index("      lamp:\n")
    doubled = "".join([*lines[: lamp + 9], *lines[lamp : lamp + 9], *lines[lamp + 9 :]])
    assert problem(doubled) == f"seedance.lock:{lamp + 10}:1: 'lamp' is here twice"


def test_a_pin_that_a_merge_left_twice_is_told() -> None:
    lines = TEXT.splitlines(keepends=True)
    take = lines.index("        take 1:\n")
    doubled = "".join([*lines[: take + 4], *lines[take : take + 4], *lines[take + 4 :]])
    assert problem(doubled) == f"seedance.lock:{take + 5}:1: 'take 1' is here twice"


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> theirs: a pick", "||||||| base"])
def test_a_conflict_that_git_left_is_called_so(marker: str) -> None:
    lines = TEXT.splitlines(keepends=True)
    told = problem("".join([*lines[:20], f"{marker}\n", *lines[20:]]))
    assert told == "seedance.lock:21:1: git left a conflict here"


def test_a_newer_version_is_refused_in_words() -> None:
    assert problem("version: 2\n") == (
        "seedance.lock:1:1: this lock file is of version 2, and this program knows version 1"
    )


def test_a_shot_of_the_picks_may_be_called_shots() -> None:
    lock = replace(LOCK, picks={"a": {"shots": {A: 2}}})
    assert lock_from(text_of(lock), "seedance.lock") == lock
    empty = text_of(LOCK).replace("picks:\n", "picks:\n  a:\n    shots:\n", 1)
    assert lock_from(empty, "seedance.lock").films == LOCK.films


def test_what_is_just_as_we_write_it_is_read_without_its_rows() -> None:
    lock = Lock(films={"a": Film({}, {"lamp": LAMP, "stairs": replace(STAIRS, draft=None)})})
    bones, (section,) = without_blocks(text_of(lock))
    assert "order" not in bones
    assert blocks(section) == lock.films["a"].shots
    assert lock_from(text_of(lock), "seedance.lock") == lock


def test_a_lock_file_is_written_whole_and_durably(tmp_path: Path) -> None:
    path, guard = tmp_path / "seedance.lock", tmp_path / "state" / "guard.lock"
    assert lockfile.read(path) == Lock()
    lockfile.change(path, lambda before: LOCK, guard=guard, effects=Effects())
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o644
    assert lockfile.read(path) == LOCK
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["seedance.lock"]


def test_what_would_be_the_same_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "seedance.lock"
    path.write_text(TEXT.replace("\n", "\r\n"))
    lockfile.change(path, lambda before: LOCK, guard=tmp_path / "guard.lock", effects=Effects())
    assert b"\r\n" in path.read_bytes()
    assert not (tmp_path / "guard.lock").exists()


def test_what_another_run_wrote_in_between_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "seedance.lock"
    asked = 0

    def with_a_film(before: Lock) -> Lock:
        nonlocal asked
        asked += 1
        if asked == 1:
            path.write_text(TEXT)
        return replace(before, films={**before.films, "out/other.mp4": Film()})

    lockfile.change(path, with_a_film, guard=tmp_path / "guard.lock", effects=Effects())
    assert lockfile.read(path).films.keys() == {"out/lighthouse.mp4", "out/other.mp4"}


def test_what_another_run_has_just_written_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "seedance.lock"

    def the_lock(before: Lock) -> Lock:
        path.write_text(TEXT)
        return LOCK

    path.write_text(HEAD)
    lockfile.change(
        path, the_lock, guard=tmp_path / "guard.lock", effects=Effects(disk=replace(DISK, replace=never))
    )
    assert path.read_text() == TEXT


def never(*_: object) -> None:
    raise AssertionError("nothing was to be written")


def test_a_run_waits_for_another_that_writes_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, guard = tmp_path / "seedance.lock", tmp_path / "guard.lock"
    naps: list[float] = []
    held = hold(guard, Effects())

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            held.__exit__(None, None, None)

    monkeypatch.setattr("seedance_pipe.run.lockfile.time.sleep", nap)
    held.__enter__()
    lockfile.change(path, lambda before: LOCK, guard=guard, effects=Effects())
    assert lockfile.read(path) == LOCK
    naps[:] = [0.0] * 10
    with hold(guard, Effects()), pytest.raises(StoryHeld):
        lockfile.change(path, lambda before: Lock(), guard=guard, effects=Effects())


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "seedance.lock"
    path.write_text(TEXT)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    full = Effects(disk=replace(DISK, sync=refuse))
    with pytest.raises(PipeError, match=r"cannot be written: No space left"):
        lockfile.change(path, lambda before: Lock(), guard=tmp_path / "guard.lock", effects=full)
    assert path.read_text() == TEXT
    lockfile.change(path, lambda before: Lock(), guard=tmp_path / "guard.lock", effects=Effects())
    assert not [one for one in tmp_path.iterdir() if one.suffix == ".part"], "what was left was written over"


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "seedance.lock"
    path.write_bytes(b"version: 1\n\xff\n")
    with pytest.raises(StoryInvalid) as failure:
        lockfile.read(path)
    assert (failure.value.message, failure.value.place) == ("this is not UTF-8", f"{path}:2:1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seedance_pipe.run.lockfile._MOST_BYTES", 5)
    with pytest.raises(StoryInvalid) as failure:
        lockfile.read(path)
    assert (failure.value.message, failure.value.place) == (
        "this is too large for a lock file",
        "seedance.lock:1:1",
    )
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PipeError, match="is a link, and is not followed"):
        lockfile.read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(PipeError, match="is not a file"):
        lockfile.read(path)
