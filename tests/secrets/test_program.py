"""No key and no signed address is in anything that the program says or writes (security.md S-X, invariant I8).

Whole programs run against vendors that give everything back that they were told. Then all that was said, and every
file that could have been written, is searched in all forms.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seedance_pipe.studio.rehearsal import serving
from tests.conformance.vendors import BY_NAME, Vendor
from tests.secrets.echo import Echo
from tests.secrets.scene import Scene
from tests.secrets.search import traces
from tests.studio.vendor import Vendor as Server
from tests.vendor.stage import Stage

KEYS = {
    "ARK_API_KEY": "6f1c8e52-93ab-47d0-b1e4-2a7fd90c3e58",
    "RIVYA_API_KEY": "rvya_sk_Vt83kLmQ0aZx7RbN5cYwE2hU",
    "RUNBASE_API_KEY": "sk-Jq4Xn8Wc2Ty6Lr0Bv5Hm9Kd3",
    "RUNWARE_API_KEY": "pZ7dG2sK9fM4xC1vB6nQ8wE3rT5yU0iO",
}
# Nobody hands out such keys; what finds them finds every key.
ODD_KEYS = {
    "ARK_API_KEY": "ark-4bC/d+E9_f8=x%41\"q'Zz7T&amp;k",
    "RIVYA_API_KEY": 'rvya_sk_==/+a\\nB%2Fc""9Tq<4>Ww',
    "RUNBASE_API_KEY": "sk-+++%25%//==''Ab1Cd2Ef3\\u0041Gh",
    "RUNWARE_API_KEY": '{"k":"Zx\'9+/=Qw%Er&Ty;7"}&#65;\\x',
}
SIGNATURE = "9b1f0ce7a2d84536b8e1f70c25d94a6380fe1b27c5d9e34a7f60128bd3ce5a94"
TOKEN = "STSa8Kd02LmZq7Xc4Vb9Nt6Rw"
QUERY = (
    f"X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Expires=86400&X-Tos-Signature={SIGNATURE}"
    f"&sign={SIGNATURE[::-1]}&token={TOKEN}"
)
SIGNED = {"signature": SIGNATURE, "sign": SIGNATURE[::-1], "token": TOKEN}
CASES = ("key", "moderated", "busy", "doubt", "html", "reset", "named", "failed", "barred", "status")
FETCHED = ("made", "lapsed", "redirect", "server", "inside")
PASSWORD = "Hq7Wn3Zk5Tb9Xr2M"
ADDRESSES = ("ARK_BASE_URL", "RUNWARE_BASE_URL", "SEEDANCE_UPLOAD_PUT", "SEEDANCE_UPLOAD_PUBLIC")
LOUD = {"CANARY_LOUD": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}


def shots(echo: Echo, *, every: int = 1) -> list[dict[str, Any]]:
    """One for each form of the vendor's words as a message, one for each as a code, one for each other case."""
    told = [(case, number) for case in ("refused", "coded") for number in range(0, len(echo.words), every)]
    told += [(case, 3 * number) for number, case in enumerate((*CASES, *FETCHED))]
    return [{"id": f"{case}-{number}", "prompt": f"A wave case:{case}:{number}"} for case, number in told]


def staged(place: Path, stage: Stage, vendor: Vendor, keys: dict[str, str], clip: bytes) -> tuple[Scene, Echo]:
    environ = {**Server(stage.address).environ, **keys}
    environ |= {"SEEDANCE_UPLOAD_PUT": f"{stage.address}/put", "SEEDANCE_UPLOAD_PUBLIC": "https://files.example"}
    echo = Echo(stage, vendor, keys[vendor.key], QUERY, clip)
    echo.play()
    scene = Scene(place, environ, {**keys, **SIGNED})
    scene.write(shots(echo), model=vendor.model, **vendor.short)
    return scene, echo


def still(scene: Scene) -> str:
    Image.effect_noise((640, 640), 60).convert("RGB").save(scene.story.with_name("still.png"))
    return "still.png"


@pytest.mark.parametrize(
    ("vendor", "loud"),
    [
        pytest.param(vendor, loud, id=f"{name}{' loud' * loud}", marks=pytest.mark.long if loud == quiet else ())
        for name, vendor, quiet in zip(BY_NAME, BY_NAME.values(), (True, False) * 2, strict=True)
        for loud in (False, True)
    ],
)
def test_a_run_whose_vendor_gives_everything_back_tells_no_secret(
    tmp_path: Path, scripted: Stage, clip: bytes, vendor: Vendor, loud: bool
) -> None:
    scene, echo = staged(tmp_path, scripted, vendor, ODD_KEYS if loud else KEYS, clip)
    if loud:
        ran = scene.program("run", "story.yaml", "--keep-going", "--yes", "--json", environ=LOUD)
        ended = [json.loads(line) for line in ran.out.splitlines()][-1]
        assert ended["made"] == ["made-30#1"]
        assert len(ended["failed"]) + len(ended["in_doubt"]) + len(ended["made"]) == len(shots(echo))
    else:
        ran = scene.program("run", "story.yaml", "--keep-going", "--yes")
        assert ran.err.count(b": failed: ") + ran.err.count(b": in doubt: ") == len(shots(echo)) - 1
    assert ran.code == 4, ran
    assert b"internal error" not in ran.err
    expected = {*CASES, *FETCHED} - ({"named"} if vendor.in_array else set())
    assert expected <= set(echo.met), "each case was met"
    if loud:
        assert scene.program("status", "story.yaml", "--json").code == 0
    else:
        assert scene.program("status", "story.yaml").code == 0
        assert scene.program("plan", "story.yaml", "--json").code == 0
        assert scene.program("resolve", "story.yaml", "reset-15", "--lost").code == 0
    assert scene.leaks() == {}
    for seen in scripted.seen:
        allowed = {vendor.key} if seen.target.startswith(vendor.creates) else set()
        sent = {name for name in KEYS if traces(scene.secrets[name], f"{seen.target} {seen.headers}".encode())}
        assert sent <= allowed, f"{seen.method} {seen.target.partition('?')[0]}"


def test_on_a_narrow_terminal_no_secret_is_broken_over_lines(tmp_path: Path, scripted: Stage, clip: bytes) -> None:
    scene, echo = staged(tmp_path, scripted, BY_NAME["rivya"], KEYS, clip)
    scene.write(shots(echo, every=5), model=echo.vendor.model, **echo.vendor.short)
    ran = scene.on_a_terminal("run", "story.yaml", "--keep-going", "--yes")
    assert ran.code == 4, ran
    assert b"\x1b[" in ran.out, "a table was drawn"
    assert scene.leaks() == {}


def test_a_run_that_is_killed_leaves_no_secret(tmp_path: Path, scripted: Stage, clip: bytes) -> None:
    scene, echo = staged(tmp_path, scripted, BY_NAME["modelark"], ODD_KEYS, clip)
    scene.write(shots(echo, every=5), model=echo.vendor.model, **echo.vendor.short)
    scene.killed("run", "story.yaml", "--keep-going", "--yes", at=b"submitted task-lapsed")
    assert (scene.story.parent / ".seedance" / "journal.db-wal").stat().st_size
    assert scene.leaks() == {}


def test_without_the_redactor_the_secrets_are_found(tmp_path: Path, scripted: Stage, clip: bytes) -> None:
    scene, echo = staged(tmp_path, scripted, BY_NAME["rivya"], KEYS, clip)
    scene.write(shots(echo, every=5), model=echo.vendor.model, **echo.vendor.short)
    scene.program("run", "story.yaml", "--keep-going", "--yes", environ={"CANARY_BLIND": "1"})
    scene.program("status", "story.yaml", environ={"CANARY_BLIND": "1"})
    found = scene.leaks()
    journal = scene.story.parent / ".seedance" / "journal.db"
    for place in ("run story.yaml --keep-going --yes", "status story.yaml", str(journal)):
        for secret in ("RIVYA_API_KEY", "signature"):
            assert f"{secret} in {place}" in found


def test_an_upload_that_lies_at_a_signed_address_is_used_and_not_written_down(
    tmp_path: Path, scripted: Stage, clip: bytes
) -> None:
    scene, echo = staged(tmp_path, scripted, BY_NAME["rivya"], KEYS, clip)
    told = {"id": "still", "prompt": "A wave case:refused:18", "first_frame": still(scene)}
    scene.write([told], model=echo.vendor.model, **echo.vendor.short)
    for _ in range(2):
        assert scene.program("run", "story.yaml", "--yes", "--json").code == 1
    sent = [seen.body for seen in scripted.asked("POST", echo.vendor.creates)]
    assert len(sent) == 2
    assert all(SIGNATURE.encode() in body for body in sent)
    assert echo.met["upload"] == 2, "it was not remembered"
    assert scene.leaks() == {}


def test_what_an_upload_target_answers_is_not_told(tmp_path: Path, scripted: Stage, clip: bytes) -> None:
    scene, echo = staged(tmp_path, scripted, BY_NAME["runbase"], KEYS, clip)
    told = {"id": "still", "prompt": "A wave case:refused:0", "first_frame": still(scene)}
    scene.write([told], model=echo.vendor.model, **echo.vendor.short)
    ran = scene.program("run", "story.yaml", "--yes")
    assert ran.code == 1
    assert b"could not be sent to the upload target: it answered 403" in ran.err
    assert scene.leaks() == {}


@pytest.fixture
def alone(tmp_path: Path) -> Scene:
    """A story whose vendors nobody plays; addresses in its environment hold a password."""
    guarded = {name: f"https://me:{PASSWORD}@{name.lower().replace('_', '-')}.example/v1" for name in ADDRESSES}
    scene = Scene(tmp_path, {**KEYS, **guarded}, {**KEYS, "password": PASSWORD})
    scene.write(
        [{"id": "wave", "prompt": "A wave"}], model="runware/seedance-1-0-pro", duration=2, resolution="480p"
    )
    return scene


def test_an_address_with_a_password_is_never_shown(alone: Scene) -> None:
    assert alone.program("run", "story.yaml", "--yes").code == 6
    assert alone.program("doctor").code == 6
    assert alone.program("doctor", "--json").code == 6
    assert alone.program("validate", "story.yaml").code == 6
    assert alone.leaks() == {}


def test_no_other_command_tells_a_secret(alone: Scene) -> None:
    for name in ADDRESSES:
        del alone.environ[name]
    for command in ("validate", "plan", "status", "graph", "render"):
        assert alone.program(command, "story.yaml", environ=LOUD).code == 0
    for told in (["doctor"], ["models"], ["schema"], ["init", "another"], ["--help"], ["cancel", "story.yaml"]):
        assert alone.program(*told).code == 0
    assert alone.program("run", "story.yaml", "--sandbox", environ=LOUD).code == 0
    assert alone.program("status", "story.yaml", "--sandbox", "--json").code == 0
    assert alone.leaks() == {}


def test_a_bug_is_reported_without_the_key_that_its_words_hold(alone: Scene) -> None:
    for python in ((), ("-X", "dev")):
        ran = alone.program("plan", "story.yaml", python=python, environ={"CANARY_BUG": "1"})
        assert ran.code == 70
        assert b"""RuntimeError: ("no header for '***'", {'Authorization': 'Bearer ***'})""" in ran.err
    assert alone.leaks() == {}


def test_a_key_in_a_story_is_refused_at_its_place_and_not_repeated(alone: Scene) -> None:
    for name in ADDRESSES:
        del alone.environ[name]
    key = KEYS["ARK_API_KEY"]
    alone.write([{"id": "wave", "prompt": f"A wave {key}"}], model="runware/seedance-1-0-pro", duration=2)
    for command in ("validate", "run", "render"):
        ran = alone.program(command, "story.yaml")
        assert ran.code == 3
        assert b"story.yaml:7:18: error: this is the secret key that ARK_API_KEY holds" in ran.all
    alone.story.unlink()
    assert alone.leaks() == {}


def test_a_program_that_ffmpeg_is_taken_for_sees_no_key(alone: Scene, tmp_path: Path) -> None:
    false = tmp_path / "ffmpeg"
    false.write_text(f"#!/bin/sh\nenv > {tmp_path}/home/seen\n")
    false.chmod(0o755)
    assert alone.program("doctor", environ={"SEEDANCE_FFMPEG": str(false)}).code == 6
    assert (tmp_path / "home" / "seen").read_text()
    assert alone.leaks() == {}


def test_the_sandbox_forgets_the_keys_that_it_is_given(tmp_path: Path, alone: Scene) -> None:
    with serving(tmp_path / "home" / "sandbox") as environ:
        alone.environ |= {**environ, **KEYS}
        assert alone.program("run", "story.yaml", "--yes", "--json").code == 0
    assert alone.leaks() == {}
