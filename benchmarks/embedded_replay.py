"""Commit replay: what a person typed, taken from the history of a git repository.

The workspace is a commit's first parent. Each line that the commit adds may be a target: above it stands the new text,
below it the old one, and nothing that was not yet typed is visible. Finished files of the commit count as written.
Left out: commits by bots, of more than 15 files or 400 lines; lines of fewer than 6 or more than 200 characters; lines
that the commit deletes elsewhere (moves); and lines inside a run of four that stands in the workspace already (pastes).
"""

import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

TYPED = frozenset((
    ".py", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".rb",
    ".php", ".vue", ".svelte", ".kt", ".swift", ".lua",
))  # fmt: skip
SEEN = TYPED | {".md", ".toml", ".yml", ".yaml", ".json", ".html", ".css", ".sh", ".rst"}
_NOT_OURS = re.compile(
    r"(^|/)(node_modules|vendor|third_party|dist|build|deps|target|__snapshots__)/|\.min\.|\.lock$|-lock\.|\.snap$|\.pb\.go$"
)
_BOT = re.compile(r"bot\b|\[bot\]")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_RUN_LINES = 4
_LINES_PER_COMMIT = 12
_MAX_FILE_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A line that somebody typed."""

    path: str
    above: str
    """The text above the line, ending in a newline."""
    line: str
    below: str
    """The text below the line, beginning with a newline, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Files that were written (text) or deleted (None) since the last event. The first one is the whole workspace."""

    files: dict[str, str | None]


@dataclass(slots=True)
class _FileDiff:
    old: str | None = None
    new: str | None = None
    hunks: list[tuple[int, int, int, int]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)


class _Git:
    def __init__(self, repository: Path) -> None:
        self._directory = repository if (repository / "HEAD").exists() else repository / ".git"

    def run(self, *arguments: str) -> str:
        command = ["git", "--git-dir", str(self._directory), *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace")

    def text(self, revision: str, path: str) -> str | None:
        """Return a file as it stood, or None where it is missing or no text we would read."""
        command = ["git", "--git-dir", str(self._directory), "cat-file", "blob", f"{revision}:{path}"]
        answer = subprocess.run(command, check=False, capture_output=True)
        if answer.returncode or len(answer.stdout) > _MAX_FILE_BYTES or b"\0" in answer.stdout:
            return None
        try:
            return answer.stdout.decode().replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None

    def commits(self, most: int) -> list[tuple[str, str]]:
        """Return `(parent, commit)`, oldest first, of the newest commits that add a modest number of lines."""
        found: list[tuple[str, str]] = []
        for row in self.run("log", "--first-parent", "--format=%H%x00%P%x00%an").splitlines():
            commit, parents, author = row.split("\0")
            if parents and not _BOT.search(author):
                parent = parents.split()[0]
                rows = [r.split("\t") for r in self.run("diff", "--numstat", parent, commit).splitlines()]
                added = sum(int(n) for n, _, path in rows if n != "-" and _wanted(path, TYPED))
                if 0 < added <= 400 and len(rows) <= 15:
                    found.append((parent, commit))
            if len(found) == most:
                break
        return found[::-1]

    def diff(self, old: str, new: str) -> list[_FileDiff]:
        files: list[_FileDiff] = []
        for line in self.run("diff", "-U0", "-M", "--no-color", "--no-ext-diff", old, new).split("\n"):
            if line.startswith("diff --git "):
                files.append(_FileDiff())
            elif files and line.startswith("--- ") and not files[-1].hunks:
                files[-1].old = None if line == "--- /dev/null" else line[6:]
            elif files and line.startswith("+++ ") and not files[-1].hunks:
                files[-1].new = None if line == "+++ /dev/null" else line[6:]
            elif files and (hunk := _HUNK.match(line)):
                first, removed, at, added = (1 if n is None else int(n) for n in hunk.groups())
                files[-1].hunks.append((first, removed, at, added))
            elif files and line.startswith("-"):
                files[-1].deleted.add(line[1:].strip())
        return files


def replay(repository: Path, *, lines: int, seed: int = 1, commits: int = 120) -> Iterator[Changes | Target]:
    """Yield the workspace, then targets and what was written between them. The same for the same history and seed."""
    git, chance = _Git(repository), random.Random(seed)
    history = git.commits(min(commits, max(8, lines // 3)))
    if not history:
        return
    workspace = _tree(git, history[0][0])
    yield Changes(files=dict(workspace))
    runs = {run for text in workspace.values() if text for run in _runs(text)}
    at = history[0][0]
    for parent, commit in history:
        if parent != at:
            between = {name: git.text(parent, name) for d in git.diff(at, parent) for name in (d.old, d.new) if name}
            yield Changes(files={name: text for name, text in between.items() if _wanted(name, SEEN)})
        diffs = git.diff(parent, commit)
        moved = set().union(*(d.deleted for d in diffs))
        quota = _LINES_PER_COMMIT
        for d in diffs:
            new = git.text(commit, d.new) if d.new and _wanted(d.new, SEEN) else None
            if new is not None and d.new and _wanted(d.new, TYPED):
                old = (git.text(parent, d.old) if d.old else None) or ""
                targets = [t for t in _targets(d.new, new, old, d.hunks, runs) if t.line.strip() not in moved]
                chosen = sorted(chance.sample(range(len(targets)), min(quota, len(targets))))
                quota -= len(chosen)
                for target in islice((targets[i] for i in chosen), lines):
                    lines -= 1
                    yield target
            yield Changes(files={name: (new if name == d.new else None) for name in (d.old, d.new) if name})
            runs.update(_runs(new or ""))
        at = commit
        if lines <= 0:
            return


def _tree(git: _Git, revision: str) -> dict[str, str | None]:
    names = [n for n in git.run("ls-tree", "-r", "-z", "--name-only", revision).split("\0") if _wanted(n, SEEN)]
    return {name: text for name in names if (text := git.text(revision, name)) is not None}


def _wanted(path: str, suffixes: frozenset[str]) -> bool:
    return PurePosixPath(path).suffix.lower() in suffixes and not _NOT_OURS.search(path)


def _runs(text: str) -> set[int]:
    """Return a number for each run of four lines that are not blank."""
    bare = [line for line in map(str.strip, text.split("\n")) if line]
    return {hash(tuple(bare[i : i + _RUN_LINES])) for i in range(len(bare) - _RUN_LINES + 1)}


def _targets(path: str, new: str, old: str, hunks: list[tuple[int, int, int, int]], runs: set[int]) -> list[Target]:
    after, before = new.split("\n"), old.split("\n")
    targets = []
    for first, removed, start, added in hunks:
        rest = before[first - 1 + removed :] if removed else before[first:]
        below = "\n" + "\n".join(rest) if rest else ""
        hunk = after[start - 1 : start - 1 + added]
        for offset, line in enumerate(hunk):
            if len(line.strip()) >= 6 and len(line) <= 200 and not _is_pasted(hunk, offset, runs):
                above = "".join(f"{one}\n" for one in after[: start - 1 + offset])
                targets.append(Target(path=path, above=above, line=line, below=below))
    return targets


def _is_pasted(hunk: list[str], offset: int, runs: set[int]) -> bool:
    bare = [(i, line.strip()) for i, line in enumerate(hunk) if line.strip()]
    at = next(n for n, (i, _) in enumerate(bare) if i == offset)
    texts = [text for _, text in bare]
    windows = (tuple(texts[n : n + _RUN_LINES]) for n in range(max(0, at - _RUN_LINES + 1), at + 1))
    return any(len(window) == _RUN_LINES and hash(window) in runs for window in windows)
