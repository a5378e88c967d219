"""What this machine has of all that a film needs, and what it lacks."""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from seedance_pipe import packaged
from seedance_pipe.disk import DISK, Disk
from seedance_pipe.errors import Missing
from seedance_pipe.run.ground import Trust
from seedance_pipe.studio.room import MARGIN_BYTES, ground_of


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is `ok`, `note` (something that only some uses need) or `missing`."""

    what: str
    state: str
    detail: str


def findings_here(
    environ: Mapping[str, str] = os.environ, folder: Path | None = None, disk: Disk = DISK
) -> list[Finding]:
    """Everything looked at, in a fixed order. `folder` is where stories lie, by default the current one. Sends
    nothing.
    """
    here = folder or Path.cwd()
    return [
        Finding("python", "ok", platform.python_version()),
        _ffmpeg(environ),
        _pyav(),
        _schemas(),
        *_keys(environ),
        _uploads(environ),
        _certificates(environ),
        _room(here, disk),
        _ground(here, disk),
    ]


def _ffmpeg(environ: Mapping[str, str]) -> Finding:
    from seedance_pipe.media.ffmpeg import find

    try:
        found = find(environ)
    except Missing as missing:
        return Finding("ffmpeg", "missing", f"{missing.message}; {missing.next_step}")
    return Finding("ffmpeg", "ok", f"{found.version} at {found.path}")


def _pyav() -> Finding:
    import av

    return Finding("PyAV", "ok", av.__version__)


def _schemas() -> Finding:
    from seedance_pipe.studio.models import catalogue

    try:
        folder = packaged.folder("schemas")
    except Missing as missing:
        return Finding("schemas", "missing", f"{missing.message}; {missing.next_step}")
    return Finding("schemas", "ok", f"{len(catalogue().models)} models in {folder}")


def _keys(environ: Mapping[str, str]) -> Iterator[Finding]:
    """One for each vendor: whether its key is set, and the address that it would go to."""
    from seedance_pipe.vendor.account import usable_base
    from seedance_pipe.vendor.registry import VENDORS

    for adapter in VENDORS.values():
        facts = adapter.FACTS
        base = environ.get(facts.base_variable, "").strip() or facts.base
        if not usable_base(base):
            # Not shown: it may hold a password.
            told = f"{facts.base_variable} is not an address that a key may be sent to; correct it"
            yield Finding(facts.title, "missing", told)
        elif environ.get(facts.key_variable, "").strip():
            yield Finding(facts.title, "ok", f"{facts.key_variable} is set; it goes to {base}")
        else:
            told = f"{facts.key_variable} is not set: models of {facts.title} run with --sandbox only"
            yield Finding(facts.title, "note", told)


def _uploads(environ: Mapping[str, str]) -> Finding:
    """Whether there is a place for what a vendor reads at an address only."""
    from seedance_pipe.vendor.uploads import uploads

    try:
        target = uploads(environ)
    except Missing as missing:
        return Finding("uploads", "missing", f"{missing.message}; {missing.next_step}")
    if target is None:
        unset = "SEEDANCE_UPLOAD_PUT and SEEDANCE_UPLOAD_PUBLIC are not set"
        return Finding("uploads", "note", f"{unset}: Runbase can be given no picture without an address")
    return Finding("uploads", "ok", f"files are put at {target.put} and read at {target.public}")


def _certificates(environ: Mapping[str, str]) -> Finding:
    named = environ.get("SSL_CERT_FILE")
    if named is None:
        return Finding("certificates", "ok", f"those that come with httpx; {ssl.OPENSSL_VERSION}")
    if Path(named).is_file():
        return Finding("certificates", "ok", f"SSL_CERT_FILE: {named}")
    return Finding("certificates", "missing", f"SSL_CERT_FILE names {named}, which is not there; correct it")


def _room(folder: Path, disk: Disk) -> Finding:
    free = disk.free(folder)
    told = f"{free / 1e9:.1f} GB free in {folder}"
    if free >= MARGIN_BYTES:
        return Finding("disk", "ok", told)
    return Finding(
        "disk", "note", f"{told}: nothing is bought while less than {MARGIN_BYTES / 1e9:.1f} GB are free"
    )


def _ground(folder: Path, disk: Disk) -> Finding:
    """Whether a lock in `folder` keeps a second run of the same story out."""
    found = ground_of(folder, disk)
    match found.trust:
        case Trust.HOLDS:
            return Finding("locks", "ok", f"{found.kind or 'its file system'} in {folder} keeps a second run out")
        case Trust.HERE_ONLY:
            told = (
                f"{found.kind} in {folder} keeps out runs of this machine, not those of its host or another guest"
            )
            return Finding("locks", "note", told)
        case Trust.UNKNOWN:
            told = (
                f"{found.kind} in {folder} may let two runs in at once: runs that pay want --state on a local disk"
            )
            return Finding("locks", "note", told)
        case _ as never:
            assert_never(never)
