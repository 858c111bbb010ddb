"""`FILE[:FROM[-TO]]`: a span of a file as one writes it on a command line, and the text that it names."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Excerpt, Task

MAX_BYTES = 1 << 20
_FORM = "write FILE, FILE:LINE or FILE:FROM-TO, with lines counted from 1"
_LINES = re.compile(r"(?P<path>.*):(?P<lines>[\d-]*)", re.DOTALL)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_LONGEST_NUMBER = 9


class Span(NamedTuple):
    """A file, and the first and the last line of it, counted from 1; None for the whole file."""

    path: str
    first: int | None
    last: int | None


def parse_span(text: str) -> Span:
    r"""Read `src/a.py`, `src/a.py:10`, `src/a.py:10-20` or `C:\a.py:3`. Raises `Refused` for what is none of these."""
    found = _LINES.fullmatch(text)
    if found is None:
        return Span(_named(text), None, None)
    path, lines = _named(found["path"]), _RANGE.fullmatch(found["lines"])
    if lines is None or max(map(len, lines.groups(""))) > _LONGEST_NUMBER or re.search(r":\d+$", path):
        raise Refused(f'"{_shown(text)}" does not end in lines: {_FORM}.')
    first, last = int(lines[1]), int(lines[2] or lines[1])
    if first == 0 or last == 0:
        raise Refused(f'"{_shown(text)}" names line 0: lines are counted from 1.')
    if first > last:
        raise Refused(f'"{_shown(text)}" ends before it begins: write the smaller line first, {last}-{first}.')
    return Span(path, first, last)


def read_span(span: Span, *, task: Task, folder: Path, language_of: Callable[[str], str]) -> Excerpt:
    """Return the lines of a span as an excerpt: marked, but for COMPLETE, where the cursor ends the last of them.

    Args:
        span: What to read.
        task: What is asked about it.
        folder: Against which a relative path is read, and to which the excerpt's path is relative where it is inside.
        language_of: Returns the editor's language id of a path.

    Raises `Refused`, in one sentence with the way out, for what is no text file of at most 1 MiB with these lines.
    """
    path = folder / Path(span.path).expanduser()
    lines = _read(path).removesuffix("\n").split("\n")
    first, last = (1, len(lines)) if span.first is None or span.last is None else (span.first, span.last)
    if last > len(lines):
        raise Refused(f"{path.name} has {_counted(len(lines))}, and line {last} is asked for; name lines that it has.")
    inside = path_in(folder, path)
    cursor = task is Task.COMPLETE
    marked = "\n".join(lines[first - 1 : last])
    above = lines[: last - 1] if cursor else lines[: first - 1]
    return Excerpt(
        workspace=0, document=0, version=0, path=inside, language=language_of(inside), line=len(above),
        above="".join(f"{line}\n" for line in above), prefix=lines[last - 1] if cursor else "",
        focus="" if cursor else marked, below="\n".join(lines[last:]),
    )  # fmt: skip


def _read(path: Path) -> str:
    try:
        fault = _unfit(path.stat())
        data = b"" if fault else path.read_bytes()
    except FileNotFoundError:
        fault, data = "is not there; name a file as it is seen from this folder", b""
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name"
        fault, data = f"cannot be read ({reason}); make it readable", b""
    if not fault and b"\0" in data:
        fault = "is not text; name a source file"
    if fault:
        raise Refused(f"{path.name or 'The folder'} {fault}.")
    return _decoded(path.name, data)


def _decoded(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{name} is not UTF-8 text; save it as UTF-8, or name another file.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unfit(found: os.stat_result) -> str:
    if stat.S_ISDIR(found.st_mode):
        return "is a folder; name a file in it"
    if not stat.S_ISREG(found.st_mode):
        return "is not a file; name one"
    return f"is larger than {MAX_BYTES >> 20} MiB; so much is not sent to a model" if found.st_size > MAX_BYTES else ""


def path_in(folder: Path, path: Path) -> str:
    """Return what a file is called in a folder, with `/`; its bare name where it is not in there."""
    whole, root = path.resolve(), folder.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.name


def _named(path: str) -> str:
    if not path:
        raise Refused(f"No file is named: {_FORM}.")
    return path


def _shown(text: str) -> str:
    """The end of what was written, without folders."""
    return re.split(r"[/\\]", text)[-1]


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"
