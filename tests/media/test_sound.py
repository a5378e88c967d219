from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media import sound
from tests.media.reel import Camera, loudness

LOUD_STEREO = "aevalsrc=0.5*sin(2*PI*440*t)|0.5*sin(2*PI*880*t):s=44100"

STEP = "aevalsrc=if(gte(t\\,0.5)\\,0.5*sin(2*PI*440*t)\\,0):s={rate}"
"""Silent for half a second, then a tone: where it begins tells where the sound was placed."""


def heard(path: Path, *, count: int, channels: int = 1, skip: int = 0) -> np.ndarray:
    raw = b"".join(sound.placed(path, count=count, channels=channels, skip=skip))
    assert len(raw) == count * channels * 4
    return np.frombuffer(raw, dtype=np.float32).reshape(-1, channels).T


def onset(row: np.ndarray) -> int:
    return int(np.argmax(np.abs(row) > 0.05))


@given(
    rate=st.sampled_from([Fraction(24), Fraction(24000, 1001), Fraction(30), Fraction(50)]),
    n=st.integers(0, 10**6),
)
def test_the_sample_grid_never_drifts(rate: Fraction, n: int) -> None:
    assert abs(sound.samples_until(n, rate) - n / rate * 48_000) <= Fraction(1, 2)


@pytest.mark.parametrize("rate", [48_000, 44_100, 22_050])
def test_sound_is_placed_to_the_sample_whatever_its_rate(camera: Camera, rate: int) -> None:
    path = camera.shoot(f"step{rate}.mp4", sound=STEP.format(rate=rate), frames=24)
    row = heard(path, count=48_000)[0]
    assert onset(row) == pytest.approx(24_000, abs=60)
    assert loudness(row[26_000:46_000]) == pytest.approx(0.354, abs=0.01)


def test_samples_can_be_skipped_with_the_picture_they_belong_to(camera: Camera) -> None:
    path = camera.shoot("skip.mp4", sound=STEP.format(rate=48_000), frames=24)
    whole = heard(path, count=48_000)
    rest = heard(path, count=46_000, skip=2_000)
    assert np.array_equal(whole[:, 2_000:], rest)


@pytest.mark.parametrize("delay", [0.25, -0.25])
def test_sound_that_begins_before_or_after_the_pictures_keeps_its_place(camera: Camera, delay: float) -> None:
    whole = camera.shoot("delay-source.mp4", "-g", "6", sound=STEP.format(rate=48_000), frames=24)
    path = camera.folder / f"delay{delay}.mov"
    shift = ("-itsoffset", str(delay), "-i", whole, "-i", whole, "-map", "1:v", "-map", "0:a")
    camera.raw(*shift, "-c:v", "copy", "-c:a", "pcm_s16le", path)
    assert onset(heard(path, count=48_000)[0]) == pytest.approx(24_000 + delay * 48_000, abs=1_100)


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_sound_that_is_too_short_ends_in_silence_and_none_at_all_is_silence(camera: Camera, rate: int) -> None:
    path = camera.shoot("short.mp4", sound=f"sine=440:r={rate}", frames=12)
    row = heard(path, count=96_000)[0]
    assert loudness(row[:20_000]) > 0.05
    assert not row[30_000:].any()
    assert not heard(camera.shoot("none.mp4", frames=12), count=24_000, channels=2).any()


def test_a_gap_in_the_sound_stays_a_gap(camera: Camera) -> None:
    path = camera.folder / "gap.mp4"
    cut = "aselect='not(between(t,0.3,0.6))'"
    source = ("-f", "lavfi", "-i", "testsrc2=s=32x32:r=24:d=1", "-f", "lavfi", "-i", "sine=440:r=48000:d=1")
    camera.raw(*source, "-af", cut, "-c:v", "libx264", "-c:a", "aac", path)
    row = heard(path, count=48_000)[0]
    assert loudness(row[16_000:28_000]) < 0.01
    assert all(loudness(row[begin : begin + 4_000]) > 0.08 for begin in (0, 8_000, 32_000, 44_000))


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_mono_keeps_its_level_on_two_channels(camera: Camera, rate: int) -> None:
    path = camera.shoot(f"mono{rate}.mp4", sound=f"sine=440:r={rate}", frames=24)
    one = heard(path, count=48_000)[0]
    left, right = heard(path, count=48_000, channels=2)
    assert np.array_equal(left, right)
    assert loudness(left) == pytest.approx(loudness(one), rel=1e-4)


def test_stereo_keeps_its_sides(camera: Camera) -> None:
    source = "aevalsrc=0.5*sin(2*PI*440*t)|0.1*sin(2*PI*880*t):s=48000"
    left, right = heard(camera.shoot("stereo.mp4", sound=source, frames=24), count=48_000, channels=2)
    assert loudness(left) == pytest.approx(0.354, abs=0.02)
    assert loudness(right) == pytest.approx(0.0707, abs=0.01)


def test_more_than_two_channels_are_mixed_to_two(camera: Camera) -> None:
    source = "sine=440:r=48000,aformat=channel_layouts=5.1"
    both = heard(camera.shoot("surround.mp4", sound=source, frames=24), count=48_000, channels=2)
    assert both.shape == (2, 48_000)
    assert loudness(both[0]) > 0.01


def test_blocks_are_small_however_long_the_clip(camera: Camera) -> None:
    path = camera.shoot("blocks.mp4", sound="sine=440:r=48000", frames=24)
    assert max(map(len, sound.placed(path, count=480_000, channels=2))) < 1_000_000


def test_sound_that_begins_far_too_late_costs_no_memory(camera: Camera) -> None:
    source = camera.shoot("late-source.mp4", sound="sine=440:r=48000", frames=12)
    path = camera.folder / "late.mp4"
    camera.raw("-itsoffset", "5000", "-i", source, "-i", source, "-map", "1:v", "-map", "0:a", "-c", "copy", path)
    assert not heard(path, count=24_000).any()


@pytest.mark.parametrize("order", [1, -1])
def test_sound_that_changes_its_form_is_refused(camera: Camera, order: int) -> None:
    parts = [
        camera.shoot("form1.mp4", "-c:a", "libmp3lame", sound="sine=440:r=48000", frames=12),
        camera.shoot("form2.mp4", "-c:a", "libmp3lame", sound=LOUD_STEREO, frames=12),
    ]
    listed = camera.folder / "forms.txt"
    listed.write_text("".join(f"file '{part.name}'\n" for part in parts[::order]))
    path = camera.folder / "forms.mov"
    camera.raw("-f", "concat", "-i", listed, "-c", "copy", path)
    with pytest.raises(MediaFailed, match="changes its form"):
        heard(path, count=48_000)


def test_only_the_edges_of_a_clips_sound_are_eased() -> None:
    whole = np.ones((3_000, 2), dtype=np.float32)
    blocks = [part.tobytes() for part in np.split(whole, [100, 1_000, 2_000])]
    rows = np.frombuffer(b"".join(sound.eased(blocks, count=3_000, channels=2)), dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(rows, rows[::-1]) and np.array_equal(rows[:, 0], rows[:, 1])
    assert rows[0, 0] == 0 and np.all(np.diff(rows[:240, 0]) > 0)
    assert np.all(rows[240:-240] == 1)
