"""Small stories, models and histories for tests, built from the same frozen values that the program uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seedance_pipe.document import Json
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Graph, Step, StepKey, StepKind
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.plan.unroll import Methods
from seedance_pipe.spec.cap import Cap, Caps
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import FromShot, Kind, Medium, Role, Source
from seedance_pipe.spec.model import Abilities, Model, Price, Rate, Unpriced
from seedance_pipe.spec.story import Footage, Origin, Shot, Story
from seedance_pipe.units import Digest, Fingerprint, Money, Size

METHODS = Methods(frame="1", format="1", clip="1", film="1")
HERE = Place("story.yaml", 1, 1)

UNPRICED = Unpriced("the price is told when the task is created", date(2026, 9, 9), "a page")
PRICE = Price("tokens", "USD", (Rate(MappingProxyType({}), Decimal("2.50")),), date(2026, 9, 9), "a page")

MODEL = Model(
    name="acme/one",
    vendor="acme",
    wire="one",
    revision="1",
    title="One",
    aliases=(),
    abilities=Abilities(
        first_frame=True,
        last_frame=True,
        references=MappingProxyType({Kind.IMAGE: 9}),
        audio=True,
        draft=False,
        returns_last_frame=True,
        prompt_optional=True,
    ),
    sizes=MappingProxyType(
        {("480p", "16:9"): Size(864, 480), ("480p", "1:1"): Size(640, 640), ("1080p", "16:9"): Size(1920, 1088)}
    ),
    frame_rate=24,
    price=PRICE,
    retirement=None,
    document=MappingProxyType({}),
)


def capped(*amounts: Money) -> Caps:
    """Caps as the command line sets them."""
    return {amount.currency: Cap(amount, "--max-cost") for amount in amounts}


def shot(
    name: str,
    prompt: str = "a wave",
    *,
    after: str | None = None,
    media: tuple[Medium, ...] = (),
    seed: int | None = None,
    takes: int = 1,
    model: Model = MODEL,
    footage: Footage | None = None,
    **order: Any,
) -> Shot:
    """A shot whose request is its prompt, its seed and `order`; `after` names the shot that it continues."""
    if after is not None:
        media = (frame_from(after), *media)
    body = {"prompt": prompt, **({"seed": seed} if seed is not None else {}), **order}
    return Shot(
        id=name,
        place=HERE,
        model=model,
        body=body,
        order=body,
        media=media,
        footage=footage or Footage("480p", "16:9", 121, 121, audio=False),
        seed=seed,
        seed_path=("seed",),
        takes=takes,
        origins=MappingProxyType(
            {("prompt",): Origin("prompt", replace(HERE, line=7)), ("image",): Origin("first_frame", HERE)}
        ),
    )


def frame_from(source: str | Source, role: Role = Role.FIRST_FRAME, kind: Kind = Kind.IMAGE) -> Medium:
    return Medium(role, kind, FromShot(source) if isinstance(source, str) else source, ("image",), HERE)


def story(*shots: Shot, folder: Path = Path("/films")) -> Story:
    return Story(folder / "story.yaml", "A film", shots, folder / "out" / "story.mp4")


def done(graph: Graph, *, remake: Mapping[str, str] = MappingProxyType({})) -> History:
    """The history after a run that made every step of `graph`.

    The digest of an output follows from the step's inputs, as it would; `remake` gives other outputs by step.
    """
    made: dict[Fingerprint, Made] = {}
    submissions: dict[Fingerprint, Submission] = {}
    latest: dict[str, Fingerprint] = {}
    outputs: dict[StepKey, dict[str, Digest]] = {}
    for step in graph.steps:
        inputs = document(step, inputs_of(step, outputs))
        mark = fingerprint(inputs)
        name = step.kind.value if step.kind is not StepKind.TAKE else "clip"
        outputs[step.key] = {name: Digest(remake.get(step.key, f"{name} of {mark}"))}
        made[mark] = Made(mark, step.key, inputs, outputs[step.key])
        latest[step.key] = mark
        if step.kind is StepKind.TAKE:
            submissions[mark] = submission(step, inputs, State.STORED, outputs[step.key])
    film = outputs[graph.steps[-1].key].get("film")
    return History(
        made=made,
        submissions=submissions,
        latest=latest,
        delivered={"out/story.mp4": film} if film else {},
    )


def inputs_of(step: Step, outputs: Mapping[StepKey, Mapping[str, Digest]]) -> dict[str, Digest]:
    there = {need.slot: outputs[need.step].get(need.output) for need in step.needs}
    return {**step.given, **{slot: content for slot, content in there.items() if content is not None}}


def submission(
    step: Step, inputs: Json, state: State, outputs: Mapping[str, Digest] = MappingProxyType({})
) -> Submission:
    assert step.shot is not None
    return Submission(
        id=f"id of {step.key}",
        fingerprint=fingerprint(inputs),
        story="story.yaml",
        shot=step.shot.id,
        take=step.take,
        vendor="acme",
        model="one",
        state=state,
        request=step.shot.body,
        inputs=inputs,
        reserved=Money(Decimal("0.25")),
        at=1_700_000_000.0,
        task="task-1" if state is not State.INTENT else None,
        charged=Money(Decimal("0.25")) if state is State.STORED else None,
        outputs=outputs,
        expected=Money(Decimal("0.25")),
    )
