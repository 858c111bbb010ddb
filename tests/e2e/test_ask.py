"""`hybrid-lsp ask`, as a person runs it: a process of its own, a real ledger, a model server's double."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from hybrid_lsp.core.record import Record
from tests.doubles.ollama import Installed, Line, OllamaDouble
from tests.e2e.test_spending import ALLOWING, HARD, KEYS, Person

SMALL = "qwen3-coder:30b"
CODE = "import os\r\n\r\n\r\ndef total(prices):\r\n    result = 0\r\n    for price in prices:\r\n        result += price\r\n    return result\r\n\r\n\r\nprint(total([1]), os.sep)\r\n"
AFTER = (
    "\ufeffimport os\r\n\r\n\r\ndef total(prices):\r\n    return sum(prices)\r\n\r\n\r\nprint(total([1]), os.sep)\r\n"
)
GOOD = "```python\ndef total(prices):\n    return sum(prices)\n```"
SCRIPT = (
    Line(when="<signs>", say=("It adds → up 🎉.",)),
    Line(when="Explain", say=("It adds ", "up prices.")),
    Line(when="<slow>", say=("```python\n", "def total"), then="hang"),
    Line(when="<late>", say=(GOOD,), prompt_s=0.5),
    Line(when="<bad>", say=("```python\ndef total(:\n```",)),
    Line(say=(GOOD,)),
)


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaDouble]:
    """An Ollama with one chat model."""
    async with OllamaDouble(models=(Installed(name=SMALL),), script=SCRIPT, default_num_ctx=16_384) as double:
        yield double


@pytest.fixture
def person(repository: Path, tmp_path: Path, ollama: OllamaDouble) -> Person:
    """Somebody with a file from Windows."""
    (repository / "shop").mkdir()
    path = repository / "shop" / "total.py"
    path.write_bytes(b"\xef\xbb\xbf" + CODE.encode())
    path.chmod(0o754)
    home = tmp_path / "person"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[budget]\ntime_zone = "UTC"\n[[server]]\nurl = "{ollama.url}"\nkind = "ollama"\n', encoding="utf-8"
    )
    return Person(repository, home)


def rows(person: Person) -> list[Record]:
    """What the ledger says, the oldest first."""
    with closing(person.ledger()) as ledger:
        return list(reversed(ledger.recent(since_ms=0)))


REFACTOR = ("ask", "shop/total.py:4-8", "--task", "refactor")


async def test_a_diff_an_explanation_and_a_change_in_the_file(person: Person) -> None:
    """The diff is what git takes, the file is untouched until `--apply`, and then only its words are new."""
    path = person.folder / "shop" / "total.py"
    (code, diff, said), explained = await asyncio.gather(
        person.run(*REFACTOR), person.run("ask", "shop/total.py:4-8", "--task", "explain")
    )
    before = path.read_bytes()
    (person.folder / "change.diff").write_bytes(diff.encode())
    git = await asyncio.create_subprocess_exec(
        "git", "-c", "core.autocrlf=false", "apply", "--check", "change.diff", cwd=person.folder
    )
    applied = await person.run(*REFACTOR, "--apply", "--json")

    assert code == 0
    assert before == b"\xef\xbb\xbf" + CODE.encode()
    assert diff.startswith("--- a/shop/total.py\n+++ b/shop/total.py\n@@ ")
    assert "+    return sum(prices)\r\n" in diff
    assert said.splitlines()[0] == f"Refactor shop/total.py, lines 4-8: {SMALL}, on this machine, free."
    assert await git.wait() == 0
    assert explained[:2] == (0, f"It adds up prices.\n\n{SMALL} (local, free).\n")
    assert (applied[0], applied[2]) == (0, "")
    told = json.loads(applied[1])
    assert list(told) == ["diff", "model", "origin", "cost_usd", "basis", "told", "applied", "job"]
    assert (told["diff"], told["origin"], told["applied"]) == (diff, "cache", True)
    assert path.read_bytes().decode() == AFTER
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o754
    assert [row.accepted for row in rows(person) if row.job == told["job"]] == [True]
    assert [entry.name for entry in path.parent.iterdir()] == ["total.py"]


@asynccontextmanager
async def under_way(
    person: Person, ollama: OllamaDouble, *words: str, within: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command whose model has begun to answer; `within` is as `Person.run` has it."""
    variables = {"CONFIG": "config.toml", "WHITELIST": "whitelist.json", "STATE": "state"}
    environment = {**os.environ, **{f"HYBRID_LSP_{name}": str(person.home / file) for name, file in variables.items()}}
    process = await asyncio.create_subprocess_exec(
        *(("sh", "-c", within, "sh") if within else ()), sys.executable, "-m", "hybrid_lsp", *words, cwd=person.folder, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not any(words[-1] in asked for asked in ollama.evaluated):
                await asyncio.sleep(0.01)
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.skipif(os.name == "nt", reason="there Ctrl-C goes to a whole console")
@pytest.mark.parametrize(
    ("name", "within"), [("SIGINT", ""), ("SIGTERM", ""), ("SIGHUP", ""), ("SIGTERM", 'trap "" INT; exec "$@"')]
)
async def test_ctrl_c_settles_and_says_what_it_cost(
    person: Person, ollama: OllamaDouble, name: str, within: str
) -> None:
    """The server sees the client go, the row says cancelled, and the exit status is 130; so it is when the terminal is closed."""
    async with under_way(person, ollama, *REFACTOR, "--prompt", "<slow>", within=within) as process:
        process.send_signal(getattr(signal, name))
        out, errors = await process.communicate()

    assert (process.returncode, out) == (130, b"")
    assert errors.decode().splitlines()[-1] == "Stopped; nothing was charged."
    assert ollama.stopped == 1
    assert [str(row.status) for row in rows(person)] == ["cancelled"]


async def test_a_file_that_moved_meanwhile_is_not_overwritten(person: Person, ollama: OllamaDouble) -> None:
    """What somebody wrote while the model did is still there; the change is shown, and the exit status is 1."""
    path = person.folder / "shop" / "total.py"
    async with under_way(person, ollama, *REFACTOR, "--apply", "--prompt", "<late>") as process:
        path.write_text("mine = 1\n", encoding="utf-8")
        out, errors = await process.communicate()

    assert process.returncode == 1
    assert path.read_text("utf-8") == "mine = 1\n"
    assert b"+    return sum(prices)" in out
    assert "total.py has changed since it was asked about" in " ".join(errors.decode().split())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ((), "The answer is not shown: standard output takes no more (No space left on device)."),
        (("--json",), "The answer is not shown: standard output takes no more (No space left on device)."),
        (("--apply",), "shop/total.py is written, but standard output takes no more (No space left on device)."),
    ],
)
async def test_an_answer_that_cannot_be_written_is_a_sentence(
    person: Person, more: tuple[str, ...], sentence: str
) -> None:
    """On a full disk: exit status 1, no traceback, and the same question is answered from memory later."""
    status, out, errors = await person.run(*REFACTOR, *more, within='exec "$@" >/dev/full')
    assert (status, out) == (1, "")
    assert sentence in " ".join(errors.split())
    assert "Traceback" not in errors
    if not more:
        assert "(cache, free)" in (await person.run(*REFACTOR))[2]


@pytest.mark.skipif(os.name == "nt", reason="there a process always has its streams")
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
async def test_who_closes_a_stream_gets_the_rest(person: Person, closed: str) -> None:
    """A cron job or an editor may start it without standard streams; nothing falls over, and no database is written to."""
    status, out, errors = await person.run(*REFACTOR, within=f'exec "$@" {closed}')
    assert (status, "Traceback" in errors) == (0, False)
    assert ("+    return sum(prices)" in out) == (">&-" not in closed.split())
    assert [str(row.status) for row in rows(person)] == ["done"]


async def test_what_does_not_come_to_an_answer(person: Person) -> None:
    """An answer that is not fit, and money without a yes: a sentence, and exit status 1."""
    person.whitelist(ALLOWING)
    bad, paid = await asyncio.gather(
        person.run(*REFACTOR, "--prompt", "<bad>"),
        person.run("ask", "shop/total.py", "--task", "review", "--prompt", HARD, "--json", **KEYS),
    )

    assert (bad[0], bad[1]) == (1, "")
    assert f"No answer was fit to be shown. {SMALL}: With the answer, the file no longer parses." in " ".join(
        bad[2].split()
    )
    assert (paid[0], paid[2]) == (1, "")
    assert "--wish local" in json.loads(paid[1])["error"]
    assert not any(row.cost_usd for row in rows(person))


@pytest.mark.parametrize(("rules", "asked"), [(".gitignore", True), ("shop/.hybridignore", False)])
async def test_a_price_is_told_for_nobody_who_will_not_be_asked(rules: str, asked: bool, person: Person) -> None:
    """The plan that is shown first knows of the ignore files: no cloud model of git's, and no model at all of ours."""
    person.whitelist(ALLOWING)
    (person.folder / rules).write_text("total.py\n", encoding="utf-8")
    status, _, said = await person.run(
        "ask", "shop/total.py", "--task", "review", "--prompt", HARD, "--yes", "--max-cost", "0.2", **KEYS
    )

    assert (SMALL in said) is asked
    assert asked or (status, "so no model sees it" in said) == (1, True), said
    assert "claude" not in said, said
    assert "$0" not in said, said


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
async def test_an_answer_is_whole_whatever_the_system_writes_in(encoding: str, person: Person) -> None:
    """What the system's encoding has not, as on Windows behind a pipe, costs no answer."""
    explained = await person.run(
        "ask", "shop/total.py:4-8", "--task", "explain", "--prompt", "<signs>", PYTHONIOENCODING=encoding
    )
    assert explained[:2] == (0, f"It adds → up 🎉.\n\n{SMALL} (local, free).\n"), explained
