"""What a person asks for in a real Neovim: its own menu answered by keys, its progress, its undo, its floating windows."""

import asyncio
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.beside import beside
from tests.doubles.ollama import Installed, Line, OllamaDouble
from tests.e2e.neovim import START_TIMEOUT_S, Editor, Screen, lines_for_init, needs_neovim, until

pytestmark = needs_neovim
MODEL = "qwen3-coder:30b"
CODE = """\
import os


def {name}(prices):
    result = 0
    for price in prices:
        result += price
    return result


print({name}([1]), os.sep)
"""
BODY, BETTER = CODE.partition(":\n")[2].partition("\n\n\n")[0], "    return sum(prices)"
ANSWERS = ("You are a careful programmer", "You explain code")
"""How questions begin, those that ghost text does not ask."""
MENU = [f"{what} — {MODEL} · free" for what in ("Refactor", "Explain", "Review")]
PROMPT = "Type number and <Enter>"
OFFER = ("The text has changed since this was asked", "1: Apply it where it stands now", "2: Show it", PROMPT)
WATCH = """(function()
  vim.cmd('messages clear')
  progress, changed = {}, {}
  local function note(_, _, _, first, last, new) table.insert(changed, { first, last, new }) end
  vim.api.nvim_buf_attach(0, false, { on_lines = note })
  return true
end)()"""
RECORD = """vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event) table.insert(progress, event.data.params.value) end
})"""
FLOATING = """(function()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
    end
  end
  return {}
end)()"""


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody at a Neovim, with a model on this machine and one small file after the other."""

    editor: Editor
    screen: Screen
    ollama: OllamaDouble
    folder: Path
    soon: Callable[[Callable[[], object]], object]
    """Has something done where the model runs."""
    name: str = ""
    """Of the function that they look at."""
    _gate: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def begin(self) -> None:
        """Look at a file that nobody has asked about, with nothing under way."""
        self.go_on()
        self.name = f"total{next(self._numbers)}"
        file = self.folder / f"{self.name}.py"
        file.write_text(CODE.format(name=self.name), encoding="utf-8")
        self.editor.keys(rf"<C-\><C-N><Esc>:edit {file}<CR>5G0")
        until(lambda: self.editor.lines() == self.before and self.editor.is_attached())
        self.screen.until(gone=PROMPT)
        self.editor.lua(WATCH)
        self.says(*self.good)

    @property
    def before(self) -> list[str]:
        """The file as it was."""
        return CODE.format(name=self.name).splitlines()

    @property
    def after(self) -> list[str]:
        """The file as the model would have it."""
        return CODE.format(name=self.name).replace(BODY, BETTER).splitlines()

    @property
    def good(self) -> tuple[str, str]:
        """A fit answer, in two pieces."""
        return ("```python\n", f"def {self.name}(prices):\n{BETTER}\n```")

    def says(self, *pieces: str, waits: bool = False) -> None:
        """Have the model answer so; where it `waits`, it goes on after the first piece when it is told to."""
        self._gate = asyncio.Event()
        self.ollama.script = script(pieces, self._gate if waits else None)

    def go_on(self) -> None:
        """Let the model write the rest."""
        self.soon(self._gate.set)

    def menu(self, keys: str = "gra") -> list[str]:
        """Open the menu of code actions, and return its entries as they stand on the screen."""
        self.editor.keys(keys)
        text = self.screen.until("Code actions:", PROMPT)
        return re.findall(r"^\d+: (.+)$", text.partition("Code actions:")[2], re.MULTILINE)

    def ask(self) -> None:
        """Choose Refactor from the whole menu, with a model that waits, and see on the screen that it is at work."""
        made = self.ollama.made
        self.says(*self.good, waits=True)
        assert self.menu() == MENU
        self.editor.keys("1<CR>")
        until(lambda: self.ollama.made > made)
        line = next(line for line in self.screen.until(f"{self.title}: ").splitlines() if line.startswith(self.title))
        assert line.removeprefix(f"{self.title}: ") in (f"asking {MODEL}", f"{MODEL}: about 3 tokens")

    @property
    def title(self) -> str:
        """What a refactoring of their function is called."""
        return f"Refactor {self.name}.py, lines 4–8"

    def sees(self, lines: list[str]) -> None:
        """Wait until these lines and no menu are on the screen, and find them in the buffer."""
        self.screen.until(*lines, gone=PROMPT)
        assert self.editor.lines() == lines

    def progress(self) -> list[dict[str, Any]]:
        """Return what Neovim was told of the work so far."""
        told: list[dict[str, Any]] = self.editor.lua("progress")
        return told

    def ended(self) -> dict[str, Any]:
        """Wait until the work is over, and return what Neovim was told of that."""
        return until(lambda: next((told for told in self.progress() if told["kind"] == "end"), None))

    def floating(self) -> list[str]:
        """Return the text of the floating window; nothing where there is none."""
        lines: list[str] = self.editor.lua(FLOATING)
        return lines

    def looked(self, column: int) -> list[str]:
        """Point at a column of the line, and return what is shown there."""
        self.editor.keys(f"{column}|")
        until(lambda: not self.floating())
        self.editor.keys("K")
        return until(self.floating)


def script(pieces: Sequence[str], gate: asyncio.Event | None = None) -> list[Line]:
    """Return what a model says to questions; it has no ghost text to add."""
    return [*(Line(when=words, say=pieces, gate=gate) for words in ANSWERS), Line(say=())]


def surroundings(home: Path, ollama: OllamaDouble) -> dict[str, str]:
    """Return an environment with settings, a whitelist and folders of its own, and no key of this machine."""
    home.mkdir()
    (home / "config.toml").write_text(
        f'[budget]\ntime_zone = "UTC"\n[[server]]\nurl = "{ollama.url}"\nkind = "ollama"\n', encoding="utf-8"
    )
    (home / "whitelist.json").write_text("{}", encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HYBRID_LSP_") and not name.endswith(("_API_KEY", "_TOKEN"))
    }
    own = {f"XDG_{kind}_HOME": home / kind.lower() for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    ours = {"CONFIG": home / "config.toml", "WHITELIST": home / "whitelist.json", "STATE": home / "state"}
    return {
        **kept,
        **{name: str(place) for name, place in own.items()},
        **{f"HYBRID_LSP_{name}": str(place) for name, place in ours.items()},
    }


def is_offered(editor: Editor, file: Path) -> bool:
    """Say whether it is known yet who can be asked: the first moments belong to whoever types."""
    here = {"line": 4, "character": 0}
    where = {"textDocument": {"uri": file.as_uri()}, "range": {"start": here, "end": here}}
    return "disabled" not in editor.request("textDocument/codeAction", {**where, "context": {"diagnostics": []}})[0]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """One Neovim on one screen, and one model."""
    place = tmp_path_factory.mktemp("asked")
    folder, more = place / "repository", place / "more.lua"
    (folder / ".git").mkdir(parents=True)
    first = folder / "first.py"
    first.write_text(CODE.format(name="first"), encoding="utf-8")
    more.write_text(lines_for_init("docs/reference.md"), encoding="utf-8")
    double = OllamaDouble(models=(Installed(name=MODEL),), script=script(()), default_num_ctx=16_384)
    with (
        beside(double) as soon,
        closing(Editor(first, place, env=surroundings(place / "person", double))) as editor,
        closing(Screen(editor, place)) as screen,
    ):
        screen.until("def first(prices):")
        until(lambda: is_offered(editor, first), timeout_s=START_TIMEOUT_S)
        editor.keys(f":luafile {more}<CR>")
        until(lambda: editor.lua("vim.fn.maparg('grf', 'n') ~= ''"))
        editor.lua(RECORD)
        yield Person(editor=editor, screen=screen, ollama=double, folder=folder, soon=soon)


@pytest.fixture
def person(session: Person) -> Person:
    """The same person, with a fresh file."""
    session.begin()
    return session


def test_refactor_is_chosen_from_the_menu_and_is_one_step_to_undo(person: Person) -> None:
    """Each entry says where it goes and what it costs; progress names the model; one edit touches what changes, and `u` undoes it."""
    person.ask()
    assert person.editor.lines() == person.before
    person.go_on()
    person.sees(person.after)

    assert person.ended()["title"] == person.title
    begin, *reports = person.progress()
    assert (begin["kind"], begin["title"], begin["cancellable"]) == ("begin", person.title, True)
    assert {report["kind"] for report in reports} == {"report", "end"}
    assert all(MODEL in report["message"] for report in reports)
    assert person.editor.lua("changed") == [[4, 8, 5]]
    assert person.editor.lua("vim.fn.undotree().seq_last") == 1
    person.editor.keys("u")
    person.sees(person.before)


def test_what_is_under_way_is_cancelled_by_a_key(person: Person) -> None:
    """The model sees its client go, the progress ends, and the text is as it was."""
    stopped = person.ollama.stopped
    person.ask()
    person.editor.keys("grc")
    until(lambda: person.ollama.stopped == stopped + 1)
    assert person.ended()["message"] == "cancelled"
    person.editor.status()
    assert "1 under way, and cancelled." in person.editor.lua("vim.fn.execute('messages')")
    assert person.editor.lines() == person.before
    assert person.editor.lua("changed") == []


@pytest.mark.parametrize("answer", ["1", "2", ""])
def test_what_was_typed_meanwhile_makes_an_edit_a_question(person: Person, answer: str) -> None:
    """A line above moves the text: the answer waits for its person, and goes where the text stands now, beside it, or nowhere."""
    typed = ["# mine", *person.before]
    person.ask()
    person.editor.keys("ggO# mine<Esc>")
    person.sees(typed)
    person.editor.status()  # by now the server has what was typed
    person.go_on()
    person.screen.until(person.title, *OFFER)
    assert person.editor.lines() == typed

    person.editor.keys(f"{answer}<CR>")
    if answer == "1":
        person.sees(["# mine", *person.after])
        person.editor.keys("u")
    elif answer == "2":
        person.screen.until(f"{OFFER[0]}, so it was not applied.", *person.good[1].split("\n"), gone=PROMPT)
        person.editor.keys("<C-^>")
    person.sees(typed)
    person.editor.status()
    assert person.editor.lines() == typed


def test_pointing_explains_in_a_floating_window(person: Person) -> None:
    """A first look says that it is being written, a later one has it, with who wrote it for how much."""
    person.says("Adds up the prices.\n\n", "- It goes through `prices` one by one.", waits=True)
    (coming,) = person.looked(1)
    assert coming.startswith(f"{MODEL} is still writing an explanation")
    person.go_on()
    columns = count(2)
    shown = until(lambda: looked if (looked := person.looked(next(columns)))[1:] else None)
    assert shown[:3] == ["Adds up the prices.", "", "- It goes through `prices` one by one."]
    assert shown[-1] == f"{MODEL} (local, free)."
    person.screen.until("- It goes through prices one by one.", shown[-1])
    assert person.editor.lines() == person.before


def test_what_a_linter_found_is_fixed(person: Person) -> None:
    """The menu has a fix for another program's problem, the model is told of it, and the edit is one step."""
    found = "{ lnum = 6, col = 8, end_lnum = 6, end_col = 14, severity = 2, source = 'lint', message = 'Use sum()' }"
    person.editor.lua(f"vim.diagnostic.set(vim.api.nvim_create_namespace('lint'), 0, {{ {found} }})")
    person.editor.keys("7G")
    assert person.menu("grf") == [f"Fix “Use sum()” — {MODEL} · free", *MENU]
    person.editor.keys("1<CR>")
    person.sees(person.after)
    assert any("line 4 of the part: Use sum() (lint)" in asked for asked in person.ollama.evaluated)
    assert person.editor.lua("vim.fn.undotree().seq_last") == 1


def test_that_there_is_no_answer_is_said_once(person: Person) -> None:
    """An answer that breaks off changes nothing, and is one message."""
    person.says("```python\n", f"def {person.name}(prices):\n    return su")
    assert person.menu() == MENU
    person.editor.keys("1<CR>")
    person.screen.until("No answer was fit to be shown.")
    person.editor.status()
    assert person.editor.lua("vim.fn.execute('messages')").count("No answer was fit to be shown.") == 1
    assert person.editor.lines() == person.before


def test_what_was_refused_is_shown_to_who_asks_for_it(person: Person) -> None:
    """An answer that is not fit changes nothing; its person reads why in a question, and may see it beside their text."""
    wrong = f"def {person.name}(prices)\n    return sum(prices"
    person.says("```python\n", f"{wrong}\n```")
    assert person.menu() == MENU
    person.editor.keys("1<CR>")
    person.screen.until("No answer was fit to be shown.", "1: Show it all the same", PROMPT)
    person.editor.keys("1<CR>")
    person.screen.until("It was not applied.", f"\n{wrong}\n", gone=PROMPT)
    person.editor.keys("<C-^>")
    person.sees(person.before)
