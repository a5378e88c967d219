"""The request of one shot while it is written: what each key, native parameter and medium puts into the form.

No vendor is named here: the model's annotations alone decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from seedance_pipe.document import JsonPath
from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.form import Form, Parameter, hole_of, whole_number
from seedance_pipe.spec.medium import Medium
from seedance_pipe.spec.peers import Peers
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.schema import Fault
from seedance_pipe.spec.source import MappingNode
from seedance_pipe.spec.syntax import plain
from seedance_pipe.spec.wanted import Brought, Given, Wanted
from seedance_pipe.spec.wording import Subject, lacks, offer, sentence

PICTURES = frozenset({"first_frame", "last_frame", "continues"})
_IN_LISTS = PICTURES | {"prompt", "references"}
_ANY_ADDRESS = "https://example.org/"
_NOTHING = {"audio": False, "watermark": False, "camera_fixed": False, "seed": -1}


class Draft:
    """`trial` is `body` with stand-ins for what the schema cannot tell apart: that is what gets judged. `given`
    tells for a path in them what put a value there; `wrong` are the parameters that have been told already, and
    the empty path once anything has.
    """

    def __init__(self, form: Form, wanted: Wanted, problems: Problems, peers: Peers) -> None:
        self.form = form
        self.model = form.model.familiar
        self.wanted = wanted
        self.problems = problems
        self.peers = peers
        self.body: dict[Parameter, Any] = {}
        self.trial: dict[Parameter, Any] = {}
        self.given: dict[JsonPath, Given] = {}
        self.media: list[Medium] = []
        self.wrong: set[Parameter] = set()

    def write(self) -> None:
        self._write_keys()
        for path, layers in _inside(self.wanted.params, ()):
            self._write_native(path, layers)
        for path, items in self.form.lists.items():
            self._write_list(path, items)
        for path, part in self.form.parts.items():
            if "const" in part and self.form.owned(path):
                self.body[path] = self.trial[path] = part["const"]

    def _write_keys(self) -> None:
        for key, given in self.wanted.keys.items():
            if key in self.form.fields:
                self._write_key(key, given)
            elif not self.form.takes(key) and not (key in _NOTHING and given.value == _NOTHING[key]):
                others = self.peers.that_accept(self.form.model, key, given.value)
                self.refuse((key,), given, f"{self.model} {lacks(key)}{others}")
        for brought in self.wanted.media:
            if not self.form.takes(brought.hole):
                others = self.peers.that_accept(self.form.model, brought.hole, None)
                self.refuse((brought.hole,), brought.given, f"{self.model} {lacks(brought.hole)}{others}")

    def _write_key(self, key: str, given: Given) -> None:
        path, part = self.form.fields[key], self.form.part(key)
        if key == "seed" and given.value == -1 and part.get("minimum") == 0:
            return
        value = self.form.wire(key, given.value)
        if value is None:
            reason = f"{self.model} does not choose the length itself; give {offer(part)}"
            self.refuse(path, given, reason + self.peers.that_accept(self.form.model, key, given.value))
            return
        self.put(path, value, given)
        if key == "prompt" and "pattern" not in part:
            self.trial[path] = self.form.stand_in(value)

    def _write_native(self, path: Parameter, layers: Sequence[Given]) -> None:
        """A parameter of the vendor's own. Mappings of the shot and of the defaults are laid over each other."""
        given = layers[-1]
        twin = self._twin(path)
        if self.form.owned(path):
            self._refuse_key(path, given, "the program sets this itself; take it out")
        elif path in self.form.groups:
            self._write_group(path, layers)
        elif path not in self.form.parts:
            self._refuse_key(path, given, f"{self.model} has no such parameter{self._meant_native(path)}")
        elif twin is not None:
            self._refuse_twins(path, given, twin)
        else:
            self.put(path, whole_number(given.value), given)

    def _meant_native(self, path: Parameter) -> str:
        """What a parameter that is not there may have been meant to be: one of the same name that lies elsewhere,
        or one of a name like it.
        """
        ours = [known for known in (*self.form.parts, *self.form.groups) if known and not self.form.owned(known)]
        elsewhere = [known for known in ours if known[-1] == path[-1]]
        if elsewhere:
            return f"; did you mean 'params.{'.'.join(elsewhere[0])}'?"
        return meant(path[-1], [known[-1] for known in ours if known[:-1] == path[:-1]])

    def _write_group(self, path: Parameter, layers: Sequence[Given]) -> None:
        given = layers[-1]
        if not isinstance(given.value, dict):
            fault = Fault(path, "type", {"type": "object"})
            self.wrong.add(path)
            self.problems.error(given.place, sentence(fault, given.value, Subject(given.key, given.where)))
            return
        near = [*takewhile(lambda layer: isinstance(layer.value, dict), reversed(layers))][::-1]
        self.given[path] = given
        if not any(layer.value for layer in near):
            self.put(path, {}, given)
        for inner, inner_layers in _inside(near, path):
            self._write_native(inner, inner_layers)

    def _twin(self, path: Parameter) -> Given | None:
        """The portable key that says the same as a native parameter, if the shot has it."""
        pixels = self.form.pixels
        if pixels is not None and path in (pixels.width, pixels.height):
            # One of the two is enough to tell.
            told = not self.wrong.isdisjoint({pixels.width, pixels.height})
            return None if told else self.wanted.keys.get("ratio")
        return self.given.get(path)

    def _refuse_twins(self, path: Parameter, given: Given, twin: Given) -> None:
        self.refuse(path, given, _said_twice(twin))
        self.problems.error(twin.place, f"{twin.key} in {twin.where}: {_said_twice(given)}")

    def _write_list(self, path: Parameter, items: Sequence[tuple[Any, str]]) -> None:
        body: list[Any] = []
        trial: list[Any] = []
        for item, filler in self._fillers(items):
            given = filler if isinstance(filler, Given) else filler.given
            if path in self.given:
                self._refuse_twins(path, self.given[path], given)
                return
            hole: JsonPath = (*path, len(body))
            body.append(self._body_item(item, filler, hole))
            trial.append(self._trial_item(item, filler))
            self.given[hole] = given
        if path in self.form.by_place:
            self._check_first(path)
        if body or path[0] in self.form.checker.required:
            self.body[path], self.trial[path] = body, trial

    def _check_first(self, path: Parameter) -> None:
        """A last frame that stands alone in a list would be taken for a first one."""
        frames = {brought.hole: brought.given for brought in self.wanted.media}
        if "last_frame" in frames and "first_frame" not in frames and PICTURES.isdisjoint(self.wanted.unsure):
            self.refuse(path, frames["last_frame"], "a last_frame needs a first_frame too; add one")

    def _fillers(self, items: Sequence[tuple[Any, str]]) -> Iterator[tuple[Any, Given | Brought]]:
        """The items of a list that something fills, each with what does."""
        for item, hole in items:
            if hole in self.wanted.keys:
                yield item, self.wanted.keys[hole]
            yield from ((item, brought) for brought in self.wanted.media if brought.hole == hole)

    def _body_item(self, item: Any, filler: Given | Brought, path: JsonPath) -> Any:
        if isinstance(item, dict):
            return {key: self._body_item(part, filler, (*path, key)) for key, part in item.items()}
        if hole_of(item) is None:
            return item
        if isinstance(filler, Given):
            return filler.value
        self.media.append(Medium(filler.role, filler.kind, filler.source, path, filler.given.place))
        return None

    def _trial_item(self, item: Any, filler: Given | Brought) -> Any:
        if isinstance(item, dict):
            return {key: self._trial_item(part, filler) for key, part in item.items()}
        if hole_of(item) is None:
            return item
        return self.form.stand_in(filler.value) if isinstance(filler, Given) else _ANY_ADDRESS

    def unsure(self) -> set[Parameter]:
        """The parameters whose value here may not be what the shot means: a key that feeds them is wrong."""
        form = self.form
        if "params" in self.wanted.unsure:
            return {*form.parts, *form.groups}
        fed = {form.fields[key] for key in self.wanted.unsure if key in form.fields}
        if form.pixels is not None and {"ratio", "resolution"} & self.wanted.unsure:
            fed |= {form.pixels.width, form.pixels.height}
        return fed | (set(form.lists) if self.wanted.unsure & _IN_LISTS else set())

    def put(self, path: Parameter, value: Any, given: Given) -> None:
        self.body[path] = self.trial[path] = value
        self.given[path] = given

    def refuse(self, path: Parameter, given: Given, why: str) -> None:
        self.wrong.add(path)
        self.problems.error(given.place, f"{given.key} in {given.where}: {why}")

    def _refuse_key(self, path: Parameter, given: Given, why: str) -> None:
        self.wrong.add(path)
        self.problems.error(given.name.place, f"{given.key} in {given.where}: {why}")

    def tell_shot(self, message: str) -> None:
        self.wrong.add(())
        self.problems.error(self.wanted.at.place, f"{self.wanted.where}: {message}")


def _inside(layers: Sequence[Given], outer: Parameter) -> Iterator[tuple[Parameter, list[Given]]]:
    """What mappings of the file hold that are laid over each other: for each key all values, the nearest last."""
    found: dict[str, list[Given]] = {}
    for layer in layers:
        for key, node in layer.at.entries if isinstance(layer.at, MappingNode) else ():
            name = str(key.value)
            found.setdefault(name, []).append(Given(plain(node), f"{layer.key}.{name}", layer.where, node, key))
    return (((*outer, name), givens) for name, givens in found.items())


def _said_twice(other: Given) -> str:
    return f"line {other.place.line} sets it too, with {other.key} in {other.where}; keep one"
