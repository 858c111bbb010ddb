"""What any client can ask for by `workspace/executeCommand`."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.lsp.asker import BROKEN, CODE, EMACS, FENCED, FULL, GOOD, HARD, Asker

COMMANDS = (
    "do",
    "why",
    "spend",
    "dashboard",
    "profile",
    "wish",
    "better",
    "wouldLeave",
    "clearCache",
    "cancel",
    "dismiss",
)
KEY = "AKIA" + "QXRT7ZLP2MWB4NVD"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """One editor that can everything."""
    with Asker({"answers": str(tmp_path_factory.mktemp("answers"))}) as client:
        capabilities = client.initialize(capabilities=FULL)["result"]["capabilities"]
        offered = set(capabilities["executeCommandProvider"]["commands"])
        assert {f"hybrid-lsp.{name}" for name in (*COMMANDS, "pause", "resume", "status")} <= offered
        yield client


@pytest.fixture
def asker(session: Asker) -> Asker:
    """The same editor, with a fresh document and fresh models."""
    session.begin()
    session.answering["window/showMessageRequest"] = lambda told: told["actions"][0]
    return session


def test_do_takes_an_instruction_and_a_wish(asker: Asker) -> None:
    """The person's own words reach the model that they wished for."""
    asker.begin({"big": [{"say": [FENCED]}]})
    result = asker.command("do", asker.do(instruction="Use sum().", wish="cloud"))["result"]
    assert (result["model"], result["applied"], result["told"]) == ("big", True, [])
    state = asker.state()
    assert state["asked"] == ["big"]
    assert state["questions"][0].endswith("Refactor this code. Use sum().")


def test_a_language_with_one_type_of_number_is_understood(asker: Asker) -> None:
    """What it got as 3 it may send back as 3.0."""
    (argument,) = asker.one("Explain")["command"]["arguments"]
    place = {end: {unit: float(number) for unit, number in at.items()} for end, at in argument["range"].items()}
    told = {**argument, "range": place, "version": 1.0, "offer": float(argument["offer"]), "wait": True}
    assert asker.command("do", told)["result"]["model"] == "small"
    del told["offer"]
    assert asker.command("do", told)["result"]["origin"] == "cache"


def test_do_without_a_range_is_about_the_document(asker: Asker) -> None:
    """From its first line of code to its last."""
    asker.begin({"small": [{"say": ["It adds."]}]})
    asker.command("do", {"task": "explain", "uri": asker.uri})
    assert CODE.strip() in asker.state()["questions"][0]


def test_what_was_asked_before_is_free_unless_it_is_asked_afresh(asker: Asker) -> None:
    """The same question is answered from memory; `fresh` asks again; `clearCache` forgets, and says how many."""
    asker.begin({"small": [{"say": ["It adds."]}]})
    asked = asker.do("explain")
    origins = [asker.command("do", told)["result"]["origin"] for told in (asked, asked, {**asked, "fresh": True})]
    assert origins == ["local", "cache", "local"]
    assert asker.command("clearCache")["result"] == {"forgotten": 1}
    assert asker.told("window/showMessage")["message"] == "1 answer is forgotten."
    assert asker.command("do", asked)["result"]["origin"] == "local"


def test_a_failure_is_a_result_with_its_sentence(asker: Asker) -> None:
    """A program gets it as data, a person sees it and may look at the answer, and whoever asks why reads the same words."""
    asker.begin({"small": [{"say": [BROKEN]}], "policy": "safest"})
    result = asker.command("do", asker.do(instruction=HARD))["result"]
    assert result["failure"].startswith("No answer was fit to be shown.")
    assert result["refusals"][0]["rule"].startswith("allowed_for_cloud.")
    assert asker.told("window/showMessageRequest")["message"] == result["failure"]
    assert asker.command("why")["result"]["markdown"].endswith(f"\n\n{result['failure']}\n")


def test_why_explains_the_last_routing(asker: Asker) -> None:
    """The score with its reasons, the steps with theirs, what was refused, and what it came to; shown and returned."""
    asker.begin({"small": [{"say": [BROKEN]}], "big": [{"say": [FENCED]}]})
    asker.command("do", asker.do(instruction=HARD))
    why = asker.command("why")["result"]
    assert (why["score"], [reason["name"] for reason in why["reasons"]]) == (
        0.7,
        ["long_prompt", "redesign_words", "repair_words"],
    )
    assert [step["model"] for step in why["steps"]] == ["small", "big"]
    assert (why["answered_by"], why["cost_usd"]) == ("big", "0.0045")
    assert why["told"][0].startswith("small: ")
    shown = asker.shown("+0.3 It asks to refactor, redesign or architect.")
    assert shown == why["markdown"]
    assert "1. **small** (local, " in shown
    assert "Answered by big (cloud, $0.0045). small: " in shown


def test_why_of_what_was_not_asked_yet(asker: Asker) -> None:
    """With an argument it is the decision as it would be; nobody is asked."""
    asker.begin({"local": False, "policy": "safest"})
    why = asker.command("why", asker.do())["result"]
    assert why["steps"] == []
    assert "Nobody can be asked." in why["markdown"]
    assert why["markdown"].endswith("\n\nNothing was asked.\n")
    assert "There is no chat model on this machine" in why["markdown"]
    assert asker.state()["asked"] == []


def test_why_of_what_is_under_way(asker: Asker) -> None:
    """It is not told that there is no answer, before there can be one."""
    asker.begin({"small": [{"say": [FENCED], "gate": True}]})
    asked = asker.start("codeAction/resolve", asker.one("Refactor"))
    asker.until(asked=["small"])
    assert asker.command("why")["result"]["markdown"].endswith("\n\nIt is under way.\n")
    asker.notify("test/go", {})
    assert "edit" in asker.answer(asked)["result"]


def test_spend(asker: Asker) -> None:
    """The month's money, as the house tells it."""
    assert asker.command("spend")["result"] == {"markdown": "$50.00 left", "left_usd": "50"}
    asker.shown("$50.00 left")


def test_the_dashboard_is_a_page_in_the_browser(asker: Asker) -> None:
    """It is written where only its person can read it, opened outside the editor, and its address is returned."""
    uri = asker.command("dashboard")["result"]["uri"]
    shown = asker.told("window/showDocument")
    assert (shown["uri"], shown["external"]) == (uri, True)
    path = Path(unquote(urlsplit(uri).path))
    assert path.suffix == ".html"
    assert sys.platform == "win32" or path.stat().st_mode & 0o077 == 0
    assert "$50.00" in path.read_text("utf-8")


def test_an_editor_that_opens_nothing_says_where_the_page_is(tmp_path: Path) -> None:
    """The person opens it themselves; where it cannot be written, a sentence says so."""
    with Asker({"answers": str(tmp_path / "answers")}) as client:
        client.initialize(capabilities=EMACS)
        client.begin()
        uri = client.command("dashboard")["result"]["uri"]
        assert client.told("window/showMessage")["message"] == f"It is there for your browser: {uri}"
        shutil.rmtree(tmp_path / "answers")
        (tmp_path / "answers").write_text("in the way")
        assert client.command("dashboard")["error"]["message"].startswith("The page cannot be written")


@pytest.mark.skipif(sys.platform == "win32", reason="there nothing limits what a process writes")
def test_a_page_that_a_full_disk_cuts_off_is_not_shown(tmp_path: Path) -> None:
    """A sentence says so instead, and half of it is not left behind."""
    with Asker({"answers": str(tmp_path), "largest_file": 512}) as client:
        client.initialize(capabilities=FULL)
        client.begin()
        assert client.command("dashboard")["error"]["message"].endswith("see whether its disk is full.")
        assert list(tmp_path.iterdir()) == []
        assert not [message for message in client.heard if message.get("method") == "window/showDocument"]


def test_profile_by_name_and_by_choice(asker: Asker) -> None:
    """A name puts it in force; without one a person is asked; one that is none is refused with those that are."""
    assert asker.command("profile", "performance")["result"] == {"profile": "performance"}
    asker.answering["window/showMessageRequest"] = lambda told: told["actions"][0]
    assert asker.command("profile")["result"] == {"profile": "conservative"}
    asker.answering["window/showMessageRequest"] = lambda _: None
    assert asker.command("profile")["result"] == {"profile": "conservative"}
    error = asker.command("profile", "lavish")["error"]
    assert (error["code"], error["message"]) == (
        -32602,
        "There is no profile of that name; there are conservative, balanced, performance.",
    )


def test_a_wish_holds_for_what_is_asked_after_it(asker: Asker) -> None:
    """What is kept here stays here, whatever the score."""
    assert asker.command("wish", "local")["result"] == {"wish": "local"}
    asker.told("window/showMessage", "stays on this machine")
    asker.command("do", asker.do(instruction=HARD))
    assert asker.state()["asked"] == ["small"]
    assert asker.command("wish", "any")["result"] == {"wish": "any"}


def test_what_was_to_stay_here_is_asked_elsewhere_by_no_other_way(asker: Asker) -> None:
    """Neither a link or an entry that was shown before, nor `better`, nor a wish of its own gets round it; each says why."""
    paid = asker.one("Refactor — ask the better model")
    asker.command("do", asker.do("explain"))
    asker.command("wish", "local")
    answers = (
        asker.request("codeAction/resolve", paid),
        asker.command("better", {"max_cost_usd": 1}),
        asker.command("do", asker.do(wish="cloud", max_cost_usd=1)),
    )
    assert [answer["error"]["message"].split(" in this session")[0] for answer in answers] == [
        "What you ask for stays on this machine"
    ] * 3
    assert asker.state()["asked"] == ["small"]


def test_better_asks_the_better_model_about_the_same_text(asker: Asker) -> None:
    """Also where the answer of the first stands there now; not where neither stands any more."""
    asker.begin({"small": [{"say": [FENCED]}], "big": [{"say": [FENCED.replace("sum(prices)", "sum(prices, 0)")]}]})
    asker.command("do", asker.do())
    assert GOOD in asker.text
    result = asker.command("better")["result"]
    assert (result["model"], result["applied"]) == ("big", True)
    assert "return sum(prices, 0)" in asker.text

    asker.change("x = 1\n")
    assert "does not stand there any more" in asker.command("better")["error"]["message"]
    assert asker.state()["asked"] == ["small", "big"]


def test_what_costs_is_asked_first_with_its_price(asker: Asker) -> None:
    """Without an agreed amount a person sees who, and how much at most; whoever says no, or nothing, pays nothing."""
    asker.begin({"big": [{"say": [FENCED]}]})
    for answer in ({"title": "Leave it"}, None):
        asker.answering["window/showMessageRequest"] = lambda _, answer=answer: answer
        assert asker.command("do", asker.do(wish="cloud"))["result"]["cancelled"] is True
        asked = asker.told("window/showMessageRequest")
        assert re.fullmatch(
            r"Refactor total\d+\.py, lines 4–8 — big · ≤ \$0\.\d+ · \$50\.00 left\. Ask\?", asked["message"]
        )
        assert [action["title"] for action in asked["actions"]] == ["Ask", "Leave it"]
    assert asker.state()["asked"] == []
    asker.answering["window/showMessageRequest"] = lambda told: told["actions"][0]
    assert asker.command("do", asker.do(wish="cloud"))["result"]["model"] == "big"


def test_an_amount_that_was_agreed_to_is_a_cap(asker: Asker) -> None:
    """Within it nobody is asked again; what could cost more is not asked, and says so."""
    asker.begin({"big": [{"say": ["It adds."]}]})
    result = asker.command("do", asker.do("explain", wish="cloud", max_cost_usd=0.000001))["result"]
    assert result["refusals"][0]["rule"] == "cost_cap"
    assert asker.command("do", asker.do("explain", wish="cloud", max_cost_usd="0.5"))["result"]["model"] == "big"
    assert not [message for message in asker.heard if message["method"] == "window/showMessageRequest"]
    assert asker.command("better", {"max_cost_usd": 1})["result"]["model"] == "big"


def test_an_editor_that_can_ask_for_words_asks_for_them() -> None:
    """The menu has an entry for it; the words reach the model; without words nothing is asked."""
    with Asker() as client:
        client.initialize(capabilities=FULL, initializationOptions={"input": True})
        client.begin()
        prompts = []

        def says(told: Any) -> dict[str, str | None]:
            prompts.append(told["prompt"])
            return {"value": said}

        client.answering["hybrid-lsp/input"] = says
        entry = client.one("Refactor as you say…")
        assert entry["title"] == "Refactor as you say… — small · free"
        said: str | None = None
        client.request(
            "workspace/executeCommand",
            {**entry["command"], "arguments": [entry["command"]["arguments"][0] | {"wait": True}]},
        )
        assert client.state()["asked"] == []
        said = " Use sum(). "
        assert client.command("do", client.do(instruct=True))["result"]["applied"] is True
        assert client.state()["questions"][0].endswith("Refactor this code. Use sum().")
        assert prompts == ["Refactor, lines 4–8: what shall be done?"] * 2
        client.begin({"local": False, "big": [{"say": [FENCED]}]})
        assert (
            client.one("Refactor as you say…")["title"] == "Refactor as you say… — big · asks before it costs anything"
        )


def test_what_would_leave_is_shown_before_anything_does(asker: Asker) -> None:
    """The question as it would be sent, without the secret; nothing was sent."""
    asker.begin(text=f'AWS_KEY = "{KEY}"\n')
    asked = {"task": "review", "uri": asker.uri, "wish": "cloud"}
    markdown = asker.command("wouldLeave", asked)["result"]["markdown"]
    assert "Review this code." in markdown
    assert KEY not in markdown
    assert asker.shown() == markdown
    assert asker.state()["asked"] == []
    assert asker.command("wouldLeave", {**asked, "wish": "local"})["result"]["markdown"].startswith("Nothing")


def test_cancel_with_nothing_under_way(asker: Asker) -> None:
    """It says so."""
    assert asker.command("cancel")["result"] == {"cancelled": 0}
    assert asker.told("window/showMessage")["message"] == "Nothing was under way."


HERE = "the open document"
WRONG: list[tuple[str, list[Any], str]] = [
    ("do", [], "The argument is an object"),
    ("do", ["x"], "The argument is an object"),
    ("do", [{}, {}], "The command takes one argument."),
    ("do", [{"task": "fix"}], "The argument uri names a document"),
    ("do", [{"task": "fix", "uri": "file:///w/none.py"}], "The argument uri names a document"),
    ("do", [{"task": "fix", "uri": 7}], "The argument uri names a document"),
    ("do", [{"uri": HERE, "task": "inline"}], "The argument task is one of refactor, explain, fix, review."),
    ("do", [{"uri": HERE, "task": []}], "The argument task is one of"),
    ("do", [{"uri": HERE, "task": "fix", "wish": "moon"}], "The argument wish is one of any, local, cloud."),
    ("do", [{"uri": HERE, "task": "fix", "instruction": 3}], "The argument instruction is a text."),
    ("do", [{"uri": HERE, "task": "fix", "fresh": "yes"}], "The argument fresh is true or false."),
    ("do", [{"uri": HERE, "task": "fix", "wait": 1}], "The argument wait is true or false."),
    ("do", [{"uri": HERE, "task": "fix", "range": 5}], "The argument range is one of LSP"),
    (
        "do",
        [{"uri": HERE, "task": "fix", "range": {"start": {"line": -1, "character": 0}}}],
        "The argument range is one of LSP",
    ),
    (
        "do",
        [{"uri": HERE, "task": "fix", "range": {end: {"line": 2**31, "character": 0} for end in ("start", "end")}}],
        "The argument range is one of LSP",
    ),
    ("do", [{"uri": HERE, "task": "fix", "version": True}], "The argument version is a whole number."),
    ("do", [{"uri": HERE, "task": "fix", "version": "1"}], "The argument version is a whole number."),
    ("do", [{"uri": HERE, "task": "fix", "offer": [1]}], "The argument offer is a whole number."),
    ("do", [{"uri": HERE, "task": "fix", "instruction": "x" * 20_001}], "The argument instruction has at most 20,000"),
    ("do", [{"uri": HERE, "task": "fix", "version": 99}], "The text has changed since"),
    ("do", [{"uri": HERE, "task": "fix", "shell": "rm"}], "There is no argument shell; there are task, uri, range"),
    ("why", [{"uri": HERE, "task": "fix", "colour": 1}], "There is no argument colour"),
    ("wouldLeave", [[]], "The argument is an object"),
    ("wish", [], "The argument is one of any, local, cloud."),
    ("wish", [{"wish": "any"}], "The argument is one of any, local, cloud."),
    ("profile", [5], "The argument is the name of a profile"),
    ("spend", [1], "The command takes no argument."),
    ("dashboard", [1], "The command takes no argument."),
    ("cancel", ["all"], "The command takes no argument."),
    *(
        (name, [uri], "The command takes no argument.")
        for name in ("pause", "resume", "retrigger", "status")
        for uri in ("file:///w/a.py", {"$mid": 1})
    ),
    ("better", [{"model": "big"}], "The argument is {max_cost_usd}, or nothing."),
    ("do", [{"uri": HERE, "task": "fix", "max_cost_usd": "much"}], "The argument max_cost_usd is an amount in dollars"),
    ("do", [{"uri": HERE, "task": "fix", "max_cost_usd": -1}], "The argument max_cost_usd is an amount in dollars"),
    ("do", [{"uri": HERE, "task": "fix", "max_cost_usd": True}], "The argument max_cost_usd is an amount in dollars"),
    ("do", [{"uri": HERE, "task": "fix", "instruct": True}], "This editor cannot ask for an instruction; name it"),
    ("clearCache", ["all"], "The argument is an object"),
    ("dismiss", [{"finding": "first"}], "The argument finding is a number."),
    ("dismiss", ["all"], "The argument is {uri, finding}"),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), WRONG)
def test_what_is_not_understood_is_refused_in_a_sentence(
    asker: Asker, name: str, arguments: list[Any], sentence: str
) -> None:
    """-32602, with the argument's name and what it may be; nothing is asked."""
    told = [{**one, "uri": asker.uri} if isinstance(one, dict) and one.get("uri") == HERE else one for one in arguments]
    error = asker.command(name, *told)["error"]
    assert error["code"] == -32602
    assert error["message"].startswith(sentence)
    assert asker.state()["asked"] == []
