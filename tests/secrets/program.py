"""The program as `python -m seedance_pipe` runs it, but on a faster clock: `python -m tests.secrets.program`.

With CANARY_LOUD set every logger says all that it can; with CANARY_BLIND the redactor lets everything through, to
show that the canary test can fail; with CANARY_BUG the program meets a bug whose words hold a key.
"""

from __future__ import annotations

import logging
import os
import sys
import time

from seedance_pipe.effects import Effects

FASTER = 400


async def _sleep(seconds: float) -> None:
    import anyio

    await anyio.sleep(seconds / FASTER)


def _hasten() -> None:
    now, _, _, *rest = Effects.__init__.__defaults__ or ()
    Effects.__init__.__defaults__ = (now, lambda: time.monotonic() * FASTER, _sleep, *rest)


def _be_loud() -> None:
    import seedance_pipe.vendor.transport as _loaded

    assert _loaded
    logging.basicConfig(level=1, stream=sys.stderr)
    for name in ("asyncio", "anyio", "concurrent", "httpx", "uvicorn", *logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(1)
        logging.getLogger(name).propagate = True


def _be_blind() -> None:
    from seedance_pipe.vendor.redact import Redactor

    Redactor.hushed = lambda self, text: text  # type: ignore[method-assign]
    Redactor.holds = lambda self, text: False  # type: ignore[method-assign]


def _have_a_bug() -> None:
    from seedance_pipe.studio import home

    def broken(*_: object, **__: object) -> None:
        key = os.environ["ARK_API_KEY"]
        raise RuntimeError(f"no header for {key!r}", {"Authorization": f"Bearer {key}"})

    home.read = broken  # type: ignore[assignment]


def main() -> None:
    _hasten()
    for name, prepare in (("LOUD", _be_loud), ("BLIND", _be_blind), ("BUG", _have_a_bug)):
        if os.environ.get(f"CANARY_{name}"):
            prepare()
    from seedance_pipe.__main__ import main as program

    program()


if __name__ == "__main__":
    main()
