"""Media that a model's file does not take: what no packaged model refuses is told all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from seedance_pipe.spec.asset import Assets
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Role
from seedance_pipe.spec.model import MediaLimits, Model
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.suitable import check_media
from seedance_pipe.spec.supply import Supply
from seedance_pipe.spec.wanted import Brought
from seedance_pipe.units import Digest
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
    assert first == "first_frame in shot 'beach': modelark/seedance-1-0-pro takes no asset:// addresses"
    assert "takes a picture by its address only, and the last frame of shot 'cliff' has none" in last
    assert "SEEDANCE_UPLOAD_PUT" in last


def told(model: Model, media: list[Brought], folder: Path) -> list[str]:
    problems = Problems()
    check_media(media, model, Supply(Assets(folder, None), problems, uploads=False, loopback=False))
    return [one.message for one in problems.diagnostics]


def still(length: int, type_: str = "image/gif") -> Brought:
    file = LocalFile(Path("a.gif"), "a.gif", Digest("d"), type_, length)
    return brought(Role.FIRST_FRAME, source=file)


def test_a_vendor_that_keeps_files_of_ours_takes_a_file_and_a_frame_of_another_shot(tmp_path: Path) -> None:
    upload = replace(ADDRESS_ONLY, upload=True, types=(), bytes=None)
    model = replace(known(PRO), media=MappingProxyType({Kind.IMAGE: upload}))
    media = [still(10**9), brought(Role.LAST_FRAME, source=FromShot("cliff"))]
    assert told(model, media, tmp_path) == []


def test_only_what_goes_inside_a_request_makes_it_longer(tmp_path: Path) -> None:
    both = replace(ADDRESS_ONLY, inline=True, upload=True, inline_bytes=900, types=(), bytes=None)
    model = replace(known(PRO), media=MappingProxyType({Kind.IMAGE: both}), body_bytes=2000)
    assert told(model, [still(900), still(901), still(10**9)], tmp_path) == []
    (why,) = told(model, [still(900), still(10**9), still(899)], tmp_path)
    assert why.endswith(
        "the files of this shot make a request of 0.0 MB; modelark/seedance-1-0-pro takes at most 0.0 MB"
    )


def test_what_a_vendor_keeps_has_limits_too(tmp_path: Path) -> None:
    upload = replace(ADDRESS_ONLY, upload=True)
    model = replace(known(PRO), media=MappingProxyType({Kind.IMAGE: upload}))
    assert told(model, [still(1001, "image/png")], tmp_path)[0].endswith("takes at most 0.0 MB")
    assert told(model, [still(1)], tmp_path)[0].endswith("'a.gif' is GIF; modelark/seedance-1-0-pro takes PNG")
