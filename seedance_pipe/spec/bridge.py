"""Bridges: a shot that ends with the picture with which the next one begins already.

Where a last frame goes in a request is data of the model; no vendor is named here. The bridge is made from the
shot as it was read, so that stories without one pay nothing for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

from seedance_pipe.document import Json, JsonPath, at, fill, freeze, leaves, thaw, written
from seedance_pipe.spec.footage import footage
from seedance_pipe.spec.form import Form, Parameter, hole_of, nested
from seedance_pipe.spec.medium import FromShot, Kind, Medium, Role, SeamPicture
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Origin, Shot

_ADDRESS = "https://example.org/"


class Bridges:
    """Makes bridges of shots. The schema of each model is compiled once."""

    def __init__(self) -> None:
        self._forms: dict[str, Form] = {}

    def bridged(self, shot: Shot, end: SeamPicture) -> Shot:
        """`shot` as it is asked for when it is to end with that picture; `refusal` has nothing against it."""
        return _bridged(shot, end, self._form(shot.model))

    def refusal(self, shot: Shot) -> str:
        """Why the shot cannot be a bridge; empty when it can."""
        form = self._form(shot.model)
        if any(medium.role is Role.LAST_FRAME for medium in shot.media):
            return "it has a last_frame of its own"
        if not form.takes(Role.LAST_FRAME.value):
            return f"{shot.model.familiar} takes no last_frame"
        path, _ = _place(form)
        begins = any(medium.role is Role.FIRST_FRAME for medium in shot.media)
        if path in form.by_place and not begins:
            return "a last_frame needs a first_frame too, and it has none"
        trial = _bridged(shot, _ANY, form)
        addresses = {medium.hole: _ADDRESS for medium in trial.media}
        whole = thaw(fill(trial.body, {**addresses, **_stand_ins(shot, form)}))
        return next((rule.message for rule in form.checker.broken(whole)), "")

    def _form(self, model: Model) -> Form:
        return self._forms.setdefault(model.name, self._forms.get(model.name) or Form(model))

    def objection(self, shot: Shot, way: Repair, shots: Iterable[Shot]) -> str:
        """Why there is no such `way` for one of `shots`; empty when there is."""
        roles = {
            medium.role
            for other in shots
            for medium in other.media
            if medium.source == FromShot(shot.id) and medium.kind is Kind.IMAGE
        }
        if not roles:
            return "no shot continues it"
        if way is not Repair.BRIDGE:
            return ""
        return self.refusal(shot) if Role.FIRST_FRAME in roles else "no shot begins with its last frame"


def check_bridges(shots: Sequence[Shot], problems: Problems) -> None:
    """Tell the shots that the story wants as bridges and that cannot be. One that nothing continues needs none."""
    bridges = Bridges()
    continued = {
        medium.source.shot
        for shot in shots
        for medium in shot.media
        if isinstance(medium.source, FromShot) and medium.role is Role.FIRST_FRAME
    }
    for shot in shots:
        why = bridges.refusal(shot) if shot.repair is Repair.BRIDGE and shot.id in continued else ""
        if why:
            told = f"repair: bridge for shot '{shot.id}': {why}; say repair: ripple or accept in it"
            problems.error(shot.origins["repair",].place, told)


_ANY = SeamPicture("", cast(Any, ""))


def _place(form: Form) -> tuple[Parameter, Any]:
    """The list that a last frame goes into, and the item that holds it there."""
    return next(
        (path, item) for path, items in form.lists.items() for item, hole in items if hole == Role.LAST_FRAME.value
    )


def _bridged(shot: Shot, end: SeamPicture, form: Form) -> Shot:
    """It stands last in its list and among the media, as where the story itself gives first and last frame: the
    slots of the others stay what they are.
    """
    path, item = _place(form)
    items = cast(tuple[Any, ...], at(shot.body, path) or ())
    (way,) = _ways(form, path, Role.LAST_FRAME.value)
    body = cast(Mapping[str, Json], written(shot.body, path, (*items, fill(freeze(item), {way: None}))))
    place: JsonPath = (*path, len(items))
    asked = shot.origins.get(("repair",), Origin("repair", shot.place))
    last = Medium(Role.LAST_FRAME, Kind.IMAGE, end, (*place, *way), asked.place)
    filled = {part: value for part in form.parts if (value := at(body, part)) is not None}
    roles = {"references" if one.role is Role.REFERENCE else one.role.value for one in (*shot.media, last)}
    order = form.with_defaults(filled, roles)
    return replace(
        shot,
        body=body,
        order=cast(Mapping[str, Json], freeze(nested(order))),
        media=(*shot.media, last),
        footage=footage(form, order),
        origins=MappingProxyType({**shot.origins, place: Origin("last_frame", asked.place)}),
        # A final from the task of a draft would end as the draft did.
        final=None,
    )


def _stand_ins(shot: Shot, form: Form) -> Mapping[JsonPath, str]:
    """Short texts in the place of the prompt: requests that differ in words are judged once."""
    prompt = {
        (*path, *way)
        for path, origin in shot.origins.items()
        if origin.key == "prompt"
        for way in _ways(form, path[:-1], "prompt")
    }
    return {
        path: form.stand_in(leaf) for path, leaf in leaves(shot.body) if path in prompt and isinstance(leaf, str)
    }


def _ways(form: Form, path: JsonPath, hole: str) -> Iterator[JsonPath]:
    """Where a hole lies in an item of the list at `path`; at no depth where that is no list."""
    items = [item for place, items in form.lists.items() if place == path for item, name in items if name == hole]
    if not items:
        yield ()
    for item in items:
        yield from (way for way, leaf in leaves(item) if hole_of(leaf) == hole)
