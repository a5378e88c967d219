"""The upload target at work: files put where a vendor that takes addresses only can read them."""

from __future__ import annotations

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.errors import Missing, VendorFailed
from seedance_pipe.vendor.adapter import Upload
from seedance_pipe.vendor.pace import growing
from seedance_pipe.vendor.transport import Cut, Web
from seedance_pipe.vendor.uploads import Uploads

_SECONDS = 600.0
_ATTEMPTS = 3


class UploadTarget:
    """Sends each file once in a run. `uploads` is None where no target is set."""

    def __init__(self, web: Web, uploads: Uploads | None, *, effects: Effects) -> None:
        self._web = web
        self._uploads = uploads
        self._effects = effects
        self._sending = anyio.Lock()
        self._sent: set[str] = set()

    async def send(self, file: Upload, name: str) -> str:
        """The address of the file, once it is there; `name` is for messages. Raises Missing where there is no
        target, VendorFailed when it does not take the file.
        """
        if self._uploads is None:
            raise Missing(
                f"{name} must lie at an address that the vendor can read, and there is no upload target",
                next_step="set SEEDANCE_UPLOAD_PUT and SEEDANCE_UPLOAD_PUBLIC, or give an https address instead",
            )
        async with self._sending:
            if file.name not in self._sent:
                await self._put(f"{self._uploads.put}/{file.name}", file, name)
                self._sent.add(file.name)
        return f"{self._uploads.public}/{file.name}"

    async def _put(self, address: str, file: Upload, name: str) -> None:
        """The same bytes under the same name: sending them again does no harm."""
        reason = ""
        pauses = growing(1.0, 10.0, self._effects)
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._effects.sleep(next(pauses))
            try:
                status = await self._web.put(address, file.content, file.type, deadline=_SECONDS)
            except Cut as cut:
                reason = str(cut)
                continue
            if 200 <= status < 300:
                return
            reason = f"it answered {status}"
            if status < 500:
                break
        raise VendorFailed(
            f"{name} could not be sent to the upload target: {reason}",
            next_step="check SEEDANCE_UPLOAD_PUT; nothing was bought",
        )
