"""What the model costs: `embedded_cost.py REPO [REPO ...] [--megabytes 0 1 10]`, in CPU time of this process.

The trees of the repositories are put side by side until there is enough source. Lines of a file of a thousand lines are
then typed key by key, as they stand in it, and every key is asked for a suggestion.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from embedded_adapter import learned
from embedded_replay import Changes, replay

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.scoring import shipped_weights

_LINES = 60
_FILE_LINES = 1000


def trees(repositories: list[Path]) -> dict[str, str]:
    """Return the files of all repositories, each below a folder of its own."""
    files = {}
    for number, repository in enumerate(repositories):
        first = next(replay(repository, lines=1))
        if isinstance(first, Changes):
            files.update({f"{number}/{path}": text for path, text in first.files.items() if text is not None})
    return files


def first_bytes(files: dict[str, str], most: int) -> dict[str, str]:
    """Return as many files as fit; the same again under other names where there are too few."""
    taken: dict[str, str] = {}
    size, copy = 0, 0
    while size < most and files:
        for path, text in files.items():
            if size >= most:
                break
            taken[f"{copy}/{path}"] = text
            size += len(text)
        copy += 1
    return taken


def file_in_hand(files: dict[str, str]) -> str:
    """Return the path of a file of about a thousand lines."""
    return min(files, key=lambda path: abs(files[path].count("\n") - _FILE_LINES))


def keys(path: str, text: str) -> Iterator[Excerpt]:
    """Yield an excerpt for each key of some lines of a file."""
    lines = text.split("\n")
    chance = random.Random(3)
    written = [number for number, line in enumerate(lines) if len(line.strip()) >= 6]
    version = 0
    for number in sorted(chance.sample(written, min(_LINES, len(written)))):
        above = "".join(f"{line}\n" for line in lines[:number])
        below = "\n".join(lines[number + 1 :])
        line = lines[number]
        for column in range(len(line) - len(line.lstrip()), len(line)):
            version += 1
            yield Excerpt(
                workspace=1,
                document=1,
                version=version,
                path=path,
                language="",
                line=number,
                above=above,
                prefix=line[:column],
                below=below,
            )


def measure(files: dict[str, str], megabytes: float) -> None:
    path = file_in_hand(files)
    closed = {other: text for other, text in files.items() if other != path}
    begun = time.process_time()
    segment = learned(first_bytes(closed, int(megabytes * 1e6)))
    built_s = time.process_time() - begun
    model = FolderModel(shipped_weights())
    model.adopt_base(segment, ())
    begun = time.thread_time()
    model.open_page(1, path, files[path])
    opened_ms = (time.thread_time() - begun) * 1e3
    spent_ms, shown = [], 0
    for excerpt in keys(path, files[path]):
        begun = time.thread_time()
        shown += model.suggest(excerpt, 0.0) is not None
        spent_ms.append((time.thread_time() - begun) * 1e3)
    spent_ms.sort()
    at = [spent_ms[int(len(spent_ms) * share)] for share in (0.5, 0.9, 0.99)]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(
        f"{megabytes:5.1f} MB: {len(segment.emit):9,} tokens, built in {built_s:5.2f} s; {len(spent_ms)} keys: "
        f"p50 {at[0]:.2f}  p90 {at[1]:.2f}  p99 {at[2]:.2f}  worst {spent_ms[-1]:.2f} ms; "
        f"shown {shown / len(spent_ms):.0%}; opening the file {opened_ms:.0f} ms; "
        f"peak memory of the process {peak_mb:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path, help="git repositories, bare or not")
    parser.add_argument("--megabytes", nargs="+", type=float, default=[0, 1, 10])
    arguments = parser.parse_args()
    files = trees(arguments.repositories)
    print(f"{sum(map(len, files.values())) / 1e6:.1f} MB of source in {len(files)} files")
    for megabytes in arguments.megabytes:
        measure(files, megabytes)


if __name__ == "__main__":
    main()
