"""The journal: entries that are only ever added, before and after every act that costs money (design D7).

What it says is its entries read in order; nothing in it is changed or deleted. A paid act is on the disk
before its method returns; cheaper ones reach the file at once and share a flush with what follows them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from seedance_pipe.document import Json, freeze
from seedance_pipe.effects import Effects
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.history import Decision, History, Made, Receipt, State, Submission
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.run.budget import Total, guard
from seedance_pipe.run.database import create_or_open, open_if_there
from seedance_pipe.run.entry import Delivery, Entry, Kept, Note, money_data, receipt_data
from seedance_pipe.run.facts import Facts, facts_of, named_by
from seedance_pipe.run.intent import Intent, together
from seedance_pipe.run.ledger import Ledger
from seedance_pipe.run.merge import Merged, merge
from seedance_pipe.run.pages import Pages, text_of
from seedance_pipe.run.reserve import Reserve, lasting
from seedance_pipe.run.settled import Accounts
from seedance_pipe.run.submission import OPEN, IllegalAct, may_follow
from seedance_pipe.spec.cap import Caps
from seedance_pipe.units import Digest, Fingerprint, Money


class Journal:
    """Opened for one story; it remembers every story of its folder. Safe to use from several threads.

    Any method raises PipeError when the file cannot be read or written. `story` is the story file's name. On a
    full disk nothing can be bought any more, but what became of it is still written: `reserve` has the room.
    """

    def __init__(self, pages: Pages, *, story: str, effects: Effects, reserve: Reserve | None = None) -> None:
        self._pages = pages
        self.reserve = reserve
        self.story = story
        self._effects = effects
        self._known_up_to = 0

    @classmethod
    def open(cls, path: Path, *, story: str, effects: Effects) -> Self:
        """The journal at `path`, created where there is none. Raises PipeError for a file that is no journal,
        is damaged, or was written by a newer version; such a file is left as it is.
        """
        connection = create_or_open(path, effects.disk)
        reserve = Reserve(path.with_name("reserve"), effects.disk)
        reserve.lay_by()
        pages = Pages(connection, path, story=story, effects=effects)
        return cls(pages, story=story, effects=effects, reserve=reserve)

    @classmethod
    def look(cls, path: Path, *, story: str, effects: Effects) -> Self | None:
        """The journal at `path` for commands that change nothing; None where there is none. Raises as `open`."""
        connection = open_if_there(path, effects.disk)
        if connection is None:
            return None
        return cls(Pages(connection, path, story=story, effects=effects), story=story, effects=effects)

    def close(self) -> None:
        """Flush and close; closing twice does no harm. A history that was read stays good."""
        self._pages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What it says

    def history(self, present: Callable[[Digest], bool], delivered: Mapping[str, Digest]) -> History:
        """All that the plan needs to know. `present` says whether the store has a file."""
        with self._pages.reading() as ledger:
            self._known_up_to = ledger.read_up_to
            named = {digest for made in ledger.made.values() for digest in made.outputs.values()}
            lost = frozenset(digest for digest in named if not present(digest))
            return History(
                made=MappingProxyType(dict(ledger.made)),
                submissions=ledger.submissions(),
                latest=MappingProxyType(dict(ledger.latest(self.story))),
                picks=MappingProxyType(dict(ledger.picks)),
                asked=MappingProxyType(dict(ledger.asked)),
                lost=lost,
                deleted=MappingProxyType({one: ledger.deleted[one] for one in lost & ledger.deleted.keys()}),
                delivered=MappingProxyType(dict(delivered)),
                now=self._effects.now(),
            )

    def deliveries(self) -> Mapping[str, Delivery]:
        """The files that any story of this folder delivered, by path as it was given to `delivered`."""
        with self._pages.reading() as ledger:
            return MappingProxyType(dict(ledger.deliveries))

    def submission(self, fingerprint: Fingerprint) -> Submission | None:
        """The newest submission of `fingerprint`, whatever became of it and whoever wrote it."""
        with self._pages.reading() as ledger:
            return ledger.submission(fingerprint)

    def open_submission(self, fingerprint: Fingerprint) -> Submission | None:
        """The submission of `fingerprint` that may still cost money or bring a clip, if there is one."""
        submission = self.submission(fingerprint)
        return submission if submission is not None and submission.state in OPEN else None

    def companions(self, submission: Submission) -> tuple[Submission, ...]:
        """The submissions that went out in the same request, this one among them, in the order of the request."""
        with self._pages.reading() as ledger:
            return ledger.companions(submission.id)

    def tasks(self) -> frozenset[str]:
        """The names of all tasks that runs of this folder know of, at any vendor."""
        with self._pages.reading() as ledger:
            return ledger.tasks()

    def holders(self, task: str) -> tuple[Submission, ...]:
        """The submissions of any story that have had a task of this name, at any vendor, from the oldest on."""
        with self._pages.reading() as ledger:
            return ledger.holders(task)

    def in_doubt(self) -> tuple[Submission, ...]:
        """Every submission of any story of which nobody knows whether the vendor has it."""
        with self._pages.reading() as ledger:
            return ledger.in_doubt()

    def total(self, story: str | None = None) -> Total:
        """What `story`, or this story, has spent and reserved."""
        with self._pages.reading() as ledger:
            return ledger.total(self.story if story is None else story)

    def accounts(self) -> Accounts:
        """What was expected beside what was charged for every take of this story whose bill is known."""
        with self._pages.reading() as ledger:
            return ledger.accounts(self.story)

    # A submission's life

    def intend(self, intent: Intent, *, cap: Caps | None, allow_unknown: bool = False) -> Submission:
        """Write down a paid request before it leaves, as `intend_together`."""
        (submission,) = self.intend_together((intent,), cap=cap, allow_unknown=allow_unknown)
        return submission

    def intend_together(
        self, intents: Sequence[Intent], *, cap: Caps | None, allow_unknown: bool = False
    ) -> tuple[Submission, ...]:
        """Write down a paid request for takes of one shot before it leaves: all of them, or none. They are
        durable when this returns, each with an id drawn for it.

        Raises GuardRefused when they do not fit under the caps beside all that this story has spent and reserved;
        `allow_unknown` lets a price through that nobody knows. Raises InDoubt when a submission of one of the
        fingerprints is open, and PipeError when another run has got such a take since `history` was read.
        """
        drawn = [(str(uuid.UUID(int=self._effects.draw(2**128), version=4)), intent) for intent in intents]
        with self._pages.writing(durable=True) as ledger:
            for intent in intents:
                self._not_open_elsewhere(ledger, intent.fingerprint, f"take {intent.take} of shot '{intent.shot}'")
            asked, what = together(intents)
            guard(ledger.total(self.story), asked, cap=cap, what=what, allow_unknown=allow_unknown)
            # Not read back: a disk that fails just now would leave them in doubt, though nothing was sent.
            return tuple(self._write_intent(ident, intent) for ident, intent in drawn)

    def submitted(self, ident: str, task: str, told: Money | None = None) -> None:
        """The vendor has it, under its name `task`: durable when this returns. Where the vendor told its own
        price, that takes the place of what was reserved.
        """
        self.submitted_together({ident: task}, told)

    @lasting
    def submitted_together(
        self, tasks: Mapping[str, str], told: Money | None = None, *, found: bool = False
    ) -> None:
        """The vendor has all of these takes, given as their tasks' names by id; `told` is the price of each.

        With `found` the names are no answer to a request of ours: they were looked up, or a person gave them.
        Raises PipeError, and writes nothing, when one of them is the task of another take.
        """
        price: Mapping[str, Json] = {} if told is None else {"told": money_data(told)}
        with self._pages.writing(durable=True) as ledger:
            for ident, task in tasks.items():
                if found:
                    _nobody_has(ledger, task, ledger.vendor_of(ident), ident)
                self._act(ledger, ident, State.SUBMITTED, {"task": task, **price})

    def adopted(self, intent: Intent, task: str, *, picks: Mapping[str, int] = MappingProxyType({})) -> Submission:
        """Take in a task that was made elsewhere as if it had been asked for here: durable when this returns.
        What it may cost counts, and no cap stops it, for it is paid for. `picks` are takes that the film uses
        from now on, by the order's digest.

        Raises InDoubt when a submission of the fingerprint is open, and PipeError when the task is that of
        another take.
        """
        ident = str(uuid.UUID(int=self._effects.draw(2**128), version=4))
        with self._pages.writing(durable=True) as ledger:
            self._not_open_elsewhere(ledger, intent.fingerprint, f"take {intent.take} of shot '{intent.shot}'")
            self._write_intent(ident, intent)
            _nobody_has(ledger, task, intent.vendor, ident)
            self._pages.write(State.SUBMITTED, {"task": task}, submission=ident)
            self._pick(picks)
        adopted = self.submission(intent.fingerprint)
        assert adopted is not None
        return adopted

    @lasting
    def ready(self, ident: str, receipt: Receipt) -> None:
        """It is made and can be fetched. The first receipt stands."""
        with self._pages.writing() as ledger:
            self._act(ledger, ident, State.READY, receipt_data(receipt))

    @lasting
    def stored(self, ident: str, outputs: Mapping[str, Digest]) -> None:
        """Its outputs are in the store."""
        with self._pages.writing() as ledger:
            self._act(ledger, ident, State.STORED, {"inputs": ledger.inputs_of(ident), "outputs": outputs})

    @lasting
    def refused(self, *idents: str, code: str, reason: str) -> None:
        """The vendor said no to the one request for all of these, and charges nothing."""
        with self._pages.writing() as ledger:
            for ident in idents:
                self._act(ledger, ident, State.REFUSED, {"code": code, "reason": reason})

    @lasting
    def failed(self, ident: str, *, code: str, reason: str, charged: Money | None) -> None:
        """The vendor tried and failed, or the clip cannot be had any more; None is an unknown charge."""
        with self._pages.writing() as ledger:
            document = {"code": code, "reason": reason, "charged": money_data(charged)}
            self._act(ledger, ident, State.FAILED, document)

    @lasting
    def unsent(self, *idents: str, reason: str) -> None:
        """No byte of the one request for all of these left."""
        with self._pages.writing() as ledger:
            for ident in idents:
                self._act(ledger, ident, State.UNSENT, {"reason": reason})

    def abandoned(self, submissions: Sequence[Submission], decision: Decision) -> None:
        """A person gave these up, all of them or none: durable when this returns. What is lost costs nothing; of
        what is bought anew nobody knows what it cost, so all that was reserved stays spent.
        """
        with self._pages.writing(durable=True) as ledger:
            for one in submissions:
                nothing = Money.zero(one.reserved.currency) if one.reserved else Money.zero()
                charged = nothing if decision is Decision.LOST else None
                document = {"decision": decision.value, "charged": money_data(charged)}
                self._act(ledger, one.id, State.ABANDONED, document)

    # All else

    def made(self, made: Made, *, picks: Mapping[str, int] = MappingProxyType({})) -> None:
        """A step was carried out, and this is what it came to; nothing is written that is known already, unless a
        person had it deleted. `picks` are takes that the film uses from now on, by the order's digest.
        """
        with self._pages.writing() as ledger:
            self._pick(picks)
            known = ledger.made.get(made.fingerprint)
            again = not ledger.deleted.keys().isdisjoint(made.outputs.values())
            if known is not None and dict(known.outputs) == dict(made.outputs) and not again:
                self._last_of(ledger, made.step, made.fingerprint)
                return
            document: dict[str, Json] = {"inputs": self._pages.keep(made.inputs), "outputs": made.outputs}
            self._pages.write(Note.MADE, document, step=made.step, fingerprint=made.fingerprint)

    def latest(self, step: str, fingerprint: Fingerprint) -> None:
        """The step now has this fingerprint; nothing is written that is known already."""
        with self._pages.reading() as ledger:
            known = ledger.latest(self.story).get(step)
        if known != fingerprint:
            with self._pages.writing() as ledger:
                self._last_of(ledger, step, fingerprint)

    def picked(self, order: str, take: int) -> None:
        """The film uses this take of the order with this digest."""
        with self._pages.writing():
            self._pick({order: take})

    def asked(self, order: str, takes: Collection[int]) -> None:
        """These takes of the order with this digest are wanted besides the story's, as others were before."""
        with self._pages.writing() as ledger:
            every = ledger.asked.get(order, frozenset()).union(takes)
            self._pages.write(Note.ASKED, {"order": order, "takes": sorted(every)})

    def delivered(self, path: str, digest: Digest, size: int, mtime_ns: int) -> None:
        """This content lies at `path` (relative to the story's folder, with `/`), looking like this."""
        with self._pages.writing():
            self._pages.write(Note.DELIVERED, {"path": path, "digest": digest, "size": size, "mtime_ns": mtime_ns})

    def deleted(self, digests: Collection[Digest]) -> None:
        """A person has these stored files deleted: durable when this returns, and written before they go."""
        with self._pages.writing(durable=True):
            self._pages.write(Note.DELETED, {"digests": sorted(digests)})

    def entries(self) -> tuple[Entry, ...]:
        """Every entry of every story, in their order."""
        return self._pages.entries()

    def document(self, name: str) -> Mapping[str, Json]:
        """The document that entries name. Raises PipeError when it is not what it was."""
        return self._pages.recall(name)

    def facts(self, orders: Collection[str] = ()) -> Facts:
        """What is known of all that this story ever asked for, and of its present `orders`."""
        return facts_of(self.entries(), self.document, story=self.story, orders=orders)

    def merged(self, facts: Facts, present: Callable[[Digest], bool]) -> Merged:
        """What taking these facts in would come to; `present` says whether this state has a file, or will."""
        return merge(facts, self.entries(), present, story=self.story)

    def take_in(self, facts: Facts, present: Callable[[Digest], bool]) -> Merged:
        """Take in what is news in facts of another state, all of it or nothing: durable when this returns."""
        with self._pages.writing(durable=True):
            merged = self.merged(facts, present)
            names = {name for entry in merged.entries for name in named_by(entry)}
            for name in sorted(names):
                self._pages.keep(facts.documents[name])
            for entry in merged.entries:
                self._pages.add(entry)
        return merged

    def uploads(self, keeper: str) -> Mapping[Digest, Kept]:
        """The files of ours that `keeper` (an account with a vendor) has, as far as runs of this folder remember,
        by their digest.
        """
        with self._pages.reading() as ledger:
            return {digest: kept for (whose, digest), kept in ledger.uploads.items() if whose == keeper}

    def uploaded(self, keeper: str, digest: Digest, address: str) -> None:
        """`keeper` has the file with this digest at `address`. An address with a query or a user name is signed,
        so it is not written down.
        """
        if "?" in address or "@" in address:
            return
        with self._pages.writing():
            self._pages.write(Note.UPLOADED, {"keeper": keeper, "digest": digest, "address": address})

    def forgotten(self, keeper: str, digest: Digest) -> None:
        """The file may not be with `keeper` any more."""
        with self._pages.writing() as ledger:
            if (keeper, digest) in ledger.uploads:
                self._pages.write(Note.FORGOTTEN, {"keeper": keeper, "digest": digest})

    def _not_open_elsewhere(self, ledger: Ledger, fingerprint: Fingerprint, what: str) -> None:
        newest = ledger.submission(fingerprint)
        if newest is None:
            return
        if newest.state in OPEN:
            raise InDoubt(
                f"{what} was already asked for by story '{newest.story}' and is not settled",
                next_step="run again: what is open is fetched or settled before anything is bought",
            )
        if newest.state is State.STORED and self._pages.number_of(newest.id, State.STORED) > self._known_up_to:
            raise PipeError(
                f"{what} was made by another run in the meantime", next_step="run again: it need not be bought"
            )

    def _write_intent(self, ident: str, intent: Intent) -> Submission:
        document: dict[str, Json] = {
            "shot": intent.shot,
            "take": intent.take,
            "vendor": intent.vendor,
            "model": intent.model,
            "request": self._pages.keep(intent.request),
            "inputs": self._pages.keep(intent.inputs),
            "reserved": money_data(intent.reserved),
        }
        step = take_key(intent.shot, intent.take)
        mark = intent.fingerprint
        at = self._pages.write(State.INTENT, document, submission=ident, step=step, fingerprint=mark)
        return Submission(
            id=ident,
            fingerprint=mark,
            story=self.story,
            shot=intent.shot,
            take=intent.take,
            vendor=intent.vendor,
            model=intent.model,
            state=State.INTENT,
            request=freeze(intent.request),
            inputs=freeze(intent.inputs),
            reserved=intent.reserved,
            at=at,
            expected=intent.reserved,
        )

    def _act(self, ledger: Ledger, ident: str, act: State, document: Mapping[str, Json]) -> None:
        acts = ledger.acts_of(ident)
        if act.value in acts and (act is State.READY or acts[act.value] == text_of(document)):
            return
        last = State(next(reversed(list(acts)))) if acts else None
        if last is None or not may_follow(last, act):
            raise IllegalAct(f"'{act.value}' cannot follow '{last}' in submission {ident}")
        self._pages.write(act, document, submission=ident)

    def _pick(self, picks: Mapping[str, int]) -> None:
        for order, take in picks.items():
            self._pages.write(Note.PICKED, {"order": order, "take": take})

    def _last_of(self, ledger: Ledger, step: str, fingerprint: Fingerprint) -> None:
        if ledger.latest(self.story).get(step) != fingerprint:
            self._pages.write(Note.LATEST, {}, step=step, fingerprint=fingerprint)


def _nobody_has(ledger: Ledger, task: str, vendor: str, ident: str) -> None:
    """Raises PipeError when another take of this vendor has the task; what a person gave up has it no more."""
    for one in ledger.holders(task):
        if one.vendor == vendor and one.id != ident and one.state is not State.ABANDONED:
            raise held_already(task, one)


def held_already(task: str, holder: Submission) -> PipeError:
    """The error for a task that a take is to have, and another has."""
    return PipeError(
        f"task {task} is that of take {holder.take} of shot '{holder.shot}' (story '{holder.story}') already",
        next_step="look for another task in the vendor's console",
    )
