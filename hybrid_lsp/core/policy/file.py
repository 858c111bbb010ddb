"""The text of a whitelist.json: read strictly, written plainly."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy.hosts import Fault, read_entry
from hybrid_lsp.core.policy.rules import is_server_name
from hybrid_lsp.core.policy.values import SAFEST, Policy

UNTIL_MENDED = "Nothing leaves this machine until it is mended."


def parse_policy(text: str, name: str) -> tuple[Policy, tuple[Problem, ...]]:
    """Read the text of a whitelist.json called `name`; with any problem the policy is `SAFEST`. Never raises."""
    reader = _Reader(text=text, name=name)
    try:
        content = json.loads(text, object_pairs_hook=reader.unique_keys)
    except json.JSONDecodeError as error:
        reader.add(f"is not valid JSON ({error.msg})", line=error.lineno - 1, column=error.colno - 1)
    except (RecursionError, ValueError):
        reader.add("is not a whitelist: it is nested too deeply or holds a number that is too long")
    else:
        policy = reader.policy(content)
        if not reader.problems:
            return policy, ()
    return SAFEST, tuple(reader.problems)


LISTS = ("cloud_apis", "domains", "mcp_servers")
ALLOWED = "allowed_for_cloud"
KEYS = (*LISTS, ALLOWED)
TASK_KEYS = tuple(dict.fromkeys(POLICY_KEY[task] for task in Task))
_INLINE = POLICY_KEY[Task.INLINE]
_SHOWN_CHARS = 40


@dataclass(slots=True, kw_only=True)
class _Reader:
    text: str
    name: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, fault: str, key: str = "", *, line: int = -1, column: int = 0) -> None:
        if line < 0:
            line, column = self._find(key)
        subject = f'{self.name}: "{key}"' if key else self.name
        self.problems.append(
            Problem(
                sentence=f"{subject} {fault}. {UNTIL_MENDED}",
                key=key,
                line=line,
                column=column,
            )
        )

    def _find(self, key: str) -> tuple[int, int]:
        """Line and column where the last part of a dotted key first stands in the text."""
        last = key.rsplit(".", 1)[-1].split("[")[0]
        at = self.text.find(json.dumps(last)) if last else -1
        if at < 0:
            return 0, 0
        return self.text.count("\n", 0, at), at - (self.text.rfind("\n", 0, at) + 1)

    def unique_keys(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen: dict[str, object] = {}
        for key, value in pairs:
            if key in seen:
                self.add("stands there twice; keep one", _shown(key))
            seen[key] = value
        return seen

    def policy(self, content: object) -> Policy:
        if not isinstance(content, dict):
            self.add(f"must be a JSON object with the keys {_listed(KEYS)}, not {_kind(content)}")
            return SAFEST
        for key in content:
            if key not in KEYS:
                self.add(f"is not a key of a whitelist; allowed are {_listed(KEYS)}", _shown(key))
        return Policy(
            cloud_apis=frozenset(self._names(content, "cloud_apis")),
            domains=frozenset(self._names(content, "domains")),
            mcp_servers=frozenset(self._names(content, "mcp_servers")),
            tasks=frozenset(self._tasks(content.get(ALLOWED, {}))),
        )

    def _names(self, content: dict[str, object], key: str) -> Iterator[str]:
        entries = content.get(key, [])
        what = _WHAT[key]
        if not isinstance(entries, list):
            self.add(f"must be a list of {what}, not {_kind(entries)}", key)
            return
        for i, entry in enumerate(entries):
            value = read_value(key, entry) if isinstance(entry, str) else _NO_TEXT
            if isinstance(value, str):
                yield value
                continue
            shown = json.dumps(_shown(entry)) if isinstance(entry, str) else _kind(entry)
            reason = value.sentence.removesuffix(".")
            told = f". {reason}" if reason else ""
            self.add(f"is {shown}; the list takes {what}, without scheme, port or path{told}", f"{key}[{i}]")

    def _tasks(self, allowed: object) -> Iterator[str]:
        if not isinstance(allowed, dict):
            self.add(f"must be an object of true and false, not {_kind(allowed)}", ALLOWED)
            return
        for key, value in allowed.items():
            where = f"{ALLOWED}.{_shown(key)}"
            if key not in TASK_KEYS:
                self.add(f"is not a kind of task; allowed are {_listed(TASK_KEYS)}", where)
            elif not isinstance(value, bool):
                self.add(f"must be true or false, not {_kind(value)}", where)
            elif key == _INLINE and value:
                self.add(
                    "cannot be true: ghost text never leaves this machine, whatever the settings; set it to false",
                    where,
                )
            elif value:
                yield key


_WHAT = {
    "cloud_apis": "host names, as openai.com",
    "domains": "host names, as openai.com",
    "mcp_servers": "server names, as memory",
}
_NO_TEXT = Fault("entry.kind", "")


def read_value(key: str, text: str) -> str | Fault:
    """Return what an entry of one of `LISTS` means, as a policy holds it, or why it may not stand there."""
    if key != "mcp_servers":
        return read_entry(text)
    return text if is_server_name(text) else Fault("entry.name", "")


def policy_text(policy: Policy) -> str:
    """Return a whitelist.json that says what a policy allows; its exclusions stand elsewhere and are left out."""
    content: dict[str, object] = {key: sorted(getattr(policy, key)) for key in LISTS}
    content[ALLOWED] = {key: key in policy.tasks for key in TASK_KEYS if key != _INLINE} | {_INLINE: False}
    return json.dumps(content, indent=2) + "\n"


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return kinds.get(type(value), "null")


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
