"""From a question to its answer with everything real but the models: what leaves, what it costs, what is told."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from hybrid_lsp.assistant import Failure
from hybrid_lsp.assistant.events import Event, Left
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.record import Basis, Origin, Status
from hybrid_lsp.core.reply import Reply
from tests.cli.secrets_spread import echo, spread
from tests.cli.town import GOOD, HARD, SMALL, of, town
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import Says, broken
from tests.doubles.ollama import Line
from tests.tools.secrets import pieces

BAD = {
    "never closed": Line(say=("```python\n", "def total(prices):\n", "    return ")),
    "cut at its limit": Line(say=("```python\n", *("a = 1\n", "b = 2\n") * 4000)),
    "chatter": Line(say=("Sure! ", "Here is what I would do: ", "use the built-in sum of Python.")),
    "broken syntax": Line(say=("```python\ndef total(prices:\n    return sum(prices\n```",)),
    "unchanged": Line(
        say=(
            "```python\ndef total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n```",
        )
    ),
    "another language": Line(
        say=("```js\nfunction total(prices) {\n  return prices.reduce((a, b) => a + b, 0);\n}\n```",)
    ),
    "left out": Line(say=("```python\ndef total(prices):\n    # ... rest of the code\n```",)),
    "two answers": Line(say=(f"{GOOD}\nor else\n{GOOD.replace('sum', 'max')}",)),
    "undefined names": Line(say=("```python\ndef total(prices):\n    return add_up(prices)\n```",)),
    "the connection breaks": Line(say=("```python\ndef",), then="cut"),
    "it ends without a word": Line(say=("```python\ndef total",), then="silent"),
    "no JSON": Line(say=("```python\ndef total",), then="garbage"),
    "an error": Line(say=("```python\n",), then="error"),
}
"""What a small model does wrong."""


def scripted() -> tuple[Line, ...]:
    """What Ollama says to each of them, by the words of the question."""
    return tuple(Line(when=f"case <{name}>", say=line.say, then=line.then) for name, line in BAD.items())


async def test_each_bad_answer_is_escalated_exactly_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor is asked once for each, answers, and the ledger has both rows; who asked is told why."""
    says = {"anthropic": (anthropic.answer((GOOD,)),)}
    async with town(tmp_path, monkeypatch, small=scripted(), says=says) as all_of_it:
        session = await all_of_it.window()
        jobs = {name: all_of_it.job(instruction=f"{HARD} case <{name}>") for name in BAD}
        replies, left = {}, {}
        for name, job in jobs.items():
            events: list[Event] = []
            replies[name] = await all_of_it.ask(session, job, events=events)
            left[name] = [event.sentence for event in events if isinstance(event, Left)]
        dashboard = await session.dashboard()
        await all_of_it.close()
        _, rows = all_of_it.ledger()

        for name, reply in replies.items():
            assert isinstance(reply, Reply), (name, reply)
            assert (reply.origin, reply.told) == (Origin.CLOUD, (f"qwen3-coder:30b: {left[name][0]}",)), name
            assert all_of_it.count_left(f"case <{name}>") == 1, name
            assert [origin for origin, _ in of(rows, jobs[name])] == [Origin.LOCAL, Origin.CLOUD], name
        assert len(rows) == 2 * len(BAD)
        assert "claude-sonnet-5-5" in dashboard
        assert set(all_of_it.tunnel.asked_for) == {"CONNECT api.anthropic.com:443 HTTP/1.1"}


async def test_where_the_policy_forbids_it_nothing_is_escalated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bad answers end here, with a sentence and one row each; nobody outside hears of them."""
    shut = {"cloud_apis": ["anthropic.com"], "allowed_for_cloud": {"code_review": True}}
    async with town(tmp_path, monkeypatch, small=scripted(), whitelist=shut) as all_of_it:
        session = await all_of_it.window()
        jobs = [all_of_it.job(instruction=f"{HARD} case <{name}>") for name in BAD]
        outcomes = [await all_of_it.ask(session, job) for job in jobs]
        await all_of_it.close()
        budget, rows = all_of_it.ledger()

        assert all(
            isinstance(outcome, Failure) and "allowed_for_cloud" in str(outcome.refusals) for outcome in outcomes
        )
        assert (all_of_it.tunnel.asked_for, all_of_it.left) == ([], [])
        assert [origin for job in jobs for origin, _ in of(rows, job)] == [Origin.LOCAL] * len(BAD)
        assert budget.left_usd == budget.limit_usd


PRICES = '[prices."claude-sonnet-5-5"]\ninput_usd = 15\noutput_usd = 100\n'
"""So dear that one review may cost some forty cents."""
MONEY = re.compile(r"\$\d\.\d\d .*is left|more than \$1\.00 of the month's money is left")
USAGE = {"input_tokens": 2000, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}


async def test_eight_windows_at_once_never_overspend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With money for some of them only, the others go local, each with a sentence that says so; no hold is left."""
    dear = anthropic.answer(("4: warning: slow",), usage=USAGE, output_tokens=3000)
    async with town(
        tmp_path, monkeypatch, small=(Line(say=("5: hint: name it",)),), says={"anthropic": (dear,)}, settings=PRICES,
        limit_usd=Decimal("1.8"),
    ) as all_of_it:  # fmt: skip
        windows = [await all_of_it.window() for _ in range(8)]
        asked = (
            all_of_it.ask(window, all_of_it.job(Task.REVIEW, f"{HARD} window {i}")) for i, window in enumerate(windows)
        )
        replies = await asyncio.gather(*asked)
        ninth = await all_of_it.ask(windows[0], all_of_it.job(Task.REVIEW, f"{HARD} the ninth"))
        await all_of_it.close()
        budget, rows = all_of_it.ledger()

        assert all(isinstance(reply, Reply) for reply in replies)
        assert isinstance(ninth, Reply)
        assert ninth.origin is Origin.LOCAL
        assert MONEY.search(ninth.footer()), ninth.footer()
        origins = [reply.origin for reply in replies if isinstance(reply, Reply)]
        assert 2 <= origins.count(Origin.CLOUD) <= 5
        assert budget.held_usd == 0
        assert Decimal("0.6") < budget.settled_usd <= budget.limit_usd
        assert sum(row.cost_usd for row in rows) == budget.settled_usd
        for reply in replies:
            if isinstance(reply, Reply) and reply.origin is Origin.LOCAL:
                assert MONEY.search(reply.footer()), reply.footer()


async def test_with_five_cents_left_eight_windows_at_once_spend_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last dollar is not for models that cost: all go local, each with a sentence that says what is left."""
    async with town(
        tmp_path, monkeypatch, small=(Line(say=("5: hint: name it",)),), limit_usd=Decimal("0.05")
    ) as all_of_it:
        windows = [await all_of_it.window() for _ in range(8)]
        asked = (all_of_it.ask(each, all_of_it.job(Task.REVIEW, f"{HARD} {i}")) for i, each in enumerate(windows))
        replies = await asyncio.gather(*asked)
        await all_of_it.close()
        budget, _ = all_of_it.ledger()

        assert (budget.settled_usd, budget.held_usd, all_of_it.left) == (0, 0, [])
        for reply in replies:
            assert isinstance(reply, Reply)
            assert reply.origin is Origin.LOCAL
            assert "and $0.050 is;" in reply.footer(), reply.footer()


OTHER = """
[vendors.other]
url = "https://api.openai.com/v1"
key_env = "OPENAI_API_KEY"
[prices."maker/coder-xl"]
input_usd = 1
output_usd = 2
"""


async def test_a_vendor_that_the_settings_name_is_asked_by_chat_completions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way as with the others: its host has to be allowed, its price is the person's, its answer is an edit.

    What it does not take is found out once, and not with every question.
    """
    says = {"openai": (openai_cloud.chat((GOOD,)),)}
    async with town(
        tmp_path, monkeypatch, small=scripted(), says=says, settings=OTHER, standard="other/maker/coder-xl"
    ) as it:
        session = await it.window()
        reply = await it.ask(session, it.job(instruction=f"{HARD} case <chatter>"))
        again = await it.ask(session, it.job(instruction=f"{HARD} case <another language>"))
        (it.home / "whitelist.json").write_text('{"cloud_apis": ["anthropic.com"]}', encoding="utf-8")
        kept = await it.ask(await it.window(), it.job(instruction=f"{HARD} case <broken syntax>"))
        await it.close()
        _, rows = it.ledger()

    assert isinstance(reply, Reply)
    assert (reply.origin, reply.basis, reply.cost_usd) == (Origin.CLOUD, Basis.REPORTED, Decimal("0.000207"))
    assert isinstance(again, Reply)
    assert isinstance(kept, Failure)
    assert [asked.path for asked in it.vendors["openai"].server.asked] == ["/v1/chat/completions"] * 3
    assert [(row.backend, row.model, row.host) for row in rows if row.host] == [
        ("other", "maker/coder-xl", "api.openai.com")
    ] * 2


CANCELS, AT_ONCE = 500, 25


async def test_whenever_it_is_cancelled_nothing_stays_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred cancels at any moment: no hold, and a row for every question that a vendor has seen."""
    random = Random(7)
    says = anthropic.answer(tuple(f"{n}: hint: x\n" for n in range(20)))
    slow = {"anthropic": (type(says)(events=says.events, gap_s=0.004),)}
    async with town(tmp_path, monkeypatch, says=slow) as all_of_it:
        session = await all_of_it.window()
        began_s = asyncio.get_running_loop().time()
        warm = (all_of_it.job(Task.REVIEW, f"{HARD} <warm {n}>") for n in range(AT_ONCE))
        await asyncio.gather(*(all_of_it.ask(session, job) for job in warm))
        longest_s = 0.6 * (asyncio.get_running_loop().time() - began_s)
        jobs = [all_of_it.job(Task.REVIEW, f"{HARD} <{n}>") for n in range(CANCELS)]

        async def cancelled(number: int) -> None:
            asking = asyncio.ensure_future(all_of_it.ask(session, jobs[number]))
            await asyncio.wait((asking,), timeout=random.uniform(0, longest_s))
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

        for batch in range(0, CANCELS, AT_ONCE):
            await asyncio.gather(*map(cancelled, range(batch, batch + AT_ONCE)))
        await all_of_it.close()
        budget, rows = all_of_it.ledger()
        seen = {int(found) for sent in all_of_it.left for found in re.findall(r"<(\d+)>", sent)}
        paid = {row.job for row in rows if row.origin is Origin.CLOUD}

        assert budget.held_usd == 0
        assert {jobs[number].id for number in seen} <= paid
        assert sum(row.cost_usd for row in rows) == budget.settled_usd
        assert len(seen) > CANCELS / 10, "hardly any question got as far as the vendor"
        assert {str(row.status) for row in rows} >= {"cancelled"}
        assert not [row for row in rows if str(row.status) == "lost"]


STANDARD = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-terra", "gemini": "gemini-3.8-flash"}
PLANTED = spread(seed=11, jobs=6)


def test_so_many_secrets_of_so_many_kinds_are_planted() -> None:
    """There are 300 at least, of 25 kinds at least, in every place that a question has."""
    secrets = [secret for each in PLANTED for secret in each.secrets]
    assert len(secrets) == len(set(secrets)) >= 300
    assert len({kind for each in PLANTED for kind in each.kinds}) >= 25


@pytest.mark.parametrize("vendor", STANDARD)
async def test_no_planted_secret_leaves_and_each_comes_back(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that any vendor saw holds a piece of one; an edit has every original where its placeholder was."""
    async with town(tmp_path, monkeypatch, standard=STANDARD[vendor]) as all_of_it:
        double = all_of_it.vendors[vendor]
        double.refusal = echo(vendor, double.refusal)
        session = await all_of_it.window()
        outcomes = [await session.run(each.job, each.whole) for each in PLANTED]
        await all_of_it.close()
        _, rows = all_of_it.ledger()
        sent = "\n".join(all_of_it.left + all_of_it.tunnel.asked_for)

    leaked = {
        kind
        for each in PLANTED
        for kind, secret in zip(each.kinds, each.secrets, strict=True)
        if secret in sent or any(piece in sent for piece in pieces(secret))
    }
    assert not leaked
    assert all(row.redactions > 0 for row in rows)
    answered = [(each, outcome) for each, outcome in zip(PLANTED, outcomes, strict=True) if isinstance(outcome, Reply)]
    for each, reply in answered:
        assert "REDACTED_" not in reply.text
        assert without_numbers(each.job, reply.text) == without_numbers(each.job, each.answer)
    assert len(all_of_it.left) == len(answered) == len(PLANTED)


def without_numbers(job: Job, text: str) -> str:
    """Return an answer as it is; of a review what stands on its lines, for a secret of several has one number."""
    if job.task is not Task.REVIEW:
        return text
    return "\n".join(line for each in text.split("\n") if (line := re.sub(r"^\d+: ?", "", each)).strip())


NO_USAGE: dict[str, Says] = {
    "anthropic": anthropic.answer(("4: hint: x",), usage=None, output_tokens=5),
    "openai": openai_cloud.answer(("4: hint: x",), usage=None),
    "gemini": gemini.answer(("4: hint: x",), usage=None),
}
REFUSING = {
    "anthropic": anthropic.answer((), stop_reason="refusal", explanation="That is about weapons."),
    "openai": openai_cloud.answer((), refusal="I can't help with that."),
    "gemini": gemini.stopped("PROHIBITED_CONTENT"),
}
BLOCKING = {
    "anthropic": anthropic.answer(("4: hi",), stop_reason="refusal"),
    "openai": openai_cloud.answer(
        ("4: hi",), last="response.incomplete", incomplete_details={"reason": "content_filter"}
    ),
    "gemini": gemini.blocked(),
}
LIMITED = {
    "anthropic": anthropic.FAILURES["spend limit"],
    "openai": openai_cloud.FAILURES["quota"],
    "gemini": gemini.FAILURES["day"],
}
LOCAL = "5: hint: name it"


@pytest.mark.parametrize("vendor", STANDARD)
async def test_what_vendors_do_instead_of_answering(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal ends it; what breaks off is paid for and answered here; a limit of money closes that way for long."""
    good = {"anthropic": anthropic.answer, "openai": openai_cloud.answer, "gemini": gemini.answer}[vendor]
    cut = broken(good(("4: hint: a", "nd more"), usage=None))["cut in the middle"]
    script = (NO_USAGE[vendor], REFUSING[vendor], BLOCKING[vendor], cut, LIMITED[vendor])
    async with town(
        tmp_path, monkeypatch, standard=STANDARD[vendor], says={vendor: script}, small=(Line(say=(LOCAL,)),)
    ) as all_of_it:
        session = await all_of_it.window()
        jobs = [all_of_it.job(Task.REVIEW, f"{HARD} {n}") for n in range(6)]
        uncounted, refused, blocked, cut_off, limited, after = [await all_of_it.ask(session, job) for job in jobs]
        await all_of_it.close()
        budget, rows = all_of_it.ledger()
        paid = {row.job: row for row in rows if row.origin is Origin.CLOUD}

    assert isinstance(uncounted, Reply)
    assert (uncounted.origin, uncounted.basis) == (Origin.CLOUD, Basis.ASSUMED)
    assert paid[jobs[0].id].cost_usd > 0
    for outcome, job in ((refused, jobs[1]), (blocked, jobs[2])):
        assert isinstance(outcome, Failure)
        assert "would not answer" in outcome.sentence
        assert paid[job.id].status is Status.REFUSED
    assert isinstance(cut_off, Reply)
    assert (cut_off.origin, cut_off.model, cut_off.text) == (Origin.LOCAL, SMALL, LOCAL)
    assert (paid[jobs[3].id].basis, paid[jobs[3].id].cost_usd > 0) == (Basis.ASSUMED, True)
    for outcome in (limited, after):
        assert isinstance(outcome, Reply)
        assert (outcome.origin, outcome.text) == (Origin.LOCAL, LOCAL)
    assert len(all_of_it.left) == 5, "the circuit is open: the sixth question asked nobody"
    assert paid[jobs[4].id].cost_usd == 0
    assert budget.held_usd == 0
    assert sum(row.cost_usd for row in rows) == budget.settled_usd
