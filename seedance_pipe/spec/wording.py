"""The sentences for faults: what is wrong with a value, what would be right, and the nearest right value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from seedance_pipe.document import JsonPath
from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.schema import Fault

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
}
# What a model makes is told as such; everything else is what it takes.
_MADE = frozenset({"resolution", "ratio", "duration", "frames"})
_LONGEST = 60
_LACKS = {
    "audio": "makes no sound; drop audio",
    "watermark": "has no watermark; drop watermark",
    "camera_fixed": "cannot hold the camera still; ask for it in the prompt",
    "seed": "takes no seed; drop seed",
    "frames": "takes no number of frames; give duration in seconds",
    "references.image": "takes no reference images",
    "references.video": "takes no reference videos",
    "references.audio": "takes no reference sounds",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence is about: the key as a person writes it (`params.draft`), where it stands
    (`shot 'beach'`), and the model that asks for it; no model when the story format itself does. `written` is
    the value as the file has it, where that is known.
    """

    key: str
    where: str
    model: str = ""
    written: str = ""

    def __str__(self) -> str:
        return f"{self.key} in {self.where}"

    def with_value(self, value: Any) -> str:
        return f"{self.key} {shown(value)} in {self.where}"

    @property
    def offers(self) -> str:
        """`it makes`, `it takes`, or what stands for that when no model is asked."""
        return f"it {self._verb}" if self.model else "there may be"

    @property
    def bound(self) -> str:
        """The end of `more than …`."""
        return f"{self.model} {self._verb}" if self.model else "there may be"

    @property
    def _verb(self) -> str:
        return "makes" if self.key.rpartition(".")[2] in _MADE else "takes"


def sentence(fault: Fault, value: Any, subject: Subject) -> str:
    """One sentence on `value`, which breaks `fault`."""
    schema = fault.schema
    told = schema.get("x-error")
    if told and fault.keyword != "type":
        named = str(subject) if isinstance(value, list | dict) else subject.with_value(value)
        return f"{named}: {told['message']}"
    match fault.keyword:
        case "additionalProperties":
            return unknown_key(fault.name, schema["properties"], str(subject))
        case "required":
            return f"{subject} has no '{fault.name}'"
        case "type":
            return _wrong_type(schema["type"], value, subject)
        case "minLength" | "minItems" if not value:
            return f"{subject} is empty"
        case "minLength" | "minItems":
            return f"{subject} is too short, {_length(value)}; {subject.offers} at least {schema[fault.keyword]}"
        case "maxLength" | "maxItems":
            return f"{subject} is too long, {_length(value)}; {subject.offers} at most {schema[fault.keyword]}"
        case "pattern":
            return f"{subject.with_value(value)} is not written as {subject.bound} it"
    return _not_offered(schema, value, subject)


def _length(value: Any) -> str:
    kind = "character" if isinstance(value, str) else "item"
    return f"{len(value)} {kind}" if len(value) == 1 else f"{len(value)} {kind}s"


def lacks(key: str) -> str:
    """The end of a sentence on a model that has nothing to do with a portable key or a kind of medium."""
    return _LACKS.get(key, f"takes no {key.replace('_', ' ')}")


def unknown_key(name: str, known: Iterable[str], where: str) -> str:
    return f"unknown key '{name}' in {where}{meant(name, known)}"


def shown(value: Any) -> str:
    """A value as a person would write it; long text is cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 3]}..."
    return f"'{text}'" if isinstance(value, str) else text


def written(steps: JsonPath) -> str:
    """A path below a key as a person writes it: `[0].image`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def offer(schema: Mapping[str, Any]) -> str:
    """What a schema of one plain value lets through: `2 to 12 seconds`, `480p, 720p or 1080p`; empty where its
    words do not say.
    """
    unit = f" {schema['x-unit']}" if "x-unit" in schema else ""
    named = list(singles(schema))
    low, high = limits(schema)
    if low is not None and high is not None:
        span = f"{low} to {high}{unit}"
        return f"{span}, or auto" if "x-auto" in schema else either([span, *map(str, named)])
    if low is not None or high is not None:
        return f"{low} or more{unit}" if high is None else f"{high} or less{unit}"
    step = _step(named)
    if step and len(named) > 8:
        return f"{named[0]}, {named[1]}, {named[2]} and so on in steps of {step} to {named[-1]}{unit}"
    if len(named) == 1 and isinstance(named[0], str):
        return f"'{named[0]}' only"
    words = [single if isinstance(single, str) else json.dumps(single) for single in named]
    return either(words) + unit if words else ""


def limits(schema: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """The least and the greatest number that a schema allows, apart from values that it names singly."""
    parts = [schema, *schema.get("anyOf", ())]
    lows = [part["minimum"] for part in parts if "minimum" in part]
    highs = [part["maximum"] for part in parts if "maximum" in part]
    return (min(lows, default=None), max(highs, default=None))


def _not_offered(schema: Mapping[str, Any], value: Any, subject: Subject) -> str:
    if schema.get("type") == "string" and not isinstance(value, str) and json.dumps(value) in singles(schema):
        return _wrong_type("string", value, subject)
    low, high = limits(schema)
    said = f"{subject.with_value(value)} is "
    if isinstance(value, int | float) and high is not None and value > high:
        said += f"more than {subject.bound}"
    elif isinstance(value, int | float) and low is not None and value < low:
        said += f"less than {subject.bound}"
    else:
        said += f"not what {subject.bound}"
    offered = offer(schema)
    return f"{said}; {subject.offers} {offered}{_nearest(list(singles(schema)), value)}" if offered else said


def _nearest(named: Sequence[Any], value: Any) -> str:
    if isinstance(value, str):
        return _meant_value(value, [single for single in named if isinstance(single, str)])
    if not _step(named) or not isinstance(value, int | float):
        return ""
    below = [number for number in named if number < value][-1:]
    above = [number for number in named if number > value][:1]
    close = [str(number) for number in below + above]
    return f"; nearest {'is' if len(close) == 1 else 'are'} {' and '.join(close)}"


def _meant_value(value: str, choices: Sequence[str]) -> str:
    """The choice that is written like `value`; words may differ in letters, names with digits in signs only."""
    same = next((choice for choice in choices if _signless(choice) == _signless(value)), None)
    if same is not None:
        return f"; did you mean '{same}'?"
    return meant(value, [choice for choice in choices if choice.isalpha()])


def _signless(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _wrong_type(wanted: str, value: Any, subject: Subject) -> str:
    said = f"{subject} is {_kind(value)}, where {_TYPES[wanted]} belongs"
    if wanted == "string" and isinstance(value, bool | int | float):
        return f'{said}; write it in quotes: "{subject.written or json.dumps(value)}"'
    if isinstance(value, str) and _reads_as(value, wanted):
        return f"{said}; write {value} without quotes"
    return said


def _reads_as(text: str, wanted: str) -> bool:
    if wanted == "boolean":
        return text in ("true", "false")
    return wanted in ("integer", "number") and text.removeprefix("-").isdecimal()


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"the number {shown(value)}"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def singles(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The values that a schema names one by one."""
    yield from schema.get("enum", ())
    if "const" in schema:
        yield schema["const"]
    for part in schema.get("anyOf", ()):
        yield from singles(part)


def _step(values: Sequence[Any]) -> int:
    """The distance between whole numbers that all lie equally far apart, else 0."""
    if len(values) < 3 or not all(isinstance(value, int) for value in values):
        return 0
    gaps = {after - before for before, after in pairwise(values)}
    return gaps.pop() if len(gaps) == 1 else 0


def either(words: Sequence[str]) -> str:
    """`a, b or c`; there is at least one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
