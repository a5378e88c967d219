"""The ledger: what the journal's entries say when they are read in their order.

It only ever takes more of them, so a journal reads each entry once, whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from sys import intern
from typing import Any

from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import Made, State, Submission
from seedance_pipe.run.budget import Tally, Total
from seedance_pipe.run.entry import (
    Case,
    Delivery,
    Entry,
    Kept,
    Note,
    Recall,
    delivery_of,
    kept_of,
    made_of,
    submission_of,
)
from seedance_pipe.run.settled import Accounts, accounts
from seedance_pipe.units import Digest, Fingerprint

_STORED, _INTENT, _SUBMITTED = State.STORED.value, State.INTENT.value, State.SUBMITTED.value
_LIFE = {state.value: state.value for state in State}
_NOTES = frozenset(note.value for note in Note)
_READ_AT_ONCE = (_NOTES - {Note.LATEST.value}) | {_STORED}


class Ledger:
    """`recall` gives a document that an entry names; `damaged` makes the error for an entry that cannot be
    understood. Texts are parsed when somebody asks: most submissions of a long history are never looked at.
    """

    def __init__(self, recall: Recall, damaged: Callable[[str], PipeError]) -> None:
        self._recall = recall
        self._damaged = damaged
        self._cases: dict[str, Case] = {}
        self._newest: dict[Fingerprint, Case] = {}
        self._latest: dict[str, dict[str, Fingerprint]] = {}
        self._tallies: dict[str, Tally] = {}
        self._counted: dict[str, Submission] = {}
        self._uncounted: dict[str, Case] = {}
        self._holders: dict[str, list[Case]] = {}
        self._unheld: list[Case] = []
        self.read_up_to = 0
        self.made: dict[Fingerprint, Made] = {}
        self.picks: dict[str, int] = {}
        self.asked: dict[str, frozenset[int]] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.uploads: dict[tuple[str, Digest], Kept] = {}
        self.deleted: dict[Digest, float] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        """The next entries. Raises what `damaged` makes for one that the journal cannot have written."""
        try:
            texts = ",".join([entry.text for entry in entries if entry.act in _READ_AT_ONCE])
            documents = iter(json.loads(f"[{texts}]"))
            for entry in entries:
                if entry.act in _NOTES:
                    self._note(entry, documents)
                else:
                    self._move(entry, documents)
                self.read_up_to = entry.number
        except (LookupError, TypeError, ValueError) as error:
            raise self._damaged(f"entry {self.read_up_to + 1} or a later one cannot be understood") from error

    def submissions(self) -> Mapping[Fingerprint, Submission]:
        """The newest submission of each fingerprint, as all of them stand now."""
        return _Submissions({mark: (case, len(case.acts)) for mark, case in self._newest.items()}, self._build)

    def submission(self, fingerprint: Fingerprint) -> Submission | None:
        case = self._newest.get(fingerprint)
        return None if case is None else self._build(case, len(case.acts))

    def companions(self, submission: str) -> tuple[Submission, ...]:
        """This submission and those that went out in the same request, in the order in which it asks for them:
        their intents were written one after the other, and name the same request.
        """
        cases = list(self._cases.values())
        place = next(place for place, case in enumerate(cases) if case.id == submission)
        own = cases[place]

        def together(case: Case) -> bool:
            return case.story == own.story and _request_of(case) == _request_of(own)

        before = list(takewhile(together, reversed(cases[:place])))
        after = takewhile(together, cases[place:])
        return tuple(self._build(case, len(case.acts)) for case in (*reversed(before), *after))

    def tasks(self) -> frozenset[str]:
        """The names of all tasks that any submission of any story has with its vendor."""
        return frozenset(self._held())

    def holders(self, task: str) -> tuple[Submission, ...]:
        """The submissions of any story that have had a task of this name, at any vendor, from the oldest on."""
        return tuple(self._build(case, len(case.acts)) for case in self._held().get(task, ()))

    def in_doubt(self) -> tuple[Submission, ...]:
        """Every submission of any story of which nobody knows whether the vendor has it."""
        doubts = (case for case in self._cases.values() if len(case.acts) == 1)
        return tuple(self._build(case, 1) for case in doubts)

    def acts_of(self, submission: str) -> Mapping[str, str]:
        """The texts of a submission's entries by act, in their order; empty for one that nobody wrote."""
        case = self._cases.get(submission)
        return case.acts if case else {}

    def inputs_of(self, submission: str) -> str:
        """The name of the inputs document of a submission; empty for one that nobody wrote."""
        intent = self.acts_of(submission).get(_INTENT)
        return json.loads(intent)["inputs"] if intent else ""

    def vendor_of(self, submission: str) -> str:
        """The vendor that a submission was for; empty for one that nobody wrote."""
        intent = self.acts_of(submission).get(_INTENT)
        return json.loads(intent)["vendor"] if intent else ""

    def latest(self, story: str) -> Mapping[str, Fingerprint]:
        """The last fingerprint of each of the story's steps, by the step's key."""
        return self._latest.get(story, {})

    def total(self, story: str) -> Total:
        for name, case in self._uncounted.items():
            tally = self._tallies.setdefault(case.story, Tally())
            if name in self._counted:
                tally.drop(self._counted[name])
            self._counted[name] = self._build(case, len(case.acts))
            tally.add(self._counted[name])
        self._uncounted.clear()
        return self._tallies.get(story, Tally()).total()

    def accounts(self, story: str) -> Accounts:
        cases = (case for case in self._cases.values() if case.story == story)
        return accounts(self._build(case, len(case.acts)) for case in cases)

    def _note(self, entry: Entry, documents: Iterator[Mapping[str, Any]]) -> None:
        if entry.step:
            self._latest.setdefault(entry.story, {})[entry.step] = Fingerprint(entry.fingerprint)
        match entry.act:
            case Note.MADE:
                self._remember(Fingerprint(entry.fingerprint), entry.step, next(documents))
            case Note.PICKED:
                document = next(documents)
                self.picks[document["order"]] = document["take"]
            case Note.ASKED:
                document = next(documents)
                self.asked[document["order"]] = frozenset(map(int, document["takes"]))
            case Note.DELIVERED:
                document = next(documents)
                self.deliveries[document["path"]] = delivery_of(document)
            case Note.UPLOADED:
                document = next(documents)
                self.uploads[document["keeper"], Digest(document["digest"])] = kept_of(document, entry.at)
            case Note.FORGOTTEN:
                document = next(documents)
                self.uploads.pop((document["keeper"], Digest(document["digest"])), None)
            case Note.DELETED:
                self.deleted.update(dict.fromkeys(next(documents)["digests"], entry.at))

    def _move(self, entry: Entry, documents: Iterator[Mapping[str, Any]]) -> None:
        act, name = _LIFE[entry.act], entry.submission or ""
        if act == _INTENT:
            mark = Fingerprint(entry.fingerprint)
            case = Case(name, intern(entry.story), entry.at, entry.step, mark, {})
            self._cases[name] = self._newest[mark] = case
        else:
            case = self._cases[name]
        case.acts[act] = entry.text
        self._uncounted[name] = case
        if act == _SUBMITTED:
            self._unheld.append(case)
        if act == _STORED:
            self._remember(case.fingerprint, case.step, next(documents))

    def _held(self) -> Mapping[str, Sequence[Case]]:
        """Who has had which task; what was read since somebody last asked is parsed only now."""
        for case in self._unheld:
            self._holders.setdefault(json.loads(case.acts[_SUBMITTED])["task"], []).append(case)
        self._unheld.clear()
        return self._holders

    def _remember(self, fingerprint: Fingerprint, step: str, document: Mapping[str, Any]) -> None:
        self.made[fingerprint] = made_of(fingerprint, step, document, self._recall)
        for digest in document["outputs"].values():
            self.deleted.pop(digest, None)

    def _build(self, case: Case, length: int) -> Submission:
        try:
            return submission_of(case, length, self._recall)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise self._damaged(f"submission {case.id} cannot be understood") from error


def _request_of(case: Case) -> str:
    """The name of the request's document."""
    name: str = json.loads(case.acts[_INTENT])["request"]
    return name


class _Submissions(Mapping[Fingerprint, Submission]):
    """Submissions as they stood at one moment, each made when it is first asked for."""

    def __init__(
        self, cases: Mapping[Fingerprint, tuple[Case, int]], build: Callable[[Case, int], Submission]
    ) -> None:
        self._cases = cases
        self._build = build
        self._built: dict[Fingerprint, Submission] = {}

    def __getitem__(self, fingerprint: Fingerprint) -> Submission:
        if fingerprint not in self._built:
            self._built[fingerprint] = self._build(*self._cases[fingerprint])
        return self._built[fingerprint]

    def __iter__(self) -> Iterator[Fingerprint]:
        return iter(self._cases)

    def __len__(self) -> int:
        return len(self._cases)
