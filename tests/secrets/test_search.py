"""The searcher finds what it must find: otherwise the canary test could not fail."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.secrets.echo import in_every_form
from tests.secrets.search import forms, traces, written
from tests.secrets.test_program import KEYS, ODD_KEYS, SIGNATURE

SECRETS = (*KEYS.values(), *ODD_KEYS.values(), SIGNATURE)


@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_that_is_planted_is_found(tmp_path: Path, secret: str) -> None:
    for number, (name, form) in enumerate(forms(secret)):
        (tmp_path / f"{number}.txt").write_bytes(b"before " + form + b" after")
        assert traces(secret, (tmp_path / f"{number}.txt").read_bytes()), name
    assert len(list(written(tmp_path))) == 2 * (number + 1)


@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_in_which_a_vendor_gives_a_secret_back_is_found(secret: str) -> None:
    for told in in_every_form(secret):
        assert traces(secret, told.encode()), told


@pytest.mark.parametrize("secret", SECRETS)
def test_one_that_is_broken_over_lines_is_found_wherever_it_is_broken(secret: str) -> None:
    coded = base64.b64encode(f"Bearer {secret}".encode()).decode()
    for told in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], coded):
        for at in range(1, len(told)):
            for gap in ("\r\n    ", "\x1b[0m │\n│ \x1b[2K"):
                assert traces(secret, f"{told[:at]}{gap}{told[at:]}".encode()), (told, at, gap)


def test_one_that_a_page_of_a_database_cuts_in_two_is_found(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("CREATE TABLE entry (told TEXT)")
        for length in range(4000, 4140):
            database.execute("DELETE FROM entry")
            database.execute("INSERT INTO entry VALUES (?)", ("x" * length + SIGNATURE + "y" * 5000,))
            database.commit()
            assert traces(SIGNATURE, (tmp_path / "journal.db").read_bytes()), length


@pytest.mark.parametrize("secret", SECRETS)
def test_ordinary_words_hold_no_secret(secret: str) -> None:
    other = "1" * len(secret)
    assert traces(secret, b"an old keeper climbs the stairs, slowly, with a lantern in his hand") == set()
    assert traces(secret, f"*** {other} {quote(other)}".encode()) == set()
