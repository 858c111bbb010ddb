"""What is judged of each row that a model writes, one small function a rule. Pure."""

import re

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim.answer import PERIODS, Answer
from hybrid_lsp.core.trim.lines import PROSE, balance, blanks, opens, width_of
from hybrid_lsp.core.trim.openings import OPENINGS
from hybrid_lsp.core.trim.repeats import MAX_CHARS, checkpoints, echoes, is_near, runs_away

MAX_LINES = 24
_SURE_REPEAT_CHARS = 8
_KEY = re.compile(r"[\w+/=-]{8,}")


# Rewrites: `(answer, row)` -> the row as it goes into the file.


def indentation(answer: Answer, row: str) -> str:
    """Indent the first row no deeper than the block, and count the others from the cursor's column if the model did."""
    prefix, lead = answer.excerpt.prefix, row[: blanks(row)]
    if not answer.rows and prefix and not prefix.strip():
        expected = width_of(prefix)
        if answer.above and opens(answer.above[-1], answer.excerpt.language):
            expected = max(expected, width_of(answer.above[-1]) + (width_of(answer.unit) or 4))
        kept = lead
        while kept and width_of(prefix + kept) > expected:
            kept = kept[:-1]
        return kept + row[len(lead) :]
    if answer.rows and not any(answer.rows[1:]) and row.strip() and row.lstrip()[0] not in ")]}":
        first = answer.lines[0]
        if lead and opens(first, answer.excerpt.language) and width_of(row) <= width_of(first):
            answer.shift = first[: blanks(first)]
    return answer.shift + row if answer.shift and row.strip() else row


def file_style(answer: Answer, row: str) -> str:
    """Indent by tabs where the file does, by spaces where it does that."""
    if answer.inside or not answer.unit or (not answer.rows and answer.excerpt.prefix.strip()):
        return row
    lead = row[: blanks(row)]
    if answer.unit != "\t":
        return lead.replace("\t", answer.unit) + row[len(lead) :]
    tabs = len(lead) - len(lead.lstrip("\t"))
    spaces = len(lead[tabs:].expandtabs(4))
    answer.step = answer.step or (2 if spaces % 4 else 4) if spaces else answer.step
    more, left = divmod(spaces, answer.step or 4)
    return "\t" * (tabs + more) + " " * left + row[len(lead) :]


def trailing_blanks(answer: Answer, row: str) -> str:
    """Leave no blank at the end of a row."""
    return row.rstrip()


_REWRITES = (indentation, file_style, trailing_blanks)


# Cuts: `(answer, row)` -> how much of the row is kept; a row that is cut is the last.


def length(answer: Answer, row: str) -> int:
    """Cut a row that is longer than a whole text may be."""
    return MAX_CHARS


def runaway_row(answer: Answer, row: str) -> int:
    """Cut behind the first of the pieces that a row repeats."""
    return runs_away(row, [*checkpoints(row), len(row)])


def unbalanced_closers(answer: Answer, row: str) -> int:
    """Cut in front of a bracket that closes what neither the text nor the line where its block begins has opened."""
    line, language = answer.line(row), answer.excerpt.language
    if language in PROSE:
        return len(row)
    start = len(line) - len(row)
    return balance(line, answer.stack, answer.inside, language, own_from=start)[2] - start


def secrets(answer: Answer, row: str) -> int:
    """Cut in front of what looks like a key, also where the key begins left of the cursor."""
    line = answer.line(row)
    start = len(line) - len(row)
    for run in _KEY.finditer(line):
        if run.end() > start and any(map(answer.is_secret, {run[0], *re.split("[=/]", run[0])})):
            return max(run.start() - start, 0)
    return len(row)


_CUTS = (length, runaway_row, unbalanced_closers, secrets)


# Stops: `(answer, row)` -> None to go on; else the text ends here, and so many of its last rows are taken back.


def limits(answer: Answer, row: str) -> int | None:
    """Stop at 24 lines and at 2,000 characters."""
    chars = sum(map(len, answer.rows)) + len(answer.rows) + len(row)
    return 0 if len(answer.rows) >= MAX_LINES or chars > MAX_CHARS else None


def end_of_scope(answer: Answer, row: str) -> int | None:
    """Stop at a row less indented than the block, but for the one that closes it; at top level, at a new paragraph."""
    if not answer.rows or not row or answer.inside or answer.excerpt.language in PROSE:
        return None
    if row.lstrip()[0] in answer.stack[-1:]:
        return None
    width = width_of(row)
    return 0 if width < answer.level or (width == 0 and not answer.lines[-1]) else None


def repeated_below(answer: Answer, row: str) -> int | None:
    """Stop at the first line below the cursor, or one that differs from it by a character in twenty."""
    if not row or not answer.below:
        return None
    first = answer.below[0]
    said = first.strip()
    for line in {row, answer.line(row).rstrip()}:
        if line == first or (len(said) >= _SURE_REPEAT_CHARS and is_near(line.strip(), said)):
            return 0
    return 0 if len(row) >= _SURE_REPEAT_CHARS and row in answer.below[1:] else None


def repeated_above(answer: Answer, row: str) -> int | None:
    """Stop where the last two lines above the cursor come again, or any three near it."""
    count, rows = answer.echo_above([*answer.lines, answer.line(row)])
    is_last = count == 2 and bool(row) and answer.above[-1] == answer.line(row)
    return rows - 1 if count == 3 or is_last else None


def runaway_rows(answer: Answer, row: str) -> int | None:
    """Stop where one to three rows come for the third time, and keep them once."""
    lines = [*answer.lines, answer.line(row)]
    return next((2 * period - 1 for period in PERIODS if echoes(lines, period) == 2 * period), None)


_STOPS = (limits, end_of_scope, repeated_below, repeated_above, runaway_rows)


def same_as_suffix(text: str, excerpt: Excerpt) -> bool:
    """Say whether the whole text is what stands right of the cursor, or blank."""
    return text.strip() in ("", excerpt.suffix.strip())


RULES = frozenset(rule.__name__ for rule in (*OPENINGS, *_REWRITES, *_CUTS, *_STOPS, same_as_suffix))
"""The names of all rules."""


def takes(answer: Answer, raw: str) -> bool:
    """Take the next row, or what the rules leave of it; say whether it was the last."""
    row = raw
    for rewrite in _REWRITES:
        row = rewrite(answer, row)
    whole, row = row, _cut(answer, row)
    for stops in _STOPS:
        back = stops(answer, row)
        if back is not None:
            del answer.rows[len(answer.rows) - back :]
            return True
    answer.keep(row)
    return len(row) < len(whole) or answer.has_closed()


def _cut(answer: Answer, row: str) -> str:
    """Cut until no rule finds anything: what one leaves may be something to another."""
    end = -1
    while end != len(row):
        end = len(row)
        for cut in _CUTS:
            row = row[: cut(answer, row)].rstrip()
    return row
