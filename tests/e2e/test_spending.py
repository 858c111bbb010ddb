"""The commands about money and policy, as a person runs them, with a real ledger and a model server's double."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Basis, Origin, Record, Reservation
from hybrid_lsp.ledger import Ledger
from tests.doubles.ollama import Installed, OllamaDouble

HARD = "Redesign it and fix the bug; explain what you do. " + "Think about every caller. " * 40
KEYS = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "b", "GEMINI_API_KEY": "c"}
ALLOWING = {
    "cloud_apis": ["openai.com", "anthropic.com", "googleapis.com"],
    "allowed_for_cloud": {"architecture_design": True, "code_review": True},
}


@dataclass(slots=True)
class Person:
    """Somebody at a terminal, with settings and a repository of their own."""

    folder: Path
    home: Path

    def whitelist(self, content: object) -> None:
        """Write their whitelist.json."""
        (self.home / "whitelist.json").write_text(json.dumps(content), encoding="utf-8")

    def ledger(self) -> Ledger:
        """Open their ledger, as another window would."""
        return Ledger.open(
            self.home / "state" / "ledger.sqlite",
            clock_ms=lambda: time.time_ns() // 1_000_000,
            zone=ZoneInfo("UTC"),
            limit_usd=Decimal(50),
        )

    async def run(self, *words: str, within: str = "", **variables: str) -> tuple[int, str, str]:
        """Run a command, `within` a shell's line that has it as `"$@"`, and return its exit status and what it wrote."""
        environment = {
            **os.environ,
            "HYBRID_LSP_CONFIG": str(self.home / "config.toml"),
            "HYBRID_LSP_WHITELIST": str(self.home / "whitelist.json"),
            "HYBRID_LSP_STATE": str(self.home / "state"),
            "PYTHONIOENCODING": "utf-8",
            **variables,
        }
        process = await asyncio.create_subprocess_exec(
            *(("sh", "-c", within, "sh") if within else ()), sys.executable, "-m", "hybrid_lsp", *words, cwd=self.folder, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(50):
            out, errors = await process.communicate()
        return process.returncode or 0, out.decode("utf-8"), errors.decode("utf-8")

    async def json(self, *words: str, **variables: str) -> dict[str, Any]:
        """Run a command with --json and return the object that it wrote."""
        _, out, errors = await self.run(*words, "--json", **variables)
        assert errors == ""
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def person(repository: Path, tmp_path: Path) -> Person:
    """Somebody with a small file, and no model server where they say there is one."""
    (repository / "a.py").write_text("".join(f"def f{i}(x):\n    return x + {i}\n\n\n" for i in range(40)), "utf-8")
    home = tmp_path / "person"
    home.mkdir()
    (home / "config.toml").write_text('[budget]\ntime_zone = "UTC"\n[[server]]\nurl = "http://127.0.0.1:9"\n', "utf-8")
    return Person(repository, home)


@pytest.fixture
async def served(person: Person) -> AsyncIterator[Person]:
    """The same person, with a chat model in Ollama."""
    async with OllamaDouble(models=(Installed(name="qwen3-coder:30b"),)) as double:
        (person.home / "config.toml").write_text(
            f'[budget]\ntime_zone = "UTC"\n[[server]]\nurl = "{double.url}"\nkind = "ollama"\n', encoding="utf-8"
        )
        yield person


async def test_a_simple_job_stays_on_the_machine_for_nothing(served: Person) -> None:
    """With a model here and a small job, there is one local step, and nothing costs anything."""
    told = await served.json("route", "a.py:1-2", "--task", "review", **KEYS)
    assert [(step["model"], step["where"]) for step in told["steps"]] == [("qwen3-coder:30b", "local")]
    assert (told["worst_case_usd"], told["budget_left_usd"]) == (0, 50)
    assert told["complexity"] == {
        "score": 0.0, "reasons": [], "requires_large_context": False, "is_complex_reasoning": False,
    }  # fmt: skip


async def test_a_hard_job_goes_where_everything_allows_it(served: Person) -> None:
    """Only the policy's word makes the difference between a premium model and the one on this machine."""
    asked = ("route", "a.py", "--task", "refactor", "--prompt", HARD)
    kept = await served.json(*asked, **KEYS)
    served.whitelist(ALLOWING)
    allowed = await served.json(*asked, **KEYS)
    keyless = await served.json(*asked)
    capped = await served.json(*asked, "--max-cost", "0.000001", **KEYS)
    wished = await served.json(*asked, "--wish", "local", **KEYS)

    assert allowed["complexity"]["score"] >= 0.6
    assert allowed["policy"] == {"allowed": True, "rule": "allowed_for_cloud.architecture_design"}
    assert any(step["where"] == "cloud" and step["worst_case_usd"] > 0 for step in allowed["steps"])
    assert allowed["worst_case_usd"] == max(step["worst_case_usd"] for step in allowed["steps"])
    for narrower, rule in (
        (kept, "allowed_for_cloud.architecture_design"), (keyless, "key"), (capped, "cost_cap"), (wished, "wish"),
    ):  # fmt: skip
        assert {step["where"] for step in narrower["steps"]} == {"local"}
        assert rule in {refusal["rule"] for refusal in narrower["refusals"]}


async def test_a_file_that_the_person_keeps_here_is_kept_here(served: Person) -> None:
    """What .gitignore names never has a cloud step, by the rule's own name; what .hybridignore names has none at all."""
    served.whitelist(ALLOWING)
    (served.folder / ".gitignore").write_text("a.py\n", encoding="utf-8")
    told = await served.json("route", "a.py", "--task", "refactor", "--prompt", HARD, **KEYS)
    assert told["policy"] == {"allowed": False, "rule": "paths.gitignore"}
    assert {step["where"] for step in told["steps"]} == {"local"}

    (served.folder / ".hybridignore").write_text("\na.py\n", encoding="utf-8")
    status, out, said = await served.run("route", "a.py", "--task", "refactor")
    assert (status, out) == (1, "")
    assert "a.py is named in .hybridignore:2, so no model sees it" in " ".join(said.split())


async def test_without_any_model_the_way_out_is_told(person: Person) -> None:
    """Nobody can be asked: exit 1, and a sentence says how to get a model."""
    status, out, errors = await person.run("route", "a.py:1-2", "--task", "fix")
    assert (status, errors) == (1, "")
    assert "hybrid-lsp doctor" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("route", "b.py", "--task", "fix"), "b.py"),
        (("route", "a.py:900", "--task", "fix"), "900"),
        (("route", "a.py", "--task", "fix", "--max-cost", "much"), "--max-cost takes an amount in dollars"),
        (("route", "a.py", "--task", "dance"), "--task"),
        (("route", "a.py"), "--task"),
    ],
)
async def test_a_wrong_command_line_is_one_sentence(person: Person, words: tuple[str, ...], sentence: str) -> None:
    """What makes no sense is named on standard error, with exit 2."""
    status, out, errors = await person.run(*words)
    assert (status, out) == (2, "")
    assert sentence in errors
    assert "Traceback" not in errors


async def test_what_was_spent_is_told_and_then_reviewed(person: Person) -> None:
    """A settled answer and an open hold are in `spend` to the cent, in words and as JSON; `review` sees the job."""
    ledger = person.ledger()
    now_ms = time.time_ns() // 1_000_000
    for number, status in (("1", "settled"), ("2", "held")):
        held = ledger.reserve(job=number, model="claude-sonnet-5-5", worst_usd=Decimal("0.5"))
        assert isinstance(held, Reservation)
        if status == "settled":
            ledger.settle(
                held,
                Record(
                    job=number, at_ms=now_ms, workspace="repo", task=Task.REVIEW, origin=Origin.CLOUD,
                    backend="anthropic", model="claude-sonnet-5-5", cost_usd=Decimal("0.25"), basis=Basis.REPORTED,
                    usage=Usage(input_tokens=1000, output_tokens=200), score=0.7,
                ),
            )  # fmt: skip
    ledger.close()

    told = await person.json("spend")
    _, screen, _ = await person.run("spend")
    reviewed = await person.json("review")

    assert (told["settled_usd"], told["held_usd"], told["left_usd"]) == (0.25, 0.5, 49.25)
    assert "$49.25 of $50.00 left" in screen
    assert "claude-sonnet-5-5" in screen
    assert reviewed["jobs"] == 1


async def test_after_a_ledger_is_lost_no_money_moves_until_a_person_says_so(person: Person) -> None:
    """A damaged ledger is set aside and told; only `spend --confirm` lets paid calls be made again."""
    (person.home / "state").mkdir()
    (person.home / "state" / "ledger.sqlite").write_bytes(b"no ledger at all" * 1000)
    blocked = await person.run("spend")
    again = await person.run("spend")
    confirmed = await person.run("spend", "--confirm")
    after = await person.run("spend")

    assert [status for status, _, _ in (blocked, again, confirmed, after)] == [1, 1, 0, 0]
    assert "hybrid-lsp spend --confirm" in blocked[1]
    assert "$50.00 of $50.00 left" in after[1]
    assert [path.name for path in (person.home / "state").glob("ledger.sqlite.corrupt-*")]


async def test_what_cannot_be_read_is_never_told_as_nothing(person: Person) -> None:
    """With a folder in the ledger's place, no command says that nothing was spent, asked or sent."""
    (person.home / "state" / "ledger.sqlite").mkdir(parents=True)
    spend, audit, review = [await person.run(command) for command in ("spend", "audit", "review")]
    assert [status for status, _, _ in (spend, audit, review)] == [1, 1, 1]
    assert "what was spent is not known" in spend[1]
    assert "$0" not in spend[1]
    assert audit[1] == review[1] == ""
    assert "ledger" in audit[2]
    assert "ledger" in review[2]


async def test_the_whitelist_is_shown_checked_and_tightened_at_once(person: Person) -> None:
    """Removing needs nobody's yes; adding does, and without a terminal nothing changes."""
    person.whitelist(ALLOWING)
    assert (await person.run("whitelist", "check", "code_review"))[0] == 0
    assert (await person.run("whitelist", "remove", "allowed_for_cloud", "code_review"))[0] == 0
    assert (await person.run("whitelist", "check", "code_review"))[0] == 1
    status, _, errors = await person.run("whitelist", "add", "allowed_for_cloud", "code_review")
    shown = await person.run("whitelist", "show")
    assert status == 1
    assert "terminal" in errors
    assert "architecture_design" in shown[1]
    assert (await person.run("whitelist", "check", "code_review"))[0] == 1
