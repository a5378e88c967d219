"""The floors of the house: a module imports from its own floor and from lower ones, never upwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "seedance_pipe"

GROUND = {"errors", "units", "document", "disk", "effects", "packaged", "__init__"}
MAY_IMPORT: dict[str, set[str]] = {
    "ground": set(),
    "spec": {"ground"},
    "plan": {"ground", "spec"},
    "run": {"ground", "spec", "plan"},
    "vendor": {"ground", "spec", "plan", "run"},
    "media": {"ground", "spec", "plan", "run"},
    "report": {"ground", "spec", "plan", "run"},
    "sandbox": {"ground", "spec", "media"},
    "studio": {"ground", "spec", "plan", "run", "vendor", "media", "report", "sandbox"},
    "cli": {"ground", "spec", "plan", "run", "report", "studio"},
    "__main__": {"ground", "cli"},
}
ONLY_HERE = {"httpx": {"vendor/transport.py"}, "subprocess": {"media/ffmpeg.py", "studio/git.py"}}


def floor_of(dotted: str) -> str:
    """The floor of `seedance_pipe.<...>`, given the part after the package's name."""
    head = dotted.split(".")[0]
    return "ground" if head in GROUND else head


def imports_of(module: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative imports hide the floor"
            base = node.module or ""
            if base == "seedance_pipe":
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_its_own_floor_and_lower_ones(module: Path) -> None:
    own = floor_of(".".join(module.relative_to(PACKAGE).with_suffix("").parts))
    assert own in MAY_IMPORT, f"{module} stands on no floor"
    for line, name in imports_of(module):
        if name.startswith("seedance_pipe.") and not name.endswith(".__version__"):
            floor = floor_of(name.removeprefix("seedance_pipe."))
            assert floor == own or floor in MAY_IMPORT[own], f"{module}:{line}: {own} may not import {name}"


@pytest.mark.parametrize("library", sorted(ONLY_HERE))
def test_one_module_alone_reaches_the_network_one_starts_ffmpeg_and_one_git(library: str) -> None:
    users = {
        module.relative_to(PACKAGE).as_posix()
        for module in MODULES
        for _, name in imports_of(module)
        if name.split(".")[0] == library
    }
    assert users <= ONLY_HERE[library]


def test_only_studio_knows_that_a_sandbox_exists() -> None:
    users = {
        module.relative_to(PACKAGE).parts[0]
        for module in MODULES
        for _, name in imports_of(module)
        if name.startswith("seedance_pipe.sandbox")
    }
    assert users <= {"sandbox", "studio"}
