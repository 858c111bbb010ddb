"""Fit `hybrid_lsp/embedded/weights.json` on git repositories of your choice: `embedded_fit.py REPO [REPO ...]`.

Each line of a commit replay is stopped at up to six cursors; every guess of the model there is one example, right when
it is the rest of the line or a beginning of it of 8 characters or more. Logistic regression by Newton's method, in
plain Python. Takes minutes. Never fit on the repositories that you measure on.
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Iterator
from operator import mul
from pathlib import Path

from embedded_adapter import Completer
from embedded_replay import Changes, Target, replay

from hybrid_lsp.embedded import scoring
from hybrid_lsp.embedded.guesses import MIN_CUT_CHARS
from hybrid_lsp.embedded.tokens import split_typed

NAMES = scoring.SITUATION + scoring.GUESS
WEIGHTS = Path(scoring.__file__).with_name("weights.json")
_CURSORS = 5
_RIDGE = 1e-3
_STEPS = 12
Example = tuple[tuple[float, ...], float, float]
"""Numbers, 1.0 for right, and how much the example counts."""


def cursors(line: str, chance: random.Random) -> list[int]:
    """Return the start of what is written in a line and some columns further right, as many keys come past them."""
    start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    further = range(start + 1, end - 2)
    return [start, *chance.sample(further, min(_CURSORS, len(further)))]


def is_right(text: str, rest: str) -> bool:
    """Say whether a suggestion for a line that goes on with `rest` is one to accept."""
    return text == rest.rstrip() or (len(text) >= MIN_CUT_CHARS and rest.startswith(text))


def examples(repository: Path, lines: int) -> Iterator[Example]:
    completer, chance = Completer(), random.Random(7)
    opened = False
    for event in replay(repository, lines=lines):
        if isinstance(event, Changes):
            if opened:
                completer.update_files(event.files)
            else:
                completer.open_workspace({path: text for path, text in event.files.items() if text is not None})
                opened = True
            continue
        completer.prepare()
        for column in cursors(event.line, chance):
            yield from _examples_at(completer, event, column)


def _examples_at(completer: Completer, target: Target, column: int) -> Iterator[Example]:
    text = target.above + target.line[:column] + target.below
    prefix = target.line[:column].lstrip()
    appraisals = completer.appraise(target.path, text, len(target.above) + column)
    part = split_typed(prefix)[1]
    for one in appraisals:
        situation = scoring.situation_numbers(part=part, prefix=prefix, candidate_count=one.candidate_count)
        right = float(is_right(one.text, target.line[column:]))
        yield situation + one.numbers, right, len(appraisals) ** -0.5


def fit(rows: list[Example]) -> list[float]:
    """Return the weights that make the examples likeliest, with a little ridge; works on standardised numbers."""
    size = len(NAMES)
    mean = [sum(numbers[i] for numbers, _, _ in rows) / len(rows) for i in range(size)]
    spread = [
        math.sqrt(sum((numbers[i] - mean[i]) ** 2 for numbers, _, _ in rows) / len(rows)) or 1.0 for i in range(size)
    ]
    mean[0], spread[0] = 0.0, 1.0
    scaled = [
        ([(x - m) / s for x, m, s in zip(numbers, mean, spread, strict=True)], right, counts)
        for numbers, right, counts in rows
    ]
    weights = [0.0] * size
    for step in range(_STEPS):
        gradient, curvature, loss = _derivatives(scaled, weights)
        change = _solve(curvature, gradient)
        weights = [w - c for w, c in zip(weights, change, strict=True)]
        print(f"step {step}: loss {loss:.4f}", file=sys.stderr)
        if max(map(abs, change)) < 1e-4:
            break
    plain = [w / s for w, s in zip(weights, spread, strict=True)]
    plain[0] = weights[0] - sum(w * m / s for w, m, s in zip(weights[1:], mean[1:], spread[1:], strict=True))
    return plain


def _derivatives(rows: list[Example], weights: list[float]) -> tuple[list[float], list[list[float]], float]:
    size, ridge = len(weights), _RIDGE * len(rows)
    gradient = [0.0, *(0.1 * ridge * w for w in weights[1:])]
    curvature = [[0.0] * size for _ in range(size)]
    loss = total = 0.0
    for numbers, right, counts in rows:
        chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(map(mul, weights, numbers))))))
        loss -= counts * math.log(max(1e-9, chance if right else 1 - chance))
        total += counts
        slope, bend = counts * (chance - right), counts * chance * (1 - chance)
        for i, x in enumerate(numbers):
            gradient[i] += slope * x
            if x:
                factor, row = bend * x, curvature[i]
                for j in range(i + 1):
                    row[j] += factor * numbers[j]
    for i in range(size):
        curvature[i][i] += 0.1 * ridge
        for j in range(i):
            curvature[j][i] = curvature[i][j]
    return gradient, curvature, loss / total


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a linear system by elimination with the largest pivot."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, size):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        solution[i] = (rows[i][size] - sum(map(mul, rows[i][i + 1 : size], solution[i + 1 :]))) / rows[i][i]
    return solution


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path, help="git repositories, bare or not")
    parser.add_argument("--lines", type=int, default=300, help="lines of each repository")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    rows: list[Example] = []
    for repository in arguments.repositories:
        before = len(rows)
        rows += examples(repository, arguments.lines)
        print(f"{repository}: {len(rows) - before} examples", file=sys.stderr)
    weights = dict(zip(NAMES, (round(w, 4) for w in fit(rows)), strict=True))
    arguments.output.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
