"""Whatever comes, in whatever order: each request is answered once, and the server lives on."""

import asyncio
import json
import random
import sys
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.frontends.lsp.wire import wire_of
from tests.lsp.raw import RawClient, frame
from tests.lsp.raw_server import Probe, build

INITIALIZE = {"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": {"capabilities": {}}}
ALIVE = {"jsonrpc": "2.0", "id": "alive", "method": "probe/echo", "params": {"x": 1}}
URI = "file:///w/f.py"
METHODS = [
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "notebookDocument/didOpen",
    "notebookDocument/didChange",
    "notebookDocument/didClose",
    "textDocument/inlineCompletion",
    "textDocument/hover",
    "textDocument/codeAction",
    "workspace/executeCommand",
    "workspace/didChangeWorkspaceFolders",
    "window/workDoneProgress/cancel",
    "$/cancelRequest",
    "$/setTrace",
    "initialized",
    "probe/echo",
    "probe/fail",
    "probe/slow",
    "probe/seen",
    "probe/unsendable",
    "probe/refused",
    "nobody",
    "",
]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**33), st.floats(), st.text(max_size=5), st.just("\ud83d"), st.just(URI)
)
keys = st.sampled_from(
    [
        "textDocument",
        "uri",
        "position",
        "line",
        "character",
        "context",
        "triggerKind",
        "contentChanges",
        "range",
        "start",
        "end",
        "text",
        "version",
        "languageId",
        "command",
        "arguments",
        "jsonrpc",
        "id",
        "method",
        "event",
    ]
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)
places = st.fixed_dictionaries({"line": st.integers(0, 9), "character": st.integers(0, 9)})
ranges = st.fixed_dictionaries({"start": places, "end": places})
documents = st.fixed_dictionaries({"uri": st.just(URI), "version": st.integers(-1, 9)})
good_params = st.fixed_dictionaries(
    {
        "textDocument": st.fixed_dictionaries(
            {
                "uri": st.just(URI),
                "version": st.integers(),
                "languageId": st.just("python"),
                "text": st.text(max_size=9),
            }
        ),
        "position": places,
        "range": ranges,
        "contentChanges": st.lists(st.fixed_dictionaries({"text": st.text(max_size=4)}, optional={"range": ranges})),
        "context": st.fixed_dictionaries({"triggerKind": st.integers(0, 3), "diagnostics": st.just([])}),
        "command": st.sampled_from(["probe.echo", "probe.slow", "nobody"]),
        "arguments": st.lists(scalars, max_size=2),
        "id": st.integers(0, 5),
    }
)
ids = st.one_of(st.integers(0, 5), st.text(max_size=3), scalars, st.just([1]))


@st.composite
def bodies(draw: st.DrawFn, methods: list[str]) -> bytes:
    """One message, more or less, as bytes: good, wrong in a field, cut short, damaged, or nothing of the kind."""
    fields: dict[str, Any] = {"jsonrpc": "2.0", "method": draw(st.sampled_from(methods))}
    if draw(st.booleans()):
        fields["id"] = draw(ids)
    fields["params"] = draw(st.one_of(good_params, good_params, values))
    damage = draw(st.integers(0, 9))
    if damage == 0:
        fields[draw(st.sampled_from(["jsonrpc", "method", "id", "result", "error"]))] = draw(values)
    elif damage == 1:
        del fields[draw(st.sampled_from(sorted(fields)))]
    elif damage == 2:
        return draw(st.one_of(st.binary(max_size=30), values.map(lambda value: json.dumps(value).encode())))
    body = json.dumps(fields).encode()
    if damage == 3:
        return body[: draw(st.integers(0, len(body)))]
    if damage == 4:
        at = draw(st.integers(0, len(body) - 1))
        return body[:at] + draw(st.binary(min_size=1, max_size=1)) + body[at + 1 :]
    return body


def answers_due(body: bytes) -> int:
    """How many answers a message gets, read from JSON-RPC 2.0: one for all that is, or could have been, a request."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return 1
    if not isinstance(message, dict):
        return 1
    if message.get("method") is None and ("result" in message or "error" in message):
        return 0
    is_notification = message.get("jsonrpc") == "2.0" and isinstance(message.get("method"), str) and "id" not in message
    return 0 if is_notification else 1


def no_json(constant: str) -> None:
    """Fail for NaN and the infinities, which Python writes and JSON does not have."""
    raise AssertionError(f"{constant} was sent")


class Sent:
    """Where a server writes to, in this process."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, raw: bytes) -> None:
        """Take one frame."""
        header, body = raw.split(b"\r\n\r\n", 1)
        assert header == b"Content-Length: %d" % len(body)
        self.messages.append(json.loads(body, parse_constant=no_json))

    def close(self) -> None:
        """Do nothing."""


async def converse(server: Probe, *messages: bytes) -> list[dict[str, Any]]:
    """Feed the messages one by one, then cancel what still runs, and return what was answered."""
    wire, sent = wire_of(server), Sent()
    wire.set_writer(sent)
    wire.ended = lambda code: None
    for body in messages:
        wire.feed(body)
        await asyncio.sleep(0)
    deadline = asyncio.get_running_loop().time() + 5
    while wire.busy:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() < deadline
    return [message for message in sent.messages if "method" not in message]


@cache
def serving() -> Probe:
    """The one initialized server of this file: cattrs takes its time for each new one."""
    server = build()
    asyncio.run(converse(server, json.dumps(INITIALIZE).encode()))
    return server


def check(answers: list[dict[str, Any]], messages: list[bytes]) -> None:
    """Each answer is one, and there is one for each message that wants it."""
    for answer in answers:
        assert set(answer) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
    assert len(answers) == sum(answers_due(body) for body in messages)


@settings(max_examples=200, deadline=None)
@given(st.lists(bodies(METHODS), max_size=8))
def test_a_serving_server_answers_whatever_comes(messages: list[bytes]) -> None:
    """One answer for each request or ruin of one, none for anything else, and the next request is served."""
    messages = [*messages, json.dumps(ALIVE).encode()]
    answers = asyncio.run(converse(serving(), *messages))

    check(answers, messages)
    assert {"jsonrpc": "2.0", "id": "alive", "result": {"x": 1}} in answers


@settings(max_examples=15, deadline=None)
@given(st.lists(bodies(["initialize", "initialized", "shutdown", "exit", "probe/echo", "probe/slow"]), max_size=12))
def test_a_session_answers_in_any_order_of_its_life(messages: list[bytes]) -> None:
    """The same before `initialize`, after `shutdown`, and with those in any order and shape."""
    messages = [*messages, json.dumps(ALIVE).encode()]

    check(asyncio.run(converse(build(), *messages)), messages)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["[", '{"id":', '{"params":[', '[{"a":']), st.integers(1, 200_000), st.booleans())
def test_depth_and_length_do_no_harm(piece: str, depth: int, as_params: bool) -> None:
    """A message nested without end, or without an end, is answered like any other that cannot be read."""
    text = piece * depth
    body = f'{{"jsonrpc":"2.0","id":1,"method":"probe/echo","params":{text}' if as_params else text
    answers = asyncio.run(converse(serving(), body.encode(), json.dumps(ALIVE).encode()))

    assert [answer["id"] for answer in answers] == [1 if as_params else answers[0]["id"], "alive"]


def test_a_real_process_outlives_it_all() -> None:
    """A thousand damaged messages over real pipes: as many answers as are due, and the server still serves."""
    pick = random.Random(20)
    messages = [damaged(pick) for _ in range(1_000)]
    due = sum(answers_due(body) for body in messages)
    with RawClient([sys.executable, str(Path(__file__).with_name("raw_server.py"))]) as client:
        client.initialize()
        for body in messages:
            client.write(frame(body))
        client.send(ALIVE)
        client.wait_for(lambda message: message.get("id") == "alive" and "result" in message, "the sign of life")

        assert len([message for message in client.heard if "method" not in message]) == due


def damaged(pick: random.Random) -> bytes:
    """One message of a client that has gone mad."""
    place = {"line": pick.randrange(5), "character": pick.randrange(5)}
    item = {"uri": URI, "version": 1, "languageId": "python", "text": "a\nb"}
    params = {"textDocument": item, "position": place, "contentChanges": [{"text": "é"}], "context": {"triggerKind": 0}}
    methods = [method for method in METHODS if method not in {"probe/slow", "probe/seen", "workspace/executeCommand"}]
    fields = {"jsonrpc": "2.0", "id": pick.randrange(10**9), "method": pick.choice(methods), "params": params}
    if pick.random() < 0.3:
        del fields[pick.choice(["id", "params", "jsonrpc"])]
    body = bytearray(json.dumps(fields).encode())
    for _ in range(pick.choice([0, 0, 1, 3])):
        body[pick.randrange(len(body))] = pick.randrange(256)
    return bytes(body[: len(body) if pick.random() < 0.8 else pick.randrange(len(body))])
