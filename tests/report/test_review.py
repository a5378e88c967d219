"""Reviews of plans, read as a person would read them, and as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from seedance_pipe.plan.fingerprint import document
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.review import Review, review
from seedance_pipe.report.review_data import review_data
from seedance_pipe.report.review_text import review_text
from seedance_pipe.run.budget import Total
from seedance_pipe.spec.cap import Cap
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import Address, Kind, LocalFile, Role
from seedance_pipe.spec.model import MediaLimits, Price, Rate
from seedance_pipe.spec.story import Footage, Origin, Story
from seedance_pipe.units import Digest, Money, Size
from tests.builders import METHODS, UNPRICED, done, frame_from, shot, story, submission

CHAIN = story(shot("stairs", "one"), shot("lamp", "two", after="stairs"))
STILL = LocalFile(Path("/films/a.png"), "a.png", Digest("d"), "image/png", 12_345, Size(864, 480))
INLINE = MediaLimits(inline=True, assets=False, types=(), bytes=None, upload=True, inline_bytes=20_000)


def made(told: Story) -> History:
    return done(unroll(told, History(), METHODS))


def reviewed(told: Story, history: History | None = None, total: Total | None = None) -> Review:
    past = history or History()
    return review(make(told, past, METHODS), total, known=past.latest)


def text_of(told: Story, history: History | None = None, **options: bool) -> str:
    return review_text(reviewed(told, history), **options)


def with_limits(told: Story, limits: MediaLimits) -> Story:
    kinds = dict.fromkeys(Kind, limits)
    return replace(told, shots=tuple(replace(one, model=replace(one.model, media=kinds)) for one in told.shots))


def test_a_new_story_is_priced_take_by_take_and_in_all_with_the_prices_date() -> None:
    text = text_of(with_limits(CHAIN, INLINE))
    assert text == (
        "step      verdict  price    total    why\n"
        "stairs#1  make     $0.1225  $0.1225  new\n"
        "lamp#1    make     $0.1225  $0.2450  after stairs#1/frame\n"
        "film      make                       after 4 other steps\n"
        "\n"
        "2 of 2 takes to make: $0.2450 (prices as of 2026-09-09).\n"
        "Leaves this machine: the last frame of stairs (made by this story) -> acme, inside the request\n"
        "The last frame of stairs#1 is not there yet; made from it: lamp#1\n"
    )


def test_a_finished_story_says_so() -> None:
    text = text_of(CHAIN, made(CHAIN))
    assert text.endswith("\n\nNothing to do: the film is up to date.\n")
    assert "make" not in text


def test_a_changed_word_is_shown_old_and_new_with_its_place_and_what_it_drags_along() -> None:
    changed = story(shot("stairs", "one, slowly"), CHAIN.shots[1], shot("cliff", "three"))
    before = story(*CHAIN.shots, shot("cliff", "three"))
    rows = text_of(changed, made(before)).splitlines()
    assert rows[1].startswith('stairs#1  make     $0.1225  $0.1225  prompt: "one" -> "one, slowly"')
    assert rows[1].endswith("(story.yaml:7:1)")
    assert rows[2].strip() == "drags along lamp#1 ($0.1225), film"
    assert rows[3] == "lamp#1    make     $0.1225  $0.2450  after stairs#1/frame"
    assert rows[4] == "cliff#1   fresh"
    assert (
        "The last frame of stairs#1 is not there yet; made from it: lamp#1; "
        "not bought if it comes out as before: lamp#1"
    ) in rows


def test_what_two_changes_lead_to_is_dragged_along_by_neither() -> None:
    both = story(shot("a", "one"), shot("b", "two"), shot("c", media=(frame_from("a"), frame_from("b"))))
    changed = story(shot("a", "other"), shot("b", "another"), both.shots[2])
    told = reviewed(changed, made(both))
    assert all(not item.drags for item in told.items)
    one = reviewed(story(shot("a", "other"), *both.shots[1:]), made(both))
    assert [planned.step.key for planned in one.items[0].drags] == ["c#1", "film"]


def test_a_shot_that_was_never_made_is_not_dragged_along() -> None:
    longer = story(shot("stairs", "changed"), CHAIN.shots[1], shot("door", "three", after="lamp"))
    told = reviewed(longer, made(CHAIN))
    (first,) = [item for item in told.items if item.planned.step.key == "stairs#1"]
    assert [planned.step.key for planned in first.drags] == ["lamp#1"]


def test_a_changed_shot_that_waits_too_is_bought_whatever_comes_before_it() -> None:
    told = reviewed(story(shot("stairs", "1"), shot("lamp", "2", after="stairs")), made(CHAIN))
    assert told.pending[0].steps == ("lamp#1",)
    assert told.pending[0].made == ()
    assert not told.items[0].drags


def test_in_a_long_prompt_only_the_words_around_the_changes_are_shown() -> None:
    words = [f"word{number}" for number in range(60)]
    before = story(shot("a", " ".join(words)))
    text = text_of(story(shot("a", " ".join(words).replace("word30", "WORD"))), made(before))
    assert '"… word28 word29 word30 word31 word32 …" -> "… word28 word29 WORD word31 word32 …"' in text
    both = " ".join(words).replace("word30", "WORD").replace("word59", "")
    text = text_of(story(shot("a", both)), made(before))
    assert '"… word28 word29 word30 word31 word32 … word57 word58 word59" -> ' in text
    every = " ".join(word.upper() if index % 10 == 3 else word for index, word in enumerate(words))
    assert 'WORD23 word24 word25 …" and 3 more changes' in text_of(story(shot("a", every)), made(before))


def test_what_two_steps_ask_for_alike_is_priced_once_and_says_whose_it_is() -> None:
    told = reviewed(story(shot("a", "one"), shot("b", "one"), shot("c", "two")))
    rows = review_text(told).splitlines()
    assert rows[2] == "b#1   make     nothing  $0.1225  new"
    assert rows[3].strip() == "the same as a#1, bought once"
    assert rows[4] == "c#1   make     $0.1225  $0.2450  new"
    assert review_data(told)["steps"][1]["same_as"] == "a#1"


def test_files_that_would_leave_the_machine_are_listed_with_their_way() -> None:
    told = story(shot("a", media=(frame_from(STILL), frame_from(Address("https://example.com/b.png")))))
    inside = with_limits(told, INLINE)
    assert "Leaves this machine: a.png (12.3 kB) -> acme, inside the request\n" in text_of(inside)
    assert "Leaves" not in text_of(inside, made(inside))
    assert "example" not in text_of(inside)
    uploaded = with_limits(told, replace(INLINE, inline_bytes=10_000))
    assert "a.png (12.3 kB) -> acme, uploaded there\n" in text_of(uploaded)
    by_address = with_limits(told, replace(INLINE, inline=False, upload=False))
    assert (
        "Leaves this machine: a.png (12.3 kB) -> the place of SEEDANCE_UPLOAD_PUT, where acme reads it\n"
    ) in text_of(by_address)
    (leaves,) = review_data(reviewed(by_address))["leaves"]
    assert leaves == {
        "file": "a.png",
        "to": "acme",
        "by_upload_target": True,
        "way": "upload_target",
        "bytes": 12_345,
        "steps": ["a#1"],
    }
    assert text_of(told) == text_of(by_address), "a model that says nothing of files reads them at an address"


def test_a_clip_that_is_handed_over_is_told_as_one_and_sizes_are_read_at_a_glance() -> None:
    clip = frame_from("a", Role.REFERENCE, Kind.VIDEO)
    text = text_of(with_limits(story(shot("a"), shot("b", media=(clip,))), INLINE))
    assert "Leaves this machine: the clip of a (made by this story) -> acme, inside the request\n" in text
    assert "The clip of a#1 is not there yet; made from it: b#1\n" in text
    for length, told in ((1, "1 byte"), (999, "999 bytes"), (4_000_000, "4.0 MB")):
        one = with_limits(story(shot("a", media=(frame_from(replace(STILL, bytes=length)),))), INLINE)
        assert f"a.png ({told})" in text_of(one)


def test_a_rehearsal_says_that_nothing_is_paid_and_nothing_sent_away() -> None:
    told = with_limits(story(shot("a", media=(frame_from(STILL),))), INLINE)
    text = text_of(told, rehearsal=True)
    assert "With a key, leaves this machine: a.png" in text
    assert text.endswith("A rehearsal: nothing is paid, and nothing leaves this machine.\n")


def test_an_estimate_that_is_not_exact_says_why_and_an_unknown_price_is_said_to_be_unknown() -> None:
    open_shape = shot("a", footage=Footage("480p", None, 121, 121, audio=False))
    unpriced = replace(shot("b", "other"), model=replace(CHAIN.shots[0].model, price=UNPRICED))
    text = text_of(story(open_shape, unpriced))
    assert "a#1   make     <= $0.1225  <= $0.1225  new" in text
    assert "b#1   make     unknown     <= $0.1225  new" in text
    assert "at most $0.1225, and 1 take of unknown price" in text
    assert "b#1: the price is told when the task is created" in text


def test_every_step_can_be_shown() -> None:
    text = text_of(CHAIN, every_step=True)
    assert "stairs#1/frame" in text
    assert "lamp/clip" in text


def test_what_waits_for_a_doubt_is_told_and_not_in_the_sum() -> None:
    first = unroll(CHAIN, History(), METHODS).steps[0]
    doubt = submission(first, document(first, {}), State.INTENT)
    told = reviewed(CHAIN, History(submissions={doubt.fingerprint: doubt}))
    text = review_text(told)
    assert "No take to make: nothing to pay.\n" in text
    assert text.endswith("Not in the sum, for something before it is in doubt: lamp#1 ($0.1225)\n")
    assert "drags along lamp#1 ($0.1225), film" in text
    assert review_data(told)["waiting"] == ["lamp#1"]


def test_credits_and_unknown_prices_stand_beside_dollars() -> None:
    a_take = Price("take", "rivya credits", (Rate({}, Decimal("25")),), date(2026, 5, 11), "a page")
    model = CHAIN.shots[0].model
    paid = [replace(shot(name, name), model=replace(model, price=a_take)) for name in ("b", "c")]
    free = [replace(shot(name, name), model=replace(model, price=UNPRICED)) for name in "defghij"]
    text = text_of(story(shot("a"), *paid, *free))
    assert "b#1   make     25 rivya credits  $0.1225 and 25 rivya credits  new" in text
    assert "j#1   make     unknown           $0.1225 and 50 rivya credits  new" in text
    assert (
        "10 of 10 takes to make: $0.1225 and 50 rivya credits, and 7 takes of unknown price "
        "(prices as of 2026-05-11, 2026-09-09).\n"
    ) in text
    assert text.endswith("d#1, e#1, f#1, g#1, h#1 and 2 more: the price is told when the task is created\n")


CREDITS = "rivya credits"
BUDGET = {
    "USD": Cap(Money(Decimal("2.505")), "/films/story.yaml:3"),
    CREDITS: Cap(Money(Decimal(200), CREDITS), "story.yaml:4"),
}
USED = Total({"USD": Money(Decimal("1.20"))}, {"USD": Money(Decimal("0.30"))})


def test_a_plan_shows_what_it_would_leave_of_each_budget() -> None:
    capped = replace(CHAIN, budget=BUDGET)
    text = review_text(reviewed(capped, total=USED))
    assert (
        "Budget $2.505 (story.yaml:3): $1.20 spent, $0.3000 reserved, $0.2450 to buy: $0.7600 would be left.\n"
        in text
    )
    assert (
        "Budget 200 rivya credits (story.yaml:4): 0 rivya credits spent, 0 rivya credits to buy: "
        "200 rivya credits would be left.\n"
    ) in text
    assert "Budget" not in review_text(reviewed(CHAIN, total=USED))
    assert "0 rivya credits spent" in text_of(capped), "before anything was spent"


def test_a_plan_that_would_pass_the_budget_says_by_how_much_and_unknown_prices_are_not_forgotten() -> None:
    unpriced = replace(shot("b", "other"), model=replace(CHAIN.shots[0].model, price=UNPRICED))
    told = replace(story(shot("a"), unpriced), budget={"USD": Cap(Money(Decimal("0.5")), "story.yaml:3")})
    assert "$0.3775 would be left, less what 1 take of unknown price cost" in text_of(told)
    text = review_text(reviewed(told, total=USED))
    assert "$0.1225 to buy: $1.1225125 too much, so `run` will refuse." in text


def test_no_path_of_this_machine_is_in_a_review() -> None:
    far = {("prompt",): Origin("prompt", Place("/films/parts/day.yaml", 7, 1))}
    changed = story(replace(shot("stairs", "one, slowly"), origins=far), CHAIN.shots[1])
    told = reviewed(replace(changed, budget=BUDGET), made(CHAIN))
    assert "(parts/day.yaml:7:1)" in review_text(told)
    assert "/films" not in review_text(told)
    assert "/films" not in str(review_data(told))


def test_a_review_as_data_says_all_that_its_text_says() -> None:
    changed = story(shot("stairs", "one, slowly"), CHAIN.shots[1])
    data = review_data(reviewed(with_limits(changed, INLINE), made(with_limits(CHAIN, INLINE))))
    first = data["steps"][0]
    assert first["changes"][0]["place"] == "story.yaml:7:1"
    assert first["drags"] == ["lamp#1", "film"]
    assert first["total"] == {
        "most": [{"amount": "0.1225125", "currency": "USD"}],
        "exact": True,
        "unknown": [],
    }
    assert data["not_there"] == [
        {"what": "the last frame", "of": "stairs#1", "steps": ["lamp#1"], "made": ["lamp#1"]}
    ]
    assert data["hands_over"][0]["file"] == "the last frame of stairs"
    assert data["leaves"] == []
    assert "film" in data["pending"]
