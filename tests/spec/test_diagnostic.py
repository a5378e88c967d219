"""Diagnostics as a terminal shows them, and the word that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity, nearest, render, visible


def error(line: int, column: int, width: int = 1, message: str = "no", file: str = "a.yaml") -> Diagnostic:
    return Diagnostic(Place(file, line, column, width), Severity.ERROR, message)


def test_a_diagnostic_looks_as_the_design_says() -> None:
    place = Place("stories/surf.yaml", 14, 5, 9)
    message = "unknown key 'durration' in shot 'beach'; did you mean 'duration'?"
    lines = [""] * 13 + ["    durration: 5"]
    assert render([Diagnostic(place, Severity.ERROR, message)], {"stories/surf.yaml": lines}) == (
        "stories/surf.yaml:14:5: error: unknown key 'durration' in shot 'beach'; did you mean 'duration'?\n"
        " 14 |     durration: 5\n"
        "    |     ^^^^^^^^^\n"
    )


def test_diagnostics_are_shown_once_and_in_the_order_of_the_files() -> None:
    shown = render([error(2, 1), error(1, 9), error(1, 2), error(1, 2), error(3, 1, file="A.yaml")], {})
    assert shown.splitlines() == [
        "A.yaml:3:1: error: no",
        "a.yaml:1:2: error: no",
        "a.yaml:1:9: error: no",
        "a.yaml:2:1: error: no",
    ]


def test_a_warning_is_called_a_warning() -> None:
    assert render([Diagnostic(Place("a", 1, 1), Severity.WARNING, "old")], {}) == "a:1:1: warning: old\n"


def test_nothing_is_shown_for_no_diagnostics() -> None:
    assert render([], {}) == ""


def test_carets_stand_below_what_they_mean_behind_tabs_and_wide_characters() -> None:
    shown = render([error(1, 5, 2)], {"a.yaml": ["\t映e\u0301x日"]}).splitlines()
    assert shown[1:] == [" 1 |     映e\u0301x日", "   |        ^^^"]


def test_a_place_behind_the_end_of_a_line_has_a_caret() -> None:
    assert render([error(1, 4)], {"a.yaml": ["abc"]}).splitlines()[2] == "   |    ^"


def test_an_empty_line_leaves_no_space_behind_it() -> None:
    assert render([error(1, 1)], {"a.yaml": [""]}).splitlines() == ["a.yaml:1:1: error: no", " 1 |", "   | ^"]


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "a" * 500 + "bad" + "c" * 500
    _, source, carets = render([error(1, 501, 3)], {"a.yaml": [line]}).splitlines()
    assert source.startswith(" 1 | …aaa")
    assert source.endswith("ccc…")
    assert len(source) < 110
    assert source[carets.index("^") : carets.index("^") + carets.count("^")] == "bad"


def test_the_ends_of_a_long_line_are_shown_whole() -> None:
    line = "first" + "-" * 500 + "last"
    assert render([error(1, 1, 5)], {"a.yaml": [line]}).splitlines()[1].startswith(" 1 | first")
    assert render([error(1, 506, 4)], {"a.yaml": [line]}).splitlines()[1].endswith("-last")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\u2028\ufeff\u200b", "\\u2028\\ufeff\\u200b"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("a\tb", "a    b"),
        ("👩\u200d🚀 é", "👩\u200d🚀 é"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(), st.text(), st.integers(1, 300), st.integers(1, 300))
def test_no_text_gets_a_control_character_to_the_terminal(text: str, file: str, column: int, width: int) -> None:
    shown = render([error(1, column, width, text, file)], {file: [text]})
    assert "\x1b" not in shown
    assert len(shown.split("\n")) == 4
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("word", "choices", "meant"),
    [
        ("durration", ["duration", "ratio"], "duration"),
        ("Keper", ["keeper", "lamp"], "keeper"),
        ("720P", ["480p", "720p"], "720p"),
        ("ratoi", ["ratio", "duration"], "ratio"),
        ("prompt", ["seed", "id"], None),
        ("x" * 65, ["x" * 64], None),
        ("a", [], None),
    ],
)
def test_the_nearest_word_is_the_one_that_was_meant(word: str, choices: list[str], meant: str | None) -> None:
    assert nearest(word, choices) == meant


def test_the_nearest_word_does_not_hang_on_the_order_of_the_choices() -> None:
    assert nearest("shot", ["Shot", "shot"]) == nearest("shot", ["shot", "Shot"]) == "Shot"
    assert nearest("lamp1", {"lamp2", "lamp3"}) == nearest("lamp1", {"lamp3", "lamp2"})
