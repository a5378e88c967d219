"""Budgets as a person meets them: in the story and on the command line, in a refusal, a plan and a status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Pipe

Told = Callable[[str], Path]

CREDITED = """\
version: 1
model: rivya/seedance-1-0-lite
budget: {usd: 1, credits: 40}
defaults: {duration: 5, resolution: 480p}
shots:
  - {id: wave, prompt: A wave breaks}
  - {id: gull, prompt: A gull cries}
"""


@pytest.fixture
def with_budget(short: Path) -> Told:
    """The short story with this line as its second. Both its takes cost $0.0392."""
    text = short.read_text()

    def write(line: str) -> Path:
        short.write_text(text.replace("version: 1\n", f"version: 1\n{line}\n", 1))
        return short

    return write


def test_a_story_that_would_pass_its_own_budget_sends_nothing_and_names_the_line(
    pipe: Pipe, with_budget: Told
) -> None:
    story = with_budget("budget: 0.0391")
    told = pipe("run", story, "--sandbox")
    assert told.code == 5
    assert "this run would pass the cap of $0.0391 (" in told.err
    assert "short.yaml:2): $0.0000 spent, $0.0000 reserved for takes in flight, $0.0392 asked" in told.err
    assert "raise the cap (" in told.err
    assert pipe("run", story, "--sandbox", "--max-cost", "10").code == 5, "an option does not raise it"
    assert "short.yaml:2): $0.0000 spent, $0.0392 to buy: $0.0001 too much" in pipe("plan", story, "--sandbox").out


def test_the_smaller_of_story_and_option_holds(pipe: Pipe, with_budget: Told) -> None:
    story = with_budget("budget: 0.0392")
    told = pipe("run", story, "--sandbox", "--max-cost", "0.0391", "--max-cost", "5")
    assert told.code == 5
    assert "the cap of $0.0391 (--max-cost)" in told.err
    assert pipe("run", story, "--sandbox", "--max-cost", "0.0392").code == 0


def test_a_budget_that_is_changed_makes_nothing_anew_and_holds_over_all_runs(
    pipe: Pipe, with_budget: Told
) -> None:
    assert pipe("run", with_budget("budget: 0.04"), "--sandbox").code == 0
    for line in ("", "budget: 7", "budget: {credits: 3}", "budget: 0"):
        assert "Nothing to do" in pipe("plan", with_budget(line), "--sandbox").out
        assert pipe("run", with_budget(line), "--sandbox").code == 0
    story = with_budget("budget: 0.04")
    story.write_text(story.read_text().replace("The foam runs back", "The foam runs far back"))
    told = pipe("run", story, "--sandbox")
    assert told.code == 5
    assert "$0.0392 spent" in told.err
    assert "$0.0196 asked" in told.err
    assert pipe("run", with_budget("budget: 0.0588"), "--sandbox").code == 0


def test_credits_have_a_cap_of_their_own(pipe: Pipe, tmp_path: Path) -> None:
    story = tmp_path / "credited.yaml"
    story.write_text(CREDITED)
    dear = pipe("run", story, "--sandbox", "--max-cost", "31 credits")
    assert dear.code == 5
    assert "the cap of 31 rivya credits (--max-cost)" in dear.err
    assert "32 rivya credits asked" in dear.err
    plan = pipe("plan", story, "--sandbox").out
    assert (
        "credited.yaml:3): 0 rivya credits spent, 32 rivya credits to buy: 8 rivya credits would be left" in plan
    )
    assert pipe("run", story, "--sandbox").code == 0, "a budget of credits needs no --allow-unknown-cost"
    status = pipe("status", story, "--sandbox")
    assert "credited.yaml:3): 32 rivya credits spent: 8 rivya credits left." in status.out
    assert "in all  32 rivya credits expected  32 rivya credits charged\n" in status.out
    in_dollars = CREDITED.replace("{usd: 1, credits: 40}", "1")
    story.write_text(in_dollars.replace("cries", "calls"))
    told = pipe("run", story, "--sandbox")
    assert told.code == 5
    assert '--max-cost "16 credits"' in told.err
    assert pipe("run", story, "--sandbox", "--max-cost", "48 credits").code == 0
    assert pipe("run", story, "--sandbox", "--allow-unknown-cost").code == 0


def test_plan_and_status_give_the_budget_and_the_accounts_as_data(pipe: Pipe, with_budget: Told) -> None:
    story = with_budget("budget: {usd: 2.50, credits: 200}")
    before = pipe("plan", story, "--sandbox", "--json").json["budget"]
    assert [(one["currency"], one["cap"], one["left"]) for one in before] == [
        ("USD", "2.5", "2.5"),
        ("rivya credits", "200", "200"),
    ]
    assert all(one["by"].endswith("short.yaml:2") for one in before)
    assert pipe("run", story, "--sandbox").code == 0
    status = pipe("status", story, "--sandbox", "--json").json
    assert status["budget"][0]["left"] == "2.4608"
    assert status["accounts"]["all"] == [
        {"currency": "USD", "expected": "0.0392", "charged": "0.0392", "difference": "0.0000", "unforeseen": 0}
    ]
    assert [one["shot"] for one in status["accounts"]["shots"]] == ["wave", "foam"]
    assert status["takes"][0]["submission"]["expected"] == {"amount": "0.0196", "currency": "USD"}
