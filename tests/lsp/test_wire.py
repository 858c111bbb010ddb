"""Every request gets its one answer with the right code, whatever the client sends: in a real process, as bytes."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.raw import RawClient, frame

SERVER = [sys.executable, str(Path(__file__).with_name("raw_server.py"))]
URI = "file:///w/a.py"
DEEP = b'{"jsonrpc":"2.0","id":%d,"method":"probe/echo","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

PARSE, INVALID, UNKNOWN, PARAMS, INTERNAL, FRESH = -32700, -32600, -32601, -32602, -32603, -32002
CANCELLED, MODIFIED, FAILED = -32800, -32801, -32803


@pytest.fixture(scope="module")
def served() -> Iterator[RawClient]:
    """One initialized server for every test that leaves it as it was."""
    with RawClient(SERVER) as client:
        client.initialize()
        yield client
        assert client.request("probe/sync", "alive")["result"] == {"got": "alive"}
        assert not [heard for heard in client.heard if heard.get("method") == "window/showMessage"]
        assert "secret of the user" not in client.stderr
        assert "text of the user" not in client.stderr


def inline(line: int = 0, character: int = 0, **context: Any) -> dict[str, Any]:
    """The parameters of a request for ghost text."""
    return {
        "textDocument": {"uri": URI},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2, **context},
    }


def code(answer: dict[str, Any]) -> int:
    """The code of an error answer, which says its one sentence and nothing else."""
    error = answer["error"]
    assert set(error) == {"code", "message"}
    assert error["message"].endswith(".")
    assert "/" not in error["message"]
    assert "Traceback" not in error["message"]
    return error["code"]


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("probe/fail", None, INTERNAL),
        ("probe/unsendable", None, INTERNAL),
        ("probe/modified", None, MODIFIED),
        ("probe/refused", None, FAILED),
        ("probe/nobody", {}, UNKNOWN),
        ("$/unknown", {}, UNKNOWN),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, INVALID),
        ("textDocument/didOpen", {}, INVALID),
        ("exit", None, INVALID),
        ("textDocument/hover", {}, PARAMS),
        ("textDocument/hover", None, PARAMS),
        ("textDocument/hover", [1, 2], PARAMS),
        ("textDocument/hover", "text", PARAMS),
        ("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 0}}, PARAMS),
        ("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 2**31, "character": 0}}, PARAMS),
        ("textDocument/hover", {"textDocument": {"uri": 5}, "position": {"line": 1, "character": 0}}, PARAMS),
        ("textDocument/inlineCompletion", {}, PARAMS),
        ("textDocument/inlineCompletion", inline(selectedCompletionInfo={"range": [1, 2], "text": ""}), PARAMS),
        ("workspace/executeCommand", {"command": "nobody"}, PARAMS),
        ("workspace/executeCommand", {"command": "probe.echo"}, PARAMS),
        ("workspace/executeCommand", {"command": "probe.echo", "arguments": [1, 2]}, PARAMS),
    ],
)
def test_each_error_has_its_code(served: RawClient, method: str, params: Any, expected: int) -> None:
    """A request that cannot be answered is told why, by code and in one sentence."""
    assert code(served.request(method, params)) == expected


@pytest.mark.parametrize(
    ("body", "answered_as", "expected"),
    [
        (b"", None, PARSE),
        (b"{", None, PARSE),
        (b'{"jsonrpc":"2.0","id":901,"method":"probe/echo","params":{"id":3,', 901, PARSE),
        (b'{"jsonrpc":"2.0","params":{"id":3},"id":"x\\u0041","method":', "xA", PARSE),
        (b'{"jsonrpc":"2.0","id":902,"method":"probe/echo","params":"\xff\xfe"}', 902, PARSE),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"probe/echo"}', None, PARSE),
        (DEEP % 903, 903, PARSE),
        (b"[" * 100_000, None, PARSE),
        (b"[]", None, INVALID),
        (b'[{"jsonrpc":"2.0","id":904,"method":"probe/echo"}]', None, INVALID),
        (b"{}", None, INVALID),
        (b"null", None, INVALID),
        (b'"text"', None, INVALID),
        (b'{"jsonrpc":"1.0","id":905,"method":"probe/echo"}', 905, INVALID),
        (b'{"id":906,"method":"probe/echo"}', 906, INVALID),
        (b'{"jsonrpc":"2.0","id":907}', 907, INVALID),
        (b'{"jsonrpc":"2.0","id":908,"method":5}', 908, INVALID),
        (b'{"jsonrpc":"2.0","id":null,"method":"probe/echo"}', None, INVALID),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"probe/echo"}', None, INVALID),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"probe/echo"}', None, INVALID),
        (b'{"jsonrpc":"2.0","id":[1],"method":"probe/echo"}', None, INVALID),
        (b'{"jsonrpc":"2.0","id":{"a":1},"method":"probe/echo"}', None, INVALID),
    ],
    ids=lambda value: value[:60].decode(errors="replace") if isinstance(value, bytes) else None,
)
def test_what_is_no_request_is_answered_all_the_same(
    served: RawClient, body: bytes, answered_as: Any, expected: int
) -> None:
    """Text that is not JSON, or JSON that is not JSON-RPC, is answered under its id if it shows one, else under null."""
    served.write(frame(body))

    assert code(served.answer(answered_as)) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"jsonrpc": "2.0", "id": 5, "result": 1},
        {"jsonrpc": "2.0", "id": "nobody", "error": {"code": 1, "message": ""}},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": ""}},
        {"jsonrpc": "2.0", "id": [1], "result": {}},
        {"jsonrpc": "2.0", "id": {"a": 1}, "error": None},
        {"jsonrpc": "2.0", "method": "probe/nobody"},
        {"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": 5}},
        {"jsonrpc": "2.0", "method": "textDocument/hover", "params": {}},
        {"jsonrpc": "2.0", "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///none"}}},
        {"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///none"}}},
        {"jsonrpc": "2.0", "method": "probe/notify", "params": {"secret": "secret of the user"}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": [1]}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest"},
        {"jsonrpc": "2.0", "method": "workspace/didChangeWatchedFiles", "params": 7},
    ],
    ids=json.dumps,
)
def test_what_asks_for_nothing_gets_no_answer(served: RawClient, body: object) -> None:
    """Answers to nobody and notifications, however broken, are neither answered nor shown to the user."""
    heard = len(served.heard)
    served.send(body)

    assert served.request("probe/echo", 1)["result"] == 1
    assert served.heard[heard:] == []


@pytest.mark.parametrize("name", ["Content-Length: ", "content-length:", "CONTENT-LENGTH:\t "])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("others", [b"", b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nX-Other: 1\n"])
def test_headers_are_read_however_they_are_written(served: RawClient, name: str, end: str, others: bytes) -> None:
    """Case, spaces, line ends and other headers make no difference."""
    served.write(
        others + frame({"jsonrpc": "2.0", "id": "h", "method": "probe/echo", "params": "é"}, name=name, end=end)
    )

    assert served.answer("h")["result"] == "é"


def test_params_of_our_own_methods_are_plain_json(served: RawClient) -> None:
    """Neither a key that Python has a word for nor a nested `jsonrpc` changes what a handler sees."""
    params = {
        "class": 1,
        "a b": {"jsonrpc": "2.0", "id": 5, "method": "x"},
        "list": [{"jsonrpc": {}}],
        "half": "\ud83d",
    }

    assert served.request("probe/echo", params)["result"] == params
    arguments = {"command": "probe.echo", "arguments": [params]}
    assert served.request("workspace/executeCommand", arguments)["result"] == params


def test_values_newer_than_we_are_cost_nothing(served: RawClient) -> None:
    """A value that an enumeration does not have yet is passed on (LSP 3.18 §Enumerations)."""
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    context = {"diagnostics": [{"range": place, "message": "", "severity": 9, "tags": [77]}], "only": ["new.kind"]}
    params = {"textDocument": {"uri": URI}, "range": place, "context": {**context, "triggerKind": 9}}

    assert served.request("textDocument/codeAction", params)["result"] == ["new.kind"]


def test_printing_does_not_reach_the_client(served: RawClient) -> None:
    """What a handler, a C library or a child process prints goes to standard error, and the stream stays whole."""
    assert served.request("probe/print")["result"] == "printed"
    for text in ("printed by a handler", "written to descriptor 1", "printed by a child"):
        assert served.logged(text), served.stderr


def test_a_fault_is_logged_with_its_place_and_without_its_text(served: RawClient) -> None:
    """The log says which request failed, with what and where, and nothing that the user wrote."""
    served.start("probe/fail", {"secret": "secret of the user"})
    request_id = served.start("probe/echo")
    served.answer(request_id)

    assert served.logged(f"request {request_id - 1} probe/fail failed: ValueError at raw_server.py:"), served.stderr


def test_a_request_sees_the_text_as_it_was_when_it_was_sent(served: RawClient) -> None:
    """A request and a change in one write: the handler's first step sees the old text, a later one the new."""
    served.open(URI, "old")
    for turn in range(30):
        old = "old" if turn == 0 else f"new {turn - 1}"
        change = {"textDocument": {"uri": URI, "version": turn + 2}, "contentChanges": [{"text": f"new {turn}"}]}
        served.send(
            {"jsonrpc": "2.0", "id": f"seen {turn}", "method": "probe/seen", "params": {"uri": URI}},
            {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change},
        )

        assert served.answer(f"seen {turn}")["result"] == [old, f"new {turn}"]


def test_features_and_hooks_run_after_the_documents(served: RawClient) -> None:
    """A registered handler of didOpen sees the document, the hook is told, and a hook's fault harms nobody."""
    served.open("file:///x", "a\nb\n", language="explosive")
    events = served.request("probe/events")["result"]

    assert ["changed", "file:///x", 1] in events
    assert ["feature saw", 3] in events


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("probe/slow", None, "slow"),
        ("workspace/executeCommand", {"command": "probe.slow"}, "command"),
    ],
)
def test_a_cancelled_request_stops_and_says_so(served: RawClient, method: str, params: Any, name: str) -> None:
    """$/cancelRequest reaches the handler, inside a command too, and the answer is RequestCancelled."""
    request_id = served.start(method, params)
    served.notify("$/cancelRequest", {"id": str(request_id)})
    served.notify("$/cancelRequest", {"id": request_id})

    assert code(served.answer(request_id)) == CANCELLED
    events = served.request("probe/events")["result"]
    assert events.count(f"{name} began" if name == "command" else "slow began") == 1
    assert events.count(f"{name} cancelled") == 1


def test_an_id_in_use_is_refused_and_the_first_is_answered(served: RawClient) -> None:
    """Two requests under one id get two answers, and the first is not lost."""
    slow = {"jsonrpc": "2.0", "id": "twice", "method": "probe/seen", "params": {"uri": "file:///none"}}
    served.send(slow, {**slow, "method": "probe/echo"})

    assert code(served.answer("twice")) == INVALID
    assert served.answer("twice")["result"] == ["?", "?"]


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"result": [{"a": 1}]}, [{"a": 1}]),
        ({}, {"code": PARAMS, "message": "The client's answer does not fit the request."}),
        ({"error": {"code": -32601, "message": "No."}}, {"code": -32601, "message": "No."}),
        ({"error": "broken"}, {"code": -32001, "message": ""}),
        ({"error": {"code": 1.5, "message": 7}}, {"code": -32001, "message": ""}),
    ],
)
def test_answers_of_the_client_reach_who_asked(served: RawClient, fields: dict[str, Any], seen: Any) -> None:
    """A result, a missing result and an error, even a broken one, each end the wait of the handler that asked."""
    with_silence(served)
    request_id = served.start("probe/ask")
    asked = served.wait_for(lambda message: message.get("method") == "workspace/configuration", "our question")
    served.send({"jsonrpc": "2.0", "id": asked["id"], **fields})

    assert served.answer(request_id)["result"] == seen


def test_an_answer_that_comes_after_the_cancel_is_ignored(served: RawClient) -> None:
    """A late answer to a question whose asker was cancelled harms nobody (openlawlibrary/pygls#621)."""
    with_silence(served)
    request_id = served.start("probe/ask")
    asked = served.wait_for(lambda message: message.get("method") == "workspace/configuration", "our question")
    served.notify("$/cancelRequest", {"id": request_id})

    assert code(served.answer(request_id)) == CANCELLED
    served.send({"jsonrpc": "2.0", "id": asked["id"], "result": []})
    assert served.request("probe/echo", 1)["result"] == 1


def with_silence(client: RawClient) -> None:
    """Leave the server's questions to the test."""
    client.answering["workspace/configuration"] = None


def test_four_megabytes_go_out_whole(served: RawClient) -> None:
    """An answer larger than any pipe arrives whole, and the next one after it."""
    big = served.start("probe/big")

    assert served.request("probe/echo", 1)["result"] == 1
    assert len(served.answer(big)["result"]) == 4_000_000


def test_the_older_dialect_of_vscode_is_understood() -> None:
    """One 0 tells that the client counts triggers from zero; an unknown trigger is nobody's; a range may be an array."""
    place = [{"line": 0, "character": 0}, {"line": 0, "character": 3}]
    with RawClient(SERVER) as client:
        client.initialize()
        for trigger in (1, 2, 7, "x", 0, 1):
            answer = client.request("textDocument/inlineCompletion", inline(triggerKind=trigger))
            assert len(answer["result"]["items"]) == 1
        selected = {"range": place, "text": "abc"}
        client.request("textDocument/inlineCompletion", inline(triggerKind=0, selectedCompletionInfo=selected))
        events = client.request("probe/events")["result"]

    automatic, invoked = ["Automatic", None], ["Invoked", None]
    assert events == [invoked, automatic, automatic, automatic, invoked, automatic, ["Invoked", 3]]


@pytest.mark.parametrize(
    ("offered", "agreed", "column"),
    [(None, "utf-16", 2), (["x", "utf-32", "utf-8"], "utf-32", 1)],
)
def test_positions_count_in_the_agreed_encoding(offered: list[str] | None, agreed: str, column: int) -> None:
    """The first encoding that the client offers and we know counts every position of the session."""
    with RawClient(SERVER) as client:
        general = {"positionEncodings": offered} if offered else {}
        answer = client.initialize(capabilities={"general": general})
        assert answer["result"]["capabilities"]["positionEncoding"] == agreed
        client.open(URI, "😀def")
        place = {"line": 0, "character": column}
        change = {"text": "|", "range": {"start": place, "end": place}}
        document = {"uri": URI, "version": 2}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        item = client.request("textDocument/inlineCompletion", inline())["result"]["items"][0]

    assert item["insertText"] == "😀|def"


def test_a_session_has_its_order() -> None:
    """Before initialize nothing is served, after shutdown nothing more, and waiting requests are cancelled by it."""
    with RawClient(SERVER) as client:
        client.open(URI, "too early")
        assert code(client.request("probe/echo")) == FRESH
        assert code(client.request("initialize", {"capabilities": 5})) == PARAMS
        client.initialize(processId=os.getpid())
        item = client.request("textDocument/inlineCompletion", inline())["result"]["items"][0]
        assert item["insertText"] == " "
        slow = client.start("probe/slow")
        stop = client.start("shutdown")
        late = client.start("probe/echo")

        assert client.answer(stop)["result"] is None
        assert code(client.answer(slow)) == CANCELLED
        assert code(client.answer(late)) == INVALID
        client.notify("exit")
        assert client.exit_code() == 0
