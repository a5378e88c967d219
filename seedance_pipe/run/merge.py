"""Merging: what of another state's facts is news to this journal. What is known here is never overwritten by less.

A submission goes on where it stands here; a take that is here, or under way, stays as it is. Of what was chosen
and last asked for the newer word holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from seedance_pipe.plan.history import State
from seedance_pipe.run.entry import Entry, Note
from seedance_pipe.run.facts import Facts, with_inputs
from seedance_pipe.run.submission import OPEN
from seedance_pipe.units import Digest


@dataclass(frozen=True, slots=True)
class Merged:
    """`entries` are to be written, in this order. `opened` are the intents of submissions that are new here, and
    open; `kept` the steps of which this state knows something else, and goes by that.
    """

    entries: tuple[Entry, ...]
    opened: tuple[Entry, ...]
    kept: tuple[str, ...]


def merge(facts: Facts, known: Sequence[Entry], present: Callable[[Digest], bool], *, story: str) -> Merged:
    """What `facts` add to the entries `known` here. `present` says whether this state has a file, or is about to.
    The story of the facts is called `story` here.
    """
    here = _read(known)
    kept: list[str] = []
    opened: list[Entry] = []
    entries: list[Entry] = []
    for life in facts.lives:
        news = _news(life, here, present)
        if news is None:
            kept.append(life[0].step)
            continue
        entries += news
        here.go_on(life[0], news)
        if news and news[0] is life[0] and State(life[-1].act) in OPEN:
            opened.append(life[0])
    for made in facts.mades:
        outputs = json.loads(made.text)["outputs"]
        if here.made.get(made.fingerprint) == outputs:
            continue
        if here.stands(made.fingerprint, present):
            kept.append(made.step)
            continue
        entries.append(made)
    entries += [one for one in facts.choices if one.at > here.chosen.get(_order(one), -1.0)]
    gone = (one for one in facts.deleted if not _is_here(one, here, present))
    entries += gone
    entries = [*(_as_here(one, facts.story, story) for one in entries)]
    return Merged((*entries, *_latest(facts, here, entries, story)), tuple(opened), tuple(sorted({*kept})))


@dataclass(slots=True)
class _Here:
    """What this journal says, as far as merging asks."""

    lives: dict[str, list[Entry]] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    made: dict[str, Mapping[str, Digest]] = field(default_factory=dict)
    latest: dict[tuple[str, str], Entry] = field(default_factory=dict)
    chosen: dict[tuple[str, str], float] = field(default_factory=dict)
    deleted: set[Digest] = field(default_factory=set)

    def go_on(self, intent: Entry, news: Sequence[Entry]) -> None:
        """A submission is known here up to these entries: the next one of its take may hang on that."""
        ident = intent.submission or ""
        if ident not in self.lives:
            self.newest[intent.fingerprint] = ident
        self.lives.setdefault(ident, []).extend(news)

    def stands(self, mark: str, present: Callable[[Digest], bool]) -> bool:
        """Whether the take or step is under way here, or made and in the store."""
        newest = self.newest.get(mark)
        if newest is not None and State(self.lives[newest][-1].act) in OPEN:
            return True
        made = self.made.get(mark)
        return made is not None and all(present(one) for name, one in made.items() if name != "last_frame")


def _read(known: Sequence[Entry]) -> _Here:
    here = _Here()
    for entry in known:
        key = entry.story, entry.step
        if entry.step and (key not in here.latest or here.latest[key].fingerprint != entry.fingerprint):
            here.latest[key] = entry
        if entry.act == State.INTENT.value:
            here.newest[entry.fingerprint] = entry.submission or ""
        if entry.submission is not None:
            here.lives.setdefault(entry.submission, []).append(entry)
        if entry.act in (Note.PICKED.value, Note.ASKED.value):
            here.chosen[_order(entry)] = entry.at
        elif entry.act == Note.DELETED.value:
            here.deleted.update(json.loads(entry.text)["digests"])
        elif entry.act in (Note.MADE.value, State.STORED.value):
            mark = entry.fingerprint or here.lives[entry.submission or ""][0].fingerprint
            here.made[mark] = json.loads(entry.text)["outputs"]
            here.deleted.difference_update(here.made[mark].values())
    return here


def _news(life: Sequence[Entry], here: _Here, present: Callable[[Digest], bool]) -> list[Entry] | None:
    """What of a submission is not known here; None where this state knows better."""
    ours = here.lives.get(life[0].submission or "")
    told = [with_inputs(entry, life[0]) for entry in life]
    if ours is None:
        return None if here.stands(life[0].fingerprint, present) else [life[0], *told[1:]]
    common = min(len(ours), len(life))
    if [one.act for one in ours[:common]] != [one.act for one in life[:common]]:
        return None
    return told[common:]


def _is_here(gone: Entry, here: _Here, present: Callable[[Digest], bool]) -> bool:
    """Whether a file that was deleted there is here all the same, or was deleted here, too."""
    return all(present(one) or one in here.deleted for one in json.loads(gone.text)["digests"])


def _order(entry: Entry) -> tuple[str, str]:
    return entry.act, str(json.loads(entry.text)["order"])


def _latest(facts: Facts, here: _Here, entries: Sequence[Entry], story: str) -> Iterator[Entry]:
    """What each step was last asked for: the newer word of the two, where `entries` alone would say otherwise."""
    now = {**here.latest, **{(one.story, one.step): one for one in entries if one.step}}
    wanted = dict(here.latest)
    for theirs in facts.latest:
        key = (story, theirs.step)
        if key not in wanted or wanted[key].at < theirs.at:
            wanted[key] = theirs._replace(story=story)
    for key in sorted(wanted):
        if key not in now or now[key].fingerprint != wanted[key].fingerprint:
            yield wanted[key]._replace(act=Note.LATEST.value, submission=None, text="{}")


def _as_here(entry: Entry, theirs: str, ours: str) -> Entry:
    return entry._replace(story=ours) if entry.story == theirs else entry
