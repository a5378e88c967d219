"""Strays: open submissions that the story no longer asks for. They are paid for, so their clips are fetched;
whether those in doubt are, is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import anyio

from seedance_pipe.document import Json
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.run.craft import Craft, Job
from seedance_pipe.run.event import Doubted, Emit, Failed, Finished, Noted, Started
from seedance_pipe.run.scheduler import keeping
from seedance_pipe.run.submission import doubted
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import Address, Kind, Medium, Role
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.story import Footage, Shot
from seedance_pipe.studio.models import catalogue
from seedance_pipe.studio.work import Work
from seedance_pipe.vendor.registry import VENDORS


async def follow_strays(work: Work, strays: Iterable[Submission], craft: Craft, emit: Emit) -> None:
    """Follow each of `strays` to its end; what fails, or stays in doubt, is said and stops nothing."""
    async with anyio.create_task_group() as tasks:
        for submission in strays:
            tasks.start_soon(_fetch, work, craft, submission, emit)


def tell_of(strays: Iterable[Submission], emit: Emit, *, first: Callable[[Submission], str]) -> None:
    """Say of each of `strays`, which this run cannot settle, that it is in doubt, and what to do `first`."""
    for one in strays:
        title = VENDORS[one.vendor].FACTS.title
        error = doubted(one, shot=one.shot, vendor=title, model=one.model, first=first(one))
        emit(Doubted(stray_key(one), error.message, error.next_step))


def still_in_doubt(work: Work) -> tuple[StepKey, ...]:
    """The strays of which even now nobody knows whether the vendor has them."""
    doubts = (one for one in work.strays if one.state is State.INTENT)
    now = ((one, work.journal.submission(one.fingerprint)) for one in doubts)
    left = (one for one, found in now if found and found.id == one.id and found.state is State.INTENT)
    return tuple(stray_key(one) for one in left)


def stray_key(submission: Submission) -> StepKey:
    return StepKey(f"{take_key(submission.shot, submission.take)} of an earlier story")


async def _fetch(work: Work, craft: Craft, submission: Submission, emit: Emit) -> None:
    key = stray_key(submission)
    model = catalogue().find(f"{submission.vendor}/{submission.model}")
    if model is None:
        what = f"task {submission.task}" if submission.task else "a request in doubt"
        emit(Noted(key, f"{what} is left alone: {submission.model} is no longer known"))
        return
    emit(Started(key, resumed=True))
    with work.store.scratch() as scratch:
        step = Step(
            key, StepKind.TAKE, _recipe(submission), shot=recalled(submission, model), take=submission.take
        )
        job = Job(step, submission.fingerprint, submission.inputs, {}, {}, scratch, keeping(work.store))
        try:
            outputs = await craft.perform(job, emit)
        except InDoubt as error:
            emit(Doubted(key, error.message, error.next_step))
        except PipeError as error:
            emit(Failed(key, error.message, error.next_step))
        else:
            emit(Finished(key, outputs))


def recalled(submission: Submission, model: Model) -> Shot:
    """The shot that a journalled request was made for, as far as fetching its clip and its price need it."""
    recipe = _recipe(submission)
    order, request = recipe.get("order"), submission.request
    return Shot(
        id=submission.shot,
        place=Place(submission.story, 1, 1),
        model=model,
        body=request if isinstance(request, Mapping) else {},
        order=order if isinstance(order, Mapping) else {},
        media=tuple(_media(recipe)),
        footage=Footage("", None, None, 0, audio=False),
        seed=None,
        seed_path=(),
        takes=submission.take,
        origins=MappingProxyType({}),
    )


def _recipe(submission: Submission) -> Mapping[str, Json]:
    recipe = submission.inputs.get("recipe") if isinstance(submission.inputs, Mapping) else None
    return recipe if isinstance(recipe, Mapping) else {}


def _media(recipe: Mapping[str, Json]) -> Iterator[Medium]:
    """The media by kind: the price of some models depends on whether there is a video among them."""
    given = recipe.get("media")
    for one in given if isinstance(given, tuple) else ():
        if isinstance(one, Mapping):
            yield Medium(Role.REFERENCE, Kind(one["kind"]), Address(""), (), Place("", 1, 1))
