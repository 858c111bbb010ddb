"""One entry put into the text of a whitelist.json or taken out, and not a character changed elsewhere."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.policy import SAFEST, Fault, Policy, covers, policy_text
from hybrid_lsp.core.policy.file import ALLOWED, KEYS, LISTS, TASK_KEYS, read_value

INLINE_KEY = "inline_completion"


class Action(StrEnum):
    """What is done to an entry."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One entry to be put in or taken out: `add domains github.com`, `remove allowed_for_cloud code_review`."""

    action: Action
    key: str
    value: str


def understood(edit: Edit) -> Edit:
    """Return the edit with its value as a policy holds it; raise `Refused` where no whitelist can say it."""
    if edit.key not in KEYS:
        raise Refused(f"That is not a key of a whitelist; the keys are {', '.join(KEYS)}.")
    if edit.key == ALLOWED:
        if edit.value not in TASK_KEYS:
            raise Refused(f"That is not a kind of task; there are {', '.join(TASK_KEYS)}.")
        if edit.value == INLINE_KEY and edit.action is Action.ADD:
            raise Refused("inline_completion cannot be true: ghost text never leaves this machine; leave it as it is.")
        return edit
    value = read_value(edit.key, edit.value)
    if isinstance(value, Fault):
        raise Refused(value.sentence or "That is not the name of an MCP server; write it as memory.")
    return Edit(action=edit.action, key=edit.key, value=value)


def edited(text: str | None, edit: Edit, policy: Policy) -> str:
    """Return the text of a whitelist.json after an edit that was `understood`; `policy` is what it says before.

    The same text comes back where there is nothing to do; None is a file that is not there yet. Raises `Refused` where
    what is to go is allowed by another, wider entry.
    """
    if edit.action is Action.REMOVE and edit.key in LISTS:
        _check_removal(edit, policy)
    if not _changes(edit, policy):
        return text or ""
    whole = policy_text(SAFEST) if text is None else text
    bom = "\ufeff" if whole.startswith("\ufeff") else ""
    return bom + _with_value(whole.removeprefix(bom), edit)


def _changes(edit: Edit, policy: Policy) -> bool:
    if edit.key == ALLOWED:
        return (edit.value in policy.tasks) is (edit.action is Action.REMOVE)
    names: frozenset[str] = getattr(policy, edit.key)
    if edit.action is Action.REMOVE:
        return edit.value in names
    return edit.value not in names and not (edit.key != "mcp_servers" and covers(names, edit.value))


def _check_removal(edit: Edit, policy: Policy) -> None:
    names: frozenset[str] = getattr(policy, edit.key)
    if edit.key != "mcp_servers" and edit.value not in names and (wider := covers(names, edit.value)):
        raise Refused(f"{edit.value} is no entry itself: {wider} stands for all below it; remove {wider}.")


def _with_value(text: str, edit: Edit) -> str:
    content: dict[str, Any] = json.loads(text)
    value = _new_value(content.get(edit.key), edit)
    spans = _spans(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = match[1] if (match := re.search(r'^([ \t]+)"', text, re.MULTILINE)) else "  "
    if not spans:
        return json.dumps({edit.key: value}, indent=indent).replace("\n", newline) + newline
    if edit.key in spans:
        start, end = spans[edit.key]
        # An empty list says nothing about how it would be written; the file as a whole does.
        many_lines = "\n" in (text[start:end] if content[edit.key] else text.strip())
        return text[:start] + _written(value, indent, newline, many_lines=many_lines) + text[end:]
    end = max(stop for _, stop in spans.values())
    many_lines = "\n" in text.strip()
    before = f",{newline}{indent}" if many_lines else ", "
    written = _written(value, indent, newline, many_lines=many_lines)
    return f"{text[:end]}{before}{json.dumps(edit.key)}: {written}{text[end:]}"


def _new_value(old: Any, edit: Edit) -> list[str] | Mapping[str, bool]:
    if edit.key == ALLOWED:
        return {**(old or {}), edit.value: edit.action is Action.ADD}
    entries: list[str] = old or []
    if edit.action is Action.ADD:
        return [*entries, edit.value]
    return [entry for entry in entries if read_value(edit.key, entry) != edit.value]


def _written(value: object, indent: str, newline: str, *, many_lines: bool) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent if many_lines else None)
    return text.replace("\n", newline + indent)


_SPACE = re.compile(r"[ \t\r\n]*")


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """Return where the value of each key of a JSON object begins and ends. The text is known to be one."""
    decoder, spans = json.JSONDecoder(), {}
    at = _past_space(text, text.index("{") + 1)
    while text[at] == '"':
        key, at = decoder.raw_decode(text, at)
        start = _past_space(text, text.index(":", at) + 1)
        _, end = decoder.raw_decode(text, start)
        spans[key] = start, end
        at = _past_space(text, end)
        if text[at] == ",":
            at = _past_space(text, at + 1)
    return spans


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
