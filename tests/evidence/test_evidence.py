"""Evidence end to end: real examples and tests, run on two versions of a file, each in its sandbox."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.evidence import Evidence, Sandbox
from tests.evidence.test_hostile import needs_loopback

SANDBOX = Sandbox()
needs_sandbox = pytest.mark.skipif(not SANDBOX.available(), reason=SANDBOX.why_not())

PRICES = '''"""Prices."""

from shop.rates import RATE


def total(prices):
    """Add prices up.

    >>> total([1, 2])
    6
    >>> total(["a"])
    'never so'
    """
    return sum(prices) * RATE


def label(prices):
    """Say a total.

    >>> label([1])
    'total: 2'
    """
    return f"total: {total(prices)}"
'''
TESTS = """
import shop.prices

def test_total():
    assert shop.prices.total([1, 2]) == 6

def test_total_fails_already():
    assert shop.prices.total([1]) == 1

def test_total_by_chance(tmp_path_factory):
    import os
    assert shop.prices.total([]) == 0 and os.urandom(1)
"""
SUM = """function total(prices) {
  return prices.reduce((sum, price) => sum + price, 0);
}

module.exports = { total };
"""
SUM_TEST = """const { test, describe } = require("node:test");
const assert = require("node:assert");
const { total } = require("./sum.js");

describe("total", () => {
  test("adds", () => assert.strictEqual(total([1, 2]), 3));
  test("fails already", () => assert.strictEqual(total([1]), 7));
});
"""

SERVED = """
import http.server, threading, urllib.request
from shop.rates import RATE

def test_rate_is_served():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(RATE).encode())
    server = http.server.HTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert urllib.request.urlopen(f"http://localhost:{server.server_port}/", timeout=2).read() == b"2"
    server.shutdown()
"""
UNUSED = ("hypothesispytest", "asyncio", "socket", "timeout", "xdist", "xdist.looponfail", "anyio")
"""Plugins that cost more time than the tests."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with a package and its tests."""
    for path, text in {
        "src/shop/__init__.py": "",
        "src/shop/rates.py": "RATE = 2\n",
        "src/shop/prices.py": PRICES,
        "tests/test_prices.py": TESTS,
        "tests/test_other.py": "def test_other():\n    raise SystemExit\n",
        "sum.js": SUM,
        "sum.test.js": SUM_TEST,
        "pytest.ini": f"[pytest]\naddopts = {' '.join(f'-p no:{name}' for name in UNUSED)}\n",
        ".env": "KEY=secret\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def gather(
    shop: Path, path: str, old: str, new: str, *, sandbox: Sandbox = SANDBOX, **more: object
) -> tuple[Verdict, ...]:
    """Ask for evidence of an edit."""
    before = (shop / path).read_text() if (shop / path).exists() else PRICES
    language = "python" if path.endswith(".py") else "javascript"
    arguments = {"root": shop, "path": path, "before": before, "after": before.replace(old, new), "first_line": 0}
    arguments |= {"last_line": before.count("\n"), "language": language, "deadline_s": 20.0} | more
    return asyncio.run(Evidence(sandbox=sandbox).gather(**arguments))  # type: ignore[arg-type]


@pytest.mark.privilege
@needs_sandbox
def test_a_wrong_edit_fails_what_passed_before(shop: Path) -> None:
    """Examples of the function and of what uses it, and the near tests; what failed before does not count."""
    verdicts = gather(shop, "src/shop/prices.py", "sum(prices) * RATE", "sum(prices) + RATE")

    assert [(verdict.name, verdict.passed) for verdict in verdicts] == [("doctest", False), ("tests", False)]
    assert all("near the change" in verdict.sentence for verdict in verdicts)
    assert (shop / "src/shop/prices.py").read_text() == PRICES
    assert not list(shop.rglob("__pycache__"))


@pytest.mark.privilege
@needs_sandbox
@pytest.mark.skipif(sys.platform != "linux", reason="on macOS a loopback is the whole machine's")
def test_tests_that_ask_a_server_of_their_own_count(shop: Path) -> None:
    """The network of the sandbox is a loopback of its own."""
    needs_loopback(shop)
    (shop / "tests" / "test_prices.py").unlink()
    (shop / "tests" / "test_rates.py").write_text(SERVED)
    verdicts = gather(shop, "src/shop/rates.py", "2", "3")

    assert [(verdict.name, verdict.passed) for verdict in verdicts] == [("tests", False)]


@pytest.mark.privilege
@needs_sandbox
def test_a_right_edit_passes(shop: Path) -> None:
    """What fails already does not stand against it."""
    shutil.rmtree(shop / "tests")
    verdicts = gather(shop, "src/shop/prices.py", "sum(prices) * RATE", "RATE * sum(one for one in prices)")

    assert verdicts == (Verdict(name="doctest", passed=True),)


@pytest.mark.privilege
@needs_sandbox
def test_javascript_is_tried_with_nodes_own_runner(shop: Path) -> None:
    """The test beside the file tells a wrong edit from a right one."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")

    assert gather(shop, "sum.js", "sum + price", "sum - price") == (
        Verdict(
            name="tests", passed=False, sentence="The one test near the change passed before and fails with the answer."
        ),
    )
    assert gather(shop, "sum.js", "sum + price", "price + sum") == (Verdict(name="tests", passed=True),)


@pytest.mark.privilege
@needs_sandbox
def test_an_edit_that_ends_the_run_early_does_not_pass(shop: Path) -> None:
    """Who leaves before the examples are done has not shown that they hold."""
    (shop / "tests/test_prices.py").unlink()
    verdicts = gather(shop, "src/shop/prices.py", "return sum(prices) * RATE", "import os; os._exit(0)")

    assert [(verdict.name, verdict.passed) for verdict in verdicts] == [("doctest", False)]


@pytest.mark.privilege
@needs_sandbox
@pytest.mark.parametrize(
    "more",
    [
        {"language": "go"},
        {"path": "../prices.py"},
        {"path": "/etc/prices.py"},
        {"after": PRICES, "before": PRICES},
        {"root": Path.home()},
        {"deadline_s": 0.05},
        {"before": "def (", "after": "def )", "path": "src/shop/rates.py"},
    ],
    ids=["language", "outside", "absolute", "unchanged", "a home", "no time", "does not parse"],
)
def test_nothing_is_claimed_where_nothing_can_be_run(shop: Path, more: dict[str, object]) -> None:
    """Another language, a path that leads out, a home for a workspace, no time: no verdict, and no error."""
    path = str(more.pop("path", "src/shop/prices.py"))
    assert gather(shop, path, "sum(prices)", "max(prices)", **more) == ()


def test_without_a_sandbox_nothing_is_run(shop: Path) -> None:
    """On a system that has none, there is a sentence and no verdict."""
    nowhere = Sandbox(platform="win32")

    assert gather(shop, "src/shop/prices.py", "sum(prices)", "max(prices)", sandbox=nowhere) == ()
    assert nowhere.why_not().endswith("it takes Linux or macOS.")
