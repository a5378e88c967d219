"""What a small story file may come to: every budget ends the reading with one problem that says so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from seedance_pipe.spec import variable
from seedance_pipe.spec.problems import MOST
from tests.spec.asking import PRO, TWO, read, write

KEY = "sk-aaaaaaaaaaaaaaaaaa"
LOOPS = "{% for a in range(150) %}{% for b in range(100) %}{% if b %}{% endif %}{% endfor %}{% endfor %}x"


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variable, "MOST_STEPS", 50_000)


def told(folder: Path, head: str, shots: Iterable[str], *, model: str = PRO) -> list[str]:
    """The messages of a story of these shots."""
    items = "".join(f"  - {{{shot}}}\n" for shot in shots)
    reading = read(write(folder, f"version: 1\nmodel: {model}\n{head}shots:\n{items}"))
    assert reading.story is None
    return [one.message for one in reading.diagnostics]


def test_a_small_file_cannot_come_to_gigabytes_of_text(tmp_path: Path) -> None:
    shots = "".join(f"  - {{id: s{number}, prompt: '{{{{ big }}}}{number}'}}\n" for number in range(700))
    head = "version: 1\nmodel: modelark/seedance-1-0-pro\n"
    reading = read(write(tmp_path, f"{head}vars: {{big: '{'x' * 60_000}'}}\nshots:\n{shots}"))
    assert reading.story is None
    (problem,) = reading.diagnostics
    assert "come to more than 32 Mi characters" in problem.message
    assert problem.place.line == 4 + 559


def test_of_very_many_problems_a_hundred_are_told_the_same_each_time(tmp_path: Path) -> None:
    messages = told(tmp_path, "", (f"id: a{number}, prompt: x, length: 5" for number in range(500)))
    assert len(messages) == MOST + 1
    assert messages[-2:] == [
        "these are 100 problems; there may be more",
        "unknown key 'length' in shot 'a99'",
    ]


def test_names_that_nobody_declared_are_not_all_told(tmp_path: Path) -> None:
    holes = "".join(f"{{{{ w{number} }}}}" for number in range(5000))
    declared = "".join(f"  v{number}: 1\n" for number in range(2000))
    assert len(told(tmp_path, f"vars:\n{declared}", [f"id: a, prompt: '{holes}'"])) == MOST + 1


def test_of_a_file_full_of_keys_no_line_is_shown(tmp_path: Path) -> None:
    keys = "".join(f"  - {KEY}{number:06}\n" for number in range(MOST + 1))
    reading = read(write(tmp_path, f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: x}}]\nx-keys:\n{keys}"))
    assert len(reading.diagnostics) == MOST + 1
    assert list(reading.lines.values()) == [()]


def test_of_many_keys_in_one_text_the_first_is_told_and_all_are_blotted_out(tmp_path: Path) -> None:
    text = f"version: 1\nx-keys: {KEY}000001 {KEY}000002\nmodel: {PRO}\nshots: [{{id: a, prompt: x}}]\n"
    reading = read(write(tmp_path, text))
    (problem,) = reading.diagnostics
    assert problem.place.column == 9
    assert KEY not in "".join(reading.lines["story.yaml"])


def test_an_alias_to_a_wrong_template_is_told_once(tmp_path: Path) -> None:
    shots = ["id: a, prompt: &text '{{ a + }}'", *(f"id: b{number}, prompt: *text" for number in range(300))]
    assert len(told(tmp_path, "", shots)) == 1


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize(
    "head",
    [
        f"defaults: {{prompt: '{LOOPS}'}}\n",
        f"vars: {{long: '{LOOPS}'}}\ndefaults: {{prompt: '{{{{ long }}}}', vars: {{}}}}\n",
    ],
)
def test_templates_of_all_shots_together_have_a_budget_of_steps(tmp_path: Path, head: str) -> None:
    messages = told(tmp_path, head, (f"id: a{number}, vars: {{own: 1}}" for number in range(60)))
    assert messages == ["the templates of all shots together take more than 50000 steps"]


@pytest.mark.usefixtures("few_steps")
def test_tables_of_variables_have_a_budget_too(tmp_path: Path) -> None:
    names = "".join(f"  v{number}: 1\n" for number in range(10_000))
    shots = (f"id: a{number}, prompt: x, vars: {{own: 1}}" for number in range(60))
    messages = told(tmp_path, f"vars:\n{names}", shots)
    assert messages == ["the templates of all shots together take more than 50000 steps"]


@pytest.mark.usefixtures("few_steps")
def test_templates_that_take_long_to_read_have_a_budget_too(tmp_path: Path) -> None:
    shots = (f"id: a{number}, prompt: '{'{{ 1 + 1 }}' * 700} {number}'" for number in range(10))
    messages = told(tmp_path, "", shots)
    assert messages == ["the templates of all shots together take more than 50000 steps"]


def test_long_defaults_are_not_held_by_very_many_shots(tmp_path: Path) -> None:
    messages = told(
        tmp_path,
        f"defaults: {{params: {{safety_identifier: '{'x' * 60_000}'}}}}\n",
        (f"id: a{number}, prompt: x" for number in range(600)),
    )
    assert messages == ["the defaults are too long for 600 shots; give long values to the shots that need them"]


def test_a_story_has_a_greatest_number_of_shots_and_of_references(tmp_path: Path) -> None:
    many = (f"id: a{number}" for number in range(20_001))
    assert told(tmp_path, "", many) == ["shots in the story is too long, 20001 items; there may be at most 20000"]
    references = ", ".join(["{image: 'https://example.org/a.png'}"] * 101)
    assert told(tmp_path, "", [f"id: a, references: [{references}]"], model=TWO) == [
        "references in shot 'a' is too long, 101 items; there may be at most 100"
    ]


def test_a_long_circle_is_told_with_its_beginning(tmp_path: Path) -> None:
    (message,) = told(
        tmp_path, "", (f"id: a{number}, prompt: x, continues: a{(number + 1) % 30}" for number in range(30))
    )
    assert message.endswith("a18 -> a19 -> ... -> a0")


def test_of_variables_that_use_each_other_a_hundred_circles_are_looked_at(tmp_path: Path) -> None:
    names = "".join(
        f"  v{number}: '{''.join(f'{{{{ v{other} }}}}' for other in range(number + 1))}'\n"
        for number in range(150)
    )
    assert len(told(tmp_path, f"vars:\n{names}", ["id: a, prompt: '{{ v7 }}'"])) == MOST + 1
