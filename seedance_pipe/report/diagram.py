"""The graph of a story drawn as a tree of text, as Mermaid or as DOT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.make import Plan
from seedance_pipe.report.seams import seam_marks
from seedance_pipe.report.words import verdict_word

_MERMAID_STYLE = {
    "fresh": "fill:#d9ead3",
    "make": "fill:#fce5cd",
    "fetch": "fill:#cfe2f3",
    "in doubt": "fill:#f4cccc",
}


def tree(plan: Plan) -> str:
    """The film at the root, and under each step what it needs; what was drawn before is named only."""
    steps = {planned.step.key: planned for planned in plan.steps}
    marks = _marks(plan)
    drawn: set[StepKey] = set()
    lines = []
    branches = [(plan.steps[-1].step.key, "", "")] if plan.steps else []
    while branches:
        key, lead, stem = branches.pop()
        needs = list(dict.fromkeys(need.step for need in steps[key].step.needs))
        again = key in drawn and bool(needs)
        mark = f"  ({marks[key]})" if key in marks else ""
        lines.append(f"{lead}{key}  {verdict_word(steps[key])}{mark}{'  (above)' if again else ''}")
        if again:
            continue
        drawn.add(key)
        branches += [
            (need, f"{stem}{'├─ ' if index else '└─ '}", f"{stem}{'│  ' if index else '   '}")
            for index, need in enumerate(reversed(needs))
        ]
    return "".join(f"{line}\n" for line in lines)


def mermaid(plan: Plan) -> str:
    names = {planned.step.key: f"s{index}" for index, planned in enumerate(plan.steps)}
    marks = _marks(plan)
    lines = ["flowchart LR"]
    for planned in plan.steps:
        word = verdict_word(planned)
        mark = f"<br/>{marks[planned.step.key]}" if planned.step.key in marks else ""
        lines.append(f'  {names[planned.step.key]}["{planned.step.key}<br/>{word}{mark}"]')
        if word in _MERMAID_STYLE:
            lines.append(f"  style {names[planned.step.key]} {_MERMAID_STYLE[word]}")
    lines += [f"  {names[source]} --> {names[target]}" for source, target in _edges(plan)]
    return "\n".join(lines) + "\n"


def dot(plan: Plan) -> str:
    lines = ["digraph story {", "  rankdir=LR;", "  node [shape=box];"]
    marks = _marks(plan)
    for planned in plan.steps:
        key = planned.step.key
        mark = f"\\n{marks[key]}" if key in marks else ""
        lines.append(f'  "{key}" [label="{key}\\n{verdict_word(planned)}{mark}"];')
    lines += [f'  "{source}" -> "{target}";' for source, target in _edges(plan)]
    return "\n".join([*lines, "}"]) + "\n"


DRAWINGS: Mapping[str, Callable[[Plan], str]] = {"tree": tree, "mermaid": mermaid, "dot": dot}


def _marks(plan: Plan) -> Mapping[StepKey, str]:
    """What is to be said of a take that keeps the picture with which it begins."""
    shots = seam_marks(plan.story)
    takes = (one.step for one in plan.steps if shots and one.step.kind is StepKind.TAKE)
    return {step.key: shots[step.shot.id] for step in takes if step.shot is not None and step.shot.id in shots}


def _edges(plan: Plan) -> Iterator[tuple[StepKey, StepKey]]:
    for planned in plan.steps:
        for source in dict.fromkeys(need.step for need in planned.step.needs):
            yield source, planned.step.key
