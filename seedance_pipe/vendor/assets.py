"""Assets: what goes into the holes of a request, which are its pictures, sounds and reference videos.

The journal's copy of a request has the mark `sha256:<digest>` in a hole, which pins the bytes; the bytes are
read, and must still be the same, when the request is sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

import anyio
from anyio import to_thread

from seedance_pipe.document import JsonPath
from seedance_pipe.effects import Effects
from seedance_pipe.errors import Missing, PipeError, VendorFailed
from seedance_pipe.run.craft import Job
from seedance_pipe.spec.medium import Address, FromShot, LocalFile, Medium
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest
from seedance_pipe.vendor.pace import growing
from seedance_pipe.vendor.transport import Cut, Web
from seedance_pipe.vendor.uploads import Uploads

_PUT_SECONDS = 600.0
_PUT_ATTEMPTS = 3
_SUFFIXES = {"image/jpeg": "jpg", "video/quicktime": "mov", "audio/mpeg": "mp3", "audio/x-wav": "wav"}
# What another shot can hand over: the store's own frames and clips, told by their first bytes.
_HANDED = ((0, b"\x89PNG\r\n\x1a\n", "image/png"), (0, b"\xff\xd8\xff", "image/jpeg"), (4, b"ftyp", "video/mp4"))


@dataclass(frozen=True, slots=True)
class _File:
    """A file of ours that fills a hole; `name` is for messages, `type` is None until its bytes are read."""

    path: Path
    name: str
    digest: Digest
    type: str | None


def marks(job: Job, shot: Shot) -> Mapping[JsonPath, str]:
    """What the journal's copy of the request has in its holes: digests of our files, addresses as they are."""
    filled = {}
    for medium, source in _sources(job, shot):
        filled[medium.hole] = source if isinstance(source, str) else f"sha256:{source.digest}"
    return MappingProxyType(filled)


class Assets:
    """Turns the media of takes into what a vendor can read. One for a run: nothing is uploaded twice."""

    def __init__(self, web: Web, target: Uploads | None, *, effects: Effects) -> None:
        self._web = web
        self._target = target
        self._effects = effects
        self._uploading = anyio.Lock()
        self._uploaded: set[Digest] = set()

    async def fill(self, job: Job, shot: Shot, spellings: Mapping[str, str]) -> Mapping[JsonPath, str]:
        """An address or a data URI for each hole. Raises PipeError when a file is not what it was when the
        plan was made, Missing when an upload target is needed and VendorFailed when it does not take a file.
        """
        filled = {}
        for medium, source in _sources(job, shot):
            if isinstance(source, str):
                filled[medium.hole] = source
            elif _inline(shot, medium):
                filled[medium.hole] = await to_thread.run_sync(_data_uri, source, spellings)
            else:
                filled[medium.hole] = await self._public(source)
        return MappingProxyType(filled)

    async def _public(self, file: _File) -> str:
        if self._target is None:
            raise Missing(
                f"{file.name} must lie at an address that the vendor can read, and there is no upload target",
                next_step="set SEEDANCE_UPLOAD_PUT and SEEDANCE_UPLOAD_PUBLIC, or give an https address instead",
            )
        content = await to_thread.run_sync(_content, file)
        type_ = _type(file, content)
        name = f"{file.digest}.{_SUFFIXES.get(type_) or type_.partition('/')[2]}"
        async with self._uploading:
            if file.digest not in self._uploaded:
                await self._put(f"{self._target.put}/{name}", content, type_, file.name)
                self._uploaded.add(file.digest)
        return f"{self._target.public}/{name}"

    async def _put(self, address: str, content: bytes, type_: str, name: str) -> None:
        """The same bytes under the same name: sending them again does no harm."""
        reason = ""
        pauses = growing(1.0, 10.0, self._effects)
        for attempt in range(_PUT_ATTEMPTS):
            if attempt:
                await self._effects.sleep(next(pauses))
            try:
                status = await self._web.put(address, content, type_, deadline=_PUT_SECONDS)
            except Cut as cut:
                reason = str(cut)
                continue
            if 200 <= status < 300:
                return
            reason = f"it answered {status}"
            if status < 500:
                break
        raise VendorFailed(
            f"{name} could not be sent to the upload target: {reason}",
            next_step="check SEEDANCE_UPLOAD_PUT; nothing was bought",
        )


def _sources(job: Job, shot: Shot) -> Iterator[tuple[Medium, str | _File]]:
    """Each medium with the address it has already, or with the file that it is."""
    for index, medium in enumerate(shot.media):
        match medium.source:
            case Address(url=url):
                yield medium, url
            case LocalFile() as file:
                yield medium, _File(file.path, f"'{file.name}'", file.digest, file.type)
            case FromShot(shot=other):
                slot = f"media/{index}"
                what = "the clip" if job.inputs[slot].suffix == ".mp4" else "the last frame"
                yield medium, _File(job.inputs[slot], f"{what} of shot '{other}'", job.digests[slot], None)
            case _ as never:
                assert_never(never)


def _inline(shot: Shot, medium: Medium) -> bool:
    limits = shot.model.media.get(medium.kind)
    return limits is not None and limits.inline


def _content(file: _File) -> bytes:
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise PipeError(
            f"{file.name} cannot be read any more: {error.strerror}", next_step="put it back and run again"
        ) from None
    if hashlib.sha256(content).hexdigest() != file.digest:
        raise PipeError(
            f"{file.name} changed during the run, so it is not what was planned",
            next_step="run again: the plan is made anew, and nothing was bought",
        )
    return content


def _data_uri(file: _File, spellings: Mapping[str, str]) -> str:
    content = _content(file)
    type_ = _type(file, content).lower()
    return f"data:{spellings.get(type_, type_)};base64,{base64.b64encode(content).decode('ascii')}"


def _type(file: _File, content: bytes) -> str:
    if file.type is not None:
        return file.type
    for offset, magic, type_ in _HANDED:
        if content.startswith(magic, offset):
            return type_
    raise PipeError(f"{file.name} is neither PNG nor JPEG nor MP4", next_step="run again to have it made anew")
