"""What is under way, shown in the editor while it is, and ended by whoever has seen enough.

A person may end it in three ways: the progress bar's button, `hybrid-lsp.cancel`, or the request's own cancel. Each
cancels the one task that does the work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from hybrid_lsp.frontends.lsp.wire import wire_of

if TYPE_CHECKING:
    from hybrid_lsp.assistant.events import Event

REPORT_EVERY_S = 0.1
CREATE_TIMEOUT_S = 5.0
"""How long the client's leave to show progress is waited for; the work does not wait for it."""
LAST_LEAVE_S = 0.2
"""How long it is still waited for when the work is done."""

_command_token: ContextVar[types.ProgressToken | None] = ContextVar("_command_token", default=None)


def keep_command_tokens(server: LanguageServer) -> None:
    """Have the progress token that a client sends with a command reach whoever reports on it."""
    features = wire_of(server).fm.builtin_features
    run = features[types.WORKSPACE_EXECUTE_COMMAND]

    def remembering(params: types.ExecuteCommandParams) -> Any:
        _command_token.set(params.work_done_token)
        return run(params)

    features[types.WORKSPACE_EXECUTE_COMMAND] = remembering


class Progress:
    """One piece of work, from `async with` to its end. Without a way to show it, it is silent."""

    def __init__(self, server: LanguageServer, title: str, *, create: bool, end: Callable[[], object]) -> None:
        """`create`: whether the client can be asked for a place to show it; `end` is called when a person ends it."""
        self._server = server
        self._title = title
        self._end = end
        self._token: types.ProgressToken | None = _command_token.get()
        self._creates = create and self._token is None
        self._creating: asyncio.Task[None] | None = None
        self._begun = self._is_over = False
        self._message = ""
        self._shown_s = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._who = ""
        self._why = ""

    async def __aenter__(self) -> Self:
        if self._token is not None:
            self._begin()
        elif self._creates:
            self._creating = asyncio.get_running_loop().create_task(self._create())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._due is not None:
            self._due.cancel()
        try:
            if error is not None:
                self._message = "cancelled"
            elif self._creating is not None:
                # What is said next would be covered by a progress that begins and ends after it.
                await asyncio.wait((self._creating,), timeout=LAST_LEAVE_S)
        finally:
            self._is_over = True
            self._finish()

    def _finish(self) -> None:
        if self._begun and self._token is not None:
            self._server.work_done_progress.tokens.pop(self._token, None)
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=self._message or None))

    def tell(self, event: "Event") -> None:
        """Show what happens: who is asked, why, and how much of the answer there is."""
        from hybrid_lsp.assistant.events import Begun, Left, Said

        if isinstance(event, Begun):
            self._who = event.step.model.id
            self._report(f"asking {self._who}{f' after: {self._why}' if self._why else ''}", at_once=True)
        elif isinstance(event, Left):
            self._why = event.sentence
        elif isinstance(event, Said):
            self._report(f"{self._who}: about {event.tokens:,} tokens", at_once=False)

    def _report(self, message: str, *, at_once: bool) -> None:
        self._message = message
        loop = asyncio.get_running_loop()
        wait_s = 0.0 if at_once else self._shown_s + REPORT_EVERY_S - loop.time()
        if wait_s <= 0:
            self._show()
        elif self._due is None:
            self._due = loop.call_later(wait_s, self._show)  # a model may now say nothing for long

    def _show(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._begun and self._token is not None:
            self._shown_s = asyncio.get_running_loop().time()
            report = types.WorkDoneProgressReport(cancellable=True, message=self._message)
            self._server.work_done_progress.report(self._token, report)

    async def _create(self) -> None:
        token = f"hybrid-lsp-{uuid4().hex}"
        try:
            async with asyncio.timeout(CREATE_TIMEOUT_S):
                await self._server.window_work_done_progress_create_async(
                    types.WorkDoneProgressCreateParams(token=token)
                )
        except (TimeoutError, JsonRpcException):
            return
        self._token = token
        self._begin()
        if self._is_over:
            self._finish()  # at once: some editors show that something is under way from the first word of it on

    def _begin(self) -> None:
        assert self._token is not None
        ended: Future[None] = Future()
        ended.add_done_callback(lambda future: self._end() if future.cancelled() else None)
        progress = self._server.work_done_progress
        progress.tokens[self._token] = ended
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, message=self._message or None)
        progress.begin(self._token, begin)
        self._begun = True
