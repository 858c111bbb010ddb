"""A small server over `Wire`, whose handlers do what handlers do wrong; started by the tests as a process of its own."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.stdio import serve_stdio
from hybrid_lsp.frontends.lsp.wire import Wire, wire_of


class Probe(LanguageServer):
    """A server that remembers what happened to it."""

    def __init__(self) -> None:
        super().__init__("probe", "0", protocol_cls=Wire)
        self.events: list[Any] = []
        wire = wire_of(self)
        wire.document_changed = self._changed
        wire.document_closed = lambda document: self.events.append(["closed", document.uri])

    def _changed(self, document: Document) -> None:
        self.events.append(["changed", document.uri, document.version])
        if document.language == "explosive":
            raise RuntimeError("text of the user")


def build() -> Probe:
    """Return the server with every handler of the tests."""
    server = Probe()
    for register in (_language_features, _answers, _faults, _waits, _questions):
        register(server)
    return server


def _language_features(server: Probe) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(ls: Probe, params: types.InlineCompletionParams) -> types.InlineCompletionList:
        """Answer the line at the cursor, and how the client asked."""
        document = wire_of(ls).documents.get(params.text_document.uri)
        text = document.line(params.position.line) if document else ""
        selected = params.context.selected_completion_info
        ls.events.append([params.context.trigger_kind.name, selected.range.end.character if selected else None])
        place = types.Range(start=params.position, end=params.position)
        return types.InlineCompletionList(items=[types.InlineCompletionItem(insert_text=text or " ", range=place)])

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: Probe, params: types.HoverParams) -> types.Hover:
        return types.Hover(contents=f"{params.position.line}:{params.position.character}")

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    async def code_action(params: types.CodeActionParams) -> Any:
        return [str(kind) for kind in params.context.only or ()]

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def did_open(ls: Probe, params: types.DidOpenTextDocumentParams) -> None:
        document = wire_of(ls).documents.get(params.text_document.uri)
        ls.events.append(["feature saw", document.line_count if document else None])


def _answers(server: Probe) -> None:
    @server.feature("probe/events")
    async def events(ls: Probe, params: Any) -> Any:
        return ls.events

    @server.feature("probe/echo")
    async def echo(params: Any) -> Any:
        return params

    @server.feature("probe/sync")
    def sync(params: Any) -> Any:
        return {"got": params}


def _faults(server: Probe) -> None:
    @server.feature("probe/fail")
    async def fail(params: Any) -> None:
        raise ValueError("secret of the user in /home/somebody/file.py")

    @server.feature("probe/modified")
    async def modified(params: Any) -> None:
        raise JsonRpcException("The content was modified.", types.LSPErrorCodes.ContentModified)

    @server.feature("probe/refused")
    async def refused(params: Any) -> None:
        raise Refused("The whitelist does not name it.")

    @server.feature("probe/unsendable")
    async def unsendable(params: Any) -> Any:
        return {"object": object()}

    @server.feature("probe/notify")
    async def notified(ls: Probe, params: Any) -> None:
        ls.events.append(["notified", params])
        raise ValueError("secret of the user")


def _waits(server: Probe) -> None:
    @server.feature("probe/print")
    async def prints(params: Any) -> str:
        print("printed by a handler")  # noqa: T201 - the test is about it
        os.write(1, b"written to descriptor 1\n")
        subprocess.run([sys.executable, "-c", "print('printed by a child')"], check=True)  # noqa: ASYNC221
        return "printed"

    @server.feature("probe/slow")
    async def slow(ls: Probe, params: Any) -> str:
        ls.events.append("slow began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ls.events.append("slow cancelled")
            raise
        return "slept"

    @server.feature("probe/block")
    def block(params: Any) -> None:
        time.sleep(30)

    @server.feature("probe/big")
    async def big(params: Any) -> str:
        return "x" * 4_000_000


def _questions(server: Probe) -> None:
    @server.feature("probe/seen")
    async def seen(ls: Probe, params: Any) -> list[str]:
        """Answer the text at the first step, and after a while."""
        first = wire_of(ls).documents.get(params["uri"])
        before = first.text if first else "?"
        await asyncio.sleep(0.05)
        then = wire_of(ls).documents.get(params["uri"])
        return [before, then.text if then else "?"]

    @server.feature("probe/ask")
    async def ask(ls: Probe, params: Any) -> Any:
        """Ask the client for its configuration and answer what it says."""
        items = [types.ConfigurationItem(section="probe")]
        try:
            return await ls.workspace_configuration_async(types.ConfigurationParams(items=items))
        except JsonRpcException as error:
            return {"code": error.code, "message": error.message}

    @server.command("probe.slow")
    async def slow_command(ls: Probe) -> None:
        ls.events.append("command began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ls.events.append("command cancelled")
            raise

    @server.command("probe.echo")
    async def echo_command(ls: Probe, value: Any) -> Any:
        return value


def main() -> None:
    """Serve, leaving `marker` behind at exit if a path was given."""
    marker = sys.argv[1] if len(sys.argv) > 1 else None
    hooks = [lambda: Path(marker).write_text("called")] if marker else []
    serve_stdio(build(), on_exit=hooks)


if __name__ == "__main__":
    main()
