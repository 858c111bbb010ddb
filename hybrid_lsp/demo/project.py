"""What the demo works on: the sample that ships with the package, or a person's file and the repository around it.

Both are copied into a temporary folder first, which is removed afterwards on every path. Nothing outside of it is
written. Of a person's file, the piece that is going to be typed is cut out of the copy, so that the server cannot have
seen it; files that look like secrets are never copied.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from hybrid_lsp.core.errors import HybridError
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.demo.block import choose_block
from hybrid_lsp.demo.keys import SAMPLE_KEYS, Keys
from hybrid_lsp.demo.languages import is_source

MAX_FILES = 2_000
MAX_TOTAL_BYTES = 20_000_000
MAX_FILE_BYTES = 512 * 1024
MAX_FOLDERS = 5_000
"""Folders looked into while copying; a repository may be a whole home directory."""

_SECRET = "{} looks like a secret by its name or its folder, and hybrid-lsp never shows such files."
_SAMPLE = Path(__file__).parent / "sample"
_NEVER = frozenset(
    (
        "node_modules",
        "venv",
        "env",
        "vendor",
        "third_party",
        "site-packages",
        "__pycache__",
        "build",
        "dist",
        "target",
        "out",
    )
)


class Unsuitable(HybridError):
    """The file cannot be shown. Its text is one sentence for the person who named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of text to be typed, and the document that it goes into."""

    path: str
    """Relative to the project's root, with `/`."""
    above: str
    """Whole lines, each with its `\\n`."""
    text: str
    """What is typed: whole lines without the last one's `\\n`."""
    below: str = ""
    """The rest of the document; empty, or begins with `\\n`."""

    @property
    def indent(self) -> str:
        """The blanks that the text begins with: they stand in the document before the first key."""
        return self.text[: len(self.text) - len(self.text.lstrip(" \t"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A temporary copy of some source files, and what is going to be typed in it."""

    root: Path
    passages: tuple[Passage, ...]


@contextmanager
def sample_project() -> Iterator[Project]:
    """Yield a copy of the sample, for as long as the context lasts."""
    with _temporary_folder() as root:
        shutil.copytree(_SAMPLE, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        yield Project(root=root, passages=tuple(_sample_passage(root, keys) for keys in SAMPLE_KEYS))


@contextmanager
def project_around(file: Path) -> Iterator[Project]:
    """Yield a copy of the file and of the repository around it, for as long as the context lasts.

    Raises Unsuitable when there is nothing in the file that could be typed.
    """
    text = _read_source(file)
    named, file = file, file.resolve()
    source_root = _repository_of(file)
    path = file.relative_to(source_root).as_posix()
    if is_secret_path(path):
        raise Unsuitable(_SECRET.format(named))
    block = choose_block(text)
    if block is None:
        raise Unsuitable(f"{named} is too short: the demo types a piece of it again, and needs ten lines around it.")
    lines = text.split("\n")
    passage = Passage(
        path=path,
        above="".join(f"{line}\n" for line in lines[: block.start]),
        text="\n".join(lines[block.start : block.stop]),
        below="".join(f"\n{line}" for line in lines[block.stop :]),
    )
    with _temporary_folder() as root:
        _copy_sources(source_root, root, first=file)
        cut = root / passage.path
        cut.parent.mkdir(parents=True, exist_ok=True)
        cut.write_text(passage.above + passage.below.removeprefix("\n"), encoding="utf-8")
        yield Project(root=root, passages=(passage,))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hybrid-lsp-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


def _sample_passage(root: Path, keys: Keys) -> Passage:
    if keys.above:
        return Passage(path=keys.path, above=keys.above, text=keys.text)
    text = (root / keys.path).read_text(encoding="utf-8")
    at = text.index("\n" + keys.before) + 1
    return Passage(path=keys.path, above=text[:at], text=keys.text, below="\n\n\n" + text[at:])


def _read_source(file: Path) -> str:
    if is_secret_path(file.name):
        raise Unsuitable(_SECRET.format(file))
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise Unsuitable(f"There is no file {file}.") from None
    except OSError as error:
        if file.is_dir():
            raise Unsuitable(f"{file} is a folder; name a source file in it.") from None
        raise Unsuitable(f"{file} cannot be read: {error.strerror}.") from None
    return _as_text(file, content)


def _as_text(file: Path, content: bytes) -> str:
    if len(content) > MAX_FILE_BYTES:
        raise Unsuitable(
            f"{file} is larger than {MAX_FILE_BYTES // 1024} KB; hybrid-lsp does not learn from such files."
        )
    if not content.strip():
        raise Unsuitable(f"{file} is empty.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unsuitable(f"{file} is not UTF-8 text.") from None
    if "\0" in text:
        raise Unsuitable(f"{file} is a binary file.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _repository_of(file: Path) -> Path:
    """Return the nearest folder above the file that has a `.git`, else the file's own folder."""
    return next((folder for folder in file.parents if (folder / ".git").exists()), file.parent)


def _copy_sources(source_root: Path, root: Path, *, first: Path) -> None:
    """Copy what a server would learn from, nearest to the file first, until a bound is reached."""
    copied_files = copied_bytes = 0
    seen: set[str] = set()
    for path in chain(_sources_below(first.parent), _sources_below(source_root)):
        relative = path.relative_to(source_root).as_posix()
        if path == first or relative in seen or is_secret_path(relative):
            continue
        seen.add(relative)
        target = root / relative
        try:
            size_bytes = path.stat().st_size
            if size_bytes > MAX_FILE_BYTES:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        except OSError:
            continue
        copied_files += 1
        copied_bytes += size_bytes
        if copied_files >= MAX_FILES or copied_bytes >= MAX_TOTAL_BYTES:
            return


def _sources_below(folder: Path) -> Iterator[Path]:
    """Yield source files and `.gitignore`s, by name, of at most `MAX_FOLDERS` folders, and follow no link."""
    for count, (here, folders, names) in enumerate(os.walk(folder)):
        if count >= MAX_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if name not in _NEVER and not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if (name == ".gitignore" or is_source(name)) and path.is_file() and not path.is_symlink():
                yield path
