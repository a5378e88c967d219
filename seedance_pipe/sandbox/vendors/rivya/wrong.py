"""Rivya's way of saying no: rivya.md section 4, 2026-11-21."""

from __future__ import annotations

from typing import Any

from seedance_pipe.sandbox.wrong import Wrong


def error_body(wrong: Wrong, request_id: str) -> dict[str, Any]:
    """`code` is what clients are to go by."""
    return {"error": {"code": wrong.code, "message": wrong.message, "requestId": request_id}}


def invalid(field: str, reason: str) -> Wrong:
    """A value that is not taken; the message begins with the path of its field."""
    return Wrong(400, "validation_failed", f"{field}: {reason}" if field else reason)
