"""frontends.terminal.ask: a question from a terminal, watched, paid for by a yes, and its answer."""

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.assistant import Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Job, Task, Wish
from hybrid_lsp.core.money import told_at_most
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.core.router import Plan
from hybrid_lsp.core.tokens import estimate_tokens
from hybrid_lsp.demo.languages import language_of
from hybrid_lsp.frontends.terminal import ask, typed
from hybrid_lsp.frontends.terminal.ask import Wanted
from tests.assistant.house import CODE, GOOD, HARD, House, Line, fenced, house
from tests.frontends.test_route import Screen

BROKEN = Line(say=(fenced("def total(prices:\n    return 0"),))
PATH = "shop/total.py"
SPAN = f"{PATH}:4-8"


@dataclass(slots=True)
class Answering:
    """A house that answers, and what was marked in it."""

    house: House
    meanwhile: Callable[[Event], None] = lambda _: None
    marks: list[tuple[str, bool | None]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    closed: int = 0

    def plan(self, job: Job) -> Plan:
        """See `ask.Answering`; the house waits for nothing when it says what holds."""
        try:
            self.house.standing(job).send(None)
        except StopIteration as done:
            plan: Plan = done.value.plan
            return plan
        raise AssertionError

    async def run(
        self, job: Job, whole: Whole, *, tell: Callable[[Event], None] | None = None, fresh: bool = False
    ) -> Outcome:
        """See `ask.Answering`."""
        assert whole.text == CODE
        self.jobs.append(job)

        def told(event: Event) -> None:
            self.meanwhile(event)
            if tell is not None:
                tell(event)

        return await self.house.assistant.run(job, whole, tell=told, fresh=fresh)

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """See `ask.Answering`."""
        self.marks.append((job, accepted))

    async def close(self) -> None:
        """See `ask.Answering`."""
        self.closed += 1
        await self.house.assistant.close()


class Keyboard(io.TextIOWrapper):
    """What somebody types: a stream that can be waited for."""

    def __init__(self, text: str, *, tty: bool, stays: bool) -> None:
        read, self._write_end = os.pipe()
        super().__init__(io.FileIO(read), encoding="utf-8")
        os.write(self._write_end, text.encode())
        self._tty, self._stays = tty, stays
        if not stays:
            os.close(self._write_end)

    def close(self) -> None:
        """Hang up."""
        if self._stays:
            self._stays = False
            os.close(self._write_end)
        super().close()

    def isatty(self) -> bool:
        """Return what it was made as."""
        return self._tty


@dataclass(slots=True)
class Terminal:
    """Somebody in a folder with one file, at a terminal or behind a pipe."""

    folder: Path
    answering: Answering = field(default_factory=lambda: Answering(house()))
    tty: bool = False
    typed: str = ""
    stays: bool = False
    """Whether they are still there, and may type more, when they have typed that."""
    environment: dict[str, str] = field(default_factory=lambda: {"NO_COLOR": "1"})
    out: Screen = field(init=False)
    errors: Screen = field(init=False)
    fails: Callable[[], None] = lambda: None
    ledger_away: bool = False

    def ask(self, task: Task = Task.REFACTOR, *, where: str = SPAN, instruction: str = "", **more: Any) -> int:
        """Ask, and return the exit status."""
        self.out, self.errors = Screen(tty=self.tty), Screen(tty=self.tty)

        async def opened(remark: Callable[[str], None]) -> Answering:
            self.fails()
            return self.answering

        wanted = Wanted(where=where, task=task, instruction=instruction, **more)
        with Keyboard(self.typed, tty=self.tty, stays=self.stays) as answers:
            return ask.run(
                wanted, opened, job="job-1", folder=self.folder, language_of=language_of,
                replace_file=lambda path, data: _written(path, data), cost_of=self._cost, out=self.out,
                errors=self.errors, answers=answers, environment=self.environment,
            )  # fmt: skip

    def _cost(self, job: str) -> Decimal:
        assert self.answering.closed, "what it cost is known once all is settled"
        if self.ledger_away:
            raise Refused("The ledger is away.")
        return sum((row.cost_usd for row in self.answering.house.money.settled if row.job == job), Decimal(0))

    @property
    def said(self) -> str:
        """What was written besides the answer, in one line."""
        return " ".join(self.errors.getvalue().split())

    @property
    def file(self) -> Path:
        """The file that is asked about."""
        return self.folder / PATH


def _written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Somebody behind a pipe, with models that answer well."""
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    (tmp_path / "shop").mkdir()
    (tmp_path / PATH).write_text(CODE, encoding="utf-8", newline="")
    return Terminal(tmp_path)


DIFF = "\n".join((
    "--- a/shop/total.py", "+++ b/shop/total.py", "@@ -2,10 +2,7 @@", " ", " ", " def total(prices):",
    "-    result = 0", "-    for price in prices:", "-        result += price", "-    return result",
    "+    return sum(prices)", " ", " ", " print(total([1]), os.sep)", "",
))  # fmt: skip


def test_a_diff_is_all_that_is_on_standard_output(terminal: Terminal) -> None:
    """Where it goes, and where the answer came from, is told beside it; the file is left as it is."""
    assert terminal.ask() == 0
    assert terminal.out.getvalue() == DIFF
    assert terminal.errors.getvalue().splitlines() == [
        "Refactor shop/total.py, lines 4-8: small, on this machine, free.", "small (local, free).",
    ]  # fmt: skip
    assert terminal.file.read_text("utf-8") == CODE
    assert (terminal.answering.marks, terminal.answering.closed) == ([], 1)


def test_each_step_that_is_left_is_told_in_one_line(terminal: Terminal) -> None:
    """The plan stands there first with the most that it costs; then why one was left and who is asked instead."""
    terminal.answering = Answering(house(small=[BROKEN]))
    status = terminal.ask(instruction=HARD, yes=True)
    plan = terminal.answering.plan(terminal.answering.jobs[0])
    lines = terminal.errors.getvalue().splitlines()

    assert (status, terminal.out.getvalue()) == (0, DIFF)
    assert terminal.said.startswith(
        "Refactor shop/total.py, lines 4-8: small, on this machine, free. Else big, at api.anthropic.com,"
        f" {told_at_most(plan.worst_usd)}, where that answer is not fit or does not come. $50.00 of the month's"
    )
    assert "$50.00 of the month's money is left." in lines
    assert "small: With the answer, the file no longer parses. Asking big (≤ $0." in terminal.said
    assert lines[-1].startswith("big (cloud, $0.")
    assert terminal.said.count("no longer parses") == 1
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("words", "status", "asked"),
    [("yes\n", 0, 1), ("Y\n", 0, 1), ("what?\nyes\n", 0, 1), ("no\n", 1, 0), ("\n", 1, 0), ("", 1, 0), ("a\nb\nc\nyes\n", 1, 0)],
)  # fmt: skip
def test_a_first_step_that_costs_money_needs_a_yes(terminal: Terminal, words: str, status: int, asked: int) -> None:
    """On a terminal one is asked; anything but yes is no, and then nobody is asked."""
    terminal.tty, terminal.typed = True, words
    assert terminal.ask(Task.REVIEW, instruction=HARD) == status
    assert len(terminal.answering.house.models.asked) == asked
    assert "Ask? [yes/no] " in terminal.errors.getvalue()
    assert ("Nothing was asked." in terminal.said) == (not asked)


@pytest.mark.skipif(os.name == "nt", reason="there a console is waited for without an end")
def test_nobody_is_waited_for_without_an_end(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has gone away from the question has said no."""
    monkeypatch.setattr(typed, "ANSWER_TIMEOUT_S", 0.05)
    terminal.tty = terminal.stays = True
    assert terminal.ask(Task.REVIEW, instruction=HARD) == 1
    assert terminal.said.endswith("Ask? [yes/no] ✗ Nothing was asked.")
    assert terminal.answering.house.models.asked == []


@pytest.mark.parametrize(("task", "as_json"), [(Task.REVIEW, False), (Task.REFACTOR, False), (Task.REVIEW, True)])
def test_behind_a_pipe_nothing_that_may_cost_is_asked_without_a_word(
    terminal: Terminal, task: Task, as_json: bool
) -> None:
    """Also where only a later step costs: it is refused, and the sentence says both ways out."""
    assert terminal.ask(task, instruction=HARD, as_json=as_json) == 1
    said = json.loads(terminal.out.getvalue())["error"] if as_json else terminal.said
    assert "say so with --yes, or keep it on this machine with --wish local" in said
    assert terminal.answering.house.models.asked == []
    assert terminal.ask(task, instruction=HARD, as_json=as_json, wish=Wish.LOCAL) == 0
    assert [model for model, _ in terminal.answering.house.models.asked] == ["small"]


def test_no_more_is_held_than_was_shown(terminal: Terminal) -> None:
    """What was agreed to is the job's own cap, whatever changes meanwhile."""
    assert terminal.ask(Task.REVIEW, instruction=HARD, yes=True) == 0
    (job,) = terminal.answering.jobs
    assert job.cost_cap_usd == terminal.answering.plan(job).worst_usd > 0
    assert terminal.answering.house.models.passes[0].reservation.held_usd <= job.cost_cap_usd


def test_an_explanation_streams_on_a_terminal(terminal: Terminal) -> None:
    """It is there while it comes, once, wrapped between words, and nothing in it is obeyed by the terminal."""
    pieces = (
        "It adds \x1b[31mup ",
        "all the prices of a basket, one after the other, and ",
        "gives back their sum. " * 3,
    )
    terminal.tty = True
    heard: list[str] = []
    terminal.answering = Answering(house(small=[Line(say=pieces)]), lambda _: heard.append(terminal.out.getvalue()))
    assert terminal.ask(Task.EXPLAIN) == 0

    out = terminal.out.getvalue()
    assert "It adds" in heard[-1]
    assert " ".join(out.split()).count("gives back their sum.") == 3
    assert out.endswith("\n\nsmall (local, free).\n")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    assert terminal.ask(Task.EXPLAIN) == 0
    assert " ".join(terminal.out.getvalue().split()).count("gives back their sum.") == 3, "and from the cache alike"
    assert "small (cache, free)." in terminal.out.getvalue()


def test_an_explanation_behind_a_pipe_is_the_text_and_a_line_below(terminal: Terminal) -> None:
    """It is not wrapped, and comes once it has passed."""
    terminal.answering = Answering(house(small=[Line(say=("word " * 40,))]))
    assert terminal.ask(Task.EXPLAIN) == 0
    assert terminal.out.getvalue() == f"{('word ' * 40).strip()}\n\nsmall (local, free).\n"


@pytest.mark.parametrize(("bits", "sign"), [(("\ud83d",), "\ufffd"), (("\ud83d", "\ude00"), "😀")])
def test_half_a_sign_costs_no_answer(bits: tuple[str, ...], sign: str, terminal: Terminal) -> None:
    """JSON can say half a character, and some servers part one between two pieces: what can be used of it is there."""
    code = fenced(f"{GOOD}  # <>").split("<>")
    terminal.answering = Answering(
        house(small=[Line(say=(code[0], *bits, code[1])), Line(say=("It ", *bits, "adds."))])
    )  # fmt: skip
    is_whole = len(bits) == 2
    assert terminal.ask(apply=True) == (0 if is_whole else 1)
    assert (f"# {sign}\n" in terminal.file.read_text("utf-8")) == is_whole
    assert ("control characters" in terminal.said) != is_whole
    terminal.file.write_text(CODE, encoding="utf-8", newline="")
    assert terminal.ask(Task.EXPLAIN) == 0
    assert terminal.out.getvalue().startswith(f"It {sign}adds.")


def test_a_line_of_progress_is_drawn_over(terminal: Terminal) -> None:
    """On a terminal one sees how much has come; nothing of it is left over."""
    terminal.tty = True
    assert terminal.ask() == 0
    assert f"small: about {round(estimate_tokens(fenced(GOOD)))} tokens\x1b[K" in terminal.errors.getvalue()
    assert "\r\x1b[Ksmall (local, free)." in terminal.errors.getvalue()
    assert "-    result = 0\n+" not in terminal.errors.getvalue()


def test_a_change_is_written_and_told(terminal: Terminal) -> None:
    """With `--apply` the file has it, and the ledger is told that it was taken."""
    assert terminal.ask(apply=True) == 0
    assert terminal.file.read_text("utf-8") == CODE.replace(
        CODE[CODE.index("    result = 0") : CODE.index("\n\n\nprint")], "    return sum(prices)"
    )
    assert terminal.out.getvalue() == "✓ shop/total.py is written: 1 line in, 4 out.\n"
    assert terminal.answering.marks == [("job-1", True)]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda path: path.write_text(CODE + "x = 1\n", "utf-8"), "has changed since it was asked about"),
        (lambda path: path.unlink(), "is not there any more"),
        (lambda path: os.link(path, path.with_name("twin.py")), "one file under several names"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_not_overwritten(
    terminal: Terminal, change: Callable[[Path], object], word: str, as_json: bool
) -> None:
    """The change is shown instead, so that nothing that was paid for is lost; the exit status is 1."""
    done: list[object] = []

    def once(_: Event) -> None:
        if not done:
            done.append(change(terminal.file))

    terminal.answering = Answering(house(), once)
    before = terminal.ask(apply=True, as_json=as_json)
    there = terminal.file.read_text("utf-8") if terminal.file.exists() else ""

    assert before == 1
    assert "sum(prices)" not in there
    assert terminal.answering.marks == []
    if as_json:
        told = json.loads(terminal.out.getvalue())
        assert (told["diff"], told["applied"]) == (DIFF, False)
        assert word in told["told"][-1]
    else:
        assert terminal.out.getvalue() == DIFF
        assert word in terminal.said


def test_ctrl_c_settles_and_says_what_was_charged(terminal: Terminal) -> None:
    """In the midst of a paid answer: the stream is closed, the hold settled, the cost told."""
    house_ = house(big=[Line(gate=asyncio.Event())])
    terminal.answering = Answering(
        house_, lambda event: type(event).__name__ == "Said" and signal.raise_signal(signal.SIGINT)
    )
    assert terminal.ask(Task.REVIEW, instruction=HARD, yes=True) == 130
    assert (house_.money.held, house_.models.closed) == ({}, 1)
    (row,) = house_.money.settled
    assert (str(row.status), row.cost_usd > 0) == ("cancelled", True)
    assert "Stopped; $0.0" in terminal.said
    assert "was charged." in terminal.said


def test_ctrl_c_before_anything_was_asked(terminal: Terminal) -> None:
    """Nothing was charged, and that is said."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    terminal.fails = interrupted
    terminal.answering.closed = 1
    assert terminal.ask() == 130
    assert terminal.said == "Stopped; nothing was charged."


def test_what_a_failure_cost_is_said(terminal: Terminal) -> None:
    """Both answers were bad: each is told once, and the money too."""
    terminal.answering = Answering(house(small=[BROKEN], big=[BROKEN]))
    assert terminal.ask(instruction=HARD, yes=True) == 1
    assert terminal.said.count("no longer parses") == 2
    assert (
        "✗ No answer was fit to be shown. big: With the answer, the file no longer parses. It cost $0.0"
        in terminal.said
    )
    assert terminal.out.getvalue() == ""


def test_what_ctrl_c_cost_is_not_guessed(terminal: Terminal) -> None:
    """The ledger went away meanwhile: its sentence stands there, and no amount."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    terminal.fails, terminal.ledger_away, terminal.answering.closed = interrupted, True, 1
    assert terminal.ask() == 130
    assert terminal.said == "Stopped. The ledger is away."


def test_the_same_question_is_asked_anew_only_where_that_is_wanted(terminal: Terminal) -> None:
    """A second time the answer is the one that was kept, but with `--fresh`."""
    asked = [(terminal.ask(fresh=fresh), len(terminal.answering.house.models.asked)) for fresh in (False, False, True)]
    assert asked == [(0, 1), (0, 1), (0, 2)]


def test_code_is_completed_at_the_end_of_a_line(terminal: Terminal) -> None:
    """What is new stands behind the line that is named; nothing else changes."""
    terminal.answering = Answering(house(small=[Line(say=(fenced("  # of all prices"),))]))
    assert terminal.ask(Task.COMPLETE, where=f"{PATH}:5") == 0
    changed = [line for line in terminal.out.getvalue().split("\n")[3:] if line[:1] in "+-" and line]
    assert (changed[0], changed[1].split("#")) == ("-    result = 0", ["+    result = 0  ", " of all prices"])


def test_nobody_to_ask(terminal: Terminal) -> None:
    """Each refusal is a sentence of its own, and the exit status is 1."""
    terminal.answering = Answering(house(local=(), policy=Policy()))
    assert terminal.ask() == 1
    assert terminal.errors.getvalue().count("✗ ") >= 2
    assert "hybrid-lsp doctor" in terminal.said


def test_why_no_cloud_model_is_asked_is_told(terminal: Terminal) -> None:
    """A hard job that stays here says by which rule, two of them at most."""
    terminal.answering = Answering(house(policy=Policy()))
    assert terminal.ask(instruction=HARD) == 0
    assert "✗" in terminal.said
    assert "architecture_design" in terminal.said


def test_who_answers_cannot_be_opened(terminal: Terminal) -> None:
    """What the settings or the ledger refuse is one sentence, and 1."""

    def refuse() -> None:
        raise Refused("The ledger is of a newer version.")

    terminal.fails = refuse
    assert terminal.ask() == 1
    assert terminal.errors.getvalue() == "✗ The ledger is of a newer version.\n"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"where": "none.py"}, "is not there"), ({"where": f"{PATH}:99"}, "has 11 lines"),
        ({"where": f"{PATH}:2-3"}, "total.py has nothing but blanks there"),
        ({"task": Task.EXPLAIN, "apply": True}, "--apply is for tasks that change code"),
        ({"task": Task.REVIEW, "diff": True}, "--diff is for tasks that change code"),
    ],
)  # fmt: skip
def test_a_wrong_command_line(terminal: Terminal, more: dict[str, Any], word: str) -> None:
    """One sentence without a path of the machine, and 2; nobody is asked."""
    assert terminal.ask(**more) == 2
    assert word in terminal.said
    assert str(terminal.folder) not in terminal.said
    assert terminal.answering.closed == 0


def test_json_is_one_object_and_nothing_else(terminal: Terminal) -> None:
    """With the promised keys, in words and edits alike."""
    assert terminal.ask(as_json=True) == 0
    edit = json.loads(terminal.out.getvalue())
    assert terminal.ask(Task.EXPLAIN, as_json=True) == 0
    prose = json.loads(terminal.out.getvalue())
    keys = ["model", "origin", "cost_usd", "basis", "told", "applied", "job"]
    assert (list(edit), list(prose)) == (["diff", *keys], ["text", *keys])
    assert (edit["diff"], prose["text"], prose["cost_usd"], prose["basis"]) == (DIFF, fenced(GOOD), 0, "free")
    assert terminal.errors.getvalue() == ""
