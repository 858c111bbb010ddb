"""The policy itself: four lists of what is allowed, and what is excluded."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hybrid_lsp.core.policy.hosts import covers
from hybrid_lsp.core.policy.paths import SECRET_RULES
from hybrid_lsp.core.policy.questions import Decision, Question
from hybrid_lsp.core.policy.rules import judge

_RULES_VERSION = "1"
"""To be raised when the same lists come to allow something else."""
_MOST_KNOWN = 1024
_FINGERPRINT_CHARS = 16


class _Memory:
    """What was asked before. A policy never changes, so neither do its answers."""

    __slots__ = ("answers", "fingerprint")

    def __init__(self) -> None:
        self.answers: dict[Question, Decision] = {}
        self.fingerprint = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may leave, whom it may reach, and which MCP servers may be used. Safe to ask from several threads."""

    cloud_apis: frozenset[str] = frozenset()
    """Host names of model vendors, in ASCII and lower-case, as `openai.com`; each stands for all below it."""
    domains: frozenset[str] = frozenset()
    """Other host names that may be reached, likewise."""
    mcp_servers: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    """Keys of `allowed_for_cloud` that are true."""
    excluded: tuple[str, ...] = ()
    """Globs of workspace-relative paths that never leave, sorted; see `paths.excluded_by_globs`."""
    _memory: _Memory = field(default_factory=_Memory, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "excluded", tuple(sorted(set(self.excluded))))

    def decide(self, question: Question) -> Decision:
        """Answer a question, the same every time. Never raises, whatever text is asked about."""
        known = self._memory.answers
        decision = known.get(question)
        if decision is None:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            decision = known[question] = judge(self, question)
        return decision

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that are the same exactly for equal policies under the same rules."""
        if not self._memory.fingerprint:
            import hashlib  # which loads OpenSSL: not on the way of the server's start

            lists = (self.cloud_apis, self.domains, self.mcp_servers, self.tasks, self.excluded)
            parts = [
                _RULES_VERSION,
                SECRET_RULES,
                *(part for names in lists for part in (str(len(names)), *sorted(names))),
            ]
            # With its length before each part, no two different lists are the same text.
            whole = "".join(f"{len(part)}:{part}" for part in parts)
            digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
            self._memory.fingerprint = digest[:_FINGERPRINT_CHARS]
        return self._memory.fingerprint

    def narrowed_by(self, other: "Policy") -> "Policy":
        """Return what both policies allow: of `github.com` and `api.github.com`, the latter."""
        return Policy(
            cloud_apis=_both(self.cloud_apis, other.cloud_apis),
            domains=_both(self.domains, other.domains),
            mcp_servers=self.mcp_servers & other.mcp_servers,
            tasks=self.tasks & other.tasks,
            excluded=self.excluded + other.excluded,
        )

    def excluding(self, globs: Iterable[str]) -> "Policy":
        """Return the same policy, with more files that never leave."""
        return replace(self, excluded=(*self.excluded, *globs))

    def is_narrower_or_equal(self, other: "Policy") -> bool:
        """Say whether `other` surely allows all that this policy allows."""
        return (
            all(covers(other.cloud_apis, host) for host in self.cloud_apis)
            and all(covers(other.domains, host) for host in self.domains)
            and self.mcp_servers <= other.mcp_servers
            and self.tasks <= other.tasks
            and set(self.excluded) >= set(other.excluded)
        )


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return frozenset([*(host for host in one if covers(other, host)), *(host for host in other if covers(one, host))])


SAFEST = Policy()
"""Nothing may leave."""
