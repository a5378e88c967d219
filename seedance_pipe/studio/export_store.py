"""Exporting: a story's clips under names that people can read, and beside them what the journal knows of them.

The folder says of itself what it holds: `SHA256SUMS` is written last, so a folder that has it is whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from seedance_pipe.disk import Disk, open_to_read, pieces, private_folder, write_whole
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, Missing, PipeError
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import State
from seedance_pipe.plan.make import make
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.report.parcel import Packed
from seedance_pipe.run.facts import Facts, lines_of
from seedance_pipe.run.inventory import Inventory, Naming, inventory
from seedance_pipe.run.store import Store
from seedance_pipe.run.submission import OPEN
from seedance_pipe.studio.decide import deciding
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.housekeeping import used
from seedance_pipe.studio.look import METHODS, as_made, history_of
from seedance_pipe.studio.sums import FACTS, README, SUMS, digest_of, read_sums, sums_text
from seedance_pipe.units import Digest

_FOLDERS = {StepKind.TAKE: "clips", StepKind.FRAME: "frames", StepKind.CLIP: "cut", StepKind.FILM: "cut"}

_TOLD = """\
What was made for the story {story}, and what is known of it.

clips/       the takes as their vendors gave them: shot, number of the take, how the digest begins
frames/      the frames that one shot handed to the next
cut/         what the film was joined from, and the film
facts.jsonl  what the journal knows: a line of JSON for each submission, each step that was made, each choice
SHA256SUMS   the digest of every file: `sha256sum -c SHA256SUMS` checks them

`seedance-pipe import-store STORY FOLDER` takes it all in on another machine; nothing is bought again there.

Requests that are open (at a vendor, or in doubt) go along under the names that they have, so that no machine buys
them anew. Only one machine may go on with them: the import asks for --go-on-here, and from then on do not run the
story on the machine where this was exported.
"""


def export_store(homes: Sequence[Home], folder: Path, *, effects: Effects | None = None) -> Packed:
    """Write all that the story ever had made, and its films, to `folder`; what is there already is not copied
    again. `homes` are the films of the story.

    Raises StoryHeld while a run is at work, Missing where nothing was made yet, and GuardRefused for a folder
    that holds something else.
    """
    effects, where = effects or Effects(), homes[0]
    if not os.path.lexists(where.journal):
        raise Missing(f"nothing was made for {where.name} yet", next_step="run it first")
    there = _contents(folder)
    with deciding(where, effects) as journal:
        store = Store(where.store, disk=effects.disk)
        history = history_of(where, journal, store)
        every = (*homes, *(as_made(home, history) for home in homes))
        facts = journal.facts(list({order_digest(shot) for home in every for shot in home.story.shots}))
        known = inventory(journal.entries(), journal.document)
        plans = [make(home.story, history, METHODS) for home in homes]
        now = used(history, plans)
        wanted = _wanted(facts, known, now)
        names = {digest: _name(digest, known, store) for digest in sorted(wanted) if store.has(digest)}
        missing = sorted(_what(digest, known) for digest in wanted - names.keys())
        try:
            written, size = _copied(folder, names, store, there, effects.disk)
            sums = {name: str(digest) for digest, name in names.items()}
            for name, text in ((FACTS, lines_of(facts)), (README, _TOLD.format(story=where.name))):
                sums[name] = _written(folder / name, text, effects.disk)
            _written(folder / SUMS, sums_text(sums), effects.disk)
        except OSError as error:
            raise PipeError(
                f"the export to {folder} was not finished: {error.strerror}",
                next_step="make room, or name another folder, and export again",
            ) from error
        opened = [life[0].step for life in facts.lives if State(life[-1].act) in OPEN]
        return Packed(folder, len(names), size, written, missing, sorted(opened), len(now - facts.outputs))


def _contents(folder: Path) -> Mapping[str, str]:
    """The files of an earlier export in the folder, by their names, with their digests."""
    if (folder / SUMS).is_file():
        return read_sums(folder)
    try:
        strange = folder.is_dir() and any(one.name.removesuffix(".part") not in _OURS for one in folder.iterdir())
    except OSError as error:
        raise PipeError(f"{folder} cannot be read: {error.strerror}", next_step="name another folder") from error
    if strange:
        raise GuardRefused(
            f"{folder} holds something else than an export",
            next_step="name a folder that is empty or not there yet",
        )
    return {}


_OURS = {*_FOLDERS.values(), FACTS, README, SUMS}
"""What an export that was cut short may have left."""


def _wanted(facts: Facts, known: Inventory, now: frozenset[Digest]) -> frozenset[Digest]:
    """What the plan uses `now`, and of all else what was paid for, and the frames with which paid takes begin."""
    dear = {one for one in facts.outputs if known.paid(one) or one in known.begun_with}
    return frozenset(dear | (facts.outputs & now))


def _naming(digest: Digest, known: Inventory) -> Naming:
    """Of all that is this file, a take before all else."""
    ranks = list(StepKind)
    return min(known.names[digest], key=lambda one: (ranks.index(one.kind), one.step, one.output))


def _name(digest: Digest, known: Inventory, store: Store) -> str:
    naming = _naming(digest, known)
    shot, _, part = naming.step.partition("/")[0].partition("#")
    words = [
        re.sub(r"[^A-Za-z0-9_.-]", "-", shot),
        *(["take", part] if part else []),
        *(["last-frame"] if naming.output == "last_frame" else []),
    ]
    folder = _FOLDERS.get(naming.kind, "cut")
    return f"{folder}/{'-'.join((*words, digest[:12]))}{store.path(digest).suffix}"


def _what(digest: Digest, known: Inventory) -> str:
    naming = _naming(digest, known)
    return f"{naming.output.replace('_', ' ')} of {naming.step}"


def _copied(
    folder: Path, names: Mapping[Digest, str], store: Store, there: Mapping[str, str], disk: Disk
) -> tuple[int, int]:
    """How many files had to be copied, and the length of all of them in bytes."""
    private_folder(folder.absolute(), disk)
    written = size = 0
    for digest, name in names.items():
        source, target = store.path(digest), folder / name
        size += source.stat().st_size
        if there.get(name) == digest and target.is_file() and digest_of(target) == digest:
            continue
        private_folder(target.parent.absolute(), disk)
        write_whole(target, _pieces(source), aside=_aside(target), disk=disk)
        written += 1
    return written, size


def _pieces(path: Path) -> Iterator[bytes]:
    descriptor = open_to_read(path)
    try:
        yield from pieces(descriptor)
    finally:
        os.close(descriptor)


def _written(path: Path, text: str, disk: Disk) -> str:
    """The digest of a small file that is there with this text when this returns."""
    private_folder(path.parent.absolute(), disk)
    write_whole(path, [text.encode()], aside=_aside(path), disk=disk)
    return str(digest_of(path))


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
