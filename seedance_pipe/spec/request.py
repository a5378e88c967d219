"""From what a shot asks for to the request that would be sent, by the model's annotations alone.

The schema judges the request, and each fault is told of the key that caused it. No vendor is named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from seedance_pipe.document import Json, JsonPath, freeze
from seedance_pipe.spec.draft import Draft
from seedance_pipe.spec.footage import footage
from seedance_pipe.spec.form import Form, nested
from seedance_pipe.spec.medium import Kind, Medium
from seedance_pipe.spec.peers import Peers
from seedance_pipe.spec.pixels import write_pixels
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.schema import Fault, Rule, texts_of
from seedance_pipe.spec.story import Footage, Origin
from seedance_pipe.spec.wanted import Given, Wanted
from seedance_pipe.spec.wording import Subject, limits, sentence, written


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a Shot that come from its request; see there."""

    body: Mapping[str, Json]
    order: Mapping[str, Json]
    media: tuple[Medium, ...]
    origins: Mapping[JsonPath, Origin]
    footage: Footage
    seed: int | None
    seed_path: JsonPath


def request(form: Form, wanted: Wanted, problems: Problems, peers: Peers) -> Request | None:
    """The request that `wanted` leads to; None when anything in it is wrong, which `problems` then holds."""
    draft = Draft(form, wanted, problems, peers)
    draft.write()
    trial = nested(draft.trial)
    texts = texts_of(trial)
    _judge_parts(draft, trial, texts)
    if form.pixels is not None:
        write_pixels(draft, form.pixels)
        trial = nested(draft.trial)
        texts = texts_of(trial)
    _judge_whole(draft, trial, texts)
    _judge_seed(draft)
    return None if draft.wrong else _finished(draft)


def _judge_parts(draft: Draft, trial: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Hold each parameter against the schema by itself."""
    for name, value in trial.items():
        for fault in draft.form.checker.faults(name, value, text=texts[name]):
            draft.wrong.add(tuple(step for step in fault.path if isinstance(step, str)))
            _tell(draft, fault, value)


def _judge_whole(draft: Draft, trial: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Hold what the parameters say together against the rules of the schema."""
    checker = draft.form.checker
    unsure = draft.unsure()
    for name in checker.missing(trial) if not unsure else ():
        if not draft.form.later(name):
            draft.wrong.add((name,))
            draft.tell_shot(f"{draft.model} needs {_needed(draft, name)}")
    named = {name for path in draft.wrong | unsure for name in path}
    for rule in checker.broken(trial, wrong=named, texts=texts):
        draft.wrong.add(())
        _tell_rule(draft, rule)


def _needed(draft: Draft, name: str) -> str:
    """What is missing as a story calls it, with the models that make something of a picture alone."""
    key = draft.form.key_of((name,))
    if key != "prompt":
        return key if key in draft.form.fields else f"params.{name}"
    others = draft.peers.that_need_no_prompt(draft.form.model) if draft.wanted.media else ""
    return f"a prompt{others}"


def _judge_seed(draft: Draft) -> None:
    path = draft.form.fields.get("seed", ())
    seed, takes = draft.trial.get(path), draft.wanted.takes
    if path in draft.wrong or not isinstance(seed, int) or seed < 0:
        return
    most = limits(draft.form.parts[path])[1]
    last = seed + takes - 1
    if most is not None and last > most:
        why = f"take {takes} would have the seed {last}; {draft.model} takes at most {most}"
        draft.refuse(path, draft.given[path], why)


def _tell(draft: Draft, fault: Fault, value: Any) -> None:
    """Tell a fault of one parameter, or of one item of a list, by the key that put it there."""
    path = fault.path
    depth = next((depth for depth in range(len(path), 0, -1) if path[:depth] in draft.given), 0)
    if not depth:
        _tell_around(draft, fault, value)
        return
    given, rest = draft.given[path[:depth]], path[depth:]
    if isinstance(path[depth - 1], int):
        # An item is made around what was given.
        rest = ()
    value = given.value
    for step in rest:
        value = value[step]
    told = sentence(fault, value, Subject(given.key + written(rest), given.where, draft.model))
    portable = draft.wanted.keys.get(given.key) is given
    # A text that is too short says too little for anybody.
    asked = portable and fault.keyword != "minLength"
    others = draft.peers.that_accept(draft.form.model, given.key, given.value) if asked else ""
    draft.problems.error(given.place, told + others)


def _tell_around(draft: Draft, fault: Fault, value: Any) -> None:
    """Tell a fault of which nothing that the shot gives is the place: of what lies around it, or is not there."""
    inner = next((given for path, given in draft.given.items() if path[: len(fault.path)] == fault.path), None)
    if inner is not None:
        for step in fault.path[1:]:
            value = value[step]
        subject = Subject(".".join(map(str, fault.path)), inner.where, draft.model)
        draft.problems.error(inner.place, sentence(fault, value, subject))
    elif draft.unsure().isdisjoint({fault.path[:1]}):
        draft.tell_shot("there is nothing to make it from; give it a prompt")


def _tell_rule(draft: Draft, rule: Rule) -> None:
    """Tell a broken rule where the shot itself breaks it, or in the defaults when they do so alone; else the
    shot is shown, for other shots may keep the rule with the same defaults.
    """
    found = [list(_all(draft, key)) for key in rule.at]
    every = [given for some in found for given in some]
    own = [given for given in every if given.where == draft.wanted.where]
    message = rule.message + _that_take_more(draft, rule)
    for given in (own or every)[:1]:
        told = f"{given.key} in {given.where}"
        if own or all(found):
            draft.problems.error(given.place, f"{told}: {message}")
        else:
            draft.tell_shot(f"{told}, line {given.place.line}: {message}")
    if not every:
        draft.tell_shot(message)


def _that_take_more(draft: Draft, rule: Rule) -> str:
    """The models that take as many references as the shot brings, where the rule is about their number."""
    model = draft.form.model
    for kind in Kind:
        hole = f"references.{kind.value}"
        count = sum(brought.hole == hole for brought in draft.wanted.media)
        if hole in rule.at and count > model.abilities.references.get(kind, 0):
            return draft.peers.that_take(model, kind, count)
    return ""


def _all(draft: Draft, key: str) -> Iterator[Given]:
    """All that the shot gives for a key; of the media of one kind the last is the one too many."""
    brought = [one.given for one in draft.wanted.media if one.hole == key]
    if brought:
        yield brought[-1]
        return
    if key in draft.wanted.keys:
        yield draft.wanted.keys[key]
    for path, given in draft.given.items():
        if ".".join(map(str, path)) == key or given.key == key or given.key.startswith(f"{key}["):
            yield given


def _finished(draft: Draft) -> Request:
    form = draft.form
    body = {path: freeze(draft.body[path]) for path in form.in_order(draft.body)}
    roles = {_key_of(medium) for medium in draft.media}
    order = form.with_defaults(body, roles)
    seed = form.value("seed", order)
    origins = {path: given for path, given in draft.given.items() if path not in form.groups}
    return Request(
        body=_sealed(nested(body)),
        order=_sealed(nested(order)),
        media=tuple(draft.media),
        origins=MappingProxyType({path: Origin(given.key, given.place) for path, given in origins.items()}),
        footage=footage(form, order),
        seed=seed if isinstance(seed, int) and seed >= 0 else None,
        seed_path=form.fields.get("seed", ()),
    )


def _sealed(tree: dict[str, Any]) -> Mapping[str, Json]:
    """A tree of frozen values, its own mappings read-only too."""
    return MappingProxyType(
        {name: _sealed(value) if type(value) is dict else value for name, value in tree.items()}
    )


def _key_of(medium: Medium) -> str:
    return "references" if medium.role.value == "reference" else medium.role.value
