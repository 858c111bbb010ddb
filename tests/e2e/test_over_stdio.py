"""An editor over real stdio, the real server, a local model and three vendors that do all that vendors do."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.core.record import Basis, Origin
from tests.cli.town import CODE, HARD, Town, town
from tests.cli.tunnel import HOSTS
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import Says, broken, failure
from tests.doubles.ollama import Line
from tests.e2e.test_the_whole_way import BLOCKING, LIMITED, NO_USAGE, REFUSING, STANDARD
from tests.lsp.asker import FULL, Asker

SECRET = "AKIA" + "QXRT7ZLP2MWB4NVD"
TEXT = f'KEY = "{SECRET}"\n{CODE}'
HERE, THERE = "5: hint: name it", "5: warning: sum() does it"
GOOD = {"anthropic": anthropic.answer, "openai": openai_cloud.answer, "gemini": gemini.answer}
FAILURES = {"anthropic": anthropic.FAILURES, "openai": openai_cloud.FAILURES, "gemini": gemini.FAILURES}
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
    spent = {"billing", "credit", "limits", "spend limit", "quota", "day", "disabled", "hold", "monthly"}
    for name, says in {**ill, **{name: says for name, says in FAILURES[vendor].items() if name not in spent}}.items():
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
        folders = [{"uri": self.folder.as_uri(), "name": "repository"}]
        self.initialize(capabilities=FULL, workspaceFolders=folders)
        path = self.folder / "shop" / "total.py"
        self.uri, self.text, self.version = path.as_uri(), TEXT, 1
        self.open(self.uri, TEXT)
        while not any("free" in action["title"] for action in self.listed(self.at(6))):
            self.wait_a_moment()

    def wait_a_moment(self) -> None:
        """Let the server find its models."""
        self.request("workspace/executeCommand", {"command": "hybrid-lsp.status"})

    def review(self, name: str) -> dict[str, Any]:
        """Ask for a review that is too hard for a local model, and return what comes of it."""
        told = {"task": "review", "uri": self.uri, "range": self.at(4, 8), "fresh": True, "max_cost_usd": 1}
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
