"""Downloads that break in every way a server can break them."""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, VendorFailed
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.vendor.download import Bounds, Downloads, Fetched, look_up
from seedance_pipe.vendor.transport import Web, trust
from tests.vendor.stage import Act, Pause, Reply, Reset, Seen, Stage, reply
from tests.vendor.world import Clock

pytestmark = pytest.mark.anyio
CONTENT = bytes(range(256)) * 2000
ETAG = '"abc"'


async def nobody(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(-2, "Name or service not known")


async def fetch(
    stage: Stage,
    folder: Path,
    *,
    address: str = "/clip.mp4?sig=canary",
    bounds: Bounds | None = None,
    clock: Clock | None = None,
    disk: Disk = DISK,
    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = nobody,
) -> Fetched:
    url = stage.address + address if address.startswith("/") else address
    async with Web(context=trust({})) as web:
        effects = replace((clock or Clock()).effects(), disk=disk)
        downloads = Downloads(web, effects=effects, bounds=bounds, resolve=resolve)
        return await downloads.fetch(url, folder / "clip.mp4", loopback=stage.address)


def cut(at: int, *, tag: str = ETAG) -> Reply:
    """The content with its whole length announced, which ends after `at` bytes."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\nETag: {tag}\r\n\r\n".encode()
    return [head + CONTENT[:at]]


def ranged(seen: Seen) -> Reply:
    """What a server does that honours Range and If-Range."""
    start = seen.headers.get("range", "")
    if not start or seen.headers.get("if-range") != ETAG:
        return reply(200, CONTENT, ETag=ETAG)
    first = int(start.removeprefix("bytes=").rstrip("-"))
    where = f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}"
    return reply(206, CONTENT[first:], ETag=ETAG, Content_Range=where)


async def test_a_download_is_whole_or_absent(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", reply(200, CONTENT))
    assert await fetch(stage, tmp_path) is Fetched.WHOLE
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    assert not (tmp_path / "clip.mp4.part").exists()
    (seen,) = stage.seen
    assert seen.target == "/clip.mp4?sig=canary"
    assert "authorization" not in seen.headers


@pytest.mark.parametrize("at", [0, 1, len(CONTENT) // 2, len(CONTENT) - 1])
async def test_a_cut_is_taken_up_where_it_happened(stage: Stage, tmp_path: Path, at: int) -> None:
    stage.on("GET", "/clip.mp4", cut(at), ranged)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    _, second = stage.seen
    assert second.headers.get("range") == (f"bytes={at}-" if at else None)


async def test_after_a_reset_what_had_come_is_not_asked_for_again(stage: Stage, tmp_path: Path) -> None:
    """A reset throws away what the system has not handed on yet."""
    stage.on("GET", "/clip.mp4", [*cut(len(CONTENT) // 2), Pause(0.2), Reset()], ranged)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    _, second = stage.seen
    first = int(second.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    assert 0 <= first <= len(CONTENT) // 2


async def test_several_cuts_add_up(stage: Stage, tmp_path: Path) -> None:
    def again(seen: Seen) -> Reply:
        (act,) = ranged(seen)
        assert isinstance(act, bytes)
        head, _, body = act.partition(b"\r\n\r\n")
        return [head + b"\r\n\r\n" + body[:70_000]]

    stage.on("GET", "/clip.mp4", cut(70_000), again, again, ranged)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    assert [seen.headers.get("range") for seen in stage.seen[1:]] == [
        f"bytes={70_000 * count}-" for count in (1, 2, 3)
    ]


CHANGED: dict[str, Reply] = {
    "the whole again, as if no range was asked for": reply(200, CONTENT, ETag=ETAG),
    "200 instead of 206": reply(200, CONTENT, ETag='"new"'),
    "416": reply(416),
    "another range": reply(206, CONTENT[5:], ETag=ETAG, Content_Range=f"bytes 5-9/{len(CONTENT)}"),
    "another file": reply(206, CONTENT[99:], ETag='"new"', Content_Range=f"bytes 99-9/{len(CONTENT)}"),
    "no range": reply(206, CONTENT[99:], ETag=ETAG),
}


@pytest.mark.parametrize("answer", CHANGED.values(), ids=CHANGED.keys())
async def test_a_download_begins_anew_when_the_rest_does_not_fit(
    stage: Stage, tmp_path: Path, answer: Reply
) -> None:
    stage.on("GET", "/clip.mp4", cut(99), answer, ranged)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("tag", ['W/"abc"', ""])
async def test_without_a_strong_validator_nothing_is_joined(stage: Stage, tmp_path: Path, tag: str) -> None:
    stage.on("GET", "/clip.mp4", cut(99, tag=tag), reply(200, CONTENT))
    await fetch(stage, tmp_path)
    assert "range" not in stage.seen[1].headers
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_address_that_lapses_in_the_middle_is_a_value_and_its_half_goes_into_no_other(
    stage: Stage, tmp_path: Path, status: int
) -> None:
    """The fresh address may lead to another file: nothing of the first half is kept."""
    other = bytes(reversed(CONTENT))
    stage.on("GET", "/clip.mp4", cut(len(CONTENT) // 2), reply(status))
    stage.on("GET", "/fresh.mp4", reply(200, other, ETag='"other"'))
    assert await fetch(stage, tmp_path) is Fetched.LAPSED
    assert not (tmp_path / "clip.mp4").exists()
    assert await fetch(stage, tmp_path, address="/fresh.mp4") is Fetched.WHOLE
    assert (tmp_path / "clip.mp4").read_bytes() == other
    assert "range" not in stage.seen[-1].headers


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "as it ends"])
async def test_a_file_of_just_the_greatest_size_is_taken_and_one_byte_more_is_not(
    stage: Stage, tmp_path: Path, announced: bool
) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + f"Content-Length: {len(CONTENT)}\r\n".encode() * announced + b"\r\n"
    stage.on("GET", "/clip.mp4", [head + CONTENT])
    assert await fetch(stage, tmp_path, bounds=Bounds(size=len(CONTENT))) is Fetched.WHOLE
    (tmp_path / "clip.mp4").unlink()
    with pytest.raises(VendorFailed, match="larger"):
        await fetch(stage, tmp_path, bounds=Bounds(size=len(CONTENT) - 1))
    assert not (tmp_path / "clip.mp4").exists()
    part = tmp_path / "clip.mp4.part"
    assert not part.exists() or part.stat().st_size < len(CONTENT)


async def test_a_body_that_never_ends_is_left_at_the_greatest_size(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", [b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(65_536)] * 64, Pause(9)])
    with pytest.raises(VendorFailed, match="larger than 1 MiB"), anyio.fail_after(5):
        await fetch(stage, tmp_path, bounds=Bounds(size=1 << 20))
    assert (tmp_path / "clip.mp4.part").stat().st_size <= 1 << 20


def test_no_clip_weighs_more_than_half_a_gigabyte() -> None:
    assert Bounds().size == 512 * 1024 * 1024


async def test_a_rest_of_unknown_length_that_is_cut_without_a_word_is_whole_only_for_the_one_who_looks(
    stage: Stage, tmp_path: Path
) -> None:
    """Nothing on the wire says so; the look at the clip does (media.boxes)."""
    rest = [f"HTTP/1.1 206 X\r\nETag: {ETAG}\r\nContent-Range: bytes 99-{len(CONTENT) - 1}/*\r\n\r\n".encode()]
    stage.on("GET", "/clip.mp4", cut(99), [*rest, CONTENT[99:-7]])
    assert await fetch(stage, tmp_path) is Fetched.WHOLE
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT[:-7]


async def test_a_total_that_the_server_does_not_know_is_no_hindrance(stage: Stage, tmp_path: Path) -> None:
    rest = reply(206, CONTENT[99:], ETag=ETAG, Content_Range=f"bytes 99-{len(CONTENT) - 1}/*")
    stage.on("GET", "/clip.mp4", cut(99), rest)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


async def test_a_rest_that_is_too_short_is_not_taken_for_the_end(stage: Stage, tmp_path: Path) -> None:
    short = reply(206, CONTENT[99:200], ETag=ETAG, Content_Range=f"bytes 99-199/{len(CONTENT)}")
    stage.on("GET", "/clip.mp4", cut(99), short, ranged)
    await fetch(stage, tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


async def test_a_body_without_a_length_is_taken_as_it_ends(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", [b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT])
    assert await fetch(stage, tmp_path) is Fetched.WHOLE


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_address_that_is_no_longer_good_is_a_value(stage: Stage, tmp_path: Path, status: int) -> None:
    stage.on("GET", "/clip.mp4", reply(status))
    assert await fetch(stage, tmp_path) is Fetched.LAPSED
    assert len(stage.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_asked_a_few_times_with_growing_pauses(
    stage: Stage, tmp_path: Path, status: int
) -> None:
    clock = Clock()
    stage.on("GET", "/clip.mp4", reply(status))
    with pytest.raises(VendorFailed, match=f"broke 6 times: .* {status}"):
        await fetch(stage, tmp_path, clock=clock)
    assert len(stage.seen) == 6
    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == 5


REFUSED: dict[str, tuple[Reply, str]] = {
    "another status": (reply(400), "answered 400"),
    "packed": (reply(200, gzip.compress(b"x"), Content_Encoding="gzip"), "packed"),
    "announced too large": ([b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nx"], "larger"),
    "grows too large": ([b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000], "larger"),
    "endless redirects": (reply(302, Location="/clip.mp4"), "led on too many times"),
    "to http elsewhere": (reply(302, Location="http://example.com/"), "not https"),
    "to a private address": (reply(302, Location="https://169.254.169.254/meta"), "into this machine"),
    "to a file": (reply(302, Location="file:///etc/passwd"), "not https"),
    "to a user": (reply(302, Location="https://a:b@example.com/"), "user name"),
}


@pytest.mark.parametrize(("answer", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_no_result_may_be_is_refused(stage: Stage, tmp_path: Path, answer: Reply, words: str) -> None:
    stage.on("GET", "/clip.mp4", answer)
    with pytest.raises(VendorFailed, match=words) as caught:
        await fetch(stage, tmp_path, bounds=Bounds(size=4096))
    assert "canary" not in caught.value.message
    assert not (tmp_path / "clip.mp4").exists()


async def test_five_redirects_are_followed_with_their_queries_whole(stage: Stage, tmp_path: Path) -> None:
    for step in range(5):
        stage.on("GET", f"/{step}", reply(302, Location=f"/{step + 1}?sig=%2f{step}"))
    stage.on("GET", "/5", reply(200, CONTENT))
    assert await fetch(stage, tmp_path, address="/0") is Fetched.WHOLE
    assert stage.seen[-1].target == "/5?sig=%2f4"


async def test_an_empty_result_is_no_result(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", reply(200), reply(200, CONTENT))
    assert await fetch(stage, tmp_path) is Fetched.WHOLE


async def test_a_name_without_an_address_is_tried_again(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(VendorFailed, match="Name or service not known"):
        await fetch(stage, tmp_path, address="https://clips.example/x?sig=canary")


def ticking(clock: Clock) -> Callable[[], float]:
    """A clock that moves on by eleven seconds whenever it is looked at."""

    def look() -> float:
        clock.seconds += 11
        return clock.seconds

    return look


async def test_a_drip_below_the_least_rate_is_cut(stage: Stage, tmp_path: Path) -> None:
    clock = Clock()
    drip: list[Act] = [f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode()]
    for _ in range(4):
        drip += [b"x", Pause(0.05)]
    stage.on("GET", "/clip.mp4", drip)
    async with Web(context=trust({})) as web:
        slow = Downloads(
            web, effects=clock.effects(), bounds=Bounds(attempts=2), resolve=nobody, clock=ticking(clock)
        )
        with pytest.raises(VendorFailed, match="less than 10 kB a second"):
            await slow.fetch(f"{stage.address}/clip.mp4", tmp_path / "clip.mp4", loopback=stage.address)


async def test_a_fast_download_may_last_longer_than_a_window(stage: Stage, tmp_path: Path) -> None:
    clock = Clock()
    stage.on("GET", "/clip.mp4", reply(200, CONTENT * 8))
    async with Web(context=trust({})) as web:
        bounds = Bounds(attempts=1, window=30.0, slowest=1000.0)
        fast = Downloads(web, effects=clock.effects(), bounds=bounds, resolve=nobody, clock=ticking(clock))
        await fast.fetch(f"{stage.address}/clip.mp4", tmp_path / "clip.mp4", loopback=stage.address)
    assert clock.seconds > 30


async def test_where_pauses_are_cut_short_a_clip_still_has_its_time(stage: Stage, tmp_path: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode()
    stage.on("GET", "/clip.mp4", [head + CONTENT[:5], Pause(0.2), CONTENT[5:10], Pause(0.2), CONTENT[10:]])
    async with Web(context=trust({})) as web:
        hasty = Downloads(web, effects=hastened(Effects(), 1000), bounds=Bounds(attempts=1), resolve=nobody)
        await hasty.fetch(f"{stage.address}/clip.mp4", tmp_path / "clip.mp4", loopback=stage.address)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


async def test_the_whole_download_has_a_deadline(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", [b"HTTP/1.1 200 OK\r\n\r\n", Pause(9)])
    with pytest.raises(VendorFailed, match=r"not done within 0.3 s"), anyio.fail_after(5):
        await fetch(stage, tmp_path, bounds=Bounds(wall=0.3))


async def test_a_silent_server_is_cut(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", [Pause(9)])
    with pytest.raises(VendorFailed, match="no answer in time"):
        await fetch(stage, tmp_path, bounds=Bounds(window=0.1, attempts=1))


async def test_the_machines_own_resolver_is_asked() -> None:
    assert "127.0.0.1" in await look_up("localhost", 443)


async def test_a_redirect_that_makes_no_sense_is_refused(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", reply(302, Location="http://["))
    with pytest.raises(VendorFailed, match="cannot be read"):
        await fetch(stage, tmp_path)


async def test_a_disk_that_takes_nothing_is_not_blamed_on_the_vendor(stage: Stage, tmp_path: Path) -> None:
    stage.on("GET", "/clip.mp4", reply(200, CONTENT))
    full = os.open("/dev/full", os.O_WRONLY)
    disk = Disk(open=lambda path, flags: full)
    with pytest.raises(PipeError, match=r"clip\.mp4 cannot be written: No space left on device") as failure:
        await fetch(stage, tmp_path, disk=disk)
    assert "make room" in failure.value.next_step
    assert len(stage.seen) == 1
