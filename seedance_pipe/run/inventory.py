"""The inventory: what the journal says of the files in the store: who names each, and what it was made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from seedance_pipe.document import Json
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import State
from seedance_pipe.run.entry import Entry, Note
from seedance_pipe.units import Digest, Fingerprint


@dataclass(frozen=True, slots=True)
class Naming:
    """An entry says that a file is the `output` of `step`; `made_of` are the files that went into it."""

    step: str
    kind: StepKind
    fingerprint: Fingerprint
    output: str
    made_of: frozenset[Digest]


@dataclass(slots=True)
class Inventory:
    """`names` holds every file that any entry of any story names. `users` are the stories that ever asked for what
    a fingerprint stands for. `begun_with` maps each file that a take was made from to those takes' fingerprints.
    """

    names: dict[Digest, list[Naming]] = field(default_factory=dict)
    users: dict[Fingerprint, set[str]] = field(default_factory=dict)
    begun_with: dict[Digest, set[Fingerprint]] = field(default_factory=dict)

    def paid(self, digest: Digest) -> bool:
        """Whether a take came out as this file. A clip that fits the film as it is is one file under two names."""
        return any(naming.kind is StepKind.TAKE for naming in self.names.get(digest, ()))

    def stories(self, digest: Digest) -> frozenset[str]:
        """The stories that ever asked for something that came out as this file."""
        found = (self.users.get(naming.fingerprint, ()) for naming in self.names.get(digest, ()))
        return frozenset(story for stories in found for story in stories)

    def can_be_made(self, digest: Digest, present: Callable[[Digest], bool]) -> bool:
        """Whether the file could be made again from what is `present`, without asking any vendor."""
        return self._can_be_made(digest, present, frozenset())

    def _can_be_made(self, digest: Digest, present: Callable[[Digest], bool], above: Collection[Digest]) -> bool:
        within = {*above, digest}
        return any(
            naming.kind is not StepKind.TAKE
            and all(
                present(part) or (part not in within and self._can_be_made(part, present, within))
                for part in naming.made_of
            )
            for naming in self.names.get(digest, ())
        )


def inventory(entries: Iterable[Entry], recall: Callable[[str], Mapping[str, Json]]) -> Inventory:
    """What `entries`, in their order, say. `recall` gives a document that they name."""
    found = Inventory()
    intents: dict[str, Entry] = {}
    for entry in entries:
        mark = Fingerprint(entry.fingerprint)
        if mark:
            found.users.setdefault(mark, set()).add(entry.story)
        if entry.act == State.INTENT.value:
            intents[entry.submission or ""] = entry
            _begun(found, mark, _parts(recall(json.loads(entry.text)["inputs"])))
        elif entry.act == State.STORED.value:
            intent = intents[entry.submission or ""]
            _named(found, intent.step, Fingerprint(intent.fingerprint), entry, recall)
        elif entry.act == Note.MADE.value:
            _named(found, entry.step, mark, entry, recall)
    return found


def _named(
    found: Inventory, step: str, mark: Fingerprint, entry: Entry, recall: Callable[[str], Mapping[str, Json]]
) -> None:
    document = json.loads(entry.text)
    inputs = recall(document["inputs"])
    kind, parts = StepKind(inputs["kind"]), _parts(inputs)
    for output, digest in document["outputs"].items():
        naming = Naming(step, kind, mark, output, parts)
        namings = found.names.setdefault(Digest(digest), [])
        if naming not in namings:
            namings.append(naming)
    if kind is StepKind.TAKE:
        _begun(found, mark, parts)


def _begun(found: Inventory, mark: Fingerprint, parts: Iterable[Digest]) -> None:
    for part in parts:
        found.begun_with.setdefault(part, set()).add(mark)


def _parts(inputs: Mapping[str, Json]) -> frozenset[Digest]:
    given = inputs.get("inputs")
    return frozenset(Digest(str(one)) for one in given.values()) if isinstance(given, Mapping) else frozenset()
