"""The sandbox, asked over plain HTTP as the references say, and the requests that our adapters would send it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from seedance_pipe.spec.medium import Address
from seedance_pipe.spec.story import Shot
from seedance_pipe.vendor.answer import Call
from seedance_pipe.vendor.registry import VENDORS as ADAPTERS
from tests.conformance.vendors import BY_NAME
from tests.studio.vendor import Vendor as Server


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: Any

    @property
    def accepted(self) -> bool:
        """Runware refuses with `errors`, and not always with another status (runware.md section 4)."""
        return 200 <= self.status < 300 and not (isinstance(self.document, dict) and self.document.get("errors"))


def post(server: Server, vendor: str, body: Any) -> Answer:
    """Sends the body of a create as the vendor's page says."""
    known = BY_NAME[vendor]
    whole = [body] if known.in_array else body
    return _sent(server, known.key, server.address + known.creates, json.dumps(whole).encode(), {})


def send(server: Server, vendor: str, call: Call) -> Answer:
    """Sends a call of our adapter to the address that our own variables name."""
    facts = ADAPTERS[vendor].FACTS
    base = server.environ[facts.base_variable]
    address = f"{base}/{call.path}" if call.path else base
    return _sent(server, facts.key_variable, address, call.body, call.headers)


def request(shot: Shot, *, takes: int = 1) -> Call:
    """The paid call for a shot whose media all have addresses."""
    adapter = ADAPTERS[shot.model.vendor]
    chance = uuid.uuid4().int
    more: dict[str, Any] = {"takes": takes} if takes > 1 else {}
    frozen = adapter.frozen(shot.body, shot=shot, last_frame=False, draw=lambda n: chance % n, **more)
    media = {medium.hole: medium.source.url for medium in shot.media if isinstance(medium.source, Address)}
    assert len(media) == len(shot.media)
    return adapter.submission(frozen, media)


def _sent(server: Server, key: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    whole = {"Authorization": f"Bearer {server.environ[key]}", "Content-Type": "application/json", **headers}
    try:
        with urlopen(Request(address, body, whole, method="POST"), timeout=10) as answer:
            return Answer(answer.status, json.load(answer))
    except HTTPError as error:
        return Answer(error.code, json.loads(error.read() or b"null"))
