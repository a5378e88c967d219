"""Diagnostics as machines on the way of a change read them: GitHub's workflow commands, and SARIF 2.1.0.

Sources, seen 2026-11-21: docs.github.com, "Workflow commands for GitHub Actions" and "SARIF support for code
scanning"; the escapes of a command are those of github.com/actions/toolkit, packages/core/src/command.ts.
Fingerprints, which code scanning wants too, are made from the files by GitHub's own `upload-sarif`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seedance_pipe.spec.diagnostic import Diagnostic, Severity, visible

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HELP = "See the part `The story` of the README, and `seedance-pipe models MODEL` for what a model takes."


@dataclass(frozen=True, slots=True)
class _Rule:
    """What all diagnostics of one severity have in common; `id` stays the same in every version."""

    id: str
    title: str
    about: str


_RULES = {
    Severity.ERROR: _Rule("story-error", "Invalid story", "The story cannot be made as it stands."),
    Severity.WARNING: _Rule(
        "story-warning", "Doubtful story", "The story can be made, but something in it is amiss."
    ),
}


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where paths are read and written: `here` is the folder that relative ones start from, `root` that of the
    repository; both are absolute.
    """

    here: Path
    root: Path

    def named(self, file: str) -> str:
        """`file` as a path from the root if it lies there, else as an absolute one."""
        # Links stay as they are written, for that is how git knows the files.
        path = Path(os.path.normpath(self.here / file))
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()


def workflow_commands(diagnostics: Iterable[Diagnostic], checkout: Checkout) -> str:
    """A line for each diagnostic that GitHub Actions shows at its place; empty when there is none.

    `endColumn` is the first column after the place, as other tools have it.
    """
    return "".join(_command(one, checkout) for one in diagnostics)


def _command(diagnostic: Diagnostic, checkout: Checkout) -> str:
    place = diagnostic.place
    said = {
        "file": _shown(checkout.named(place.file)),
        "line": place.line,
        "col": place.column,
        "endColumn": place.column + place.width,
        "title": _RULES[diagnostic.severity].title,
    }
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in said.items())
    # A line break in the message would end the command, and what follows would be read as the next one.
    return f"::{diagnostic.severity.value} {properties}::{_data(visible(diagnostic.message))}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _shown(file: str) -> str:
    """A file's name as text: one that is not UTF-8 has its odd bytes replaced."""
    return os.fsencode(file).decode("utf-8", errors="replace")


def sarif(diagnostics: Iterable[Diagnostic], checkout: Checkout, version: str) -> dict[str, Any]:
    """A SARIF log of one run of this program in that `version`, as a JSON value.

    A file of the repository is named by a relative URI, one outside by an absolute one.
    """
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "seedance-pipe",
                        "version": version,
                        "semanticVersion": version,
                        "rules": [_rule(severity) for severity in _RULES],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, checkout) for one in diagnostics],
            }
        ],
    }


def _rule(severity: Severity) -> dict[str, Any]:
    rule = _RULES[severity]
    return {
        "id": rule.id,
        "name": rule.title.title().replace(" ", ""),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.about},
        "help": {"text": _HELP, "markdown": _HELP},
        "defaultConfiguration": {"level": severity.value},
        "properties": {"tags": ["story"], "precision": "very-high", "problem.severity": severity.value},
    }


def _result(diagnostic: Diagnostic, checkout: Checkout) -> dict[str, Any]:
    place = diagnostic.place
    file = checkout.named(place.file)
    uri = quote(os.fsencode(file))
    where = {"uri": f"file://{uri}"} if Path(file).is_absolute() else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column + place.width,
    }
    return {
        "ruleId": _RULES[diagnostic.severity].id,
        "ruleIndex": list(_RULES).index(diagnostic.severity),
        "level": diagnostic.severity.value,
        "message": {"text": visible(diagnostic.message)},
        "locations": [{"physicalLocation": {"artifactLocation": where, "region": region}}],
    }
