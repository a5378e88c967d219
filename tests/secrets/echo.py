"""A vendor that tells everything that it was told: keys, headers and signed addresses, in whatever form.

What it does with a request is said in its prompt, `case:<name>:<number>`; the number picks the form of its words.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.conformance.vendors import Vendor
from tests.vendor.stage import Reply, Reset, Seen, Stage, reply

CASE = re.compile(r"case:([a-z]+):([0-9]+)")

# What each vendor calls a check of the content, and a key that it does not know.
MODERATED = {
    "modelark": (400, "InputTextSensitiveContentDetected"),
    "rivya": (400, "validation_failed"),
    "runbase": (400, "invalid_input"),
    "runware": (400, "contentPolicyViolation"),
}


@dataclass
class Echo:
    """`key` is the one that it expects; `clip` is a whole clip, and `query` the secret part of its address."""

    stage: Stage
    vendor: Vendor
    key: str
    query: str
    clip: bytes
    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    @property
    def address(self) -> str:
        return f"{self.stage.address}/results/clip.mp4?{self.query}"

    @property
    def words(self) -> list[str]:
        """The key and the address of a result in every form, one each."""
        bearer = f"Authorization: Bearer {self.key}"
        return [told for secret in (bearer, self.address) for told in in_every_form(secret)] + [
            f"the key is {self.key[:9]}\n{self.key[9:]}, wrapped",
            self.key,
            f"/results/clip.mp4?{self.query}",
            "".join(f"{char} " for char in self.key),
        ]

    def play(self) -> None:
        for method in ("POST", "GET"):
            self.stage.on(method, self.vendor.creates, self._asked)
        self.stage.on("GET", "/results/", self._fetched)
        self.stage.on("POST", "/api/v1/files", self._uploaded)
        self.stage.on("PUT", "/put", reply(403, self.words[0].encode()))

    def _asked(self, seen: Seen) -> Reply:
        if not self.vendor.in_array:
            if seen.method == "POST":
                return self._created(*_case(seen.body), "")
            tail = seen.target.rpartition("/")[2]
            if tail.startswith("tasks?"):
                return reply(200, {"total": 1, "items": [{"id": self.key, "model": self.words[0]}]})
            return self._polled(*self.names.get(tail, ("unknown", 0)), tail)
        asked = seen.json
        if asked[0]["taskType"] == "getResponse":
            # One at a time, as a vendor may: the others are asked after again.
            task = next((one["taskUUID"] for one in asked if one["taskUUID"] in self.names), asked[0]["taskUUID"])
            return self._polled(*self.names.get(task, ("unknown", 0)), task)
        return self._created(*_case(seen.body), asked[0]["taskUUID"])

    def _created(self, case: str, number: int, task: str) -> Reply:
        self.met[case] += 1
        told = self.words[number % len(self.words)]
        task = task or f"task-{case}-{number}"
        self.names[task] = (case, number)
        match case:
            case "refused":
                return self._error(400, "unheardOf", told, task)
            case "coded":
                return self._error(400, told, told, task)
            case "key":
                return self._error(*self.vendor.refusals["the key"], told, task)
            case "moderated":
                return self._error(*MODERATED[self.vendor.name], told, task)
            case "busy" if self.met[case] == 1:
                return self._error(429, "rateLimitExceeded", told, task)
            case "busy":
                return self._error(400, "unheardOf", told, task)
            case "doubt":
                return self._error(500, told, told, "")
            case "html":
                return reply(502, told.encode(), Content_Type="text/html")
            case "reset":
                return [Reset()]
            case "named" if not self.vendor.in_array:
                return reply(200, {"id": self.key, "status": "pending"})
        if self.vendor.in_array:
            return reply(200, {"data": [{"taskType": "videoInference", "taskUUID": task}]})
        return reply(200, {"id": task, "status": "pending", "costUsd": 60_000})

    def _polled(self, case: str, number: int, task: str) -> Reply:
        self.met[f"poll of {case}"] += 1
        told = self.words[number % len(self.words)]
        match case:
            case "failed":
                return self._failed(told, told, task)
            case "barred":
                return self._error(*self.vendor.barring, told, "")
            case "status" if self.met[f"poll of {case}"] == 1:
                return self._is(told, task)
            case "status" if self.met[f"poll of {case}"] == 2:
                return self._error(503, told, told, "")
            case "status":
                return self._failed("generation_failed", told, task)
            case "made":
                return self._is("succeeded", task, self.address)
            case "inside":
                return self._is("succeeded", task, self.address.replace("://", f"://{quote(self.key, safe='')}@"))
        return self._is("succeeded", task, self.address.replace("clip.mp4", f"{case}.mp4"))

    def _fetched(self, seen: Seen) -> Reply:
        name = seen.target.partition("?")[0]
        self.met[name] += 1
        match name:
            case "/results/clip.mp4":
                return reply(200, self.clip, Content_Type="video/mp4")
            case "/results/redirect.mp4":
                return reply(302, self.words[0].encode(), Location=f"http://tos.example/?{self.query}")
            case "/results/server.mp4":
                return reply(500, self.words[0].encode())
        return reply(403, self.words[0].encode())

    def _uploaded(self, seen: Seen) -> Reply:
        self.met["upload"] += 1
        return reply(200, {"url": f"https://files.example/still.png?{self.query}"})

    def _error(self, status: int, code: str, told: str, task: str) -> Reply:
        if self.vendor.in_array:
            named = {"taskUUID": task, "taskType": "videoInference"} if task else {}
            return reply(status, {"errors": [{"code": code, "message": told, **named}]})
        return reply(status, {"error": {"code": code, "message": told, "param": told, "type": told}})

    def _failed(self, code: str, told: str, task: str) -> Reply:
        if self.vendor.in_array:
            wrong = {"code": code, "message": told, "taskUUID": task, "status": "error"}
            return reply(200, {"errors": [{**wrong, "taskType": "videoInference"}]})
        return reply(200, {"id": task, "status": "failed", "error": {"code": code, "message": told}})

    def _is(self, status: str, task: str, clip: str = "") -> Reply:
        if self.vendor.in_array:
            ready = {"videoURL": clip, "videoUUID": task} if clip else {}
            word = "success" if clip else status
            item = {"taskType": "videoInference", "taskUUID": task, "status": word, **ready}
            return reply(200, {"data": [item]})
        content = {
            "content": {"video_url": clip},
            "result": {"primary_url": clip, "urls": [clip]},
            "output": {"urls": [clip]},
        }
        return reply(200, {"id": task, "status": status, **(content if clip else {})})


def in_every_form(secret: str) -> list[str]:
    """`secret` in each form that a vendor, or something between it and us, could give it back in."""
    coded = [base64.b64encode(f"{'x' * lead}{secret}".encode()).decode() for lead in range(3)]
    middle = len(coded[0]) // 2
    return [
        f"you sent {secret}, which is wrong",
        f"you sent {quote(secret, safe='')}.",
        quote(quote(secret, safe="")),
        json.dumps({"headers": secret}),
        json.dumps(json.dumps({"headers": secret})).replace("/", "\\/"),
        html.escape(secret),
        secret.encode().hex(),
        *(f"in full: {one}" for one in coded),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        f"{coded[0][:middle]}\n{coded[0][middle:]}",
        f"{secret[: len(secret) // 2]}\r\n    {secret[len(secret) // 2 :]}",
    ]


def _case(body: bytes) -> tuple[str, int]:
    found = CASE.search(json.dumps(json.loads(body)))
    assert found is not None
    return found[1], int(found[2])
