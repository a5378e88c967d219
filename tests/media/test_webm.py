"""Clips that are not MP4: Runware makes WebM and MOV where a story asks for them (runware.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import Probe, check_clip, probe
from seedance_pipe.media.format import Way, read_format
from seedance_pipe.media.frame import first_frame, last_frame, save_png
from seedance_pipe.media.probe import measure
from seedance_pipe.media.seam import difference
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.units import Size
from tests.media.reel import Bench, Camera, facts, loudness, pictures, samples

TONE = "sine=440:r=48000"
SPEED = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k")
OPUS = ("-c:a", "libopus", "-b:a", "48k")
VP8 = ("-c:v", "libvpx", *SPEED)
VP9 = ("-c:v", "libvpx-vp9", "-row-mt", "0", *SPEED)


@dataclass(frozen=True)
class Reel:
    """`webm` and `mov` show the very pictures of `mp4`, as far as their codecs can."""

    mp4: Path
    webm: Path
    mov: Path


@pytest.fixture(scope="module")
def reel(camera: Camera) -> Reel:
    mp4 = camera.shoot("same.mp4", "-crf", "12", sound=TONE, frames=36)
    webm, mov = camera.folder / "same.webm", camera.folder / "same.mov"
    camera.raw("-i", mp4, *VP9, *OPUS, webm)
    camera.raw("-i", mp4, "-c", "copy", mov)
    return Reel(mp4, webm, mov)


@pytest.fixture(scope="module")
def leaning(camera: Camera) -> Path:
    """VP8 with pictures that are never shown, which two passes make."""
    path, log = camera.folder / "leaning.webm", camera.folder / "leaning"
    source = ("-f", "lavfi", "-i", "mandelbrot=s=96x64:r=24,trim=end_frame=60,format=yuv420p")
    coding = (
        "-c:v",
        "libvpx",
        "-deadline",
        "good",
        "-cpu-used",
        "5",
        "-b:v",
        "100k",
        "-auto-alt-ref",
        "1",
        "-lag-in-frames",
        "25",
        "-arnr-maxframes",
        "7",
        "-passlogfile",
        log,
    )
    camera.raw(*source, *coding, "-pass", "1", "-f", "null", "-")
    camera.raw(*source, *coding, "-pass", "2", path)
    return path


@pytest.mark.parametrize("coding", [VP8, VP9], ids=["VP8", "VP9"])
@pytest.mark.parametrize("rate", ["24", "30", "24000/1001"])
def test_a_webm_clip_is_described_in_spite_of_its_coarse_clock(
    camera: Camera, coding: tuple[str, ...], rate: str
) -> None:
    path = camera.folder / f"{coding[1]}-{rate.replace('/', '-')}.webm"
    camera.raw("-f", "lavfi", "-i", f"testsrc2=s=160x96:r={rate},trim=end_frame=36", *coding, path)
    found = check_clip(path)
    assert found.demuxer == "matroska" and found.picture.codec in ("vp8", "vp9")
    assert found.shown_size == Size(160, 96)
    assert found.timing.rate == Fraction(rate) and found.timing.steady
    assert found.timing.frames == 36 and found.begins_with_idr
    assert found.sound is None


@pytest.mark.parametrize(("codec", "options"), [("opus", OPUS), ("vorbis", ("-c:a", "libvorbis"))])
def test_the_sound_of_a_webm_clip_is_heard(
    camera: Camera, reel: Reel, codec: str, options: tuple[str, ...]
) -> None:
    path = camera.folder / f"{codec}.webm"
    camera.raw("-i", reel.mp4, *VP8, *options, path)
    found = check_clip(path)
    assert found.sound is not None and (found.sound.codec, found.sound.rate) == (codec, 48_000)


def test_pictures_that_are_never_shown_are_not_counted(leaning: Path) -> None:
    found = check_clip(leaning)
    assert len(pictures(leaning)) == found.timing.frames == 60
    assert found.timing.steady and found.timing.rate == 24


@pytest.mark.parametrize("form", ["webm", "mov"])
def test_the_first_and_the_last_frame_are_those_of_the_same_mp4(reel: Reel, form: str) -> None:
    path = getattr(reel, form)
    for frame in (first_frame, last_frame):
        assert difference(frame(path), frame(reel.mp4)) < 2.5


def test_the_last_frame_of_vp8_is_the_last_one_shown(leaning: Path) -> None:
    assert np.abs(np.asarray(last_frame(leaning).convert("L")) - pictures(leaning)[-1]).mean() < 20


@pytest.mark.parametrize("part", [0.2, 0.6, 0.99])
def test_a_webm_clip_that_was_cut_off_is_refused(reel: Reel, tmp_path: Path, part: float) -> None:
    whole = reel.webm.read_bytes()
    path = tmp_path / "cut.webm"
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(MediaFailed, match=r"ends \d+ bytes too early"):
        check_clip(path)


def test_a_webm_clip_of_open_length_is_taken_as_it_is(camera: Camera, reel: Reel) -> None:
    path = camera.folder / "live.webm"
    camera.raw("-i", reel.webm, "-c", "copy", "-live", "1", path)
    assert check_clip(path).timing.frames == 36


def test_a_webm_clip_with_damage_in_it_is_refused(reel: Reel, tmp_path: Path) -> None:
    whole = bytearray(reel.webm.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4000] = bytes(4000)
    path = tmp_path / "hole.webm"
    path.write_bytes(whole)
    with pytest.raises(MediaFailed):
        check_clip(path)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_webm_clip_is_described_or_refused_and_nothing_else(reel: Reel, data: st.DataObject) -> None:
    content = bytearray(reel.webm.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = reel.webm.with_name("mutated.webm")
    path.write_bytes(content)
    try:
        found = check_clip(path)
    except MediaFailed:
        return
    assert isinstance(found, Probe)


@pytest.mark.parametrize(
    ("name", "coding", "why"),
    [
        ("h264.mkv", ("-c:v", "libx264", "-f", "matroska"), "picture is coded as h264; it must be vp8 or vp9"),
        ("vp9.mp4", VP9, "picture is coded as vp9; it must be h264 or hevc"),
        ("av1.webm", ("-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1"), "it must be vp8 or vp9"),
    ],
)
def test_each_form_takes_its_own_codecs_only(
    camera: Camera, reel: Reel, name: str, coding: tuple[str, ...], why: str
) -> None:
    path = camera.folder / name
    camera.raw("-i", reel.mp4, "-an", "-frames:v", "3", *coding, path)
    with pytest.raises(MediaFailed, match=why):
        check_clip(path)


def test_a_webm_file_is_no_reference_video(reel: Reel) -> None:
    with pytest.raises(MediaFailed, match="none of MP4, MOV, WAV and MP3"):
        measure(reel.webm)


@pytest.mark.anyio
async def test_an_mp4_and_a_webm_clip_become_one_film(camera: Camera, bench: Bench, reel: Reel) -> None:
    film = await bench.film(reel.mp4, reel.webm, reel.mp4)
    assert facts(film) == ("160x96", "24", 3 * 36 / 24, 1)
    found = check_clip(film)
    assert (found.picture.codec, found.demuxer) == ("h264", "mov")
    assert "because a clip is WebM, which is not copied into an MP4" in bench.notes[0]
    shown = pictures(film)
    for begin in (0, 36, 72):
        assert np.abs(shown[begin + 20] - pictures(reel.mp4)[20]).mean() < 4
    heard = samples(film)[0]
    for clip in range(3):
        middle = heard[clip * 72_000 + 20_000 : clip * 72_000 + 50_000]
        assert loudness(middle) == pytest.approx(loudness(samples(reel.mp4)[0][20_000:50_000]), rel=0.1)


@pytest.mark.anyio
@pytest.mark.parametrize("coding", [VP8, VP9], ids=["VP8", "VP9"])
async def test_webm_clips_alone_become_a_film_of_h264(
    camera: Camera, bench: Bench, coding: tuple[str, ...]
) -> None:
    clips = []
    for number, scene in enumerate(("testsrc2", "testsrc")):
        clips.append(camera.folder / f"{coding[1]}-alone-{number}.webm")
        camera.raw("-f", "lavfi", "-i", f"{scene}=s=160x96:r=24,trim=end_frame=20", *coding, clips[-1])
    film = await bench.film(*clips)
    found = check_clip(film)
    assert (found.picture.codec, found.picture.tag, found.timing.frames) == ("h264", "avc1", 40)
    assert found.timing.rate == 24 and found.sound is None
    expected = [picture for clip in clips for picture in pictures(clip)]
    assert max(np.abs(one - other).mean() for one, other in zip(pictures(film), expected, strict=True)) < 3


@pytest.mark.anyio
async def test_the_doubled_picture_of_a_webm_clip_is_left_out(camera: Camera, bench: Bench) -> None:
    one, two, still = (camera.folder / f"seam.{name}" for name in ("1.webm", "2.webm", "png"))
    camera.raw("-f", "lavfi", "-i", "testsrc2=s=160x96:r=24,trim=end_frame=20", *VP9, one)
    save_png(last_frame(one), still)
    motion = "format=yuv420p,rotate='0.4*n/12':fillcolor=red"
    camera.raw("-loop", "1", "-framerate", "24", "-t", "0.5", "-i", still, "-vf", motion, *VP9, two)
    film = await bench.film(one, two, seams={1: still})
    assert len(pictures(film)) == 20 + 12 - 1
    assert any("was left out once" in note for note in bench.notes)


@pytest.mark.anyio
async def test_mov_clips_alone_are_copied(camera: Camera, bench: Bench, reel: Reel) -> None:
    common = await bench.make(StepKind.FORMAT, clip_0=reel.mov, clip_1=reel.mov)
    assert read_format(common).way is Way.COPY
    film = await bench.film(reel.mov, reel.mov)
    assert facts(film) == ("160x96", "24", 72 / 24, 1)
    expected = pictures(reel.mov) * 2
    assert all(np.array_equal(*pair) for pair in zip(pictures(film), expected, strict=True))
    assert probe(film).picture.tag == "avc1"


@pytest.mark.anyio
async def test_a_mov_clip_beside_the_same_mp4_is_copied(bench: Bench, reel: Reel) -> None:
    film = await bench.film(reel.mp4, reel.mov)
    assert len(pictures(film)) == 72
    assert bench.notes == []
