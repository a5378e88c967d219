"""ModelArk's way of saying no: modelark.md section 5, 2026-11-21."""

from __future__ import annotations

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


class Wrong(Exception):
    """A refusal. `param` is the path of the field that caused it, or empty."""

    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param

    def body(self, request_id: str) -> dict[str, dict[str, str]]:
        kind = _TYPES.get(self.status, "BadRequest" if self.status < 500 else "InternalServerError")
        message = f"{self.message}. Request id: {request_id}"
        return {"error": {"code": self.code, "message": message, "param": self.param, "type": kind}}


def invalid(param: str, reason: str, *, code: str = "InvalidParameter") -> Wrong:
    """A value that is not taken."""
    return Wrong(400, code, f"The parameter `{param}` specified in the request is not valid: {reason}", param)


def missing(param: str) -> Wrong:
    return Wrong(400, "MissingParameter", f"The request is missing the required parameter `{param}`", param)
