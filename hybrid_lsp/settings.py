"""Files and environment become values of core; what is wrong with them becomes one sentence each."""

import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import platformdirs

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.policy import SAFEST, UNTIL_MENDED, Policy, parse_policy

WHITELIST_NAME = "whitelist.json"
WHITELIST_VARIABLE = "HYBRID_LSP_WHITELIST"
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitelist:
    """What one whitelist.json says, and which state of the file said it."""

    path: Path
    policy: Policy = SAFEST
    problems: tuple[Problem, ...] = ()
    stamp: tuple[int, int, int] | None = None
    """Modification time in ns, size in bytes and inode of the file that was read; None when there is none."""


def user_whitelist_path(explicit: Path | None = None) -> Path:
    """Return where the user's own whitelist.json is: as given, else `HYBRID_LSP_WHITELIST`, else the config folder."""
    named = explicit or os.environ.get(WHITELIST_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_config_path("hybrid-lsp", appauthor=False) / WHITELIST_NAME


def read_whitelist(path: Path) -> Whitelist:
    """Read a whitelist.json. Never raises: a missing file allows nothing, a wrong one allows nothing and says why."""
    stamp: tuple[int, int, int] | None = None
    try:
        found = path.stat()
        stamp = _stamp(found)
        fault = _unreadable(found)
        text = "" if fault else path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Whitelist(path=path)
    except UnicodeDecodeError:
        fault, text = "is not UTF-8 text; save it as UTF-8", ""
    except OSError as error:
        fault, text = f"cannot be read ({error.strerror}); make it readable", ""
    if fault:
        sentence = f"{path.name} {fault}. {UNTIL_MENDED}"
        return Whitelist(path=path, problems=(Problem(sentence=sentence),), stamp=stamp)
    policy, problems = parse_policy(text, path.name)
    return Whitelist(path=path, policy=policy, problems=problems, stamp=stamp)


class Whitelists:
    """The user's whitelist.json and one a workspace folder, as they were last read: until then, nothing may leave.

    Safe to reread in a thread while another asks: a policy is replaced whole.
    """

    def __init__(self, user: Path) -> None:
        self._user = Whitelist(path=user)
        self._by_folder: dict[Path, Whitelist] = {}

    def policy(self, folder: Path | None) -> Policy:
        """Return what the user allows, narrowed by the folder's own whitelist.json where there is one."""
        own = self._by_folder.get(folder) if folder else None
        if own is None or (own.stamp is None and not own.problems):
            return self._user.policy
        return self._user.policy.narrowed_by(own.policy)

    def reread(self, folders: Iterable[Path]) -> list[Whitelist]:
        """Read what has appeared, changed or vanished since the last time, and return it."""
        changed = []
        if (user := reread_if_changed(self._user)) is not self._user:
            self._user = user
            changed.append(user)
        by_folder = {}
        for folder in folders:
            known = self._by_folder.get(folder) or Whitelist(path=folder / WHITELIST_NAME)
            by_folder[folder] = whitelist = reread_if_changed(known)
            if whitelist is not known:
                changed.append(whitelist)
        self._by_folder = by_folder
        return changed


def reread_if_changed(whitelist: Whitelist) -> Whitelist:
    """Return the same object when the file is as it was read, else what it says now."""
    try:
        stamp = _stamp(whitelist.path.stat())
    except OSError:
        stamp = None
    unchanged = stamp == whitelist.stamp and (stamp is not None or not whitelist.problems)
    return whitelist if unchanged else read_whitelist(whitelist.path)


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _unreadable(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "is not a file; put one in its place"
    if found.st_size > MAX_BYTES:
        return f"is larger than {MAX_BYTES >> 20} MiB; so much is not to be read"
    return ""


CONFIG_NAME = "config.toml"
CONFIG_VARIABLE = "HYBRID_LSP_CONFIG"
SERVER_KINDS = ("ollama", "llamacpp", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A model server that the user has named."""

    url: str
    kind: str = ""
    """One of `SERVER_KINDS`; empty: ask it."""
    model: str = ""
    """Empty: the best that is there."""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the user's own config.toml says. A workspace has none: it could name a host."""

    servers: tuple[Server, ...] = ()
    """Empty: look at the usual ports."""
    own_hosts: frozenset[str] = frozenset()
    """Hosts beyond this machine that the user calls their own; nothing else ever gets ghost text's prompts."""
    gguf: Path | None = None
    """A model file that we run ourselves."""
    enabled: bool = True
    prepare: bool = True
    """Whether the next question may be prepared, and the prompt warmed, before anybody asks."""
    languages_off: frozenset[str] = frozenset()
    paths_off: tuple[str, ...] = ()
    """Globs over workspace-relative paths."""
    problems: tuple[Problem, ...] = ()

    def is_off(self, language: str, path: str) -> bool:
        """Say whether the user wants no ghost text there."""
        return not self.enabled or language in self.languages_off or any(fnmatch(path, glob) for glob in self.paths_off)


def config_path() -> Path:
    """Return where the user's config.toml is: `HYBRID_LSP_CONFIG`, else the configuration folder."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_config_path("hybrid-lsp", appauthor=False) / CONFIG_NAME


def read_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read a config.toml. Never raises: what is wrong is left out and is a problem, in one sentence, of the result."""
    try:
        if fault := _unreadable(path.stat()):
            return Config(problems=(Problem(sentence=f"{path.name} {fault}. The defaults are in force."),))
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError, RecursionError) as error:
        fault = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it cannot be read as UTF-8 text"
        return Config(
            problems=(Problem(sentence=f"{path.name} is not valid TOML: {fault}. The defaults are in force."),)
        )
    return _ConfigReader(path.name, environment).config(content)


class _ConfigReader:
    """Takes what is right out of a config.toml, and notes what is wrong."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self._name = name
        self._environment = environment
        self._problems: list[Problem] = []

    def config(self, content: dict[str, Any]) -> Config:
        inline = self._table(content.pop("inline", {}), "inline")
        servers = content.pop("server", [])
        if not isinstance(servers, list):
            self._add("server", "must be a list of tables, written [[server]]")
            servers = []
        config = Config(
            servers=tuple(filter(None, map(self._server, servers))),
            own_hosts=frozenset(host.lower() for host in self._texts(content, "own_hosts")),
            gguf=self._path(inline, "inline.gguf"),
            enabled=self._flag(inline, "inline.enabled"),
            prepare=self._flag(inline, "inline.prepare"),
            languages_off=frozenset(self._texts(inline, "inline.languages_off")),
            paths_off=tuple(self._texts(inline, "inline.paths_off")),
        )
        for key in (*content, *(f"inline.{key}" for key in inline)):
            self._add(key, "is not a setting; see the reference for those there are")
        return replace(config, problems=tuple(self._problems))

    def _server(self, raw: object) -> Server | None:
        table = self._table(raw, "server")
        url, kind, model = (self._text(table, f"server.{key}") for key in ("url", "kind", "model"))
        key_env = self._text(table, "server.key_env")
        for key in table:
            self._add(f"server.{key}", "is not a setting of a server; allowed are url, kind, model and key_env")
        if kind and kind not in SERVER_KINDS:
            self._add("server.kind", f"must be one of {', '.join(SERVER_KINDS)}")
        elif not url:
            self._add("server.url", "is missing; name the server as http://127.0.0.1:11434")
        elif key_env and key_env not in self._environment:
            self._add("server.key_env", f"names {key_env}, which is not set in the environment")
        else:
            return Server(url=url, kind=kind, model=model, key=self._environment.get(key_env, ""))
        return None

    def _table(self, raw: object, key: str) -> dict[str, Any]:
        if isinstance(raw, dict):
            return dict(raw)
        self._add(key, "must be a table")
        return {}

    def _take(self, table: dict[str, Any], key: str, kind: type, default: Any, what: str) -> Any:
        value = table.pop(key.rsplit(".", 1)[-1], default)
        if isinstance(value, kind):
            return value
        self._add(key, f"must be {what}")
        return default

    def _text(self, table: dict[str, Any], key: str) -> str:
        return str(self._take(table, key, str, "", "a text"))

    def _flag(self, table: dict[str, Any], key: str) -> bool:
        return bool(self._take(table, key, bool, True, "true or false"))

    def _texts(self, table: dict[str, Any], key: str) -> list[str]:
        values: list[object] = self._take(table, key, list, [], "a list of texts")
        if not all(isinstance(value, str) for value in values):
            self._add(key, "must be a list of texts")
        return [value for value in values if isinstance(value, str)]

    def _path(self, table: dict[str, Any], key: str) -> Path | None:
        text = self._text(table, key)
        return Path(text).expanduser() if text else None

    def _add(self, key: str, fault: str) -> None:
        self._problems.append(Problem(sentence=f'{self._name}: "{key}" {fault}. It is left out.', key=key))
