"""Runbase's way of saying no: runbase.md section 4, 2026-11-21. Codes are in lower case, but for those of 429."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from seedance_pipe.sandbox.wrong import Wrong


def refusal(wrong: Wrong) -> Response:
    body = {"error": {"message": wrong.message, "code": wrong.code}}
    return JSONResponse(body, status_code=wrong.status)


def invalid(field: str, reason: str) -> Wrong:
    """A value that the model's schema does not allow; the message begins with the path of its field."""
    return Wrong(400, "invalid_input", f"{field}: {reason}")
