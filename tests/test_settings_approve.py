"""settings.approve: what is written is what was shown, and nothing is widened without a person and a note."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.policy import SAFEST, Leave, Policy, covers, parse_policy, policy_text
from hybrid_lsp.settings import approve
from hybrid_lsp.settings.approve import Applied, By, Change, apply, propose
from hybrid_lsp.settings.audit import AUDIT_NAME
from hybrid_lsp.settings.edit import Action, Edit, edited, understood
from hybrid_lsp.settings.places import state_path
from hybrid_lsp.settings.replace import locked

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")
NOW_MS = 1_790_000_000_000
SHIPPED = (Path(__file__).parents[1] / "whitelist.json").read_text(encoding="utf-8")


def add(key: str, value: str) -> Edit:
    """Put an entry in."""
    return Edit(action=Action.ADD, key=key, value=value)


def remove(key: str, value: str) -> Edit:
    """Take an entry out."""
    return Edit(action=Action.REMOVE, key=key, value=value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whitelist.json as it is shipped."""
    path = tmp_path / "config" / "whitelist.json"
    path.parent.mkdir()
    path.write_bytes(SHIPPED.encode())
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the audit file is to be."""
    return tmp_path / "state" / "deep"


def noted(state: Path) -> list[dict[str, Any]]:
    """The audit file, line by line."""
    return [json.loads(line) for line in (state / AUDIT_NAME).read_text().splitlines()]


def done(path: Path, edit: Edit, state: Path, by: By = By.TERMINAL) -> Applied:
    """Propose a change and make it."""
    return apply(propose(path, edit), approved_by=by, now_ms=NOW_MS, state=state)


def test_an_entry_is_added_and_nothing_else_is_touched(file: Path, state: Path) -> None:
    """The difference is shown first, one line changes, and the audit file has both policies."""
    change = propose(file, add("domains", "PyPI.org"))
    old, _ = parse_policy(SHIPPED, "whitelist.json")

    assert change.widens
    assert change.diff.splitlines() == [
        "--- whitelist.json now",
        "+++ whitelist.json then",
        "@@ -7,7 +7,8 @@",
        '   "domains": [',
        '     "github.com",',
        '     "stackoverflow.com",',
        '-    "docs.microsoft.com"',
        '+    "docs.microsoft.com",',
        '+    "pypi.org"',
        "   ],",
        '   "mcp_servers": [',
        '     "memory",',
    ]
    assert file.read_text() == SHIPPED

    applied = apply(change, approved_by=By.TERMINAL, now_ms=NOW_MS, state=state)

    assert applied == Applied(policy=change.new)
    assert file.read_text() == change.after == SHIPPED.replace('osoft.com"', 'osoft.com",\n    "pypi.org"')
    assert noted(state) == [
        {
            "at_ms": NOW_MS, "by": "terminal", "outcome": "changed", "action": "add", "key": "domains",
            "value": "pypi.org", "widens": True, "change": change.id, "file": noted(state)[0]["file"],
            "policy_before": old.fingerprint, "policy_after": applied.policy.fingerprint,
        }
    ]  # fmt: skip
    assert str(file.parent) not in (state / AUDIT_NAME).read_text()
    assert sorted(path.name for path in file.parent.iterdir()) == ["whitelist.json"]


def test_what_is_removed_needs_no_person(file: Path, state: Path) -> None:
    """Tightening is free: a program may do it, and the file is as if the entry had never been there."""
    applied = done(file, remove("domains", "github.com"), state, By.PROGRAM)
    assert applied.policy.domains == {"stackoverflow.com", "docs.microsoft.com"}
    done(file, remove("allowed_for_cloud", "code_review"), state, By.PROGRAM)

    assert file.read_text() == SHIPPED.replace('    "github.com",\n', "").replace(
        '"code_review": true', '"code_review": false'
    )
    assert [line["widens"] for line in noted(state)] == [False, False]


def test_a_program_widens_nothing(file: Path, state: Path) -> None:
    """Whatever a model asks for; the editor's dialog and a terminal are a person."""
    change = propose(file, add("domains", "pypi.org"))
    with pytest.raises(Refused, match="Only a person widens"):
        apply(change, approved_by=By.PROGRAM, now_ms=NOW_MS, state=state)
    assert file.read_text() == SHIPPED

    apply(change, approved_by=By.EDITOR, now_ms=NOW_MS, state=state)
    assert noted(state)[0]["by"] == "editor"


def test_the_first_entry_begins_the_file(tmp_path: Path, state: Path) -> None:
    """Nothing but it is allowed, and the folder is made."""
    path = tmp_path / "new" / "whitelist.json"
    change = propose(path, add("cloud_apis", "openai.com"))
    assert (change.before, change.widens, change.old) == (None, True, SAFEST)
    assert not path.parent.exists()

    applied = apply(change, approved_by=By.TERMINAL, now_ms=NOW_MS, state=state)

    assert applied.policy == Policy(cloud_apis=frozenset({"openai.com"}))
    assert list(json.loads(path.read_text())) == ["cloud_apis", "domains", "mcp_servers", "allowed_for_cloud"]
    assert json.loads(path.read_text())["allowed_for_cloud"]["inline_completion"] is False


@pytest.mark.parametrize(
    "edit",
    [
        add("domains", "github.com"), add("domains", "GITHUB.com."), add("domains", "api.github.com"),
        remove("domains", "pypi.org"), add("allowed_for_cloud", "code_review"), add("mcp_servers", "memory"),
        remove("allowed_for_cloud", "simple_completion"), remove("allowed_for_cloud", "inline_completion"),
    ],
)  # fmt: skip
def test_what_is_so_already_changes_nothing(file: Path, state: Path, edit: Edit) -> None:
    """Neither the file nor the audit file."""
    change = propose(file, edit)
    assert (change.is_empty, change.widens, change.diff) == (True, False, "")

    apply(change, approved_by=By.PROGRAM, now_ms=NOW_MS, state=state)

    assert file.read_text() == SHIPPED
    assert not state.exists()


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (add("apis", "x.com"), "the keys are cloud_apis, domains, mcp_servers, allowed_for_cloud"),
        (add("__proto__", "x.com"), "That is not a key"),
        (add("domains", "https://x.com/"), "more than the name of a host"),
        (add("domains", "*.x.com"), "write x.com for"),
        (add("domains", "com"), "write x.com for com"),
        (add("cloud_apis", "127.0.0.1"), "number"),
        (add("mcp_servers", "a b"), "not the name of an MCP server"),
        (add("allowed_for_cloud", "reviews"), "not a kind of task; there are inline_completion, simple_completion"),
        (add("allowed_for_cloud", "inline_completion"), "ghost text never leaves this machine"),
        (remove("domains", "api.github.com"), "github.com stands for all below it; remove github.com"),
    ],
)
def test_what_no_whitelist_says_is_refused(file: Path, edit: Edit, sentence: str) -> None:
    """With the way out, and before anything is shown."""
    with pytest.raises(Refused, match=sentence):
        propose(file, edit)
    assert file.read_text() == SHIPPED


@pytest.mark.parametrize("content", [b"", b"{", b'{"apis": []}', b"\xff", b" " * ((1 << 20) + 1)])
def test_a_broken_file_is_mended_by_hand(file: Path, content: bytes) -> None:
    """It allows nothing as it is; a change of ours could only hide what is wrong in it."""
    file.write_bytes(content)

    with pytest.raises(Refused, match="Mend it first; nothing was changed"):
        propose(file, add("domains", "x.com"))
    assert file.read_bytes() == content


@pytest.mark.parametrize("meanwhile", ["{}", SHIPPED + "\n", None])
def test_a_file_that_changed_meanwhile_is_left_alone(file: Path, state: Path, meanwhile: str | None) -> None:
    """Also where it changed in a blank only, or went: what a person approved is another difference."""
    change = propose(file, add("domains", "pypi.org"))
    if meanwhile is None:
        file.unlink()
    else:
        file.write_text(meanwhile)

    with pytest.raises(Refused, match="was changed meanwhile; nothing was done"):
        apply(change, approved_by=By.TERMINAL, now_ms=NOW_MS, state=state)
    assert (file.read_text() if file.exists() else None) == meanwhile
    assert not state.exists()
    assert [path.name for path in file.parent.iterdir() if path != file] == []


def test_nothing_is_widened_without_a_note(file: Path, tmp_path: Path) -> None:
    """Where the audit file cannot be written only tightening goes on, and says so."""
    state = tmp_path / "state"
    state.write_text("a file, not a folder")

    with pytest.raises(Refused, match=r"whitelist-audit.jsonl cannot be written .*, and nothing is widened without"):
        done(file, add("domains", "pypi.org"), state)
    assert file.read_text() == SHIPPED

    applied = done(file, remove("domains", "github.com"), state)
    assert "github.com" not in applied.policy.domains
    assert applied.remarks[0].endswith("there is no note of this change.")


@posix
def test_an_audit_file_that_is_none_neither_hangs_nor_counts(file: Path, tmp_path: Path) -> None:
    """A pipe that nobody reads, or a link to somewhere else."""
    for state, make in ((tmp_path / "pipe", os.mkfifo), (tmp_path / "link", lambda path: path.symlink_to("/dev/null"))):
        state.mkdir()
        make(state / AUDIT_NAME)
        with pytest.raises(Refused, match="nothing is widened without a note"):
            done(file, add("domains", "pypi.org"), state)


def test_a_line_torn_by_a_crash_stays_alone(file: Path, state: Path) -> None:
    """The next one begins on a line of its own."""
    state.mkdir(parents=True)
    (state / AUDIT_NAME).write_text('{"at_ms": 1, "by"')
    done(file, remove("domains", "github.com"), state)

    lines = (state / AUDIT_NAME).read_text().splitlines()
    assert (len(lines), json.loads(lines[1])["value"]) == (2, "github.com")


def test_a_change_that_fails_is_noted_as_failed(file: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses at the last moment the old file stays and nothing is left lying about."""

    def refuse(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    change = propose(file, add("domains", "pypi.org"))
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(Refused, match=r"whitelist.json cannot be written \(No space left on device\)"):
        apply(change, approved_by=By.TERMINAL, now_ms=NOW_MS, state=state)

    assert [line["outcome"] for line in noted(state)] == ["changed", "failed"]
    assert (file.read_text(), [path.name for path in file.parent.iterdir()]) == (SHIPPED, ["whitelist.json"])


@posix
def test_only_the_owner_reads_what_was_written(file: Path, state: Path) -> None:
    """The file, the audit file and their folder."""
    file.chmod(0o644)
    done(file, add("domains", "pypi.org"), state)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, state / AUDIT_NAME, state)]
    assert modes == [0o600, 0o600, 0o700]


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_written_through(file: Path, tmp_path: Path, state: Path, exists: bool) -> None:
    """What it points to is changed, the link stays, and a person is told."""
    link = tmp_path / "whitelist.json"
    link.symlink_to(file)
    if not exists:
        file.unlink()
    applied = done(link, add("domains", "pypi.org"), state)

    assert link.is_symlink()
    assert "pypi.org" in json.loads(file.read_text())["domains"]
    assert applied.remarks == ("whitelist.json is a link; the file that it points to was changed.",)


FORMATS = [
    ('{"domains": ["a.com"]}', add("domains", "b.com"), '{"domains": ["a.com", "b.com"]}'),
    ('{"domains": []}', add("domains", "b.com"), '{"domains": ["b.com"]}'),
    ("{}", add("domains", "b.com"), '{\n  "domains": [\n    "b.com"\n  ]\n}\n'),
    (" { } \n", add("mcp_servers", "git"), '{\n  "mcp_servers": [\n    "git"\n  ]\n}\n'),
    ('{"domains": ["a.com"]}\n', add("mcp_servers", "git"), '{"domains": ["a.com"], "mcp_servers": ["git"]}\n'),
    (
        '{\n\t"mcp_servers": [],\n\t"domains": ["A.com", "b.com"]\n}\n',
        remove("domains", "a.com"),
        '{\n\t"mcp_servers": [],\n\t"domains": ["b.com"]\n}\n',
    ),
    (
        '{\n\t"mcp_servers": []\n}',
        add("mcp_servers", "git"),
        '{\n\t"mcp_servers": [\n\t\t"git"\n\t]\n}',
    ),
    (
        '\ufeff{\r\n    "domains": [\r\n        "a.com"\r\n    ]\r\n}\r\n',
        add("domains", "b.com"),
        '\ufeff{\r\n    "domains": [\r\n        "a.com",\r\n        "b.com"\r\n    ]\r\n}\r\n',
    ),
    (
        '{\n  "allowed_for_cloud": {"code_review": false, "simple_completion": true}\n}',
        add("allowed_for_cloud", "code_review"),
        '{\n  "allowed_for_cloud": {"code_review": true, "simple_completion": true}\n}',
    ),
    (
        '{\n  "domains": ["пример.рф"]\n}',
        add("allowed_for_cloud", "code_review"),
        '{\n  "domains": ["пример.рф"],\n  "allowed_for_cloud": {\n    "code_review": true\n  }\n}',
    ),
    ('{"domains": ["пример.рф"]}', add("domains", "a.com"), '{"domains": ["пример.рф", "a.com"]}'),
    ('{"\\u0064omains" : ["a.com"] , "mcp_servers":[]}', add("domains", "b.com"),
     '{"\\u0064omains" : ["a.com", "b.com"] , "mcp_servers":[]}'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "edit", "after"), FORMATS)
def test_a_files_own_way_of_writing_is_kept(tmp_path: Path, state: Path, before: str, edit: Edit, after: str) -> None:
    """Indents, line ends, marks, order and everything that is not the entry's own list."""
    path = tmp_path / "whitelist.json"
    path.write_bytes(before.encode())
    done(path, edit, state)

    assert path.read_bytes().decode() == after


hosts = st.sampled_from(["a.com", "b.com", "x.a.com", "y.x.a.com"])
edits = st.one_of(
    st.builds(Edit, action=st.sampled_from(Action), key=st.sampled_from(["domains", "cloud_apis"]), value=hosts),
    st.builds(
        Edit, action=st.sampled_from(Action), key=st.just("mcp_servers"), value=st.sampled_from(["git", "memory"])
    ),
    st.builds(
        Edit,
        action=st.sampled_from(Action),
        key=st.just("allowed_for_cloud"),
        value=st.sampled_from(["code_review", "reasoning_tasks", "inline_completion"]),
    ),
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "domains": st.lists(hosts, max_size=3),
        "cloud_apis": st.lists(hosts, max_size=3),
        "mcp_servers": st.lists(st.sampled_from(["git", "memory"]), max_size=2),
        "allowed_for_cloud": st.dictionaries(st.sampled_from(["code_review", "reasoning_tasks"]), st.booleans()),
    },
)


@given(contents, st.sampled_from([None, 1, 2, "\t"]), edits)
def test_an_edit_does_what_it_says_and_no_more(content: dict[str, Any], indent: int | str | None, edit: Edit) -> None:
    """For any file, written in any way: one entry, in one list; a removal never widens, and twice is once."""
    text = json.dumps(content, indent=indent)
    old, _ = parse_policy(text, "whitelist.json")
    try:
        after = edited(text, understood(edit), old)
    except Refused:
        return
    new, problems = parse_policy(after, "whitelist.json")

    assert problems == ()
    assert not new.decide(Leave(Task.INLINE)).allowed
    if edit.action is Action.REMOVE and edit.key != "mcp_servers" and covers(getattr(new, edit.key, ()), edit.value):
        # An entry above it still lets it through, and whoever removes it once more is told so.
        with pytest.raises(Refused, match="stands for all below it"):
            edited(after, edit, new)
    else:
        assert edited(after, edit, new) == after
    if edit.action is Action.REMOVE:
        assert new.is_narrower_or_equal(old)
    else:
        assert old.is_narrower_or_equal(new)
    for key in ("domains", "cloud_apis", "mcp_servers"):
        differing = getattr(old, key) ^ getattr(new, key)
        assert differing <= ({edit.value} if edit.key == key else set())
    assert old.tasks ^ new.tasks <= ({edit.value} if edit.key == "allowed_for_cloud" else set())


def test_a_changes_name_is_bound_to_its_text(file: Path) -> None:
    """The same proposal has the same name; another entry, or another file before it, another."""
    first, same, other = (propose(file, add("domains", host)) for host in ("a.org", "a.org", "b.org"))
    file.write_text(policy_text(SAFEST))
    elsewhere = propose(file, add("domains", "a.org"))

    assert first.id == same.id
    assert len({first.id, other.id, elsewhere.id}) == 3


def test_a_lock_that_is_held_is_waited_for_and_then_refused(file: Path) -> None:
    """Nothing waits for ever, and a lock that was left goes to the next."""
    with (
        locked(file),
        pytest.raises(Refused, match=r"Another program is changing whitelist\.json and does not end"),
        locked(file, timeout_s=0.05),
    ):
        pytest.fail("two had the same lock")
    with locked(file, timeout_s=0.05):
        assert [path.name for path in file.parent.iterdir() if path != file] in ([], [".whitelist.json.lock"])


RACER = """
import sys
from pathlib import Path
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.settings.approve import By, apply, propose
from hybrid_lsp.settings.edit import Action, Edit
path, state, mine = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
sys.stdin.readline()
refused = 0
for i in range(12):
    while True:
        edit = Edit(action=Action.ADD, key="domains", value=f"{mine}{i}.com")
        try:
            apply(propose(path, edit), approved_by=By.TERMINAL, now_ms=i, state=state)
            break
        except Refused as error:
            assert "meanwhile" in str(error) or "being changed" in str(error), error
            refused += 1
print(refused)
"""


def test_two_programs_at_once_lose_nothing(file: Path, state: Path) -> None:
    """Each change is made on the text that it was shown for: none overwrites the other's, and each has its note."""
    command = [sys.executable, "-P", "-c", RACER, str(file), str(state)]
    racers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
                         env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])})
        for name in ("left", "right")
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        out, _ = racer.communicate(timeout=50)
        assert (racer.returncode, out.strip().isdigit()) == (0, True)

    added = [f"{name}{i}.com" for name in ("left", "right") for i in range(12)]
    assert set(json.loads(file.read_text())["domains"]) >= set(added)
    assert sorted(line["value"] for line in noted(state)) == sorted(added)
    assert [path.name for path in file.parent.iterdir()] == ["whitelist.json"]


def test_where_what_is_kept_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment says, else where the system keeps such things."""
    monkeypatch.delenv("HYBRID_LSP_STATE", raising=False)
    assert "hybrid-lsp" in str(state_path())
    monkeypatch.setenv("HYBRID_LSP_STATE", str(tmp_path / "state"))
    assert state_path() == tmp_path / "state"


def test_a_folder_that_cannot_be_written_is_a_sentence(
    file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path of the machine in it."""

    def refuse(*_args: object, **_kwargs: object) -> int:
        raise PermissionError(13, "Permission denied", str(file))

    change: Change = propose(file, add("domains", "pypi.org"))
    monkeypatch.setattr(approve, "locked", refuse)
    with pytest.raises(Refused) as caught:
        apply(change, approved_by=By.TERMINAL, now_ms=NOW_MS, state=state)
    assert str(caught.value) == (
        "whitelist.json cannot be written (Permission denied); make it and its folder writable."
    )
