"""An editor over real stdio, the real server, a local model and three vendors that do all that vendors do."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.core.record import Basis, Origin, Status
from tests.cli.secrets_spread import echo
from tests.cli.town import CODE, HARD, Town, town
from tests.cli.tunnel import HOSTS
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import Says, broken, failure
from tests.doubles.ollama import Line
from tests.e2e.test_the_whole_way import BLOCKING, LIMITED, NO_USAGE, REFUSING, STANDARD
from tests.lsp.asker import FULL, Asker

SECRET = "AKIA" + "QXRT7ZLP2MWB4NVD"
LEAD = "version = 1"
TEXT = f'{LEAD}\nKEY = "{SECRET}"\nLEVEL = 3\n{CODE}'
HERE, THERE = "5: hint: name it", "5: warning: sum() does it"
GOOD = {"anthropic": anthropic.answer, "openai": openai_cloud.answer, "gemini": gemini.answer}
FAILURES = {"anthropic": anthropic.FAILURES, "openai": openai_cloud.FAILURES, "gemini": gemini.FAILURES}
SPENT = frozenset({"billing", "credit", "limits", "spend limit", "quota", "hard limit", "day", "cap"})
"""Failures that close the way for long; one of each vendor's comes last, and all of them are tried in tests/backends."""
RETRIED = 3
"""More attempts than the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a vendor does, and what its person gets."""

    says: Says
    gets: str = "here"
    """`there`: the vendor's answer; `here`: the local model's, and a sentence that says why; `nothing`: a sentence."""
    basis: Basis = Basis.REPORTED
    is_paid: bool = False
    """Whether the vendor may want money for it."""


def cases(vendor: str) -> Iterator[tuple[str, Case]]:
    """Every kind of answer. A good one between the bad ones, or the circuit would open."""
    good = GOOD[vendor]((THERE,))
    yield "in single bytes", Case(says=replace(good, cut_bytes=1), gets="there", is_paid=True)
    yield "without usage", Case(says=NO_USAGE[vendor], gets="there", basis=Basis.ASSUMED, is_paid=True)
    yield "a refusal", Case(says=REFUSING[vendor], gets="nothing")
    yield "a safety block", Case(says=BLOCKING[vendor], gets="nothing")
    ill = {
        **broken(GOOD[vendor]((THERE, " and more"), usage=None)),
        "another content type": replace(good, kind="text/html"),
        "a page": Says(status=200, body=b"<html>Welcome to the hotel</html>"),
        "50 MB": replace(good, events=(b": " + b"x" * 1_000_000 + b"\n",) * 50),
        "a redirect": Says(status=307, body=b"", headers={"location": "https://elsewhere.example/"}),
        "a proxy's page": failure(502, b"<html>Bad gateway</html>", retry_after_ms="5"),
    }
    for name, says in {**ill, **{name: says for name, says in FAILURES[vendor].items() if name not in SPENT}}.items():
        yield name, Case(says=says)
        yield f"a good one after {name}", Case(says=good, gets="there", is_paid=True)
    yield "a limit of money", Case(says=LIMITED[vendor])
    yield "a good one that nobody asks for any more", Case(says=good)


class Window(Asker):
    """An editor with the file open."""

    def __init__(self, folder: Path) -> None:
        super().__init__(module="tests.e2e.serving")
        self.folder = folder

    def arrive(self) -> None:
        """Shake hands, open the file, and wait until the menu knows the models."""
        self.enter()
        while not any("free" in action["title"] for action in self.listed(self.at(8))):
            self.wait_a_moment()

    def enter(self) -> None:
        """Shake hands and open the file."""
        folders = [{"uri": self.folder.as_uri(), "name": "repository"}]
        self.initialize(capabilities=FULL, workspaceFolders=folders)
        path = self.folder / "shop" / "total.py"
        self.uri, self.text, self.version = path.as_uri(), TEXT, 1
        self.open(self.uri, TEXT)

    def wait_a_moment(self) -> None:
        """Let the server find its models."""
        self.request("workspace/executeCommand", {"command": "hybrid-lsp.status"})

    def may_leave(self) -> list[str]:
        """Return what may leave the folder, as the server says."""
        status = self.request("workspace/executeCommand", {"command": "hybrid-lsp.status"})["result"]
        allowed: list[str] = status["folders"][0]["may_leave"]
        return allowed

    def review(self, name: str) -> dict[str, Any]:
        """Ask for a review that is too hard for a local model, and return what comes of it."""
        told = {"task": "review", "uri": self.uri, "range": self.at(6, 10), "fresh": True, "max_cost_usd": 1}
        answer = self.command("do", {**told, "instruction": f"{HARD} case <{name}>"})
        assert "error" not in answer, (name, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def leave(self) -> None:
        """Close the editor properly."""
        self.request("shutdown")
        self.notify("exit")
        assert self.exit_code() == 0


@pytest.mark.parametrize("vendor", STANDARD)
async def test_whatever_a_vendor_does_its_person_gets_an_answer_or_a_sentence(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of answer, over stdio: what is shown, who is asked again, what is paid, and what never leaves."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with town(tmp_path, monkeypatch, standard=STANDARD[vendor], small=(Line(say=(HERE,)),)) as everything:
        double, model = everything.vendors[vendor], STANDARD[vendor]
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.arrive)
            left_before = len(everything.left)
            got: dict[str, dict[str, Any]] = {}
            attempts: dict[str, int] = {}
            for name, case in cases(vendor):
                double.script, before = (case.says,), len(double.server.asked)
                got[name] = await asyncio.to_thread(window.review, name)
                attempts[name] = len(double.server.asked) - before
            await asyncio.to_thread(window.leave)
            log = window.stderr
        budget, rows = everything.ledger()

    assert left_before == 0, "looking at the menu sends nothing"
    for name, case in cases(vendor):
        result = got[name]
        if case.gets == "there":
            assert (result["origin"], result["basis"]) == ("cloud", case.basis.value), (name, result)
        elif case.gets == "here":
            assert (result["origin"], result["told"] != []) == ("local", True), (name, result)
        else:
            assert "would not answer" in result["failure"], (name, result)
    assert attempts["a good one that nobody asks for any more"] == 0
    assert attempts["a limit of money"] == attempts["a redirect"] == 1
    assert attempts["a proxy's page"] == 1 + RETRIED
    assert {line.split(" ")[1] for line in everything.tunnel.asked_for} == {f"{HOSTS[vendor]}:443"}
    assert budget.held_usd == 0
    assert sum(row.cost_usd for row in rows) == budget.settled_usd
    left = {row.job: row.bytes_out for row in rows if row.host}
    assert sum(left.values()) == sum(len(asked.body) for asked in double.server.asked), (
        "to the byte, whatever came back"
    )
    assert {got[name]["job"] for name, count in attempts.items() if count and "job" in got[name]} <= set(left)
    paid = {row.job: row for row in rows if row.origin is Origin.CLOUD and row.cost_usd}
    must = [got[name]["job"] for name, case in cases(vendor) if case.is_paid]
    assert set(must) <= set(paid)
    assert {row.model for row in paid.values()} == {model}
    _no_secret(everything, log)


def _no_secret(everything: Town, log: str) -> None:
    """Neither on the wire, nor in a log, nor in anything that was written down."""
    written = b"".join(path.read_bytes() for path in everything.home.rglob("*") if path.is_file())
    assert all(SECRET not in sent for sent in everything.left)
    assert "REDACTED_" in everything.left[0]
    assert SECRET.encode() not in written
    for word in (SECRET, "prices", "sk-double", str(everything.repository), "Traceback"):
        assert word not in log, word


async def test_an_edit_with_a_secret_in_it_a_slow_answer_and_a_whitelist_that_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escalated once with the secret taken out and put back, cancelled at once, and nothing more once it may not leave."""
    bad = Line(say=("```python\ndef total(prices:\n```",))
    async with town(tmp_path, monkeypatch, small=(bad,)) as everything:
        double = everything.vendors["anthropic"]
        contract, double.refusal = double.refusal, echo("anthropic", double.refusal)
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.arrive)
            told = {"uri": window.uri, "range": window.at(0, 2), "instruction": HARD, "max_cost_usd": 1}
            edited = await asyncio.to_thread(window.command, "do", {**told, "task": "refactor"})
            text_then, versions = window.text, window.version

            double.refusal, double.script = contract, (replace(GOOD["anthropic"]((THERE,)), cut_bytes=1, gap_s=1.0),)
            slow = window.start("workspace/executeCommand", window.commanded("do", {**told, "task": "review"}))
            await asyncio.to_thread(window.told, "$/progress", "asking claude")
            while len(double.server.asked) < 2:
                await asyncio.sleep(0.01)
            began_s = asyncio.get_running_loop().time()
            cancelled = await asyncio.to_thread(window.command, "cancel")
            error = (await asyncio.to_thread(window.answer, slow))["error"]
            took_s = asyncio.get_running_loop().time() - began_s

            (everything.home / "whitelist.json").write_text('{"cloud_apis": ["anthropic.com"]}', encoding="utf-8")
            until_s = asyncio.get_running_loop().time() + 10
            while await asyncio.to_thread(window.may_leave):
                assert asyncio.get_running_loop().time() < until_s, "the whitelist was not read again"
            kept = await asyncio.to_thread(window.command, "do", {**told, "task": "refactor", "fresh": True})
            await asyncio.to_thread(window.leave)
            log = window.stderr
        budget, rows = everything.ledger()

    assert (edited["result"]["applied"], edited["result"]["origin"]) == (True, "cloud")
    assert edited["result"]["told"][0].startswith("qwen3-coder:30b: ")
    assert (text_then, versions) == (TEXT.replace(LEAD, "version = 2"), 2)
    assert cancelled["result"] == {"cancelled": 1}
    assert error["code"] == -32800
    assert took_s < 5, "a slow vendor is not waited for"
    assert len(double.server.asked) == 2
    assert {no["rule"] for no in kept["result"]["refusals"]} == {"allowed_for_cloud.architecture_design"}
    assert budget.held_usd == 0
    assert [(row.origin, row.status) for row in rows] == [
        (Origin.LOCAL, Status.UNFIT), (Origin.CLOUD, Status.DONE), (Origin.CLOUD, Status.CANCELLED),
        (Origin.LOCAL, Status.UNFIT),
    ]  # fmt: skip
    assert (rows[1].host, rows[1].taken, rows[1].redactions) == ("api.anthropic.com", (("AWS_KEY_ID", 1),), 1)
    assert rows[1].bytes_out > 1000
    assert all((row.host, row.bytes_out) == ("", 0) for row in rows if row.origin is Origin.LOCAL)
    _no_secret(everything, log)


FIRST = {
    "wouldLeave": ("markdown", "To claude-sonnet-5-5 at api.anthropic.com. 1 secret is taken out."),
    "why": ("markdown", "**claude-sonnet-5-5** (cloud, standard, ≤ $0.0"),
    "spend": ("markdown", "$50.00 of $50.00 left"),
    "dashboard": ("uri", "dashboard"),
    "profile": ("profile", "balanced"),
}
"""What is looked at, the field of its answer, and what stands there."""


async def test_what_is_looked_at_first_thing_is_not_told_too_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that nothing would leave, or sent away, because it is not known yet who can be asked."""
    async with town(tmp_path, monkeypatch) as everything:
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.enter)
            about = {"task": "review", "uri": window.uri, "range": window.at(0, 7), "instruction": HARD}
            arguments = {"wouldLeave": (about,), "why": (about,), "profile": ("balanced",)}
            asked = {
                name: window.start("workspace/executeCommand", window.commanded(name, *arguments.get(name, ())))
                for name in FIRST
            }
            answers = {name: await asyncio.to_thread(window.answer, number) for name, number in asked.items()}
            await asyncio.to_thread(window.leave)
        for name, (field, words) in FIRST.items():
            assert words in answers[name]["result"][field], name
        assert everything.left == []


@pytest.mark.parametrize("how", ["exit", "end of input"])
async def test_leaving_the_editor_in_the_middle_settles_what_was_used(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor's stream is closed, nothing stays held until a lease ends, and every row is there."""
    slow = replace(GOOD["anthropic"]((THERE,)), cut_bytes=1, gap_s=1.0)
    async with town(tmp_path, monkeypatch, says={"anthropic": (slow,)}) as everything:
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.arrive)
            told = {
                "task": "review",
                "uri": window.uri,
                "range": window.at(0, 2),
                "instruction": HARD,
                "max_cost_usd": 1,
            }
            window.start("workspace/executeCommand", window.commanded("do", told))
            while not everything.vendors["anthropic"].server.asked:
                await asyncio.sleep(0.01)
            if how == "exit":
                await asyncio.to_thread(window.leave)
            else:
                assert window.process.stdin is not None
                window.process.stdin.close()
                assert await asyncio.to_thread(window.exit_code) == 1
        budget, rows = everything.ledger()

    assert budget.held_usd == 0
    assert [(row.origin, row.status) for row in rows] == [(Origin.CLOUD, Status.CANCELLED)]
    assert 0 < budget.settled_usd < Decimal("0.05"), (
        "what went out is assumed to be billed, not all that could have been"
    )


async def _said(*words: str) -> Any:
    """What a command says as JSON, whatever its exit status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hybrid_lsp", *words, "--json", stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(50):
        out, _ = await process.communicate()
    return json.loads(out)


async def test_a_server_that_is_killed_in_the_middle_is_charged_in_full_and_told_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its money stays held until the lease ends, is spent from then on, and no command says meanwhile that nothing left."""
    slow = replace(GOOD["anthropic"]((THERE,)), cut_bytes=1, gap_s=1.0)
    async with town(tmp_path, monkeypatch, says={"anthropic": (slow,)}) as everything:
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.arrive)
            told = {"task": "review", "uri": window.uri, "range": window.at(0, 2), "instruction": HARD}
            window.start("workspace/executeCommand", window.commanded("do", {**told, "max_cost_usd": 1}))
            while not everything.vendors["anthropic"].server.asked:
                await asyncio.sleep(0.01)
            window.process.kill()
            await asyncio.to_thread(window.exit_code)
        spent, left = await asyncio.gather(_said("spend"), _said("audit"))
        (hold,) = spent["holds"]
        assert (spent["settled_usd"], spent["held_usd"]) == (0, hold["held_usd"])
        assert (left["left"], [one["model"] for one in left["under_way"]]) == ([], [STANDARD["anthropic"]])

        with closing(sqlite3.connect(everything.home / "state" / "ledger.sqlite")) as time_passes, time_passes:
            time_passes.execute("UPDATE attempt SET until_ms = at_ms + 1 WHERE state = 'held'")
        with Window(everything.repository) as window:
            await asyncio.to_thread(window.arrive)
            month = await asyncio.to_thread(window.command, "spend")
            assert await asyncio.to_thread(window.logged, "calls that nobody settled: 1")
            await asyncio.to_thread(window.leave)
        spent, left = await asyncio.gather(_said("spend"), _said("audit"))

    assert "of it is assumed, not reported: calls that were cancelled, cut off or lost" in month["result"]["markdown"]
    assert (spent["settled_usd"], spent["held_usd"], spent["holds"]) == (hold["held_usd"], 0, [])
    assert spent["assumed_usd"] == sum(group["cost_usd"] for group in spent["groups"]) == hold["held_usd"]
    assert left["under_way"] == []
    assert [(row["job"], row["status"]) for row in left["left"]] == [(hold["job"], "lost")]
