"""A real Neovim, its built-in client and the lines of our README, and no plugin."""

import json
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

ROOT = Path(__file__).parents[2]
NEEDS = "needs Neovim 0.12 or newer on PATH or in HYBRID_LSP_TEST_NVIM (.ci/get-nvim brings one)"
CODE = "".join(
    f"def total_{noun}(order, discount):\n"
    f"    subtotal = sum(item.{noun} for item in order.items)\n"
    "    logger.info('total of %s: %s', order.number, subtotal)\n"
    "    return subtotal - discount\n\n\n"
    for noun in ("price", "weight", "volume", "tax", "fee", "margin", "rebate", "height")
)
CODE += "def total_depth(order, discount):\n    subtotal = sum(item.depth for item in order.items)\n"
START = "    logger.info('tot"
REST = "al of %s: %s', order.number, subtotal)"

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
        self.address = str(init.with_name("nvim.sock"))
        argv = [str(NVIM), "--headless", "-n", "--clean", "-u", str(init), "--listen", self.address, str(file)]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: Path(self.address).exists())
        until(lambda: self.lua("(vim.lsp.get_clients({bufnr=0})[1] or {}).initialized"))

    def remote(self, *arguments: str) -> str:
        """Ask the running Neovim something, and return what it prints."""
        command = [str(NVIM), "--server", self.address, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    def lua(self, expression: str) -> Any:
        """Return the value of a Lua expression."""
        return json.loads(self.remote("--remote-expr", f"json_encode(luaeval({json.dumps(expression)}))"))

    def keys(self, keys: str) -> None:
        """Type."""
        self.remote("--remote-send", keys)

    def ghost(self) -> str:
        """Return the ghost text on screen."""
        namespace = "vim.api.nvim_create_namespace('nvim.lsp.inline_completion')"
        marks = self.lua(f"vim.api.nvim_buf_get_extmarks(0, {namespace}, 0, -1, {{details = true}})")
        return "".join(piece[0] for mark in marks for piece in mark[3].get("virt_text") or [])

    def lines(self) -> list[str]:
        """Return the buffer."""
        lines: list[str] = self.lua("vim.api.nvim_buf_get_lines(0, 0, -1, false)")
        return lines

    def status(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        request = "'workspace/executeCommand', {command = 'hybrid-lsp.status', arguments = {}}, 3000"
        status: dict[str, Any] = self.lua(f"vim.lsp.get_clients({{bufnr=0}})[1]:request_sync({request}).result")
        return status

    def close(self) -> None:
        """End, whatever state it is in."""
        self.process.kill()
        self.process.wait(10)


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
    editor.keys("Go" + START.lstrip())  # Neovim indents like the line above
    ghost = until(editor.ghost)
    assert ghost == REST

    editor.keys("<Tab>")
    until(lambda: editor.lines()[-1] == START + REST)
    accepted = until(lambda: editor.status()["accepted"])
    assert accepted == 1


def test_ghost_text_goes_when_typing_goes_elsewhere(editor: Editor) -> None:
    """A suggestion that is typed against leaves the screen and the buffer keeps only what was typed."""
    editor.keys("Go" + START.lstrip())  # Neovim indents like the line above
    until(editor.ghost)

    editor.keys("zq")
    until(lambda: not editor.ghost())
    time.sleep(0.5)
    assert editor.ghost() == ""
    assert editor.lines()[-1] == START + "zq"


def test_quitting_the_editor_leaves_no_process(editor: Editor) -> None:
    """The server and its index builder end with the editor, even when it is killed."""
    editor.keys("Go" + START.lstrip())  # Neovim indents like the line above
    until(editor.ghost)
    server = int(editor.status()["pid"])
    editor.process.kill()

    until(lambda: not alive(server), timeout_s=2)


def alive(pid: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
