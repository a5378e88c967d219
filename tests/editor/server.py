"""A YAML language server, asked as an editor asks it: over its standard streams, in its own protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("yaml-language-server")
_PATIENCE_SECONDS = 60.0
_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}


class Server:
    """One server process; `close` ends it. Lines and characters count from 0, as in the protocol."""

    def __init__(self, program: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        # A server that says nothing more must not hold up the tests.
        self._patience = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        self._patience.start()
        self._last = 0
        self._told: dict[str, list[Any]] = {}
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "capabilities": {"textDocument": {"hover": {"contentFormat": ["markdown"]}}},
            },
        )
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": {"yaml": _SETTINGS}}})

    def problems(self, path: Path) -> list[Any]:
        """Opens the file; what the server publishes of it."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": path.read_text(encoding="utf-8")}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while uri not in self._told:
            self._heard()
        return self._told.pop(uri)

    def hover(self, path: Path, line: int, character: int) -> str:
        told = self._ask("textDocument/hover", _at(path, line, character))
        return str(told["contents"]["value"]) if told else ""

    def completions(self, path: Path, line: int, character: int) -> set[str]:
        told = self._ask("textDocument/completion", _at(path, line, character))
        return {item["label"] for item in told["items"]}

    def close(self) -> None:
        self._patience.cancel()
        self._process.kill()
        self._process.communicate()

    def _ask(self, method: str, params: Any) -> Any:
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._heard()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        """The next message; a question of the server is answered at once, a publication kept."""
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while header := stream.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has gone"
        message: dict[str, Any] = json.loads(stream.read(length))
        if "method" in message and "id" in message:
            asked = message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
            self._send({"id": message["id"], "result": [_setting(item["section"]) for item in asked]})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._told[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message


def _setting(section: str) -> Any:
    return _SETTINGS if section == "yaml" else {}


def _at(path: Path, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}
