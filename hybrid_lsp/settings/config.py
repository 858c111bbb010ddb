"""The user's config.toml: what is right in it is in force, what is wrong is one sentence each."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import platformdirs

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.settings.asking import Asking, read_asking
from hybrid_lsp.settings.reader import Reader
from hybrid_lsp.settings.whitelist import unreadable

CONFIG_NAME = "config.toml"
CONFIG_VARIABLE = "HYBRID_LSP_CONFIG"
LONGEST_HOVER_S = 30
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
    hover: bool = True
    """Whether a model of this machine explains what one points at."""
    hover_wait_s: float | None = None
    """How long a look waits for it; None: what suits the editor."""
    asking: Asking = field(default_factory=Asking)
    """What holds for everything else that is asked: money, models, what may leave."""
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
        if fault := unreadable(path.stat()):
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


class _ConfigReader(Reader):
    """Takes what is right out of a config.toml, and notes what is wrong."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        super().__init__(name)
        self._environment = environment

    def config(self, content: dict[str, Any]) -> Config:
        inline = self.table(content.pop("inline", {}), "inline")
        hover = self.table(content.pop("hover", {}), "hover")
        servers = content.pop("server", [])
        if not isinstance(servers, list):
            self.add("server", "must be a list of tables, written [[server]]")
            servers = []
        config = Config(
            servers=tuple(filter(None, map(self._server, servers))),
            own_hosts=frozenset(host.lower() for host in self.texts(content, "own_hosts")),
            gguf=self.path(inline, "inline.gguf"),
            enabled=self.flag(inline, "inline.enabled"),
            prepare=self.flag(inline, "inline.prepare"),
            languages_off=frozenset(self.texts(inline, "inline.languages_off")),
            paths_off=tuple(self.texts(inline, "inline.paths_off")),
            hover=self.flag(hover, "hover.enabled"),
            hover_wait_s=self.number(hover, "hover.wait_s", most=LONGEST_HOVER_S),
            asking=read_asking(self, content),
        )
        self.leftover(content)
        self.leftover(inline, "inline.")
        self.leftover(hover, "hover.")
        return replace(config, problems=tuple(self.problems))

    def _server(self, raw: object) -> Server | None:
        table = self.table(raw, "server")
        url, kind, model = (self.text(table, f"server.{key}") for key in ("url", "kind", "model"))
        key_env = self.text(table, "server.key_env")
        for key in table:
            self.add(f"server.{key}", "is not a setting of a server; allowed are url, kind, model and key_env")
        if kind and kind not in SERVER_KINDS:
            self.add("server.kind", f"must be one of {', '.join(SERVER_KINDS)}")
        elif not url:
            self.add("server.url", "is missing; name the server as http://127.0.0.1:11434")
        elif key_env and key_env not in self._environment:
            self.add("server.key_env", f"names {key_env}, which is not set in the environment")
        else:
            return Server(url=url, kind=kind, model=model, key=self._environment.get(key_env, ""))
        return None
