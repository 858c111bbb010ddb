"""A file as it was read, and its new text put in its place: line ends, mark and permissions stay what they were."""

import os
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.reply import line_edits

_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPES = {ord(char): f"\\{name}" for char, name in zip('"\\\a\b\f\n\r\t\v', '"\\abfnrtv', strict=True)}
_NO_END = "\n\\ No newline at end of file\n"

Replace = Callable[[Path, bytes], None]
"""Puts bytes in the place of a file at once, and keeps who may do what with it. May raise `OSError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A UTF-8 file that was read once."""

    path: Path
    """Of the file itself, where a link led to it."""
    data: bytes = field(repr=False)

    @property
    def text(self) -> str:
        r"""Its text without a byte order mark; lines end in `\n`."""
        return _END.sub("\n", self.data.decode("utf-8-sig"))

    def changed_to(self, text: str) -> bytes:
        r"""Return its bytes with another text, whose lines end in `\n`: every line keeps its own end, and so on."""
        raw = self.data.decode("utf-8-sig")
        ends = _END.findall(raw)
        usual = Counter(ends).most_common(1)[0][0] if ends else "\n"
        lines: list[tuple[str, str]] = list(zip(_END.split(raw), [*ends, ""], strict=True))
        for edit in reversed(line_edits(self.text, text)):
            old = [end for _, end in lines[edit.first : edit.first + edit.count]]
            near = (old or [lines[edit.first - 1][1] if edit.first else usual])[-1]
            new = [(line, old[i] if i < len(old) else near) for i, line in enumerate(edit.lines)]
            lines[edit.first : edit.first + edit.count] = new
        return (BOM_UTF8 if self.data.startswith(BOM_UTF8) else b"") + _joined(lines, usual).encode()

    def diff(self, data: bytes, name: str) -> str:
        """Return what changes, as `git apply` and `patch` take it; `name` is relative, with `/`."""
        end = "\t" if " " in name else ""
        old, new = (_LINE.findall(each.decode()) for each in (self.data, data))
        lines = unified_diff(old, new, f"{_as_git_names(f'a/{name}')}{end}", f"{_as_git_names(f'b/{name}')}{end}")
        return "".join(line if line.endswith("\n") else line + _NO_END for line in lines)

    def put(self, data: bytes, replace: Replace) -> None:
        """Put its new bytes in its place. Raises `Refused`, with nothing changed, unless it is as it was read."""
        name = self.path.name
        try:
            found = self.path.stat()
            if self.path.read_bytes() != self.data:
                raise Refused(f"{name} has changed since it was asked about, so it was not overwritten; ask again.")
            if found.st_nlink > 1 and os.name != "nt":
                raise Refused(f"{name} is one file under several names, which writing would part; apply the diff.")
            if not os.access(self.path, os.W_OK):
                raise Refused(f"{name} may not be written to, so it was not; make it writable, or apply the diff.")
            replace(self.path, data)
        except FileNotFoundError:
            raise Refused(f"{name} is not there any more, so nothing was written; apply the diff.") from None
        except OSError as error:
            raise Refused(f"{name} cannot be written ({error.strerror}); apply the diff where it can.") from error


def _as_git_names(path: str) -> str:
    """Return a path as git writes it in a diff: one that would be read as something else is quoted as C quotes."""
    if path.isprintable() and not set(path) & {'"', "\\"}:
        return path
    spelled = (
        _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in os.fsencode(path)
    )
    return f'"{"".join(spelled)}"'


def _joined(lines: list[tuple[str, str]], usual: str) -> str:
    parts: list[str] = []
    before = ""
    for line, end in lines[:-1]:
        # A lone CR and the LF of an empty line would become one end.
        before = "\r" if before == "\r" and not line and (end or usual) == "\n" else end or usual
        parts += (line, before)
    return "".join((*parts, lines[-1][0]))


def read_original(path: Path, excerpt: Excerpt) -> Original:
    """Return the file that an excerpt was just read from. Raises `Refused` where it is not the same any more."""
    with suppress(OSError, ValueError):
        original = Original(path=path.resolve(), data=path.read_bytes())
        if original.text.startswith(excerpt.before + excerpt.focus):
            return original
    raise Refused(f"{path.name} was changed while it was being read; ask again.")
