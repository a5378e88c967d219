"""From what a shot asks for to the request that would be sent, by the model's annotations alone.

The schema judges the request, and each fault is told of the key that caused it. No vendor is named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from seedance_pipe.document import Json, JsonPath, freeze
from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.form import Form, hole_of
from seedance_pipe.spec.medium import Medium
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.schema import Fault, Rule
from seedance_pipe.spec.story import Footage, Origin
from seedance_pipe.spec.wanted import Brought, Given, Wanted
from seedance_pipe.spec.wording import Subject, lacks, limits, offer, sentence, written

_IN_LISTS = frozenset({"prompt", "first_frame", "last_frame", "continues", "references"})
_ANY_ADDRESS = "https://example.org/"
_NOTHING = {"audio": False, "watermark": False, "camera_fixed": False, "seed": -1}


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


def request(form: Form, wanted: Wanted, problems: Problems) -> Request | None:
    """The request that `wanted` leads to; None when anything in it is wrong, which `problems` then holds."""
    draft = _Draft(form, wanted, problems)
    draft.write_keys()
    draft.write_params()
    draft.write_lists()
    draft.judge()
    return None if draft.wrong else draft.finished()


class _Draft:
    """One request while it is written.

    `trial` is `body` with stand-ins for what the schema cannot tell apart: that is what gets judged. `given`
    tells for a path in them what put a value there; `wrong` names the parameters that have been told already.
    """

    def __init__(self, form: Form, wanted: Wanted, problems: Problems) -> None:
        self.form = form
        self.model = form.model.short
        self.wanted = wanted
        self.problems = problems
        self.body: dict[str, Any] = {}
        self.trial: dict[str, Any] = {}
        self.given: dict[JsonPath, Given] = {}
        self.media: list[Medium] = []
        self.wrong: set[str] = set()

    def write_keys(self) -> None:
        for key, given in self.wanted.keys.items():
            if key in self.form.fields:
                self._write_key(key, given)
            elif not self.form.takes(key) and not (key in _NOTHING and given.value == _NOTHING[key]):
                self._refuse(key, given, f"{self.model} {lacks(key)}")
        for brought in self.wanted.media:
            if not self.form.takes(brought.hole):
                self._refuse(brought.hole, brought.given, f"{self.model} {lacks(brought.hole)}")

    def _write_key(self, key: str, given: Given) -> None:
        part, value = self.form.part(key), given.value
        if key == "duration" and value in ("auto", -1):
            if "x-auto" not in part:
                reason = f"{self.model} does not choose the length itself; give {offer(part)}"
                self._refuse(self.form.fields[key], given, reason)
                return
            value = part["x-auto"]
        elif part.get("x-as") == "text" and not isinstance(value, str):
            value = str(value).lower()
        self._put(self.form.fields[key], value, given)

    def write_params(self) -> None:
        parts = self.form.parts
        for name, given in self.wanted.params.items():
            twin = self.given.get((name,))
            if name not in parts:
                choices = [known for known, part in parts.items() if "x-owned" not in part]
                self._refuse_key(name, given, f"{self.model} has no such parameter{meant(name, choices)}")
            elif "x-owned" in parts[name]:
                self._refuse_key(name, given, "the program sets this itself; take it out")
            elif twin is not None:
                self._refuse(name, given, _said_twice(twin))
                self.problems.error(twin.place, f"{twin.key} in {twin.where}: {_said_twice(given)}")
            else:
                self._put(name, given.value, given)

    def write_lists(self) -> None:
        for name, items in self.form.lists.items():
            body: list[Any] = []
            trial: list[Any] = []
            for item, filler in self._fillers(items):
                path: JsonPath = (name, len(body))
                body.append(self._body_item(item, filler, path))
                trial.append(self._trial_item(item, filler))
                self.given[path] = filler if isinstance(filler, Given) else filler.given
            self.body[name], self.trial[name] = body, trial
        for name, part in self.form.parts.items():
            if "x-owned" in part and "const" in part:
                self.body[name] = self.trial[name] = part["const"]

    def _fillers(self, items: Sequence[tuple[Any, str]]) -> Iterator[tuple[Any, Given | Brought]]:
        """The items of a list that something fills, each with what does."""
        for item, hole in items:
            if hole in self.wanted.keys:
                yield item, self.wanted.keys[hole]
            yield from ((item, brought) for brought in self.wanted.media if brought.hole == hole)

    def _body_item(self, item: Any, filler: Given | Brought, path: JsonPath) -> Any:
        if isinstance(item, Mapping):
            return {key: self._body_item(part, filler, (*path, key)) for key, part in item.items()}
        if hole_of(item) is None:
            return item
        if isinstance(filler, Given):
            return filler.value
        self.media.append(Medium(filler.role, filler.kind, filler.source, path, filler.given.place))
        return None

    def _trial_item(self, item: Any, filler: Given | Brought) -> Any:
        if isinstance(item, Mapping):
            return {key: self._trial_item(part, filler) for key, part in item.items()}
        if hole_of(item) is None:
            return item
        return self.form.stand_in(filler.value) if isinstance(filler, Given) else _ANY_ADDRESS

    def judge(self) -> None:
        """Hold the request against the schema, each parameter by itself and then what they say together."""
        checker = self.form.checker
        for name, value in self.trial.items():
            for fault in checker.faults(name, value):
                self.wrong.add(name)
                self._tell(fault)
        unsure = self._unsure()
        for name in checker.missing(self.trial) if not unsure else ():
            self.wrong.add(name)
            self._tell_shot(f"{self.model} needs {self.form.key_of(name)}")
        for rule in checker.broken(self.trial, wrong=self.wrong | unsure):
            self.wrong.add("")
            self._tell_rule(rule)
        self._judge_seed()

    def _unsure(self) -> set[str]:
        """The parameters whose value here may not be what the shot means: a key that feeds them is wrong."""
        if "params" in self.wanted.unsure:
            return set(self.form.parts)
        fed = {self.form.fields[key] for key in self.wanted.unsure if key in self.form.fields}
        return fed | (set(self.form.lists) if self.wanted.unsure & _IN_LISTS else set())

    def _tell(self, fault: Fault) -> None:
        """Tell a fault of one parameter, or of one item of a list, by the key that put it there."""
        path, rest = fault.path[:1], fault.path[1:]
        given = self.given.get(path)
        if given is None and fault.path[:2] in self.given:
            given, rest = self.given[fault.path[:2]], ()
        if given is None:
            if path[0] not in self._unsure():
                self._tell_shot("there is nothing to make it from; give it a prompt")
            return
        value = given.value
        for step in rest:
            value = value[step]
        subject = Subject(given.key + written(rest), given.where, self.model)
        self.problems.error(given.place, sentence(fault, value, subject))

    def _judge_seed(self) -> None:
        name = self.form.fields.get("seed", "")
        seed, takes = self.trial.get(name), self.wanted.takes
        if name in self.wrong or not isinstance(seed, int) or seed < 0:
            return
        most = limits(self.form.parts[name])[1]
        last = seed + takes - 1
        if most is not None and last > most:
            self._refuse(
                name,
                self.given[(name,)],
                f"take {takes} would have the seed {last}; {self.model} takes at most {most}",
            )

    def finished(self) -> Request:
        body = {name: freeze(self.body[name]) for name in self.form.parts if name in self.body}
        order = self.form.with_defaults(body, {_key_of(medium) for medium in self.media})
        seed = self.form.value("seed", order)
        return Request(
            body=MappingProxyType(body),
            order=MappingProxyType(order),
            media=tuple(self.media),
            origins=MappingProxyType({path: Origin(given.key, given.place) for path, given in self.given.items()}),
            footage=self.form.footage(order),
            seed=seed if isinstance(seed, int) and seed >= 0 else None,
            seed_path=(self.form.fields["seed"],) if "seed" in self.form.fields else (),
        )

    def _put(self, name: str, value: Any, given: Given) -> None:
        # A whole float means the integer: that is how it is judged, and how it is sent.
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        self.body[name] = self.trial[name] = whole
        self.given[(name,)] = given

    def _refuse(self, name: str, given: Given, why: str) -> None:
        self.wrong.add(name)
        self.problems.error(given.place, f"{given.key} in {given.where}: {why}")

    def _refuse_key(self, name: str, given: Given, why: str) -> None:
        self.wrong.add(name)
        self.problems.error(given.name.place, f"{given.key} in {given.where}: {why}")

    def _tell_shot(self, message: str) -> None:
        self.problems.error(self.wanted.at.place, f"{self.wanted.where}: {message}")

    def _tell_rule(self, rule: Rule) -> None:
        """Tell a broken rule where the shot itself breaks it, or in the defaults when they do so alone; else the
        shot is shown, for other shots may keep the rule with the same defaults.
        """
        found = [list(self._all(key)) for key in rule.at]
        every = [given for some in found for given in some]
        own = [given for given in every if given.where == self.wanted.where]
        for given in (own or every)[:1]:
            told = f"{given.key} in {given.where}"
            if own or all(found):
                self.problems.error(given.place, f"{told}: {rule.message}")
            else:
                self._tell_shot(f"{told}, line {given.place.line}: {rule.message}")
        if not every:
            self._tell_shot(rule.message)

    def _all(self, key: str) -> Iterator[Given]:
        """All that the shot gives for a key; of the media of one kind the last is the one too many."""
        brought = [one.given for one in self.wanted.media if one.hole == key]
        if brought:
            yield brought[-1]
            return
        for path, given in self.given.items():
            if path == (key,) or given.key == key or given.key.startswith(f"{key}["):
                yield given


def _said_twice(other: Given) -> str:
    return f"line {other.place.line} sets it too, with {other.key} in {other.where}; keep one"


def _key_of(medium: Medium) -> str:
    return "references" if medium.role.value == "reference" else medium.role.value
