"""The demo's editor: one open document at a time, ghost text asked for at every key, as an editor does."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from hybrid_lsp.demo.buffer import Buffer
from hybrid_lsp.demo.client import Client
from hybrid_lsp.demo.languages import language_of
from hybrid_lsp.demo.project import Passage
from hybrid_lsp.demo.typist import Ghost

START_S = 20.0
"""How long the server may take to start; a first start on a slow disk compiles every module."""
ANSWER_S = 5.0
LEARN_S = 5.0
"""How long the first key may wait for the server to have read the files; it types on without, as an editor would."""

_AUTOMATIC = 2
_STATUS_COMMAND = "hybrid-lsp.status"
_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {"synchronization": {"didSave": True}, "inlineCompletion": {"dynamicRegistration": False}},
    "workspace": {"workspaceFolders": True, "configuration": True},
}


class Session:
    """One editor window on one project. It shows ghost text but never decides: the typist does."""

    def __init__(self, client: Client, root: Path) -> None:
        self._client = client
        self._root = root
        self._tells_status = False
        self.buffer = Buffer(Passage(path="", above="", text=""))

    def start(self) -> None:
        """Introduce the editor to the server. Raises NoAnswer."""
        folder = {"uri": self._root.as_uri(), "name": self._root.name}
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "hybrid-lsp demo"},
            "rootUri": folder["uri"],
            "workspaceFolders": [folder],
            "capabilities": _CAPABILITIES,
        }
        about = self._client.request("initialize", params, timeout_s=START_S).result or {}
        self._client.notify("initialized", {})
        commands = about.get("capabilities", {}).get("executeCommandProvider", {}).get("commands", [])
        self._tells_status = _STATUS_COMMAND in commands

    def open(self, passage: Passage) -> None:
        """Show the document of this passage, with the cursor where the passage goes.

        Gives the server some seconds to read the files around it. Raises NoAnswer.
        """
        self.buffer = Buffer(passage)
        document = {
            "uri": self._uri,
            "languageId": language_of(passage.path),
            "version": self.buffer.version,
            "text": self.buffer.text,
        }
        self._client.notify("textDocument/didOpen", {"textDocument": document})
        if self._tells_status:
            self._wait_until_learned()

    def insert(self, text: str) -> None:
        """Put the text at the cursor and tell the server."""
        self._change(self.buffer.insert(text))

    def ask(self) -> tuple[Ghost | None, float]:
        """Return the ghost text for the cursor, and the milliseconds it took. Raises NoAnswer."""
        params = {
            "textDocument": {"uri": self._uri},
            "position": self.buffer.position,
            "context": {"triggerKind": _AUTOMATIC},
        }
        answer = self._client.request("textDocument/inlineCompletion", params, timeout_s=ANSWER_S)
        return ghost_of(answer.result, self.buffer), answer.ms

    def accept(self, ghost: Ghost) -> None:
        """Put the ghost text into the document and run its command, as editors do. Raises NoAnswer."""
        self._change(self.buffer.insert(ghost.text, ghost.replaces))
        if ghost.command is not None:
            self._execute(ghost.command.get("command"), ghost.command.get("arguments"))

    def _wait_until_learned(self) -> None:
        until = perf_counter() + LEARN_S
        while perf_counter() < until:
            status = self._execute(_STATUS_COMMAND, [])
            if not any(folder.get("indexing") for folder in (status or {}).get("folders", [])):
                return
            sleep(0.02)

    def _execute(self, command: object, arguments: object) -> Any:
        params = {"command": command, "arguments": arguments}
        return self._client.request("workspace/executeCommand", params, timeout_s=ANSWER_S).result

    @property
    def _uri(self) -> str:
        return (self._root / self.buffer.path).as_uri()

    def _change(self, change: Mapping[str, object]) -> None:
        document = {"uri": self._uri, "version": self.buffer.version}
        self._client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


def ghost_of(result: Any, buffer: Buffer) -> Ghost | None:
    """Return the first item of an answer as this editor shows it; None when there is none that fits the cursor."""
    items = result.get("items") if isinstance(result, dict) else result
    if not items:
        return None
    text, span, command = (items[0].get(name) for name in ("insertText", "range", "command"))
    if not isinstance(text, str) or not text or "\n" in text or not span:
        return None
    start, end = span["start"], span["end"]
    if start != buffer.position or end["line"] != start["line"]:
        return None
    about = _about(command)
    return Ghost(
        text=text,
        replaces=buffer.column_at(end["character"]) - buffer.column,
        source=str(about.get("source", "")),
        origin=str(about.get("origin", "")),
        score=float(about.get("score", 0.0)),
        command=command,
    )


def _about(command: Any) -> Mapping[str, Any]:
    """Return what the server says about its item: the command's first argument."""
    arguments = (command or {}).get("arguments") or [{}]
    return arguments[0] if isinstance(arguments[0], dict) else {}
