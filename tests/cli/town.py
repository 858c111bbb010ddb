"""A machine with an Ollama, three vendors behind a proxy, and the real session over real files between them."""

import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hybrid_lsp.assistant import Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.cli.session import Session
from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.job import Job, Task, Wish, cut
from hybrid_lsp.core.record import Origin, Record
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.settings import Whitelists, config_path, read_config, user_whitelist_path
from tests.backends.vendors import ALL
from tests.cli.tunnel import HOSTS, Tunnel, named, trusting_door
from tests.doubles.cloud import KEY, Says, VendorDouble
from tests.doubles.ollama import Installed, Line, OllamaDouble

SMALL = "qwen3-coder:30b"
CODE = "import os\n\n\ndef total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n\n\nprint(total([1]), os.sep)\n"
FIRST, LAST = 4, 8
GOOD = "```python\ndef total(prices):\n    return sum(prices)\n```"
HARD = "Redesign it, fix the bug. " + "Think of every caller. " * 60
"""Words that send a refactoring or a review past the local models: 0.3 + 0.2 + 0.2."""
OPEN = {
    "cloud_apis": ["anthropic.com", "openai.com", "googleapis.com"],
    "allowed_for_cloud": {"reasoning_tasks": True, "code_review": True, "architecture_design": True},
}
_MOST_ROWS = 5000


@dataclass(slots=True, kw_only=True)
class Town:
    """All of it."""

    repository: Path
    home: Path
    ollama: OllamaDouble
    vendors: Mapping[str, VendorDouble]
    tunnel: Tunnel
    limit_usd: Decimal = Decimal(50)
    _sessions: list[Session] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def window(self) -> Session:
        """Open another window, which has looked at everything."""
        config = read_config(config_path(), os.environ)
        assert config.problems == ()
        whitelists = Whitelists(user_whitelist_path(), config.asking.never_leave)
        whitelists.reread([self.repository])
        session = Session(
            config, root=lambda _: self.repository, policy=whitelists.policy, open_door=trusting_door
        )  # fmt: skip
        self._sessions.append(session)
        await session.look()
        return session

    async def close(self) -> None:
        """Close every window."""
        while self._sessions:
            await self._sessions.pop().close()

    def job(
        self, task: Task = Task.REFACTOR, instruction: str = HARD, *, wish: Wish = Wish.ANY,
        diagnostics: tuple[str, ...] = (),
    ) -> Job:  # fmt: skip
        """Return a job on the function in the middle of the file."""
        excerpt = cut(CODE, FIRST, LAST, path="shop/total.py", language="python", diagnostics=diagnostics)
        return Job(
            id=f"job-{next(self._numbers)}", task=task, excerpt=excerpt, instruction=instruction, deliberate=True,
            wish=wish,
        )  # fmt: skip

    async def ask(self, session: Session, job: Job, *, events: list[Event] | None = None) -> Outcome:
        """Ask, and note what happens meanwhile."""
        return await session.run(job, Whole(text=CODE), tell=None if events is None else events.append)

    def ledger(self) -> tuple[Budget, list[Record]]:
        """Return the month's money and every row, the oldest first. For when all windows are closed."""
        place = self.home / "state" / "ledger.sqlite"
        with closing(
            Ledger.open(place, clock_ms=_now_ms, zone=ZoneInfo("UTC"), limit_usd=self.limit_usd)
        ) as ledger:  # fmt: skip
            return ledger.budget(), list(reversed(ledger.recent(since_ms=0, most=_MOST_ROWS)))

    @property
    def left(self) -> list[str]:
        """All that the vendors were sent, as text: whom, under which headers, and what."""
        return [
            "\n".join((asked.path, *map(": ".join, asked.headers.items()), asked.body.decode()))
            for vendor in self.vendors.values()
            for asked in vendor.server.asked
        ]

    def count_left(self, words: str) -> int:
        """Return how many questions with these words in them a vendor was asked."""
        return sum(words in sent for sent in self.left)


def of(rows: Sequence[Record], job: Job) -> list[tuple[Origin, str]]:
    """Return what the ledger says of a job: whence, and what became of it, local rows first."""
    return sorted(((row.origin, str(row.status)) for row in rows if row.job == job.id), key=lambda pair: -len(pair[0]))


@asynccontextmanager
async def town(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, small: Sequence[Line] = (Line(say=(GOOD,)),),
    says: Mapping[str, Sequence[Says]] | None = None, standard: str = "claude-sonnet-5-5", settings: str = "",
    whitelist: Mapping[str, object] = OPEN, limit_usd: Decimal = Decimal(50),
) -> AsyncIterator[Town]:  # fmt: skip
    """Build it, and close every window at its end."""
    repository, home = tmp_path / "repository", tmp_path / "person"
    (repository / ".git").mkdir(parents=True)
    home.mkdir()
    scripts = says or {}
    vendors = {
        vendor.name: named(vendor.serving(home, *scripts.get(vendor.name, ())), home) for vendor in ALL
    }  # fmt: skip
    ollama = OllamaDouble(models=(Installed(name=SMALL),), script=small, default_num_ctx=16_384)
    async with AsyncExitStack() as stack:
        for server in (ollama, *vendors.values()):
            await stack.enter_async_context(server)
        ports = {HOSTS[name]: double.server.port for name, double in vendors.items()}
        tunnel = await stack.enter_async_context(Tunnel(ports=ports))
        (home / "config.toml").write_text(
            f'[budget]\ntime_zone = "UTC"\nmonthly_usd = {limit_usd}\n[models]\nstandard = "{standard}"\n'
            f'[network]\nproxy = "http://127.0.0.1:{tunnel.port}"\n'
            f'[[server]]\nurl = "{ollama.url}"\nkind = "ollama"\n{settings}',
            encoding="utf-8",
        )
        (home / "whitelist.json").write_text(json.dumps(whitelist), encoding="utf-8")
        for name, value in {
            "HYBRID_LSP_CONFIG": home / "config.toml", "HYBRID_LSP_WHITELIST": home / "whitelist.json",
            "HYBRID_LSP_STATE": home / "state", "ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY, "GEMINI_API_KEY": KEY,
            "XDG_CACHE_HOME": home / "cache", "LOCALAPPDATA": home / "cache",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, str(value))
        built = Town(
            repository=repository, home=home, ollama=ollama, vendors=vendors, tunnel=tunnel, limit_usd=limit_usd
        )  # fmt: skip
        try:
            yield built
        finally:
            await built.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
