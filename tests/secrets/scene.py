"""Where the canary test plays: folders for all that a program can write to, and a search through all of them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from tests.secrets.search import traces, written

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Said:
    command: str
    code: int
    out: bytes
    err: bytes

    @property
    def all(self) -> bytes:
        return self.out + self.err


@dataclass
class Scene:
    """`place` holds all folders. `environ` is what a program sees beside them; `secrets` must be nowhere."""

    place: Path
    environ: dict[str, str]
    secrets: Mapping[str, str]
    heard: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("film", "home", "tmp"):
            (self.place / name).mkdir()

    @property
    def story(self) -> Path:
        return self.place / "film" / "story.yaml"

    def write(self, shots: list[dict[str, Any]], *, model: str, **defaults: Any) -> None:
        told = {"version": 1, "model": model, "defaults": defaults, "shots": shots}
        self.story.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")

    @property
    def _environ(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ}
        own = {"HOME": str(self.place / "home"), "TMPDIR": str(self.place / "tmp"), "PYTHONPATH": str(ROOT)}
        return {**passed, **own, **self.environ}

    def program(
        self, *arguments: object, python: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
    ) -> Said:
        """One process from its beginning to its end."""
        ran = subprocess.run(
            [sys.executable, *python, "-m", "tests.secrets.program", *map(str, arguments)],
            cwd=self.place / "film",
            env={**self._environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        said = Said(" ".join(map(str, arguments)), ran.returncode, ran.stdout, ran.stderr)
        self.heard.append(said)
        return said

    def killed(self, *arguments: object, at: bytes) -> None:
        """A process that gets no time for anything as soon as it has said `at`."""
        command = [sys.executable, "-m", "tests.secrets.program", *map(str, arguments)]
        folder, streams = self.place / "film", {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        said = b""
        with subprocess.Popen(command, cwd=folder, env=self._environ, **streams) as program:  # type: ignore[call-overload]
            for line in program.stderr:
                said += line
                if at in line:
                    program.kill()
        assert program.returncode < 0, said
        self.heard.append(Said("killed", program.returncode, b"", said))

    def on_a_terminal(self, *arguments: object, columns: int = 40) -> Said:
        """The same before a narrow terminal, which draws tables and breaks lines."""
        ours, theirs = pty.openpty()
        os.set_inheritable(theirs, True)
        environ = {**self._environ, "COLUMNS": str(columns), "LINES": "60", "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "tests.secrets.program", *map(str, arguments)]
        drawn: list[bytes] = []

        def watch() -> None:
            try:
                while piece := os.read(ours, 65536):
                    drawn.append(piece)
            except OSError:
                return

        program = subprocess.Popen(
            command, cwd=self.place / "film", env=environ, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        watching = Thread(target=watch)
        watching.start()
        code = program.wait(timeout=120)
        watching.join()
        os.close(ours)
        said = Said("on a terminal: " + " ".join(map(str, arguments)), code, b"".join(drawn), b"")
        self.heard.append(said)
        return said

    def leaks(self) -> dict[str, set[str]]:
        """Where secrets are, and in what form: in anything that was said, or in any file or name of one."""
        told = [(said.command, said.all) for said in self.heard]
        found = {}
        for where, data in (*told, *written(self.place)):
            for name, secret in self.secrets.items():
                hits = traces(secret, data)
                if hits:
                    found[f"{name} in {where}"] = hits
        return found
