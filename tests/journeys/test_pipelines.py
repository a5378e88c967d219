"""Every example story becomes a film on the sandbox, and shows the idea that it is there for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seedance_pipe.units import Size
from tests.conftest import PIPELINES, Pipe
from tests.journeys.looking import Watched, watch

STORIES = {
    "first-and-last": (Size(864, 480), 2 * 97),
    "portrait": (Size(480, 864), 2 * 73),
    "sound": (Size(864, 496), 3 * 97),
    "references": (Size(752, 560), 2 * 97),
    "sizes": (Size(864, 480), 3 * 49),
    "takes": (Size(640, 640), 49),
    "any-vendor": (Size(864, 480), 2 * 121),
}


def test_every_example_is_in_a_test() -> None:
    assert {path.stem for path in PIPELINES.glob("*.yaml")} == {*STORIES, "lighthouse", "four-vendors", "drafts"}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_an_example_becomes_a_film_of_the_size_and_length_that_it_asks_for(
    pipe: Pipe, pipelines: Path, name: str
) -> None:
    size, frames = STORIES[name]
    told = pipe("run", pipelines / f"{name}.yaml", "--sandbox")
    assert told.code == 0, told.err
    film = watch(pipelines / "out" / "sandbox" / f"{name}.mp4")
    assert film.size == size
    assert film.rate == 24
    assert told.err.count("was left out once") <= told.err.count("picture that both clips show")
    assert len(film.frames) == frames - told.err.count("was left out once")
    assert len({later - earlier for earlier, later in zip(film.times, film.times[1:], strict=False)}) == 1
    _idea(name, film, pipe, pipelines)


def test_of_two_drafts_the_picked_one_becomes_the_film(pipe: Pipe, pipelines: Path) -> None:
    story = pipelines / "drafts.yaml"
    assert pipe("run", story, "--sandbox", "--profile", "draft").code == 0
    assert pipe("pick", story, "leap", "2", "--sandbox", "--profile", "draft").code == 0
    assert pipe("run", story, "--sandbox").code == 0
    told = pipe("why", story, "leap", "--sandbox", "--json").json
    tasks = {one["take"]: one["task"] for one in told["submissions"] if one["request"].get("draft")}
    assert told["request"]["content"] == [{"type": "draft_task", "draft_task": {"id": tasks[2]}}]
    assert watch(pipelines / "out" / "sandbox" / "drafts.mp4").size == Size(960, 960)


def _idea(name: str, film: Watched, pipe: Pipe, pipelines: Path) -> None:
    if name == "sound":
        assert film.sound_seconds == pytest.approx(film.seconds, abs=0.03)
    elif name == "sizes":
        tall = film.frames[49 + 24]
        assert float(np.abs(tall[:, :100] - tall[0, 0]).max()) < 12, "beside a tall picture there is plain black"
    elif name == "takes":
        told = pipe("status", pipelines / "takes.yaml", "--sandbox", "--json").json
        assert len({take["clip"] for take in told["takes"]}) == 3
    else:
        assert film.sound_seconds is None
