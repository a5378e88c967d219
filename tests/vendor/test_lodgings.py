"""Files of ours that a vendor keeps: sent once, remembered, and sent anew when the vendor may have lost them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import pytest

from seedance_pipe.document import Json, freeze
from seedance_pipe.errors import PipeError, VendorFailed
from seedance_pipe.plan.history import State
from seedance_pipe.run.entry import Kept
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium, Role, Source
from seedance_pipe.spec.model import MediaLimits
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Barred, Failed
from seedance_pipe.vendor.answer import look
from tests import builders
from tests.vendor.acme import FACTS, HOME, Acme, Works
from tests.vendor.stage import Reply, Reset, Seen, Stage, refusal, reply
from tests.vendor.test_canary import written
from tests.vendor.world import ACME_MODEL, CLIP, FRAME, KEY, World, an_acme_shot

pytestmark = pytest.mark.anyio
FILES = f"{HOME}/files"
WEBM = b"\x1a\x45\xdf\xa3" + b"webm" * 9
MOV = b"\x00\x00\x00\x14ftypqt  " + b"moov" * 9


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


@pytest.fixture
def works(stage: Stage) -> Works:
    return Works(stage)


def model(**more: Any) -> Any:
    limits = MediaLimits(inline=False, assets=False, types=(), bytes=10**9, upload=True)
    media: Mapping[Kind, MediaLimits] = MappingProxyType({kind: replace(limits, **more) for kind in Kind})
    return replace(ACME_MODEL, media=media)


def a_shot(*sources: tuple[Source, Kind], name: str = "stairs", prompt: str = "a wave", **limits: Any) -> Shot:
    media = tuple(
        Medium(Role.REFERENCE, kind, source, ("content", index, "url"), builders.HERE)
        for index, (source, kind) in enumerate(sources)
    )
    holes: Json = freeze([{"url": None} for _ in sources])
    return an_acme_shot(name, prompt=prompt, media=media, model=model(**limits), content=holes)


def local(world: World, content: bytes = FRAME, name: str = "stairs.png", type_: str = "image/png") -> LocalFile:
    path = world.folder / name
    path.write_bytes(content)
    return LocalFile(path, name, Digest(hashlib.sha256(content).hexdigest()), type_, len(content))


def kept(world: World) -> Mapping[Digest, Kept]:
    return world.journal.uploads(f"acme {world.account.mark}")


def sent(world: World) -> list[list[str]]:
    return [[item["url"] for item in seen.json["content"]] for seen in world.stage.asked("POST", f"{HOME}/tasks")]


async def test_a_file_goes_to_the_vendor_by_an_upload_and_its_mark_into_the_journal(
    world: World, works: Works
) -> None:
    picture = local(world)
    shot = a_shot((picture, Kind.IMAGE))
    await world.shoot(shot)
    assert sent(world) == [["https://files.acme.example/1"]]
    (upload,) = world.stage.asked("POST", FILES)
    assert upload.headers["authorization"] == f"Bearer {KEY}"
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    for words in (
        f'name="file"; filename="{picture.digest}.png"'.encode(),
        b"Content-Type: image/png",
        b'name="kind"\r\n\r\nimage',
        FRAME,
    ):
        assert words in upload.body
    assert b"stairs" not in upload.body
    assert look(world.submission(shot).request, "content") == ({"url": f"sha256:{picture.digest}"},)
    assert world.log.index(f"POST {FILES}") < world.log.index("intent")


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [
        (FRAME, Kind.IMAGE, "png"),
        (CLIP, Kind.VIDEO, "mp4"),
        (MOV, Kind.VIDEO, "mov"),
        (WEBM, Kind.VIDEO, "webm"),
    ],
)
async def test_what_another_shot_hands_over_is_uploaded_as_what_its_bytes_say(
    world: World, works: Works, content: bytes, kind: Kind, name: str
) -> None:
    digest = world.put(content)
    await world.shoot(a_shot((FromShot("sea"), kind)), digests={"media/0": digest})
    assert f'filename="{digest}.{name}"'.encode() in works.files[0]


async def test_a_clip_that_is_handed_over_is_called_a_clip_whatever_its_name(world: World, works: Works) -> None:
    digest = world.put(b"neither")
    with pytest.raises(PipeError, match="the clip of shot 'sea' is neither"):
        await world.shoot(a_shot((FromShot("sea"), Kind.VIDEO)), digests={"media/0": digest})


@pytest.mark.parametrize(("length", "goes"), [(100, "inside"), (101, "upload")])
async def test_a_small_file_goes_inside_where_the_model_says_so(
    world: World, works: Works, length: int, goes: str
) -> None:
    picture = local(world, b"x" * length)
    await world.shoot(a_shot((picture, Kind.IMAGE), inline=True, inline_bytes=100))
    assert sent(world)[0][0].startswith("data:image/png;base64,") == (goes == "inside")
    assert len(works.files) == (goes == "upload")


async def test_a_large_file_goes_inside_where_there_is_no_other_way(world: World, works: Works) -> None:
    picture = local(world)
    await world.shoot(a_shot((picture, Kind.IMAGE), inline=True, inline_bytes=1, upload=False))
    assert sent(world)[0][0].startswith("data:")


async def test_takes_that_run_together_upload_a_file_once(world: World, works: Works) -> None:
    picture = local(world)
    async with world.craft() as craft, anyio.create_task_group() as group:
        for name in ("one", "two", "three"):
            (world.folder / name).mkdir()
            job = world.job(a_shot((picture, Kind.IMAGE), name=name, prompt=name), world.folder / name, {})
            group.start_soon(craft.perform, job, world.events.append)
    assert len(works.files) == 1
    assert sent(world) == [["https://files.acme.example/1"]] * 3


@pytest.mark.parametrize(("later", "uploads"), [(3599.0, 1), (3600.0, 2)])
async def test_an_upload_is_remembered_for_as_long_as_the_vendor_keeps_it(
    world: World, works: Works, later: float, uploads: int
) -> None:
    picture = local(world)
    await world.shoot(a_shot((picture, Kind.IMAGE)))
    began = kept(world)[picture.digest].at
    world.clock.seconds += later - (world.effects.now() - began)
    world.reopen()
    await world.shoot(a_shot((picture, Kind.IMAGE), prompt="another"))
    assert len(works.files) == uploads


@pytest.mark.parametrize("what", ["key", "base"])
async def test_an_upload_belongs_to_the_account_that_it_was_given_to(
    world: World, works: Works, what: str
) -> None:
    """Another key may be of another account, and behind another address is another service."""
    picture = local(world)
    await world.shoot(a_shot((picture, Kind.IMAGE)))
    ours = world.account
    other = {"key": replace(ours, key=f"another-{KEY}"), "base": replace(ours, base=f"{ours.base}/gateway")}[what]
    world.stage.on("POST", f"{HOME}/gateway/tasks", works.create)
    world.stage.on("POST", f"{HOME}/gateway/files", works.take_in)
    world.stage.on("GET", f"{HOME}/gateway/tasks", works.tell)
    for account, uploads in ((other, 2), (ours, 2), (other, 2)):
        world.reopen()
        world.played = account
        await world.shoot(a_shot((picture, Kind.IMAGE), prompt=f"{uploads} {account.base} {len(world.log)}"))
        assert len(works.files) == uploads
    assert not [text for text in written(world.folder) if KEY.encode() in text]


async def test_an_upload_of_unknown_life_is_remembered_for_one_run(world: World, works: Works) -> None:
    picture, acme = local(world), Acme(replace(FACTS, uploads_kept=None))
    for prompt in ("one", "two"):
        await world.shoot(a_shot((picture, Kind.IMAGE), prompt=prompt), acme=acme)
    assert len(works.files) == 2
    assert kept(world) == {}


async def test_a_signed_address_is_remembered_for_one_run_and_never_shown(
    world: World, stage: Stage, tmp_path: Path
) -> None:
    works = Works(stage, addresses="https://files.acme.example/{number}?sig=canary-signature")
    picture = local(world)

    def echo(seen: Seen) -> Reply:
        (address,) = (item["url"] for item in seen.json["content"])
        return refusal(400, "bad", f"cannot read {address} or {address.partition('?')[0]}?x=1")

    stage.on("POST", f"{HOME}/tasks", echo)
    with pytest.raises(VendorFailed, match=r"cannot read \*\*\* or") as refused:
        await world.shoot(a_shot((picture, Kind.IMAGE)))
    assert "canary-signature" not in str(refused.value) + repr(world.events)
    assert not [text for text in written(tmp_path) if b"canary-signature" in text]
    stage.on("POST", f"{HOME}/tasks", works.create)
    world.reopen()
    await world.shoot(a_shot((picture, Kind.IMAGE)))
    assert len(works.files) == 2


async def test_a_remembered_address_is_hidden_as_well(world: World, works: Works) -> None:
    picture = local(world)
    await world.shoot(a_shot((picture, Kind.IMAGE)))
    world.stage.on("POST", f"{HOME}/tasks", lambda seen: refusal(400, "bad", seen.json["content"][0]["url"]))
    with pytest.raises(VendorFailed, match=r": \*\*\*;"):
        await world.shoot(a_shot((picture, Kind.IMAGE), prompt="another"))


async def test_a_refusal_of_a_request_with_remembered_uploads_makes_the_next_run_upload_anew(
    world: World, works: Works
) -> None:
    picture = local(world)
    await world.shoot(a_shot((picture, Kind.IMAGE)))
    world.stage.on("POST", f"{HOME}/tasks", refusal(400, "mediaExpired", "no such picture"))
    other = a_shot((picture, Kind.IMAGE), prompt="another")
    world.reopen()
    with pytest.raises(VendorFailed, match=r"no such picture; nothing was bought, and the next run uploads"):
        await world.shoot(other)
    assert world.submission(other).state is State.REFUSED
    world.stage.on("POST", f"{HOME}/tasks", works.create)
    world.reopen()
    await world.shoot(other)
    assert len(works.files) == 2
    assert sent(world)[-1] == ["https://files.acme.example/2"]


async def test_a_refusal_of_a_request_with_new_uploads_keeps_them(world: World, works: Works) -> None:
    picture = local(world)
    world.stage.on("POST", f"{HOME}/tasks", refusal(400, "wild", "too wild"))
    with pytest.raises(VendorFailed, match=r"too wild; nothing was bought$"):
        await world.shoot(a_shot((picture, Kind.IMAGE)))
    assert picture.digest in kept(world)


async def test_a_task_that_fails_makes_the_next_run_upload_anew(world: World, works: Works) -> None:
    """The vendor may have accepted the request and thrown the file away, and whether it charged is not sure."""
    picture = local(world)
    shot = a_shot((picture, Kind.IMAGE), (Address("https://example.com/a.png"), Kind.IMAGE))

    class Failing(Acme):
        def progress(self, *_: Any, **__: Any) -> Any:
            return Failed("mediaGone", "no such picture")

    with pytest.raises(VendorFailed, match="no such picture"):
        await world.shoot(shot, acme=Failing())
    assert kept(world) == {}
    world.reopen()
    await world.shoot(shot)
    assert [addresses[0] for addresses in sent(world)] == [f"https://files.acme.example/{n}" for n in (1, 2)]


async def test_a_task_that_cannot_be_asked_after_leaves_uploads_alone(world: World, works: Works) -> None:
    picture = local(world)

    class Barring(Acme):
        def progress(self, *_: Any, **__: Any) -> Any:
            return Barred("key", "no", "look")

    with pytest.raises(VendorFailed):
        await world.shoot(a_shot((picture, Kind.IMAGE)), acme=Barring())
    assert kept(world).keys() == {picture.digest}


async def test_an_upload_that_is_missed_is_tried_again(world: World, works: Works) -> None:
    world.stage.on(
        "POST",
        FILES,
        [Reset()],
        reply(502, b"<html>"),
        refusal(429, "slow", "slower", Retry_After="44"),
        works.take_in,
    )
    await world.shoot(a_shot((local(world), Kind.IMAGE)))
    assert world.clock.slept[:3] == [2.0, 3.0, 44.0]
    assert len(world.stage.asked("POST", f"{HOME}/tasks")) == 1


async def test_an_upload_that_never_succeeds_stops_the_take_before_it_is_bought(
    world: World, works: Works
) -> None:
    world.stage.on("POST", FILES, reply(500))
    with pytest.raises(VendorFailed, match=r"'stairs.png' could not be sent to Acme: it answered 500") as failure:
        await world.shoot(a_shot((local(world), Kind.IMAGE)))
    assert failure.value.next_step == "run again: nothing was bought"
    assert len(world.stage.asked("POST")) == 8
    assert "intent" not in world.log


async def test_a_file_that_the_vendor_does_not_take_is_not_sent_again(world: World, works: Works) -> None:
    world.stage.on("POST", FILES, refusal(400, "badPicture", f"no picture, {KEY}"))
    with pytest.raises(VendorFailed, match=r"Acme does not take 'stairs.png': no picture, \*\*\*") as failure:
        await world.shoot(a_shot((local(world), Kind.IMAGE)))
    assert failure.value.code == "badPicture"
    assert "nothing was bought" in failure.value.next_step
    assert len(world.stage.asked("POST")) == 1


async def test_what_to_do_about_a_file_is_said_in_the_vendors_words_where_it_has_some(
    world: World, works: Works
) -> None:
    class Wordy(Acme):
        def uploaded(self, answer: Any) -> Any:
            return replace(super().uploaded(answer), next_step="make it smaller")

    world.stage.on("POST", FILES, refusal(400, "tooBig"))
    with pytest.raises(VendorFailed) as failure:
        await world.shoot(a_shot((local(world), Kind.IMAGE)), acme=Wordy())
    assert failure.value.next_step == "make it smaller; nothing was bought"
