"""An answer that is read, not applied: a document of its own where the editor opens one, else a message. And pages.

Rules:
1. The file lies in a folder of ours that only its person can read, and goes after a day, or when there are many.
2. Nothing waits for the disk but a thread.
3. No answer is lost: what a message does not hold is in a file that the message names, or in more messages.
"""

import asyncio
import contextlib
import logging
import os
import re
from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.frontends.lsp.editor import SHOWN_CHARS, Editor

log = logging.getLogger(__name__)

KEPT_S = 24 * 3600.0
MOST_KEPT = 100
WRITE_TIMEOUT_S = 5.0
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Shelf:
    """The folder of the answers that were shown."""

    def __init__(self, editor: Editor, folder: Path | None) -> None:
        """Without a folder, everything is a message."""
        self._editor = editor
        self._folder = folder
        self._last = 0

    async def show(self, markdown: str, name: str) -> None:
        """Show Markdown to a person. `name` says what it is, for the file's name."""
        text = markdown.strip()
        is_long, uri = len(text) > SHOWN_CHARS, ""
        if is_long or self._editor.abilities.shows_documents:
            uri = await self._written(markdown, name, ".md")
        if uri and await self._editor.open(uri):
            return
        if not uri:
            for part in _parts(text):
                self._editor.say(part)
        elif is_long:
            where = f"All of it is in {uri}"
            self._editor.say(f"{text[: SHOWN_CHARS - len(where) - 4].rstrip()} …\n\n{where}")
        else:
            self._editor.say(text)

    async def browse(self, html: str, name: str) -> str:
        """Show a page in the browser, and return its address. Raises `Refused` where it cannot be written.

        An editor that opens nothing says where the page is.
        """
        uri = await self._written(html, name, ".html")
        if not uri:
            raise Refused("The page cannot be written into the state folder; see whether its disk is full.")
        if not await self._editor.open(uri, outside=True):
            self._editor.say(f"It is there for your browser: {uri}")
        return uri

    async def _written(self, text: str, name: str, suffix: str) -> str:
        if self._folder is None:
            return ""
        self._last += 1
        file = f"{_UNFIT.sub('-', name).strip('-.')[:80] or 'answer'}-{os.getpid()}-{self._last}{suffix}"
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                return await asyncio.to_thread(_write, self._folder, file, text)
        except (TimeoutError, OSError) as error:
            log.warning("an answer cannot be written to its folder: %s", type(error).__name__)
            return ""


def _parts(text: str) -> list[str]:
    """Cut a text into pieces that messages hold, between lines where there are any."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        for at in range(0, len(line), SHOWN_CHARS):
            piece = line[at : at + SHOWN_CHARS]
            if len(parts[-1]) + len(piece) > SHOWN_CHARS:
                parts.append("")
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


def _write(folder: Path, file: str, text: str) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / file
    path.unlink(missing_ok=True)
    # The permissions are there before the text is. O_BINARY is Windows's, where line ends would change without it.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as opened:
            opened.write(text.encode("utf-8", "replace"))
    except OSError:
        path.unlink(missing_ok=True)  # half a page on a full disk is nothing but in the way
        raise
    _tidy(folder, newest=path)
    return path.absolute().as_uri()


def _tidy(folder: Path, *, newest: Path) -> None:
    """Remove what is older than a day beside the newest file, and the oldest where there are too many."""
    now_s = newest.stat().st_mtime
    ages: list[tuple[float, Path]] = []
    for path in (*folder.glob("*.md"), *folder.glob("*.html")):
        with contextlib.suppress(OSError):  # another window was faster
            ages.append((now_s - path.stat().st_mtime, path))
    ages.sort()
    for place, (age_s, path) in enumerate(ages):
        if path != newest and (age_s > KEPT_S or place >= MOST_KEPT):
            with contextlib.suppress(OSError):
                path.unlink()
