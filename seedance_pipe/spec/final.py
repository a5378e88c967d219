"""Finals: each shot of a film with its draft, and the request that makes it from the task of that draft.

Which drafts have a task that can be used, what a final takes over from it and what it may ask for anew is data of
the model (`x-draft`, `x-reused` and the hole `{draft}`); no vendor is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from seedance_pipe.document import Json, JsonPath, at, canonical, fill, freeze, leaves, thaw
from seedance_pipe.spec.form import TASK_HOLE, Form, Parameter, hole_of, nested
from seedance_pipe.spec.peers import Peers
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.story import Final, Origin, Shot, Story

_STAND_IN = "x"
_LONGEST = 60


def with_drafts(
    films: Sequence[Story], drafts: Iterable[Story], peers: Peers, problems: Problems
) -> tuple[Story, ...]:
    """`films` with the shots of those of `drafts` that are the same film. A shot that is its own draft, because
    the profile changes nothing of what it orders, has none.
    """
    by_film = {story.variant: {shot.id: shot for shot in story.shots} for story in drafts}
    return tuple(
        replace(
            film,
            shots=tuple(
                _with_draft(shot, by_film.get(film.variant, {}).get(shot.id), peers, problems)
                for shot in film.shots
            ),
        )
        for film in films
    )


def _with_draft(shot: Shot, draft: Shot | None, peers: Peers, problems: Problems) -> Shot:
    if draft is None or _ordered(shot) == _ordered(draft):
        return shot
    return replace(shot, draft=draft, final=_final(shot, draft, peers, problems))


def _ordered(shot: Shot) -> tuple[Any, ...]:
    return shot.model.name, shot.order, [(one.role, one.kind, one.source) for one in shot.media]


def _final(shot: Shot, draft: Shot, peers: Peers, problems: Problems) -> Final | None:
    """None where the draft is none to its vendor, or one of another model."""
    drafting = shot.model.drafting
    if drafting is None or draft.model.name != shot.model.name or at(draft.order, drafting.asks) is not True:
        return None
    form = peers.form(shot.model)
    final = _request(shot, form)
    for origin, why in (*_differences(shot, draft, form), *_broken(final, shot, form)):
        problems.error(origin.place, f"{origin.key}: {why}")
    return final


def _request(shot: Shot, form: Form) -> Final:
    """What is sent of each parameter beside the item for the draft's task."""
    # A model's file has exactly one where it has drafts at all.
    ((path, item),) = [
        (path, item) for path, items in form.lists.items() for item, hole in items if hole == TASK_HOLE
    ]
    way = next(way for way, leaf in leaves(item) if hole_of(leaf) == TASK_HOLE)
    given = {name: at(shot.body, name) for name in form.parts if name not in form.reused}
    kept = {name: value for name, value in given.items() if value is not None}
    hole = (*path, 0, *way)
    body = fill(freeze(nested({**kept, path: [item]})), {hole: None})
    return Final(cast(Mapping[str, Json], body), hole)


def _differences(shot: Shot, draft: Shot, form: Form) -> Iterator[tuple[Origin, str]]:
    """What the vendor would silently take from the draft although the story asks for something else."""
    for path in form.reused:
        own, before = at(shot.order, path), at(draft.order, path)
        if own != before:
            yield _origin(shot, draft, path, form.key_of(path)), _unlike(shot, own, before)
    for path in form.lists:
        items, others = _items(shot, path), _items(draft, path)
        for place in dict.fromkeys((*items, *others)):
            if items.get(place) != others.get(place):
                yield _origin(shot, draft, place, form.key_of(path)), _unlike(shot, None, None)


def _unlike(shot: Shot, own: Json, before: Json) -> str:
    told = f"the shot has {_said(own)}, its draft {_said(before)}" if own != before else "its draft has another"
    return f"{told}; {shot.model.familiar} makes a final of what its draft had, so both must say the same"


def _said(value: Json) -> str:
    text = "nothing" if value is None else canonical(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _items(shot: Shot, path: Parameter) -> Mapping[JsonPath, Any]:
    """The items of a list by their paths, each with the media in it."""
    items = at(shot.body, path)
    places: list[JsonPath] = [(*path, index) for index in range(len(items) if isinstance(items, tuple) else 0)]
    media = {one.hole[: len(path) + 1]: (one.role, one.kind, one.source) for one in shot.media}
    return {place: (item, media.get(place)) for place, item in zip(places, cast(Any, items) or (), strict=True)}


def _origin(shot: Shot, draft: Shot, path: JsonPath, name: str) -> Origin:
    """Where the story says the value at `path`, in the shot or else in its draft."""
    return shot.origins.get(path) or draft.origins.get(path) or Origin(name, shot.place)


def _broken(final: Final, shot: Shot, form: Form) -> Iterator[tuple[Origin, str]]:
    """What the rules of the schema have against the request for the final."""
    trial = thaw(fill(final.body, {final.hole: _STAND_IN}))
    for rule in form.checker.broken(trial):
        found = (origin for origin in shot.origins.values() if origin.key in rule.at)
        yield next(found, Origin("its final", shot.place)), f"made from the draft's task, {rule.message}"
