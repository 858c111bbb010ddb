"""How many syntax errors a file has."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.assistant.judge import lines_judged
from hybrid_lsp.syntax import GRAMMARS, faults, trees

FILES = {
    "c": "int total(int *a, int n) {\n    return a[n];\n}\n",
    "cpp": "class Shelf {\npublic:\n    int total();\n};\n",
    "go": "package shop\n\nfunc total(b []Book) int {\n\treturn len(b)\n}\n",
    "java": "class Shelf {\n    int total() {\n        return 1;\n    }\n}\n",
    "javascript": "function total(books) {\n  return books.length;\n}\n",
    "javascriptreact": "const App = () => <b>{total}</b>;\n",
    "python": "def total(books):\n    return sum(books)\n",
    "rust": "fn total(books: &[Book]) -> usize {\n    books.len()\n}\n",
    "typescript": "function total(books: Book[]): number {\n  return books.length;\n}\n",
    "typescriptreact": "const App = (p: Props) => <b>{p.total}</b>;\n",
}


def counted(text: str, language: str) -> int | None:
    """The faults of a text, with time enough."""
    return faults(text, language, deadline=time.monotonic() + 10)


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_a_whole_file_has_none_and_a_broken_one_has_some(language: str) -> None:
    """Each grammar sees the bracket that is gone, whether it is asked first or behind the whole file."""
    whole = FILES[language]
    at = whole.index("(") if "(" in whole else whole.index("{")
    assert counted(whole[:at] + whole[at + 1 :], language)
    assert counted(whole, language) == 0
    assert counted(whole[:at] + whole[at + 1 :], language)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def total(books):\n\n\nx = 1\n", 1),
        ("class Shelf:\n    def total(self):\n\n    def empty(self):\n        pass\n", 1),
        ("if é and ü:  # why\n    # nothing here\n\nx = 1\n", 1),
        ("for book in books:", 1),
        ("try:\n    x()\nexcept E:\nfinally:\nx = 1\n", 2),
        ("match x:\n    case 1:\n    case 2:\n        pass\n", 1),
        ("with a as b:\n\n    # later\n\n\tb()\n", 0),
        ("def total(\n  books,\n) -> int:  # sum\n    return 1\n", 0),
        ("TABLE = {\n  'a':\n  1,\n}\nX[1:\n2]\n", 0),
        ('"""\nif a:\nb\n"""\n# if a:\nif a: pass\nx: int\n', 0),
    ],
)
def test_a_block_of_python_with_nothing_in_it_is_a_fault(text: str, count: int) -> None:
    """Its grammar takes it, Python does not; what only looks like it, in texts, comments and tables, is none."""
    assert counted(text, "python") == count
    try:
        compile(text, "text", "exec")
    except SyntaxError:
        assert count
    else:
        assert not count


@pytest.mark.parametrize(
    ("text", "language"), [("x = (", "cobol"), ("x = 1\n" * 200_000, "python"), ("", "")], ids=["grammar", "size", "empty"]
)  # fmt: skip
def test_what_cannot_be_judged_is_none(text: str, language: str) -> None:
    """A language without a grammar, and a file over 1 MB."""
    assert counted(text, language) is None


def test_a_deadline_that_has_passed_ends_it() -> None:
    """Whatever the file: it is None, and soon."""
    assert faults("x = [\n" * 20_000, "python", deadline=time.monotonic() - 1) is None


edits = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 6), st.sampled_from(["", "(", "x", '"', "\n", "ä", "    "]))
)


@given(edits=edits, language=st.sampled_from(["python", "typescript", "go"]))
def test_what_is_remembered_never_changes_the_count(edits: list[tuple[int, int, str]], language: str) -> None:
    """A file after an edit has as many faults as the same file seen for the first time, in any order."""
    text = FILES[language] * 6
    for at, gone, new in edits[:5]:
        counted(text, language)
        text = text[:at] + new + text[at + gone :]
    remembered = counted(text, language)
    for number in range(4):  # so many are remembered: others take their place
        counted(f"{number}" * 40, language)
    assert counted(text, language) == remembered


pieces = st.lists(
    st.sampled_from(
        ["if é:", "    if b:  # why", "    x = 1", "        y = 2", "", "    # later", "x: int", "else:", "z = 3"]
    )
)


@given(above=pieces, old=pieces, new=pieces, below=pieces)
def test_an_edit_makes_as_many_faults_as_its_own_lines_show(
    above: list[str], old: list[str], new: list[str], below: list[str]
) -> None:
    """Blocks with nothing in them are looked for around an edit only: elsewhere there are as many as before."""
    far = "def far():\n\nx = 1\n" * 40
    head, tail = far + "".join(f"{line}\n" for line in above), "".join(f"\n{line}" for line in below) + "\n" + far
    found = []
    for part in ("\n".join(old), "\n".join(new)):
        text, deadline = f"{head}{part}{tail}", time.monotonic() + 10
        near = faults(text, "python", deadline=deadline, lines=lines_judged(head, part))
        found.append((near or 0) - (counted(text, "python") or 0))
    assert found[0] == found[1]


def test_an_edit_of_a_file_is_parsed_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look starts from the first one's tree, and a look at the same text parses nothing."""
    seen: list[bool] = []
    parse = trees._parsed
    monkeypatch.setattr(trees, "_parsed", lambda *args: (seen.append(args[3] is not None), parse(*args))[1])
    text = FILES["python"] * 50
    assert counted(text + "first = 1\n", "python") == 0
    assert counted(text + "second = 1\n", "python") == 0
    assert counted(text + "second = 1\n", "python") == 0
    assert seen == [False, True]
