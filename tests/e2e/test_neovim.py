"""A real Neovim, its built-in client and the lines of our README, and no plugin."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.neovim import Editor, needs_neovim, until

pytestmark = needs_neovim
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


@pytest.fixture
def editor(repository: Path, tmp_path: Path) -> Iterator[Editor]:
    """Neovim on a Python file."""
    file = repository / "orders.py"
    file.write_text(CODE, encoding="utf-8")
    editor = Editor(file, tmp_path)
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
