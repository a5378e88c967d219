"""The wheel: it carries schemas and example stories, and finds them in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from seedance_pipe import packaged
from seedance_pipe.errors import Missing

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_its_schemas_and_its_stories_and_nothing_that_was_made(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "schemas/story.schema.json",
        "pipelines/lighthouse.yaml",
        "pipelines/assets/stairs.png",
        "py.typed",
    ):
        assert f"seedance_pipe/{name}" in names
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2, "the package and its metadata"
    assert not [name for name in names if "/out/" in name or ".seedance/" in name or "tests/" in name]


def test_from_the_wheel_in_an_environment_of_its_own_the_program_finds_its_files(
    wheel: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, capture_output=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    # The dependencies of this environment, but none of its .pth files, so not the checkout.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    install = [str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)

    def said(*arguments: str) -> str:
        command = [str(tmp_path / "venv" / "bin" / "seedance-pipe"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert str(site) in said("doctor")
    assert "modelark/seedance-1-0-pro" in said("models")
    assert str(site / "seedance_pipe" / "pipelines") in _folder(python, "pipelines", tmp_path)
    said("init", "films")
    assert "good: 3 shots" in said("validate", "films/story.yaml")


def _folder(python: Path, name: str, where: Path) -> str:
    program = f"from seedance_pipe import packaged; print(packaged.folder({name!r}))"
    return subprocess.run(
        [str(python), "-c", program], check=True, capture_output=True, text=True, cwd=where
    ).stdout


def test_from_a_checkout_the_folders_beside_the_package_are_used() -> None:
    assert packaged.folder("schemas") == ROOT / "schemas"


def test_an_incomplete_installation_says_so() -> None:
    with pytest.raises(Missing, match="no folder 'nothing'"):
        packaged.folder("nothing")
