"""How good the suggestions are: `embedded_quality.py REPO [REPO ...]`, on repositories not used for fitting.

Lines of a commit replay are typed key by key. A suggestion that is right (the rest of the line, or a beginning of it of
8 characters or more) is accepted the moment it is shown, with one key: what is saved is what an ideal user would save.
A suggestion counts once for as long as it stays on screen.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded_adapter import Completer
from embedded_fit import is_right
from embedded_replay import Changes, Target, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What it took to type a line."""

    chars: int
    keys: int
    shown: int
    """Different suggestions."""
    accepted: int


def type_line(completer: Completer, target: Target) -> Line:
    """Type one line as an ideal user."""
    line = target.line.rstrip()
    column = start = len(line) - len(line.lstrip())
    keys = shown = accepted = 0
    on_screen = ""
    while column < len(line):
        text = target.above + line[:column] + target.below
        answers = completer.complete(target.path, text, len(target.above) + column)
        offered = answers[0][2] if answers else ""
        if offered and line[:column] + offered != on_screen:
            shown += 1
        on_screen = line[:column] + offered if offered else ""
        is_accepted = len(offered) > 1 and is_right(offered, line[column:])
        accepted += is_accepted
        column += len(offered) if is_accepted else 1
        keys += 1
    return Line(chars=len(line) - start, keys=keys, shown=shown, accepted=accepted)


def type_lines(repository: Path, lines: int, completer: Completer) -> Iterator[Line]:
    """Type the lines of a commit replay."""
    is_open = False
    for event in replay(repository, lines=lines):
        if isinstance(event, Target):
            completer.prepare()
            yield type_line(completer, event)
        elif isinstance(event, Changes) and is_open:
            completer.update_files(event.files)
        else:
            completer.open_workspace({path: text for path, text in event.files.items() if text is not None})
            is_open = True


def report(name: str, lines: Iterable[Line]) -> None:
    typed = list(lines)
    chars, keys = sum(line.chars for line in typed), sum(line.keys for line in typed)
    shown, accepted = sum(line.shown for line in typed), sum(line.accepted for line in typed)
    print(
        f"{name:24} {len(typed):4} lines  saved of 100 characters {100 * (chars - keys) / max(1, chars):5.1f}  "
        f"right {accepted / max(1, shown):4.0%}  suggestions per line {shown / max(1, len(typed)):.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path, help="git repositories, bare or not")
    parser.add_argument("--lines", type=int, default=50, help="lines of each repository")
    parser.add_argument("--buffer-only", action="store_true", help="learn nothing from disk")
    parser.add_argument("--doubt", type=float, default=0.0, help="added to the threshold")
    arguments = parser.parse_args()
    everything: list[Line] = []
    for repository in arguments.repositories:
        completer = Completer(buffer_only=arguments.buffer_only, doubt=arguments.doubt)
        lines = list(type_lines(repository, arguments.lines, completer))
        named = repository.resolve()
        report((named.parent if named.name in ("repo", ".git") else named).name, lines)
        everything += lines
    report("all", everything)


if __name__ == "__main__":
    main()
