"""frontends.terminal.whitelist: what may leave is read at a glance, and only a person at a terminal lets more leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

import pytest

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.policy import SAFEST, Ask, Leave, Policy, Reach, Use, parse_policy
from hybrid_lsp.frontends.terminal import check, whitelist
from hybrid_lsp.frontends.terminal.whitelist import question_of
from hybrid_lsp.settings.edit import Action
from hybrid_lsp.settings.exclusions import Exclusions
from hybrid_lsp.settings.whitelist import Whitelist, Whitelists, read_whitelist
from tests.frontends.whitelist_command import Command, Stream

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "whitelist.json").read_text(encoding="utf-8")
POLICY, _ = parse_policy(SHIPPED, "whitelist.json")
posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals as POSIX has them")


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """The user's own whitelist.json, as it is shipped."""
    path = tmp_path / "user.json"
    path.write_bytes(SHIPPED.encode())
    return path


def shown(user: Whitelist, folder: Whitelist, in_force: Policy, *, as_json: bool = False) -> tuple[int, str]:
    """The exit status of `show`, and what it writes."""
    out = Stream()
    return whitelist.run_show(user, folder, in_force, out=out, as_json=as_json, environment={}), out.getvalue()


def checked(thing: str, folder: Path, *, as_json: bool = False, policy: Policy = POLICY) -> tuple[int, str]:
    """The exit status of `check`, and what it writes."""
    out = Stream()
    status = check.run_check(
        thing, policy, send=Exclusions(folder).question, is_file=lambda path: (folder / path).is_file(), out=out,
        as_json=as_json, environment={},
    )  # fmt: skip
    return status, out.getvalue()


def test_both_files_and_what_is_in_force_are_shown(user: Path) -> None:
    """In words, with what each list is for."""
    status, text = shown(
        read_whitelist(user), Whitelist(path=Path("/w/whitelist.json")), POLICY.excluding(["legacy/*"])
    )

    assert status == 0
    assert text.splitlines() == [
        "Your whitelist",
        f"  {user}",
        "  model vendors anthropic.com, googleapis.com, openai.com",
        "  web sites     docs.microsoft.com, github.com, stackoverflow.com",
        "  MCP servers   context7, filesystem, git, memory, sequential-thinking",
        "  may leave     architecture_design, code_review, reasoning_tasks",
        "",
        "This folder's",
        "  /w/whitelist.json",
        "  There is none, so yours is in force as it is.",
        "",
        "In force here",
        "  ✗ inline_completion (inline) never leaves this machine",
        "  ✗ simple_completion (complete) stays on this machine",
        "  ✓ reasoning_tasks (explain, fix) may go to a cloud model",
        "  ✓ code_review (review) may go to a cloud model",
        "  ✓ architecture_design (refactor) may go to a cloud model",
        "  · model vendors: anthropic.com, googleapis.com, openai.com",
        "  · web sites: docs.microsoft.com, github.com, stackoverflow.com",
        "  · MCP servers: context7, filesystem, git, memory, sequential-thinking",
        "  · files that never leave: secrets, what git or a .hybridignore ignores, legacy/*",
    ]


def test_a_broken_file_is_shown_with_its_faults(tmp_path: Path, user: Path) -> None:
    """And the exit status tells a script."""
    (tmp_path / "whitelist.json").write_text('{"apis": []}')
    whitelists = Whitelists(user)
    whitelists.reread([tmp_path])
    status, text = shown(read_whitelist(user), read_whitelist(tmp_path / "whitelist.json"), whitelists.policy(tmp_path))

    assert status == 1
    assert '✗ whitelist.json: "apis" is not a key of a whitelist' in text
    assert "✗ code_review (review) stays on this machine" in text


def test_show_for_programs(user: Path) -> None:
    """One JSON object: both files, what is wrong in them, and what is in force."""
    status, text = shown(read_whitelist(user), Whitelist(path=user.with_name("none.json")), POLICY, as_json=True)
    told = json.loads(text)

    assert status == 0
    assert (told["user"]["is_there"], told["folder"]["is_there"]) == (True, False)
    assert told["in_force"] == told["user"]["policy"]
    assert told["in_force"]["fingerprint"] == POLICY.fingerprint
    assert told["in_force"]["may_leave"] == ["architecture_design", "code_review", "reasoning_tasks"]


CHECKED = [
    ("review", 0, "✓ allowed as task, by allowed_for_cloud.code_review"),
    ("code_review", 0, "✓ allowed as task, by allowed_for_cloud.code_review"),
    ("task:complete", 1, "✗ refused as task, by allowed_for_cloud.simple_completion"),
    ("inline_completion", 1, "✗ refused as task, by allowed_for_cloud.inline_completion"),
    ("task:reviews", 1, "✗ That is no kind of task, host, address or file"),
    ("nonsense", 1, "✗ That is no kind of task, host, address or file"),
    ("https://github.com/a", 0, "✓ allowed as address, by domains.github.com"),
    ("url:http://github.com/a", 1, "✗ refused as address, by url.scheme"),
    ("api.openai.com", 0, "✓ allowed as model vendor, by cloud_apis.openai.com"),
    ("host:evilgithub.com", 1, "✗ refused as web site, by domains"),
    ("127.0.0.1:11434", 1, "✗ refused as model vendor, by host.port"),
    ("mcp:memory", 0, "✓ allowed as MCP server, by mcp_servers.memory"),
    ("mcp:shell", 1, "✗ refused as MCP server, by mcp_servers"),
    ("main.py", 0, "✓ allowed as file, by paths"),
    ("gone.py", 1, "✗ refused as model vendor, by cloud_apis"),
    ("path:gone.py", 0, "✓ allowed as file, by paths"),
    ("private/a.py", 1, "The rule stands in .hybridignore:1."),
    (".env", 1, "✗ refused as file, by paths.secret"),
    ("/etc/passwd", 1, "✗ refused as file, by paths.outside"),
    ("review\x1b[31m", 1, "✗ That is no kind of task"),
    ("", 1, "✗ That is no kind of task"),
]


@pytest.mark.parametrize(("thing", "status", "line"), CHECKED)
def test_whether_something_is_allowed(tmp_path: Path, thing: str, status: int, line: str) -> None:
    """A task, host, address, file or server: taken for what it looks like, and told as what it was taken for."""
    (tmp_path / "main.py").touch()
    (tmp_path / ".hybridignore").write_text("private\n")
    told_status, text = checked(thing, tmp_path)

    assert told_status == status
    assert any(written.strip().startswith(line) for written in text.splitlines()), text
    assert "\x1b" not in text
    status_for_programs, told = checked(thing, tmp_path, as_json=True)
    assert status_for_programs == status
    assert json.loads(told)["allowed"] is (status == 0)


def test_check_for_programs(tmp_path: Path) -> None:
    """One JSON object with every answer, its rule and its sentence, and which policy gave it."""
    _, text = checked("x.com", tmp_path, as_json=True)
    told = json.loads(text)

    assert (told["allowed"], told["policy"]) == (False, POLICY.fingerprint)
    assert [(answer["as"], answer["rule"]) for answer in told["answers"]] == [
        ("model vendor", "cloud_apis"),
        ("web site", "domains"),
    ]
    assert "`hybrid-lsp whitelist add domains x.com`" in told["answers"][1]["sentence"]


@pytest.mark.parametrize(
    ("key", "value", "question"),
    [
        ("allowed_for_cloud", "code_review", Leave(Task.REVIEW)),
        ("allowed_for_cloud", "x", None),
        ("cloud_apis", "OpenAI.com", Ask("openai.com")),
        ("domains", "github.com", Reach("https://github.com/")),
        ("domains", "github", None),
        ("mcp_servers", "git", Use("git")),
        ("apis", "x.com", None),
    ],
)
def test_what_an_entry_would_allow(key: str, value: str, question: object) -> None:
    """So that it can be asked afterwards whether it is allowed now."""
    assert question_of(key, value) == question


def told(stream: TextIO) -> str:
    """What was written on a stream."""
    assert isinstance(stream, Stream)
    return stream.getvalue()


def test_removing_is_done_at_once_and_shown(user: Path, tmp_path: Path) -> None:
    """Nobody is asked, in a terminal or not; the difference says what was done."""
    command = Command(user, tmp_path)

    assert command.run(Action.REMOVE, "domains", "github.com") == 0
    assert '-    "github.com",' in told(command.out).splitlines()
    assert told(command.out).endswith("✓ Done.\n")
    assert "github.com" not in user.read_text()


@pytest.mark.parametrize("typed", ["yes\n", ""])
def test_nothing_is_added_without_a_terminal(user: Path, tmp_path: Path, typed: str) -> None:
    """What a pipe says is no person's word; the difference is shown all the same."""
    command = Command(user, tmp_path, typed=typed)

    assert command.run(Action.ADD, "domains", "pypi.org") == 1
    assert '+    "pypi.org"' in told(command.out).splitlines()
    assert told(command.errors).startswith("✗ This would let more leave this machine, and only a person decides")
    assert user.read_text() == SHIPPED


def test_what_is_there_already_needs_nobody(user: Path, tmp_path: Path) -> None:
    """It is said, and is no failure."""
    command = Command(user, tmp_path)

    assert command.run(Action.ADD, "domains", "api.github.com") == 0
    assert told(command.out) == "• Nothing to do: the file says that already.\n"


def test_a_folder_that_narrows_is_told_of(user: Path, tmp_path: Path) -> None:
    """Who adds something to their own list learns that it changes nothing here."""
    (tmp_path / "whitelist.json").write_text("{}")
    command = Command(user, tmp_path)

    assert command.run(Action.ADD, "domains", "github.com") == 0
    assert "In this folder it stays refused: the folder's own whitelist.json" in told(command.out)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("apis", "x.com", "✗ That is not a key of a whitelist;"),
        ("domains", "*.x.com", "✗ It has a * in it;"),
        ("allowed_for_cloud", "inline_completion", "✗ inline_completion cannot be true: ghost text never leaves"),
    ],
)
def test_what_cannot_be_added_is_a_sentence(user: Path, tmp_path: Path, key: str, value: str, sentence: str) -> None:
    """On standard error, with exit status 1 and nothing on standard output."""
    command = Command(user, tmp_path)

    assert command.run(Action.ADD, key, value) == 1
    assert told(command.errors).startswith(sentence)
    assert told(command.out) == ""


def test_ctrl_c_is_no_fault(user: Path, tmp_path: Path) -> None:
    """The exit status is the shell's own."""
    command = Command(user, tmp_path)

    def stop() -> Policy:
        raise KeyboardInterrupt

    command.whitelists.policy = lambda folder: stop()  # type: ignore[method-assign]
    assert command.run(Action.REMOVE, "domains", "github.com") == 130
    assert "`hybrid-lsp whitelist show` says what is in force." in told(command.out)


CTRL_C = b"\x03"


def at_a_terminal(user: Path, answer: bytes, *, piped: str = "", timeout_s: float = 30.0) -> tuple[int, str]:
    """Run `add domains pypi.org` on a real pseudo-terminal, type `answer` at the question; status and screen."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tests.frontends.whitelist_command", str(user), str(timeout_s)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL if piped == "stdin" else theirs,
        stdout=subprocess.PIPE if piped == "stdout" else theirs, stderr=theirs, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen, typed = b"", False
    deadline_s = time.monotonic() + 40
    while time.monotonic() < deadline_s:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other side was closed
            break
        if not piece:
            break
        screen += piece
        if not typed and screen.endswith(b"> "):
            typed = True
            if answer == CTRL_C:  # which a terminal says to whoever owns it
                process.send_signal(signal.SIGINT)
            else:
                os.write(ours, answer)
    process.communicate(timeout=20)
    os.close(ours)
    return process.returncode, screen.decode()


@posix
def test_a_person_types_yes_on_a_real_terminal(user: Path) -> None:
    """The difference is shown, the question asked, and only then the file changed; it reads well in 80 columns."""
    status, screen = at_a_terminal(user, b"yes\n")

    assert status == 0, screen
    assert '+    "pypi.org"' in screen
    assert "Type yes to do it" in screen
    assert "Done." in screen
    assert "pypi.org" in json.loads(user.read_text())["domains"]
    assert max(map(len, screen.splitlines())) <= 80
    assert json.loads((user.parent / "state" / "whitelist-audit.jsonl").read_text())["value"] == "pypi.org"


@posix
@pytest.mark.parametrize("answer", [b"y\n", b"yes please\n", b"\x04"])
def test_any_other_answer_changes_nothing(user: Path, answer: bytes) -> None:
    """Nor does the end of the input."""
    status, screen = at_a_terminal(user, answer)

    assert status == 1, screen
    assert "Nothing was changed." in screen
    assert user.read_text() == SHIPPED


@posix
def test_nobody_is_waited_for_for_ever(user: Path) -> None:
    """A terminal that was left alone ends by itself, with nothing changed."""
    status, screen = at_a_terminal(user, b"", timeout_s=0.1)

    assert (status, user.read_text()) == (1, SHIPPED), screen


@posix
@pytest.mark.parametrize("piped", ["stdin", "stdout"])
def test_half_a_terminal_is_none(user: Path, piped: str) -> None:
    """A person reads the question and types the answer: both must be the terminal."""
    status, screen = at_a_terminal(user, b"yes\n", piped=piped)

    assert status == 1, screen
    assert "only a person decides that" in screen
    assert user.read_text() == SHIPPED


@posix
def test_ctrl_c_at_the_question_changes_nothing(user: Path) -> None:
    """As a shell expects, the exit status is 130."""
    status, screen = at_a_terminal(user, CTRL_C)

    assert (status, user.read_text()) == (130, SHIPPED), screen


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    """`hybrid-lsp whitelist show | head -1` ends quietly."""
    code = (
        "import sys; from pathlib import Path; from hybrid_lsp.core.policy import SAFEST;"
        "from hybrid_lsp.settings import Whitelist; from hybrid_lsp.frontends.terminal import whitelist;"
        "none = Whitelist(path=Path('x')); sys.stdin.read();"
        "sys.exit(whitelist.run_show(none, none, SAFEST, out=sys.stdout, as_json=False))"
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    errors = process.stderr.read()
    process.stderr.close()

    assert (process.wait(timeout=20), errors) == (1, b"")


def test_a_front_end_asks_only_what_it_was_given() -> None:
    """A proposal that is refused is told; nothing is made of it."""
    made: list[object] = []
    errors = Stream()

    def refuse() -> whitelist.Change:
        raise Refused("No.")

    def make(change: object) -> list[str]:
        made.append(change)
        return []

    status = whitelist.run_change(
        refuse, make, wanted=None, in_force=lambda: SAFEST, stdin=Stream(), out=Stream(), errors=errors, environment={}
    )

    assert (status, made, errors.getvalue()) == (1, [], "✗ No.\n")
