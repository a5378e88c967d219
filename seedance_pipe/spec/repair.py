"""Repair: what becomes of the shots that continue a shot when it is made anew."""

from __future__ import annotations

import enum


class Repair(enum.Enum):
    """`RIPPLE` makes all that continues the shot anew. `BRIDGE` makes the shot end with the picture with which the
    next one begins already. `ACCEPT` keeps what follows, and lets the seam be a cut.
    """

    RIPPLE = "ripple"
    BRIDGE = "bridge"
    ACCEPT = "accept"
