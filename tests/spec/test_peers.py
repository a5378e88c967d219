"""What a model cannot do is told with the models that can: few, near, living, and worked out once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe import packaged
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.model import Catalogue, load_catalogue
from seedance_pipe.spec.peers import Peers
from tests.spec.asking import (
    CATALOGUE,
    FAST,
    MID,
    PEERS,
    PRO,
    RUNWARE,
    TWO,
    asked,
    brought,
    known,
    messages,
    read,
    write,
)


@pytest.mark.parametrize(
    ("name", "asking", "can"),
    [
        (PRO, {"audio": True}, "modelark/seedance-2-0"),
        (TWO, {"camera_fixed": True}, "modelark/seedance-1-0-pro"),
        (PRO, {"duration": "auto"}, "modelark/seedance-2-0"),
        (PRO, {"duration": 13}, "modelark/seedance-2-0"),
        (PRO, {"duration": 5.5}, "runware/seedance-1-0-pro"),
        (PRO, {"resolution": "4k"}, "modelark/seedance-2-0"),
        (RUNWARE, {"resolution": "720p"}, "runware/seedance-1-0-pro-fast"),
        (RUNWARE, {"frames": 57}, "modelark/seedance-1-0-pro"),
        (FAST, {"media": [brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)]}, "modelark/seedance-2-0"),
        (PRO, {"media": [brought(Role.REFERENCE, Kind.VIDEO)]}, "modelark/seedance-2-0"),
    ],
)
def test_the_models_that_can_are_named_those_of_the_same_vendor_first(
    name: str, asking: dict[str, Any], can: str
) -> None:
    made, told = asked(known(name), **{"prompt": "waves", **asking})
    assert made is None
    (message,) = told
    named = message.rpartition("; ")[2]
    assert named.endswith(" can")
    assert can in named
    assert len(named.removesuffix(" can").replace(" and ", ", ").split(", ")) <= 3
    vendors = [one.partition("/")[0] for one in named.replace(" and ", ", ").split(", ")]
    own = known(name).vendor
    assert vendors == sorted(vendors, key=lambda vendor: vendor != own)


def test_a_retired_model_is_not_recommended() -> None:
    assert known(MID).retirement is not None
    told = PEERS.that_accept(known(PRO), "audio", True)
    assert "modelark/seedance-2-0" in told
    assert "modelark/seedance-1-5-pro" not in told


@pytest.mark.parametrize(
    ("key", "value"), [("resolution", "720P"), ("ratio", "5:4"), ("duration", 3600), ("sparkle", True)]
)
def test_nobody_is_named_for_what_nobody_can_do(key: str, value: Any) -> None:
    assert PEERS.that_accept(known(PRO), key, value) == ""


def test_a_shape_that_another_vendor_makes_in_pixels_is_found() -> None:
    assert "runware/seedance-1-0-pro" in PEERS.that_accept(known(PRO), "ratio", "9:21")


def test_too_many_references_lead_to_the_models_that_take_as_many() -> None:
    assert PEERS.that_take(known(PRO), Kind.IMAGE, 9).startswith("; modelark/seedance-2-0")
    assert PEERS.that_take(known(PRO), Kind.IMAGE, 99) == ""
    ten = [brought(Role.REFERENCE) for _ in range(10)]
    told = asked(known(TWO), prompt="waves", media=ten)[1]
    assert "at most 9 reference images go into one request" in told[0]


def test_a_prompt_that_is_missing_leads_to_models_that_need_none_where_there_is_a_picture() -> None:
    told = asked(known(RUNWARE), resolution="480p", media=[brought(Role.FIRST_FRAME)])[1]
    assert told[0].startswith("shot 'beach': runware/seedance-1-0-pro needs a prompt; modelark/")
    assert told[0].endswith(" can do without")
    bare = asked(known(RUNWARE), resolution="480p")[1]
    assert bare == ["shot 'beach': runware/seedance-1-0-pro needs a prompt"]
    alone = Peers(Catalogue({RUNWARE: known(RUNWARE)}))
    assert alone.that_need_no_prompt(known(RUNWARE)) == ""


def test_a_right_story_loads_no_model_but_its_own(tmp_path: Path) -> None:
    catalogue = load_catalogue(packaged.folder("schemas"))
    Peers(catalogue).form(catalogue.models["runware/bytedance:2@1"])
    assert len(catalogue.models._built) == 1  # type: ignore[attr-defined]


def test_a_broken_file_of_another_model_is_no_problem_of_the_story(tmp_path: Path) -> None:
    schemas = packaged.folder("schemas")
    shutil.copy(schemas / "model.schema.json", tmp_path)
    for name in (PRO, TWO):
        file = CATALOGUE.files[known(name).name]
        (tmp_path / "modelark").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "modelark")
    broken = tmp_path / "modelark" / CATALOGUE.files[known(TWO).name].name
    broken.write_text(broken.read_text(encoding="utf-8").replace('"frame_rate": 24', '"frame_rate": 0'))
    catalogue = load_catalogue(tmp_path)
    model = catalogue.find(PRO)
    assert model is not None
    assert Peers(catalogue).that_accept(model, "audio", True) == ""


def test_defaults_that_no_shot_can_keep_are_told_once_however_many_shots_there_are(tmp_path: Path) -> None:
    shots = "".join(f"  - {{id: s{number}, prompt: waves}}\n" for number in range(300))
    text = f"version: 1\nmodel: {RUNWARE}\ndefaults: {{audio: true, resolution: 480p}}\nshots:\n{shots}"
    (told,) = messages(read(write(tmp_path, text)))
    assert "makes no sound; drop audio; runware/seedance-1-5-pro, modelark/" in told
