"""What goes into the holes of a request: files, hand-off frames, addresses and uploads."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from seedance_pipe.document import Json, freeze
from seedance_pipe.errors import Missing, PipeError, VendorFailed
from seedance_pipe.plan.history import State
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium, Role, Source
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest
from seedance_pipe.vendor.answer import look
from seedance_pipe.vendor.uploads import Uploads, uploads
from tests import builders
from tests.vendor.stage import Reset, Stage, reply
from tests.vendor.world import CLIP, FRAME, World, a_shot, play

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff" + b"jpeg" * 9


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    play(stage)
    stage.on("PUT", "/", reply(200))
    return World(tmp_path, stage)


def local(folder: Path, name: str, content: bytes, type_: str) -> LocalFile:
    path = folder / name
    path.write_bytes(content)
    return LocalFile(path, name, Digest(hashlib.sha256(content).hexdigest()), type_, len(content))


def filled(*sources: tuple[Source, Kind]) -> Shot:
    """A shot that has each source in a hole of its own."""
    media = tuple(
        Medium(Role.REFERENCE, kind, source, ("content", index, "url"), builders.HERE)
        for index, (source, kind) in enumerate(sources)
    )
    holes: Json = freeze([{"url": None} for _ in sources])
    return replace(a_shot(media=media, content=holes))


def sent(world: World) -> list[str]:
    (seen,) = world.stage.asked("POST")
    return [item["url"] for item in seen.json["content"]]


def target(world: World) -> Uploads:
    return Uploads(f"{world.stage.address}/put", "https://files.example/of")


async def test_a_file_goes_into_the_request_and_its_mark_into_the_journal(world: World) -> None:
    png = local(world.folder, "stairs.png", FRAME, "image/png")
    mp3 = local(world.folder, "sea.mp3", b"ID3", "audio/mpeg")
    shot = filled((png, Kind.IMAGE), (mp3, Kind.AUDIO))
    await world.shoot(shot)
    assert sent(world) == [
        f"data:image/png;base64,{base64.b64encode(FRAME).decode()}",
        f"data:audio/mp3;base64,{base64.b64encode(b'ID3').decode()}",
    ]
    request = world.submission(shot).request
    assert look(request, "content") == ({"url": f"sha256:{png.digest}"}, {"url": f"sha256:{mp3.digest}"})


async def test_an_address_is_passed_on_as_it_is_and_never_fetched(world: World) -> None:
    shot = filled((Address("https://a.example/x.png?y=%2f"), Kind.IMAGE), (Address("asset://a"), Kind.VIDEO))
    await world.shoot(shot)
    assert sent(world) == ["https://a.example/x.png?y=%2f", "asset://a"]


@pytest.mark.parametrize(("content", "type_"), [(FRAME, "image/png"), (JPEG, "image/jpeg")])
async def test_a_hand_off_frame_is_told_by_its_bytes(world: World, content: bytes, type_: str) -> None:
    digest = world.put(content)
    await world.shoot(filled((FromShot("sea"), Kind.IMAGE)), digests={"media/0": digest})
    assert sent(world) == [f"data:{type_};base64,{base64.b64encode(content).decode()}"]


async def test_a_hand_off_of_another_kind_is_an_error_before_anything_is_bought(world: World) -> None:
    digest = world.put(b"something else")
    with pytest.raises(PipeError, match="the last frame of shot 'sea' is neither"):
        await world.shoot(filled((FromShot("sea"), Kind.IMAGE)), digests={"media/0": digest})
    assert world.log == []


@pytest.mark.parametrize("change", ["edited", "removed"])
async def test_a_file_that_changes_during_the_run_stops_the_take_before_it_is_bought(
    world: World, change: str
) -> None:
    png = local(world.folder, "stairs.png", FRAME, "image/png")
    if change == "edited":
        png.path.write_bytes(FRAME + b"!")
    else:
        png.path.unlink()
    words = "changed during the run" if change == "edited" else "cannot be read any more"
    with pytest.raises(PipeError, match=f"'stairs.png' {words}") as caught:
        await world.shoot(filled((png, Kind.IMAGE)))
    assert caught.value.next_step
    assert world.log == []


async def test_a_reference_video_is_uploaded_once_a_run_and_read_at_its_public_address(world: World) -> None:
    digest = world.put(CLIP)
    shot = filled((FromShot("sea"), Kind.VIDEO), (FromShot("sea"), Kind.VIDEO))
    await world.shoot(shot, digests={"media/0": digest, "media/1": digest}, uploads=target(world))
    assert sent(world) == [f"https://files.example/of/{digest}.mp4"] * 2
    (put,) = world.stage.asked("PUT")
    assert put.target == f"/put/{digest}.mp4"
    assert put.body == CLIP
    assert put.headers["content-type"] == "video/mp4"
    assert "authorization" not in put.headers
    assert world.log[0] == f"PUT /put/{digest}.mp4"


async def test_takes_that_run_together_share_one_upload(world: World) -> None:
    digest = world.put(CLIP)
    async with world.craft(uploads=target(world)) as craft, anyio.create_task_group() as group:
        for name in ("one", "two", "three"):
            shot = replace(filled((FromShot("sea"), Kind.VIDEO)), id=name, order={"prompt": name})
            scratch = world.folder / name
            scratch.mkdir()
            job = world.job(shot, scratch, {"media/0": digest})
            group.start_soon(craft.perform, job, world.events.append)
    assert len(world.stage.asked("PUT")) == 1
    assert len(world.stage.asked("POST")) == 3


@pytest.mark.parametrize(("type_", "suffix"), [("video/quicktime", "mov"), ("video/mp4", "mp4")])
async def test_an_upload_is_named_by_its_type(world: World, type_: str, suffix: str) -> None:
    video = local(world.folder, "sea.video", b"moov", type_)
    await world.shoot(filled((video, Kind.VIDEO)), uploads=target(world))
    assert world.stage.asked("PUT")[0].target == f"/put/{video.digest}.{suffix}"


async def test_a_video_without_an_upload_target_is_missing_one(world: World) -> None:
    video = local(world.folder, "sea.mp4", CLIP, "video/mp4")
    with pytest.raises(Missing, match="no upload target") as caught:
        await world.shoot(filled((video, Kind.VIDEO)))
    assert "SEEDANCE_UPLOAD_PUT" in caught.value.next_step
    assert world.log == []


async def test_an_upload_is_tried_again_when_its_server_is_in_trouble(world: World) -> None:
    world.stage.on("PUT", "/", [Reset()], reply(503), reply(201))
    video = local(world.folder, "sea.mp4", CLIP, "video/mp4")
    await world.shoot(filled((video, Kind.VIDEO)), uploads=target(world))
    assert len(world.stage.asked("PUT")) == 3


@pytest.mark.parametrize(("status", "times"), [(403, 1), (503, 3), (307, 1)])
async def test_an_upload_that_fails_stops_the_take_before_it_is_bought(
    world: World, status: int, times: int
) -> None:
    world.stage.on("PUT", "/", reply(status, Location="https://elsewhere.example/"))
    video = local(world.folder, "sea.mp4", CLIP, "video/mp4")
    shot = filled((video, Kind.VIDEO))
    with pytest.raises(VendorFailed, match=f"answered {status}"):
        await world.shoot(shot, uploads=target(world))
    assert len(world.stage.asked("PUT")) == times
    assert world.stage.asked("POST") == []
    world.stage.on("PUT", "/", reply(200))
    await world.shoot(shot, uploads=target(world))
    assert world.submission(shot).state is State.STORED


def test_an_upload_target_is_read_from_the_environment() -> None:
    assert uploads({}) is None
    environ = {"SEEDANCE_UPLOAD_PUT": "https://put.example/a/", "SEEDANCE_UPLOAD_PUBLIC": "http://127.0.0.1:9/b"}
    assert uploads(environ) == Uploads("https://put.example/a", "http://127.0.0.1:9/b")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SEEDANCE_UPLOAD_PUT": "https://put.example"}, "SEEDANCE_UPLOAD_PUBLIC is not set"),
        ({"SEEDANCE_UPLOAD_PUBLIC": "https://put.example"}, "SEEDANCE_UPLOAD_PUT is not set"),
        (
            {"SEEDANCE_UPLOAD_PUT": "http://put.example", "SEEDANCE_UPLOAD_PUBLIC": "https://a.example"},
            "SEEDANCE_UPLOAD_PUT is not an address",
        ),
    ],
)
def test_half_an_upload_target_is_missing_the_other_half(environ: dict[str, str], words: str) -> None:
    with pytest.raises(Missing, match=words):
        uploads(environ)
