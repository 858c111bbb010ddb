"""What may leave this machine: whitelist.json as values.

Rules:
1. What the file does not name is not allowed.
2. A file with anything wrong in it allows nothing, until it is mended (`SAFEST`).
3. No file allows ghost text to leave: `inline_completion: true` is refused (DESIGN §1).
4. A second policy (a workspace's) can only narrow the first (the user's).
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.job import POLICY_KEY, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may leave, whom it may reach, and which MCP servers may be used."""

    cloud_apis: frozenset[str] = frozenset()
    """Registrable host names of model vendors, lower-case, as `openai.com`."""
    domains: frozenset[str] = frozenset()
    """Other host names that may be reached, lower-case."""
    mcp_servers: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    """Keys of `allowed_for_cloud` that are true."""

    def may_leave(self, task: Task) -> bool:
        """Say whether work of this kind may be sent to a cloud model. Never true for ghost text."""
        return task is not Task.INLINE and POLICY_KEY[task] in self.tasks

    def narrowed_by(self, other: "Policy") -> "Policy":
        """Return what both policies allow."""
        return Policy(
            cloud_apis=self.cloud_apis & other.cloud_apis,
            domains=self.domains & other.domains,
            mcp_servers=self.mcp_servers & other.mcp_servers,
            tasks=self.tasks & other.tasks,
        )


SAFEST = Policy()
"""Nothing may leave."""

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


_LISTS = ("cloud_apis", "domains", "mcp_servers")
_INLINE = POLICY_KEY[Task.INLINE]
_TASKS = tuple(dict.fromkeys(POLICY_KEY[task] for task in Task))
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
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
            self.add(
                f"must be a JSON object with the keys {_listed((*_LISTS, 'allowed_for_cloud'))}, not {_kind(content)}"
            )
            return SAFEST
        for key in content:
            if key not in _LISTS and key != "allowed_for_cloud":
                self.add(
                    f"is not a key of a whitelist; allowed are {_listed((*_LISTS, 'allowed_for_cloud'))}", _shown(key)
                )
        return Policy(
            cloud_apis=frozenset(self._names(content, "cloud_apis", _host)),
            domains=frozenset(self._names(content, "domains", _host)),
            mcp_servers=frozenset(self._names(content, "mcp_servers", _server_name)),
            tasks=frozenset(self._tasks(content.get("allowed_for_cloud", {}))),
        )

    def _names(self, content: dict[str, object], key: str, read: Callable[[str], str | None]) -> Iterator[str]:
        entries = content.get(key, [])
        what = "server names, as memory" if read is _server_name else "host names, as openai.com"
        if not isinstance(entries, list):
            self.add(f"must be a list of {what}, not {_kind(entries)}", key)
            return
        for i, entry in enumerate(entries):
            value = read(entry) if isinstance(entry, str) else None
            if value is None:
                shown = json.dumps(_shown(entry)) if isinstance(entry, str) else _kind(entry)
                self.add(f"is {shown}; the list takes {what}, without scheme, port or path", f"{key}[{i}]")
            else:
                yield value

    def _tasks(self, allowed: object) -> Iterator[str]:
        if not isinstance(allowed, dict):
            self.add(f"must be an object of true and false, not {_kind(allowed)}", "allowed_for_cloud")
            return
        for key, value in allowed.items():
            where = f"allowed_for_cloud.{_shown(key)}"
            if key not in _TASKS:
                self.add(f"is not a kind of task; allowed are {_listed(_TASKS)}", where)
            elif not isinstance(value, bool):
                self.add(f"must be true or false, not {_kind(value)}", where)
            elif key == _INLINE and value:
                self.add(
                    "cannot be true: ghost text never leaves this machine, whatever the settings; set it to false",
                    where,
                )
            elif value:
                yield key


def _host(text: str) -> str | None:
    host = text.strip().lower().removesuffix(".")
    return host if _HOST.fullmatch(host) else None


def _server_name(text: str) -> str | None:
    return text if _SERVER_NAME.fullmatch(text) else None


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


_SECRET_NAMES = (
    # environment files, and what loads them
    ".env*", "*.env",
    # private keys and key stores
    "*.pem", "*.key", "*.p12", "*.pfx", "*.p8", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc", "*.gpg",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*_rsa", "*_ed25519",
    # what people and tools keep passwords and tokens in
    "credentials*", ".git-credentials", "*secret*", "passwords*", ".netrc", "_netrc", ".pgpass", ".my.cnf",
    ".npmrc", ".pypirc", ".yarnrc.yml", ".htpasswd", ".dockercfg", "kubeconfig*", "*.kubeconfig", ".vault-token",
    "*.tfvars", "*.tfvars.json", "*.tfstate*", "service-account*.json", "service_account*.json",
    # folders that hold nothing else
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".password-store",
)  # fmt: skip
_SECRET = re.compile("|".join(translate(pattern) for pattern in _SECRET_NAMES))


@lru_cache(maxsize=4096)
def is_secret_path(path: str) -> bool:
    """Say whether a file is never to be read, learned or completed in, by the name of it or of a folder above it.

    `path` is relative to the workspace folder, with `/`. Case does not matter. Errs on the side of secrecy.
    """
    return any(map(_SECRET.match, path.lower().replace("\\", "/").split("/")))
