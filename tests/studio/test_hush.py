"""The last net: what is said of an error holds no key of the environment."""

from __future__ import annotations

import pytest

from seedance_pipe.studio.hush import hushed

ENVIRON = {
    "ARK_API_KEY": "6f1c8e52-93ab-47d0",
    "GITHUB_TOKEN": "gho_1234",
    "MY_PASSWORD": "short",
    "SEEDANCE_FFMPEG": "/opt/ffmpeg/bin/ffmpeg",
}


@pytest.mark.parametrize("key", ["6f1c8e52-93ab-47d0", "gho_1234"])
def test_the_keys_of_the_environment_are_taken_out(key: str) -> None:
    told = f"Traceback:\n  File\nValueError: b'Bearer {key}'"
    assert hushed(told, ENVIRON) == "Traceback:\n  File\nValueError: b'Bearer ***'"


def test_what_is_no_key_stays() -> None:
    told = "/opt/ffmpeg/bin/ffmpeg falls short\n  of https://a.example/x.png"
    assert hushed(told, ENVIRON) == told
