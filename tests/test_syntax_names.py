"""Which names an edit leaves without a definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.syntax import lost_names, new_names

HEAD = "import os\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop import Book\n\ntry:\n    import json\nexcept ImportError:\n    json = None\n\n\n"
BODY = "    net = sum(books)\n    return net\n"
TAIL = "\n\ndef other(a):\n    global COUNT\n    COUNT = a\n    return COUNT\n"
BEFORE = HEAD + "def total(books):\n" + BODY + TAIL

SAFE = [
    "    return [price for price in books if (rate := price)] + [rate]\n",
    "    tax: int = 1\n    return tax\n",
    "    return {k: v for k, v in zip(books, books)}\n",
    "    match books:\n        case [first, *rest]:\n            return first, rest\n        case {'a': x, **others}:\n            return x, others\n        case str() as text:\n            return text\n",
    "    try:\n        return 1\n    except ValueError as fault:\n        return fault\n",
    "    class Inner:\n        size = 1\n        double = size * 2\n    return Inner\n",
    "    with open(books) as (one, two):\n        return one, two\n",
    "    import re as regex\n    return regex, os, json, COUNT, other\n",
    "    tax = 1\n    del tax\n    return tax\n",
    "    def inner():\n        nonlocal net\n        net = 2\n    net = 1\n    return inner\n",
    "    return books.never_heard_of, __name__, __file__, ValueError, _('x')\n",
    "    book: 'Bock' = books[0]\n    return book\n",
    "    thing: Book\n    return lambda y, *z, **w: (y, z, w)\n",
    "    global NEWEST\n    NEWEST = 1\n    return NEWEST\n",
    "    return f'{books!r:>{len(books)}}'\n",
    "    for i, (j, k) in books:\n        yield i, j, k\n    async def g():\n        async for m in books:\n            print(m)\n",
    "    print 'python 2'\n",
    "    return t'{unknown}' + (\n",
    "    net = 1\n    net += 1\n    books += [net]\n    return books\n",
    "    for net in books:\n        net += 1\n    with open(net) as file:\n        file += 1\n    import os.path\n    os += 1\n",
    "    global COUNT\n    COUNT += 1\n    books.net += 1\n    books[0] |= 2\n    class A:\n        size = 1\n        size += 1\n",
    "    try:\n        if (net := 1):\n            net -= 1\n    except OSError as fault:\n        fault //= 2\n    def g(*a, **k):\n        a += (1,)\n        k |= {}\n",
    "    match books:\n        case [n, *m]:\n            n += m\n            m += [n]\n        case {**k}:\n            k |= {}\n",
]
UNSAFE = [
    ("    return sum(boks)\n", ("boks",), ()),
    ("    return summe(books)\n", ("summe",), ()),
    ("    nett = sum(books)\n    return net\n", (), ("net",)),
    ("    return [x for price in books]\n", ("x",), ()),
    ("    return f'{sum(prices)}'\n", ("prices",), ()),
    ("    return re.sub('a', 'b', books)\n", ("re",), ()),
    ("    return a\n", (), ("a",)),
    ("    def f(x=vat): ...\n    return f\n", ("vat",), ()),
    ("    class A(Base): ...\n    return [A, kind]\n", ("Base", "kind"), ()),
    ("    del tax_rate[0]\n", ("tax_rate",), ()),
    ("    match books:\n        case Shelf(): ...\n", ("Shelf",), ()),
    ("    nett = 0\n    for book in books:\n        net += book\n    return nett\n", (), ("net",)),
    ("    def inner():\n        count += 1\n    count = 1\n    return inner\n", ("count",), ()),
]


@pytest.mark.parametrize("body", SAFE)
def test_what_python_can_find_is_not_told(body: str) -> None:
    """Every way to bind a name counts, and what does not parse is not judged."""
    after = BEFORE.replace(BODY, body)
    assert after != BEFORE
    assert new_names(BEFORE, after, "python") == lost_names(BEFORE, after, "python") == ()


@pytest.mark.parametrize(("body", "new", "lost"), UNSAFE)
def test_what_python_cannot_find_is_told(body: str, new: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """A word that never stood there is new, one that did and is out of reach is lost."""
    after = BEFORE.replace(BODY, body)
    assert new_names(BEFORE, after, "python") == new
    assert lost_names(BEFORE, after, "python") == lost


CLASS = """\
CONST = 1


class Lexer:
    size = 1

    def grow(self):
        return self.size


def split(x):
    lex = x
    lex.size = 1
    return lex
"""


@pytest.mark.parametrize(
    ("before", "after", "new", "lost"),
    [
        ("def f(): ...\n\n\nf()\n", "def g(): ...\n\n\nf()\n", (), ("f",)),
        ("from a import *\n\n\ndef f(x):\n    return x\n", "from a import *\n\n\ndef f(x):\n    return y\n", (), ()),
        (
            "from a import *\n\n\ndef f(x):\n    return x\n",
            "from a import *\n\n\ndef f(z):\n    return x\n",
            (),
            ("x",),
        ),
        ("x = 1\nexec(code)\n", "x = 2\nexec(code)\ny\n", (), ()),
        ("x = 1\n# import * and exec()\n", "x = 2\n# import * and exec()\ny\n", ("y",), ()),
        ("x = 1\nexec(code, {})\n", "x = 2\nexec(code, {})\ny\n", ("y",), ()),
        ("import os\nprint(missing)\n", "import os\nprint(missing, missing)\n", (), ()),
        ('"""\ndef f(): ...\n"""\nx = 1\n', '"""\ndef f(): ...\n"""\nx = f\n', (), ("f",)),
        ("if x:\n    a = 1\nelse:\n    a = 2\nx = 1\n", "if x:\n    a = 1\nelse:\n    b = 2\nx = 1\n", (), ()),
        ("import a, b\nprint(a, b)\n", "import a\nprint(a, b)\n", (), ("b",)),
        ("class A:\n    size = 1\n", "class A:\n    size = 1\n    def f(self):\n        return size\n", (), ("size",)),
        ("x = 1\0", "x = y", (), ()),
        (CLASS, CLASS.replace("    lex = x", "    lexer = x").replace("split(x)", "split(x: int)"), (), ("lex",)),
        (CLASS, CLASS.replace("self.size", "size"), (), ("size",)),
        (CLASS, CLASS.replace("self.size", "width"), ("width",), ()),
        (CLASS, CLASS.replace("self.size", "CONST"), (), ()),
        (CLASS, CLASS.replace("def grow", "def shrink"), (), ()),
        ("x = (", "x = y", (), ()),
    ],
)
def test_of_a_whole_file_too(before: str, after: str, new: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """What is used outside the edited block counts, and stars, `exec` and broken files keep it silent."""
    assert (new_names(before, after, "python"), lost_names(before, after, "python")) == (new, lost)


SCRIPT = 'import { round } from "./money";\nfunction total(prices) {\n  const net = prices.length;\n  return net;\n}\nhelp(total);\n'


@pytest.mark.parametrize(
    ("body", "new", "lost"),
    [
        ("  return gross;\n", ("gross",), ()),
        ("  const gross = prices.length;\n  return net;\n", (), ("net",)),
        ("  return { gross };\n", ("gross",), ()),
        ("  return tally(prices);\n", ("tally",), ()),
        ("  return `${gross}`;\n", ("gross",), ()),
        ("  return window.gross + console.log(help, round);\n", (), ()),
        ("  const { a, b: [c], ...d } = prices;\n  return [a, c, d];\n", (), ()),
        ("  for (const a of prices) total(a);\n  try { round(); } catch (e) { throw e; }\n", (), ()),
        ("  const f = (a, [b], { c }, d = 1) => a + b + c + d;\n  class K extends total { m(q) { return q; } }\n  return new K(f);\n", (), ()),
        ("  /* gross */ return 'gross';\n", (), ()),
        ("  gross = 1;\n  return gross;\n", (), ()),
        ("  return typeof gross === 'undefined' ? gross : (\n", (), ()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["javascript", "javascriptreact", "typescript", "typescriptreact"])
def test_of_a_script(language: str, body: str, new: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """Globals, every pattern that binds, and what does not parse pass; what is only ever read does not."""
    after = SCRIPT.replace("  const net = prices.length;\n  return net;\n", body)
    assert (new_names(SCRIPT, after, language), lost_names(SCRIPT, after, language)) == (new, lost)


@pytest.mark.parametrize(
    ("language", "before", "after", "lost"),
    [
        ("go", "package a\n\nfunc f(x int) int {\n\tn := x\n\treturn g(n)\n}\n", "package a\n\nfunc f(x int) int {\n\tm := x\n\treturn g(n)\n}\n", ("n",)),
        ("go", 'package a\n\nimport "text/template"\n\nfunc f() string {\n\ttemplate := "a"\n\treturn g(template)\n}\n\nvar t = template.New(1)\n', 'package a\n\nimport "text/template"\n\nfunc f() string {\n\tform := "a"\n\treturn g(form)\n}\n\nvar t = template.New(1)\n', ()),
        ("go", "package a\n\nfunc f() int {\n\treturn g(1)\n}\n", "package a\n\nfunc f() int {\n\treturn g(elsewhere)\n}\n", ()),
        ("rust", "fn f(x: u8) -> u8 {\n    let n = x;\n    g(n)\n}\n", "fn f(x: u8) -> u8 {\n    let m = x;\n    g(n)\n}\n", ("n",)),
        ("rust", "fn f(x: u8) -> u8 {\n    g(x)\n}\n", "fn f(x: u8) -> u8 {\n    g(elsewhere)\n}\n", ()),
        ("java", "class A { int f() { int n = 1; return n; } }", "class A { int f() { int m = 1; return n; } }", ()),
        ("cobol", "x", "y", ()),
    ],
)  # fmt: skip
def test_where_other_files_define_names_only_a_loss_is_told(
    language: str, before: str, after: str, lost: tuple[str, ...]
) -> None:
    """Go and Rust tell what the edit itself unbound; the others nothing."""
    assert (new_names(before, after, language), lost_names(before, after, language)) == ((), lost)


def test_a_page_of_scripts_is_not_judged() -> None:
    """Without an import or an export, another script of the page may define the name."""
    assert new_names("f(1);\n", "f(gross);\n", "javascript") == ()


words = st.lists(
    st.sampled_from(["a", "b = a", "def f(a):", "    return b", "import c", "c", "class D:", "    x = c", ""]),
    max_size=12,
)


@given(before=words, after=words)
def test_a_word_of_the_file_is_never_new(before: list[str], after: list[str]) -> None:
    """What stood there before, bound or used, is not new; and an edit that changes nothing has no names."""
    old, new = "\n".join(before), "\n".join(after)
    assert not set(new_names(old, new, "python")) & set(
        old.replace("(", " ").replace(")", " ").replace(":", " ").split()
    )
    assert new_names(old, old, "python") == lost_names(old, old, "python") == ()


@pytest.mark.parametrize("name", [
    "HTMLInputElement", "KeyboardEvent", "matchMedia", "getComputedStyle", "innerWidth", "AudioContext",
    "Notification", "scrollTo", "EventSource", "BroadcastChannel", "SVGElement", "FileList", "DOMRect",
    "postMessage", "ErrorEvent", "SuppressedError", "CompressionStream", "URLPattern", "MediaRecorder",
    "requestIdleCallback", "CSS", "chrome", "cy", "AbortSignal", "Uint8Array", "NodeFilter", "IDBKeyRange",
    "WebGL2RenderingContext",
])  # fmt: skip
def test_what_a_browser_has_ready_is_defined(name: str) -> None:
    """A file uses it without ever saying where it comes from."""
    before = 'import { show } from "./show";\nshow(1);\n'
    after = before.replace("show(1)", f"show(show instanceof {name}, {name}(1))")
    assert new_names(before, after, "javascript") == ()
