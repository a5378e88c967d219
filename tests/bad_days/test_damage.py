"""A stored file that is not what it was: it is found, set aside, and had again without being bought again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from tests.conftest import Pipe
from tests.studio.vendor import Vendor


def spoil(path: Path) -> None:
    content = path.read_bytes()
    path.chmod(0o644)
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


def clips(pipe: Pipe, story: Path) -> list[Path]:
    return [Path(take["clip"]) for take in pipe("status", story, "--json").json["takes"] if take["clip"]]


def stored(story: Path, name: str, step: str = "") -> Path:
    """The file of the output `name` of the last step that has one, or of `step`."""
    state = story.parent / ".seedance"
    with Journal.open(state / "journal.db", story=story.name, effects=Effects()) as journal:
        made = journal.history(lambda digest: True, {}).made.values()
        (*_, last) = (one.outputs[name] for one in made if name in one.outputs and one.step.startswith(step))
    return Store(state / "store").path(last)


def damaged(story: Path) -> int:
    return len(list((story.parent / ".seedance" / "store" / "damaged").glob("*")))


def add_a_shot(story: Path) -> None:
    """A change after which the film, and so every clip, is needed again."""
    story.write_text(story.read_text() + "  - {id: crab, prompt: A crab walks}\n")


def forget_the_film(story: Path) -> None:
    (story.parent / "out" / f"{story.stem}.mp4").unlink()


def test_a_damaged_clip_is_fetched_again_in_the_run_that_finds_it(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    assert pipe("run", short).code == 0
    wave, foam = clips(pipe, short)
    whole = wave.read_bytes()
    spoil(wave)
    add_a_shot(short)
    told = pipe("run", short)
    assert told.code == 0, told.err
    assert "wave#1: its clip was damaged on the disk: it is set aside in" in told.err
    assert wave.read_bytes() == whole
    assert damaged(short) == 1
    assert len(vendor.ledger()) == 3
    assert foam.is_file()


def test_a_clip_that_is_damaged_and_gone_at_the_vendor_is_told_to_be_lost_and_is_not_bought_again(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    assert pipe("run", short, "wave", "--only").code == 0
    spoil(clips(pipe, short)[0])
    delete_all_tasks(vendor)
    told = pipe("run", short)
    assert told.code == 1
    assert "wave#1: failed: take 1 of shot 'wave'" in told.err
    assert "`run --force wave`" in told.err
    assert "wave#1  file lost" in pipe("status", short).out
    assert pipe("run", short).code == 1
    assert len(vendor.ledger()) == 1, "nothing was bought in its place, and nothing that goes on from it"
    again = pipe("run", short, "--force", "wave")
    assert again.code == 0, "a person has bought another: the lost one fails no run any more"
    assert (short.parent / "out" / "short.mp4").is_file()
    assert len(vendor.ledger()) == 3
    assert pipe("run", short).code == 0
    assert len(vendor.ledger()) == 3


def delete_all_tasks(vendor: Vendor) -> None:
    """As the vendor itself does with old ones, and a person may do in its console."""
    for task in vendor.ledger():
        address = f"{vendor.environ['ARK_BASE_URL']}/contents/generations/tasks/{task['id']}"
        headers = {"Authorization": f"Bearer {vendor.environ['ARK_API_KEY']}"}
        with urlopen(Request(address, headers=headers, method="DELETE")) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("spoiled", [spoil, Path.unlink], ids=["damaged", "gone"])
@pytest.mark.parametrize(("name", "step"), [("format", ""), ("film", ""), ("frame", "wave"), ("clip", "wave#1")])
def test_every_file_that_a_film_is_made_of_is_had_again_for_nothing(
    name: str, step: str, spoiled: Callable[[Path], None], pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    assert pipe("run", short).code == 0
    path = stored(short, name, step)
    whole = path.read_bytes()
    spoiled(path)
    spoiled(stored(short, "film")) if name != "film" else None
    forget_the_film(short)
    told = pipe("run", short)
    assert told.code == 0, told.err
    assert len(vendor.ledger()) == 2
    assert pipe("plan", short).out.endswith("Nothing to do: the film is up to date.\n")
    assert path.read_bytes() == whole


def test_a_clip_that_somebody_brought_is_not_bought_when_it_is_lost(
    pipe: Pipe, short: Path, vendor: Vendor, tmp_path: Path
) -> None:
    assert pipe("run", short, "wave", "--only").code == 0
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(clips(pipe, short)[0].read_bytes())
    add_a_shot(short)
    assert pipe("adopt", short, "crab", "--file", mine).code == 0
    bought = len(vendor.ledger())
    clips(pipe, short)[-1].unlink()
    told = pipe("run", short)
    assert told.code == 5
    assert "the clip was taken in from a file, and is damaged or gone; it is not bought unasked" in told.err
    assert len(vendor.ledger()) == bought
    assert pipe("adopt", short, "crab", "--file", mine).code == 0
    assert pipe("run", short).code == 0
