"""Secrets in the columns of SQL that are called so: the names stand above, or before, all the values. Pure."""

import re
from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Hit, compiled, places
from hybrid_lsp.core.redact.values import is_password, is_sure_token

_NAMES = r"\s{0,8}\(([\w\s,\"`\[\].]{3,2000}+)\)\s{0,8}"
_VALUES = _NAMES + r"(?:OVERRIDING \w+ VALUE\s{0,8})?VALUES?\s{0,8}"
_FROM_INPUT = _NAMES + r"FROM stdin[^;\n]{0,80};\r?\n"
_TABLE = r"[\w.\"`\[\]]{1,120}+"
_ROW = r"\s{0,8},?\s{0,8}\("
_CELL = (
    r"\s{0,8}(?:[NE]?'(?P<string>(?:[^'\\\n]|\\.|''){0,4000}+)'|[^,()'\n]{0,400}+(?:\([^()\n]{0,200}\))?)"
    r"\s{0,8}(?P<last>[,)])"
)
_SECRET = r"(?i)(?:\w*_)?(?:password|passwd|passphrase|pwd|secret|token|api_?key|(?:access|private|secret)_?key)s?"
_MOST_ROWS = 20_000


def column_hits(text: str) -> Iterator[Hit]:
    """Yield the values of columns called `password`, `api_key` and the like, as `INSERT` and `COPY` have them."""
    for start, names, read in (("INTO ", _VALUES, _rows), ("into ", _VALUES, _rows), ("COPY ", _FROM_INPUT, _lines)):
        done = 0
        for at in places(text, start):
            table = compiled(_TABLE + names, re.IGNORECASE).match(text, at + len(start)) if at >= done else None
            if table is not None and (columns := _secret_columns(table[1])):
                hits: list[Hit] = []
                done = read(text, table.end(), columns, hits)
                yield from hits


def _secret_columns(names: str) -> dict[int, str]:
    """Return the places of the columns that hold secrets, and the kind of each."""
    words = [name.strip(' \t\r\n"`[]') for name in names.split(",")]
    return {
        number: "PASSWORD" if compiled(r"(?i)pass|pwd").search(word) else "TOKEN"
        for number, word in enumerate(words)
        if compiled(_SECRET).fullmatch(word)
    }


def _rows(text: str, at: int, columns: dict[int, str], hits: list[Hit]) -> int:
    """Add what stands in the columns of rows in parentheses; return where the rows end."""
    for _ in range(_MOST_ROWS):
        row = compiled(_ROW).match(text, at)
        if row is None:
            break
        at, number, cell = row.end(), 0, None
        while (cell is None or cell["last"] == ",") and (cell := compiled(_CELL).match(text, at)) is not None:
            if number in columns and cell["string"] and _is_worth(cell["string"], columns[number]):
                hits.append(Hit(*cell.span("string"), columns[number], cell.start("string") - 1))
            at, number = cell.end(), number + 1
        if cell is None:
            break
    return at


def _lines(text: str, at: int, columns: dict[int, str], hits: list[Hit]) -> int:
    """Add what stands in the columns of lines with tabs between; return where the lines end."""
    for _ in range(_MOST_ROWS):
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        line = text[at:end].rstrip("\r")
        if line.startswith("\\.") or not line:
            break
        start = at
        for number, cell in enumerate(line.split("\t")):
            if number in columns and _is_worth(cell, columns[number]):
                hits.append(Hit(start, start + len(cell), columns[number], start))
            start += len(cell) + 1
        at = min(len(text), end + 1)
    return at


def _is_worth(value: str, kind: str) -> bool:
    return is_password(value) if kind == "PASSWORD" else is_sure_token(value)
