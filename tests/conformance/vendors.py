"""What the suite knows of each vendor: where it is asked, for which model, and its words for what goes wrong.

Nothing else in this folder names a vendor, so a new one is one more entry here, and the files of data beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Vendor:
    """`short` are the keys of the shortest shot of `model`, which takes a first frame; `last` is a model that
    takes a last frame, too, and `last_short` its shortest shot.

    `creates` is the path of a paid request. `params` is the key of its body that holds the model's parameters, ""
    where that is the body itself; `written` are those that the program writes and a story does not set under
    `params`. `in_array` says that a body is one of a list, `keeps` that the vendor takes uploads of ours, `weighs`
    that a small picture goes into the request all the same, `told` that it names the price when it accepts. Where
    an answer was lost, `finds` says that the program learns of the task if there is one, and `resends` that it
    sends the same again, so that there is one.

    Of the answers (status, code) `refusals` mean that nothing was bought; after those in `busy` the same request
    is sent again; those in `doubtful` tell nothing. To a poll, `barring` is one that a person must do something
    about, `unknown` the one about a task that the vendor does not have.
    """

    name: str
    title: str
    key: str
    model: str
    short: Mapping[str, Any]
    last: str
    last_short: Mapping[str, Any]
    creates: str
    refusals: Mapping[str, tuple[int, str]]
    busy: tuple[tuple[int, str], ...]
    doubtful: tuple[tuple[int, str], ...]
    barring: tuple[int, str]
    unknown: tuple[int, str]
    written: frozenset[str]
    params: str = ""
    in_array: bool = False
    keeps: bool = False
    weighs: bool = False
    finds: bool = False
    resends: bool = False
    told: bool = False

    def natives(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What of a body a story says under `params`."""
        outer = {name: value for name, value in body.items() if name != self.params}
        inner = body.get(self.params, {}) if self.params else {}
        return {name: value for name, value in {**outer, **inner}.items() if name not in self.written}


MODELARK = Vendor(
    name="modelark",
    title="ModelArk",
    key="ARK_API_KEY",
    model="modelark/seedance-1-0-pro-fast",
    short={"duration": 2, "resolution": "480p", "ratio": "1:1"},
    last="modelark/seedance-1-0-pro",
    last_short={"duration": 2, "resolution": "480p", "ratio": "1:1"},
    creates="/api/v3/contents/generations/tasks",
    refusals={
        "the key": (401, "AuthenticationError"),
        "the balance": (403, "AccountOverdueError"),
        "a permission": (403, "AccessDenied"),
        "a value": (400, "InvalidParameter"),
        "a limit of spending": (429, "SetLimitExceeded"),
    },
    busy=((429, "RateLimitExceeded.EndpointRPMExceeded"), (429, "ServerOverloaded")),
    doubtful=((500, "InternalServiceError"), (503, "ServiceUnavailable"), (502, "")),
    barring=(401, "AuthenticationError"),
    unknown=(404, "ResourceNotFound"),
    finds=True,
    written=frozenset({"model", "content", "return_last_frame"}),
)

RIVYA = Vendor(
    name="rivya",
    title="Rivya",
    key="RIVYA_API_KEY",
    model="rivya/seedance-1-0-lite",
    short={"duration": 5, "resolution": "480p", "ratio": "1:1"},
    last="rivya/seedance-1-0-lite",
    last_short={"duration": 5, "resolution": "480p", "ratio": "1:1"},
    creates="/api/v1/generations",
    refusals={
        "the key": (401, "api_key_invalid"),
        "a key of old": (401, "api_key_expired"),
        "the balance": (402, "insufficient_credits"),
        "a permission": (403, "api_scope_denied"),
        "a value": (400, "validation_failed"),
    },
    busy=((429, "rate_limited"), (503, "public_api_disabled")),
    doubtful=((500, "internal_error"), (502, ""), (504, "")),
    barring=(401, "api_key_revoked"),
    unknown=(404, "not_found"),
    params="params",
    keeps=True,
    told=True,
    finds=True,
    resends=True,
    written=frozenset({"model", "prompt", "referenceMediaItems"}),
)

RUNBASE = Vendor(
    name="runbase",
    title="Runbase",
    key="RUNBASE_API_KEY",
    model="runbase/seedance-1.5-pro",
    short={"duration": 4, "resolution": "480p", "ratio": "1:1"},
    last="runbase/seedance-1.5-pro",
    last_short={"duration": 4, "resolution": "480p", "ratio": "1:1"},
    creates="/api/v1/runs",
    refusals={
        "the key": (401, "invalid_api_key"),
        "the balance": (402, "insufficient_balance"),
        "a permission": (403, "ip_not_allowed"),
        "a limit of spending": (403, "api_key_spend_limit_exceeded"),
        "a value": (400, "invalid_input"),
        "a quota": (429, "USAGE_EXCEEDED"),
    },
    busy=((429, "RATE_LIMITED"),),
    doubtful=((500, ""), (502, ""), (503, "")),
    barring=(401, "invalid_api_key"),
    unknown=(404, "run_not_found"),
    params="input",
    told=True,
    written=frozenset({"model", "prompt", "image_urls"}),
)

RUNWARE = Vendor(
    name="runware",
    title="Runware",
    key="RUNWARE_API_KEY",
    model="runware/seedance-1-0-pro",
    short={"duration": 2, "resolution": "480p", "ratio": "1:1"},
    last="runware/seedance-1-0-pro",
    last_short={"duration": 2, "resolution": "480p", "ratio": "1:1"},
    creates="/v1",
    refusals={
        "the key": (401, "invalidApiKey"),
        "the balance": (402, "insufficientCredits"),
        "a permission": (403, "forbidden"),
        "a value": (400, "invalidDuration"),
        "a value, with 200": (200, "unsupportedParameter"),
    },
    busy=((429, "rateLimitExceeded"),),
    doubtful=((500, "internalServerError"), (504, "providerTimeout"), (502, "")),
    barring=(401, "invalidApiKey"),
    unknown=(404, "taskNotFound"),
    in_array=True,
    keeps=True,
    weighs=True,
    finds=True,
    resends=True,
    written=frozenset(
        {
            "taskType",
            "taskUUID",
            "model",
            "positivePrompt",
            "inputs",
            "deliveryMethod",
            "includeCost",
            "numberResults",
            "outputType",
        }
    ),
)

VENDORS = (MODELARK, RIVYA, RUNBASE, RUNWARE)
BY_NAME = {vendor.name: vendor for vendor in VENDORS}
