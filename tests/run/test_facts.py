"""Facts: what one journal says reads the same in another, and takes nothing from what that one knows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.document import digest
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.history import Decision, History, Made, State
from seedance_pipe.run.facts import Facts, facts_from, lines_of
from seedance_pipe.run.journal import Journal
from seedance_pipe.units import Digest, Fingerprint

from .examples import STORY, Hands, clip_of, content, dollars, inputs, intent, mark, receipt

Open = Callable[..., Journal]


def everywhere(one: Digest) -> bool:
    return True


def nowhere(one: Digest) -> bool:
    return False


@contextmanager
def opening(folder: Path) -> Iterator[Open]:
    """Opens journals by name; each draws other ids."""
    opened: list[Journal] = []

    def open_journal(name: str, story: str = STORY, *, time: float = 1_700_000_000.0) -> Journal:
        drawn = itertools.count((len(opened) + 1) * 1000)
        hands = Hands(time=time, drawn=drawn)
        opened.append(Journal.open(folder / f"{name}.db", story=story, effects=hands.effects()))
        return opened[-1]

    yield open_journal
    for journal in opened:
        journal.close()


@pytest.fixture
def journals(tmp_path: Path) -> Iterator[Open]:
    with opening(tmp_path) as open_journal:
        yield open_journal


def go_on(journal: Journal, name: str, upto: State, *, take: int = 1) -> None:
    """A submission that came so far; of FAILED and the like the shortest way."""
    one = journal.intend(intent(name, take=take), cap=None)
    if upto is State.REFUSED:
        journal.refused(one.id, code="bad", reason="no")
    elif upto is State.UNSENT:
        journal.unsent(one.id, reason="no way")
    elif upto is State.ABANDONED:
        journal.abandoned([one], Decision.RESUBMIT)
    elif upto is not State.INTENT:
        journal.submitted(one.id, f"cgt-{name}", dollars("0.4"))
        if upto is State.FAILED:
            journal.failed(one.id, code="bad", reason="half a surrogate \ud800", charged=None)
        elif upto is not State.SUBMITTED:
            journal.ready(one.id, receipt(dollars("0.3")))
            if upto is State.STORED:
                journal.stored(one.id, clip_of(name))


def film(journal: Journal, *names: str) -> None:
    given = {"kind": "film", "recipe": {}, "inputs": {f"clip/{name}": content(name) for name in names}}
    journal.made(Made(Fingerprint(digest(given)), "film", given, {"film": content("film of " + " ".join(names))}))


def carried(journal: Journal) -> Facts:
    """The facts as they come out of a file."""
    return facts_from(lines_of(journal.facts()), name="facts.jsonl")


def said(journal: Journal) -> tuple[object, ...]:
    history: History = journal.history(nowhere, {})
    return (
        {key: (one, dict(one.inputs), dict(one.request)) for key, one in history.submissions.items()},
        {key: (one.step, dict(one.inputs), dict(one.outputs)) for key, one in history.made.items()},
        history.latest,
        history.picks,
        history.deleted,
        journal.total(),
    )


WORLDS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sampled_from("abc"), st.sampled_from(State)),
        st.tuples(st.just("film"), st.sampled_from("abc"), st.none()),
        st.tuples(st.just("pick"), st.sampled_from("abc"), st.integers(1, 3)),
        st.tuples(st.just("delete"), st.sampled_from("abc"), st.none()),
        st.tuples(st.just("prompt"), st.text(max_size=8), st.none()),
    ),
    max_size=8,
)


def live(journal: Journal, world: list[tuple[str, str, object]]) -> None:
    for what, name, more in world:
        if what == "take":
            try:
                go_on(journal, name, State(more))
            except (InDoubt, PipeError):
                continue
        elif what == "film":
            film(journal, name)
        elif what == "pick":
            journal.picked(f"order of {name}", int(str(more)))
        elif what == "delete":
            journal.deleted([content(name)])
        else:
            given = {"kind": "take", "recipe": {"order": {"prompt": name}}, "inputs": {}}
            journal.made(Made(Fingerprint(digest(given)), "brought#1", given, clip_of("brought")))


@given(world=WORLDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_exported_and_taken_in_says_the_same_and_is_exported_alike(
    world: list[tuple[str, str, object]],
) -> None:
    with TemporaryDirectory() as folder, opening(Path(folder)) as journals:
        there, here = journals("there"), journals("here")
        live(there, world)
        facts = carried(there)
        assert lines_of(facts) == lines_of(there.facts())
        here.take_in(facts, nowhere)
        assert said(here) == said(there)
        assert lines_of(here.facts()) == lines_of(facts)
        assert not here.take_in(facts, nowhere).entries, "nothing is taken in twice"


def test_what_is_taken_in_under_another_name_is_that_storys(journals: Open) -> None:
    there, here = journals("there"), journals("here", "renamed.yaml")
    go_on(there, "stairs", State.STORED)
    here.take_in(carried(there), everywhere)
    (one,) = here.history(everywhere, {}).submissions.values()
    assert one.story == "renamed.yaml"
    assert here.total().spent == there.total().spent


def test_a_story_exports_what_it_shares_and_nothing_of_another(journals: Open) -> None:
    other, own = journals("there", "other.yaml"), journals("there", "own.yaml")
    go_on(other, "shared", State.STORED)
    go_on(other, "private", State.STORED)
    other.picked("private order", 2)
    other.picked("shared order", 3)
    own.latest("mine#1", mark("shared"))
    text = lines_of(own.facts(["shared order"]))
    assert "private" not in text
    facts = facts_from(text, name="x")
    here = journals("here", "own.yaml")
    here.take_in(facts, everywhere)
    history = here.history(everywhere, {})
    assert history.picks == {"shared order": 3}
    assert history.latest == {"mine#1": mark("shared")}
    assert not here.total().spent, "another story has paid for it"


def test_a_request_that_is_open_there_cannot_be_bought_anew_here(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    go_on(there, "doubted", State.INTENT)
    go_on(there, "running", State.SUBMITTED)
    assert {one.step for one in here.merged(carried(there), nowhere).opened} == {"doubted#1", "running#1"}
    assert not here.history(nowhere, {}).submissions, "asking what it would come to writes nothing"
    here.take_in(carried(there), nowhere)
    for name in ("doubted", "running"):
        with pytest.raises(InDoubt):
            here.intend(intent(name), cap=None)


def test_takes_of_one_request_stay_together(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    same = [replace(intent(name, take=take), request={"n": 2}) for take, name in enumerate("ab", 1)]
    asked = there.intend_together(same, cap=None)
    here.take_in(carried(there), nowhere)
    assert [one.id for one in here.companions(asked[1])] == [one.id for one in asked]


def test_a_submission_goes_on_where_it_stands_and_never_back(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    go_on(there, "stairs", State.SUBMITTED)
    before = carried(there)
    here.take_in(before, nowhere)
    (one,) = there.history(nowhere, {}).submissions.values()
    there.ready(one.id, receipt())
    there.stored(one.id, clip_of("stairs"))
    merged = here.take_in(carried(there), everywhere)
    assert [entry.act for entry in merged.entries] == ["ready", "stored"]
    assert not merged.opened
    assert not here.take_in(before, everywhere).entries
    assert here.history(everywhere, {}).submissions[mark("stairs")].state is State.STORED


def test_where_two_states_part_each_keeps_its_own(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    go_on(there, "stairs", State.SUBMITTED)
    here.take_in(carried(there), nowhere)
    (one,) = there.history(nowhere, {}).submissions.values()
    there.failed(one.id, code="x", reason="y", charged=None)
    here.ready(one.id, receipt())
    merged = here.take_in(carried(there), nowhere)
    assert (merged.entries, merged.kept) == ((), ("stairs#1",))


def test_a_take_that_is_here_or_under_way_is_not_replaced(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    for name, ours in (("here", State.STORED), ("asked", State.INTENT), ("refused", State.REFUSED)):
        go_on(there, name, State.STORED)
        go_on(here, name, ours)
    merged = here.take_in(carried(there), everywhere)
    assert merged.kept == ("asked#1", "here#1")
    history = here.history(everywhere, {})
    assert history.submissions[mark("refused")].state is State.STORED, "what came to nothing here was made there"
    assert history.submissions[mark("asked")].state is State.INTENT


def test_a_take_whose_file_is_lost_here_is_had_back_from_there(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    for one in (there, here):
        go_on(one, "stairs", State.STORED)
    assert here.take_in(carried(there), nowhere).kept == ()
    assert len(here.holders("cgt-stairs")) == 2


def test_a_step_that_came_out_otherwise_here_stays(journals: Open) -> None:
    there, here = journals("there"), journals("here")
    given = {"kind": "film", "recipe": {}, "inputs": {}}
    for one, name in ((there, "theirs"), (here, "ours")):
        one.made(Made(Fingerprint(digest(given)), "film", given, {"film": content(name)}))
    assert here.take_in(carried(there), everywhere).kept == ("film",)
    (made,) = here.history(everywhere, {}).made.values()
    assert made.outputs == {"film": content("ours")}


def test_the_newer_choice_holds(journals: Open) -> None:
    for theirs, ours, holds in ((1.0, 2.0, 7), (3.0, 2.0, 5)):
        there, here = journals(f"there {theirs}", time=theirs), journals(f"here {theirs}", time=ours)
        there.picked("order", 5)
        here.picked("order", 7)
        here.take_in(carried(there), everywhere)
        assert here.history(everywhere, {}).picks == {"order": holds}


def test_what_a_step_was_last_asked_for_is_the_newer_word(journals: Open) -> None:
    for theirs, ours, holds in ((1.0, 2.0, "ours"), (3.0, 2.0, "theirs")):
        there, here = journals(f"there {theirs}", time=theirs), journals(f"here {theirs}", time=ours)
        for journal, name in ((there, "theirs"), (here, "ours")):
            journal.made(Made(mark(name), "x#1", inputs(name), clip_of(name)))
        here.take_in(carried(there), everywhere)
        assert here.history(everywhere, {}).latest == {"x#1": mark(holds)}


def test_what_was_deleted_there_is_told_here_unless_it_is_here(journals: Open) -> None:
    there = journals("there")
    go_on(there, "stairs", State.STORED)
    there.deleted([content("stairs"), content("of another story")])
    for name, present, told in (("without", nowhere, {content("stairs")}), ("with", everywhere, set())):
        here = journals(name)
        here.take_in(carried(there), present)
        assert here.history(nowhere, {}).deleted.keys() == told
        assert not here.take_in(carried(there), present).entries


def written(journals: Open) -> list[str]:
    journal = journals("written")
    go_on(journal, "stairs", State.STORED)
    film(journal, "stairs")
    return lines_of(journal.facts()).splitlines()


def changed(line: str, **fields: object) -> str:
    return json.dumps({**json.loads(line), **fields})


def test_a_text_that_no_program_wrote_is_refused_with_its_place(journals: Open) -> None:
    head, latest, *more = written(journals)
    wrong = {
        "no json": "x:2 is not what",
        '{"fact": "gossip"}': "x:2 is not what",
        '{"fact": "submission", "acts": []}': "x is not what",
        "[" * 100_000: "x:2 is not what",
        changed(latest, at=float("inf")): "x:2 is not what",
        changed(latest, step=7): "x:2 is not what",
        changed(latest, document=[]): "x:2 is not what",
    }
    for line, message in wrong.items():
        with pytest.raises(PipeError, match=message):
            facts_from("\n".join([head, line, *more]), name="x")
    for first in ("", "{}", latest, changed(head, story=3)):
        with pytest.raises(PipeError, match="x:1 is not what"):
            facts_from(first, name="x")
    with pytest.raises(PipeError, match=r"has format 2, and this program reads 1"):
        facts_from(changed(head, format=2), name="x")


def test_facts_that_no_journal_can_hold_are_refused(journals: Open) -> None:
    lines = written(journals)
    life = json.loads(next(line for line in lines if "acts" in line))
    made = next(line for line in lines if json.loads(line)["fact"] == "made")
    acts = life["acts"]
    other = {**acts[1], "submission": "another"}
    strange = {**acts[0], "document": {**acts[0]["document"], "reserved": {"amount": "a lot", "currency": "USD"}}}
    ended = {**acts[3], "document": {"outputs": {"clip": "../../passwd"}}}
    for wrong in (
        [acts[0], acts[2]],
        [acts[0], other],
        [{**acts[0], "submission": ""}],
        [{**acts[0], "fingerprint": "0" * 64}],
        [{**acts[0], "document": {**acts[0]["document"], "inputs": "x"}}],
        [strange],
        [*acts[:3], ended],
    ):
        with pytest.raises(PipeError, match="is not what this program writes"):
            facts_from(f"{lines[0]}\n{json.dumps({**life, 'acts': wrong})}\n", name="x")
    document = {**json.loads(made)["document"], "inputs": {"kind": "film", "recipe": {"other": 1}, "inputs": {}}}
    with pytest.raises(PipeError, match="is not what this program writes"):
        facts_from(f"{lines[0]}\n{changed(made, document=document)}\n", name="x")
