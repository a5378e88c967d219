"""Each documented parameter of each model is accepted at its limits and refused beyond them, by both sides alike.

The tables in `parameters/` were written from the references, the schemas and the sandbox by others from the same
pages: where one of the three disagrees, the reference decides.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedance_pipe import packaged
from seedance_pipe.sandbox.app import serve
from seedance_pipe.spec.model import load_catalogue
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.story import Shot
from tests.conformance import limits
from tests.conformance.box_office import Answer, post, request, send
from tests.conformance.limits import Case, Entry
from tests.conformance.vendors import BY_NAME
from tests.studio.vendor import Vendor as Server

CATALOGUE = load_catalogue(packaged.folder("schemas"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox of its own: nobody fetches the clips that are asked for here, and some take minutes to paint."""
    with serve(tmp_path_factory.mktemp("parameters")) as running:
        yield Server(running.address)


ENTRIES = [
    pytest.param(entry, id=f"{entry.model} {entry.name}", marks=pytest.mark.long if place % 2 else ())
    for place, entry in enumerate(limits.tables())
]


def test_every_model_has_its_table() -> None:
    assert limits.models() == set(CATALOGUE.models)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_parameter_is_accepted_at_its_limits_and_refused_beyond_them(
    tmp_path: Path, server: Server, entry: Entry
) -> None:
    wrong = [
        *(f"{case}: {told}" for case in entry.accepted for told in _kept_out(server, entry, case, tmp_path)),
        *(f"{case}: {told}" for case in entry.refused for told in _let_in(server, entry, case, tmp_path)),
    ]
    if entry.missing is not None and _asked(server, entry, entry.missing).accepted:
        wrong.append(f"the sandbox takes a request without {entry.name}")
    assert not wrong, "\n".join(wrong)


def _kept_out(server: Server, entry: Entry, case: Case, folder: Path) -> list[str]:
    """What is wrong with how a value within its limits fares."""
    answer = _asked(server, entry, case.body)
    wrong = [] if answer.accepted else [f"the sandbox refuses it: {answer.document}"]
    if case.keys is None:
        return wrong
    reading = _read(entry, case, folder)
    if reading.story is None:
        return [*wrong, f"the schema refuses it: {[one.message for one in reading.diagnostics]}"]
    return [*wrong, *_differences(server, entry, case, reading.story.shots[0])]


def _differences(server: Server, entry: Entry, case: Case, shot: Shot) -> list[str]:
    """How the request that a story leads to is not the one that was meant."""
    call = request(shot)
    (body,) = json.loads(call.body) if BY_NAME[entry.vendor].in_array else [json.loads(call.body)]
    wanted = [_look(case.body, path) for path in case.at]
    found = [_look(body, path) for path in case.at]
    wrong = [] if found == wanted else [f"our request has {found}"]
    answer = send(server, entry.vendor, call)
    return wrong if answer.accepted else [*wrong, f"the sandbox refuses our request {body}: {answer.document}"]


def _let_in(server: Server, entry: Entry, case: Case, folder: Path) -> list[str]:
    wrong = ["the sandbox takes it"] if _asked(server, entry, case.body).accepted else []
    if case.keys is not None and _read(entry, case, folder).story is not None:
        wrong.append("the schema takes it")
    return wrong


def _asked(server: Server, entry: Entry, body: Any) -> Answer:
    if body.get("taskUUID") == "drawn":
        body = {**body, "taskUUID": str(uuid.uuid4())}
    return post(server, entry.vendor, body)


def _read(entry: Entry, case: Case, folder: Path) -> Reading:
    vendor = BY_NAME[entry.vendor]
    keys = {"prompt": "A wave breaks on black rocks", **(case.keys or {})}
    shot = {"id": "wave", **{key: value for key, value in keys.items() if value is not None}}
    params = vendor.natives(case.body)
    told = {"version": 1, "model": entry.model, "shots": [{**shot, **({"params": params} if params else {})}]}
    path = folder / "story.yaml"
    path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return read_story(path, CATALOGUE, uploads=True)


def _look(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body
