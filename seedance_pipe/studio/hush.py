"""The last net under what is said: no key of the environment is in it, whatever went wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping

from seedance_pipe.spec.secret import keys_of
from seedance_pipe.vendor.redact import Redactor


def hushed(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """`text` without the keys that the environment holds and without the queries of addresses."""
    return Redactor(keys_of(environ, shortest=8).values()).hushed(text)
