"""What this machine has of all that a film needs, and what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seedance_pipe import packaged
from seedance_pipe.errors import Missing

_ROOM_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is `ok`, `note` (something that only some uses need) or `missing`."""

    what: str
    state: str
    detail: str


def findings_here(environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> list[Finding]:
    """Everything looked at, in a fixed order. Sends nothing."""
    return [
        Finding("python", "ok", platform.python_version()),
        _ffmpeg(environ),
        _pyav(),
        _schemas(),
        *_keys(environ),
        _certificates(environ),
        _room(folder or Path.cwd()),
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
    from seedance_pipe.vendor.registry import VENDORS

    for adapter in VENDORS.values():
        facts = adapter.FACTS
        here = environ.get(facts.base_variable)
        where = f" for {here}" if here else ""
        if environ.get(facts.key_variable):
            yield Finding(facts.title, "ok", f"{facts.key_variable} is set{where}")
        else:
            yield Finding(facts.title, "note", f"{facts.key_variable} is not set: only --sandbox will run")


def _certificates(environ: Mapping[str, str]) -> Finding:
    named = environ.get("SSL_CERT_FILE")
    if named is None:
        return Finding("certificates", "ok", f"those that come with httpx; {ssl.OPENSSL_VERSION}")
    if Path(named).is_file():
        return Finding("certificates", "ok", f"SSL_CERT_FILE: {named}")
    return Finding("certificates", "missing", f"SSL_CERT_FILE names {named}, which is not there; correct it")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:.1f} GB free in {folder}"
    return Finding("disk", "ok" if free >= _ROOM_BYTES else "note", told)
