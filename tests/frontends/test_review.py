"""frontends.terminal.review: the monthly look at routing, and the one question it may end with."""

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from hybrid_lsp.core.errors import HybridError
from hybrid_lsp.core.history import Proposal, Review, monthly_review, thresholds_of
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.profile import PERFORMANCE
from hybrid_lsp.core.record import Basis, Origin, Record, Status
from hybrid_lsp.frontends.terminal import review

NOW_MS = 1_795_000_000_000
LOCAL = Record(
    job="j", at_ms=NOW_MS, workspace="shop", task=Task.FIX, origin=Origin.LOCAL, backend="ollama",
    model="a-local-model-with-quite-a-long-name:14b-instruct", score=0.5, latency_ms=2500, survived=True, accepted=True,
    checks=(("applies", True),), baseline="opus", baseline_usd=Decimal("0.02"),
)  # fmt: skip
CLOUD = replace(
    LOCAL,
    origin=Origin.CLOUD,
    backend="anthropic",
    model="sonnet",
    cost_usd=Decimal("0.0512"),
    basis=Basis.REPORTED,
    checks=(),
)


def reviewed(good: int, poor: int, *, costly: bool = True) -> Review:
    """A month whose cloud answers have a local one beside them, of which so many were good."""
    records = []
    for i in range(good + poor):
        local = replace(LOCAL, job=str(i), at_ms=NOW_MS - i * 1000)
        if i >= good:
            local = replace(local, status=Status.UNFIT, survived=None, accepted=None)
        records += [replace(CLOUD, job=str(i), at_ms=local.at_ms), local] if costly else [local]
    return monthly_review(records, NOW_MS, thresholds_of(PERFORMANCE))


PROPOSING, EMPTY, FEW = reviewed(15, 2), reviewed(0, 0), reviewed(3, 1)


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    encoding = "utf-8"

    def __init__(self, text: str = "", *, tty: bool = False) -> None:
        super().__init__(text)
        self._tty = tty

    def isatty(self) -> bool:
        """Return what it was made as."""
        return self._tty


class Interrupted(Screen):
    """A terminal where somebody presses Ctrl-C."""

    def readline(self, size: int = -1, /) -> str:
        """Interrupt."""
        raise KeyboardInterrupt


class Settings:
    """What a person has accepted."""

    def __init__(self) -> None:
        self.accepted: list[Proposal] = []

    def accept(self, proposal: Proposal) -> str:
        """Remember it."""
        self.accepted.append(proposal)
        return f"{proposal.setting} is set."


def asked(
    found: Review | HybridError, answers: Screen | None = None, *, tty: bool = False, as_json: bool = False,
    accept: Callable[[Proposal], str] | None = None,
) -> tuple[int, str, str]:  # fmt: skip
    """The exit status, what was written, and what was written as an error."""
    out, errors = Screen(tty=tty), Screen()

    def read() -> Review:
        if isinstance(found, HybridError):
            raise found
        return found

    status = review.run(
        read, accept or Settings().accept, out=out, errors=errors, answers=answers or Screen(), as_json=as_json,
        environment={"NO_COLOR": "1"},
    )  # fmt: skip
    return status, out.getvalue(), errors.getvalue()


def test_an_empty_month() -> None:
    """Where nothing was asked for there is nothing to review, and one reads why."""
    assert asked(EMPTY) == (
        0,
        "Routing in the last 30 days: 0 jobs, $0.00\n\n"
        "Nothing was asked for; ghost text is free and is not reviewed here.\n",
        "",
    )


def test_a_month_with_a_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks, models, other settings and the proposal fit 80 columns; without a terminal to ask one reads how to accept."""
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    status, out, _ = asked(PROPOSING, tty=True)
    lines = out.splitlines()

    assert status == 0
    assert max(map(len, lines)) <= 80
    assert lines[:4] == [
        "Routing in the last 30 days: 17 jobs, $0.87",
        "",
        "task  score  jobs  local  cloud  passed  accepted   still there  on   cost",
        "fix   < 0.6    17     17     17   15/17     15/15  15/15 85-100   2  $0.87",
    ]
    assert any(line.startswith("a-local-model-with-") and line.endswith("free") for line in lines)
    assert any(line.startswith("routing.local_first.fix") and "15/17, likely" in line for line in lines)
    told = " ".join(out.split())
    assert "Try a local model first for fix jobs: there the local answer was good in 15 of 17 (likely" in told
    assert "it would have saved $0.77 in 30 days." in told
    assert lines[-2:] == ["      [routing.local_first]", "      fix = true"]


def test_a_month_without_a_proposal() -> None:
    """Too little data is said as such, and no share has bounds."""
    _, out, _ = asked(FEW)

    assert "3/3" in out
    assert "routing." not in out
    assert "Nothing is proposed. Not enough data: 4 known outcomes" in out


@pytest.mark.parametrize(
    ("said", "accepted", "last"),
    [
        ("yes\n", 1, "✓ routing.local_first.fix is set."),
        ("Y\n", 1, "✓ routing.local_first.fix is set."),
        ("perhaps\nyes\n", 1, "✓ routing.local_first.fix is set."),
        ("no\n", 0, "Left as it is."),
        ("\n", 0, "Left as it is."),
        ("", 0, "Left as it is."),
        ("a\nb\nc\nyes\n", 0, "Left as it is."),
    ],
)
def test_only_a_yes_changes_something(said: str, accepted: int, last: str) -> None:
    """On a terminal the person is asked; anything but yes, and silence, leaves all as it is."""
    settings = Settings()
    status, out, _ = asked(PROPOSING, Screen(said, tty=True), tty=True, accept=settings.accept)

    assert (status, len(settings.accepted)) == (0, accepted)
    assert out.splitlines()[-1].removeprefix("Accept? [yes/no] ") == last


@pytest.mark.parametrize(
    ("out_tty", "in_tty", "as_json"), [(False, True, False), (True, False, False), (True, True, True)]
)
def test_nobody_is_asked_but_on_a_terminal(out_tty: bool, in_tty: bool, as_json: bool) -> None:
    """A pipe on either side, or --json, and no yes is taken from anybody."""
    settings = Settings()
    status, out, _ = asked(PROPOSING, Screen("yes\n", tty=in_tty), tty=out_tty, as_json=as_json, accept=settings.accept)

    assert (status, settings.accepted) == (0, [])
    assert "Accept?" not in out


def test_ctrl_c_changes_nothing() -> None:
    """After Ctrl-C at the question nothing is changed, and the status is 130."""
    settings = Settings()
    status, out, _ = asked(PROPOSING, Interrupted(tty=True), tty=True, accept=settings.accept)

    assert (status, settings.accepted) == (130, [])
    assert out.endswith("Left as it is.\n")


def test_what_cannot_be_read_or_set() -> None:
    """What the ledger or the settings refuse is one sentence on standard error, and 1."""

    def refusing(proposal: Proposal) -> str:
        raise HybridError(f"{proposal.setting} cannot be written.")

    status, _, error = asked(PROPOSING, Screen("yes\n", tty=True), tty=True, accept=refusing)

    assert (status, error) == (1, "✗ routing.local_first.fix cannot be written.\n")
    assert asked(HybridError("The ledger cannot be read.")) == (1, "", "✗ The ledger cannot be read.\n")


def test_checks_that_refused_something_have_their_record() -> None:
    """How often each ran and refused, what of that its person kept, and whether it is still obeyed."""
    refused = replace(LOCAL, status=Status.UNFIT, checks=(("names", False), ("syntax", True)), survived=True)
    records = [replace(refused, job=str(i), at_ms=NOW_MS - i) for i in range(4)]
    month = monthly_review(records, NOW_MS, thresholds_of(PERFORMANCE))
    _, out, _ = asked(month)
    lines = out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("check"))

    assert " ".join(lines[head].split()) == "check ran refused refused and kept now"
    assert " ".join(lines[head + 1].split()) == "names 4 4 4 advice: it refused good answers too often"
    assert not lines[head + 2].startswith("syntax")
    told = json.loads(asked(month, as_json=True)[1])
    assert [(one["name"], one["is_advice"]) for one in told["checks"]] == [("names", True), ("syntax", False)]


def test_one_json_object_and_nothing_else() -> None:
    """With --json there is one object: rows with counts and bounds, what was thought of, and the proposal or its absence."""
    status, out, _ = asked(PROPOSING, as_json=True)
    told = json.loads(out)
    none = json.loads(asked(FEW, as_json=True)[1])

    assert (status, out.count("\n")) == (0, 1)
    assert told["proposal"]["setting"] == "routing.local_first.fix"
    assert (told["proposal"]["value"], told["proposal"]["saves_usd"], told["proposal"]["n"]) == (True, 0.768, 17)
    assert told["bands"][0]["survived"]["of"] == 15
    assert len(told["bands"][0]["survived"]["interval"]) == 2
    assert {row["model"] for row in told["models"]} == {LOCAL.model, "sonnet"}
    assert (none["proposal"], none["bands"][0]["survived"]["interval"]) == (None, None)
    assert none["why_none"].startswith("Not enough data")
