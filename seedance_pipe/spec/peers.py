"""What other models can do that one cannot: the end of a message about something that a model does not offer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.diagnostic import meant, nearest
from seedance_pipe.spec.form import Form
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import Catalogue, Model
from seedance_pipe.spec.wording import either

_MOST = 3


def meant_model(name: str, known: Sequence[str]) -> str:
    """`; did you mean …?` for a model that is not there: one of the same vendor and version with a name like it,
    and those that other vendors have under the same name; else whatever is near, if anything is.
    """
    vendor, _, own = name.partition("/")
    alike = [other for other in known if other.startswith(f"{vendor}/") and _version(other) == _version(name)]
    same = sorted(other for other in known if other.partition("/")[2] == (own or name))
    close = nearest(name, alike)
    found = [f"'{one}'" for one in ([close] if close else []) + same][:_MOST]
    return f"; did you mean {either(found)}?" if found else meant(name, known)


def _version(name: str) -> str:
    """The digits of a name; 1.0 is 1, however it is written."""
    return "".join(filter(str.isdigit, name)).rstrip("0")


class Peers:
    """The forms of a catalogue's models, each made when it is first asked for: a right story needs few of them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._forms: dict[str, Form] = {}
        self._told: dict[tuple[str, str, str], str] = {}

    def form(self, model: Model) -> Form:
        if model.name not in self._forms:
            self._forms[model.name] = Form(model)
        return self._forms[model.name]

    def that_accept(self, model: Model, key: str, value: Any) -> str:
        """`; <vendor>/<model> and … can` for a portable key with that value, or a hole for a medium; empty when no
        other model can.
        """
        return self._said(model, (key, json.dumps(value)), lambda form: form.accepts(key, value))

    def that_take(self, model: Model, kind: Kind, count: int) -> str:
        """The same for so many references of a kind."""
        return self._said(
            model,
            (f"references.{kind.value}", str(count)),
            lambda form: form.model.abilities.references.get(kind, 0) >= count,
        )

    def that_need_no_prompt(self, model: Model) -> str:
        """`; … can do without` for models that let a picture stand alone."""
        found = self._said(model, ("prompt", ""), lambda form: form.model.abilities.prompt_optional)
        return f"{found} do without" if found else ""

    def _said(self, model: Model, about: tuple[str, str], can: Callable[[Form], bool]) -> str:
        known = (model.name, *about)
        if known not in self._told:
            names = [form.model.familiar for form in self._others(model) if can(form)][:_MOST]
            listed = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)
            self._told[known] = f"; {listed} can" if names else ""
        return self._told[known]

    def _others(self, model: Model) -> Iterator[Form]:
        """The forms of the other models that their vendors still run, those of the same vendor first."""
        for name in sorted(self._catalogue.models, key=lambda name: not name.startswith(f"{model.vendor}/")):
            try:
                other = self._catalogue.models[name]
            except StoryInvalid:
                # The file of a model that the story does not ask for is no problem of the story.
                continue
            if other.name != model.name and other.retirement is None:
                yield self.form(other)
