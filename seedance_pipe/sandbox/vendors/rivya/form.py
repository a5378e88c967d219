"""The form of an upload: multipart/form-data with the documented fields. rivya.md section 5, 2026-11-21."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from seedance_pipe.sandbox.vendors.rivya.facts import MODELS, MOST_TRACE
from seedance_pipe.sandbox.vendors.rivya.lodging import KINDS
from seedance_pipe.sandbox.vendors.rivya.wrong import invalid

_FIELDS = ("file", "kind", "model", "client_request_id")
_MOST_BODY_BYTES = (50 << 20) + (1 << 20)
"""The largest file and the rest of the form."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`name` is that of the client's file, if it told one."""

    data: bytes
    kind: str
    name: str | None


async def read_upload(request: Request) -> Upload:
    """The form of that request. Unknown and repeated fields are refused, which is assumed. Raises Wrong."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise invalid("", "the body must be multipart/form-data")
    parser = MultiPartParser(request.headers, _bounded(request), max_files=2, max_fields=len(_FIELDS))
    try:
        form = await parser.parse()
    except MultiPartException as wrong:
        raise invalid("", wrong.message) from None
    try:
        return await _read(form)
    finally:
        await form.close()


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MOST_BODY_BYTES:
            raise invalid("file", "it is too large")
        yield chunk


async def _read(form: FormData) -> Upload:
    for key in form:
        if key not in _FIELDS or len(form.getlist(key)) > 1:
            raise invalid(key, f"the form has each of {', '.join(_FIELDS)} once")
    kind = _text(form, "kind")
    if kind not in KINDS:
        raise invalid("kind", f"it must be one of {', '.join(KINDS)}")
    if "model" in form:
        _check_model(_text(form, "model"), kind)
    if "client_request_id" in form and len(_text(form, "client_request_id")) > MOST_TRACE:
        raise invalid("client_request_id", f"it has at most {MOST_TRACE} characters")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise invalid("file", "it must be a file")
    return Upload(await file.read(), kind, file.filename or None)


def _check_model(name: str, kind: str) -> None:
    """Sizes and types of a kind are the same for all these models; which kinds 2.0 takes was not readable."""
    model = MODELS.get(name)
    if model is None:
        raise invalid("model", "it must be the id of a model of /api/v1/models")
    if kind not in model.media:
        raise invalid("kind", f"{name} takes {', '.join(model.media)} only")


def _text(form: FormData, key: str) -> str:
    value = form.get(key)
    if not isinstance(value, str):
        raise invalid(key, "it must be a text")
    return value
