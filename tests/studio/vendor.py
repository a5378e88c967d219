"""A vendor's API in a process of its own, which a run reaches as it would reach the real one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from seedance_pipe.sandbox.faults import Fault
from seedance_pipe.studio.rehearsal import leading_to

KEYS = {
    "ARK_API_KEY": "canary-key-0123456789abcdef",
    "RIVYA_API_KEY": "canary-key-rivya-4fd1c02b",
    "RUNBASE_API_KEY": "canary-key-runbase-93ae77d0",
    "RUNWARE_API_KEY": "canary-key-runware-c58b1e64",
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """`address` is where it is served."""

    address: str

    @property
    def environ(self) -> dict[str, str]:
        """What leads a run here: addresses as the sandbox exports them, and a key of its own for each vendor."""
        return {**leading_to(self.address), **KEYS}

    def ledger(self) -> list[dict[str, Any]]:
        """Every task that was ever accepted."""
        with urlopen(f"{self.address}/ledger") as answer:
            tasks: list[dict[str, Any]] = json.load(answer)["tasks"]
        return tasks

    def set_faults(self, faults: Iterable[Fault]) -> None:
        body = json.dumps([fault.document() for fault in faults]).encode()
        with urlopen(Request(f"{self.address}/faults", body, method="PUT")) as answer:
            assert answer.status == 200

    def delete(self, task: str) -> None:
        """What a person does in ModelArk's console."""
        address = f"{self.address}/api/v3/contents/generations/tasks/{task}"
        with urlopen(Request(address, headers={"Authorization": "Bearer console"}, method="DELETE")) as answer:
            assert answer.status == 200
