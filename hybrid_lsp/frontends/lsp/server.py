"""The language server: what it offers, and which part of the house answers.

Handlers unwrap, call and wrap; they hold no judgement. Every handler that may wait is `async`, and takes what it needs
of the documents before its first `await`. Ghost text is in `ghost`, what a person asks for in `asked`.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from hybrid_lsp import __version__
from hybrid_lsp.completer import Completer
from hybrid_lsp.completer.ports import State, StateKind
from hybrid_lsp.core.errors import Problem, fault_told
from hybrid_lsp.frontends.lsp.asked import Asked
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.decode import no_argument
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.entrance import OUR_RULES, Entrance, Why
from hybrid_lsp.frontends.lsp.folders import Folder, Folders, file_path
from hybrid_lsp.frontends.lsp.ghost import Ghost
from hybrid_lsp.frontends.lsp.stdio import serve_stdio
from hybrid_lsp.frontends.lsp.whitelists import Policies, keep_reading
from hybrid_lsp.frontends.lsp.wire import Wire, wire_of

log = logging.getLogger(__name__)

STATUS_COMMAND = "hybrid-lsp.status"
STATE_NOTIFICATION = "hybrid-lsp/state"
"""Sent to clients that say `{"state": true}` in their initialization options: `{kind, sentence}`."""
RESCAN_INTERVAL_S = 30.0
"""How often a workspace is looked through for changes on disk, for clients that do not watch files, while one types."""
FIRST_DOCUMENT_S = 1.0
"""How long the first document is waited for before the folders are learned without knowing what is near to it."""
CLIENT_TIMEOUT_S = 10.0
"""How long an answer of the editor is waited for."""
SETTLE_TIMEOUT_S = 0.9
"""How long the process waits at its end for money to be settled; what is not is charged in full later."""


_TROUBLED = frozenset({StateKind.OFFLINE, StateKind.SLOW})


class WorkspaceModel(Protocol):
    """What learns from the files and buffers of the workspace folders; each call returns at once."""

    def open_folder(self, workspace: int, root: Path) -> None:
        """Know a folder; its files are learned once a document of it is open, those near the document first."""
        ...

    def start(self, workspace: int) -> None:
        """Begin to learn a folder although no document of it is open yet."""
        ...

    def close_folder(self, workspace: int) -> None:
        """Forget everything about a folder."""
        ...

    def files_changed(self, workspace: int, paths: Iterable[str]) -> None:
        """Learn these files anew; they were created, changed or deleted on disk."""
        ...

    def rescan(self, workspace: int) -> None:
        """Look for changes on disk that nobody has told of."""
        ...

    def buffer_opened(self, workspace: int, document: int, path: str, language: str, text: str) -> None:
        """Learn a text that the editor has open; it goes before the file on disk."""
        ...

    def buffer_closed(self, document: int) -> None:
        """Forget a text that the editor has open no more."""
        ...

    def state(self, workspace: int) -> Any:
        """Return a value with `files`, `bytes`, `building` and `ready`."""
        ...

    def close(self) -> None:
        """End every process that was started."""
        ...


Lasting = Callable[[], Coroutine[Any, Any, None]]
"""Makes something that runs for as long as the session lasts."""


class Server(LanguageServer):
    """One session with one editor."""

    def __init__(
        self,
        *,
        completer: Completer,
        model: WorkspaceModel,
        policies: Policies,
        problems: Sequence[Problem] = (),
        lasting: Sequence[Lasting] = (),
        why_excluded: Why | None = None,
        folder_of: Callable[[Path], Path] = lambda path: path.parent,
        asking: Asking | None = None,
        answers: Path | None = None,
        hover: bool = True,
        hover_wait_s: float | None = None,
    ) -> None:
        """Start each of `lasting`, and say what is wrong in the user's settings, once the client is there.

        `folder_of` reads the disk, and returns where the rules are for a file outside every folder.
        Without `asking`, ghost text is all that is offered. `answers` is the folder for answers that are read, not
        applied; without one they are messages. `hover`: whether explanations are offered where one points, and
        `hover_wait_s` how long a look waits for one; None: what suits the editor.
        """
        super().__init__(
            "hybrid-lsp",
            __version__,
            protocol_cls=Wire,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=types.NotebookDocumentSyncOptions(
                notebook_selector=[
                    types.NotebookDocumentFilterWithNotebook(
                        notebook="*", cells=[types.NotebookCellLanguage(language="*")]
                    )
                ]
            ),
        )
        self.completer = completer
        self.model = model
        self.folders = Folders()
        self.lasting = lasting
        self.problems = problems
        self.policies = policies
        self.entrance = Entrance(self.folders, why_excluded, folder_of)
        self.background: set[asyncio.Task[None]] = set()
        self.typed_since_rescan = False
        wire = wire_of(self)
        wire.document_changed = self._document_changed
        wire.document_closed = self._document_closed
        self._known: set[int] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.wants_state = False
        completer.slot.on_thinking = self._tell_thinking
        self.state = State(kind=StateKind.READY, sentence="Ghost text comes from your own files.")
        _register(self)
        Ghost(completer, wire.documents, self.folders, self.entrance, self.tell).register(self)
        self.asked: Asked | None = None
        if asking is not None:
            editor = Editor(self, self.folders, self.entrance)
            self.asked = Asked(self, editor, asking, answers=answers, hover=hover, hover_wait_s=hover_wait_s)

    def tell(self, state: State) -> None:
        """Let the editor know how ghost text is doing: in its log, and in a notification where it asked for one."""
        self.state = state
        kind = types.MessageType.Warning if state.kind in _TROUBLED else types.MessageType.Info
        self.window_log_message(types.LogMessageParams(type=kind, message=state.sentence))
        self._notify_state(state)

    def _tell_thinking(self, thinking: bool) -> None:
        """Show in the editor, but not in its log, that the model is at work."""
        self._notify_state(State(kind=StateKind.THINKING, sentence="The model is writing.") if thinking else self.state)

    def _notify_state(self, state: State) -> None:
        if self.wants_state:
            self.protocol.notify(STATE_NOTIFICATION, {"kind": state.kind.value, "sentence": state.sentence})

    def _document_changed(self, document: Document) -> None:
        if document.handle in self._known:
            self.completer.superseded(document.handle)
            self.typed_since_rescan = True
            if self.asked is not None:
                self.asked.changed(document)
            return
        self._known.add(document.handle)
        self._let_in(document)

    def _let_in(self, document: Document) -> None:
        place = self.folders.place(document.notebook or document.uri)

        text = document.text  # as it was opened: what is typed since is learned as it is typed

        def let_in() -> None:
            self.model.buffer_opened(place.workspace, document.handle, place.path, document.language, text)
            self.completer.opened(document.handle, place.workspace, place.path, document.language, text)

        self.entrance.ask(document.handle, document.notebook or document.uri, let_in)

    def _document_closed(self, document: Document) -> None:
        self._known.discard(document.handle)
        if self.asked is not None:
            self.asked.closed(document)
        self._forget(document)

    def _forget(self, document: Document) -> None:
        self.entrance.forget(document.handle)
        self.completer.closed(document.handle)
        self.model.buffer_closed(document.handle)

    def open_folder(self, uri: str) -> None:
        """Begin with a folder of the workspace."""
        folder = self.folders.add(uri)
        if folder is not None:
            self.model.open_folder(folder.handle, folder.root)

    def close_folder(self, uri: str) -> None:
        """Be done with a folder of the workspace, and forget what was learned in it."""
        folder = self.folders.remove(uri)
        if folder is not None:
            self.model.close_folder(folder.handle)

    def change_folders(self, removed: Iterable[str], added: Iterable[str]) -> None:
        """Begin and be done with folders; what lies in another one now goes by its rules."""
        documents = list(wire_of(self).documents)
        before = [self.folders.place(document.notebook or document.uri) for document in documents]
        for uri in removed:
            self.close_folder(uri)
        for uri in added:
            self.open_folder(uri)
        for document, place in zip(documents, before, strict=True):
            if self.folders.place(document.notebook or document.uri) != place:
                self._let_in_anew(document)

    def _let_in_anew(self, document: Document) -> None:
        self._forget(document)
        self._let_in(document)

    def files_changed(self, changed: Iterable[str]) -> None:
        """Pass on which files were created, changed or deleted on disk, by URI."""
        by_workspace: dict[int, list[str]] = {}
        changed = list(changed)
        if any(uri.rpartition("/")[2] == OUR_RULES for uri in changed):
            for document in wire_of(self).documents:
                self._let_in_anew(document)
        for uri in changed:
            place = self.folders.place(uri)
            if place.workspace and file_path(uri) is not None:
                by_workspace.setdefault(place.workspace, []).append(place.path)
        for workspace, paths in by_workspace.items():
            self.model.files_changed(workspace, paths)

    async def learn_without_a_document(self) -> None:
        """Begin to learn every folder soon after the start, whatever is open."""
        await asyncio.sleep(FIRST_DOCUMENT_S)
        for folder in self.folders:
            self.model.start(folder.handle)

    async def keep_rescanning(self) -> None:
        """Look for unreported changes on disk from time to time, but only while somebody types."""
        while True:
            await asyncio.sleep(RESCAN_INTERVAL_S)
            if self.typed_since_rescan:
                self.typed_since_rescan = False
                for folder in self.folders:
                    self.model.rescan(folder.handle)

    def start(self, coroutine: Any) -> None:
        """Run something for as long as the session lasts."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.background.add(task)
        task.add_done_callback(self._stopped)

    def settle(self) -> None:
        """End what is asked for, with its money settled and its rows written. For another thread than the loop's."""
        if self.asked is None or self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self.asked.close(), self._loop).result(SETTLE_TIMEOUT_S)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self.background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something that should last has failed: %s", fault_told(error))


def serve(server: Server) -> NoReturn:
    """Serve one editor over standard input and output until it leaves, and end the process."""
    serve_stdio(server, on_exit=[server.model.close, server.settle])


def _register(server: Server) -> None:
    server.feature(types.INITIALIZE)(_initialize)
    server.feature(types.INITIALIZED)(_initialized)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(_did_save)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_did_change_watched_files)
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_did_change_workspace_folders)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(_did_change_configuration)
    server.command(STATUS_COMMAND)(_status)


def _initialize(ls: Server, params: types.InitializeParams) -> None:
    options = params.initialization_options
    if ls.asked is not None:
        ls.asked.meet(params)
    ls.wants_state = isinstance(options, dict) and options.get("state") is True
    uris = [folder.uri for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    elif not uris and params.root_path:
        uris = [Path(params.root_path).as_uri()] if Path(params.root_path).is_absolute() else []
    for uri in uris:
        ls.open_folder(uri)


async def _initialized(ls: Server, params: types.InitializedParams) -> None:
    ls._loop = asyncio.get_running_loop()
    for task in ls.lasting:
        ls.start(task())
    for problem in ls.problems:
        ls.window_log_message(types.LogMessageParams(type=types.MessageType.Warning, message=problem.sentence))
    ls.start(ls.learn_without_a_document())
    ls.start(keep_reading(ls.policies, ls.folders, ls))
    workspace = ls.client_capabilities.workspace
    watching = workspace and workspace.did_change_watched_files
    if watching and watching.dynamic_registration:
        ls.start(_watch_files(ls))
    else:
        ls.start(ls.keep_rescanning())


async def _watch_files(ls: Server) -> None:
    """Ask the client to tell of changes on disk; where it will not, look for ourselves."""
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers=[types.FileSystemWatcher(glob_pattern="**/*")])
    registration = types.Registration(
        id="hybrid-lsp.files", method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES, register_options=options
    )
    try:
        async with asyncio.timeout(CLIENT_TIMEOUT_S):
            await ls.client_register_capability_async(types.RegistrationParams(registrations=[registration]))
    except (TimeoutError, JsonRpcException):
        log.info("the client does not watch files; looking for changes every %.0f s instead", RESCAN_INTERVAL_S)
        ls.start(ls.keep_rescanning())


async def _did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    if ls.asked is not None:
        ls.asked.saved(params.text_document.uri)
    ls.files_changed([params.text_document.uri])


async def _did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    ls.files_changed(event.uri for event in params.changes)


async def _did_change_workspace_folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    ls.change_folders([folder.uri for folder in params.event.removed], [folder.uri for folder in params.event.added])


async def _did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """Nothing is configured through the editor yet; a client may say so without being told off in its log."""


async def _status(ls: Server, *arguments: Any) -> dict[str, Any]:
    no_argument(arguments)
    await ls.entrance.settled()  # what was opened before is known before its state is told
    counts = ls.completer.counts
    spent = ls.completer.slot.counts
    return {
        "version": __version__,
        "pid": os.getpid(),
        "shown": counts.shown,
        "accepted": counts.accepted,
        "accepted_chars": counts.accepted_chars,
        "inferred": {fate.value: count for fate, count in counts.fates.items()},
        "state": {"kind": ls.state.kind.value, "sentence": ls.state.sentence},
        "model": {field: getattr(spent, field) for field in spent.__slots__},
        "folders": [_folder_status(ls, folder) for folder in ls.folders],
    }


def _folder_status(ls: Server, folder: Folder) -> dict[str, Any]:
    state = ls.model.state(folder.handle)
    return {
        "uri": folder.uri,
        "indexed_files": state.files,
        "indexed_bytes": state.bytes,
        "indexing": state.building,
        "may_leave": sorted(ls.policies.policy(folder.root).tasks),
    }
