"""Clips in other containers than MP4, as one vendor makes them on demand: they chain, and they become films."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from seedance_pipe.media.frame import first_frame, last_frame
from seedance_pipe.media.probe import check_clip
from seedance_pipe.media.seam import SAME_PICTURE, difference
from tests.conftest import Pipe


@pytest.mark.parametrize(
    ("forms", "coded_again"),
    [(("MP4", "WEBM", "MP4"), True), (("WEBM", "WEBM"), True), (("MOV", "MOV"), False), (("MP4", "MOV"), False)],
    ids=["mixed", "webm", "mov", "mp4 and mov"],
)
def test_a_chain_of_clips_in_any_form_becomes_a_film(
    pipe: Pipe, tmp_path: Path, forms: tuple[str, ...], coded_again: bool
) -> None:
    shots = [
        {"id": f"s{number}", "prompt": f"Wave {number}", "params": {"outputFormat": form}}
        | ({"continues": "previous"} if number else {})
        for number, form in enumerate(forms)
    ]
    told = {"version": 1, "model": "runware/seedance-1-0-pro", "defaults": {"duration": 2, "resolution": "480p"}}
    story = tmp_path / "forms.yaml"
    story.write_text(yaml.safe_dump({**told, "shots": shots}))
    ended = pipe("run", story, "--sandbox")
    assert ended.code == 0, ended.err
    assert ("because a clip is WebM" in ended.err) is coded_again
    takes = pipe("status", story, "--sandbox", "--json").json["takes"]
    clips = [Path(take["clip"]) for take in takes]
    assert [clip.suffix == ".webm" for clip in clips] == [form == "WEBM" for form in forms]
    for clip, following in pairwise(clips):
        assert difference(last_frame(clip), first_frame(following)) < SAME_PICTURE
    film = check_clip(tmp_path / "out" / "sandbox" / "forms.mp4")
    frames = sum(check_clip(clip).timing.frames for clip in clips)
    assert (film.demuxer, film.picture.codec) == ("mov", "h264")
    assert frames - len(clips) < film.timing.frames <= frames
