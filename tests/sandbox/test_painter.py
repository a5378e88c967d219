"""Painted clips, decoded and looked at."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from seedance_pipe.sandbox import slate
from seedance_pipe.sandbox.painter import Scene, last_picture, paint, stand_in
from seedance_pipe.sandbox.planes import Moving, Planes
from seedance_pipe.sandbox.tone import tone
from seedance_pipe.units import Size
from tests.sandbox.reading import alike, fitted, frames, legible
from tests.sandbox.stage import PRO, Stage, data_uri, image, picture

SMALL = Size(640, 640)
SCENE = Scene("A wave breaks on black rocks", "seedance-1-0-pro", SMALL, 49, 42, sound=False)
PROMPTS = ("The foam runs back", "A wave breaks on black rocks", "A wave breaks on black rock")


def painted(scene: Scene, folder: Path) -> Path:
    clip = folder / "clip.mp4"
    paint(scene, clip)
    return clip


@pytest.mark.parametrize("size", [Size(864, 480), Size(480, 864), Size(1470, 630), Size(834, 1112)], ids=str)
def test_a_clip_has_the_size_length_and_tags_of_the_order(tmp_path: Path, size: Size) -> None:
    clip = painted(replace(SCENE, size=size, frames=29), tmp_path)
    with av.open(str(clip)) as container:
        (stream,) = container.streams.video
        context = stream.codec_context
        assert (context.name, context.pix_fmt, stream.width, stream.height) == (
            "h264",
            "yuv420p",
            size.width,
            size.height,
        )
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (
            1,
            1,
            1,
            1,
        )
        assert (stream.average_rate, stream.duration * stream.time_base) == (24, Fraction(29, 24))
        assert not container.streams.audio
        kinds = [frame.key_frame for frame in container.decode(stream)]
    assert kinds == [True] + [False] * 28


def test_the_same_scene_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    scene = replace(SCENE, sound=True, frames=29)
    first = painted(scene, tmp_path).read_bytes()
    assert painted(scene, tmp_path).read_bytes() == first
    assert painted(replace(scene, seed=43), tmp_path).read_bytes() != first


def test_a_person_can_read_the_prompt_on_every_frame(tmp_path: Path) -> None:
    seen = frames(painted(SCENE, tmp_path))
    assert {legible(frame, PROMPTS) for frame in seen} == {1}
    assert legible(seen[0], PROMPTS[:1]) is None


def test_the_counter_and_the_bar_move_from_frame_to_frame(tmp_path: Path) -> None:
    seen = frames(painted(SCENE, tmp_path))
    top = slate.strip_box(SMALL).top + slate.strip_box(SMALL).height
    counters = [frame[top : top + 60, -150:] for frame in seen]
    assert min(np.abs(a.astype(int) - b).max() for a, b in pairwise(counters)) > 60
    bars = [int((frame[-3, :, 0] > 200).sum()) for frame in seen]
    assert all(later > sooner for sooner, later in pairwise(bars))
    assert bars[-1] >= SMALL.width - 2


@pytest.mark.parametrize("size", [(640, 400), (400, 640), (3000, 1300)])
def test_a_given_first_picture_is_the_first_frame_and_is_left_slowly(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "first").write_bytes(picture(*size))
    seen = frames(painted(replace(SCENE, first=tmp_path / "first"), tmp_path))
    assert alike(seen[0], fitted(picture(*size), SMALL)) > 38
    assert legible(seen[0], PROMPTS) is None
    assert legible(seen[-1], PROMPTS) == 1
    assert alike(seen[0], seen[1]) > 25


def test_a_given_last_picture_is_reached(tmp_path: Path) -> None:
    (tmp_path / "last").write_bytes(picture(500, 500))
    seen = frames(painted(replace(SCENE, last=tmp_path / "last"), tmp_path))
    assert alike(seen[-1], fitted(picture(500, 500), SMALL)) > 36
    assert legible(seen[20], PROMPTS) == 1


def test_references_stand_on_the_clip(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(picture(400, 400))
    with_one, without = (
        frames(painted(replace(SCENE, references=references), tmp_path))[20]
        for references in ((tmp_path / "one",), ())
    )
    edge, top = slate.margin(SMALL), slate.caption_box(SMALL).top
    thumbnail = fitted(picture(400, 400), Size(40, 40))
    where = slice(top - edge - 40, top - edge), slice(edge, edge + 40)
    assert alike(with_one[where], thumbnail) > 20
    assert alike(without[where], thumbnail) < 15


def test_the_last_picture_is_the_decoded_last_frame(tmp_path: Path) -> None:
    clip = painted(SCENE, tmp_path)
    last_picture(clip, tmp_path / "last.png")
    with Image.open(tmp_path / "last.png") as opened:
        assert (opened.format, opened.size, opened.mode) == ("PNG", (640, 640), "RGB")
        assert alike(np.asarray(opened), frames(clip)[-1]) > 36


def test_a_picture_handed_from_clip_to_clip_keeps_its_levels(tmp_path: Path) -> None:
    """A chain of shots would grow darker or lighter from link to link."""
    clip, handed = painted(SCENE, tmp_path), tmp_path / "last.png"
    last_picture(clip, handed)
    with av.open(str(clip)) as container:
        shown = list(container.decode(video=0))[-1].to_ndarray(format="yuv420p")[: SMALL.height]
    with Image.open(handed) as picture:
        assert abs(float(Planes.of(picture).y.mean()) - float(shown.mean())) < 0.05


def test_sound_is_quiet_and_as_long_as_the_picture(tmp_path: Path) -> None:
    clip = painted(replace(SCENE, sound=True), tmp_path)
    with av.open(str(clip)) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.rate, stream.layout.name) == ("aac", 48_000, "mono")
        assert abs(stream.duration * stream.time_base - Fraction(49, 24)) < 0.03
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])
    assert 0.01 < np.abs(samples).max() < 0.08


def test_other_shots_sound_other_notes() -> None:
    notes = {tone(seed, "x", 480).tobytes() for seed in range(40)}
    assert len(notes) > 5


def test_planes_hold_the_colours_of_bt709() -> None:
    planes = Planes.of(Image.new("RGB", (4, 4), (255, 0, 0)))
    assert (planes.y[0, 0], planes.u[0, 0], planes.v[0, 0]) == (63, 102, 240)
    grey = Planes.of(Image.new("RGB", (4, 130), (128, 128, 128)))
    assert set(grey.flat.tolist()) == {126, 128}


def test_a_dissolve_begins_with_one_picture_and_ends_with_the_other() -> None:
    black, white = (Planes.of(Image.new("RGB", (4, 4), (level, level, level))) for level in (0, 255))
    for share, level in ((0.0, 16), (0.5, 126), (1.0, 235)):
        mixed = Planes.of(Image.new("RGB", (4, 4)))
        mixed.dissolve(white, share)
        assert mixed.y[0, 0] == level
    assert black.y[0, 0] == 16


def test_a_picture_seen_off_its_place_is_mirrored_at_its_edge() -> None:
    row = Planes.empty(Size(8, 8))
    row.flat[:] = 128
    row.y[:] = np.arange(8, dtype=np.uint8)
    seen = Planes.empty(Size(8, 8))
    Moving(row, reach=4).look(seen, 2, 0)
    assert seen.y[0].tolist() == [2, 3, 4, 5, 6, 7, 6, 5]


def test_captions_wrap_cut_and_fold() -> None:
    def same(one: str, other: str) -> bool:
        return slate.caption(one, SMALL).tobytes() == slate.caption(other, SMALL).tobytes()

    assert same("“Hé”—so…", '"He"-so...')
    assert same("", "(no prompt)")
    assert not same("one", "two")
    assert slate.caption("word " * 500, SMALL).size == (
        slate.caption_box(SMALL).width,
        slate.caption_box(SMALL).height,
    )
    assert not same("word " * 500, "word " * 5)
    assert not same("x" * 300, "x" * 20)


def test_wrapped_lines_hold_every_word_and_none_is_too_wide() -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(20)
    text = "A short line\nand " + "w" * 100 + " then more words than fit on one line of this width"
    lines = slate.wrap(text, font, 200)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert max(font.getlength(line) for line in lines) <= 200
    assert lines[0] == "A short line"


def test_a_long_note_still_fits_its_strip() -> None:
    narrow = Size(480, 864)
    assert (
        slate.strip("dreamina-seedance-2-0-fast-260128 | 480x864 | 15.04 s | seed 2147483647", narrow).size[0]
        < 480
    )


def test_a_stand_in_differs_by_its_words() -> None:
    assert stand_in("https://example.com/a.png").tobytes() != stand_in("https://example.com/b.png").tobytes()


def test_a_chain_over_the_api_hands_one_picture_on(sandbox: Stage) -> None:
    """The clip of the second shot begins with the vendor's own last frame of the first."""
    first = sandbox.finished(sandbox.create(PRO, duration=2, ratio="1:1", return_last_frame=True))
    hand_off = sandbox.http.get(first["content"]["last_frame_url"]).content
    words = {"type": "text", "text": PROMPTS[0]}
    second = sandbox.finished(sandbox.create(PRO, words, image(data_uri(hand_off)), duration=2))
    assert second["ratio"] == "1:1"
    seen = frames(sandbox.http.get(second["content"]["video_url"]).content)
    assert len(seen) == 49
    assert alike(seen[0], np.asarray(Image.open(io.BytesIO(hand_off)))) > 38
    assert legible(seen[-1], PROMPTS) == 0


def test_only_a_model_with_sound_that_was_asked_for_it_sounds(sandbox: Stage) -> None:
    def sounds(**fields: object) -> bool:
        url = sandbox.finished(sandbox.create(**{"duration": 4, **fields}))["content"]["video_url"]  # type: ignore[arg-type]
        with av.open(io.BytesIO(sandbox.http.get(url).content)) as container:
            return bool(container.streams.audio)

    assert sounds(model="seedance-1-5-pro-251215")
    assert not sounds(model="seedance-1-5-pro-251215", generate_audio=False)
    assert not sounds(model=PRO)
