"""What a plan says of each size and length of each model is what the sandbox's ledger then asks for.

Prices and pixels stand in the schemas and, from the same pages, in the sandbox's own tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedance_pipe import packaged
from seedance_pipe.plan.cost import estimates
from seedance_pipe.sandbox.app import serve
from seedance_pipe.spec.model import Model, Unpriced, load_catalogue
from seedance_pipe.spec.reader import read_story
from seedance_pipe.spec.story import Story
from tests.conformance.box_office import request, send
from tests.conformance.performance import since
from tests.studio.vendor import Vendor as Server

CATALOGUE = load_catalogue(packaged.folder("schemas"))
SECONDS: tuple[float, ...] = (1.2, 2, 2.4, 4, 5, 6.3, 7.5, 8, 8.5, 10, 12, 15, 30)
SLACK = {"USD": Decimal("0.00001")}
"""By how much an amount may be off: dollars are rounded to five or eight decimals (runware.md section 8)."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(None) as running:
        yield Server(running.address)


def shots(model: Model) -> Iterator[dict[str, Any]]:
    """Every size in two lengths, and every length with sound and without, of which some the model cannot make."""
    sizes = list(model.sizes) or [("720p", "16:9"), ("480p", "4:3"), ("1080p", "9:16")]
    for resolution, ratio in sizes:
        yield from ({"resolution": resolution, "ratio": ratio, "duration": seconds} for seconds in (4, 5))
    for seconds in SECONDS:
        for audio in (True, False):
            yield {"resolution": sizes[0][0], "ratio": sizes[0][1], "duration": seconds, "audio": audio}


def readable(folder: Path, model: Model) -> Story:
    """Those of the shots that the model can make, in one story."""
    path = folder / "story.yaml"
    left = {f"s{number}": shot for number, shot in enumerate(shots(model))}
    while True:
        told = [{"id": name, "prompt": "A wave", **shot} for name, shot in left.items()]
        path.write_text(yaml.safe_dump({"version": 1, "model": model.name, "shots": told}))
        reading = read_story(path, CATALOGUE)
        if reading.story is not None:
            return reading.story
        wrong = {name for one in reading.diagnostics for name in re.findall(r"shot '(s\d+)'", one.message)}
        assert wrong, [str(one) for one in reading.diagnostics]
        left = {name: shot for name, shot in left.items() if name not in wrong}


@pytest.mark.parametrize("name", sorted(CATALOGUE.models))
def test_the_ledger_asks_for_what_was_estimated(tmp_path: Path, server: Server, name: str) -> None:
    model = CATALOGUE.models[name]
    story = readable(tmp_path, model)
    assert len(story.shots) >= 3
    wrong = []
    for shot in story.shots:
        before = server.ledger()
        answer = send(server, model.vendor, request(shot))
        assert answer.accepted, answer
        (task,) = since(server.ledger(), before)
        estimate = estimates(Story(story.path, story.title, (shot,), story.output))[shot.id]
        if isinstance(model.price, Unpriced):
            assert estimate.most is None and Decimal(task["cost"]) > 0
        elif estimate.most is None:
            assert not model.sizes, estimate.why
        elif task["tokens"]:
            wrong += (
                [] if estimate.tokens == task["tokens"] else [f"{shot.footage}: {estimate} is {task['tokens']}"]
            )
        else:
            off = abs(estimate.most.amount - Decimal(task["cost"]))
            if task["currency"] != estimate.most.currency or off > SLACK.get(task["currency"], 0):
                wrong.append(f"{shot.footage}: {estimate} is {task['cost']} {task['currency']}")
    assert not wrong, "\n".join(wrong)
