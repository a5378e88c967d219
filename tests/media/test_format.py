from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import Picture, Probe, Sound
from seedance_pipe.media.colour import Colour
from seedance_pipe.media.filtergraph import fitted, level
from seedance_pipe.media.format import Format, Way, common_format, read_format, why_not_copied, write_format
from seedance_pipe.media.timing import Timing
from seedance_pipe.units import Size

CLIP = Probe(
    bytes=1000,
    demuxer="mov",
    picture=Picture(
        codec="h264",
        tag="avc1",
        profile="High",
        level=41,
        size=Size(1280, 720),
        pixel_format="yuv420p",
        aspect=Fraction(1),
        colour=Colour(1, 1, 1, 1),
        field_order=1,
        rotation=0,
        time_base=Fraction(1, 12288),
        header=b"\x01avcC",
    ),
    timing=Timing(
        rate=Fraction(24),
        steady=True,
        frames=121,
        start=Fraction(0),
        seconds=Fraction(121, 24),
        plain=True,
        last_is_last=False,
        new_header=False,
    ),
    begins_with_idr=True,
    sound=None,
)
MONO = Sound(codec="aac", profile="LC", rate=48_000, layout="mono", channels=1, seconds=Fraction(5))
STEREO = replace(MONO, layout="stereo", channels=2)

ODD = {
    "the clips differ in picture size": replace(CLIP.picture, size=Size(720, 1280)),
    "the clips differ in codec": replace(CLIP.picture, codec="hevc"),
    "a clip is WebM, which is not copied into an MP4": replace(CLIP.picture, codec="vp9"),
    "the clips differ in profile": replace(CLIP.picture, profile="Main"),
    "the clips differ in level": replace(CLIP.picture, level=40),
    "the clips differ in pixel format": replace(CLIP.picture, pixel_format="yuv444p"),
    "the clips differ in pixel shape": replace(CLIP.picture, aspect=Fraction(2)),
    "the clips differ in colour tags": replace(CLIP.picture, colour=Colour(2, 1, 1, 1)),
    "the clips differ in field order": replace(CLIP.picture, field_order=2),
    "the clips differ in clock": replace(CLIP.picture, time_base=Fraction(1, 90_000)),
    "the clips differ in coding settings": replace(CLIP.picture, header=b"\x01other"),
    "a clip is stored turned": replace(CLIP.picture, rotation=90),
}
UNFIT = {
    "the clips differ in frame rate": replace(CLIP.timing, rate=Fraction(30)),
    "a clip has no steady frame rate": replace(CLIP.timing, steady=False),
    "a clip hides some of its pictures": replace(CLIP.timing, plain=False),
    "a clip changes its coding on the way": replace(CLIP.timing, new_header=True),
}


def test_equal_clips_are_copied_whatever_their_sound() -> None:
    found = common_format([CLIP, replace(CLIP, sound=MONO)])
    assert found == Format(Way.COPY, Size(1280, 720), Fraction(24), 1)


@pytest.mark.parametrize("why", ODD)
def test_one_picture_coded_otherwise_has_all_coded_again(why: str) -> None:
    clips = [CLIP, CLIP, replace(CLIP, picture=ODD[why])]
    assert why_not_copied(clips) == why
    assert common_format(clips) == Format(Way.NORMALISE, Size(1280, 720), Fraction(24), 0)


@pytest.mark.parametrize("why", UNFIT)
def test_one_clip_timed_otherwise_has_all_coded_again(why: str) -> None:
    clips = [CLIP, replace(CLIP, timing=UNFIT[why])]
    assert why_not_copied(clips) == why
    assert common_format(clips).way is Way.NORMALISE


def test_an_open_gop_at_the_start_has_all_coded_again() -> None:
    assert "leans" in why_not_copied([replace(CLIP, begins_with_idr=False)])


def test_a_clip_without_a_header_of_its_own_is_not_copied() -> None:
    bare = replace(CLIP, picture=replace(CLIP.picture, header=b""))
    assert "no header" in why_not_copied([bare, bare])


def test_all_clips_turned_alike_keep_their_shown_size() -> None:
    turned = replace(CLIP, picture=replace(CLIP.picture, rotation=270))
    assert common_format([turned, turned]).size == Size(720, 1280)


@pytest.mark.parametrize(("sounds", "channels"), [([None, None], 0), ([None, MONO], 1), ([MONO, STEREO], 2)])
def test_the_film_has_sound_if_any_clip_has(sounds: list[Sound | None], channels: int) -> None:
    assert common_format([replace(CLIP, sound=sound) for sound in sounds]).channels == channels


def test_more_than_two_channels_become_two() -> None:
    assert common_format([replace(CLIP, sound=replace(MONO, layout="5.1", channels=6))]).channels == 2


@pytest.mark.parametrize(
    ("rate", "clock"),
    [("24", 12_288), ("25", 12_800), ("30", 15_360), ("24000/1001", 24_000), ("30000/1001", 30_000)],
)
def test_a_frame_is_a_whole_number_of_ticks(rate: str, clock: int) -> None:
    found = Format(Way.COPY, Size(2, 2), Fraction(rate), 0)
    assert found.clock == clock
    assert Fraction(found.frame_ticks, found.clock) == 1 / Fraction(rate)


def test_a_format_that_names_no_clip_survives_its_file(tmp_path: Path) -> None:
    for value in (common_format([CLIP]), common_format([CLIP, replace(CLIP, begins_with_idr=False)])):
        write_format(value, tmp_path / "f", coder="9.0")
        assert read_format(tmp_path / "f") == value
    first = (tmp_path / "f").read_bytes()
    other = common_format([CLIP, replace(CLIP, timing=UNFIT["a clip hides some of its pictures"])])
    write_format(other, tmp_path / "f", coder="9.0")
    assert (tmp_path / "f").read_bytes() == first
    write_format(other, tmp_path / "f", coder="9.1")
    assert (tmp_path / "f").read_bytes() != first, "clips of one film come from one coder"


def test_clips_that_are_copied_do_not_depend_on_any_coder(tmp_path: Path) -> None:
    for coder in ("9.0", "9.1"):
        write_format(common_format([CLIP]), tmp_path / coder, coder=coder)
    assert (tmp_path / "9.0").read_bytes() == (tmp_path / "9.1").read_bytes()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"way":"copy","size":[1,2],"rate":[1,0],"channels":0}'])
def test_a_broken_format_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_text(text)
    with pytest.raises(MediaFailed):
        read_format(tmp_path / "f")


@given(*[st.integers(2, 4096)] * 2, *[st.integers(1, 2048)] * 2)
def test_a_fitted_picture_lies_in_its_frame_touches_it_and_is_even(w: int, h: int, fw: int, fh: int) -> None:
    frame = Size(fw * 2, fh * 2)
    inner = fitted(Size(w, h), frame)
    assert inner.width % 2 == inner.height % 2 == 0
    assert 2 <= inner.width <= frame.width and 2 <= inner.height <= frame.height
    assert inner.width == frame.width or inner.height == frame.height


@pytest.mark.parametrize(
    ("size", "rate", "name"),
    [
        (Size(1920, 1080), 24, "4.1"),
        (Size(1920, 1080), 60, "5.1"),
        (Size(3840, 2160), 24, "5.1"),
        (Size(4096, 4096), 60, "6.2"),
        (Size(4096, 4096), 10_000, "6.2"),
    ],
)
def test_the_level_allows_the_picture(size: Size, rate: int, name: str) -> None:
    assert level(Format(Way.NORMALISE, size, Fraction(rate), 0)) == name
