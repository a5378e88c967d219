from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import Probe, check_clip, probe
from seedance_pipe.media.frame import last_frame
from seedance_pipe.media.probe import measure
from seedance_pipe.media.sound import placed
from seedance_pipe.sandbox.vendors.modelark.facts import MODELS, Model
from seedance_pipe.units import Size
from tests.media.reel import Camera, pictures

TONE = "sine=440:r=48000"


@pytest.fixture(scope="module")
def plain(camera: Camera) -> Path:
    return camera.shoot("plain.mp4", "-g", "12", sound=TONE, frames=36)


def test_a_plain_clip_is_described_completely(plain: Path) -> None:
    found = check_clip(plain)
    assert found.bytes == plain.stat().st_size
    assert found.picture.codec == "h264" and found.picture.tag == "avc1"
    assert found.shown_size == found.picture.size == Size(160, 96)
    assert found.picture.pixel_format == "yuv420p" and found.picture.aspect == 1
    assert found.picture.header[0] == 1 and found.picture.time_base == Fraction(1, 12288)
    assert found.timing.rate == 24 and found.timing.steady and found.timing.plain
    assert found.timing.frames == 36 and found.timing.seconds == Fraction(3, 2)
    assert found.begins_with_idr and not found.timing.new_header
    assert found.sound is not None
    assert (found.sound.codec, found.sound.rate, found.sound.layout) == ("aac", 48_000, "mono")


def test_a_silent_clip_has_no_sound(camera: Camera) -> None:
    assert check_clip(camera.shoot("silent.mp4", frames=6)).sound is None


def test_pictures_hidden_by_an_edit_list_are_not_counted(camera: Camera, plain: Path) -> None:
    cut = camera.folder / "cut.mp4"
    camera.raw("-ss", "0.7", "-i", plain, "-c", "copy", cut)
    found = check_clip(cut)
    assert not found.timing.plain
    assert found.timing.frames == len(pictures(cut)) < 30


def test_an_edit_list_at_the_tail_hides_pictures_too(camera: Camera, plain: Path) -> None:
    cut = camera.folder / "tail.mp4"
    camera.raw("-i", plain, "-t", "0.6", "-c", "copy", cut)
    assert check_clip(cut).timing.frames == len(pictures(cut))


def test_an_open_gop_at_the_start_is_seen(camera: Camera) -> None:
    whole = camera.shoot("open.mp4", "-x264-params", "open-gop=1:keyint=12:bframes=2:scenecut=0", frames=48)
    cut = camera.folder / "opencut.mp4"
    camera.raw("-ss", "0.6", "-i", whole, "-c", "copy", cut)
    assert probe(whole).begins_with_idr
    assert not probe(cut).begins_with_idr


def test_a_variable_rate_is_seen_and_the_nearest_common_one_named(camera: Camera) -> None:
    path = camera.shoot("vfr.mp4", "-vf", "select='not(eq(mod(n\\,7)\\,3))'", "-fps_mode", "vfr", frames=30)
    found = probe(path).timing
    assert not found.steady
    assert found.frames == 30
    assert found.rate in (24, Fraction(24000, 1001), 25, 16)


@pytest.mark.parametrize(("rate", "clock"), [("24000/1001", 24_000), ("24000/1001", 90_000), ("24", 1_000)])
def test_a_coarse_clock_does_not_make_a_steady_rate_unsteady(camera: Camera, rate: str, clock: int) -> None:
    path = camera.shoot(f"clock{clock}-{rate[:5].strip('/')}.mp4", "-video_track_timescale", str(clock), rate=rate)
    found = probe(path).timing
    assert found.steady
    assert found.rate == Fraction(rate)


def test_a_clip_of_one_picture_has_the_rate_it_states(camera: Camera) -> None:
    found = probe(camera.shoot("one.mp4", frames=1)).timing
    assert (found.frames, found.rate, found.last_is_last) == (1, 24, True)


def test_a_turned_clip_is_shown_upright(camera: Camera, plain: Path) -> None:
    turned = camera.shoot("turned.mp4", frames=6)
    turn(turned, 90)
    found = probe(turned)
    assert found.picture.rotation == 90
    assert found.shown_size == Size(96, 160)


def turn(path: Path, degrees: int) -> None:
    """Writes the matrix of a rotation into the header: no option for it is common to both dialects."""
    matrices = {
        90: (0, -65536, 0, 65536, 0, 0),
        180: (-65536, 0, 0, 0, -65536, 0),
        270: (0, 65536, 0, -65536, 0, 0),
    }
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 4 + 20 + 16
    for index, value in enumerate(matrices[degrees]):
        content[place + 4 * index : place + 4 * index + 4] = value.to_bytes(4, signed=True)
    path.write_bytes(content)


def test_pixels_that_are_not_square_are_shown_square(camera: Camera) -> None:
    assert probe(camera.shoot("wide.mp4", "-vf", "setsar=2/1", frames=2)).shown_size == Size(320, 96)


def test_whether_the_last_picture_is_decoded_last_is_seen(camera: Camera) -> None:
    assert probe(camera.shoot("nob.mp4", "-bf", "0", frames=6)).timing.last_is_last


def test_a_fragmented_clip_is_read(camera: Camera, plain: Path) -> None:
    path = camera.folder / "fragments.mp4"
    camera.raw("-i", plain, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path)
    found = check_clip(path)
    assert found.timing.frames == 36


def test_hevc_is_taken_and_its_first_picture_is_an_idr(camera: Camera) -> None:
    path = camera.folder / "hevc.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=24:d=0.5")
    camera.raw(*source, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", path)
    found = check_clip(path)
    assert found.picture.codec == "hevc" and found.begins_with_idr


def test_other_codecs_are_refused(camera: Camera, plain: Path) -> None:
    path = camera.folder / "mpeg4.mp4"
    camera.raw("-i", plain, "-c:v", "mpeg4", "-an", path)
    with pytest.raises(MediaFailed, match="picture is coded as mpeg4; it must be h264 or hevc"):
        check_clip(path)


def test_sound_in_another_coding_is_refused(camera: Camera, plain: Path) -> None:
    path = camera.folder / "ac3.mp4"
    camera.raw("-i", plain, "-c:v", "copy", "-c:a", "ac3", path)
    with pytest.raises(MediaFailed, match="sound is coded as ac3"):
        check_clip(path)


def test_two_picture_tracks_are_refused(camera: Camera, plain: Path) -> None:
    path = camera.folder / "two.mp4"
    camera.raw("-i", plain, "-map", "0:v", "-map", "0:v", "-c", "copy", path)
    with pytest.raises(MediaFailed, match="2 video streams"):
        check_clip(path)


def test_too_many_streams_are_refused(camera: Camera, plain: Path) -> None:
    path = camera.folder / "many.mp4"
    camera.raw("-i", plain, *["-map", "0:v", *["-map", "0:a"] * 9], "-c", "copy", path)
    with pytest.raises(MediaFailed):
        check_clip(path)


@pytest.mark.parametrize("size", ["6016x16", "4112x4112"])
def test_a_picture_that_is_too_large_is_refused(camera: Camera, size: str) -> None:
    with pytest.raises(MediaFailed, match=f"{size}; at most 6000 a side and 16777216 pixels"):
        check_clip(camera.shoot("huge.mp4", size=size, frames=1))


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)
def test_every_size_that_a_vendor_makes_is_taken(camera: Camera, model: Model) -> None:
    widest = model.size(model.resolutions[-1], "21:9")
    assert check_clip(camera.shoot("widest.mp4", size=str(widest), frames=1)).shown_size == widest


def test_a_clip_that_lasts_too_long_is_refused(camera: Camera) -> None:
    path = camera.shoot("long.mp4", size="16x16", rate="1/2", frames=61, scene="color=black")
    with pytest.raises(MediaFailed, match=r"lasts 122\.0 s; at most 120 s"):
        check_clip(path)


def test_a_clip_with_too_many_pictures_is_refused(camera: Camera) -> None:
    path = camera.shoot("many-frames.mp4", size="16x16", rate="240", frames=7201, scene="color=black")
    with pytest.raises(MediaFailed, match="more than 7200 pictures"):
        check_clip(path)


def test_a_clip_that_weighs_too_much_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "heavy.mp4"
    with path.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(MediaFailed, match="weighs 512 MiB"):
        check_clip(path)


def test_sound_alone_is_no_clip(camera: Camera, plain: Path) -> None:
    path = camera.folder / "sound.mp4"
    camera.raw("-i", plain, "-vn", "-c", "copy", path)
    with pytest.raises(MediaFailed, match="0 video streams"):
        check_clip(path)


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("front", ["+faststart", "frag_keyframe+empty_moov", "0"])
def test_a_clip_that_was_cut_off_is_refused(camera: Camera, plain: Path, share: float, front: str) -> None:
    whole = camera.folder / f"whole-{front.strip('+')[:4]}.mp4"
    camera.raw("-i", plain, "-map", "0:v", "-c", "copy", "-movflags", front, whole)
    cut = camera.folder / "cutoff.mp4"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(MediaFailed):
        check_clip(cut)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_clip_is_described_or_refused_and_nothing_else(plain: Path, data: st.DataObject) -> None:
    content = bytearray(plain.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = plain.with_name("damaged.mp4")
    path.write_bytes(content)
    try:
        found = check_clip(path)
    except MediaFailed:
        return
    assert isinstance(found, Probe)


@pytest.mark.parametrize(("box", "what"), [(b"avc1", "picture"), (b"mp4a", "sound")])
def test_a_stream_that_no_decoder_knows_is_refused(plain: Path, tmp_path: Path, box: bytes, what: str) -> None:
    path = tmp_path / "unknown.mp4"
    content = plain.read_bytes()
    place = content.index(b"stsd", content.rindex(b"moov"))
    path.write_bytes(content[:place] + content[place:].replace(box, b"zzzz").replace(b"esds", b"free"))
    for reader in (check_clip, last_frame, measure, lambda clip: list(placed(clip, count=9, channels=1))):
        if what == "sound" and reader is last_frame:
            continue
        with pytest.raises(MediaFailed, match=f"{what} is coded as something unknown"):
            reader(path)
