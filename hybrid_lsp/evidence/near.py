"""Which test files are near a change: by their names, by what they mention, by where they lie. Cheap and bounded."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from hybrid_lsp.evidence.copying import distance

MOST_TESTS = 4
_MOST_READ = 400
_MOST_BYTES = 512 * 1024
_PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$")
_JAVASCRIPT_TEST = re.compile(r"(?:(?:\.|-|_)(?:test|spec)|(?:^|/)(?:test|__tests__|tests)/.*)\.[cm]?[jt]sx?$")
_MARKS = re.compile(r"^test_|_test$|[._-](?:test|spec)$")


def near_tests(
    root: Path, files: Iterable[str], path: str, names: tuple[str, ...], *, is_late: Callable[[], bool] = lambda: False
) -> tuple[str, ...]:
    """Return the test files nearest to a change in the file `path` that touches `names`, the nearest first.

    A file counts that is called after the changed one, or mentions one of the names; nothing else is near.
    """
    pattern = _PYTHON_TEST if path.endswith(".py") else _JAVASCRIPT_TEST
    here, stem = str(PurePosixPath(path).parent), _stem(path)
    tests = [one for one in files if pattern.search(one) and one != path]
    tests.sort(key=lambda one: (not _called_after(one, stem), distance(str(PurePosixPath(one).parent), here), one))
    mentions = [_mention(name) for name in names]
    ranked = []
    for order, test in enumerate(tests[:_MOST_READ]):
        if is_late():
            break
        text = _text(root / test)
        said = next((at for at, mention in enumerate(mentions) if mention.search(text)), None)
        if said is not None or _called_after(test, stem):
            ranked.append((said is None, not _called_after(test, stem), said or 0, order, test))
    return tuple(test for *_, test in sorted(ranked)[:MOST_TESTS])


def _stem(path: str) -> str:
    """Return what a file is called: for the main file of a package, what the package is."""
    pure = PurePosixPath(path)
    return pure.parent.name if pure.stem in ("__init__", "__main__", "index") else pure.stem


def _called_after(test: str, stem: str) -> bool:
    name = PurePosixPath(test).name.partition(".")[0]
    bare = _MARKS.sub("", PurePosixPath(test).stem if not test.endswith(".py") else name)
    return bool(stem) and stem.strip("_") in (bare, name) and name != ""


def _mention(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
