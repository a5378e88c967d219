"""Files that are not what their name says: nothing but the file itself may be opened (security G1, S-G)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import check_clip, probe
from seedance_pipe.media.container import VIDEO_CODECS, opened
from seedance_pipe.media.ffmpeg import run
from seedance_pipe.media.filtergraph import Window, normalising
from seedance_pipe.media.format import common_format
from seedance_pipe.media.frame import first_frame, last_frame
from seedance_pipe.media.probe import check_picture, measure
from tests.media.reel import Camera

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:{canary}\n#EXT-X-ENDLIST\n",
    "hls relative": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ncanary.mp4\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile 'canary.mp4'\n",
    "ffconcat absolute": "ffconcat version 1.0\nfile '{canary}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{canary}</BaseURL></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "magic, then a list": "\0\0\0\x14ftypisom\0\0\0\0isomffconcat version 1.0\nfile 'canary.mp4'\n",
    "magic of WebM, then a list": "\x1aE\udcdf\udca3\udc84webmffconcat version 1.0\nfile 'canary.mp4'\n",
}


@pytest.fixture
def canary(camera: Camera, tmp_path: Path) -> Path:
    """A real clip that nobody may touch: its time of access is set back and must stay so."""
    path = tmp_path / "canary.mp4"
    path.write_bytes(camera.shoot("canary-source.mp4", frames=3).read_bytes())
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    path.read_bytes()
    if path.stat().st_atime_ns == 1:
        pytest.skip("this file system does not note when a file was read")
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    return path


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("reader", [check_clip, probe, first_frame, last_frame, measure, check_picture])
def test_a_playlist_named_like_a_clip_reaches_no_second_file(
    canary: Path, name: str, reader: Callable[[Path], object]
) -> None:
    path = canary.with_name("clip.mp4")
    write(path, PLAYLISTS[name].format(canary=canary))
    with pytest.raises(MediaFailed):
        reader(path)
    assert canary.stat().st_atime_ns == 1


@pytest.mark.parametrize("demuxer", VIDEO_CODECS)
@pytest.mark.parametrize("name", PLAYLISTS)
def test_the_container_alone_refuses_playlists_too(canary: Path, name: str, demuxer: str) -> None:
    path = canary.with_name("clip.mp4")
    write(path, PLAYLISTS[name].format(canary=canary))
    with pytest.raises(MediaFailed, match="cannot be read"), opened(path, demuxer=demuxer) as container:
        next(container.demux())
    assert canary.stat().st_atime_ns == 1


@pytest.mark.parametrize("name", PLAYLISTS)
def test_ffmpeg_refuses_what_turned_into_a_playlist_after_it_was_probed(
    camera: Camera, canary: Path, name: str
) -> None:
    found = probe(camera.shoot("before.mp4", frames=3))
    path = canary.with_name("clip.mp4")
    write(path, PLAYLISTS[name].format(canary=canary))
    result = canary.with_name("result.mov")
    arguments = normalising(path, result, clip=found, target=common_format([found]), window=Window(3, 0))
    with pytest.raises(MediaFailed, match="ffmpeg failed"):
        anyio.run(partial(run, camera.tool, arguments, deadline=20))
    assert canary.stat().st_atime_ns == 1


@pytest.mark.parametrize(
    "name", ["-y.mp4", "it's\n.mp4", "a:b.mp4", "q\"uo'te.mp4", "concat:a|b.mp4", "%03d.mp4", "é [x].mp4"]
)
def test_a_name_is_never_an_option_a_protocol_or_a_pattern(
    camera: Camera, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.write_bytes(camera.shoot("named.mp4", frames=3).read_bytes())
    found = check_clip(path)
    assert last_frame(path).size == (160, 96)
    result = Path(f"out {name}")
    arguments = normalising(path, result, clip=found, target=common_format([found]), window=Window(3, 0))
    anyio.run(partial(run, camera.tool, arguments, deadline=20))
    assert probe(result).timing.frames == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + b"\0" * 64,
        b"\0\0\0\x18ftypmp42",
        b"\x1aE\xdf\xa3",
        b"\x1aE\xdf\xa3\xff",
        b"\x1aE\xdf\xa3\x80\x18S\x80g",
        b"\x1aE\xdf\xa3\x01\0\0\0\0\xff\xff\xff\x18S\x80g",
        b"\0\0\0\x08ftyp" + b"\xff" * 4096,
        b"RIFF\0\0\0\0WAVE",
        b"ID3" + b"\0" * 99,
    ],
)
def test_files_that_are_hardly_anything_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    for reader in (check_clip, measure, check_picture):
        with pytest.raises(MediaFailed):
            reader(path)
