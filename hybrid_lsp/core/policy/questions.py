"""What can be asked of a policy, and what it answers."""

from dataclasses import dataclass, field

from hybrid_lsp.core.job import Task


@dataclass(frozen=True, slots=True)
class Leave:
    """May work of this kind be sent to a cloud model?"""

    task: Task


@dataclass(frozen=True, slots=True)
class Ask:
    """May the model vendor at this host be asked? A bare host name, as `api.openai.com`."""

    host: str


@dataclass(frozen=True, slots=True)
class Reach:
    """May this web address be read? A whole URL, as `https://github.com/a/b`."""

    url: str


@dataclass(frozen=True, slots=True)
class Use:
    """May this MCP server be used? Its name, as `memory`."""

    server: str


@dataclass(frozen=True, slots=True)
class Send:
    """May text of this file be sent? A path relative to the workspace folder, with `/`; empty for no file."""

    path: str
    ignored_by: str = field(default="", kw_only=True)
    """The ignore file that names it, as `.hybridignore` or `src/.gitignore:3`; empty where none does."""


Question = Leave | Ask | Reach | Use | Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer of a policy."""

    allowed: bool
    rule: str
    """Which rule decided: the key that allows it, as `domains.github.com`, or the rule that does not, as `url.port`."""
    sentence: str
    """The same for people; of a refusal it has the way out. It repeats hosts and names, never a path or other text."""
