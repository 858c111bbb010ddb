"""syntax: one line or several, from the code around the cursor."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim import Shape
from hybrid_lsp.syntax import GRAMMARS, Syntax, parser_for

S, M = Shape.SINGLE, Shape.MULTI

CASES: list[tuple[str, str, Shape]] = [
    # `|` is the cursor
    ("python", "def total(books):\n    |\n", M),
    ("python", "def total(books):|\n", M),
    ("python", "class Shelf:\n    def total(self):\n        |\n\n    def other(self):\n        pass\n", M),
    ("python", "def total(books):|\n    return sum(books)\n", S),
    ("python", "def total(books):\n    net = sum(books)\n    |\n    return net\n", M),
    ("python", "def total(books):\n    net = sum(|)\n", S),
    ("python", "def total(books):\n    net = |\n    return net\n", S),
    ("python", "net = compute(\n    books,\n    |\n)\n", S),
    ("python", "prices = [\n    1,\n    |\n]\n", S),
    ("python", "prices = {\n    |\n}\n", S),
    ("python", "def total(books):\n    # add the tax, then round\n    |\n", M),
    ("python", "def total(books):\n    # if books:|\n    return 1\n", S),
    ("python", 'def total(books):\n    """Add up.\n\n    |\n    """\n    return 1\n', S),
    ("python", 'text = "def f():|"\n', S),
    ("python", "rows = table[1:|]\n", S),
    ("python", "total:|\n", S),
    ("python", "net = gross - \\\n    |\n", S),
    ("python", "net = gross -\n|\n", S),
    ("python", "import os\n|\n", M),
    ("python", "|", M),
    ("python", "for book in books:\n    print(book)\nelse:|\n", M),
    ("python", "def total(\n    books,\n):|\n", M),
    ("python", "x = foo(| + 1)\n", S),
    ("typescript", "function total(books: Book[]): number {\n  |\n}\n", M),
    ("typescript", "function total(books: Book[]): number {|}\n", M),
    ("typescript", "const net = books.map((b) => {\n  |\n});\n", M),
    ("typescript", "const net = compute(\n  books,\n  |\n);\n", S),
    ("typescript", "const label = `total:\n  |\n`;\n", S),
    ("typescript", "// sum of all {|\n", S),
    ("typescript", "/*\n * The sum\n|\n */\nlet a = 1;\n", S),
    ("typescript", "const total = |;\n", S),
    ("javascript", "if (done) {\n  |\n}\n", M),
    ("javascriptreact", "const App = () => {\n  |\n};\n", M),
    ("typescriptreact", "const App = () => {\n  // count the clicks\n  |\n};\n", M),
    ("go", "func total(b []Book) int {\n\t|\n}\n", M),
    ("go", "func total(b []Book) int {\n\tn := 0\n\t|\n\treturn n\n}\n", M),
    ("go", "n := total(\n\tbooks,\n\t|\n)\n", S),
    ("rust", "fn total(books: &[Book]) -> u64 {\n    |\n}\n", M),
    ("rust", "fn total<'a>(books: &'a [Book]) -> u64 {\n    let n = books.len();\n    |\n    n\n}\n", M),
    ("rust", "    let n = total(|);\n", S),
    ("c", "int total(int *a, int n) {\n    |\n}\n", M),
    ("c", "int total(int *a, int n)\n{\n    /* add them */\n    |\n}\n", M),
    ("c", 'printf("%d {|\\n", n);\n', S),
    ("cpp", "class Shelf {\npublic:\n    |\n};\n", M),
    ("java", "class Shelf {\n    int total() {\n        |\n    }\n}\n", M),
    ("lua", "if done then\n  |\nend\n", M),
    ("lua", "local t = f(\n  |\n)\n", S),
]


def excerpt_at(language: str, marked: str, version: int = 1) -> Excerpt:
    """The excerpt at the `|` of a text."""
    before, after = marked.split("|")
    above, _, prefix = before.rpartition("\n")
    suffix, _, below = after.partition("\n")
    return Excerpt(
        workspace=1,
        document=1,
        version=version,
        path="a",
        language=language,
        line=before.count("\n"),
        above=above + "\n" if "\n" in before else "",
        prefix=prefix,
        suffix=suffix,
        below=below,
    )


@pytest.mark.parametrize("syntax", [Syntax, lambda: Syntax(parser_for=lambda _: None)], ids=["parsed", "counted"])
@pytest.mark.parametrize(("language", "marked", "expected"), CASES)
def test_shape(syntax: Callable[[], Syntax], language: str, marked: str, expected: Shape) -> None:
    """Several lines follow an opener and a new line of a block; with a grammar and without one alike."""
    assert syntax().shape(excerpt_at(language, marked)) is expected


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_each_grammar_loads(language: str) -> None:
    """Every grammar in the table is installed and fits the tree-sitter that is."""
    assert parser_for(language) is not None


def test_a_parser_that_fails_costs_nothing_but_itself() -> None:
    """Counting decides where parsing raises."""

    def refuse(text: bytes) -> None:
        raise ValueError("Parsing failed")

    syntax = Syntax(parser_for=lambda _: SimpleNamespace(parse=refuse))  # type: ignore[arg-type,return-value]

    assert syntax.shape(excerpt_at("python", "def f():\n    |\n")) is M


def test_a_cursor_is_parsed_once_for_a_version() -> None:
    """The same cursor of the same version is answered from memory, another version is looked at again."""
    asked: list[str] = []
    syntax = Syntax(parser_for=lambda language: asked.append(language))
    for version in (1, 1, 2):
        syntax.shape(excerpt_at("python", "def f():\n    |\n", version))

    assert len(asked) == 2


def test_a_long_file_is_looked_at_through_a_window() -> None:
    """In the middle of ten thousand lines the answer takes milliseconds, as in a short file."""
    block = "def total(books):\n    net = sum(book.price for book in books)\n    return net * 1.19\n\n\n"
    excerpt = excerpt_at("python", block * 1000 + "def other():\n    |\n" + block * 1000)
    Syntax().shape(excerpt)
    began = time.perf_counter()

    assert Syntax().shape(excerpt) is M
    assert time.perf_counter() - began < 0.1
