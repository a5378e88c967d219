"""The envelope: `data` for what was taken, `errors` for what was not; and how a request's tasks are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seedance_pipe.sandbox.vendors.runware.facts import MODELS
from seedance_pipe.sandbox.vendors.runware.wrong import error_item
from seedance_pipe.sandbox.wrong import Wrong

Items = list[dict[str, Any]]

_PAGES = {
    "authentication": "platform/authentication",
    "getResponse": "platform/task-polling",
    "imageUpload": "platform/image-upload",
    "accountManagement": "platform/account-management",
    "getTaskDetails": "platform/task-details",
}


@dataclass(frozen=True, slots=True)
class Mode:
    """`dry`: tasks are checked and priced only. `backwards`: finished results are shown as if they just began."""

    dry: bool = False
    backwards: bool = False


@dataclass(slots=True)
class Answer:
    """The two lists, being filled. `refusals` are the HTTP statuses of tasks that were refused; `submitted` says
    whether a task was accepted that will be made.
    """

    data: Items = field(default_factory=list)
    errors: Items = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    submitted: bool = False

    @property
    def status(self) -> int:
        """200 when anything was taken, else the first refusal's: that of a mixed batch is not documented."""
        return self.refusals[0] if self.refusals and not self.data else 200

    def body(self) -> dict[str, Items]:
        """Without `errors` when there are none: the vendor's client takes even an empty list for a failure."""
        if not self.errors:
            return {"data": self.data}
        return {"data": self.data, "errors": self.errors} if self.data else {"errors": self.errors}

    def refuse(self, task: Mapping[str, Any], wrong: Wrong) -> None:
        self.errors.append(error_item(wrong, task, page=_page(task)))
        self.refusals.append(wrong.status)


def _page(task: Mapping[str, Any]) -> str:
    """The vendor's page about a task, below its documentation; empty when it is not known."""
    kind, model = task.get("taskType"), task.get("model")
    if kind == "videoInference" and isinstance(model, str) and model in MODELS:
        return f"models/{MODELS[model].slug}"
    return _PAGES.get(kind, "") if isinstance(kind, str) else ""
