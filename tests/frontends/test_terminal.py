"""frontends.terminal: what a person reads of a report, and how fetching a model is watched."""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence

import pytest

from hybrid_lsp.backends.checkup import examine
from hybrid_lsp.backends.discover import ServerSetting
from hybrid_lsp.backends.fetch import fetch
from hybrid_lsp.backends.ollama_pull import PullProgress
from hybrid_lsp.backends.report import Grade, ListedModel, Remark, Report, Server, Trial
from hybrid_lsp.backends.suits import AS_OF, suggestions
from hybrid_lsp.core.errors import Problem, Trouble, TroubleKind
from hybrid_lsp.frontends.terminal import doctor, models
from hybrid_lsp.frontends.terminal.paper import Paper, bytes_told, paper_for, seconds_told
from tests.doubles.ollama import Installed, OllamaDouble

QWEN = "qwen2.5-coder:1.5b-base"
LAYER = "pulling 2af3b81862c6"
GOOD = Server(
    server="ollama at 127.0.0.1:11434", kind="ollama", version="0.14.2", used_model=QWEN, fim="with its own tokens",
    why="it is the best of 2 for ghost text", window_tokens=4096, is_in_use=True,
    models=(
        ListedModel(name=QWEN, can_fim=True, is_loaded=True, is_used=True, size_bytes=986_000_000),
        ListedModel(name="llama3.2:latest", can_fim=False, is_loaded=False, is_used=False, size_bytes=2_000_000_000),
        ListedModel(name="big:cloud", can_fim=True, is_loaded=False, is_used=False, refusal="It is run elsewhere."),
    ),
    trial=Trial(loading_s=2.5, first_text_s=0.054, total_s=0.254, text="total", output_tokens=11),
)  # fmt: skip
BAD = Server(
    server="model server at 127.0.0.1:1234",
    remarks=(Remark(grade=Grade.WRONG, sentence="Nothing answers there; start it.", command="ollama serve"),),
)


class Screen(io.TextIOWrapper):
    """A stream that may be a terminal, in any encoding."""

    def __init__(self, *, encoding: str = "utf-8", tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._tty = tty

    def isatty(self) -> bool:
        """Return what it was made as."""
        return self._tty

    @property
    def text(self) -> str:
        """Everything written so far."""
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


async def found(*servers: Server, remarks: tuple[Remark, ...] = ()) -> Report:
    """An examination that found this."""
    return Report(servers=servers, remarks=remarks)


async def steps_of(*steps: PullProgress, error: Exception | None = None) -> AsyncGenerator[PullProgress, None]:
    """A fetch that goes like this."""
    for step in steps:
        yield step
    if error is not None:
        raise error


def fetching(*completed: int, total: int = 1_000_000_000) -> list[PullProgress]:
    """Steps of one file."""
    return [PullProgress(status=LAYER, total_bytes=total, completed_bytes=each) for each in completed]


def doctor_says(*servers: Server, as_json: bool = False, problems: Sequence[Problem] = ()) -> tuple[int, str]:
    """The exit status, and what is written where there is no terminal."""
    screen = Screen()
    status = doctor.run(found(*servers), out=screen, as_json=as_json, problems=problems, environment={})
    return status, screen.text


def test_a_report_that_is_fine() -> None:
    """One reads what ghost text comes from, why, how fast it was, and what else is there."""
    status, text = doctor_says(GOOD)

    assert status == 0
    assert text.splitlines() == [
        f"Ghost text comes from {QWEN} (ollama at 127.0.0.1:11434).",
        "",
        "✓ ollama at 127.0.0.1:11434, version 0.14.2 · in use",
        f"  model: {QWEN}, because it is the best of 2 for ghost text",
        "  fills in the middle with its own tokens; window 4096 tokens",
        "  trial: first text after 54 ms, all after 254 ms (11 tokens, 50 tokens a second); ready after 2.5 s",
        "  also there: llama3.2:latest (2.0 GB, not for filling in), big:cloud (refused: not run on this",
        "  machine)",
    ]


def test_a_report_with_something_wrong() -> None:
    """What is wrong has its sentence, and below it the command on a line of its own; the exit status is 1."""
    status, text = doctor_says(BAD, problems=[Problem(sentence='config.toml: "x" is not a setting.')])

    assert status == 1
    assert text.splitlines() == [
        "No model writes ghost text now; it comes from your own files.",
        "",
        "✗ model server at 127.0.0.1:1234",
        "  ✗ Nothing answers there; start it.",
        "        ollama serve",
        "",
        '✗ config.toml: "x" is not a setting.',
    ]


def test_one_json_object_and_nothing_else() -> None:
    """With --json everything is one line of JSON, for programs."""
    status, text = doctor_says(GOOD, BAD, as_json=True, problems=[Problem(sentence="Mend it.")])
    told = json.loads(text)

    assert (status, text.count("\n")) == (0, 1)
    assert told["config_problems"] == ["Mend it."]
    assert [server["server"] for server in told["servers"]] == [GOOD.server, BAD.server]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_stream_that_cannot_write_marks(encoding: str) -> None:
    """Where marks cannot be written, ASCII stands for them, and nothing fails."""
    screen = Screen(encoding=encoding)
    doctor.run(found(GOOD, BAD), out=screen, as_json=False, environment={})

    assert "\n+ ollama at 127.0.0.1:11434" in screen.text
    assert "\nx model server at 127.0.0.1:1234" in screen.text


def test_lines_are_wrapped_and_commands_are_not() -> None:
    """Sentences keep to the width; what is to be copied stays on one line whatever its length."""
    command = "llama-server " + "--some-option " * 12
    remark = Remark(grade=Grade.NOTE, sentence="word " * 60, command=command)
    screen = Screen()
    report = Report(servers=(), remarks=(remark,))
    doctor.print_report(report, Paper(out=screen, columns=50, colour=False))

    lines = screen.text.splitlines()
    assert max(len(line) for line in lines if "server" not in line and "ghost" not in line) <= 50
    assert any(command.strip() in line for line in lines)


def test_colour_only_where_it_is_wanted() -> None:
    """There is colour on a terminal, and none in a file, with NO_COLOR or on a dumb terminal."""
    coloured = [
        paper_for(Screen(tty=tty), environment).colour
        for tty, environment in ((True, {}), (True, {"NO_COLOR": "1"}), (True, {"TERM": "dumb"}), (False, {}))
    ]

    assert coloured == [True, False, False, False]


def test_a_server_cannot_write_escape_codes_to_the_terminal() -> None:
    """Whatever a server calls its model, no control character of it reaches the screen."""
    name = "evil\x1b]0;title\x07\x1b[2J"
    server = Server(
        server="ollama at x", models=(ListedModel(name=name, can_fim=None, is_loaded=False, is_used=False),)
    )
    screen = Screen()
    doctor.run(found(server), out=screen, as_json=False, environment={})
    models.run_list(found(server), (), as_of=AS_OF, out=screen, environment={})

    assert "evil" in screen.text
    assert not set("\x1b\x07") & set(screen.text)


def test_the_list_of_models() -> None:
    """Installed models are marked; below stands what suits the machine and is not there yet."""
    screen = Screen()
    status = models.run_list(found(GOOD), suggestions(16 * 10**9, 8), as_of=AS_OF, out=screen, environment={})

    assert status == 0
    assert screen.text.splitlines()[:4] == [
        "ollama at 127.0.0.1:11434",
        f"  ✓ {QWEN}   986 MB  fills in the middle, loaded, in use",
        "  ✗ llama3.2:latest           2.0 GB  not for filling in",
        "  ✗ big:cloud                         refused: not run on this machine",
    ]
    assert f"as of {AS_OF}" in screen.text
    assert "· qwen2.5-coder:3b-base, 1.9 GB: better, and slower; research licence; needs" in screen.text
    assert "hybrid-lsp models pull qwen2.5-coder:3b-base" in screen.text
    assert f"· {QWEN}" not in screen.text


def test_an_empty_list_of_models() -> None:
    """Where nothing is installed the list says so, still suggests, and ends with 1."""
    screen = Screen()

    assert models.run_list(found(), suggestions(16 * 10**9, 8), as_of=AS_OF, out=screen, environment={}) == 1
    assert "No model is installed where it can be found" in screen.text
    assert f"hybrid-lsp models pull {QWEN}" in screen.text


def test_progress_on_a_terminal() -> None:
    """On a terminal one line is redrawn with share, bytes, rate and time left."""
    seconds = iter(range(100))
    screen = Screen(tty=True)
    steps = steps_of(*fetching(0, 100_000_000, 200_000_000), PullProgress(status="success", done=True))
    status = models.run_pull(steps, QWEN, out=screen, errors=Screen(), environment={}, clock=lambda: next(seconds))
    drawn = screen.text.split("\r")

    assert status == 0
    assert any("20%  200 MB of 1.0 GB · 100 MB/s · 8.0 s left" in line for line in drawn)
    assert all(len(line.split("\x1b")[0]) < 80 for line in drawn if "of" in line)
    assert "█░" in screen.text
    assert screen.text.count("\n") == 2


def test_progress_in_a_file() -> None:
    """Where no line can be redrawn there is a plain line for every tenth, and no escape code."""
    screen = Screen()
    steps = steps_of(*fetching(*range(0, 1_000_000_001, 1_000_000)), PullProgress(status="success", done=True))

    assert models.run_pull(steps, QWEN, out=screen, errors=Screen(), environment={}) == 0
    assert screen.text.count(f"{QWEN}: {LAYER}, ") == 11
    assert f"✓ {QWEN} is there" in screen.text
    assert "\x1b" not in screen.text


def test_what_was_there_already_does_not_count_as_speed() -> None:
    """A fetch that goes on where one stood says how fast it is now."""
    seconds = iter(range(100))
    screen = Screen(tty=True)
    steps = steps_of(*fetching(900_000_000, 910_000_000))
    models.run_pull(steps, QWEN, out=screen, errors=Screen(), environment={}, clock=lambda: next(seconds))

    assert "10 MB/s · 9.0 s left" in screen.text


def test_a_fetch_that_fails() -> None:
    """What fails is one sentence on standard error, and 1."""
    screen, errors = Screen(), Screen()
    steps = steps_of(*fetching(1), error=Trouble(TroubleKind.NO_MODEL, "There is no model x to fetch."))

    assert models.run_pull(steps, QWEN, out=screen, errors=errors, environment={}) == 1
    assert errors.text == "✗ There is no model x to fetch.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_keeps_what_has_come() -> None:
    """After Ctrl-C the fetch is closed, the sentence says that the same command goes on, and the status is 130."""
    closed: list[bool] = []

    async def interrupted() -> AsyncGenerator[PullProgress, None]:
        try:
            for step in fetching(*range(100)):
                yield step
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(5)
        finally:
            closed.append(True)

    screen = Screen()
    assert models.run_pull(interrupted(), QWEN, out=screen, errors=Screen(), environment={}) == 130
    assert "the same command goes on from there" in screen.text.replace("\n", " ")
    assert closed == [True]


def test_a_model_that_is_not_for_filling_in_is_fetched_with_a_word() -> None:
    """Who fetches a chat model is told before the wait, and gets it."""
    screen = Screen()
    steps = steps_of(PullProgress(status="success", done=True))

    assert models.run_pull(steps, "llama3.2", out=screen, errors=Screen(), environment={}) == 0
    assert "llama3.2 is no model whose fill-in-the-middle prompt is known" in screen.text


def test_from_a_server_to_the_screen() -> None:
    """Examination, fetch and screen fit together, with an Ollama at the other end."""

    async def steps() -> AsyncGenerator[PullProgress, None]:
        lines = [[{"status": LAYER, "total": 100, "completed": 50}], [{"status": "success"}]]
        async with OllamaDouble(pulls=lines) as double:
            async for step in fetch(QWEN, [ServerSetting(url=double.url)], environment={}):
                yield step

    async def examination() -> Report:
        async with OllamaDouble(models=(Installed(name=QWEN),)) as double:
            return await examine([ServerSetting(url=double.url)], environment={}, timeout_s=10)

    screen = Screen()
    assert models.run_pull(steps(), QWEN, out=screen, errors=Screen(), environment={}) == 0
    assert doctor.run(examination(), out=screen, as_json=False, environment={}) == 0
    assert f"{QWEN}: {LAYER}, 50 % of 100 B" in screen.text
    assert f"Ghost text comes from {QWEN} (ollama at 127.0.0.1:" in screen.text


def test_sizes_and_times_as_people_say_them() -> None:
    """Sizes and times have units, and no more digits than they are worth."""
    assert [bytes_told(n) for n in (12, 986_000_000, 4_700_000_000)] == ["12 B", "986 MB", "4.7 GB"]
    assert [seconds_told(s) for s in (0.054, 2.5, 600)] == ["54 ms", "2.5 s", "10 min"]
