from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image

from seedance_pipe.errors import MediaFailed, Missing
from seedance_pipe.media.clip import probe
from seedance_pipe.media.craft import craft
from seedance_pipe.media.ffmpeg import Ffmpeg
from seedance_pipe.media.format import Way, read_format
from seedance_pipe.media.frame import first_frame, last_frame, save_png
from seedance_pipe.media.seam import SAME_PICTURE, difference
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.run.event import Event, Moved
from seedance_pipe.units import Size
from tests.media.reel import X264, Bench, Camera, facts, loudness, pictures, samples
from tests.media.test_clip import turn

pytestmark = pytest.mark.anyio

TONE = "sine=440:r=48000"
LOUD_STEREO = "aevalsrc=0.5*sin(2*PI*440*t)|0.5*sin(2*PI*880*t):s=44100"


def unneeded() -> Ffmpeg:
    raise Missing("ffmpeg was asked for")


def frame_of(clip: Path, folder: Path, name: str = "handed.png") -> Path:
    save_png(last_frame(clip), folder / name)
    return folder / name


def follower(camera: Camera, clip: Path, name: str, *options: str, sound: bool = False) -> Path:
    """A clip that begins with the last frame of `clip`, as a vendor makes one: coded anew."""
    still = frame_of(clip, camera.folder, f"{name}.png")
    path = camera.folder / name
    heard = ("-f", "lavfi", "-t", "0.5", "-i", TONE) if sound else ()
    still_input = ("-loop", "1", "-framerate", "24", "-t", "0.5", "-i", still)
    motion = "format=yuv420p,rotate='0.4*n/12':fillcolor=red"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-c:a", "aac", "-frames:v", "12")
    camera.raw(*still_input, *heard, "-vf", motion, *coding, *options, path)
    return path


async def test_a_uniform_film_is_copied_bit_by_bit_and_needs_no_ffmpeg_without_sound(
    camera: Camera, tmp_path: Path
) -> None:
    bench = Bench(tmp_path, craft(unneeded))
    clips = [camera.shoot("u1.mp4", frames=14), camera.shoot("u2.mp4", frames=15, scene="testsrc")]
    film = await bench.film(*clips)
    assert facts(film) == ("160x96", "24", 29 / 24, 0)
    expected = [picture for clip in clips for picture in pictures(clip)]
    assert all(np.array_equal(*pair) for pair in zip(pictures(film), expected, strict=True))
    assert film.read_bytes().index(b"moov") < film.read_bytes().index(b"mdat")


async def test_hevc_clips_are_copied_under_the_tag_that_they_have(camera: Camera, bench: Bench) -> None:
    clip = camera.folder / "hvc1.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=24:d=0.5", "-f", "lavfi", "-i", f"{TONE}:d=0.5")
    camera.raw(*source, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none", "-c:a", "aac", clip)
    film = await bench.film(clip, clip)
    assert probe(film).picture.tag == "hvc1"
    assert len(pictures(film)) == 24


async def test_a_copied_clip_is_the_very_same_file(camera: Camera, bench: Bench) -> None:
    clip = camera.shoot("u1.mp4", frames=14)
    common = await bench.make(StepKind.FORMAT, clip_0=clip)
    assert await bench.make(StepKind.CLIP, clip=clip, format=common) == clip


async def test_sound_is_as_long_as_the_pictures_and_coded_once(camera: Camera, bench: Bench) -> None:
    clips = [camera.shoot(f"s{n}.mp4", sound=TONE, frames=n) for n in (13, 24, 7)] * 3
    film = await bench.film(*clips)
    found = probe(film)
    assert found.timing.frames == 132
    assert found.sound is not None
    assert abs(found.sound.seconds - Fraction(132, 24)) <= Fraction(30, 1000)
    assert (found.sound.codec, found.sound.rate, found.sound.channels) == ("aac", 48_000, 1)
    assert not bench.notes


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_silent_clip_is_silent_in_its_place_only(
    camera: Camera, bench: Bench, order: tuple[int, int]
) -> None:
    clips = [camera.shoot("quiet.mp4", frames=24), camera.shoot("heard.mp4", sound=TONE, frames=24)]
    row = samples(await bench.film(*(clips[index] for index in order)))[0]
    halves = [loudness(row[4_000:44_000]), loudness(row[52_000:92_000])]
    assert halves[order.index(0)] < 0.001
    assert halves[order.index(1)] == pytest.approx(0.088, abs=0.01)


async def test_mono_beside_stereo_keeps_its_level(camera: Camera, bench: Bench) -> None:
    clips = [
        camera.shoot("m.mp4", sound="aevalsrc=0.5*sin(2*PI*440*t):s=48000", frames=24),
        camera.shoot("st.mp4", sound=LOUD_STEREO, frames=24),
    ]
    rows = samples(await bench.film(*clips))
    assert rows.shape[0] == 2
    for row in rows:
        assert loudness(row[4_000:44_000]) == pytest.approx(0.354, abs=0.015)
        assert loudness(row[52_000:92_000]) == pytest.approx(0.354, abs=0.015)


async def test_the_same_clips_give_the_same_film(camera: Camera, bench: Bench) -> None:
    clips = [camera.shoot("d1.mp4", sound=TONE), camera.shoot("d2.mp4", "-g", "5", frames=9)]
    assert (await bench.film(*clips)).read_bytes() == (await bench.film(*clips)).read_bytes()


MIXED = {
    "another size": ({"size": "96x160"}, ()),
    "another rate": ({"rate": "30"}, ()),
    "another clock": ({}, ("-video_track_timescale", "90000")),
    "other settings": ({}, ("-x264-params", "ref=5:cabac=1", "-preset", "medium")),
    "ten bits": ({}, ("-pix_fmt", "yuv420p10le")),
    "full range": ({}, ("-pix_fmt", "yuvj420p")),
    "no steady rate": ({}, ("-vf", "select='not(eq(mod(n\\,7)\\,3))'", "-fps_mode", "vfr")),
    "other pixels": ({}, ("-vf", "setsar=2/1")),
}


@pytest.mark.parametrize("name", MIXED)
async def test_clips_that_differ_are_brought_to_the_first_ones_format(
    camera: Camera, bench: Bench, name: str
) -> None:
    settings, options = MIXED[name]
    first = camera.shoot("first.mp4", frames=20)
    odd = camera.shoot("odd.mp4", *options, sound=TONE, frames=25, **settings)
    film = await bench.film(first, odd)
    expected = 20 + round(probe(odd).timing.seconds * 24)
    found = probe(film)
    assert found.picture.size == Size(160, 96) and found.timing.rate == 24 and found.timing.steady
    assert found.timing.frames == len(pictures(film)) == expected
    assert found.picture.colour.matrix == 1 and found.picture.pixel_format == "yuv420p"
    assert found.sound is not None and abs(found.sound.seconds - Fraction(expected, 24)) <= Fraction(30, 1000)
    assert bench.notes[0].startswith("all clips are coded again as 160x96 at 24 frames per second, because")
    unlike = np.abs(pictures(film)[5] - pictures(first)[5]).mean()
    assert unlike < 3


async def test_a_film_of_several_formats_is_made_twice_the_same(camera: Camera, bench: Bench) -> None:
    clips = [camera.shoot("t1.mp4", sound=TONE, frames=8), camera.shoot("t2.mp4", size="96x96", frames=8)]
    assert (await bench.film(*clips)).read_bytes() == (await bench.film(*clips)).read_bytes()


async def test_a_turned_clip_stands_upright_in_the_film(camera: Camera, bench: Bench) -> None:
    clip = camera.shoot("turn.mp4", frames=6)
    turn(clip, 90)
    film = await bench.film(clip, clip)
    assert probe(film).picture.size == Size(96, 160) and probe(film).picture.rotation == 0
    assert difference(first_frame(film), first_frame(clip)) < 1


async def test_a_picture_of_another_shape_gets_black_bars(camera: Camera, bench: Bench) -> None:
    white = "color=white"
    clips = [camera.shoot("w1.mp4", frames=3), camera.shoot("w2.mp4", size="48x96", scene=white, frames=3)]
    last = pictures(await bench.film(*clips))[-1]
    assert last[:, :50].max() < 20 and last[:, -50:].max() < 20
    assert last[:, 60:100].min() > 230


async def test_a_doubled_picture_is_dropped_from_the_copied_clip_before_it(camera: Camera, bench: Bench) -> None:
    one = camera.shoot("seam1.mp4", "-bf", "0", frames=12, sound=TONE)
    two = camera.folder / "seam2.mp4"
    camera.raw(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x96:r=24,trim=start_frame=11,setpts=PTS-STARTPTS",
        "-frames:v",
        "12",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-bf",
        "0",
        "-b_strategy",
        "0",
        two,
    )
    film = await bench.film(one, two, seams={1: frame_of(one, bench.folder)})
    assert len(pictures(film)) == 23
    assert bench.notes == [
        note for note in bench.notes if note.startswith("clip 2: the picture that both clips show was left out")
    ]
    assert len(bench.notes) == 1
    found = probe(film)
    assert found.sound is not None and abs(found.sound.seconds - Fraction(23, 24)) <= Fraction(30, 1000)


async def test_a_doubled_picture_that_a_copy_cannot_lose_is_held(camera: Camera, bench: Bench) -> None:
    one = camera.shoot("held.mp4", "-bf", "2", "-x264-params", "scenecut=0", frames=13)
    assert not probe(one).timing.last_is_last
    still = frame_of(one, bench.folder)
    save_png(first_frame(one), still)
    film = await bench.film(one, one, seams={1: still})
    assert len(pictures(film)) == 26
    assert "is held for two frames" in bench.notes[0]


async def test_a_clip_that_begins_otherwise_loses_nothing(camera: Camera, bench: Bench) -> None:
    one = camera.shoot("other.mp4", "-bf", "0", frames=12)
    Image.new("RGB", (160, 96), "white").save(bench.folder / "white.png")
    film = await bench.film(one, one, seams={1: bench.folder / "white.png"})
    assert len(pictures(film)) == 24
    assert "no frame was left out" in bench.notes[0]


@pytest.mark.parametrize("sound", [True, False])
async def test_a_clip_that_is_coded_again_loses_its_doubled_first_picture(
    camera: Camera, bench: Bench, sound: bool
) -> None:
    one = camera.shoot("n1.mp4", "-g", "6", frames=24, rate="25")
    two = follower(camera, one, f"n2-{sound}.mp4", sound=sound)
    film = await bench.film(one, two, seams={1: frame_of(one, bench.folder)})
    shown = pictures(film)
    assert len(shown) == 24 + round(0.5 * 25) - 1
    assert any("was left out once" in note for note in bench.notes)
    assert bool(probe(film).sound) is sound


async def test_a_normalised_clip_of_another_scene_keeps_its_first_picture(camera: Camera, bench: Bench) -> None:
    one, two = (
        camera.shoot("k1.mp4", frames=6),
        camera.shoot("k2.mp4", size="96x96", scene="color=white", frames=6),
    )
    film = await bench.film(one, two, seams={1: frame_of(one, bench.folder)})
    assert len(pictures(film)) == 12
    assert any("no frame was left out" in note for note in bench.notes)


async def test_a_frame_of_another_shape_is_known_again_in_the_clip_that_was_cut_from_it(
    camera: Camera, bench: Bench
) -> None:
    wide = camera.shoot("wide.mp4", frames=6)
    tall = camera.folder / "tall.mp4"
    cut = "crop=54:96,tpad=stop=-1:stop_mode=clone"
    camera.raw(
        "-loop", "1", "-i", frame_of(wide, bench.folder), "-vf", cut, "-r", "24", "-frames:v", "6", *X264, tall
    )
    film = await bench.film(wide, tall, seams={1: frame_of(wide, bench.folder)})
    assert len(pictures(film)) == 11
    assert any("was left out once" in note for note in bench.notes)


async def test_no_click_is_heard_where_two_clips_meet(camera: Camera, bench: Bench) -> None:
    high = "aevalsrc=0.5*cos(2*PI*440*t):s=48000"
    low = "aevalsrc=-0.5*cos(2*PI*220*t):s=48000"
    row = samples(await bench.film(camera.shoot("high.mp4", sound=high), camera.shoot("low.mp4", sound=low)))[0]
    steps = np.abs(np.diff(row))
    assert steps[47_000:49_000].max() <= 1.1 * steps[10_000:40_000].max()
    assert loudness(row[48_300:90_000]) == pytest.approx(0.354, abs=0.01)


async def test_a_clip_of_one_picture_is_never_dropped_whole(camera: Camera, bench: Bench) -> None:
    one, two = camera.shoot("l1.mp4", frames=6), camera.shoot("l2.mp4", size="320x192", frames=1)
    save_png(first_frame(two), bench.folder / "same.png")
    assert len(pictures(await bench.film(one, two, seams={1: bench.folder / "same.png"}))) == 7


def test_the_threshold_lies_between_a_picture_coded_again_and_another_scene(camera: Camera) -> None:
    clear = camera.shoot("clear.mp4", "-crf", "1", frames=2)
    poor = camera.shoot("poor.mp4", "-crf", "35", frames=2)
    other = camera.shoot("scene.mp4", scene="smptebars", frames=2)
    assert difference(first_frame(clear), first_frame(poor)) < SAME_PICTURE / 2
    assert difference(first_frame(clear), first_frame(other)) > SAME_PICTURE * 3


async def test_the_format_file_says_what_all_clips_become(camera: Camera, bench: Bench) -> None:
    one = camera.shoot("f1.mp4", sound=TONE)
    assert read_format(await bench.make(StepKind.FORMAT, clip_0=one)).way is Way.COPY


async def test_clips_are_taken_in_film_order_beyond_ten(camera: Camera, tmp_path: Path) -> None:
    bench = Bench(tmp_path, craft(unneeded))
    clips = [camera.shoot(f"order{n}.mp4", "-bf", "0", frames=n + 1) for n in range(11)]
    levels = [picture.mean() for clip in clips for picture in pictures(clip)]
    assert [picture.mean() for picture in pictures(await bench.film(*clips))] == levels


async def test_the_vendors_own_last_frame_is_passed_on_as_it_is(camera: Camera, bench: Bench) -> None:
    clip = camera.shoot("v.mp4")
    given = bench.folder / "given.jpg"
    Image.new("RGB", (320, 192), "red").save(given)
    assert await bench.make(StepKind.FRAME, clip=clip, last_frame=given) == given


@pytest.mark.parametrize("wrong", ["shape", "content"])
async def test_a_vendors_frame_that_cannot_be_one_is_replaced_by_ours(
    camera: Camera, bench: Bench, wrong: str
) -> None:
    clip = camera.shoot("v.mp4")
    given = bench.folder / "given.png"
    Image.new("RGB", (100, 100), "red").save(given)
    if wrong == "content":
        given.write_bytes(b"<html>gone</html>")
    taken = await bench.make(StepKind.FRAME, clip=clip, last_frame=given)
    with Image.open(taken) as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(last_frame(clip)))
    assert bench.notes[0].startswith("the vendor's last frame is not used: ")


async def test_without_a_vendors_frame_the_clips_own_is_taken(camera: Camera, bench: Bench) -> None:
    clip = camera.shoot("v.mp4")
    with Image.open(await bench.make(StepKind.FRAME, clip=clip)) as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(last_frame(clip)))


async def test_progress_goes_from_nothing_to_all_and_never_back(camera: Camera, bench: Bench) -> None:
    await bench.film(camera.shoot("p1.mp4", sound=TONE), camera.shoot("p2.mp4", size="96x96"))
    steps: dict[str, list[float]] = {}
    for event in bench.events:
        if isinstance(event, Moved):
            assert event.fraction is not None and 0 <= event.fraction <= 1
            steps.setdefault(event.status, []).append(event.fraction)
    assert set(steps) == {"reading", "coding", "joining"}
    assert steps["joining"] == sorted(steps["joining"])


async def test_a_missing_ffmpeg_is_missing_only_where_one_is_needed(camera: Camera, tmp_path: Path) -> None:
    bench = Bench(tmp_path, craft(unneeded))
    with pytest.raises(Missing):
        await bench.film(camera.shoot("s13.mp4", sound=TONE, frames=13))


async def test_a_broken_clip_fails_its_step_and_nothing_is_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, craft(unneeded))
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x08ftyp")
    with pytest.raises(MediaFailed):
        await bench.make(StepKind.FORMAT, clip_0=tmp_path / "broken.mp4")
    assert list(bench.kept.values()) == [tmp_path / "broken.mp4"]


async def test_a_folder_that_cannot_be_written_to_is_told_with_a_next_step(camera: Camera, bench: Bench) -> None:
    job = bench.job(StepKind.FORMAT, {"clip/0": camera.shoot("disk.mp4", frames=3)})
    job.scratch.rmdir()
    with pytest.raises(MediaFailed, match=r"format\.json: No such file or directory") as caught:
        await bench.craft.perform(job, bench.events.append)
    assert "free space" in caught.value.next_step


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
async def test_a_full_disk_is_told_with_a_next_step(camera: Camera, bench: Bench) -> None:
    job = bench.job(StepKind.FRAME, {"clip": camera.shoot("full.mp4", frames=3)})
    (job.scratch / "frame.png").symlink_to("/dev/full")
    with pytest.raises(MediaFailed, match="No space left") as caught:
        await bench.craft.perform(job, bench.events.append)
    assert "free space" in caught.value.next_step


async def test_an_ffmpeg_that_was_removed_in_the_meantime_is_told(camera: Camera, tmp_path: Path) -> None:
    gone = replace(camera.tool, path=tmp_path / "gone")
    bench = Bench(tmp_path, craft(lambda: gone))
    with pytest.raises(MediaFailed, match="gone: No such file"):
        await bench.film(camera.shoot("s13.mp4", sound=TONE, frames=13))


async def test_takes_are_not_made_here(bench: Bench) -> None:
    with pytest.raises(ValueError, match="takes are made by vendors"):
        await bench.make(StepKind.TAKE)


async def test_joining_can_be_cancelled_between_two_clips(camera: Camera, bench: Bench) -> None:
    clip = camera.shoot("c.mp4", sound=TONE, frames=24)
    common = await bench.make(StepKind.FORMAT, clip_0=clip)
    clips = {f"clip/{index}": clip for index in range(2_000)}
    job = bench.job(StepKind.FILM, {"format": common, **clips})
    bench.events.clear()
    async with anyio.create_task_group() as group:

        def tell(event: Event) -> None:
            bench.events.append(event)
            if isinstance(event, Moved) and event.fraction:
                group.cancel_scope.cancel()

        group.start_soon(bench.craft.perform, job, tell)
    told = [event.fraction for event in bench.events if isinstance(event, Moved)]
    assert told == [0, 1 / 4_000]
