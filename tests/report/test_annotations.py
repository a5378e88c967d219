"""Annotations: the same diagnostics as workflow commands and as SARIF, whatever stands in names and messages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from seedance_pipe.report.annotations import Checkout, sarif, workflow_commands
from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity, visible

HERE = Checkout(Path("/films"), Path("/films"))
ERROR = Diagnostic(Place("sea/surf.yaml", 6, 5, 9), Severity.ERROR, "unknown key 'durration'")
WARNING = Diagnostic(Place("sea/surf.yaml", 2, 8), Severity.WARNING, "100% retired, sadly: since 2026")

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
NUMBER = {"type": "integer", "minimum": 1}
GITHUB: dict[str, Any] = {
    # What GitHub's code scanning reads, and what it demands: docs.github.com, "SARIF support for code scanning",
    # the tables of "Supported SARIF output file properties", seen 2026-11-21. Every object here is closed, so that
    # nothing is written that neither the page nor (for `columnKind`) the standard names. The log of
    # `test_a_sarif_log_…` was also held against the standard by Microsoft's SARIF Multitool 5.7.0 on that day.
    "type": "object",
    "additionalProperties": False,
    "required": ["$schema", "version", "runs"],
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-2[.]1[.]0"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tool", "results"],
            "properties": {
                "tool": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["driver"],
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "rules"],
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "semanticVersion": {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+"},
                "rules": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/rule"}},
            },
        },
        "rule": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "shortDescription", "fullDescription", "help"],
            "properties": {
                "id": {"type": "string"},
                "name": {"type": "string", "maxLength": 255},
                "shortDescription": {**TEXT},
                "fullDescription": {**TEXT},
                "help": {**TEXT},
                "defaultConfiguration": {"properties": {"level": {"enum": ["note", "warning", "error"]}}},
                "properties": {
                    "additionalProperties": False,
                    "properties": {
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "precision": {"enum": ["very-high", "high", "medium", "low"]},
                        "problem.severity": {"enum": ["error", "warning", "recommendation"]},
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "additionalProperties": False,
            "required": ["message", "locations"],
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["note", "warning", "error"]},
                "message": TEXT,
                "locations": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/location"}},
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "required": ["physicalLocation"],
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["artifactLocation", "region"],
                    "properties": {
                        "artifactLocation": {
                            "additionalProperties": False,
                            "required": ["uri"],
                            "properties": {
                                "uri": {"type": "string", "pattern": "^[A-Za-z0-9._~/:%-]+$"},
                                "uriBaseId": {"const": "%SRCROOT%"},
                            },
                        },
                        "region": {
                            "additionalProperties": False,
                            "required": ["startLine", "startColumn", "endLine", "endColumn"],
                            "properties": dict.fromkeys(
                                ("startLine", "startColumn", "endLine", "endColumn"), NUMBER
                            ),
                        },
                    },
                }
            },
        },
    },
}


def log(*diagnostics: Diagnostic, checkout: Checkout = HERE) -> Any:
    """The SARIF log as it comes out of a file, held against what GitHub documents."""
    found = json.loads(json.dumps(sarif(diagnostics, checkout, "0.1.0")))
    Draft202012Validator(GITHUB).validate(found)
    return found


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """One workflow command as GitHub's runner reads it (github.com/actions/runner, ActionCommand.TryParseV2)."""
    match = re.fullmatch(r"::(\w+) ([^\n]*?)::([^\n\r]*)", line)
    assert match, line
    pairs = [pair.partition("=") for pair in match[2].split(",")]
    properties = {name: value for name, _, value in pairs}
    return match[1], {name: _unescaped(value) for name, value in properties.items()}, _unescaped(match[3])


def _unescaped(text: str) -> str:
    escapes = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
    return re.sub("%(0D|0A|3A|2C|25)", lambda found: escapes[found[0]], text)


def test_a_command_names_file_line_columns_title_and_message() -> None:
    assert workflow_commands([ERROR, WARNING], HERE) == (
        "::error file=sea/surf.yaml,line=6,col=5,endColumn=14,title=Invalid story::unknown key 'durration'\n"
        "::warning file=sea/surf.yaml,line=2,col=8,endColumn=9,title=Doubtful story::"
        "100%25 retired, sadly: since 2026\n"
    )
    assert workflow_commands([], HERE) == ""


@given(file=st.text(min_size=1).filter(lambda name: "\0" not in name), message=st.text(min_size=1))
def test_whatever_stands_in_a_name_or_a_message_stays_one_command(file: str, message: str) -> None:
    one = Diagnostic(Place(f"a/{file}.yaml", 1, 1), Severity.ERROR, message)
    told = workflow_commands([one], Checkout(Path("/"), Path("/"))).removesuffix("\n")
    assert "\n" not in told
    assert "\r" not in told
    _, properties, said = read_command(told)
    assert set(properties) == {"file", "line", "col", "endColumn", "title"}
    assert properties["file"].endswith(".yaml")
    assert said == visible(message)
    (result,) = log(one)["runs"][0]["results"]
    assert result["message"]["text"] == said


def test_a_name_that_looks_like_a_command_is_read_back_letter_by_letter() -> None:
    name = "a,line=1::b%0A\n::stop-commands::x.yaml"
    told = workflow_commands([Diagnostic(Place(name, 1, 1), Severity.ERROR, "x\n::error::y")], HERE)
    kind, properties, said = read_command(told.removesuffix("\n"))
    assert (kind, properties["file"], said) == ("error", name, "x\\n::error::y")


@pytest.mark.parametrize(
    ("file", "here", "root", "command", "uri"),
    [
        ("surf.yaml", "/repo", "/repo", "surf.yaml", "surf.yaml"),
        ("./sea/../surf.yaml", "/repo", "/repo", "surf.yaml", "surf.yaml"),
        ("surf.yaml", "/repo/films", "/repo", "films/surf.yaml", "films/surf.yaml"),
        ("../surf.yaml", "/repo/films", "/repo", "surf.yaml", "surf.yaml"),
        ("/repo/a b#ä.yaml", "/", "/repo", "a b#ä.yaml", "a%20b%23%C3%A4.yaml"),
        ("../surf.yaml", "/repo", "/repo", "/surf.yaml", "file:///surf.yaml"),
        ("\udcff.yaml", "/repo", "/repo", "\ufffd.yaml", "%FF.yaml"),
    ],
)
def test_files_are_named_from_the_root_of_the_repository(
    file: str, here: str, root: str, command: str, uri: str
) -> None:
    checkout = Checkout(Path(here), Path(root))
    one = Diagnostic(Place(file, 1, 1), Severity.ERROR, "wrong")
    assert read_command(workflow_commands([one], checkout).rstrip("\n"))[1]["file"] == command
    where = log(one, checkout=checkout)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == uri
    assert ("uriBaseId" in where["artifactLocation"]) is not uri.startswith("file:")


def test_a_sarif_log_has_the_rule_the_level_and_the_place_of_each_problem() -> None:
    (run,) = log(ERROR, WARNING)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["version"] == "0.1.0"
    for result, level in zip(run["results"], ("error", "warning"), strict=True):
        assert result["level"] == level
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == f"story-{level}"
        assert rules[result["ruleIndex"]]["defaultConfiguration"]["level"] == level
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 6, "startColumn": 5, "endLine": 6, "endColumn": 14}
    assert uri_of(run["results"][0]) == "sea/surf.yaml"


def uri_of(result: Any) -> str:
    return unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_a_log_without_problems_is_a_log() -> None:
    assert log()["runs"][0]["results"] == []
