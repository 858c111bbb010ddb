"""What a session tells and tidies by itself."""

import time
from decimal import Decimal
from pathlib import Path

import pytest

from hybrid_lsp.backends import ollama_chat
from hybrid_lsp.cli import desk
from hybrid_lsp.cli.session import Session
from hybrid_lsp.core.cached import Entry, Key
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.policy import SAFEST, Policy
from hybrid_lsp.core.record import Basis, Origin, Record, Reservation
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.settings import read_config

NOW_MS = time.time_ns() // 1_000_000
WIDE = Policy(tasks=frozenset({"code_review"}))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config.toml with ten dollars a month and no model server, and a state folder of its own."""
    monkeypatch.setenv("HYBRID_LSP_STATE", str(tmp_path / "state"))
    path = tmp_path / "config.toml"
    path.write_text('[budget]\nmonthly_usd = 10\n[[server]]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    return path


def spend(path: Path, usd: str) -> None:
    """Have another window spend this much."""
    limit_usd, clock_ms = Decimal(10), lambda: time.time_ns() // 1_000_000
    config = read_config(path, {})
    ledger = Ledger.open(
        path.parent / "state" / "ledger.sqlite", clock_ms=clock_ms, zone=config.asking.zone, limit_usd=limit_usd
    )
    held = ledger.reserve(job="j", model="m", worst_usd=Decimal(usd), task=Task.REVIEW, workspace="w", backend="b")
    assert isinstance(held, Reservation)
    ledger.settle(
        held,
        Record(
            job="j", at_ms=NOW_MS, workspace="w", task=Task.REVIEW, origin=Origin.CLOUD, backend="b", model="m",
            cost_usd=Decimal(usd), basis=Basis.REPORTED,
        ),
    )  # fmt: skip
    ledger.close()


async def test_how_much_is_spent_is_told_once_a_month_each_whichever_window_sees_it(config: Path) -> None:
    """At 50, 80 and 100 percent one window says so, and no other and no later look says it again."""
    told: list[str] = []
    windows = [
        Session(read_config(config, {}), root=lambda _: None, policy=lambda _: SAFEST, alert=told.append)
        for _ in range(2)
    ]
    for usd, percent in (("4", ""), ("1.5", "50 %"), ("0.1", ""), ("2.9", "80 %"), ("1.5", "budget is spent")):
        spend(config, usd)
        told.clear()
        for window in (*windows, *windows):
            await window.look()
        assert len(told) == bool(percent)
        assert all(percent in sentence for sentence in told)
    for window in windows:
        await window.close()


def test_a_model_that_is_not_open_yet_counts_with_the_window_it_will_be_opened_with() -> None:
    """No plan counts on a window that nobody will set up."""
    assert desk._OPENED_WITH == {"ollama": ollama_chat.NUM_CTX}


async def test_a_tighter_whitelist_empties_the_cache(config: Path) -> None:
    """What was answered under a wider policy is forgotten, also by other windows; a wider one forgets nothing."""
    allowed = [WIDE]
    window = Session(read_config(config, {}), root=lambda _: None, policy=lambda _: allowed[0], alert=lambda _: None)
    key = Key(
        task=Task.REVIEW, prompt="p", parameters={}, model="m", backend="b", origin=Origin.CLOUD, policy="x",
        redaction="r", workspace="w",
    )  # fmt: skip
    entry = Entry(text="fine", model="m", origin=Origin.CLOUD, at_ms=time.time_ns() // 1_000_000)
    await window.look()
    await window.answers.put(key, entry)
    await window.look()
    assert await window.answers.get(key) == entry
    allowed[0] = SAFEST
    await window.look()
    assert await window.answers.get(key) is None
    allowed[0] = WIDE
    await window.answers.put(key, entry)
    await window.look()
    assert await window.answers.get(key) == entry
    await window.close()
