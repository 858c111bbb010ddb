"""The language server as an editor meets it: a real process, over standard input and output."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.raw import WAIT_S, RawClient

SERVE = [sys.executable, "-P", "-m", "hybrid_lsp", "serve", "--stdio", "--no-models"]
NOUNS = ("price", "weight", "volume", "tax", "fee", "margin", "rebate", "height")
CODE = "".join(
    f"def total_{noun}(order, discount):\n"
    f"    subtotal = sum(item.{noun} for item in order.items)\n"
    "    logger.info('total of %s: %s', order.number, subtotal)\n"
    "    return subtotal - discount\n\n\n"
    for noun in NOUNS
)
"""So much alike that any fit of the weights is sure how a line of it goes on."""
HEAD = """\
def total_depth(order, discount):
    subtotal = sum(item.depth for item in order.items)
"""
START = "    logger.info('tot"
REST = "al of %s: %s', order.number, subtotal)"

Item = dict[str, Any]


class Typist(RawClient):
    """A client that has a folder open and types at the end of one document."""

    def __init__(self, folder: Path, *arguments: str, command: Sequence[str] = SERVE) -> None:
        super().__init__([*command, *arguments])
        self.folder = folder
        self.opened: set[str] = set()
        self.text = ""
        self.uri = ""
        self.version = 1

    def begin(self, name: str, text: str, *, capabilities: dict[str, Any] | None = None, **others: Any) -> None:
        """Shake hands and open a document of the folder."""
        folders = [{"uri": self.folder.as_uri(), "name": "w"}]
        self.initialize(capabilities=capabilities, **{"workspaceFolders": folders, **others})
        self.edit(name, text)

    def move(self, folder: Path) -> None:
        """Close the folder and what is open, and work in another."""
        gone = {"uri": self.folder.as_uri(), "name": "w"}
        self.folder = folder
        event = {"added": [{"uri": folder.as_uri(), "name": "w"}], "removed": [gone]}
        for uri in self.opened:
            self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        self.opened.clear()
        self.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        self.heard.clear()

    def edit(self, name: str, text: str) -> None:
        """Open another document of the folder and go on in that one."""
        self.uri, self.text, self.version = (self.folder / name).as_uri(), text, 1
        self.opened.add(self.uri)
        self.open(self.uri, text)

    def position(self) -> dict[str, int]:
        """Return the end of the document."""
        lines = self.text.split("\n")
        return {"line": len(lines) - 1, "character": len(lines[-1].encode("utf-16-le")) // 2}

    def change(self, typed: str) -> dict[str, Any]:
        """Return the notification that types at the end."""
        at = self.position()
        self.text += typed
        self.version += 1
        params = {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": {"start": at, "end": at}, "text": typed}],
        }
        return {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params}

    def asking(self, request_id: object, *, trigger: int = 2, **context: Any) -> dict[str, Any]:
        """Return the request for ghost text at the end."""
        params = {
            "textDocument": {"uri": self.uri},
            "position": self.position(),
            "context": {"triggerKind": trigger, **context},
        }
        return {"jsonrpc": "2.0", "id": request_id, "method": "textDocument/inlineCompletion", "params": params}

    def type(self, typed: str, **context: Any) -> list[Item]:
        """Type, ask, and return the items of the answer."""
        self._last_id += 1
        self.send(self.change(typed), self.asking(self._last_id, **context))
        items: list[Item] = self.answer(self._last_id)["result"]["items"]
        return items

    def status(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        result: dict[str, Any] = self.request("workspace/executeCommand", {"command": "hybrid-lsp.status"})["result"]
        return result

    def wait_until_indexed(self) -> dict[str, Any]:
        """Wait until something is indexed and nothing is left to index, and return the status of the folder."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            folder: dict[str, Any] = self.status()["folders"][0]
            if folder["indexed_files"] and not folder["indexing"]:
                return folder
            time.sleep(0.05)
        raise AssertionError(f"not indexed within {WAIT_S} s")


@pytest.fixture
def newcomer(repository: Path) -> Iterator[Typist]:
    """A typist in an empty repository, whose server has just started."""
    with Typist(repository) as client:
        yield client


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    """A typist whose server goes on from test to test."""
    with Typist(tmp_path_factory.mktemp("nothing")) as client:
        client.initialize(workspaceFolders=[{"uri": client.folder.as_uri(), "name": "w"}])
        yield client


@pytest.fixture
def typist(session: Typist, repository: Path) -> Typist:
    """The same typist, in an empty repository with nothing open."""
    session.move(repository)
    return session


def test_what_the_server_offers(newcomer: Typist) -> None:
    """Inline completion is offered statically, with the command of its items, incremental edits and notebooks."""
    client = {"notebookDocument": {"synchronization": {}}, "workspace": {"workspaceFolders": True}}
    capabilities = newcomer.initialize(capabilities=client)["result"]["capabilities"]

    assert capabilities["inlineCompletionProvider"] == {}
    assert {"hybrid-lsp.accept", "hybrid-lsp.status"} <= set(capabilities["executeCommandProvider"]["commands"])
    assert capabilities["textDocumentSync"]["change"] == 2
    assert capabilities["notebookDocumentSync"]["notebookSelector"]
    assert capabilities["workspace"]["workspaceFolders"]["supported"] is True


def test_ghost_text_from_the_first_keystroke(newcomer: Typist) -> None:
    """Before anything is indexed, the buffer itself answers; the item has a range, a single line and its command."""
    newcomer.begin("orders.py", CODE + HEAD)
    (item,) = newcomer.type(START)

    at = newcomer.position()
    assert item["insertText"] == REST
    assert item["range"] == {"start": at, "end": at}
    assert item["command"]["command"] == "hybrid-lsp.accept"
    assert item["command"]["arguments"][0]["origin"] == "orders.py"


def test_typing_along_and_accepting(newcomer: Typist) -> None:
    """What is typed along keeps its id and comes from memory; accepting it is known, once."""
    newcomer.begin("orders.py", CODE + HEAD)
    (first,) = newcomer.type(START)
    (second,) = newcomer.type("al o")
    about = second["command"]["arguments"][0]
    assert second["insertText"] == REST[4:]
    assert (about["id"], about["source"]) == (first["command"]["arguments"][0]["id"], "memory")

    newcomer.send(newcomer.change(second["insertText"]))
    for _ in range(2):
        answer = newcomer.request("workspace/executeCommand", second["command"] | {"title": None})
        assert answer["result"] is None
    status = newcomer.status()
    assert (status["shown"], status["accepted"], status["accepted_chars"]) == (1, 1, len(REST) - 4)


def test_nothing_to_offer_is_an_empty_list(typist: Typist) -> None:
    """An empty list, not null, so that every editor clears what it shows."""
    typist.edit("orders.py", "")

    assert typist.type("zebra") == []


@pytest.mark.parametrize("cancels", [True, False])
def test_a_superseded_request_is_answered_cancelled(typist: Typist, cancels: bool) -> None:
    """In one write: ask, (cancel,) type on, ask again. The first gets -32800, the second an item."""
    typist.edit("orders.py", CODE + HEAD)
    typist.type(START[:-2])
    cancel = [{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "a"}}] if cancels else []
    typist.send(typist.change("o"), typist.asking("a"), *cancel, typist.change("t"), typist.asking("b"))

    assert typist.answer("a")["error"]["code"] == -32800
    assert typist.answer("b")["result"]["items"][0]["insertText"] == REST


def test_an_edit_alone_supersedes(typist: Typist) -> None:
    """A request whose text has moved on is never answered with an item."""
    typist.edit("orders.py", CODE + HEAD)
    typist.send(typist.change(START), typist.asking("a"), typist.change("x"))

    assert typist.answer("a")["error"]["code"] == -32800


def test_crlf_tabs_and_astral_characters(typist: Typist) -> None:
    """Positions count UTF-16 units, terminators may be any of three, and a tab stays a tab."""
    function = 'func 𝒇%d(𝒙 int) {\r\n\tlog.Printf("🦊🦊 of", 𝒙.total, 𝒙.rest)\r\n}\r\n\r\n'
    typist.edit("a.go", "".join(function % i for i in range(12)) + "func 𝒇12(𝒙 int) {\r\n")
    (item,) = typist.type('\tlog.Printf("🦊🦊 o')

    assert item["insertText"] == 'f", 𝒙.total, 𝒙.rest)'
    assert item["range"]["start"]["character"] == len('\tlog.Printf("🦊🦊 o') + 2
    assert (item["range"]["start"]["line"], item["range"]["end"]) == (49, item["range"]["start"])


def test_auto_closed_brackets_are_not_doubled(typist: Typist) -> None:
    """With a closer right of the cursor, the line after accepting has it once."""
    line = START + REST
    now = START + "')"
    typist.edit("a.py", CODE + HEAD + now + "\n")
    at = {"line": (CODE + HEAD).count("\n"), "character": len(START)}
    params = {"textDocument": {"uri": typist.uri}, "position": at, "context": {"triggerKind": 2}}
    (item,) = typist.request("textDocument/inlineCompletion", params)["result"]["items"]

    start, end = (item["range"][k]["character"] for k in ("start", "end"))
    assert start == at["character"]
    assert now[:start] + item["insertText"] + now[end:] == line


def test_an_entry_selected_in_the_pop_up_is_continued(typist: Typist) -> None:
    """The item begins with the selected text and has its range, or VS Code would not show it."""
    typist.edit("orders.py", CODE + HEAD)
    typist.type("    log")
    at = typist.position()
    start = {**at, "character": 4}
    (item,) = typist.type(
        "", selectedCompletionInfo={"range": {"start": start, "end": at}, "text": "logger.info('total"}
    )

    assert item["insertText"] == (START + REST).strip()
    assert item["range"] == {"start": start, "end": at}


def test_other_clients_dialects(newcomer: Typist) -> None:
    """A triggerKind of 0 and a range as an array are what older clients send; they are answered like any other."""
    newcomer.begin("orders.py", CODE + HEAD)
    newcomer.type(START)
    at = newcomer.position()

    assert newcomer.type("", trigger=0)[0]["insertText"] == REST
    selected = {"range": [at, at], "text": "al"}
    assert newcomer.type("", selectedCompletionInfo=selected)[0]["insertText"] == REST


def test_the_workspace_is_learned_and_followed(typist: Typist) -> None:
    """Another file of the folder speaks once it is indexed, what changes on disk is learned anew, what is gone is silent."""
    prices = typist.folder / "prices.py"
    prices.write_text(CODE, encoding="utf-8")
    typist.edit("main.py", HEAD)
    folder = typist.wait_until_indexed()
    assert folder["indexed_files"] == 1
    (item,) = typist.type(START)
    assert item["insertText"] == REST
    assert item["command"]["arguments"][0]["origin"] == "prices.py"

    prices.write_text(CODE.replace("subtotal)", "order.discounts)"), encoding="utf-8")
    typist.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": prices.as_uri(), "type": 2}]})
    assert eventually(typist, START, [REST.replace("subtotal)", "order.discounts)")])

    prices.unlink()
    typist.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": prices.as_uri(), "type": 3}]})
    assert eventually(typist, START, [])


def eventually(typist: Typist, line: str, offered: list[str]) -> bool:
    """Type the same line on fresh buffers until the server offers what it should."""
    until = time.monotonic() + WAIT_S
    number = 0
    while time.monotonic() < until:
        number += 1
        typist.edit(f"fresh{number}.py", HEAD)
        if [item["insertText"] for item in typist.type(line)] == offered:
            return True
        typist.notify("textDocument/didClose", {"textDocument": {"uri": typist.uri}})
        time.sleep(0.1)
    return False


def test_two_folders_never_mix_and_go_when_they_are_closed(repository: Path, tmp_path: Path) -> None:
    """What one folder taught is not said in the other, and a closed folder is forgotten."""
    other = tmp_path / "other"
    other.mkdir()
    (repository / "a.py").write_text(CODE, encoding="utf-8")
    (other / "b.py").write_text("unrelated = 1\n", encoding="utf-8")
    with Typist(repository) as client:
        folders = [{"uri": f.as_uri(), "name": f.name} for f in (repository, other)]
        client.begin("c.py", HEAD, workspaceFolders=folders)
        client.wait_until_indexed()
        assert client.type(START)[0]["insertText"] == REST

        client.uri, client.text, client.version = (other / "d.py").as_uri(), HEAD, 1
        client.open(client.uri, "")
        assert client.type(START) == []

        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": folders[:1]}})
        assert [f["uri"] for f in client.status()["folders"]] == [other.as_uri()]
        client.edit("e.py", HEAD)
        assert client.type(START) == []


def test_a_secret_file_that_is_open_neither_speaks_nor_teaches(typist: Typist) -> None:
    """Nothing is offered in an open .env or in a folder of secrets elsewhere, and nothing of it anywhere else."""
    for name in (".env", "../.kube/config"):
        typist.edit(name, CODE + HEAD)
        assert typist.type(START) == []

    typist.edit("settings.py", HEAD)
    assert typist.type(START) == []

    typist.edit("orders.py", CODE + HEAD)
    assert typist.type(START)[0]["insertText"] == REST


def test_a_file_that_hybridignore_names_neither_speaks_nor_teaches(typist: Typist) -> None:
    """A document that models must not see gets no ghost text and gives none, until the file says otherwise."""
    (typist.folder / ".hybridignore").write_text("private/\n", encoding="utf-8")
    typist.edit("private/orders.py", CODE + HEAD)
    assert typist.type(START) == []
    typist.edit("other.py", HEAD)
    assert typist.type(START) == []

    (typist.folder / ".hybridignore").write_text("", encoding="utf-8")
    event = {"uri": (typist.folder / ".hybridignore").as_uri(), "type": 2}
    typist.notify("workspace/didChangeWatchedFiles", {"changes": [event]})
    typist.status()
    typist.edit("third.py", HEAD)
    assert typist.type(START)[0]["insertText"] == REST


def test_cells_of_a_notebook_are_documents(typist: Typist) -> None:
    """A cell is typed in like any document, and learns from itself."""
    notebook = (typist.folder / "a.ipynb").as_uri()
    cell = notebook.replace("file:", "vscode-notebook-cell:") + "#W0"
    typist.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": notebook,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": cell}],
            },
            "cellTextDocuments": [{"uri": cell, "languageId": "python", "version": 1, "text": CODE + HEAD + START}],
        },
    )
    at = {"line": (CODE + HEAD).count("\n"), "character": len(START)}
    params = {"textDocument": {"uri": cell}, "position": at, "context": {"triggerKind": 2}}

    assert typist.request("textDocument/inlineCompletion", params)["result"]["items"][0]["insertText"] == REST


def test_a_document_that_is_not_open_is_offered_nothing(typist: Typist) -> None:
    """No error, no reading of the disk."""
    params = {
        "textDocument": {"uri": "file:///nowhere.py"},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2},
    }

    assert typist.request("textDocument/inlineCompletion", params)["result"] == {"items": []}


def test_whitelist_faults_are_underlined_and_go_away(repository: Path, tmp_path: Path) -> None:
    """A fault is a diagnostic in the file itself; mending the file clears it, and the policy follows."""
    mine = tmp_path / "mine.json"
    mine.write_text('{"allowed_for_cloud": {"inline_completion": true}}', encoding="utf-8")
    with Typist(repository, "--whitelist", str(mine)) as client:
        client.begin("a.py", "")
        told = client.wait_for(lambda m: m.get("method") == "textDocument/publishDiagnostics", "diagnostics")["params"]
        assert told["uri"] == mine.as_uri()
        (diagnostic,) = told["diagnostics"]
        assert "ghost text never leaves this machine" in diagnostic["message"]
        assert diagnostic["range"]["start"] == {"line": 0, "character": 23}
        assert client.status()["folders"][0]["may_leave"] == []

        mine.write_text('{"allowed_for_cloud": {"code_review": true}}', encoding="utf-8")
        cleared = client.wait_for(lambda m: m.get("method") == "textDocument/publishDiagnostics", "diagnostics")[
            "params"
        ]
        assert cleared["diagnostics"] == []
        assert client.status()["folders"][0]["may_leave"] == ["code_review"]

        (repository / "whitelist.json").write_text("{", encoding="utf-8")
        told = client.wait_for(lambda m: m.get("method") == "textDocument/publishDiagnostics", "diagnostics")["params"]
        assert told["uri"] == (repository / "whitelist.json").as_uri()
        assert client.status()["folders"][0]["may_leave"] == []
        assert client.type("zebra") == []  # and ghost text goes on


@pytest.mark.parametrize("arguments", [["serve", "--stdio"], ["--stdio"], ["serve"]])
def test_every_way_an_editor_starts_it(arguments: list[str]) -> None:
    """vscode-languageclient appends --stdio; the server goes out with 0 after shutdown and exit."""
    with RawClient([sys.executable, "-P", "-m", "hybrid_lsp", *arguments]) as client:
        assert client.initialize()["result"]["serverInfo"]["name"] == "hybrid-lsp"
        assert client.request("shutdown")["result"] is None
        client.notify("exit")
        assert client.exit_code() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="looks for processes in /proc")
def test_killing_the_client_leaves_no_process(repository: Path) -> None:
    """The client dies mid-request while the index is being built; two seconds later neither server nor builder is left."""
    for i in range(150):
        (repository / f"m{i}.py").write_text(
            "\n".join(f"value_{i}_{j} = compute({i}, {j})" for j in range(800)), encoding="utf-8"
        )
    client_code = f"""
import json, subprocess, sys, time
p = subprocess.Popen({SERVE!r}, stdin=-1, stdout=-1)
def send(m):
    b = json.dumps(m).encode(); p.stdin.write(b"Content-Length: %d\\r\\n\\r\\n" % len(b) + b); p.stdin.flush()
root = {repository.as_uri()!r}
send({{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {{"processId": __import__("os").getpid(), "rootUri": root, "capabilities": {{}}}}}})
send({{"jsonrpc": "2.0", "method": "initialized", "params": {{}}}})
doc = {{"uri": root + "/x.py", "languageId": "python", "version": 1, "text": "value"}}
send({{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {{"textDocument": doc}}}})
print(p.pid, flush=True)
for i in range(10**6):
    send({{"jsonrpc": "2.0", "id": i + 2, "method": "textDocument/inlineCompletion", "params": {{"textDocument": {{"uri": doc["uri"]}}, "position": {{"line": 0, "character": 5}}, "context": {{"triggerKind": 2}}}}}})
    time.sleep(0.01)
"""
    with subprocess.Popen([sys.executable, "-c", client_code], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        server = int(client.stdout.readline())
        builder = wait_for(lambda: children(server), "the index builder")
        os.kill(client.pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, [server, *builder])), "the end of server and builder", within_s=2)


def wait_for(what: Any, name: str, *, within_s: float = WAIT_S) -> Any:
    """Return the first true answer."""
    until = time.monotonic() + within_s
    while not (answer := what()):
        assert time.monotonic() < until, f"{name}: not within {within_s} s"
        time.sleep(0.01)
    return answer


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [
            int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        ] or _children_by_scan(pid)
    except OSError:
        return _children_by_scan(pid)


def _children_by_scan(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("ascii", errors="replace").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Say whether a process runs; one that is only waiting to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_log_holds_no_user_text(repository: Path) -> None:
    """Even at debug level, nothing that was typed and no path is in the log."""
    with Typist(repository, "--log-level", "debug") as client:
        client.begin("orders.py", CODE + HEAD)
        client.type(START)
        client.request("textDocument/inlineCompletion", {"nonsense": "subtotal"})
        client.request("shutdown")
        client.notify("exit")
        client.exit_code()
        assert "subtotal" not in client.stderr
        assert str(repository) not in json.dumps(client.stderr)
