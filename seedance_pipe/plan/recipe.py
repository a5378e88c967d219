"""Recipes: all that decides how a take comes out and is known before anything runs."""

from __future__ import annotations

from typing import assert_never

from seedance_pipe.document import Json, digest, freeze, written
from seedance_pipe.spec.medium import Address, FromShot, LocalFile, Medium, SeamPicture
from seedance_pipe.spec.story import Shot


def order_digest(shot: Shot) -> str:
    """The name of what a shot orders, whichever take of it: picks are remembered under it."""
    return digest(_order(shot))


def recipe(shot: Shot, take: int) -> Json:
    """All that decides how one take comes out and is known before anything runs."""
    return freeze({**_order(shot), "order": seeded(shot.order, shot, take), "take": take})


def seeded(document: Json, shot: Shot, take: int) -> Json:
    """`document`, a body or an order of `shot`, as it reads for one take: take k has seed + k - 1."""
    if shot.seed is None:
        return document
    return written(document, shot.seed_path, shot.seed + take - 1)


def _order(shot: Shot) -> dict[str, Json]:
    return {
        "vendor": shot.model.vendor,
        "model": shot.model.wire,
        "revision": shot.model.revision,
        "order": shot.order,
        "media": [_medium(medium) for medium in shot.media],
    }


def _medium(medium: Medium) -> Json:
    """A medium as a fingerprint sees it: by what it is, not by where it lies or which shot makes it."""
    named: dict[str, Json] = {"role": medium.role.value, "kind": medium.kind.value}
    match medium.source:
        case LocalFile(digest=content):
            return {**named, "digest": content}
        case Address(url=url):
            return {**named, "url": url}
        case FromShot() | SeamPicture():
            return named
        case _ as never:
            assert_never(never)
