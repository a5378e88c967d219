"""Moments in the form in which most vendors write them: ISO 8601 in UTC with milliseconds."""

from __future__ import annotations

import datetime


def stamp(moment: float) -> str:
    """`2026-11-21T12:00:00.000Z` for a Unix time."""
    text = datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
