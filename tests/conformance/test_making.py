"""What every vendor does for a story: text, pictures, chains and takes become clips, paid for once and as told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from seedance_pipe.media.frame import first_frame, last_frame
from seedance_pipe.media.probe import check_clip
from seedance_pipe.media.seam import SAME_PICTURE, difference
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import State
from seedance_pipe.sandbox.faults import What, Where
from tests.conformance.performance import Production, fault, since
from tests.conformance.vendors import VENDORS, Vendor
from tests.journeys.looking import prompt_on, watch
from tests.studio.vendor import KEYS

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


def resembles(frame: Image.Image, picture: Path) -> bool:
    """Whether the frame is that picture, cut to the frame's shape and coded."""
    with Image.open(picture) as opened:
        return difference(ImageOps.fit(opened.convert("RGB"), frame.size), frame) < SAME_PICTURE


def test_a_prompt_becomes_a_clip_that_shows_it_and_a_rerun_asks_for_nothing(
    production: Production, vendor: Vendor
) -> None:
    prompts = ["A great wave breaks", "A gull cries over the harbour", "Rain falls on a tin roof"]
    production.write({"prompt": prompts[1]}, model=vendor.model, **vendor.short)
    before = production.ledger()
    ended = production.run()
    assert ended.code == 0, ended
    (task,) = since(production.ledger(), before)
    assert (task["vendor"], task["status"]) == (vendor.name, "succeeded")
    assert prompt_on(watch(production.film).frames[30], prompts) == prompts[1]
    assert production.run().code == 0
    assert len(since(production.ledger(), before)) == 1


def test_a_still_is_the_first_frame(production: Production, vendor: Vendor) -> None:
    picture = production.folder / production.picture()
    production.write({"first_frame": picture.name}, model=vendor.model, **vendor.short)
    ended = production.run()
    assert ended.code == 0, ended
    assert resembles(first_frame(production.clips()[0]), picture)


def test_a_picture_on_the_web_is_passed_on_by_its_address(production: Production, vendor: Vendor) -> None:
    address = "https://example.com/still.png?a=b"
    production.write({"first_frame": address}, model=vendor.model, **vendor.short)
    ended = production.run()
    assert ended.code == 0, ended
    assert address in _texts(production.submissions()[0].request)


def test_a_last_frame_is_where_the_clip_ends(production: Production, vendor: Vendor) -> None:
    first, last = (production.folder / production.picture(f"{tint}.png", tint) for tint in (30, 200))
    production.write({"first_frame": first.name, "last_frame": last.name}, model=vendor.last, **vendor.last_short)
    ended = production.run()
    assert ended.code == 0, ended
    (clip,) = production.clips()
    assert resembles(first_frame(clip), first)
    assert resembles(last_frame(clip), last)


def test_in_a_chain_of_three_each_clip_goes_on_where_the_one_before_ended(
    production: Production, vendor: Vendor
) -> None:
    production.write({}, {"continues": "previous"}, {"continues": "previous"}, model=vendor.model, **vendor.short)
    before = production.ledger()
    ended = production.run()
    assert ended.code == 0, ended
    assert len(since(production.ledger(), before)) == 3
    clips = production.clips()
    for clip, following in pairwise(clips):
        assert difference(last_frame(clip), first_frame(following)) < SAME_PICTURE
    frames = sum(check_clip(clip).timing.frames for clip in clips)
    assert frames - 2 <= check_clip(production.film).timing.frames <= frames
    assert production.run().code == 0
    assert len(since(production.ledger(), before)) == 3


def test_takes_are_different_clips_each_paid_for_once(production: Production, vendor: Vendor) -> None:
    production.write({"takes": 3}, model=vendor.model, **vendor.short)
    before = production.ledger()
    ended = production.run()
    assert ended.code == 0, ended
    assert len(since(production.ledger(), before)) == 3
    assert len({clip.read_bytes() for clip in production.clips()}) == 3
    production.write({"takes": 4}, model=vendor.model, **vendor.short)
    assert production.run().code == 0
    assert len(since(production.ledger(), before)) == 4


def test_the_price_is_planned_reserved_and_charged_alike(production: Production, vendor: Vendor) -> None:
    production.write({}, {"continues": "previous"}, model=vendor.model, **vendor.short)
    before = production.ledger()
    bill = production.plan().bill
    assert production.run().code == 0
    entries = since(production.ledger(), before)
    charged = [one.charged for one in production.submissions()]
    reserved = [one.reserved for one in production.submissions()]
    assert None not in charged
    if bill.unknown:
        assert vendor.told, "the vendor says what it costs when it takes the request"
        assert len(bill.unknown) == 2 and not bill.most
    else:
        (most,) = bill.most.values()
        assert most.amount == sum(one.amount for one in charged if one)
        assert reserved == charged
    for entry in entries:
        if entry["cost"]:
            assert {entry["currency"]} == {one.currency for one in charged if one}
    told = sum(Decimal(entry["cost"]) for entry in entries if entry["cost"])
    assert not told or told == sum(one.amount for one in charged if one)
    (spent,) = production.status().total.spent.values()
    assert spent.amount == sum(one.amount for one in charged if one)


def test_a_still_is_sent_once_however_many_shots_and_runs_want_it(production: Production, vendor: Vendor) -> None:
    """A picture of more than a megabyte, which goes into no request where uploads are kept."""
    noise = [Image.effect_noise((700, 700), 90) for _ in range(3)]
    Image.merge("RGB", noise).save(production.folder / "heavy.png")
    production.write({"first_frame": "heavy.png"}, model=vendor.model, **vendor.short)
    ended = production.run()
    assert ended.code == 0, ended
    assert (production.folder / "heavy.png").stat().st_size > 1_000_000
    again = {"prompt": "Another", "first_frame": "heavy.png"}
    production.write(again, {**again, "prompt": "A third"}, model=vendor.model, **vendor.short)
    refusing = fault(Where.UPLOAD, What.ANSWER, times=None, status=400, code="validation_failed")
    production.fail(*[refusing] * vendor.keeps)
    assert production.run(shots=["s0"], only=True).code == 0
    production.fail()
    if vendor.keeps:
        (folder := production.folder / "elsewhere").mkdir()
        stranger = Production(folder, production.server)
        (folder / "heavy.png").write_bytes((production.folder / "heavy.png").read_bytes())
        stranger.write(again, model=vendor.model, **vendor.short)
        production.fail(refusing)
        assert stranger.run().code == 1, "a state of its own knows of no upload, so there the file is sent"


def test_no_key_and_no_signed_address_is_in_any_file(production: Production, vendor: Vendor) -> None:
    production.write(
        {"first_frame": production.picture()}, {"continues": "previous"}, model=vendor.model, **vendor.short
    )
    production.fail(
        fault(Where.FILE, What.CLOSE, at=1000),
        fault(Where.GET, What.ANSWER, status=500, code="internal"),
        fault(Where.CREATE, What.ANSWER, status=vendor.busy[0][0], code=vendor.busy[0][1]),
    )
    ended = production.run()
    assert ended.code == 0, ended
    written = [path.read_bytes() for path in production.folder.rglob("*") if path.is_file()]
    told = repr(ended).encode()
    for secret in (*KEYS.values(), "X-Tos-"):
        assert not [1 for text in (*written, told) if secret.encode() in text]


def test_every_step_is_fresh_after_a_run(production: Production, vendor: Vendor) -> None:
    production.write({}, model=vendor.model, **vendor.short)
    assert production.run().code == 0
    assert not production.plan().pending
    assert {one.state for one in production.submissions()} == {State.STORED}
    assert StepKind.TAKE in {one.step.kind for one in production.plan().steps}


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        return {text for inner in value.values() for text in _texts(inner)}
    return {text for inner in value for text in _texts(inner)} if isinstance(value, tuple | list) else set()
