"""cli.session: what is asked goes on, whatever else does not answer."""

import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from hybrid_lsp.cli import session as sessions
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.reply import Reply
from tests.cli.town import town
from tests.doubles.cloud import KEY

VARIABLES = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")


async def test_a_locked_keyring_keeps_nobody_from_a_model_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, it is asked once however often one looks, and once it is open the cloud models are there."""
    unlocked, asked = threading.Event(), []
    keyring = ModuleType("keyring")

    def get_password(service: str, name: str) -> str:
        asked.append(name)
        assert unlocked.wait(30)
        return KEY

    keyring.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setattr(sessions, "KEYS_TIMEOUT_S", 0.3)
    async with town(tmp_path, monkeypatch) as all_of_it:
        for name in VARIABLES:
            monkeypatch.delenv(name)
        session = await all_of_it.window()
        reply = await all_of_it.ask(session, all_of_it.job(Task.REFACTOR, ""))
        await session.look()
        told = [problem.sentence for problem in session.problems]
        refused = {refusal.sentence for refusal in session.plan(all_of_it.job()).refusals}
        asked_meanwhile = len(asked)
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "hybrid-lsp keys"] == [True]
        unlocked.set()
        await session.look()
        plan = session.plan(all_of_it.job())

    assert isinstance(reply, Reply)
    assert reply.origin is Origin.LOCAL
    assert [sentence for sentence in told if "keyring does not answer" in sentence]
    assert [sentence for sentence in refused if "keyring does not answer" in sentence]
    assert asked_meanwhile == 1
    assert any(not step.model.is_local for step in plan.steps)
    assert not [problem for problem in session.problems if "keyring" in problem.sentence]


async def test_a_locked_keyring_keeps_nobody_from_a_model_whose_key_is_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who has no key elsewhere is not asked, and the sentence for that helps."""
    unlocked = threading.Event()
    keyring = ModuleType("keyring")
    keyring.get_password = lambda *_: unlocked.wait(30) and KEY  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setattr(sessions, "KEYS_TIMEOUT_S", 0.3)
    async with town(tmp_path, monkeypatch) as all_of_it:
        for name in VARIABLES[1:]:
            monkeypatch.delenv(name)
        session = await all_of_it.window()
        plan = session.plan(all_of_it.job())
        unlocked.set()

    assert {step.model.backend for step in plan.steps if not step.model.is_local} == {"anthropic"}
    assert [problem for problem in session.problems if "keyring does not answer" in problem.sentence]
