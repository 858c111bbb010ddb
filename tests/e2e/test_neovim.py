"""A real Neovim, its built-in client and the lines of our README, and no plugin."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

pynvim = pytest.importorskip("pynvim")

ROOT = Path(__file__).parents[2]
NEEDS = "needs Neovim 0.12 or newer on PATH or in HYBRID_LSP_TEST_NVIM (.ci/get-nvim brings one)"
CODE = """\
def total_price(order, discount):
    subtotal = sum(item.price for item in order.items)
    return subtotal - discount


def total_weight(order, discount):
    subtotal = sum(item.weight for item in order.items)
    return subtotal - discount


def total_volume(order, discount):
"""

T = TypeVar("T")


def find_nvim() -> str | None:
    """Return a Neovim that has inline completion, or None."""
    nvim = os.environ.get("HYBRID_LSP_TEST_NVIM") or shutil.which("nvim")
    if not nvim:
        return None
    probe = [nvim, "--headless", "--clean", "+lua os.exit(vim.lsp.inline_completion and 0 or 1)"]
    return nvim if subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0 else None


NVIM = find_nvim()
pytestmark = [pytest.mark.editor, pytest.mark.skipif(NVIM is None, reason=NEEDS)]


def until(what: Callable[[], T], *, timeout_s: float = 15.0) -> T:
    """Return the first true answer of `what`; fail when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)
    return answer


class Editor:
    """Neovim as a person has it before them: keys in, ghost text and buffer out."""

    def __init__(self, file: Path, init: Path) -> None:
        argv = [str(NVIM), "--embed", "--headless", "-n", "--clean", "-u", str(init), str(file)]
        self.nvim: Any = pynvim.attach("child", argv=argv)
        self.namespace = self.nvim.api.create_namespace("nvim.lsp.inline_completion")
        self.pid: int = self.nvim.exec_lua("return vim.fn.getpid()")
        until(lambda: self.lua("local c = vim.lsp.get_clients({bufnr=0})[1]; return c and c.initialized"))

    def lua(self, code: str) -> Any:
        """Return what a piece of Lua returns."""
        return self.nvim.exec_lua(code)

    def keys(self, keys: str) -> None:
        """Type."""
        self.nvim.input(keys)

    def ghost(self) -> str:
        """Return the ghost text on screen."""
        marks = self.nvim.current.buffer.api.get_extmarks(self.namespace, 0, -1, {"details": True})
        return "".join(piece[0] for mark in marks for piece in mark[3].get("virt_text") or [])

    def lines(self) -> list[str]:
        """Return the buffer."""
        return list(self.nvim.current.buffer[:])

    def close(self) -> None:
        """Quit without saving."""
        self.nvim.command("qa!", async_=True)
        self.nvim.close()


@pytest.fixture
def editor(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Editor]:
    """Neovim on a Python file, set up by exactly the lines that our README gives."""
    blocks = re.findall(r"```lua\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks, "README.md has no lua block"
    (tmp_path / "init.lua").write_text("vim.o.swapfile = false\n" + blocks[0], encoding="utf-8")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    file = repository / "orders.py"
    file.write_text(CODE, encoding="utf-8")
    editor = Editor(file, tmp_path / "init.lua")
    try:
        yield editor
    finally:
        editor.close()


def test_ghost_text_is_shown_and_accepted_with_tab(editor: Editor) -> None:
    """Typing the start of a familiar line shows the rest in grey, and Tab makes it text."""
    editor.keys("Go    return su")
    ghost = until(editor.ghost)
    assert ghost == "btotal - discount"

    editor.keys("<Tab>")
    until(lambda: editor.lines()[-1] == "    return subtotal - discount")
    accepted = until(lambda: editor.lua(STATUS)["accepted"])
    assert accepted == 1


def test_ghost_text_goes_when_typing_goes_elsewhere(editor: Editor) -> None:
    """A suggestion that is typed against leaves the screen and the buffer keeps only what was typed."""
    editor.keys("Go    return su")
    until(editor.ghost)

    editor.keys("zq")
    until(lambda: not editor.ghost())
    time.sleep(0.5)
    assert editor.ghost() == ""
    assert editor.lines()[-1] == "    return suzq"


def test_quitting_the_editor_leaves_no_process(editor: Editor) -> None:
    """The server and its index builder end with the editor, even when it is killed."""
    editor.keys("Go    return su")
    until(editor.ghost)
    server = int(editor.lua(STATUS)["pid"])
    os.kill(editor.pid, 9)

    until(lambda: not alive(server), timeout_s=2)


STATUS = """
local client = vim.lsp.get_clients({bufnr=0})[1]
local answer = client:request_sync('workspace/executeCommand', { command = 'hybrid-lsp.status', arguments = {} }, 3000)
return answer.result
"""


def alive(pid: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
