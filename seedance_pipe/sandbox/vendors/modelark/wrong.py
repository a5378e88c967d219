"""ModelArk's way of saying no: modelark.md section 5, 2026-11-21."""

from __future__ import annotations

from typing import Any

from seedance_pipe.sandbox.wrong import Wrong

_TYPES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "InternalServerError",
}
"""That of 409 is not recorded anywhere; `Conflict` is ours."""


def error_body(wrong: Wrong, request_id: str) -> dict[str, Any]:
    kind = _TYPES.get(wrong.status, "BadRequest" if wrong.status < 500 else "InternalServerError")
    message = f"{wrong.message}. Request id: {request_id}"
    return {"error": {"code": wrong.code, "message": message, "param": wrong.at, "type": kind}}


def invalid(param: str, reason: str, *, code: str = "InvalidParameter") -> Wrong:
    """A value that is not taken."""
    return Wrong(400, code, f"The parameter `{param}` specified in the request is not valid: {reason}", param)


def missing(param: str) -> Wrong:
    return Wrong(400, "MissingParameter", f"The request is missing the required parameter `{param}`", param)
