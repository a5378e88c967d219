"""A story against what it was at a revision: what it asks for beyond that, whatever was bought in truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.plan.supposed import as_if_made
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.difference import Difference
from seedance_pipe.report.review import review
from seedance_pipe.spec.edition import AS_WRITTEN, Edition
from seedance_pipe.spec.reader import Reading
from seedance_pipe.spec.story import Story
from seedance_pipe.studio.git import at_revision
from seedance_pipe.studio.home import read
from seedance_pipe.studio.look import METHODS


def against(
    films: Sequence[Story],
    revision: str,
    *,
    edition: Edition = AS_WRITTEN,
    rehearsal: bool = False,
    telling: Callable[[Reading], None] = lambda reading: None,
    effects: Effects | None = None,
) -> tuple[Difference, ...]:
    """What each of the films of one story asks for beyond the film of the same name at `revision`, read in the
    same edition. `telling` is given what was found wrong there. Raises StoryInvalid when the story had problems,
    and what `at_revision` raises.
    """
    outside = effects or Effects()
    with at_revision(films[0].path, revision, outside) as then:
        old: dict[str, Story] = {}
        if then.path is not None:
            old = _films(then.path, then.name, edition, rehearsal, telling, outside)
        return tuple(
            difference(film, old.get(film.variant), revision=revision, commit=then.commit) for film in films
        )


def difference(new: Story, old: Story | None, *, revision: str, commit: str) -> Difference:
    """What `new` asks for beyond `old`; None asks for nothing."""
    if old is None:
        return Difference(revision, commit, review(make(new, History(), METHODS), known=()))
    graph = unroll(old, History(), METHODS)
    past = as_if_made(graph, old.output.relative_to(old.root).as_posix())
    plan = make(new, past, METHODS)
    fresh = [one.verdict for one in plan.steps if isinstance(one.verdict, Fresh)]
    kept = {digest for verdict in fresh for digest in verdict.outputs.values()}
    here = {one.step.key for one in plan.steps}
    gone = tuple(
        step
        for step in graph.steps
        if step.kind is StepKind.TAKE
        and step.key not in here
        and kept.isdisjoint(past.made[past.latest[step.key]].outputs.values())
    )
    return Difference(revision, commit, review(plan, known=past.latest), gone, absent=False)


def _films(
    path: Path,
    name: str,
    edition: Edition,
    rehearsal: bool,
    telling: Callable[[Reading], None],
    effects: Effects,
) -> dict[str, Story]:
    reading = read(path, shown=name, edition=edition, rehearsal=rehearsal, environ=effects.environ)
    if not reading.stories:
        telling(reading)
        raise StoryInvalid(f"{name} has problems", next_step="compare with a revision at which the story is right")
    return {film.variant: film for film in reading.stories}
