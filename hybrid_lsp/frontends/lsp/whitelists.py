"""What is wrong in a whitelist.json is underlined in the file itself, and the underline goes when it is mended."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from lsprotocol import types

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.frontends.lsp.convert import diagnostic
from hybrid_lsp.frontends.lsp.folders import Folders

INTERVAL_S = 1.0


class Whitelist(Protocol):
    """One file, as it was read last."""

    @property
    def path(self) -> Path:
        """Where it is, absolute."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in it."""
        ...


class Policies(Protocol):
    """The user's whitelist.json, and one a workspace folder, which can only take away."""

    def policy(self, folder: Path | None) -> Policy:
        """Return what may leave from a folder, as the files stood when they were last read."""
        ...

    def reread(self, folders: Iterable[Path]) -> Sequence[Whitelist]:
        """Read what has changed on disk, and return it. Waits for the disk."""
        ...


class Client(Protocol):
    """The editor, as far as a whitelist needs it."""

    def text_document_publish_diagnostics(self, params: types.PublishDiagnosticsParams) -> None:
        """Underline what is wrong in a file; nothing when the list is empty."""
        ...

    def window_log_message(self, params: types.LogMessageParams) -> None:
        """Write a line to the editor's log."""
        ...


async def keep_reading(policies: Policies, folders: Folders, client: Client) -> None:
    """Read every whitelist now, and again whenever it has changed or a folder has come. Never ends.

    The loop does not wait for the disk.
    """
    underlined: set[Path] = set()
    while True:
        folders.news.clear()
        for whitelist in await asyncio.to_thread(policies.reread, folders.roots()):
            if whitelist.problems or whitelist.path in underlined:
                _underline(client, whitelist)
            if whitelist.problems:
                underlined.add(whitelist.path)
            elif whitelist.path in underlined:
                underlined.remove(whitelist.path)
                _log(client, types.MessageType.Info, f"{whitelist.path.name} is in order again.")
        with suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_S):
                await folders.news.wait()


def _underline(client: Client, whitelist: Whitelist) -> None:
    diagnostics = [diagnostic(problem) for problem in whitelist.problems]
    uri = whitelist.path.as_uri()
    client.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics))
    for problem in whitelist.problems:
        _log(client, types.MessageType.Error, problem.sentence)


def _log(client: Client, kind: types.MessageType, sentence: str) -> None:
    client.window_log_message(types.LogMessageParams(type=kind, message=sentence))
