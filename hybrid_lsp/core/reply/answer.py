"""The new text of a part, out of what a chat model wrote around it.

Rules:
1. One fenced block is the answer, whatever stands around it; of several, the last one where the model was asked to
   reason first, else it is not clear which one is meant. How to run it, or what comes out, is none of them.
2. A fence within the answer that says its language ends at the next bare one, as in a README. Where bare ones could
   be the answer's end as well as its own, nothing is guessed.
3. An answer without any fence is taken as it stands: small models forget it. The checks see whether it is code.
4. The text is moved as a whole to the indentation of the part, and ends as the part does. Nothing else is mended.
5. Where there is no part, the text goes to the end of a line: on it, or on new ones below it.
"""

import re
from dataclasses import dataclass

_THOUGHT = re.compile(r"^[ \t]*</think>[ \t]*\r?$", re.MULTILINE)
_FENCE = re.compile(r"(?P<indent>[ ]{0,3})(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)")

_BESIDE = frozenset({"bash", "console", "diff", "output", "powershell", "sh", "shell", "text", "txt", "zsh"})
"""How blocks are labelled that stand beside an answer."""
_OF_COMMANDS = frozenset({"bat", "diff", "dockerfile", "makefile", "plaintext", "powershell", "shellscript"})
"""Languages of files, as editors call them, in which such a block can be the answer."""
_WORD = re.compile(r"\w")
_OPENERS = (":", "{", "=>", "->")
_CLOSERS = ")]};'\"`"
"""What ends a line, where a word cannot go on with it."""
_TAB, _STEP = "\t", "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was made out of a model's words."""

    text: str
    """The new text of the part; empty where there is none."""
    fenced: bool = False
    """Whether it stood in a fence."""
    closed: bool = True
    """Whether the fence that was opened was closed as well."""
    blocks: int = 0
    """How many whole fenced blocks there were."""
    last: bool = False
    """Whether it is clear that of several blocks the last one is meant."""


def well_formed(words: str) -> str:
    """Return words that every file can hold: a sign that came in two halves is one, and half a sign is U+FFFD."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return words


def after_thoughts(words: str) -> str:
    """Return what a model said once it had thought.

    Of some models the template opens the thoughts, so that the answer holds only their end: a line of its own.
    """
    end = _THOUGHT.search(words)
    return words if end is None or "<think>" in words[: end.start()] else words[end.end() :].lstrip("\r\n")


def answer_in(words: str, part: str, *, prefix: str = "", language: str = "", last: bool = False) -> Answer:
    """Return the new text of `part` that `words` hold; without a part, what comes behind `prefix` on its line.

    `language` is that of the file, where it is known. `last`: of several blocks the last one counts.
    """
    found, open_block = _blocks(words.replace("\r\n", "\n").replace("\r", "\n"))
    blocks = [text for _, text in found] if _has_fence(part) else _meant(found, language)
    last = last and not _opens_bare(part)
    if open_block is not None and (last or not blocks or open_block.strip() or _has_fence(part)):
        return Answer(text=_placed(open_block, part, prefix), fenced=True, closed=False, blocks=len(blocks), last=last)
    if not blocks:
        return Answer(text=_placed(words.strip("\n"), part, prefix) if words.strip() else "")
    return Answer(text=_placed(blocks[-1 if last else 0], part, prefix), fenced=True, blocks=len(blocks), last=last)


def _meant(blocks: list[tuple[str, str]], language: str) -> list[str]:
    """Return the blocks that can be the answer, each once: not a command that runs it, nor what that prints."""
    code = [text for label, text in blocks if label not in _BESIDE] if language not in _OF_COMMANDS else []
    return list(dict.fromkeys(code or [text for _, text in blocks]))


def _blocks(words: str) -> tuple[list[tuple[str, str]], str | None]:
    """Return label and text of each closed block, and the text of one that was never closed."""
    nested = _read(words, nested=True)
    return nested if nested[1] is None else _read(words, nested=False)


def _read(words: str, *, nested: bool) -> tuple[list[tuple[str, str]], str | None]:
    blocks: list[tuple[str, str]] = []
    label = ""
    inside: list[str] = []
    fences: list[str] = []
    for line in words.split("\n"):
        match = _FENCE.fullmatch(line.rstrip())
        if not fences:
            if match:
                inside, fences, label = [], [match["ticks"]], match["info"].strip().lower()
            continue
        if match and not match["info"].strip() and match["ticks"].startswith(fences[-1]):
            fences.pop()
        elif match and nested and match["info"].strip() and match["ticks"].startswith(fences[0]):
            fences.append(match["ticks"])
        if fences:
            inside.append(line)
        else:
            blocks.append((label, "\n".join(inside)))
    return blocks, "\n".join(inside) if fences else None


def _has_fence(text: str) -> bool:
    return any(_FENCE.fullmatch(line.rstrip()) for line in text.split("\n"))


def _opens_bare(text: str) -> bool:
    """Say whether a fence in the text opens without a language, as every fence ends."""
    fence = ""
    for match in filter(None, (_FENCE.fullmatch(line.rstrip()) for line in text.split("\n"))):
        if fence:
            fence = "" if not match["info"].strip() and match["ticks"].startswith(fence) else fence
        elif not match["info"].strip():
            return True
        else:
            fence = match["ticks"]
    return False


def _placed(text: str, part: str, prefix: str) -> str:
    """Return the text at the part's indentation, ending as the part does."""
    text = text.strip("\n")
    if not text.strip():
        return ""
    if not part:
        return _behind(prefix, text)
    return _at(_base(part), text) + part[len(part.rstrip("\n")) :]


def _at(wanted: str, text: str) -> str:
    """Return the text with another indentation."""
    found = _base(text)
    return text if found == wanted else "\n".join(_moved(line, found, wanted) for line in text.split("\n"))


def _behind(prefix: str, text: str) -> str:
    """Return what comes behind a line that ends in the midst of what is wanted, or is to be followed by it."""
    said, indent = prefix.strip(), _base(prefix)
    if not said:
        return _at(prefix, text).removeprefix(prefix) if prefix else text
    first = text.split("\n", 1)[0]
    if first.strip().startswith(said):  # the line is said once more, with its end
        again = _at(indent, text)
        return again.removeprefix(prefix) if again.startswith(prefix) else again[len(indent) + len(said) :]
    if first[0] in " \t":
        if "\n" not in text and prefix[-1] in " \t":
            return text.lstrip()
        is_below = "\n" in text or _base(first) == indent or said.endswith((*_OPENERS, "(", "[", ","))
        return f"\n{text}" if is_below else text
    if said.endswith(_OPENERS):
        return f"\n{_at(indent + (_TAB if _TAB in indent else _STEP), text)}"
    return f"\n{_at(indent, text)}" if said[-1] in _CLOSERS and _WORD.match(text) else text


def _base(text: str) -> str:
    """The indentation that every line with something on it has."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return ""
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
    first, last = min(indents), max(indents)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def _moved(line: str, found: str, wanted: str) -> str:
    return wanted + line[len(found) :] if line.strip() else line.strip(" \t")
