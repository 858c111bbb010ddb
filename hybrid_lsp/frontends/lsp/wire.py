"""Every message of the session: read, answered, in order (LSP 3.18 §Base Protocol, §Server lifecycle).

Over pygls's protocol, because pygls leaves requests unanswered, sends tracebacks and re-reads whole files. To plug in:

    server = LanguageServer("hybrid-lsp", __version__, protocol_cls=Wire)
    wire = wire_of(server)
    wire.document_changed = completer.cancel      # after didOpen, didChange, and their notebook twins
    document = wire.documents.get(params.text_document.uri)
    serve_stdio(server, on_exit=[index.close])    # stdio.py

Features and commands are registered as with any pygls server; handlers are coroutine functions or quick plain ones
(`@server.thread()` is not heeded). A handler's first step sees the documents as they were when the client asked. A
handler of `didOpen`, `didChange`… runs after `documents` is up to date; `server.workspace` knows folders, no document.
Parameters of a method that LSP does not define arrive as they came from JSON.

Rules: a request gets exactly one answer, whatever a handler does. What an error says is one plain sentence, never a
traceback, a path or the user's text; the log has where it happened, under the id of the request. Nothing pops up.
"""

import asyncio
import contextvars
import enum
import inspect
import json
import logging
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, cast

import attrs
from cattrs import Converter
from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.language_server import _prepare_command_arguments

from hybrid_lsp.core.errors import Refused, fault_told
from hybrid_lsp.frontends.lsp import decode, sync
from hybrid_lsp.frontends.lsp.documents import Document, Documents
from hybrid_lsp.frontends.lsp.prewarm import conversions

_log = logging.getLogger(__name__)

_PREWARM_PAUSE_S = 0.01

_ENCODER = json.JSONEncoder(allow_nan=False)  # NaN is no JSON

_Errors = types.ErrorCodes
_Steps = Generator[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any] | None], Any, Any]


class _Life(enum.Enum):
    """Where the session is between its first and its last message (LSP 3.18 §Server lifecycle)."""

    FRESH = enum.auto()
    SERVING = enum.auto()
    STOPPING = enum.auto()


class Wire(LanguageServerProtocol):
    """The protocol of one session. Belongs to the event loop's thread."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        # At INFO, pygls logs every body that it sends, and so the user's code.
        logging.getLogger("pygls").setLevel(logging.WARNING)
        for kind in (bool, int, float, str):  # and so for every enumeration, each of which is an int or a str
            converter.register_structure_hook(kind, decode.primitive)
        converter.register_unstructure_hook_func(decode.is_enumeration, decode.json_value)
        self.documents = Documents()
        self.document_changed: Callable[[Document], object] = _nothing
        """Called after a document was opened or edited, before the next message is looked at."""
        self.document_closed: Callable[[Document], object] = _nothing
        self.client_known: Callable[[int], object] = _nothing
        """Called with the client's process id, if `initialize` tells one."""
        self.ended: Callable[[int], object] = sys.exit
        """Called with the exit code when the client says `exit`."""
        self._life = _Life.FRESH
        self._running: dict[int | str, asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._dialect = decode.InlineCompletionDialect()
        super().__init__(server, converter)  # last, since it reads every property

    @property
    def shutdown_received(self) -> bool:
        """Whether the client has asked for `shutdown`, so that an end is no surprise."""
        return self._life is _Life.STOPPING

    @property
    def busy(self) -> bool:
        """Whether a request is still without its answer."""
        return bool(self._running)

    def feed(self, body: bytes) -> None:
        """Take one message as it came from the client. Never raises for what a client may send."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError, MemoryError):
            self._refuse(decode.outer_id(body), _Errors.ParseError, "The message is not JSON that can be read.")
            return
        self.handle_message(message)

    def structure_message(self, data: Any) -> Any:
        """Return `data`: only the outermost object is a message, and `handle_message` sees to that one."""
        return data

    def handle_message(self, message: Any) -> None:
        """Take one message as JSON values. Never raises for what a client may send."""
        fields = message if isinstance(message, dict) else {}
        request_id, method = fields.get("id"), fields.get("method")
        if method is None and ("result" in fields or "error" in fields or self._is_awaited(request_id)):
            self._take_answer(request_id, fields)
        elif fields.get("jsonrpc") != "2.0" or not isinstance(method, str):
            self._refuse(request_id, _Errors.InvalidRequest, "The message is not a JSON-RPC 2.0 message.")
        elif "id" in fields:
            self._take_request(request_id, method, fields.get("params"))
        else:
            self._take_notification(method, fields.get("params"))

    def _take_request(self, request_id: Any, method: str, params: Any) -> None:
        if refusal := self._refusal(request_id, method):
            self._refuse(request_id, *refusal)
            return
        try:
            value = self._structured(method, params)
            if method == types.INITIALIZE:
                self._meet(value)
        except Exception as error:
            _log.warning("request %r %s has invalid parameters: %s", request_id, method, type(error).__name__)
            self._refuse(request_id, _Errors.InvalidParams, "The parameters do not fit the method.")
            return
        if method == types.SHUTDOWN:
            self._life = _Life.STOPPING
        context = contextvars.copy_context()
        context.run(self._ctx_msg_id.set, request_id)
        task = asyncio.get_running_loop().create_task(_outcome(self._handler(method), value), context=context)
        self._running[request_id] = task
        task.add_done_callback(partial(self._finish, request_id, method))

    def _refusal(self, request_id: Any, method: str) -> tuple[_Errors, str] | None:
        """Return why a request is not even tried, as an error's code and sentence."""
        if not decode.is_request_id(request_id):
            return _Errors.InvalidRequest, "The id of a request is an integer or a string."
        if request_id in self._running:
            return _Errors.InvalidRequest, "A request with this id is still being answered."
        if self._life is _Life.STOPPING:
            return _Errors.InvalidRequest, "The server is shutting down."
        if self._life is _Life.FRESH and method != types.INITIALIZE:
            return _Errors.ServerNotInitialized, "The session is not initialized yet."
        if self._life is _Life.SERVING and method == types.INITIALIZE:
            return _Errors.InvalidRequest, "The session is initialized already."
        if decode.is_notification(method):
            return _Errors.InvalidRequest, "The method is a notification and takes no id."
        if self._handler(method) is None:
            return _Errors.MethodNotFound, "This server does not know the method."
        return None

    def _meet(self, params: types.InitializeParams) -> None:
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        self.documents.encoding = types.PositionEncodingKind(encoding).value
        self._life = _Life.SERVING
        if params.process_id is not None:
            self.client_known(params.process_id)

    def _handler(self, method: str) -> Callable[..., Any] | None:
        return self.fm.builtin_features.get(method) or self.fm.features.get(method)

    def _structured(self, method: str, params: Any) -> Any:
        if method == types.TEXT_DOCUMENT_INLINE_COMPLETION:
            params = self._dialect.normalised(params)
        kind = decode.params_type(method)
        return params if kind is None else self._converter.structure({} if params is None else params, kind)

    def _finish(self, request_id: int | str, method: str, task: asyncio.Task[Any]) -> None:
        """Answer a request whose handler has come to its end, whichever."""
        del self._running[request_id]
        if method == types.INITIALIZE and (task.cancelled() or task.exception()):
            self._life = _Life.FRESH
        if task.cancelled():
            self._refuse(request_id, types.LSPErrorCodes.RequestCancelled, "The request was cancelled.")
        elif error := task.exception():
            self._refuse(request_id, *explained(error, f"request {request_id!r} {method}"))
        else:
            self._answer(request_id, task.result())

    def _cancel(self, params: Any) -> None:
        request_id = params.get("id") if isinstance(params, dict) else None
        if decode.is_request_id(request_id) and (task := self._running.get(cast(int | str, request_id))):
            task.cancel()

    def _take_notification(self, method: str, params: Any) -> None:
        if method == types.CANCEL_REQUEST:
            self._cancel(params)
        elif method == types.EXIT or self._life is _Life.SERVING:
            if method in sync.SYNC_METHODS:
                self._sync(method, params)
                self._notify_feature(method, params, self.fm.features.get(method))
            else:
                self._notify_feature(method, params, self._handler(method))
            if method == types.INITIALIZED:
                self._prewarm(conversions(self._converter, self.fm.features))

    def _sync(self, method: str, params: Any) -> None:
        try:
            effect = sync.apply(self.documents, method, params)
        except ValueError as error:
            _log.warning("%s", error)
            return
        if effect.unknown:
            _log.warning("%s for a document that is not open was ignored", method)
        for hook, documents in ((self.document_closed, effect.closed), (self.document_changed, effect.changed)):
            for document in documents:
                try:
                    hook(document)
                except Exception as error:
                    explained(error, f"the hook of {method}")

    def _notify_feature(self, method: str, params: Any, handler: Callable[..., Any] | None) -> None:
        if handler is None or (method in types.METHOD_TO_TYPES and not decode.is_notification(method)):
            return
        try:
            value = self._structured(method, params)
        except Exception as error:
            _log.warning("%s has invalid parameters: %s", method, type(error).__name__)
            return
        task = asyncio.get_running_loop().create_task(_outcome(handler, value))
        self._background.add(task)
        task.add_done_callback(partial(self._finish_notification, method))

    def _finish_notification(self, method: str, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            explained(error, f"notification {method}")

    def _is_awaited(self, request_id: Any) -> bool:
        return decode.is_request_id(request_id) and request_id in self._request_futures

    def _take_answer(self, request_id: Any, fields: dict[str, Any]) -> None:
        if not self._is_awaited(request_id):
            _log.info("an answer to no request of ours was ignored")
            return
        future, kind = self._request_futures.pop(request_id), self._result_types.pop(request_id, None)
        if future.done():
            return  # who asked was cancelled meanwhile
        error = fields.get("error")
        if error is not None:
            future.set_exception(decode.client_error(error))
            return
        try:
            answer = {**fields, "jsonrpc": "2.0", "result": fields.get("result")}
            future.set_result(answer["result"] if kind is None else self._converter.structure(answer, kind).result)
        except Exception as fault:
            _log.warning("the answer to our request %s does not fit: %s", request_id, type(fault).__name__)
            future.set_exception(JsonRpcInvalidParams("The client's answer does not fit the request."))

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> _Steps:
        """Cancel every other request, each of which is answered as cancelled, after the user's handler has run."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        for request_id, task in self._running.items():
            if request_id != self.msg_id:
                task.cancel()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> _Steps:
        """End the process, with 0 only after a shutdown (LSP 3.18 §Exit Notification)."""
        try:
            if (handler := self.fm.features.get(types.EXIT)) is not None:
                yield handler, args, None
        finally:
            self.ended(0 if self.shutdown_received else 1)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:
        """Call the command in the request's own task, so that cancelling the request reaches it."""
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams("This server has no such command.")
        try:
            told = attrs.evolve(params, arguments=params.arguments or [])
            args, named = _prepare_command_arguments(command, told, self._converter)
        except Exception:
            raise JsonRpcInvalidParams("The arguments do not fit the command.") from None
        return command(*args, **named)

    def _answer(self, request_id: int | str, result: Any) -> None:
        try:
            plain = self._converter.unstructure(result)
            body = _ENCODER.encode({"jsonrpc": "2.0", "id": request_id, "result": plain})
        except Exception as error:
            self._refuse(request_id, *explained(error, f"the answer to request {request_id!r}"))
            return
        self._write(body)

    def _refuse(self, request_id: Any, code: int, sentence: str) -> None:
        """Answer with an error; under a null id when the request's own cannot be known (JSON-RPC 2.0 §5)."""
        echo = request_id if decode.is_request_id(request_id) else None
        error = {"code": int(code), "message": sentence}
        self._write(json.dumps({"jsonrpc": "2.0", "id": echo, "error": error}))

    def _send_data(self, data: Any) -> None:
        self._write(json.dumps(data, default=self._serialize_message))

    def _write(self, body: str) -> None:
        if self.writer is None:
            _log.error("a message could not be sent: there is no transport")
            return
        # `json.dumps` writes ASCII, so that characters are bytes and half a character from a client cannot fail here.
        self.writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))

    def _prewarm(self, remaining: Iterator[Callable[[], object]]) -> None:
        if (work := next(remaining, None)) is not None:
            work()
            asyncio.get_running_loop().call_later(_PREWARM_PAUSE_S, self._prewarm, remaining)


def wire_of(server: LanguageServer) -> Wire:
    """Return the `Wire` of a server that was made with `protocol_cls=Wire`."""
    protocol = server.protocol
    assert isinstance(protocol, Wire)
    return protocol


def _nothing(_: object) -> None:
    pass


async def _outcome(handler: Callable[..., Any] | None, value: Any) -> Any:
    """Call a handler with its parameters and return its result, awaited, in the caller's task."""
    assert handler is not None
    result = handler(value)
    if inspect.isgenerator(result):
        return await _walked(cast(_Steps, result))
    return await result if inspect.isawaitable(result) else result


async def _walked(steps: _Steps) -> Any:
    """Run a built-in of pygls, which yields the handlers that it wants called, and return what it returns."""
    try:
        handler, args, named = next(steps)
        while True:
            try:
                result = handler(*args, **(named or {}))
                result = await result if inspect.isawaitable(result) else result
            except Exception as error:
                handler, args, named = steps.throw(error)
            else:
                handler, args, named = steps.send(result)
    except StopIteration as end:
        return end.value


def explained(error: BaseException | None, what: str) -> tuple[int, str]:
    """Return the code and the sentence to send for an error, and log what is a fault of ours.

    The log names the kind of the error and its place, not its text, which may quote what the user wrote.
    """
    if isinstance(error, JsonRpcException):
        return error.code, error.message or "The request failed."
    if isinstance(error, Refused):
        return types.LSPErrorCodes.RequestFailed, str(error)
    _log.error("%s failed: %s", what, fault_told(error) if error is not None else "for an unknown reason")
    return _Errors.InternalError, "hybrid-lsp met a fault of its own; its log says where."
