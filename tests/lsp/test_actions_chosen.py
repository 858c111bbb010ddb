"""What happens when an entry of the menu is chosen: progress, an edit that fits, and nothing by surprise."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.lsp.asker import BROKEN, CODE, EMACS, FENCED, FULL, GOOD, HARD, HEAD, TAIL, TOTAL, Asker, applied

GATED = {"small": [{"say": [FENCED], "gate": True}]}
AFTER = f"{HEAD}{GOOD}\n{TAIL}"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """One editor that can everything."""
    with Asker({"answers": str(tmp_path_factory.mktemp("state") / "answers")}) as client:
        client.initialize(capabilities=FULL)
        yield client


@pytest.fixture
def asker(session: Asker) -> Asker:
    """The same editor, with a fresh document and fresh models."""
    session.begin()
    session.refusal = None
    return session


def edits(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the edits of a resolved action, which are all of one document."""
    (one,) = answer["result"]["edit"]["documentChanges"]
    found: list[dict[str, Any]] = one["edits"]
    return found


def test_resolving_gives_a_versioned_annotated_edit_of_what_changes(asker: Asker) -> None:
    """One step, for the version that was looked at, with the model's name to confirm; the line that stays is not in it."""
    answer = asker.resolved()
    edit = answer["result"]["edit"]
    (one,) = edit["documentChanges"]
    assert one["textDocument"] == {"uri": asker.uri, "version": 1}
    assert [change["range"]["start"]["line"] for change in one["edits"]] == [4]
    (annotation,) = edit["changeAnnotations"].values()
    assert annotation["needsConfirmation"] is True
    assert (annotation["label"], annotation["description"]) == ("Refactor by small", "small (local, free).")
    assert applied(asker.text, one["edits"]) == AFTER
    assert "command" not in answer["result"]
    assert asker.state()["rows"] == [["local", "done"]]


def test_terminators_and_astral_characters_stay(asker: Asker) -> None:
    """In a document of CR LF every line keeps it, also the last one without any, and 🦊 counts as two units."""
    fox = f"{TOTAL.rstrip()}  # 🦊🦊"
    asker.begin({"small": [{"say": [f"```\n{GOOD}  # 🦊\n```"]}]}, text=fox.replace("\n", "\r\n"))
    got = applied(asker.text, edits(asker.resolved("Refactor", asker.at(2))))
    assert got == f"{GOOD}  # 🦊".replace("\n", "\r\n")


def test_positions_are_in_the_units_that_were_agreed() -> None:
    """A client of UTF-8 gets bytes."""
    fox = f"{TOTAL.rstrip()}  # 🦊🦊\n"
    with Asker() as client:
        client.initialize(capabilities={**FULL, "general": {"positionEncodings": ["utf-8"]}})
        client.begin({"small": [{"say": [f"```\n{GOOD}  # 🦊\n```"]}]}, text=fox)
        changes = edits(client.resolved("Refactor", client.at(2)))
        assert changes[-1]["range"]["end"]["character"] == len("    return result  # 🦊🦊".encode())
        assert applied(fox, changes, "utf-8") == f"{GOOD}  # 🦊\n"


def test_a_name_that_another_cell_defines_is_none_that_nothing_defines(asker: Asker) -> None:
    """The cells of a notebook share their names; a name of no cell is still refused."""
    asker.begin(
        {
            "small": [{"say": [FENCED.replace("sum(", "np.sum(")]}, {"say": [FENCED.replace("sum(", "jax.sum(")]}],
            "cloud": False,
        }
    )
    cells = [
        (f"vscode-notebook-cell:/w/n.ipynb#{n}", text)
        for n, text in enumerate(("import numpy as np", TOTAL, "jaxed = 1"))
    ]
    whole = {"uri": "file:///w/n.ipynb", "notebookType": "jupyter-notebook", "version": 1}
    documents = [{"uri": uri, "languageId": "python", "version": 1, "text": text} for uri, text in cells]
    listed = [{"kind": 2, "document": uri} for uri, _ in cells]
    asker.notify(
        "notebookDocument/didOpen", {"notebookDocument": {**whole, "cells": listed}, "cellTextDocuments": documents}
    )
    asker.uri, asker.text = cells[1]
    assert edits(asker.resolved("Refactor", asker.at(2)))[0]["newText"] == "    return np.sum(prices)"
    asked = {"task": "refactor", "uri": asker.uri, "range": asker.at(2), "fresh": True}
    assert "uses 1 name that nothing defines" in asker.command("do", asked)["result"]["failure"]


def test_progress_names_the_model_and_what_came_before(asker: Asker) -> None:
    """It begins with the action, names each model, says why the second is asked, and ends; nobody waits for it."""
    asker.begin({"small": [{"say": [BROKEN]}], "big": [{"say": [FENCED], "gate": True}]})
    asked = asker.start("workspace/executeCommand", asker.commanded("do", asker.do(instruction=HARD)))
    begin = asker.told("$/progress", '"begin"')
    assert begin["value"]["title"].startswith("Refactor total")
    assert begin["value"]["cancellable"] is True
    said = begin["value"].get("message") or ""  # the first model may have had its say before the editor showed anything
    if "asking big" not in said:
        said = asker.told("$/progress", "asking big")["value"]["message"]
    assert "after: " in said
    asker.notify("test/go", {})
    result = asker.answer(asked)["result"]
    assert (result["applied"], result["model"], result["cost_usd"]) == (True, "big", "0.0045")
    assert result["told"][0].startswith("small: ")
    assert asker.told("$/progress", '"end"')["token"] == begin["token"]


def test_the_last_that_has_come_is_told_while_a_model_is_silent(asker: Asker) -> None:
    """Two pieces at once and then nothing: what is shown is not older than the second; who asks the same meanwhile sees it too."""
    asker.begin({"small": [{"say": ["```python\n", GOOD, "\n```"], "gate": True}]})
    chosen = asker.one("Refactor")
    asked = [asker.start("codeAction/resolve", chosen)]
    first = asker.told("$/progress", "small: about 3 tokens")["token"]
    asked.append(asker.start("codeAction/resolve", chosen))
    second = asker.told("$/progress", "asking small")["token"]
    assert first != second
    asker.notify("test/go", {})
    assert all("edit" in asker.answer(one)["result"] for one in asked)
    messages = [m["params"]["value"].get("message", "") for m in asker.heard if m.get("method") == "$/progress"]
    assert all(message.startswith("small: ") for message in messages)


def test_progress_that_comes_too_late_is_ended(asker: Asker) -> None:
    """An editor that was asked for a place to show it, and is slower than the answer, is not left with it."""
    asker.answering["window/workDoneProgress/create"] = lambda _: time.sleep(0.3)
    try:
        assert "edit" in asker.resolved("Refactor")["result"]
        begin = asker.told("$/progress", '"begin"')
        assert asker.told("$/progress", '"end"')["token"] == begin["token"]
    finally:
        del asker.answering["window/workDoneProgress/create"]


def test_a_failure_is_said_after_the_progress_has_ended(asker: Asker) -> None:
    """An editor that is a little slower than the answer does not cover the sentence with its progress."""
    asker.begin({"small": [{"say": ["```python\ndef total(prices:"]}]})
    asker.answering["window/workDoneProgress/create"] = lambda _: time.sleep(0.05)
    try:
        asker.request("workspace/executeCommand", asker.commanded("do", asker.do()))
        asker.told("window/showMessage")
        kinds = [m["params"]["value"]["kind"] for m in asker.heard if m.get("method") == "$/progress"]
        assert kinds[-1] == "end"
    finally:
        del asker.answering["window/workDoneProgress/create"]


def test_progress_uses_the_clients_own_token(asker: Asker) -> None:
    """A token that came with the command is reported on, and none is created."""
    asker.request("workspace/executeCommand", {**asker.commanded("do", asker.do()), "workDoneToken": "mine"})
    assert asker.told("$/progress", '"begin"')["token"] == "mine"
    assert asker.told("$/progress", '"end"')["token"] == "mine"
    assert not any(message["method"] == "window/workDoneProgress/create" for message in asker.heard)


@pytest.mark.parametrize("way", ["progress", "request", "command"])
def test_cancelling_ends_it_at_once(asker: Asker, way: str) -> None:
    """By the progress bar, by the request's own cancel, or by the command: the stream is closed, and a row says so."""
    asker.begin(GATED)
    asked = asker.start("codeAction/resolve", asker.one("Refactor"))
    token = asker.told("$/progress", '"begin"')["token"]
    asker.until(asked=["small"])
    if way == "progress":
        asker.notify("window/workDoneProgress/cancel", {"token": token})
    elif way == "request":
        asker.notify("$/cancelRequest", {"id": asked})
    else:
        assert asker.command("cancel")["result"] == {"cancelled": 1}
    assert asker.answer(asked)["error"]["code"] == -32800
    assert asker.told("$/progress", '"end"')["value"]["message"] == "cancelled"
    state = asker.until(closed=1)
    assert (state["rows"], state["held"]) == ([["local", "cancelled"]], 0)


@pytest.mark.parametrize("choice", ["Apply it where it stands now", "Show it", None])
def test_a_document_that_moved_is_never_edited_blindly(asker: Asker, choice: str | None) -> None:
    """The action comes back as it went, without an error; its person may have it where the text stands now, see it, or leave it."""
    asker.answering["window/showMessageRequest"] = lambda _: {"title": choice} if choice else None
    asker.begin(GATED)
    chosen = asker.one("Refactor")
    asked = asker.start("codeAction/resolve", chosen)
    asker.until(asked=["small"])
    asker.change(f"# new\n{CODE}")
    asker.notify("test/go", {})
    assert asker.answer(asked)["result"] == chosen
    assert "The text has changed since" in asker.told("window/showMessageRequest", "Apply it where")["message"]
    if choice == "Show it":
        assert GOOD in asker.shown("was not applied")
        assert asker.text == f"# new\n{CODE}"
    elif choice:
        assert asker.told("workspace/applyEdit")["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
        asker.state()
        assert asker.text == f"# new\n{AFTER}"
    else:
        asker.state()
        assert asker.text == f"# new\n{CODE}"


@pytest.mark.parametrize("looks", [True, False])
def test_what_the_checks_refused_can_be_looked_at_and_kept(asker: Asker, looks: bool) -> None:
    """It is shown beside the text and never applied; who takes it over by hand tells the ledger that it was good."""
    asker.answering["window/showMessageRequest"] = lambda told: told["actions"][0] if looks else None
    undefined = "def total(prices):\n    return summed(prices)"
    asker.begin({"small": [{"say": [f"```python\n{undefined}\n```"]}], "cloud": False})
    answer = asker.resolved()
    assert "edit" not in answer["result"]
    asked = asker.told("window/showMessageRequest")
    assert asked["actions"] == [{"title": "Show it all the same"}]
    assert "nothing defines" in asked["message"]
    if not looks:
        assert asker.state()["marks"] == []
        return
    assert undefined in asker.shown("It was not applied.")
    assert asker.text == CODE
    asker.change(f"{HEAD}{undefined}\n{TAIL}")
    assert asker.state()["marks"] == [{"accepted": True, "survived": None}]


def test_text_that_was_changed_itself_is_shown_beside(asker: Asker) -> None:
    """Where the lines stand nowhere any more, or twice, nothing is offered to be applied."""
    for text in (CODE.replace("result = 0", "result = 1"), f"{CODE}\n\n{TOTAL}"):
        asker.begin(GATED)
        asked = asker.start("workspace/executeCommand", asker.commanded("do", asker.do()))
        asker.until(asked=["small"])
        asker.change(text)
        asker.notify("test/go", {})
        assert asker.answer(asked)["result"]["applied"] is False
        assert GOOD in asker.shown("was not applied")
        assert asker.text == text


def test_a_menu_that_is_older_than_the_text(asker: Asker) -> None:
    """Choosing from a list of another version asks nobody."""
    chosen = asker.one("Refactor")
    asker.change(f"# new\n{CODE}")
    error = asker.request("codeAction/resolve", chosen)["error"]
    assert error == {
        "code": -32801,
        "message": "The text has changed since these actions were listed; list them again.",
    }
    assert asker.state()["asked"] == []


def test_no_answer_is_one_sentence(asker: Asker) -> None:
    """A failure is one warning for the person, and the action comes back without an edit, so that no editor says it twice."""
    asker.begin({"small": [{"say": ["```python\ndef total(prices):\n    return su"]}], "policy": "safest"})
    chosen = asker.one("Refactor")
    assert asker.request("codeAction/resolve", chosen)["result"] == chosen
    told = asker.told("window/showMessage")
    assert (told["type"], told["message"][:41]) == (2, "No answer was fit to be shown. small: The")
    asker.state()
    assert not any(message.get("method") == "window/showMessage" for message in asker.heard)


def test_resolving_what_is_a_command_changes_nothing(asker: Asker) -> None:
    """Neovim resolves every action; one that is read comes back as it is, and asks nobody."""
    chosen = asker.one("Explain")
    assert asker.request("codeAction/resolve", chosen)["result"] == chosen
    assert asker.state()["asked"] == []


def test_the_model_sees_what_the_editor_says(asker: Asker) -> None:
    """A fix gets the words of its diagnostics, with their place in the part, though none travelled with the action."""
    said = {
        "range": {"start": {"line": 6, "character": 8}, "end": {"line": 6, "character": 14}},
        "message": "Undefined name 'result'",
        "source": "lint",
        "code": "F821",
    }
    chosen = asker.one("Fix", None, [said])
    assert "Undefined" not in str(chosen["data"])
    answer = asker.request("codeAction/resolve", chosen)
    assert applied(asker.text, edits(answer)) == AFTER
    (question,) = asker.state()["questions"]
    assert "line 4 of the part: Undefined name 'result' (lint F821)" in question


@pytest.mark.parametrize(("use", "gone"), [("1", True), ("os.sep", False)])
def test_what_nobody_needs_goes_without_leaving_an_empty_line(asker: Asker, use: str, gone: bool) -> None:
    """A fix of an unused import may be an empty block; where something still needs it, that is refused."""
    said = {
        "range": {"start": {"line": 1, "character": 7}, "end": {"line": 1, "character": 9}},
        "message": "`os` imported but unused",
        "source": "lint",
    }
    asker.begin({"small": [{"say": ["```python\n```"]}]}, f"import sys\nimport os\n\nprint(sys, {use})\n")
    answer = asker.resolved("Fix", asker.at(1), [said])
    changed = applied(asker.text, edits(answer)) if "edit" in answer["result"] else None
    assert changed == (f"import sys\n\nprint(sys, {use})\n" if gone else None)


def test_an_editor_that_does_not_resolve_gets_its_edit_by_a_command() -> None:
    """Emacs 29: choosing answers at once, then the edit is applied, versioned and without annotations."""
    with Asker() as client:
        client.initialize(capabilities=EMACS)
        client.begin()
        chosen = client.one("Refactor")
        answer = client.request("workspace/executeCommand", chosen["command"])
        assert set(answer["result"]) == {"job"}
        told = client.told("workspace/applyEdit")
        assert told["label"] == "Refactor by small"
        assert "changeAnnotations" not in told["edit"]
        assert told["edit"]["documentChanges"][0]["textDocument"]["version"] == 1
        client.state()
        assert client.text == AFTER
        assert client.until(marks=[{"accepted": True, "survived": None}])
        client.change(CODE)
        client.until(marks=[{"accepted": True, "survived": None}, {"accepted": None, "survived": False}])


def test_an_editor_without_versions_or_edits() -> None:
    """Without documentChanges the edit is plain, without applyEdit the text is shown."""
    with Asker() as client:
        client.initialize(capabilities={**EMACS, "workspace": {"applyEdit": True}})
        client.begin()
        assert client.command("do", client.do())["result"]["applied"] is True
        assert client.text == AFTER
        assert client.told("workspace/applyEdit")["edit"]["changes"]
    with Asker() as client:
        client.initialize(capabilities={"textDocument": {"codeAction": {}}})
        client.begin()
        result = client.command("do", client.do())["result"]
        assert (result["applied"], result["text"]) == (False, GOOD)
        assert GOOD in client.told("window/showMessage")["message"]


@pytest.mark.parametrize("tells_first", [True, False])
def test_the_same_entry_chosen_twice_edits_once(tells_first: bool) -> None:
    """Without versions an editor would apply both answers over one another; the second waits, and is shown where the text is gone."""
    with Asker() as client:
        client.initialize(capabilities={**EMACS, "workspace": {"applyEdit": True}})
        client.begin(GATED)

        def slowly(params: Any) -> dict[str, bool]:
            def change() -> None:
                client.change(applied(client.text, params["edit"]["changes"][client.uri]))

            time.sleep(0.1)
            Timer(0 if tells_first else 0.2, change).start()
            time.sleep(0.1 if tells_first else 0)
            return {"applied": True}

        client.answering["workspace/applyEdit"] = slowly
        chosen = client.one("Refactor")["command"]
        for _ in range(2):
            client.request("workspace/executeCommand", chosen)
        client.until(asked=["small"])
        client.notify("test/go", {})
        assert "was not applied" in client.told("window/showMessage")["message"]
        assert client.text == AFTER
        client.told("workspace/applyEdit")
        assert not [message for message in client.heard if message.get("method") == "workspace/applyEdit"]


@pytest.mark.parametrize(
    ("answer", "marks"),
    [
        ({"applied": False}, [{"accepted": False, "survived": None}]),
        ({"applied": False, "failureReason": "the file is read-only"}, []),
    ],
)
def test_an_edit_that_is_not_taken_is_said(asker: Asker, answer: dict[str, Any], marks: list[object]) -> None:
    """A person may say no in the editor's own question, and that is remembered; where the editor failed it is not."""
    asker.refusal = answer
    assert asker.command("do", asker.do())["result"]["applied"] is False
    assert "was not applied" in asker.told("window/showMessage")["message"]
    assert asker.state()["marks"] == marks


def test_an_edit_that_was_taken_is_known(asker: Asker) -> None:
    """The resolved edit shows up in the document: accepted. The document is saved and closed with it: survived."""
    changes = edits(asker.resolved())
    asker.change(applied(asker.text, changes))
    asker.notify("textDocument/didSave", {"textDocument": {"uri": asker.uri}})
    asker.notify("textDocument/didClose", {"textDocument": {"uri": asker.uri}})
    asker.until(marks=[{"accepted": True, "survived": None}, {"accepted": None, "survived": True}])


def test_the_cloud_is_asked_where_it_was_chosen(asker: Asker) -> None:
    """The better model's entry asks that one, and its confirmation says what it cost."""
    asker.begin({"big": [{"say": [FENCED]}]})
    chosen = next(action for action in asker.listed() if "better" in action["title"])
    edit = asker.request("codeAction/resolve", chosen)["result"]["edit"]
    assert edit["changeAnnotations"]["hybrid-lsp"]["description"] == "big (cloud, $0.0045)."
    assert asker.state()["asked"] == ["big"]


def test_an_explanation_opens_as_a_document_for_its_person_only(asker: Asker) -> None:
    """Markdown with a line that says where it came from, in a file that nobody else can read."""
    asker.begin({"small": [{"say": ["It adds *prices*."]}]})
    asker.request("workspace/executeCommand", asker.one("Explain")["command"])
    told = asker.told("window/showDocument")
    path = Path(told["uri"].removeprefix("file://"))
    assert path.suffix == ".md"
    assert path.read_text("utf-8").startswith("# Explain total")
    assert "It adds *prices*.\n\n---\nsmall (local, free)." in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there nothing limits what a process writes")
@pytest.mark.parametrize("disk", ["has room", "is full"])
def test_what_no_message_holds_is_not_lost(tmp_path: Path, disk: str) -> None:
    """The message says where all of it is; where nothing can be written, it comes in several, and no half file stays."""
    long = "\n\n".join(f"Sentence {number} of a long explanation." for number in range(200))
    with Asker({"answers": str(tmp_path), "largest_file": 512 if disk == "is full" else 0}) as client:
        client.initialize(capabilities=EMACS)
        client.begin({"small": [{"say": [long]}]})
        client.command("do", client.do("explain"))
        client.state()
        told = [m["params"]["message"] for m in client.heard if m.get("method") == "window/showMessage"]
        assert all(len(message) <= 1500 for message in told)
        if disk == "is full":
            assert all(f"Sentence {number} of" in "\n".join(told) for number in range(200))
            assert "small (local, free)." in told[-1]
            assert list(tmp_path.iterdir()) == []
        else:
            (message,) = told
            (file,) = tmp_path.iterdir()
            assert message.endswith(f" …\n\nAll of it is in {file.as_uri()}")
            assert "Sentence 199 of" in file.read_text("utf-8")


def test_an_explanation_is_a_message_where_no_document_is_opened(asker: Asker) -> None:
    """An editor that will not open it still shows it."""
    asker.answering["window/showDocument"] = lambda _: {"success": False}
    try:
        asker.begin({"small": [{"say": ["It adds prices."]}]})
        result = asker.command("do", asker.do("explain"))["result"]
        assert result["markdown"].startswith("It adds prices.")
        assert "It adds prices." in asker.told("window/showMessage")["message"]
    finally:
        asker.answering["window/showDocument"] = lambda _: {"success": True}


REVIEW = "4: warning: No type is given.\n5: error: Starts at zero.\nNot a finding.\n99: error: Elsewhere."


def underlined(asker: Asker) -> list[tuple[int, str, int]]:
    """Return what is underlined now, as line, text and severity."""
    told = asker.told("textDocument/publishDiagnostics")
    assert told["uri"] == asker.uri
    return [(one["range"]["start"]["line"], one["message"], one["severity"]) for one in told["diagnostics"]]


def test_a_review_is_underlined_until_it_is_dismissed_or_its_line_changes(asker: Asker) -> None:
    """Findings are diagnostics; they move with their lines, go one by one or with the line, and all on closing."""
    asker.begin({"small": [{"say": [REVIEW]}]})
    asker.command("do", asker.do("review"))
    told = asker.told("textDocument/publishDiagnostics")
    assert {one["source"] for one in told["diagnostics"]} == {"hybrid-lsp review"}
    assert [(one["range"]["start"]["line"], one["severity"]) for one in told["diagnostics"]] == [(3, 2), (4, 1)]
    assert "Not a finding." in asker.shown()

    asker.change(f"# new\n{CODE}")
    assert underlined(asker) == [(4, "No type is given.", 2), (5, "Starts at zero.", 1)]
    asker.change(f"# new\n{CODE.replace('result = 0', 'result = 1')}")
    assert underlined(asker) == [(4, "No type is given.", 2)]

    moved = {
        **told["diagnostics"][0],
        "range": {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 9}},
    }
    dismiss = asker.one("Dismiss", asker.at(4), [moved], only=["quickfix"])
    assert dismiss["diagnostics"][0]["message"] == "No type is given."
    assert asker.request("workspace/executeCommand", dismiss["command"])["result"] == {"dismissed": 1}
    assert underlined(asker) == []
    error = asker.request("workspace/executeCommand", dismiss["command"])["error"]
    assert error["message"] == "This finding is not there any more."


def test_closing_takes_the_findings_away(asker: Asker) -> None:
    """What is underlined in a document goes with it."""
    asker.begin({"small": [{"say": [REVIEW]}]})
    asker.command("do", asker.do("review"))
    assert len(underlined(asker)) == 2
    asker.notify("textDocument/didClose", {"textDocument": {"uri": asker.uri}})
    assert underlined(asker) == []


def test_a_review_with_nothing_to_say_is_a_message(asker: Asker) -> None:
    """No document is opened for the word fine."""
    asker.begin({"small": [{"say": ["fine"]}]})
    asker.command("do", asker.do("review"))
    assert "nothing to object to" in asker.told("window/showMessage")["message"]
