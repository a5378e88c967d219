"""Where files go that a vendor must read at an address: the upload target, as the environment names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seedance_pipe.errors import Missing
from seedance_pipe.vendor.account import usable_base


@dataclass(frozen=True, slots=True)
class Uploads:
    """A file goes by HTTP PUT to `<put>/<digest>.<type>`, and a vendor reads it at `<public>/<digest>.<type>`."""

    put: str
    public: str


def uploads(environ: Mapping[str, str]) -> Uploads | None:
    """The upload target of SEEDANCE_UPLOAD_PUT and SEEDANCE_UPLOAD_PUBLIC; None when neither is set.

    Raises Missing when one of the two is missing or is no address that a file may be sent to.
    """
    names = ("SEEDANCE_UPLOAD_PUT", "SEEDANCE_UPLOAD_PUBLIC")
    put, public = (environ.get(name, "").strip().rstrip("/") for name in names)
    if not put and not public:
        return None
    for name, address in zip(names, (put, public), strict=True):
        if not usable_base(address):
            raise Missing(
                f"{name} is not an address for files" if address else f"{name} is not set, but its twin is",
                next_step="give an https address without user and query, or unset both variables",
            )
    return Uploads(put, public)
