"""What an action carries to the client and back, and what a person may write as a command's argument.

Where, never what: the words of diagnostics are remembered here under a number.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from hybrid_lsp.core.job import Task, Wish
from hybrid_lsp.frontends.lsp.aim import Aim, lines_meant, range_of, trimmed
from hybrid_lsp.frontends.lsp.blocks import Blocks, Span
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor

_MOST_OFFERED = 512
_TASKS = tuple(task.value for task in (Task.REFACTOR, Task.EXPLAIN, Task.FIX, Task.REVIEW))
_KEYS = ("task", "uri", "range", "version", "instruction", "wish", "fresh", "max_cost_usd", "instruct", "wait", "offer")
_MOST_INSTRUCTION_CHARS = 20_000
_MOST_UNITS = 2**31 - 1
"""The largest line or character of LSP (3.18 §Base Types)."""
CHANGED = "The text has changed since these actions were listed; list them again."


class Offers:
    """The actions that were listed last."""

    def __init__(self, editor: Editor, blocks: Blocks) -> None:
        self._editor = editor
        self._blocks = blocks
        self._offered: dict[int, Aim] = {}
        self._last = 0

    def data(self, document: Document, aim: Aim) -> dict[str, Any]:
        """Remember an aim, and return what stands for it in a message."""
        self._last += 1
        self._offered[self._last] = aim
        while len(self._offered) > _MOST_OFFERED:
            del self._offered[next(iter(self._offered))]
        place = range_of(document, aim.first, aim.last)
        return {
            "offer": self._last,
            "task": aim.task.value,
            "uri": aim.uri,
            "version": aim.version,
            "range": plain_range(place),
            "wish": aim.wish.value,
        }

    def aim(self, told: Any) -> tuple[Aim, Document]:
        """Return what an argument or an action's data means, with its document.

        Raises `JsonRpcInvalidParams`, in one sentence, for what means nothing.
        """
        if not isinstance(told, dict):
            _wrong("The argument is an object, as {task, uri, range}.")
        if unknown := sorted(set(map(str, told)) - set(_KEYS)):
            _wrong(f"There is no argument {unknown[0]}; there are {', '.join(_KEYS)}.")
        document = self.document(told)
        if _number(told, "version") not in (None, document.version):
            _wrong(CHANGED)
        offered = self._offered.get(_number(told, "offer") or 0)
        if offered is not None and (offered.uri, offered.version) == (document.uri, document.version):
            return offered, document
        first, last = self._lines(document, told)
        return Aim(
            task=Task(_one_of(told, "task", _TASKS)),
            uri=document.uri,
            version=document.version,
            first=first,
            last=last,
            instruction=_instruction(told),
            wish=Wish(_one_of(told, "wish", tuple(Wish), default=Wish.ANY.value)),
            fresh=_flag(told, "fresh"),
            cap_usd=most_usd(told),
            instruct=_flag(told, "instruct"),
        ), document

    def document(self, told: Mapping[str, Any]) -> Document:
        """Return the open document that an argument names."""
        uri = told.get("uri")
        document = self._editor.documents.get(uri) if isinstance(uri, str) else None
        if document is None:
            _wrong("The argument uri names a document that is open in the editor.")
        return document

    def _lines(self, document: Document, told: Mapping[str, Any]) -> Span:
        place = _range(told.get("range"))
        if place is None:
            found = trimmed(document, 0, document.line_count - 1)
        else:
            found = lines_meant(document, self._blocks, place)
        if found is None:
            _wrong("There is no code there; mark some lines, or put the cursor into some.")
        return found


def waits(told: Any) -> bool:
    """Say whether a command is answered when it is done, or at once."""
    return not isinstance(told, dict) or _flag(told, "wait", default=True)


def most_usd(told: Mapping[str, Any]) -> Decimal | None:
    """Return the most that something may cost; None where that is not said."""
    value = told.get("max_cost_usd")
    if value is None:
        return None
    try:
        amount = Decimal(str(value)) if isinstance(value, int | float | str) and value is not True else Decimal(-1)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        _wrong("The argument max_cost_usd is an amount in dollars, as 0.05.")
    return amount


def _wrong(sentence: str) -> NoReturn:
    raise JsonRpcInvalidParams(sentence)


def _one_of(told: Mapping[str, Any], key: str, values: tuple[str, ...], default: str = "") -> str:
    value = told.get(key, default)
    if value not in values:
        _wrong(f"The argument {key} is one of {', '.join(values)}.")
    return str(value)


def _instruction(told: Mapping[str, Any]) -> str:
    value = told.get("instruction")
    if not isinstance(value, str | None):
        _wrong("The argument instruction is a text.")
    if value and len(value) > _MOST_INSTRUCTION_CHARS:
        _wrong(f"The argument instruction has at most {_MOST_INSTRUCTION_CHARS:,} characters; say it in fewer.")
    return value or ""


def _number(told: Mapping[str, Any], key: str) -> int | None:
    value = whole(told.get(key))
    if not (value is None or type(value) is int):
        _wrong(f"The argument {key} is a whole number.")
    return value


def whole(value: Any) -> Any:
    """Return a whole number as one: some languages have one type of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(told: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    value = told.get(key, default)
    if not isinstance(value, bool):
        _wrong(f"The argument {key} is true or false.")
    return value


def _range(told: Any) -> types.Range | None:
    if told is None:
        return None
    try:
        numbers = [whole(told[end][unit]) for end in ("start", "end") for unit in ("line", "character")]
    except (TypeError, KeyError):
        numbers = [None]
    if not all(type(number) is int and 0 <= number <= _MOST_UNITS for number in numbers):
        _wrong("The argument range is one of LSP: {start: {line, character}, end: {line, character}}, counted from 0.")
    return types.Range(types.Position(*numbers[:2]), types.Position(*numbers[2:]))


def plain_range(place: types.Range) -> dict[str, dict[str, int]]:
    """Return a range as JSON has it."""
    return {
        "start": {"line": place.start.line, "character": place.start.character},
        "end": {"line": place.end.line, "character": place.end.character},
    }
