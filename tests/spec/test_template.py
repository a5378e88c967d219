"""Templates: what they make, what they ask for, and that none of them can do harm."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, nodes
from jinja2.sandbox import SandboxedEnvironment

from seedance_pipe.spec import names
from seedance_pipe.spec.output import LONGEST, Value
from seedance_pipe.spec.template import Template, TemplateProblem

EXAMPLES = Path(__file__).parent / "templates"
HOSTILE = sorted((EXAMPLES / "hostile").glob("*.jinja"))
HARMLESS = sorted((EXAMPLES / "harmless").glob("*.jinja"))
VALUES: Mapping[str, Any] = json.loads((EXAMPLES / "values.json").read_text(encoding="utf-8"))
PROBLEMS: list[dict[str, str]] = json.loads((EXAMPLES / "problems.json").read_text(encoding="utf-8"))
# A bomb that nothing stops would take minutes; what is measured here is only that something stops it.
IN_TIME = 10


def text_of(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def stem(path: Path) -> str:
    return path.stem


def problem_of(text: str, values: Mapping[str, Value] | None = None) -> TemplateProblem:
    with pytest.raises(TemplateProblem) as caught:
        Template.parse(text).render(VALUES if values is None else values)
    assert 0 <= caught.value.index <= len(text)
    return caught.value


def made_by_jinja(text: str) -> str:
    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(text).render(VALUES)


def test_there_are_enough_examples() -> None:
    assert len(HOSTILE) >= 80
    assert len(HARMLESS) >= 12


@pytest.mark.parametrize("path", HOSTILE, ids=stem)
def test_a_hostile_template_is_refused_or_bounded_at_once(path: Path) -> None:
    text = text_of(path)
    before = time.process_time()
    try:
        made = Template.parse(text).render({"a": "x", **VALUES})
    except TemplateProblem as problem:
        assert 0 <= problem.index <= len(text)
        assert len(problem.message) < 70_000
    else:
        assert not path.stem.startswith("escape-")
        assert len(made.encode()) <= LONGEST
    assert time.process_time() - before < IN_TIME


BOUNDED = """
import resource, sys
from pathlib import Path
from seedance_pipe.spec import jinja, names, rendering
from seedance_pipe.spec.template import Template, TemplateProblem
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (512 * 2**20, 512 * 2**20))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
for path in sorted(Path(sys.argv[1]).glob("*.jinja")):
    try:
        Template.parse(path.read_text(encoding="utf-8")).render({"a": "x"})
    except TemplateProblem:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_all_hostile_templates_together_need_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(EXAMPLES / "hostile")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100, "more than 100 MB on top of what the program takes"


@pytest.mark.parametrize("path", HARMLESS, ids=stem)
def test_a_harmless_template_makes_what_jinja_makes(path: Path) -> None:
    text = text_of(path)
    assert Template.parse(text).render(VALUES) == made_by_jinja(text)


expressions = st.recursive(
    st.sampled_from(["1", "2.5", "'ab'", "''", "n", "keeper", "colours", "true", "hero", "nobody", "ratio", "-3"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from("+-*/%~<>"), parts).map(
            lambda found: f"({found[0]} {found[1]} {found[2]})"
        ),
        st.tuples(parts, st.sampled_from(["//", "==", "!=", "in", "not in", "and", "or"]), parts).map(" ".join),
        st.tuples(
            parts,
            st.sampled_from(
                ["upper", "title", "length", "first", "last", "sort", "int", "abs", "default('d')", "join"]
            ),
        ).map("|".join),
        st.tuples(parts, st.sampled_from(["defined", "number", "string", "none"])).map(" is ".join),
        st.tuples(parts, parts, parts).map(lambda found: f"({found[0]} if {found[1]} else {found[2]})"),
        parts.map(lambda found: f"(not {found})"),
        parts.map(lambda found: f"[{found}]"),
        parts.map(lambda found: f"{found}[0]"),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(
    expressions,
    st.sampled_from(["a {{ %s }} b", "{%% if %s %%}x{%% endif %%}", "{%% for i in %s %%}{{ i }}{%% endfor %%}"]),
)
@example("('ab' % ''|first) is defined", "a {{ %s }} b")
def test_what_is_made_is_what_jinja_makes(expression: str, frame: str) -> None:
    text = frame % expression
    try:
        made = Template.parse(text).render(VALUES)
    except TemplateProblem:
        return
    # The one wider rule: what an expression lacks deep inside may be filled by `default` too.
    asks = "default" in expression or "defined" in expression
    try:
        expected = made_by_jinja(text)
    except Exception:
        assert asks
        return
    # In Jinja '%' writes values into a text, and there what is missing is not missed.
    assert made == expected or (asks and "%" in expression)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%#-+ \nabif|'\"\\().[]:,=~*/<>!0123456789end", max_size=80))
def test_any_signs_are_a_template_or_a_problem_with_a_place(text: str) -> None:
    try:
        Template.parse(text).render(VALUES)
    except TemplateProblem as problem:
        assert 0 <= problem.index <= len(text)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{"), max_size=50))
def test_a_text_without_braces_is_itself(text: str) -> None:
    template = Template.parse(text)
    assert template.render({}) == text
    assert (template.free, template.required) == ({}, frozenset())


@pytest.mark.parametrize(
    ("text", "free", "required"),
    [
        ("{{ a }} {{ b }} {{ a }}", {"a": 3, "b": 11}, {"a", "b"}),
        ("{{ b|upper }}{{ a }}", {"b": 3, "a": 16}, {"a", "b"}),
        ("{{ a|default('x') }}", {"a": 3}, set()),
        ("{{ a.b.c|d }}{{ a['x'] is defined }}", {"a": 3}, set()),
        ("{{ a|default(b) }}", {"a": 3, "b": 13}, {"b"}),
        ("{{ a|default('x') }}{{ a }}", {"a": 23}, {"a"}),
        ("{% if a is defined %}{{ a }}{% endif %}", {"a": 6}, set()),
        ("{% if a is not defined %}{{ a }}{% else %}{{ a }}{% endif %}", {"a": 28}, {"a"}),
        ("{% if a is undefined %}x{% elif b %}{{ a }}{% endif %}", {"a": 6, "b": 32}, {"b"}),
        ("{% if 0 %}{% elif a is defined %}{{ a }}{% endif %}", {"a": 18}, set()),
        ("{% if a is defined and b %}{{ a }}{% endif %}", {"a": 6, "b": 23}, {"b"}),
        ("{% if a is defined or b %}{{ a }}{% endif %}", {"a": 29, "b": 22}, {"a", "b"}),
        ("{{ a is defined and a > 1 }}", {"a": 3}, set()),
        ("{{ a is undefined or a > 1 }}", {"a": 3}, set()),
        ("{{ not (a is defined) and a }}", {"a": 26}, {"a"}),
        ("{{ a if a is defined else b }}", {"a": 3, "b": 26}, {"b"}),
        ("{{ b if a is undefined else a }}", {"b": 3, "a": 8}, {"b"}),
        ("{{ a if b }}", {"b": 8, "a": 3}, {"a", "b"}),
        ("{% set a = b %}{{ a }}", {"b": 11}, {"b"}),
        ("{% set a = a %}{{ a }}", {"a": 11}, {"a"}),
        ("{% set a, b = [1, 2] %}{{ a }}{{ b }}", {}, set()),
        ("{% if c is defined %}{% set a = 1 %}{% else %}{% set a = 2 %}{% endif %}{{ a }}", {"c": 6}, set()),
        ("{% if 1 %}{% set a = 1 %}{% endif %}{{ a }}", {"a": 39}, set()),
        (
            "{% for i in c if i %}{{ i }}{{ loop.index }}{% else %}{{ i }}{% endfor %}",
            {"c": 12, "i": 57},
            {"c", "i"},
        ),
        ("{% for i in [1] %}{% set a = 1 %}{% endfor %}{{ a }}", {"a": 48}, {"a"}),
        ("{{ 'a'|replace('a', b) }}{{ [c, {'d': e}] }}", {"b": 20, "c": 29, "e": 38}, {"b", "c", "e"}),
        ("{{ range(a) }}{{ b[c:d] }}{{ 1 is eq f }}", {"a": 9, "b": 17, "c": 19, "d": 21, "f": 37}, set("abcdf")),
        ("{{ 'x'|replace(old=a, new='') }}", {"a": 19}, {"a"}),
        ("{{ true }}{{ None }}", {}, set()),
    ],
)
def test_the_names_that_a_template_asks_for(text: str, free: dict[str, int], required: set[str]) -> None:
    template = Template.parse(text)
    assert dict(template.free) == free
    assert template.required == required
    assert all(text[index:].startswith(used) for used, index in template.free.items())


@pytest.mark.parametrize("case", PROBLEMS, ids=lambda case: case["template"])
def test_a_problem_points_at_the_word_that_causes_it(case: dict[str, str]) -> None:
    problem = problem_of(case["template"])
    assert problem.message == case["message"]
    assert case["template"][problem.index :].startswith(case["at"])


def test_a_problem_is_as_wide_as_its_word() -> None:
    assert problem_of("{{ keper }}").width == 5
    assert problem_of("{{ keper|upper }}").width == 5
    assert problem_of("{{ keeper|uper }}").width == 4


@pytest.mark.parametrize("text", ["{{ a }}", "{{ a|string }}", "b{{ a ~ '' }}"])
def test_a_text_that_grows_too_long_is_refused(text: str) -> None:
    assert Template.parse("{{ a }}").render({"a": "x" * LONGEST}) == "x" * LONGEST
    assert "65536 bytes" in problem_of(text, {"a": "x" * (LONGEST + 1)}).message


def test_text_behind_the_last_hole_counts_too() -> None:
    assert problem_of("{{ a }}" + "b" * 100, {"a": "x" * LONGEST}).index == 7


def test_a_null_in_a_plain_hole_is_refused_with_a_way_out() -> None:
    problem = problem_of("a {{ b }}", {"b": None})
    assert (problem.index, problem.width) == (5, 1)
    assert Template.parse("{{ b|default('c', true) }}").render({"b": None}) == "c"


def test_the_deepest_template_that_is_accepted_is_rendered() -> None:
    tags = "{% if 1 %}" * 20 + "x" + "{% endif %}" * 20
    assert Template.parse(tags).render({}) == "x"
    lists = "[" * 19 + "1" + "]" * 19
    assert Template.parse("{{ " + lists + "|length }}").render({}) == "1"
    assert Template.parse("{{ 1" + " + 1" * 60 + " }}").render({}) == "61"


@pytest.mark.parametrize(
    "text",
    [
        "{% include 'a' %}",
        "{% set a %}b{% endset %}",
        "{% macro a() %}{% endmacro %}",
        "{% block a %}{% endblock %}",
    ],
)
def test_the_whitelist_refuses_by_itself_what_the_tags_would_not_let_through(text: str) -> None:
    with pytest.raises(TemplateProblem):
        names.check(Environment(autoescape=True).parse(text), text)


def test_the_whitelist_refuses_a_part_that_no_template_can_write_today() -> None:
    part = nodes.Output([nodes.MarkSafe(nodes.Const("a", lineno=0), lineno=0)], lineno=0)
    with pytest.raises(TemplateProblem, match="not offered"):
        names.check(nodes.Template([part], lineno=0), "")


def test_one_template_serves_several_renderings() -> None:
    template = Template.parse("{% set a = a ~ '!' %}{{ a }}")
    assert [template.render({"a": 1}), template.render({"a": 2})] == ["1!", "2!"]


def test_a_story_without_jinja_never_imports_it() -> None:
    code = (
        "import sys; from seedance_pipe.spec.template import Template;"
        "Template.parse('{{ a }} b').render({'a': 1}); Template.parse('plain');"
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
