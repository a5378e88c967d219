"""The one module that starts ffmpeg: it finds one and runs it under limits, leaving no orphan, whatever
becomes of us.

Every option that this program writes means the same from ffmpeg 5.1 to 9.0 (media.md section 2), so no caller
needs to know which one it has; the version is kept for fingerprints and for people.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from seedance_pipe.errors import MediaFailed, Missing

VARIABLE = "SEEDANCE_FFMPEG"
OLDEST_LIBAVUTIL = (57, 28)
"""ffmpeg 5.1, the first with `-fps_mode`. Builds from git name no number, but always their libraries."""

NEEDED_ENCODERS = frozenset({"libx264", "aac", "pcm_f32le"})
GRACE_SECONDS = 2.0
KEPT_STDERR_BYTES = 64 * 1024
MEMORY_BYTES = 4 << 30
FILE_BYTES = 64 << 30

_AGAIN = f"run again; if it fails again, name another ffmpeg in {VARIABLE}"
_INSTALL = f"install ffmpeg 5.1 or newer with libx264, or name one in {VARIABLE}"
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
_ALWAYS = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-y", "-max_alloc", str(256 << 20))
_REPORTING = ("-progress", "pipe:1", "-stats_period", "0.5")
_DIE_WITH = """
import os, signal, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except (ImportError, OSError, AttributeError):
    pass
if os.getppid() == int(sys.argv[1]):
    try:
        os.execv(sys.argv[2], sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")
"""
"""Asks Linux to kill the process as soon as the one that started it is gone, even by kill -9 (PR_SET_PDEATHSIG),
and becomes ffmpeg. ffmpeg itself hears of no closed pipe: it ignores SIGPIPE and works on to its end. It is a
program of its own because nothing of Python may run between fork and exec where there are threads; that costs
20 ms of processor time.
"""


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An ffmpeg that was asked who it is. `size` and `mtime_ns` tell whether `path` is still the same file;
    `environ` is all of the environment that it will see.
    """

    path: Path
    size: int
    mtime_ns: int
    version: str
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a process is: frames and seconds written so far, None while ffmpeg does not say."""

    frames: int | None
    seconds: float | None


def find(environ: Mapping[str, str], *, known: Ffmpeg | None = None) -> Ffmpeg:
    """The ffmpeg to use: SEEDANCE_FFMPEG, else the one on PATH, else the one that imageio-ffmpeg carries.

    One on PATH that is too old is passed over; one that a person named is not. `known` is returned as it is
    while its file is unchanged, so that no process is started. Raises Missing.
    """
    named = environ.get(VARIABLE)
    if named:
        return identify(Path(named), environ, known=known)
    for path in _candidates(environ):
        with suppress(Missing):
            return identify(path, environ, known=known)
    raise Missing("no usable ffmpeg was found", next_step=_INSTALL)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """What of our environment an ffmpeg is given: no key, and nothing that changes its language."""
    return {name: environ[name] for name in _PASSED_ON if name in environ} | {"LC_ALL": "C"}


def identify(path: Path, environ: Mapping[str, str], *, known: Ffmpeg | None = None) -> Ffmpeg:
    """Asks the ffmpeg at `path` for its version and encoders. Raises Missing when it cannot serve."""
    try:
        status = path.stat()
    except OSError as error:
        raise Missing(f"there is no ffmpeg at {path}", next_step=_INSTALL) from error
    allowed = passed_on(environ)
    if known is not None and known == Ffmpeg(path, status.st_size, status.st_mtime_ns, known.version, allowed):
        return known
    # Without -hide_banner one start tells both: the banner on stderr, the encoders on stdout.
    try:
        answer = subprocess.run(
            [str(path), "-encoders"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, env=allowed
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{path} does not run as ffmpeg", next_step=_INSTALL) from error
    banner = answer.stderr.decode("utf-8", "replace")
    version = re.match(r"ffmpeg version (\S+)", banner)
    library = re.search(r"libavutil\s+(\d+)\.\s*(\d+)\.", banner)
    if version is None or library is None:
        raise Missing(f"{path} does not answer like ffmpeg", next_step=_INSTALL)
    if (int(library[1]), int(library[2])) < OLDEST_LIBAVUTIL:
        raise Missing(f"ffmpeg {version[1]} at {path} is too old", next_step=_INSTALL)
    lacking = NEEDED_ENCODERS - set(answer.stdout.decode("utf-8", "replace").split())
    if lacking:
        raise Missing(f"ffmpeg {version[1]} at {path} lacks {', '.join(sorted(lacking))}", next_step=_INSTALL)
    return Ffmpeg(path, status.st_size, status.st_mtime_ns, version[1], allowed)


async def run(
    ffmpeg: Ffmpeg,
    arguments: Sequence[str],
    *,
    deadline: float,
    report: Callable[[Progress], None] | None = None,
    feed: AsyncIterable[bytes] | None = None,
) -> None:
    """Runs ffmpeg to its end, with `feed` as its standard input. `deadline` is in seconds.

    The outputs that `arguments` name are the caller's to check and to keep: exit status 0 proves nothing
    (media.md section 7). Raises MediaFailed with ffmpeg's last words, or what `feed` raises. When the task is
    cancelled the whole process group is ended before the cancellation goes on; on Linux ffmpeg also dies with
    this process, and with the thread that called.
    """
    command = (str(ffmpeg.path), *_ALWAYS, *_REPORTING, *arguments)
    last_words = bytearray()
    try:
        async with _started(command, ffmpeg.environ, deadline) as process:
            with anyio.move_on_after(deadline) as clock:
                async with anyio.create_task_group() as group:
                    group.start_soon(_listen, process.stderr, last_words)
                    group.start_soon(_follow, process.stdout, report)
                    group.start_soon(_pour, feed, process.stdin)
                    await process.wait()
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    if clock.cancelled_caught:
        raise MediaFailed(f"ffmpeg did not finish within {deadline:.0f} s and was stopped", next_step=_AGAIN)
    if process.returncode:
        words = _readable(bytes(last_words))
        raise MediaFailed(f"ffmpeg failed ({process.returncode}): {words}", next_step=_AGAIN)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    on_path = shutil.which("ffmpeg", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path).absolute()
    # Looked up without importing: imageio_ffmpeg's own search reads the real environment and starts processes.
    package = importlib.util.find_spec("imageio_ffmpeg")
    for folder in (package and package.submodule_search_locations) or ():
        yield from sorted(Path(folder).glob("binaries/ffmpeg-*"))


@asynccontextmanager
async def _started(command: Sequence[str], environ: Mapping[str, str], deadline: float) -> AsyncIterator[Process]:
    process = await anyio.open_process(
        (*_watched(), *command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        start_new_session=True,
    )
    async with process:
        try:
            _limit(process.pid, deadline)
            yield process
        finally:
            with anyio.CancelScope(shield=True):
                await _end(process)


def _watched() -> tuple[str, ...]:
    """What a command has before it so that it dies with us; on other systems than Linux it works on to its end."""
    if sys.platform != "linux" or not sys.executable:
        return ()
    return (sys.executable, "-I", "-S", "-c", _DIE_WITH, str(os.getpid()))


def _limit(pid: int, deadline: float) -> None:
    """Caps memory, processor time and file size (security G2).

    Set from outside just after the start: a function run between fork and exec may deadlock where there are
    threads, and the few instructions before the limits hold read no input yet.
    """
    if sys.platform != "linux":
        return
    import resource

    processor_seconds = int(deadline * (os.cpu_count() or 1)) + 1
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(pid, resource.RLIMIT_CPU, (processor_seconds, processor_seconds))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    _signal_group(process, signal.SIGTERM)
    with anyio.move_on_after(GRACE_SECONDS):
        await process.wait()
    if process.returncode is None:
        _signal_group(process, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        await process.wait()


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.terminate()
        else:
            os.killpg(process.pid, number)


async def _listen(stream: ByteReceiveStream | None, kept: bytearray) -> None:
    assert stream is not None
    async for chunk in stream:
        kept += chunk
        del kept[:-KEPT_STDERR_BYTES]


async def _follow(stream: ByteReceiveStream | None, report: Callable[[Progress], None] | None) -> None:
    """Reads blocks of `key=value` lines, each of which ends with the key `progress`."""
    assert stream is not None
    rest = b""
    seen: dict[str, str] = {}
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            key, _, value = line.decode("ascii", "replace").strip().partition("=")
            seen[key] = value
            if key == "progress" and report is not None:
                report(_progress(seen))


def _progress(seen: Mapping[str, str]) -> Progress:
    frames, microseconds = seen.get("frame", ""), seen.get("out_time_us", "")
    return Progress(
        int(frames) if frames.isdigit() else None,
        int(microseconds) / 1e6 if microseconds.isdigit() else None,
    )


async def _pour(feed: AsyncIterable[bytes] | None, stream: ByteSendStream | None) -> None:
    """ffmpeg may close its input early; whether that is a failure is for its exit status to say."""
    assert stream is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        if feed is not None:
            async for chunk in feed:
                await stream.send(chunk)
        await stream.aclose()


def _readable(raw: bytes) -> str:
    """ffmpeg's last lines on one line, without the control characters that a hostile file may put there."""
    lines = [line.strip() for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
    text = "; ".join(lines[-3:]) or "it gave no reason"
    return "".join(letter if letter.isprintable() else " " for letter in text)[-600:]
