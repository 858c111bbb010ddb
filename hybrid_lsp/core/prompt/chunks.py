"""Parts of other files in a prompt: which are taken in, in which order they stand, and when they go.

Rules:
1. They are only added at the end, so that what a server has computed for those before stays good.
2. Once there are too many, the older half goes at once, not one with every new one.
3. Nothing is said twice: a chunk like one that is there, or like the text around the cursor, is not taken in.
4. A file that is never to be read is not taken in, whoever offers it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hybrid_lsp.core.fim import Family, neutralise
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.prompt.clean import IsSecret, clean_lines
from hybrid_lsp.core.tokens import Coefficients, estimate_tokens, split_lines

CHUNK_LINES = 64
_LEAST_LINES = 4
_LIKE_ANOTHER = 0.9
_LIKE_HERE = 0.5


class Why(StrEnum):
    """Why a chunk may help, the best reason first."""

    RECENT = "recent"
    """It was edited not long ago."""
    VISIBLE = "visible"
    """It is on screen."""
    IMPORTED = "imported"
    """The file at the cursor imports it."""
    LANGUAGE = "language"
    """It is of the same language."""


_RANK = {why: rank for rank, why in enumerate(Why)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of another file; what goes beyond 64 lines is not used."""

    path: str
    """As `Excerpt.path`."""
    text: str
    why: Why


def chunk_at(*, path: str, text: str, line: int, why: Why) -> Chunk:
    """Return the 64 lines around a 0-based line of a file, fewer where the file has fewer."""
    lines = split_lines(text)
    first = max(0, min(line - CHUNK_LINES // 2, len(lines) - CHUNK_LINES))
    return Chunk(path=path, text="".join(lines[first : first + CHUNK_LINES]), why=why)


def similarity(some: frozenset[str], others: frozenset[str]) -> float:
    """Return 0 for sets of lines that share none, 1 for equal ones."""
    return 2 * len(some & others) / (len(some) + len(others)) if some and others else 0.0


def taken_in(
    kept: tuple[Chunk, ...], offered: Sequence[Chunk], excerpt: Excerpt, *, is_secret: IsSecret, weights: Coefficients,
    cap: float,
) -> tuple[Chunk, ...]:  # fmt: skip
    """Return the chunks for the prompt, cleaned: those kept, and behind them the best of those offered.

    What is new takes up half of `cap` at most, so that an offer never turns out all that was there; all of it when
    nothing was. A chunk that is too long is cut to its middle.
    """
    here = _lines_of("".join(split_lines(excerpt.above)[-CHUNK_LINES // 2 :]) + excerpt.below[: 80 * CHUNK_LINES // 2])
    seen = [_lines_of(chunk.text) for chunk in kept]
    most = room = cap / 2 if kept else cap
    fresh: list[Chunk] = []
    for chunk in sorted(offered, key=lambda chunk: _RANK[chunk.why]):
        if chunk.path == excerpt.path or is_secret_path(chunk.path):
            continue
        chunk = _cut_to(room, replace(chunk, text=clean_lines(chunk.text, is_secret)), weights)
        lines = _lines_of(chunk.text)
        if lines and similarity(lines, here) <= _LIKE_HERE and _unlike_all(lines, seen):
            room -= chunk_tokens(chunk, weights)
            seen.append(lines)
            fresh.append(chunk)
    return within(kept, cap - (most - room), weights) + tuple(fresh)


def _cut_to(room: float, chunk: Chunk, weights: Coefficients) -> Chunk:
    """The middle of a chunk that fits; without text if that is too little to be of use."""
    lines = split_lines(chunk.text)[:CHUNK_LINES]
    while chunk_tokens(chunk := replace(chunk, text="".join(lines)), weights) > room and lines:
        quarter = len(lines) // 4
        lines = lines[quarter : len(lines) - quarter] if quarter >= _LEAST_LINES // 2 else []
    return chunk


def within(chunks: tuple[Chunk, ...], cap: float, weights: Coefficients) -> tuple[Chunk, ...]:
    """Return the chunks if they fit; else without the older half, as often as it takes."""
    while chunks and sum(chunk_tokens(chunk, weights) for chunk in chunks) > cap:
        chunks = chunks[(len(chunks) + 1) // 2 :]
    return chunks


def chunk_tokens(chunk: Chunk, weights: Coefficients) -> float:
    """Estimate a chunk and what introduces it, whichever way."""
    return estimate_tokens(f"<!-- {chunk.path} -->\n{chunk.text}\n", weights) + 1


def introduced(chunks: tuple[Chunk, ...], excerpt: Excerpt, family: Family | None) -> tuple[str, str]:
    """Return the chunks as one text, and what introduces the own file: by the family's mark, else by comments."""
    mark = family.file_mark if family else ""
    opening, closing = (mark, "") if mark else _COMMENTS.get(excerpt.language, ("// ", ""))
    heads = [f"{opening}{_plain(path)}{closing}\n" for path in (*(chunk.path for chunk in chunks), excerpt.path)]
    texts = (chunk.text if chunk.text.endswith("\n") else f"{chunk.text}\n" for chunk in chunks)
    return "".join(head + text for head, text in zip(heads, texts, strict=False)), heads[-1]


def _unlike_all(lines: frozenset[str], seen: list[frozenset[str]]) -> bool:
    return all(similarity(lines, others) <= _LIKE_ANOTHER for others in seen)


def _lines_of(text: str) -> frozenset[str]:
    return frozenset(stripped for line in text.split("\n") if (stripped := line.strip()))


def _plain(path: str) -> str:
    return neutralise(" ".join(path.splitlines()))


_HASH = ("python", "ruby", "shellscript", "yaml", "toml", "dockerfile", "makefile", "perl", "r", "elixir", "julia",
         "powershell", "coffeescript", "cmake", "nix", "starlark", "gdscript", "nim", "crystal")  # fmt: skip
_COMMENTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_HASH, ("# ", "")),
    **dict.fromkeys(("lua", "sql", "haskell", "ada", "elm", "vhdl"), ("-- ", "")),
    **dict.fromkeys(("html", "xml", "markdown", "vue", "svelte"), ("<!-- ", " -->")),
    **dict.fromkeys(("css", "c"), ("/* ", " */")),
    **dict.fromkeys(("clojure", "lisp", "scheme", "ini"), ("; ", "")),
    **dict.fromkeys(("latex", "tex", "erlang", "matlab"), ("% ", "")),
}
"""What begins and ends a comment, by the editor's language id; `//` elsewhere."""
