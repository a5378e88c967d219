from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import probe
from seedance_pipe.media.container import opened, picture_stream
from seedance_pipe.media.format import Format, Way, common_format
from seedance_pipe.media.splice import splice
from seedance_pipe.media.verify import Expected, verify
from seedance_pipe.units import Size
from tests.media.reel import Camera, pictures


def quiet(part: float) -> None:
    assert 0 <= part <= 1


def spliced(clips: list[Path], result: Path, *, droppable: frozenset[int] = frozenset()) -> tuple[int, ...]:
    target = replace(common_format([probe(clip) for clip in clips]), channels=0)
    assert target.way is Way.COPY
    done = splice(clips, result, target=target, droppable=droppable, movflags="+faststart", report=quiet)
    verify(result, Expected("the film", sum(done.frames), target))
    return done.frames


@pytest.mark.parametrize("options", [(), ("-bf", "0"), ("-bf", "8", "-x264-params", "b-pyramid=normal")])
@pytest.mark.parametrize("rate", ["24", "30000/1001"])
def test_a_splice_shows_every_picture_of_every_clip_bit_by_bit(
    camera: Camera, tmp_path: Path, options: tuple[str, ...], rate: str
) -> None:
    one = camera.shoot("one.mp4", *options, rate=rate, frames=31)
    two = camera.shoot("two.mp4", *options, rate=rate, frames=17, scene="testsrc")
    assert spliced([one, two, one], tmp_path / "film.mp4") == (31, 17, 31)
    expected = [*pictures(one), *pictures(two), *pictures(one)]
    assert all(np.array_equal(*pair) for pair in zip(pictures(tmp_path / "film.mp4"), expected, strict=True))


def test_the_same_clips_give_the_same_bytes(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("same.mp4")
    for name in ("a.mp4", "b.mp4"):
        spliced([one, one], tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_last_picture_that_is_decoded_last_is_dropped_without_a_trace(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("nob.mp4", "-bf", "0", frames=12)
    assert spliced([one, one], tmp_path / "film.mp4", droppable=frozenset({0})) == (11, 12)
    expected = [*pictures(one)[:-1], *pictures(one)]
    assert all(np.array_equal(*pair) for pair in zip(pictures(tmp_path / "film.mp4"), expected, strict=True))


def test_a_last_picture_that_others_need_stays(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("withb.mp4", "-bf", "2", "-x264-params", "scenecut=0", frames=13)
    assert not probe(one).timing.last_is_last
    assert spliced([one, one], tmp_path / "film.mp4", droppable=frozenset({0})) == (13, 13)


def test_a_clip_of_one_picture_keeps_it(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("single.mp4", "-bf", "0", frames=1)
    assert spliced([one, one], tmp_path / "film.mp4", droppable=frozenset({0})) == (1, 1)


def test_clips_under_other_headers_are_refused(camera: Camera, tmp_path: Path) -> None:
    one, two = camera.shoot("h1.mp4"), camera.shoot("h2.mp4", size="96x96")
    target = common_format([probe(one)])
    with pytest.raises(MediaFailed, match="does not stand under the film's header"):
        splice([one, two], tmp_path / "film.mp4", target=target, report=quiet)


def test_clips_off_the_grid_are_refused(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("grid.mp4")
    target = replace(common_format([probe(one)]), rate=Fraction(25))
    with pytest.raises(MediaFailed, match="do not fill the film's frames"):
        splice([one], tmp_path / "film.mp4", target=target, report=quiet)


def test_a_film_that_cannot_be_written_says_why(camera: Camera, tmp_path: Path) -> None:
    one = camera.shoot("grid.mp4")
    with pytest.raises(MediaFailed, match="the film cannot be written: No such file"):
        splice([one], tmp_path / "no" / "film.mp4", target=common_format([probe(one)]), report=quiet)


def test_a_depth_that_no_header_states_is_found_on_the_way(camera: Camera, tmp_path: Path) -> None:
    """An encoder need not say how deep it reorders; a first clip of key frames alone then seems to need none."""
    flat = camera.shoot("flat.mp4", "-force_key_frames", "expr:1", frames=12)
    deep = camera.shoot("deep.mp4", frames=24)
    clips = [cut_header(clip, tmp_path / clip.name) for clip in (flat, deep)]
    assert stated_depth(clips[0]) == 0 < stated_depth(clips[1])
    assert spliced(clips, tmp_path / "film.mp4") == (12, 24)


def cut_header(clip: Path, result: Path) -> Path:
    """The clip with an early end of its H.264 sequence parameters: the depth is no longer in them."""
    content = bytearray(clip.read_bytes())
    begin = content.index(b"avcC") + 12
    length = int.from_bytes(content[begin - 2 : begin])
    value = int.from_bytes(content[begin : begin + length])
    value = (value >> 8 << 8) | 1 << 6
    content[begin : begin + length] = value.to_bytes(length)
    result.write_bytes(content)
    return result


def stated_depth(clip: Path) -> int:
    with opened(clip) as container:
        return picture_stream(container).codec_context.reorder_depth


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"size": Size(2, 2)}, "came out 160x96, not 2x2"),
        ({"channels": 1}, "came out with 0 sound tracks"),
        ({"rate": Fraction(25)}, "uneven steps"),
    ],
)
def test_a_result_that_is_not_what_was_planned_is_refused(
    camera: Camera, change: dict[str, object], complaint: str
) -> None:
    path = camera.shoot("planned.mp4")
    planned = replace(Format(Way.COPY, Size(160, 96), Fraction(24), 0), **change)
    with pytest.raises(MediaFailed, match=f"the film.*{complaint}"):
        verify(path, Expected("the film", 24, planned))


def test_a_picture_too_many_is_seen(camera: Camera) -> None:
    planned = Format(Way.COPY, Size(160, 96), Fraction(24), 0)
    with pytest.raises(MediaFailed, match="24 pictures instead of 23"):
        verify(camera.shoot("many.mp4"), Expected("the film", 23, planned))


def test_sound_that_is_longer_than_the_pictures_is_seen(camera: Camera) -> None:
    path = camera.folder / "longsound.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=24:d=1", "-f", "lavfi", "-i", "sine=440:r=48000:d=1.1")
    camera.raw(*source, "-c:v", "libx264", "-c:a", "aac", path)
    with pytest.raises(MediaFailed, match=r"sound lasts 1\.1\d* s and its pictures 1\.000 s"):
        verify(path, Expected("the film", 24, Format(Way.COPY, Size(160, 96), Fraction(24), 1)))
