"""Paths in stories: inside the story's folder, or refused (security.md F1 to F4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.spec.inside import Unsafe, is_device, safe_path

PIECES = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a",
        "b.png",
        "/",
        "\\",
        "C:",
        "~",
        "con",
        "NUL.txt",
        " ",
        "x.",
        "\0",
        "\n",
        "ü",
        "link",
        "é" * 120,
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("/".join), st.lists(PIECES).map("".join)))
def test_any_text_leads_into_the_folder_or_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp() / "story"
    root.mkdir(exist_ok=True)
    if not (root / "link").is_symlink():
        (root / "link").symlink_to(root.parent)
    try:
        path = safe_path(root, text)
    except Unsafe as problem:
        assert str(problem)
    else:
        assert path.is_relative_to(root.resolve())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "//server/share",
        "\\\\server\\share",
        "C:/x",
        "c:x",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u202eb",
        "x.",
        "x /y",
        "con",
        "a/NUL.png",
        "LPT1.txt",
        "a:b.png",
        "x" * 201,
        "ü" * 101,
    ],
)
def test_a_path_that_could_mean_something_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unsafe):
        safe_path(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["a.png", "./a.png", "a/b/c.png", "a//b.png", "ü.png", "with space.png", "...a", "-y.mp4"]
)
def test_an_ordinary_path_is_taken(tmp_path: Path, text: str) -> None:
    assert safe_path(tmp_path, text).is_relative_to(tmp_path.resolve())


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "story"
    root.mkdir()
    (root / "real.png").touch()
    (root / "out").symlink_to(tmp_path)
    (root / "stays.png").symlink_to(root / "real.png")
    with pytest.raises(Unsafe, match="leads out"):
        safe_path(root, "out/secret.png")
    assert safe_path(root, "stays.png") == (root / "real.png").resolve()


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(Unsafe, match="cannot be followed"):
        safe_path(tmp_path, "a/x.png")


def test_devices_are_known_with_any_suffix_and_in_any_case() -> None:
    assert is_device("CON")
    assert is_device("com9.tar.gz")
    assert not is_device("console")
