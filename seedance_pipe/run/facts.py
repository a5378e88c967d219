"""Facts: what the journal says of one story, as lines of JSON that people can read and another state can take in.

One line is a submission with all its acts, a step that was made, or what was chosen, last asked for or deleted.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedance_pipe.document import Json, digest, thaw
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import State
from seedance_pipe.run.entry import Entry, Note
from seedance_pipe.run.ledger import Ledger
from seedance_pipe.run.pages import text_of
from seedance_pipe.run.submission import may_follow
from seedance_pipe.units import Digest

FORMAT = 1
_ORDERED = (Note.PICKED.value, Note.ASKED.value)
Recall = Callable[[str], Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one journal says of a story. `lives` are the entries of each submission in their order; `mades`,
    `choices` (one for each order), `latest` (one for each step) and `deleted` are entries by themselves.
    `documents` are those that the entries name.
    """

    story: str
    lives: tuple[tuple[Entry, ...], ...]
    mades: tuple[Entry, ...]
    choices: tuple[Entry, ...]
    latest: tuple[Entry, ...]
    deleted: tuple[Entry, ...]
    documents: Mapping[str, Mapping[str, Json]]

    @property
    def outputs(self) -> frozenset[Digest]:
        """Every file that is named as the output of a step."""
        return frozenset(one for entry in self._ends for one in json.loads(entry.text)["outputs"].values())

    @property
    def _ends(self) -> Iterator[Entry]:
        yield from self.mades
        yield from (life[-1] for life in self.lives if life[-1].act == State.STORED.value)


def facts_of(entries: Sequence[Entry], recall: Recall, *, story: str, orders: Collection[str] = ()) -> Facts:
    """What `entries` say of all that `story` ever asked for, whoever made it, and of its present `orders`."""
    own = {entry.fingerprint for entry in entries if entry.story == story and entry.fingerprint}
    lives: dict[str, list[Entry]] = {}
    mades: dict[str, Entry] = {}
    latest: dict[str, Entry] = {}
    choices: dict[tuple[str, str], Entry] = {}
    gone: dict[Digest, Entry] = {}
    chosen = {*orders, *(json.loads(one.text)["order"] for one in entries if _chooses(one) and one.story == story)}
    for entry in entries:
        if entry.story == story and entry.step and not _same(latest.get(entry.step), entry):
            latest[entry.step] = _latest(entry)
        if entry.act == State.INTENT.value and entry.fingerprint in own:
            lives[entry.submission or ""] = [entry]
        elif entry.submission in lives:
            lives[entry.submission or ""].append(entry)
        elif entry.act == Note.MADE.value and entry.fingerprint in own:
            mades[entry.fingerprint] = entry
        elif _chooses(entry) and (order := json.loads(entry.text)["order"]) in chosen:
            choices[entry.act, order] = entry
        _follow_deleted(gone, entry)
    found = Facts(
        story,
        tuple(tuple(life) for life in sorted(lives.values(), key=_request_first)),
        tuple(sorted(mades.values(), key=_by_time)),
        tuple(sorted(choices.values(), key=_by_time)),
        tuple(latest[step] for step in sorted(latest)),
        (),
        {},
    )
    names = {name for entry in (*found.mades, *(life[0] for life in found.lives)) for name in named_by(entry)}
    return Facts(
        story,
        found.lives,
        found.mades,
        found.choices,
        found.latest,
        tuple(gone[one] for one in sorted(gone) if one in found.outputs),
        {name: recall(name) for name in names},
    )


def lines_of(facts: Facts) -> str:
    """The facts as text: a line that says what this is, and then one for each fact, sorted."""
    entries = (*facts.mades, *facts.choices, *facts.latest, *facts.deleted)
    told: list[dict[str, Json]] = [{"fact": entry.act, **_told(entry, facts)} for entry in entries]
    told += [{"fact": "submission", "acts": [_told(one, facts) for one in life]} for life in facts.lives]
    head: dict[str, Json] = {"fact": "export", "format": FORMAT, "story": facts.story}
    return "".join(f"{line}\n" for line in (text_of(head), *sorted(map(text_of, told))))


def facts_from(text: str, *, name: str) -> Facts:
    """The facts that `lines_of` wrote. `name` is how messages name the file. Raises PipeError for any other text,
    and for facts that no journal can hold.
    """
    number, story = 0, ""
    documents: dict[str, Mapping[str, Json]] = {}
    lives: list[tuple[Entry, ...]] = []
    single: dict[str, list[Entry]] = {act: [] for act in (*_ORDERED, "made", "latest", "deleted")}
    try:
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            fact = json.loads(line)
            if number == 1:
                story = _heading(fact, name)
            elif fact["fact"] == "submission":
                lives.append(tuple(_entry(one, documents) for one in fact["acts"]))
            else:
                single[fact["fact"]].append(_entry(fact, documents))
        number = 0
        single_of = {act: tuple(sorted(found, key=_by_time)) for act, found in single.items()}
        choices = tuple(sorted((*single_of["picked"], *single_of["asked"]), key=_by_time))
        lives.sort(key=_request_first)
        facts = Facts(
            story,
            tuple(lives),
            single_of["made"],
            choices,
            single_of["latest"],
            single_of["deleted"],
            documents,
        )
        _must_be_possible(facts)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        where = f"{name}:{number}" if number else name
        raise PipeError(f"{where} is not what this program writes", next_step=_AGAIN) from error
    return facts


_AGAIN = "nothing was taken in; export again, or put the file back as it was"


def _heading(fact: Mapping[str, Any], name: str) -> str:
    if fact["fact"] != "export" or not isinstance(fact["story"], str):
        raise ValueError("no export")
    if fact["format"] != FORMAT:
        raise PipeError(
            f"{name} has format {fact['format']}, and this program reads {FORMAT}",
            next_step="install a newer seedance-pipe",
        )
    return str(fact["story"])


def _told(entry: Entry, facts: Facts) -> dict[str, Json]:
    """An entry with the documents that it names in it; what became of a submission has its intent's inputs."""
    document = json.loads(entry.text)
    for key in ("inputs", "request"):
        if entry.act == State.STORED.value:
            document.pop(key, None)
        elif key in document:
            document[key] = thaw(facts.documents[document[key]])
    told: dict[str, Json] = {"act": entry.act, "at": entry.at, "story": entry.story, "document": document}
    for key in ("submission", "step", "fingerprint"):
        if getattr(entry, key):
            told[key] = getattr(entry, key)
    return told


def _entry(told: Mapping[str, Any], documents: dict[str, Mapping[str, Json]]) -> Entry:
    """The entry that `_told` told, and the documents that it names, by their names."""
    document = dict(**told["document"])
    for key in ("inputs", "request"):
        if key in document:
            name = _name(document[key])
            documents[name] = document[key]
            document[key] = name
    at, story = float(told["at"]), told["story"]
    texts = (story, told["act"], told.get("step", ""), told.get("fingerprint", ""), told.get("submission", ""))
    if not all(isinstance(one, str) for one in texts) or not math.isfinite(at):
        raise TypeError("a name is a text, and a time is a number")
    submission = told.get("submission")
    return Entry(
        0, story, at, told["act"], submission, told.get("step", ""), told.get("fingerprint", ""), text_of(document)
    )


def _must_be_possible(facts: Facts) -> None:
    """Raises ValueError and its like for what no journal can say: a scratch ledger has to understand it all."""
    for life in facts.lives:
        before: State | None = None
        for entry in life:
            act, other = State(entry.act), entry.submission != life[0].submission
            if other or not entry.submission or not may_follow(before, act):
                raise ValueError("no life of a submission")
            before = act
    for entry in (*facts.mades, *(life[0] for life in facts.lives)):
        inputs = facts.documents[json.loads(entry.text)["inputs"]]
        if digest(inputs) != entry.fingerprint:
            raise ValueError("inputs of another fingerprint")
    for one in facts.outputs:
        if len(one) != 64 or not set(one) <= set("0123456789abcdef"):
            raise ValueError("no digest")
    ledger = Ledger(facts.documents.__getitem__, PipeError)
    try:
        ledger.take(entries_of(facts))
        dict(ledger.submissions())
    except PipeError as problem:
        raise ValueError(problem.message) from problem


def entries_of(facts: Facts) -> list[Entry]:
    """All entries in an order in which a journal may have them."""
    lives = [with_inputs(entry, life[0]) for life in facts.lives for entry in life]
    return [*lives, *facts.mades, *facts.choices, *facts.deleted, *facts.latest]


def with_inputs(entry: Entry, intent: Entry) -> Entry:
    """An entry of a submission with the name of the inputs that its last one needs."""
    if entry.act != State.STORED.value:
        return entry
    document = {**json.loads(entry.text), "inputs": json.loads(intent.text)["inputs"]}
    return entry._replace(text=text_of(document))


def _same(before: Entry | None, entry: Entry) -> bool:
    """Whether a step is still asked for as it was before: that it began to be is what counts."""
    return before is not None and before.fingerprint == entry.fingerprint


def _latest(entry: Entry) -> Entry:
    return entry._replace(act=Note.LATEST.value, submission=None, text="{}")


def _chooses(entry: Entry) -> bool:
    return entry.act in _ORDERED


def named_by(entry: Entry) -> Iterator[str]:
    """The documents that an entry names."""
    document = json.loads(entry.text)
    yield from (document[key] for key in ("inputs", "request") if key in document)


def _follow_deleted(gone: dict[Digest, Entry], entry: Entry) -> None:
    """What a person had deleted, and was not made again since: each file with an entry of its own."""
    if entry.act == Note.DELETED.value:
        for one in json.loads(entry.text)["digests"]:
            gone[one] = entry._replace(text=text_of({"digests": [one]}))
    elif entry.act in (Note.MADE.value, State.STORED.value):
        for one in json.loads(entry.text)["outputs"].values():
            gone.pop(one, None)


def _name(document: Any) -> str:
    if not isinstance(document, Mapping):
        raise TypeError("a document is an object")
    return hashlib.sha256(text_of(document).encode()).hexdigest()


def _by_time(entry: Entry) -> tuple[float, str, str]:
    return entry.at, entry.step, entry.text


def _request_first(life: Sequence[Entry]) -> tuple[float, str, int, str]:
    """Takes of one request have been written down one after the other, and the journal tells them by that."""
    document = json.loads(life[0].text)
    return life[0].at, document["request"], document["take"], life[0].submission or ""
