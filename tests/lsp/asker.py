"""A person at an editor over real standard input and output, with models that follow a script."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lsp.raw import WAIT_S, Message, RawClient

ROOT = Path(__file__).parents[2]
HEAD = "import os\n\n\n"
TOTAL = """\
def total(prices):
    result = 0
    for price in prices:
        result += price
    return result
"""
TAIL = "\n\nprint(total([1]), os.sep)\n"
CODE = HEAD + TOTAL + TAIL
GOOD = "def total(prices):\n    return sum(prices)"
FENCED = f"```python\n{GOOD}\n```"
BROKEN = "```python\ndef total(prices)\n    return sum(prices\n```"
HARD = "Redesign it, fix the bug. " + "Think of every caller. " * 60
"""Words that make a job explicitly complex."""

LITERALS: dict[str, Any] = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
FULL: dict[str, Any] = {
    "textDocument": {
        "codeAction": {
            **LITERALS,
            "dataSupport": True,
            "disabledSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "tagSupport": {"valueSet": [1]},
            "honorsChangeAnnotations": True,
        },
        "hover": {"contentFormat": ["markdown"]},
    },
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {"groupsOnLabel": True}},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
}
"""What VS Code and Neovim can."""
EMACS: dict[str, Any] = {
    "textDocument": {"codeAction": LITERALS, "hover": {"contentFormat": ["plaintext"]}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}
"""What Emacs 29 can: no resolve, no annotations, no progress that we begin, no documents opened for it."""


class Asker(RawClient):
    """A client of `asking_server`, and the document that it looks at."""

    def __init__(self, script: Mapping[str, Any] | None = None, *, module: str = "tests.lsp.asking_server") -> None:
        code = f"import runpy, sys; sys.path.insert(0, ''); runpy.run_module('{module}', run_name='__main__')"
        super().__init__([sys.executable, "-c", code, json.dumps(script or {})], cwd=str(ROOT))
        self.uri, self.text, self.version = "", "", 1
        self.files = 0
        self.answering["workspace/applyEdit"] = self._apply
        self.answering["window/showMessageRequest"] = lambda told: told["actions"][0]
        self.answering["window/showDocument"] = lambda _: {"success": True}
        self.refusal: dict[str, Any] | None = None
        """What it says instead of applying an edit."""

    def begin(self, script: Mapping[str, Any] | None = None, text: str = CODE, name: str = "") -> None:
        """Begin anew with other models, and look at a fresh document."""
        assert "error" not in self.request("test/script", {"script": json.dumps(script or {})})
        self.heard.clear()
        self.files += 1
        self.uri, self.text, self.version = f"file:///w/{name or f'total{self.files}.py'}", text, 1
        self.open(self.uri, text)

    def at(self, line: int, last: int | None = None, *, character: int = 4) -> dict[str, Any]:
        """Return a cursor on a line, or a selection to the end of another."""
        if last is None:
            here = {"line": line, "character": character}
            return {"start": here, "end": here}
        end = len(self.text.split("\n")[last].removesuffix("\r"))
        return {"start": {"line": line, "character": 0}, "end": {"line": last, "character": end}}

    def listed(
        self, place: dict[str, Any] | None = None, diagnostics: Sequence[Message] = (), **more: Any
    ) -> list[Message]:
        """Open the menu."""
        params = {
            "textDocument": {"uri": self.uri},
            "range": place or self.at(5),
            "context": {"diagnostics": list(diagnostics), **more},
        }
        result: list[Message] = self.request("textDocument/codeAction", params)["result"]
        return result

    def one(self, what: str, *args: Any, **more: Any) -> Message:
        """Open the menu, and return the first entry that begins so."""
        return next(action for action in self.listed(*args, **more) if action["title"].startswith(what))

    def resolved(self, what: str = "Refactor", *args: Any, **more: Any) -> Message:
        """Choose an entry, and return the answer to its resolve."""
        return self.request("codeAction/resolve", self.one(what, *args, **more))

    def command(self, name: str, *arguments: Any) -> Message:
        """Run a command, and return its answer, an error too."""
        return self.request("workspace/executeCommand", self.commanded(name, *arguments))

    def commanded(self, name: str, *arguments: Any) -> Message:
        """Return the parameters of a command."""
        return {"command": f"hybrid-lsp.{name}", "arguments": list(arguments)}

    def do(self, task: str = "refactor", **more: Any) -> Message:
        """Return the argument that asks for something about the function."""
        return {"task": task, "uri": self.uri, "range": self.at(5), **more}

    def change(self, text: str) -> None:
        """Make the document another text, as one edit of all of it."""
        self.version += 1
        self.text = text
        which = {"uri": self.uri, "version": self.version}
        self.notify("textDocument/didChange", {"textDocument": which, "contentChanges": [{"text": text}]})

    def hover(self, line: int = 5) -> Any:
        """Point at a line, and return what is shown."""
        params = {"textDocument": {"uri": self.uri}, "position": self.at(line)["start"]}
        return self.request("textDocument/hover", params)["result"]

    def state(self) -> dict[str, Any]:
        """Return what the models were asked and what the ledger knows."""
        result: dict[str, Any] = self.request("test/state", {})["result"]
        return result

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Wait until the state has these values, and return it."""
        end_s = time.monotonic() + WAIT_S
        while time.monotonic() < end_s:
            state = self.state()
            if all(state[key] == value for key, value in wanted.items()):
                return state
            time.sleep(0.01)
        raise AssertionError(f"{wanted} did not come; it is {self.state()}")

    def told(self, method: str, text: str = "") -> Any:
        """Return the parameters of the next message of the server by a method, with a text in it."""
        found = self.wait_for(
            lambda message: message.get("method") == method and text in json.dumps(message, ensure_ascii=False),
            f"{method} with {text!r}",
        )
        return found["params"]

    def shown(self, text: str = "") -> str:
        """Return the text of the next document that the server opened."""
        from urllib.parse import unquote, urlsplit

        uri = self.told("window/showDocument")["uri"]
        shown = Path(unquote(urlsplit(uri).path)).read_text("utf-8")
        assert text in shown
        return shown

    def _apply(self, params: Any) -> dict[str, Any]:
        """Apply an edit as an editor does: only to the version that it names, or to whatever there is without one."""
        edit = params["edit"]
        if self.refusal is not None:
            return self.refusal
        changes = edit.get("documentChanges") or [
            {"textDocument": {"uri": self.uri, "version": None}, "edits": edit["changes"][self.uri]}
        ]
        if any(one["textDocument"]["version"] not in (None, self.version) for one in changes):
            return {"applied": False}
        self.change(applied(self.text, [e for one in changes for e in one["edits"]]))
        return {"applied": True}


def applied(text: str, edits: Sequence[Message], encoding: str = "utf-16") -> str:
    """Return a text with edits of LSP applied, all to the text as it is, by an editor that counts as it said."""
    lines = [*text.splitlines(keepends=True), ""]
    unit = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}[encoding]

    def offset(place: Message) -> int:
        line = lines[place["line"]]
        head = line.encode(unit[0])[: place["character"] * unit[1]].decode(unit[0])
        return sum(map(len, lines[: place["line"]])) + len(head)

    spans = sorted(
        ((offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits), reverse=True
    )
    for start, end, new in spans:
        text = text[:start] + new + text[end:]
    return text
