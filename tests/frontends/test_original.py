"""frontends.terminal.original: a file's new text, with everything else about it as it was."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.frontends.terminal.original import Original

LINES = st.lists(st.sampled_from(("a", "b", "", "  c", "é")), max_size=6)
ENDS = st.sampled_from(("\n", "\r\n", "\r"))


@given(LINES, st.lists(ENDS, min_size=8, max_size=8), LINES, st.booleans(), st.booleans())
def test_only_what_changes_is_changed(old: list[str], ends: list[str], new: list[str], mark: bool, ended: bool) -> None:
    """The new text stands there, every line that stays keeps its own end, and so does the mark at the start."""
    raw = "".join(line + end for line, end in zip(old, ends, strict=False)) + ("" if ended else "z")
    data = (b"\xef\xbb\xbf" if mark else b"") + raw.encode()
    original = Original(path=Path("a"), data=data)
    text = "\n".join(new)
    changed = original.changed_to(text)

    assert Original(path=Path("a"), data=changed).text == text
    assert changed.startswith(b"\xef\xbb\xbf") == mark
    assert original.changed_to(original.text) == data
    used = {end for end in ("\r\n", "\r", "\n") if end in raw}
    if used == {"\r\n"}:
        assert changed.count(b"\n") == changed.count(b"\r\n") == changed.count(b"\r")


@pytest.mark.parametrize(
    ("data", "text", "changed"),
    [
        (b"a\r\nb\nc\r\n", "a\nB\nc\n", b"a\r\nB\nc\r\n"),
        (b"a\r\nb\r\n", "a\nx\ny\nb\n", b"a\r\nx\r\ny\r\nb\r\n"),
        (b"a\r\nb", "a\nb\nc", b"a\r\nb\r\nc"),
        (b"a", "a\nb\n", b"a\nb\n"),
        (b"\xef\xbb\xbfa\rb\r", "b\n", b"\xef\xbb\xbfb\r"),
        (b"", "a\n", b"a\n"),
    ],
)
def test_line_ends(data: bytes, text: str, changed: bytes) -> None:
    """A line that is changed keeps its end, a new one has that of the line before it."""
    assert Original(path=Path("a"), data=data).changed_to(text) == changed


@pytest.mark.skipif(os.name == "nt", reason="there no file can have such a name")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"caf\xc3\xa9.py", "a/café.py"), (b"caf\xe9.py", '"a/caf\\351.py"'), (b'q"u\\o.py', '"a/q\\"u\\\\o.py"'),
        (b"a\n+++ b/.git/config", '"a/a\\n+++ b/.git/config"\t'), (b"\x1b[31m\xe2\x80\xae.py", '"a/\\033[31m\\342\\200\\256.py"'),
    ],
)  # fmt: skip
def test_a_name_in_a_diff_is_spelled_as_git_does(name: bytes, told: str) -> None:
    """No name ends a line, says something to a terminal or cannot be encoded; git reads it back as it is."""
    diff = Original(path=Path("a"), data=b"a\n").diff(b"b\n", os.fsdecode(name))
    assert diff.encode().split(b"\n")[:3] == [
        f"--- {told}".encode(),
        f"+++ {told}".replace("a/", "b/", 1).encode(),
        b"@@ -1 +1 @@",
    ]


def test_a_diff_of_a_last_line_without_an_end() -> None:
    """It says so as git does, and a name with a blank ends in a tab."""
    diff = Original(path=Path("a"), data=b"a").diff(b"b\n", "x y.py")
    assert diff == "--- a/x y.py\t\n+++ b/x y.py\t\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
