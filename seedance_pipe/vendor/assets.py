"""Assets: what goes into the holes of a request, which are its pictures, sounds and reference videos.

The journal's copy of a request has the mark `sha256:<digest>` in a hole, which pins the bytes; the bytes are
read, and must still be the same, when the request is sent. A file goes inside the request, to the vendor by
an upload of its own, or to the upload target: whatever the model takes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from anyio import to_thread

from seedance_pipe.document import JsonPath
from seedance_pipe.errors import PipeError
from seedance_pipe.run.craft import Job
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium, SeamPicture
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Upload
from seedance_pipe.vendor.line import Line
from seedance_pipe.vendor.lodgings import Lodgings
from seedance_pipe.vendor.target import UploadTarget

_SUFFIXES = {"image/jpeg": "jpg", "video/quicktime": "mov", "audio/mpeg": "mp3", "audio/x-wav": "wav"}
# What another shot can hand over: the store's own frames and clips, told by their first bytes.
_HANDED = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of ours that fills a hole; `name` is for messages, `type` is None until its bytes are read."""

    path: Path
    name: str
    digest: Digest
    type: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """What goes into the holes of one request. `recalled` are the files of which an earlier upload was used."""

    media: Mapping[JsonPath, str]
    recalled: frozenset[Digest] = frozenset()


def marks(job: Job, shot: Shot) -> Mapping[JsonPath, str]:
    """What the journal's copy of the request has in its holes: digests of our files, addresses as they are."""
    filled = {}
    for medium, source in _sources(job, shot):
        filled[medium.hole] = source if isinstance(source, str) else f"sha256:{source.digest}"
    return MappingProxyType(filled)


class Assets:
    """Turns the media of takes into what a vendor can read. One for a run: nothing is uploaded twice."""

    def __init__(self, target: UploadTarget, lodgings: Lodgings) -> None:
        self._target = target
        self._lodgings = lodgings

    async def fill(self, job: Job, shot: Shot, line: Line) -> Filled:
        """An address, an id or a data URI for each hole. Raises PipeError when a file is not what it was when the
        plan was made, Missing when an upload target is needed, and VendorFailed when a file is not taken.
        """
        filled = {}
        recalled = set()
        for medium, source in _sources(job, shot):
            if isinstance(source, str):
                filled[medium.hole] = source
                continue
            content = await to_thread.run_sync(_content, source)
            upload = _upload(source, content, shot.model.wire)
            if _inline(shot, medium, len(content)):
                filled[medium.hole] = await to_thread.run_sync(_data_uri, upload, line.adapter.FACTS.spellings)
            elif _lodged(shot, medium):
                kept = await self._lodgings.lodge(upload, source.digest, source.name, line)
                filled[medium.hole] = kept.address
                recalled |= {source.digest} if kept.recalled else set()
            else:
                filled[medium.hole] = await self._target.send(upload, source.name)
        return Filled(MappingProxyType(filled), frozenset(recalled))

    def refused(self, filled: Filled, line: Line) -> bool:
        """Forget the uploads of a request that the vendor refused: maybe it does not have them any more. Whether
        there was any.
        """
        for digest in filled.recalled:
            self._lodgings.forget(digest, line)
        return bool(filled.recalled)

    def failed(self, job: Job, shot: Shot, line: Line) -> None:
        """Forget the uploads of a take that the vendor failed to make, for the same reason."""
        for _, source in _sources(job, shot):
            if isinstance(source, _File):
                self._lodgings.forget(source.digest, line)


def _sources(job: Job, shot: Shot) -> Iterator[tuple[Medium, str | _File]]:
    """Each medium with the address it has already, or with the file that it is; none where the vendor has them all
    from the draft.
    """
    for index, medium in enumerate(() if job.step.from_draft else shot.media):
        match medium.source:
            case Address(url=url):
                yield medium, url
            case LocalFile() as file:
                yield medium, _File(file.path, f"'{file.name}'", file.digest, file.type)
            case FromShot(shot=other):
                slot = f"media/{index}"
                what = "the clip" if medium.kind is Kind.VIDEO else "the last frame"
                yield medium, _File(job.inputs[slot], f"{what} of shot '{other}'", job.digests[slot], None)
            case SeamPicture(shot=other):
                slot = f"media/{index}"
                what = f"the picture that is kept beside shot '{other}'"
                yield medium, _File(job.inputs[slot], what, job.digests[slot], None)
            case _ as never:
                assert_never(never)


def _inline(shot: Shot, medium: Medium, length: int) -> bool:
    """Whether the request itself carries a file of so many bytes."""
    limits = shot.model.media.get(medium.kind)
    return limits is not None and (limits.carries(length) or (limits.inline and not limits.upload))


def _lodged(shot: Shot, medium: Medium) -> bool:
    limits = shot.model.media.get(medium.kind)
    return limits is not None and limits.upload


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


def _upload(file: _File, content: bytes, model: str) -> Upload:
    """The file under a name that tells nothing of ours: its digest."""
    type_ = _type(file, content)
    return Upload(f"{file.digest}.{_SUFFIXES.get(type_) or type_.partition('/')[2]}", type_, content, model)


def _data_uri(file: Upload, spellings: Mapping[str, str]) -> str:
    type_ = file.type.lower()
    return f"data:{spellings.get(type_, type_)};base64,{base64.b64encode(file.content).decode('ascii')}"


def _type(file: _File, content: bytes) -> str:
    if file.type is not None:
        return file.type
    for offset, magic, type_ in _HANDED:
        if content.startswith(magic, offset):
            return type_
    raise PipeError(
        f"{file.name} is neither PNG nor JPEG nor MP4 nor MOV nor WebM", next_step="run again to have it made anew"
    )
