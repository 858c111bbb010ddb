"""frontends.terminal.route: where a job would go, before anything is sent."""

import asyncio
import io
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.catalog import Model, Role, Where
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.errors import HybridError, Refused
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.policy import Policy, Send
from hybrid_lsp.core.price import Price, Rates, Tier
from hybrid_lsp.core.profile import BALANCED
from hybrid_lsp.core.router import Candidate, Plan, decide, measure
from hybrid_lsp.demo.languages import language_of
from hybrid_lsp.frontends.terminal import route
from hybrid_lsp.frontends.terminal.route import parse_span
from hybrid_lsp.frontends.terminal.span import path_in, read_span
from hybrid_lsp.settings.folder import folder_of

CODE = "".join(f"line_{i} = {i}\n" for i in range(1, 31))
LOCAL = Candidate(
    model=Model(
        id="qwen:14b", backend="ollama", where=Where.LOCAL, roles=(Role.FAST, Role.QUALITY, Role.BEST),
        window_tokens=32_768, max_output_tokens=8192,
    )
)  # fmt: skip
CLOUD = Candidate(
    model=Model(
        id="sonnet", backend="anthropic", where=Where.CLOUD, roles=(Role.STANDARD, Role.PREMIUM), window_tokens=200_000,
        max_output_tokens=64_000, host="api.anthropic.com",
    ),
    price=Price(
        model="sonnet", source="test",
        tiers=(Tier(above_input_tokens=0, rates=Rates(input_usd=Decimal(3), output_usd=Decimal(15))),),
    ),
)  # fmt: skip
POLICY = Policy(cloud_apis=frozenset({"anthropic.com"}), tasks=frozenset({"architecture_design", "reasoning_tasks"}))
BUDGET = Budget(month="2026-11", limit_usd=Decimal(50), settled_usd=Decimal("3.2"))
HARD = "fix it, and " + "think " * 200
"""What is asked of a job that goes past the local models."""


Decide = Callable[[Job], Coroutine[None, None, tuple[Plan, Budget]]]


class Screen(io.StringIO):
    """A terminal of 80 columns, where `COLUMNS` says so."""

    encoding = "utf-8"

    def __init__(self, *, tty: bool = False) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        """Return what it was made as."""
        return self._tty


def desk(
    *, policy: Policy = POLICY, budget: Budget = BUDGET, local: tuple[Candidate, ...] = (LOCAL,),
    cloud: tuple[Candidate, ...] = (CLOUD,),
) -> Decide:  # fmt: skip
    """The real router, over these models."""

    async def decided(job: Job) -> tuple[Plan, Budget]:
        plan = decide(
            job, assess(job.prompt, job.context), size=measure(job), policy=policy, profile=BALANCED, budget=budget,
            local=local, cloud=cloud,
        )  # fmt: skip
        return plan, budget

    return decided


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace folder with one source file of 30 lines."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def routed(
    folder: Path, where: str, *, task: Task = Task.REFACTOR, instruction: str = "", as_json: bool = False,
    decided: Decide | None = None, tty: bool = False,
    environment: dict[str, str] | None = None,
) -> tuple[int, str, str]:  # fmt: skip
    """The exit status, what was written, and what was written as an error."""
    out, errors = Screen(tty=tty), Screen()
    status = route.run(
        where, decided or desk(), task=task, instruction=instruction, job="j", folder=folder, language_of=language_of,
        out=out, errors=errors, as_json=as_json, environment=environment or {},
    )  # fmt: skip
    return status, out.getvalue(), errors.getvalue()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("src/a.py", ("src/a.py", None, None)),
        ("src/a.py:10", ("src/a.py", 10, 10)),
        ("src/a.py:10-20", ("src/a.py", 10, 20)),
        ("C:\\x.py", ("C:\\x.py", None, None)),
        ("C:\\x.py:3", ("C:\\x.py", 3, 3)),
        ("C:/x y.py:3-4", ("C:/x y.py", 3, 4)),
        ("a:b.py", ("a:b.py", None, None)),
        ("a:b.py:7", ("a:b.py", 7, 7)),
    ],
)
def test_spans(text: str, span: tuple[str, int | None, int | None]) -> None:
    """A file, a line of it, or some lines; a drive letter is no line."""
    assert parse_span(text) == span


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "No file is named"),
        (":3", "No file is named"),
        ("a.py:", "does not end in lines"),
        ("a.py:-3", "does not end in lines"),
        ("a.py:3-", "does not end in lines"),
        ("a.py:1-2-3", "does not end in lines"),
        ("a.py:10:5", "does not end in lines"),
        ("a.py:99999999999999999999", "does not end in lines"),
        ("a.py:0", "counted from 1"),
        ("a.py:0-4", "counted from 1"),
        ("a.py:20-10", "smaller line first, 10-20"),
    ],
)
def test_spans_that_are_none(text: str, word: str) -> None:
    """What is no span has one sentence that says how to write one."""
    with pytest.raises(Refused, match=word):
        parse_span(text)


@given(st.text(max_size=30))
def test_any_text_is_a_span_or_is_refused(text: str) -> None:
    """Nothing that can be typed makes anything else happen, and no folder is repeated in the sentence."""
    said, span = "", None
    try:
        span = parse_span(f"/home/me/{text}")
    except Refused as refusal:
        said = str(refusal)

    assert "/home" not in said
    assert bool(said) == (span is None)
    if span is not None:
        assert span.path.startswith("/home/me/")
        assert (span.first is None and span.last is None) or 1 <= (span.first or 0) <= (span.last or 0)


def test_the_text_of_a_span(folder: Path) -> None:
    """The named lines are marked, the rest stands above and below, and the path is the workspace's."""
    excerpt = read_span(parse_span("src/a.py:10-12"), task=Task.FIX, folder=folder, language_of=language_of)

    assert (excerpt.path, excerpt.language, excerpt.line) == ("src/a.py", "python", 9)
    assert excerpt.focus == "line_10 = 10\nline_11 = 11\nline_12 = 12"
    assert f"{excerpt.before}{excerpt.focus}{excerpt.after}\n" == CODE


def test_a_completion_stands_at_the_end_of_its_line(folder: Path) -> None:
    """To complete, nothing is marked: the cursor is at the end of the last line that is named."""
    excerpt = read_span(parse_span("src/a.py:3"), task=Task.COMPLETE, folder=folder, language_of=language_of)

    assert (excerpt.focus, excerpt.prefix, excerpt.line) == ("", "line_3 = 3", 2)
    assert f"{excerpt.before}{excerpt.after}\n" == CODE


@pytest.mark.parametrize("text", ["", "x", "x\n", "a\r\nb\r\n", "a\rb", "\ufeffa\n", "a\fb\n", "\u2028\n"])
def test_a_whole_file(folder: Path, text: str) -> None:
    """Without lines the whole file is meant, however its lines end; only line ends end lines."""
    (folder / "b.txt").write_bytes(text.encode())
    excerpt = read_span(parse_span("b.txt"), task=Task.REVIEW, folder=folder, language_of=language_of)

    assert excerpt.focus == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def test_a_file_outside_the_folder_has_only_its_name(folder: Path) -> None:
    """No absolute path gets into an excerpt."""
    whole = str(folder / "src" / "a.py")
    excerpt = read_span(parse_span(whole), task=Task.FIX, folder=folder / "src" / "..", language_of=language_of)
    outside = read_span(parse_span(whole), task=Task.FIX, folder=folder / "elsewhere", language_of=language_of)

    assert (excerpt.path, outside.path) == ("src/a.py", "a.py")


def test_the_folder_of_a_file(folder: Path) -> None:
    """It is the nearest one with a repository or a whitelist.json, else the file's own."""
    assert folder_of(folder / "src" / "a.py") == folder / "src"
    (folder / "whitelist.json").touch()
    assert folder_of(folder / "src" / "a.py") == folder


@pytest.mark.parametrize("within", [".kube", ".ssh/work", ".KUBE", ".aws/.git"])
def test_a_file_in_a_folder_of_secrets_is_known_as_one(within: str, tmp_path: Path) -> None:
    """Its path says so wherever one asks from, and so it never leaves."""
    path = tmp_path / within.removesuffix("/.git") / "config"
    (tmp_path / within).mkdir(parents=True)
    path.write_text("server: https://cluster.example\n", encoding="utf-8")
    assert folder_of(path) == tmp_path
    assert Policy().decide(Send(path_in(tmp_path, path))).rule == "paths.secret"


@pytest.mark.parametrize(
    ("where", "content", "word"),
    [
        ("none.py", None, "is not there"),
        ("src", None, "is a folder"),
        ("src/a.py:31", None, "a.py has 30 lines, and line 31 is asked for"),
        ("one.py:2", b"x\n", "has 1 line,"),
        ("data.bin", b"a\0b", "is not text"),
        ("old.py", "é".encode("latin-1"), "is not UTF-8"),
        ("big.py", b"x" * ((1 << 20) + 1), "is larger than 1 MiB"),
        ("x\0.py", None, "cannot be read"),
        ("src/a.py:0", None, "counted from 1"),
    ],
)
def test_what_cannot_be_read(folder: Path, where: str, content: bytes | None, word: str) -> None:
    """Each has one sentence on standard error without a path of the machine, and the exit status 2."""
    if content is not None:
        (folder / where.split(":")[0]).write_bytes(content)
    status, out, error = routed(folder, where)

    assert (status, out) == (2, "")
    assert word in error
    assert str(folder) not in error


def test_a_decision_that_stays_here(folder: Path) -> None:
    """One reads who would be asked and why, that it is free, and what is left."""
    excerpt = read_span(parse_span("src/a.py:10-12"), task=Task.REFACTOR, folder=folder, language_of=language_of)
    plan, _ = asyncio.run(desk()(Job(id="j", task=Task.REFACTOR, excerpt=excerpt, deliberate=True)))
    status, out, _ = routed(folder, "src/a.py:10-12")

    assert status == 0
    assert out.splitlines() == [
        "Refactor src/a.py, lines 10-12: qwen:14b, on this machine.",
        "Nothing was sent.",
        "",
        "complexity  0.30",
        "            +0.30  It asks to refactor, redesign or architect.",
        "policy      may leave, by allowed_for_cloud.architecture_design",
        "",
        "1. qwen:14b · local quality · free",
        f"   {plan.steps[0].reason}",
        "",
        "it costs    nothing",
        "left        $46.80 of $50.00 for 2026-11",
    ]


def test_a_decision_that_may_cost(folder: Path) -> None:
    """A paid step has its worst case, and the money says under which condition it is spent."""
    _, out, _ = routed(folder, "src/a.py", instruction=HARD)
    _, paid, _ = routed(folder, "src/a.py", instruction=HARD, decided=desk(local=()))

    assert "· complex reasoning" in out
    assert "sonnet · cloud standard · ≤ $" in out
    assert "nothing, unless a cloud model has to be asked: then at most $" in out
    assert "sonnet, at api.anthropic.com." in paid
    assert "by estimate; at most $" in paid


def test_what_is_not_asked_is_told_why(folder: Path) -> None:
    """Nobody to ask: every refusal has its sentence, and the status is 1."""
    status, out, _ = routed(folder, "src/a.py", task=Task.REVIEW, decided=desk(local=()))

    assert status == 1
    assert "nobody can be asked" in out
    assert "stays on this machine, by allowed_for_cloud.code_review" in out
    assert out.count("✗") >= 2


def test_a_blocked_budget_is_said_once(folder: Path) -> None:
    """Why no paid call may be made stands there exactly once, whoever says it."""
    blocked = replace(BUDGET, blocked="The ledger was set aside.")
    _, refused, _ = routed(folder, "src/a.py", instruction=HARD, decided=desk(budget=blocked))
    _, simple, _ = routed(folder, "src/a.py", decided=desk(budget=blocked))

    assert (refused.count(blocked.blocked), simple.count(blocked.blocked)) == (1, 1)


def test_one_json_object_with_exact_amounts(folder: Path) -> None:
    """With --json there is one object with the promised keys, and amounts that add up with the plan's."""
    plans: list[Plan] = []

    async def remembering(job: Job) -> tuple[Plan, Budget]:
        plan, budget = await desk()(job)
        plans.append(plan)
        return plan, budget

    status, out, _ = routed(folder, "src/a.py", instruction=HARD, as_json=True, decided=remembering)
    told = json.loads(out, parse_float=Decimal)

    assert (status, out.count("\n")) == (0, 1)
    assert list(told) == [
        "task", "complexity", "policy", "steps", "refusals", "estimated_usd", "worst_case_usd", "budget_left_usd",
    ]  # fmt: skip
    assert list(told["complexity"]) == ["score", "reasons", "requires_large_context", "is_complex_reasoning"]
    assert {"model", "where", "reason", "worst_case_usd"} <= set(told["steps"][-1])
    assert told["worst_case_usd"] == plans[0].worst_usd
    assert told["budget_left_usd"] == Decimal("46.8")
    assert sum(reason["points"] for reason in told["complexity"]["reasons"]) == told["complexity"]["score"]


def test_a_decision_that_cannot_be_made(folder: Path) -> None:
    """What the settings or the ledger refuse is one sentence, and 1."""

    async def refusing(job: Job) -> tuple[Plan, Budget]:
        raise HybridError("The ledger cannot be read.")

    assert routed(folder, "src/a.py", decided=refusing) == (1, "", "✗ The ledger cannot be read.\n")


def test_it_fits_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of 80 columns no line is longer, and there is colour only where it is wanted."""
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    _, plain, _ = routed(folder, "src/a.py", instruction=HARD, tty=True, environment={"NO_COLOR": "1"})
    _, coloured, _ = routed(folder, "src/a.py", instruction=HARD, tty=True)
    _, piped, _ = routed(folder, "src/a.py", instruction=HARD)

    assert max(map(len, plain.splitlines())) <= 80
    assert "\x1b[1m" in coloured
    assert "\x1b" not in plain + piped
