"""Media that a model's file does not take: what no packaged model refuses is told all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from seedance_pipe.spec.asset import Assets
from seedance_pipe.spec.medium import Address, FromShot, Kind, Role
from seedance_pipe.spec.model import MediaLimits
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.suitable import check_media
from seedance_pipe.spec.supply import Supply
from tests.spec.asking import PRO, brought, known

ADDRESS_ONLY = MediaLimits(inline=False, assets=False, types=("image/png",), bytes=1000)


def test_a_model_that_takes_https_addresses_alone_refuses_all_else(tmp_path: Path) -> None:
    problems = Problems()
    model = replace(known(PRO), media=MappingProxyType({Kind.IMAGE: ADDRESS_ONLY}))
    media = [
        brought(Role.FIRST_FRAME, source=Address("asset://x")),
        brought(Role.FIRST_FRAME, source=Address("https://example.org/x.png")),
        brought(Role.LAST_FRAME, source=FromShot("cliff")),
    ]
    supply = Supply(Assets(tmp_path, None), problems, uploads=False, loopback=False)
    check_media(media, model, supply)
    first, last = (one.message for one in problems.diagnostics)
    assert first == "first_frame in shot 'beach': seedance-1-0-pro takes no asset:// addresses"
    assert "takes a picture by its address only, and the last frame of shot 'cliff' has none" in last
    assert "SEEDANCE_UPLOAD_PUT" in last
