"""A real Neovim, set up by the lines that our documents give, and no plugin; and the screen that a person sees."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = "needs Neovim 0.12 or newer on PATH or in HYBRID_LSP_TEST_NVIM (.ci/get-nvim brings one)"
COLUMNS, ROWS = 150, 30
"""Wide enough that no message of ours makes Neovim wait for Enter."""
ENTER = "Press ENTER or type command to continue"
START_TIMEOUT_S = 30.0
"""For Neovim and the server on a machine that has other things to do."""

T = TypeVar("T")


def find_nvim() -> str | None:
    """Return a Neovim that has inline completion, or None."""
    nvim = os.environ.get("HYBRID_LSP_TEST_NVIM") or shutil.which("nvim")
    if not nvim:
        return None
    probe = [nvim, "--headless", "--clean", "+lua os.exit(vim.lsp.inline_completion and 0 or 1)"]
    return nvim if subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0 else None


NVIM = find_nvim()
needs_neovim = [pytest.mark.editor, pytest.mark.skipif(NVIM is None, reason=NEEDS)]


def until(what: Callable[[], T], *, timeout_s: float = 15.0, told: Callable[[], str] = str) -> T:
    """Return the first true answer of `what`; fail when there is none in time, with what is `told` then."""
    deadline, pause_s = time.monotonic() + timeout_s, 0.01
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}\n{told()}"
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.2)  # each question is a process, and shall not be in the way of the answer
    return answer


def lines_for_init(document: str) -> str:
    """Return the Lua block that a document of ours gives for `init.lua`."""
    blocks: list[str] = re.findall(r"```lua\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks, f"{document} has no lua block"
    return blocks[0]


class Neovim:
    """One Neovim process, and what it answers. To be closed."""

    def __init__(self, address: Path, *argv: str, env: Mapping[str, str] | None = None) -> None:
        self.address = str(address)
        self.process = subprocess.Popen(
            [str(NVIM), "--headless", "-n", "--clean", "--listen", self.address, *argv],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait(address.exists)

    def wait(self, what: Callable[[], object]) -> None:
        """Wait for something without which there is no going on, and end where it does not come."""
        try:
            until(what, timeout_s=START_TIMEOUT_S)
        except BaseException:
            self.close()
            raise

    def remote(self, *arguments: str) -> str:
        """Ask the running Neovim something, and return what it prints."""
        command = [str(NVIM), "--server", self.address, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    def lua(self, expression: str) -> Any:
        """Return the value of a Lua expression."""
        return json.loads(self.remote("--remote-expr", f"json_encode(luaeval({json.dumps(expression)}))"))

    def close(self) -> None:
        """End, whatever state it is in."""
        self.process.kill()
        self.process.wait(10)


class Editor(Neovim):
    """Neovim as a person has it before them: keys in, ghost text and buffer out."""

    def __init__(self, file: Path, folder: Path, *, env: Mapping[str, str] | None = None) -> None:
        """Open a file, with an `init.lua` in `folder` that is exactly what README gives, and wait for the server."""
        init = folder / "init.lua"
        init.write_text(lines_for_init("README.md"), encoding="utf-8")
        environment = {**(os.environ if env is None else env)}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        super().__init__(folder / "nvim.sock", "-u", str(init), str(file), env=environment)
        self.wait(self.is_attached)

    def is_attached(self) -> bool:
        """Say whether the server looks after the buffer."""
        return bool(self.lua("(vim.lsp.get_clients({bufnr=0})[1] or {}).initialized"))

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

    def request(self, method: str, params: object) -> Any:
        """Ask the server through the client, past what a person sees; it has seen every key by then."""
        asked = f"{json.dumps(method)}, vim.json.decode({json.dumps(json.dumps(params))}), 5000"
        return self.lua(f"vim.lsp.get_clients({{bufnr=0}})[1]:request_sync({asked}).result")

    def status(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        status: dict[str, Any] = self.request("workspace/executeCommand", {"command": "hybrid-lsp.status"})
        return status


class Screen(Neovim):
    """A terminal that shows an editor: a second Neovim is the terminal, and its buffer is what is seen."""

    def __init__(self, editor: Editor, folder: Path) -> None:
        self.editor = editor
        argv = json.dumps([str(NVIM), "--server", editor.address, "--remote-ui"])
        super().__init__(
            folder / "screen.sock",
            f"+set columns={COLUMNS} lines={ROWS} laststatus=0",
            f"+call jobstart({argv}, {{'term': v:true}})",
        )

    def text(self) -> str:
        """Return what stands on the screen."""
        rows = self.remote("--remote-expr", r'join(getbufline(1, 1, "$"), "\n")').split("\n")
        return "\n".join(row.rstrip() for row in rows)

    def until(self, *words: str, gone: str = "") -> str:
        """Return the first screen that has all these words, and not those that shall be `gone`.

        Where Neovim wants Enter after a message, and answers nobody until then, it gets it.
        """

        def shown() -> str:
            text = self.text()
            if ENTER in text:
                self.editor.keys("<CR>")
                until(lambda: ENTER not in self.text(), told=self.text)
            return text if all(word in text for word in words) and not (gone and gone in text) else ""

        return until(shown, told=self.text)
