from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.colour import Colour, Reading, reading
from seedance_pipe.media.frame import first_frame, last_frame, load, save_png
from tests.media.reel import Camera
from tests.media.test_clip import turn

FLAGS = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
UNTAGGED = "in_color_matrix=bt601:in_range=tv"


def all_frames(camera: Camera, path: Path, how: str = UNTAGGED) -> np.ndarray:
    """Every picture by ffmpeg's own command line, as the measure of what is right."""
    raw = camera.folder / "frames.raw"
    scale = f"scale={how}:out_range=pc:flags={FLAGS},format=rgb24"
    camera.raw("-i", path, "-vf", scale, "-fps_mode", "passthrough", "-f", "rawvideo", raw)
    width, height = first_frame(path).size
    return np.fromfile(raw, dtype=np.uint8).reshape(-1, height, width, 3)


def derive(camera: Camera, name: str) -> Path:
    """The pitfalls of media.md section 4, each as a clip."""
    path = camera.folder / f"last-{name}.mp4"
    whole = camera.shoot("last-whole.mp4", "-g", "12", sound="sine=440:r=48000", frames=40)
    match name:
        case "one gop":
            camera.shoot(path.name, "-g", "999", frames=40)
        case "several gops":
            camera.raw("-i", whole, "-c", "copy", path)
        case "open gop":
            camera.shoot(path.name, "-x264-params", "open-gop=1:keyint=12:scenecut=0", "-bf", "3", frames=40)
        case "b pyramid":
            camera.shoot(path.name, "-x264-params", "b-pyramid=normal", "-bf", "8", frames=40)
        case "vfr":
            camera.shoot(path.name, "-vf", "select='not(eq(mod(n\\,7)\\,3))'", "-fps_mode", "vfr", frames=40)
        case "edit list at the head":
            camera.raw("-ss", "0.7", "-i", whole, "-c", "copy", path)
        case "edit list at the tail":
            camera.raw("-i", whole, "-t", "1.2", "-c", "copy", path)
        case "fragmented":
            camera.raw("-i", whole, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path)
        case "longer sound":
            sound = ("-f", "lavfi", "-i", "sine=440:r=48000:d=5")
            camera.raw("-i", whole, *sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy", path)
        case "one picture":
            camera.shoot(path.name, frames=1)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "one gop",
        "several gops",
        "open gop",
        "b pyramid",
        "vfr",
        "edit list at the head",
        "edit list at the tail",
        "fragmented",
        "longer sound",
        "one picture",
    ],
)
def test_the_first_and_last_frames_are_exact(camera: Camera, name: str) -> None:
    path = derive(camera, name)
    frames = all_frames(camera, path)
    assert np.array_equal(np.asarray(last_frame(path)), frames[-1])
    assert np.array_equal(np.asarray(first_frame(path)), frames[0])


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_gives_upright_frames(camera: Camera, degrees: int) -> None:
    path = camera.shoot(f"turned{degrees}.mp4", frames=5)
    turn(path, degrees)
    taken = np.asarray(last_frame(path)).astype(int)
    expected = all_frames(camera, path)[-1].astype(int)
    assert taken.shape == expected.shape
    assert np.abs(taken - expected).mean() < 0.5


@pytest.mark.parametrize(
    ("options", "how"),
    [
        (("-colorspace", "bt709"), "in_color_matrix=bt709:in_range=tv"),
        (("-colorspace", "smpte170m"), "in_color_matrix=bt601:in_range=tv"),
        (
            ("-vf", "scale=out_range=pc,format=yuvj420p", "-pix_fmt", "yuvj420p", "-color_range", "pc"),
            "in_color_matrix=bt601:in_range=pc",
        ),
        (("-pix_fmt", "yuv444p"), UNTAGGED),
    ],
)
def test_tagged_colours_are_read_as_tagged(camera: Camera, options: tuple[str, ...], how: str) -> None:
    path = camera.shoot("tagged.mp4", *options, frames=3)
    assert np.array_equal(np.asarray(last_frame(path)), all_frames(camera, path, how)[-1])


def test_an_untagged_picture_of_720_lines_is_bt709_and_one_line_group_less_is_bt601(camera: Camera) -> None:
    large = camera.shoot("large.mp4", size="64x720", frames=2)
    assert np.array_equal(
        np.asarray(last_frame(large)), all_frames(camera, large, "in_color_matrix=bt709:in_range=tv")[-1]
    )
    assert not np.array_equal(np.asarray(last_frame(large)), all_frames(camera, large)[-1])
    small = camera.shoot("small.mp4", size="64x704", frames=2)
    assert np.array_equal(np.asarray(last_frame(small)), all_frames(camera, small)[-1])


def test_tags_win_over_the_rule_and_an_unknown_tag_is_none() -> None:
    assert reading(Colour(2, 9, 2, 2), height=100, pixel_format="yuv420p") == Reading("bt2020", "pc")
    assert reading(Colour(0, 99, 2, 2), height=720, pixel_format="yuvj420p") == Reading("bt709", "pc")


def test_a_damaged_end_is_no_last_frame(camera: Camera) -> None:
    """Neither the seek to the end nor the decoding of all may then settle for an earlier picture."""
    content = bytearray(derive(camera, "several gops").read_bytes())
    end = content.index(b"moov") - 4
    content[end - 2_000 : end] = bytes(2_000)
    path = camera.folder / "damaged-end.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaFailed, match="cannot be read"):
        last_frame(path)


def test_a_clip_without_a_picture_has_no_frames(camera: Camera) -> None:
    path = camera.folder / "none.mp4"
    camera.raw("-f", "lavfi", "-i", "testsrc2=s=32x32:d=1", "-c:v", "libx264", "-frames:v", "0", path)
    for taken in (first_frame, last_frame):
        with pytest.raises(MediaFailed):
            taken(path)


def test_the_same_picture_gives_the_same_bytes_as_an_rgb_png(camera: Camera, tmp_path: Path) -> None:
    path = camera.shoot("bytes.mp4", frames=5)
    save_png(last_frame(path), tmp_path / "1.png")
    save_png(last_frame(path), tmp_path / "2.png")
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    with Image.open(tmp_path / "1.png") as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(load(tmp_path / "1.png")), np.asarray(last_frame(path)))
