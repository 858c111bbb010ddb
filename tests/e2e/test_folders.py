"""Files in several folders, in none and in a folder that comes or goes: each by the rules of where it lies."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.town import CODE, HARD, town
from tests.doubles import anthropic
from tests.e2e.test_over_stdio import Window
from tests.lsp.raw import WAIT_S

OPEN, SHUT, HIDDEN = "", "allowed_for_cloud.code_review", "no model sees it"
IGNORED, SECRET = "paths.gitignore", "paths.secret"
CASES = {
    "shut/a.py": SHUT, "shut/deep/a.py": SHUT, "plain/a.py": OPEN, "plain/hidden.py": HIDDEN, "plain/mine.py": IGNORED,
    "elsewhere/deep/a.py": OPEN, "elsewhere/deep/hidden.py": HIDDEN, "elsewhere/deep/mine.py": IGNORED,
    "elsewhere/shut/a.py": SHUT, ".kube/config": SECRET, ".aws/config": SECRET, "untitled:a.py": OPEN,
}  # fmt: skip
"""Files, by where they lie, and why they do not leave. The editor has `shut`, `plain` and `.aws` open, and no other folder."""


def furnished(place: Path) -> Path:
    """Return a place where there are rules of every kind."""
    for folder in ("shut", "plain", "elsewhere", "elsewhere/shut"):
        (place / folder).mkdir(parents=True)
        (place / folder / ".hybridignore").write_text("hidden.py\n", encoding="utf-8")
        (place / folder / ".gitignore").write_text("mine.py\n", encoding="utf-8")
    for folder in ("shut", "elsewhere/shut"):
        (place / folder / "whitelist.json").write_text("{}", encoding="utf-8")
    (place / "elsewhere" / ".git").mkdir()
    return place


def change(window: Window, *, added: Path | None = None, removed: Path | None = None) -> None:
    """Open and close folders of the workspace."""
    told = {
        key: [{"uri": one.as_uri(), "name": one.name}] if one else []
        for key, one in (("added", added), ("removed", removed))
    }
    window.notify("workspace/didChangeWorkspaceFolders", {"event": told})


def why_not(window: Window, uri: str) -> str:
    """Return which rule, or sentence, keeps a file here; empty where it may leave."""
    told = {"task": "review", "uri": uri, "instruction": HARD, "wish": "cloud"}
    answer: Mapping[str, Any] = window.command("why", told)
    if "error" in answer:
        return str(answer["error"]["message"])
    rules = [one["rule"] for one in answer["result"]["refusals"] if one["rule"] in (SHUT, IGNORED, SECRET)]
    assert bool(rules) != any(step["model"].startswith("claude") for step in answer["result"]["steps"]), answer
    return "".join(rules)


async def test_each_file_goes_by_the_rules_of_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also outside every folder, where the rules of its repository count, and also the moment a folder comes or goes."""
    place = furnished(tmp_path / "place")

    def play() -> None:
        with Window(place / "plain") as window:
            window.initialize(
                workspaceFolders=[{"uri": (place / one).as_uri(), "name": one} for one in ("shut", "plain", ".aws")]
            )
            uris = {one: one if ":" in one else (place / one).as_uri() for one in CASES}
            for uri in uris.values():
                window.open(uri, CODE)
            told = {one: why_not(window, uri) for one, uri in uris.items()}
            assert [one for one, why in told.items() if CASES[one] not in why] == [], told
            until_s = time.monotonic() + WAIT_S
            while any(why_not(window, uris[one]) for one, why in CASES.items() if why == OPEN):
                assert time.monotonic() < until_s, "what nothing forbids may leave once all rules are read"

            change(window, added=place / "elsewhere" / "shut", removed=place / "shut")
            assert [why_not(window, uris[one]) for one in ("elsewhere/shut/a.py", "shut/a.py")] == [SHUT, SHUT]
            change(window, added=place / "elsewhere", removed=place / "plain")
            assert IGNORED in why_not(window, uris["elsewhere/deep/mine.py"])
            assert IGNORED in why_not(window, uris["plain/mine.py"])
            assert HIDDEN in why_not(window, uris["plain/hidden.py"])
            window.leave()

    async with town(tmp_path, monkeypatch) as everything:
        await asyncio.to_thread(play)
        assert everything.left == []


async def test_a_folder_that_is_closed_while_its_question_waits_keeps_its_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What git ignores there does not leave because nobody asks git any more; who asks is told why."""
    place = furnished(tmp_path / "place")

    def play() -> Any:
        with Window(place / "plain") as window:
            window.enter()
            uri = (place / "plain" / "late.py").as_uri()
            window.open(uri, CODE)

            def agree(told: Any) -> Any:
                (place / "plain" / ".gitignore").write_text("late.py\n", encoding="utf-8")
                change(window, removed=place / "plain")
                return told["actions"][0]

            window.answering["window/showMessageRequest"] = agree
            told = {"task": "review", "uri": uri, "instruction": HARD, "wish": "cloud"}
            answer = window.command("do", told)["result"]
            window.leave()
            return answer

    says = {"anthropic": (anthropic.answer(("5: hint: name it",)),)}
    async with town(tmp_path, monkeypatch, says=says) as everything:
        answer = await asyncio.to_thread(play)
        assert everything.left == []
        assert "git ignores the file" in str(answer), answer
