"""Contact sheets: takes side by side, the same bytes for the same takes, and never over somebody else's file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media import contact
from seedance_pipe.media.contact import ABREAST, MOST_ROWS, Strip, contact_sheet, is_contact_sheet
from seedance_pipe.media.frame import first_frame, middle_frame
from tests.media.reel import Camera
from tests.media.test_frame import all_frames, derive


def strip(clip: Path, number: int = 1, *, picked: bool = False) -> Strip:
    return Strip(clip, (f"wave#{number}", f"seed {number}"), picked)


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture(scope="module")
def clip(camera: Camera) -> Path:
    return camera.shoot("contact.mp4", frames=24)


@pytest.mark.parametrize("name", ["one gop", "open gop", "longer sound", "one picture", "fragmented"])
def test_the_middle_frame_is_the_one_that_is_shown_halfway(camera: Camera, name: str) -> None:
    path = derive(camera, name)
    frames = all_frames(camera, path)
    assert np.array_equal(np.asarray(middle_frame(path)), frames[len(frames) // 2])


def test_the_middle_frame_of_a_clip_that_names_no_duration_of_its_pictures_is_found(camera: Camera) -> None:
    path = camera.folder / "contact.webm"
    camera.raw("-f", "lavfi", "-i", "testsrc2=s=96x64:r=24", "-frames:v", "24", "-c:v", "libvpx", path)
    frames = all_frames(camera, path)
    assert np.array_equal(np.asarray(middle_frame(path)), frames[12])


def test_takes_stand_side_by_side_with_three_frames_each(camera: Camera, clip: Path) -> None:
    other = camera.shoot("contact-other.mp4", "-vf", "negate", frames=24)
    sheet = picture(contact_sheet([[strip(clip), strip(other, 2)]], ".png"))
    alone = picture(contact_sheet([[strip(clip)]], ".png"))
    assert sheet.width > 1.8 * alone.width
    assert sheet.height == alone.height
    pixels = np.asarray(sheet)
    assert np.array_equal(pixels[:, : alone.width - contact._GAP], np.asarray(alone)[:, : -contact._GAP])
    first = first_frame(clip)
    first.thumbnail((contact._FRAME, contact._FRAME))
    top, left = contact._GAP + 2 * contact._LINE, contact._GAP
    assert np.array_equal(pixels[top : top + first.height, left : left + first.width], np.asarray(first))


def test_the_labels_can_be_seen_and_the_picked_take_is_marked(clip: Path) -> None:
    plain, picked = (picture(contact_sheet([[strip(clip, picked=one)]], ".png")) for one in (False, True))
    head = np.asarray(plain)[contact._GAP : contact._GAP + 2 * contact._LINE]
    assert (head < 100).any(), "there is ink above the frames"
    colours = {colour for _, colour in picked.convert("RGB").getcolors(1 << 24) or []}
    assert contact._PICKED in colours
    assert contact._PICKED not in {colour for _, colour in plain.convert("RGB").getcolors(1 << 24) or []}


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_same_takes_give_the_same_bytes(clip: Path, suffix: str) -> None:
    takes = [[strip(clip), strip(clip, 2, picked=True)], [strip(clip, 3)]]
    assert contact_sheet(takes, suffix) == contact_sheet(takes, suffix)


def test_many_takes_go_on_in_the_next_row_and_too_many_are_refused(clip: Path) -> None:
    one = picture(contact_sheet([[strip(clip)]], ".png"))
    two = picture(contact_sheet([[strip(clip, number) for number in range(ABREAST + 1)]], ".png"))
    assert two.height > 1.8 * one.height
    with pytest.raises(MediaFailed, match=f"at most {MOST_ROWS} rows, and these takes fill {MOST_ROWS + 1}"):
        contact_sheet([[strip(clip)]] * (MOST_ROWS + 1), ".png")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_sheet_of_ours_is_known_again_and_no_other_file_is_taken_for_one(
    clip: Path, tmp_path: Path, suffix: str
) -> None:
    ours = tmp_path / f"ours{suffix}"
    ours.write_bytes(contact_sheet([[strip(clip)]], suffix))
    assert is_contact_sheet(ours)
    theirs = tmp_path / f"theirs{suffix}"
    first_frame(clip).save(theirs)
    assert not is_contact_sheet(theirs)
    theirs.write_text("no picture")
    assert not is_contact_sheet(theirs)
