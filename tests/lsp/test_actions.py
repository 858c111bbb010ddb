"""What can be asked about some code: the menu, and where each entry would go."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lsp.asker import CODE, EMACS, FULL, Asker

UNDEFINED = {
    "range": {"start": {"line": 6, "character": 8}, "end": {"line": 6, "character": 14}},
    "message": "Undefined name 'result'",
    "source": "lint",
    "code": "F821",
}
UNUSED = {
    "range": {"start": {"line": 5, "character": 8}, "end": {"line": 5, "character": 13}},
    "message": "Unused variable",
    "source": "lint",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Asker]:
    """One editor that can everything."""
    with Asker() as client:
        client.initialize(capabilities=FULL)
        yield client


@pytest.fixture
def asker(session: Asker) -> Asker:
    """The same editor, with a fresh document and fresh models."""
    session.begin()
    return session


def titles(actions: list[dict[str, Any]]) -> list[str]:
    """Return what the menu says."""
    return [action["title"] for action in actions]


def test_without_anybody_to_ask_nothing_of_it_is_offered() -> None:
    """A server for ghost text alone advertises no code action, no hover and no command to ask with."""
    with Asker({"ghost_only": True}) as client:
        capabilities = client.initialize(capabilities=FULL)["result"]["capabilities"]
    assert "codeActionProvider" not in capabilities
    assert "hoverProvider" not in capabilities
    assert "hybrid-lsp.do" not in capabilities["executeCommandProvider"]["commands"]


def test_the_menu_says_where_each_entry_goes_and_what_it_costs_at_most(asker: Asker) -> None:
    """Local entries are free, the better model has its price and what is left, and no model was asked for it."""
    actions = asker.listed()
    assert titles(actions)[0] == "Refactor — small · free"
    assert titles(actions)[1].startswith("Refactor — ask the better model (big) · ≤ $0.0")
    assert titles(actions)[1].endswith(" · $50.00 left")
    assert [title.split(" — ")[0] for title in titles(actions)] == ["Refactor"] * 2 + ["Explain"] * 2 + ["Review"] * 2
    assert all(action["tags"] == [1] and "isPreferred" not in action for action in actions)
    assert asker.state()["asked"] == []


def test_a_local_answer_that_may_not_do_says_who_comes_then(asker: Asker) -> None:
    """A job whose local answer is checked names both models, and the worst case of the second."""
    asker.begin(text=f"{CODE}\n# {'x' * 120}\n" * 100)
    (first, *_) = asker.listed(asker.at(0, 900))
    assert first["title"].startswith("Refactor — small, then big if that is not good · ≤ $")


def test_kinds_are_those_that_ordinary_menus_show(asker: Asker) -> None:
    """Refactorings rewrite, fixes are quick fixes, and what is read stands beside the refactorings."""
    kinds = {action["title"].split(" ")[0]: action["kind"] for action in asker.listed(None, [UNDEFINED])}
    assert kinds == {
        "Fix": "quickfix",
        "Refactor": "refactor.rewrite",
        "Explain": "refactor.hybridLsp.explain",
        "Review": "refactor.hybridLsp.review",
    }


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        (["quickfix"], {"Fix"}),
        (["refactor"], {"Refactor", "Explain", "Review"}),
        (["refactor.rewrite"], {"Refactor"}),
        (["refactor.rewrite.function"], set()),
        (["source.organizeImports"], set()),
        (["source"], set()),
        ([""], {"Fix", "Refactor", "Explain", "Review"}),
        ([], set()),
    ],
)
def test_only_what_was_asked_for_is_listed(asker: Asker, only: list[str], wanted: set[str]) -> None:
    """Kinds are trees; an editor that wants one kind on saving gets nothing of ours."""
    assert {title.split(" ")[0] for title in titles(asker.listed(None, [UNDEFINED], only=only))} == wanted


def test_fixes_are_attached_to_their_problems(asker: Asker) -> None:
    """One entry for each range and one for all; each has its diagnostics, and two on one range are one entry."""
    actions = asker.listed(None, [UNDEFINED, UNUSED, UNUSED | {"message": "Also"}], only=["quickfix"])
    local = [action for action in actions if "better" not in action["title"]]
    assert titles(local) == [
        "Fix “Undefined name 'result'” — small · free",
        "Fix “Unused variable” — small · free",
        "Fix all 3 problems here — small · free",
    ]
    assert [len(action["diagnostics"]) for action in local] == [1, 2, 3]


@pytest.mark.parametrize("more", [{"severity": 9}, {"tags": [7]}, {"code": 0, "source": None}])
def test_what_nobody_has_named_yet_comes_back_as_it_came(asker: Asker, more: dict[str, Any]) -> None:
    """A diagnostic of another program, with values of a later LSP, costs no entry of the menu."""
    (local, _) = asker.listed(None, [UNDEFINED | more], only=["quickfix"])
    (diagnostic,) = local["diagnostics"]
    assert diagnostic == {name: value for name, value in (UNDEFINED | more).items() if value is not None}


def test_what_moving_about_shows(asker: Asker) -> None:
    """An automatic look at a bare cursor lists fixes alone, of a selection everything; a plain one everything."""
    automatic = {"triggerKind": 2}
    assert asker.listed(None, **automatic) == []
    assert {a["kind"] for a in asker.listed(None, [UNDEFINED], **automatic)} == {"quickfix"}
    assert len(asker.listed(asker.at(3, 7), **automatic)) == len(asker.listed(None, triggerKind=1)) == 6


def test_nothing_is_offered_for_nothing(asker: Asker) -> None:
    """Blank lines, and a document that is not open, have no entries."""
    assert asker.listed(asker.at(1, character=0)) == []
    assert asker.listed(asker.at(1, 2)) == []
    asker.uri = "file:///w/not-open.py"
    assert asker.listed() == []


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        ((5, None), (3, 7)),  # the function around the cursor
        ((0, None), (0, 0)),  # a statement at the top
        ((5, 6), (5, 6)),  # whole lines of a selection
        ((2, 9), (3, 7)),  # without the blank lines at its ends
    ],
)
def test_what_is_meant(asker: Asker, place: tuple[int, int | None], lines: tuple[int, int]) -> None:
    """A bare cursor means what is around it, a selection its whole lines; what travels is where, and no code."""
    data = asker.one("Refactor", asker.at(*place))["data"]
    assert (data["range"]["start"]["line"], data["range"]["end"]["line"]) == lines
    assert (data["version"], data["uri"], data["task"]) == (1, asker.uri, "refactor")
    assert set(data) == {"offer", "task", "uri", "version", "range", "wish"}


def test_what_cannot_go_says_why(asker: Asker) -> None:
    """With no local model and a policy that keeps everything here, each entry has the reason and cannot be chosen."""
    asker.begin({"local": False, "policy": "safest"})
    actions = asker.listed()
    assert titles(actions) == ["Refactor", "Explain", "Review"]
    assert all("There is no chat model on this machine" in action["disabled"]["reason"] for action in actions)
    assert not any("command" in action or "data" in action for action in actions)


def test_the_better_model_is_not_named_where_it_may_not_be_asked(asker: Asker) -> None:
    """Neither the policy nor a wish to stay here is got round by the menu."""
    asker.begin({"policy": "safest"})
    assert titles(asker.listed()) == ["Refactor — small · free", "Explain — small · free", "Review — small · free"]
    asker.begin()
    asker.command("wish", "local")
    assert titles(asker.listed()) == ["Refactor — small · free", "Explain — small · free", "Review — small · free"]


def test_an_editor_that_shows_no_reasons_gets_no_dead_entries() -> None:
    """Without disabledSupport what cannot be chosen is left out; without tagSupport there is no tag."""
    with Asker({"local": False, "policy": "safest"}) as client:
        client.initialize(capabilities=EMACS)
        client.uri, client.text = "file:///w/a.py", CODE
        client.open(client.uri, CODE)
        assert client.listed() == []
        client.request("test/script", {"script": "{}"})
        assert not any("tags" in action or "data" in action for action in client.listed())
        assert all(action["command"]["command"] == "hybrid-lsp.do" for action in client.listed())


def test_an_editor_that_knows_commands_only() -> None:
    """Without codeActionLiteralSupport the list is of commands (LSP 3.18 §Code Action Request)."""
    with Asker() as client:
        client.initialize(capabilities={"textDocument": {"codeAction": {}}})
        client.uri, client.text = "file:///w/a.py", CODE
        client.open(client.uri, CODE)
        actions = client.listed()
        assert actions
        assert all(action["command"] == "hybrid-lsp.do" and action["title"] for action in actions)


def test_a_file_that_hybridignore_names_is_not_asked_about(tmp_path: Any) -> None:
    """No entry, no explanation, and a command for it is refused in a sentence; no model sees a word."""
    (tmp_path / ".hybridignore").write_text("private.py\n", encoding="utf-8")
    with Asker() as client:
        client.initialize(capabilities=FULL, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "w"}])
        client.uri, client.text = f"{tmp_path.as_uri()}/private.py", CODE
        client.open(client.uri, CODE)
        assert client.listed() == []
        assert client.hover() is None
        error = client.command("do", client.do())["error"]
        assert ".hybridignore" in error["message"]
        chosen = {"title": "Refactor", "data": client.do()}
        assert client.request("codeAction/resolve", chosen)["result"] == chosen
        assert client.told("window/showMessage", ".hybridignore")["type"] == 2
        assert client.state()["asked"] == []
