"""What the assistant does with a plan, told as conversations."""

import asyncio
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from hybrid_lsp.assistant import Failure, Whole, attempt, reaching
from hybrid_lsp.assistant.events import Begun, Checked, Event, Left, Said
from hybrid_lsp.assistant.words import words_to_leave
from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.history import Reach, reach
from hybrid_lsp.core.job import Task, Wish
from hybrid_lsp.core.money import told
from hybrid_lsp.core.policy import SAFEST
from hybrid_lsp.core.profile import PERFORMANCE
from hybrid_lsp.core.record import Basis, Origin
from hybrid_lsp.core.redact import Rules
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.core.stream import Ending, EndReason
from tests.assistant.house import CLOUD, CODE, DEAR, GOOD, HARD, OTHER, Line, fenced, house, job, offline

DONE = Ending(reason=EndReason.DONE, prompt_tokens=1000, output_tokens=100, answered_by="big-2027")
BAD = {
    "truncated": Line(say=("```python\ndef total(prices):\n    return su",), ending=Ending(reason=EndReason.LIMIT)),
    "cut": Line(say=("```python\ndef total(prices):\n    return sum(prices",)),
    "chatter": Line(say=("Sure, I would be happy to help you with that\ndef total(prices): return sum(prices)",)),
    "syntax": Line(say=(fenced("def total(prices)\n    return sum(prices"),)),
    "unchanged": Line(say=(fenced("\n".join(CODE.split("\n")[3:8])),)),
    "language": Line(say=(fenced("function total(prices) { return prices.reduce((a, b) => a + b, 0); }"),)),
    "names": Line(say=(fenced("def total(prices):\n    return summed(prices)"),)),
    "empty": Line(say=("",)),
}


async def test_a_small_job_is_answered_here_for_nothing() -> None:
    """The local model is asked once, nothing is held, and a free row says so."""
    rooms = house()
    events: list[Event] = []
    reply = await rooms.ask(job(), events=events)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.origin, reply.cost_usd) == (GOOD, Origin.LOCAL, 0)
    assert [name for name, _ in rooms.models.asked] == ["small"]
    assert rooms.money.statuses == [("local", "done")]
    assert [type(event) for event in events] == [Begun, Said, Checked]


async def test_a_hard_job_tries_here_first_and_is_content_with_a_good_answer() -> None:
    """A local answer that passes its check costs nothing, although the cloud was allowed."""
    rooms = house()
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert reply.origin is Origin.LOCAL
    assert not rooms.models.passes


@pytest.mark.parametrize("fault", BAD)
async def test_each_bad_local_answer_is_caught_and_escalated_exactly_once(fault: str) -> None:
    """Whatever is wrong with it, the cloud is asked once, the reply says why, and its cost is what was reported."""
    rooms = house(small=[BAD[fault]], big=[Line(ending=DONE)])
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert [name for name, _ in rooms.models.asked] == ["small", "big"]
    assert rooms.money.statuses == [("local", "unfit"), ("cloud", "done")]
    assert (reply.model, reply.basis, reply.cost_usd) == ("big-2027", Basis.REPORTED, Decimal("0.0045"))
    assert reply.told
    assert reply.told[0].startswith("small: ")
    assert rooms.money.left_usd == Decimal(50) - Decimal("0.0045")


@pytest.mark.parametrize("fault", BAD)
async def test_where_the_policy_keeps_it_here_nothing_is_ever_escalated(fault: str) -> None:
    """A bad local answer is not shown, and says so; nobody else is asked."""
    rooms = house(small=[BAD[fault]], policy=SAFEST)
    outcome = await rooms.ask(job(instruction=HARD))
    assert isinstance(outcome, Failure)
    assert outcome.sentence.startswith("No answer was fit to be shown. small: ")
    assert not rooms.models.passes


async def test_when_the_cloud_has_failed_too_nobody_pays_again() -> None:
    """After a bad cloud answer it ends there: one paid call, and a sentence."""
    rooms = house(small=[BAD["syntax"]], big=[BAD["syntax"]], cloud=(*house().cloud, OTHER))
    outcome = await rooms.ask(job(instruction=HARD))
    assert isinstance(outcome, Failure)
    assert [name for name, _ in rooms.models.asked] == ["small", "big"]
    assert rooms.money.statuses == [("local", "unfit"), ("cloud", "unfit")]
    assert "big: " in outcome.sentence
    assert outcome.cost_usd == rooms.money.settled[0].cost_usd > 0
    assert outcome.sentence.endswith(f"It cost {told(outcome.cost_usd)}.")


async def test_a_cloud_model_that_is_away_gives_way_for_nothing() -> None:
    """What could not be asked costs nothing: the next cloud model answers, and then the one of this machine would."""
    rooms = house(big=[offline()], profile=PERFORMANCE, cloud=(*house().cloud, OTHER))
    rooms.models.scripts["other"] = [Line(ending=DONE)]
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert [name for name, _ in rooms.models.asked] == ["big", "other"]
    assert [record.cost_usd for record in rooms.money.settled] == [0, Decimal("0.0045")]

    rooms.models.scripts["other"] = [offline()]
    reply = await rooms.ask(job(instruction=HARD), fresh=True)
    assert isinstance(reply, Reply)
    assert (reply.model, reply.cost_usd) == ("small", 0)


async def test_what_broke_off_after_it_was_billed_goes_on_here_and_not_in_another_cloud() -> None:
    """Half an answer is charged by what is known, marked as assumed, and nobody else is paid."""
    broken = Line(say=("```python\ndef total(",), trouble=offline(may_have_cost=True).trouble)
    rooms = house(big=[broken], profile=PERFORMANCE, cloud=(*house().cloud, OTHER))
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert [name for name, _ in rooms.models.asked] == ["big", "small"]
    (record,) = rooms.money.settled
    assert (reply.origin, reply.cost_usd, reply.basis) == (Origin.LOCAL, record.cost_usd, Basis.ASSUMED)
    assert (
        reply.footer() == f"small (local, free). big: Nobody answers there. It cost {told(record.cost_usd)} (assumed)."
    )
    assert (record.basis, record.status.value) == (Basis.ASSUMED, "failed")
    assert 0 < record.cost_usd < Decimal("0.2")


async def test_without_a_reported_usage_the_cost_is_assumed_against_us() -> None:
    """An answer without counts is charged for every byte, and never more than was held."""
    rooms = house(big=[Line(ending=Ending(reason=EndReason.DONE))], profile=PERFORMANCE)
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert reply.basis is Basis.ASSUMED
    assert reply.cost_usd > Decimal("0.0045")
    assert "(assumed)" in reply.footer()


@pytest.mark.parametrize("thinking_tokens", [0, 2048])
async def test_what_a_model_thought_unseen_is_assumed_too(
    thinking_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled before its first word, a model that thinks may have written for as long as it was waited for."""
    monkeypatch.setattr(attempt, "MOST_THOUGHTS_A_S", 10**9)
    silent, model = Line(say=("",), gate=asyncio.Event()), replace(CLOUD, thinking_tokens=thinking_tokens)
    rooms = house(big=[silent], profile=PERFORMANCE, cloud=(model,))
    asking = asyncio.ensure_future(rooms.ask(job(instruction=HARD)))
    while not rooms.models.passes:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    (held,) = rooms.money.held.values()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (record,) = rooms.money.settled
    assert (record.status.value, record.basis) == ("cancelled", Basis.ASSUMED)
    assert (record.cost_usd == held.held_usd) == bool(thinking_tokens)


async def test_what_was_turned_away_has_left_all_the_same() -> None:
    """It costs nothing, and its row says where to and how much; what never got out says neither."""
    busy, dirty = Trouble(TroubleKind.BUSY, "It is busy."), Refused("There is a secret in it.")
    for why, left in ((busy, True), (dirty, False)):
        rooms = house(big=[Line(say=(), trouble=why)], profile=PERFORMANCE)
        await rooms.ask(job(instruction=HARD))
        (record,) = rooms.money.settled
        assert (record.cost_usd, record.bytes_out > 0, record.host) == (0, left, CLOUD.host if left else "")


async def test_the_ninth_of_eight_that_fit_goes_local_with_a_sentence() -> None:
    """With money for some only, spending ends at the limit; whoever comes too late is answered here and told why."""
    rooms = house(big=[Line(gate=asyncio.Event())], profile=PERFORMANCE, price=DEAR)
    rooms.money.limit_usd = Decimal("5.05")
    gate = rooms.models.scripts["big"][0].gate
    assert gate is not None
    asked = [asyncio.create_task(rooms.ask(job(instruction=f"{HARD} {number}"))) for number in range(9)]
    await asyncio.sleep(0.2)
    gate.set()
    replies = await asyncio.gather(*asked)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert rooms.money.left_usd >= 0
    assert not rooms.money.held
    assert len(rooms.money.settled) < 9
    local = [reply for reply in replies if isinstance(reply, Reply) and reply.origin is Origin.LOCAL]
    assert len(local) + len(rooms.money.settled) == 9
    assert all("The month's money is spent." in reply.told[0] for reply in local)


async def test_cancelling_at_any_moment_leaves_no_hold_and_no_missing_row() -> None:
    """However far a paid call has come when its asker goes, it ends settled and the stream is closed."""
    for turns in range(60):
        rooms = house(big=[Line(gate=asyncio.Event())], profile=PERFORMANCE)
        rooms.money.slow = asyncio.Event()
        asked = asyncio.create_task(rooms.ask(job(instruction=HARD)))
        for turn in range(turns):
            await asyncio.sleep(0 if turn % 3 else 0.001)
            if turn == 12:
                rooms.money.slow.set()
        asked.cancel()
        rooms.money.slow.set()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await rooms.assistant.close()
        assert not rooms.money.held
        assert len(rooms.money.settled) == len(rooms.models.passes) or not rooms.models.passes
        assert rooms.models.closed == len(rooms.models.asked)


async def test_how_far_the_code_reaches_is_in_the_row_and_no_answer_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a long file it takes a while: the reply is there before it, the row has it, and so has a settled one."""
    begun, go = threading.Event(), threading.Event()

    def slow(focus: str, text: str, language: str) -> Reach:
        begun.set()
        go.wait(10)
        return reach(focus, text, language)

    monkeypatch.setattr(reaching, "reach", slow)
    long = Whole(text=CODE + "# a line of many\n" * 1000)
    rooms = house(big=[Line(ending=DONE)])
    reply = await rooms.assistant.run(job(), long)
    assert isinstance(reply, Reply)
    assert rooms.money.statuses == []
    go.set()
    await rooms.assistant.run(replace(job(instruction=HARD, wish=Wish.CLOUD), id="job-2"), long)
    await rooms.assistant.close()
    assert rooms.money.statuses == [("local", "done"), ("cloud", "done")]
    assert {record.reach for record in (*rooms.money.free, *rooms.money.settled)} == {"itself"}


async def test_two_identical_questions_are_one_call() -> None:
    """Both get the reply, one is paid; when one goes the other still gets it."""
    gate = asyncio.Event()
    rooms = house(big=[Line(gate=gate, ending=DONE)], profile=PERFORMANCE)
    first, second, third = (asyncio.create_task(rooms.ask(job(instruction=HARD))) for _ in range(3))
    await asyncio.sleep(0.05)
    first.cancel()
    gate.set()
    replies = await asyncio.gather(first, second, third, return_exceptions=True)
    assert isinstance(replies[0], asyncio.CancelledError)
    assert isinstance(replies[1], Reply)
    assert replies[1] == replies[2]
    assert len(rooms.money.settled) == 1


async def test_who_asks_the_same_later_hears_whom_it_is_asked() -> None:
    """The model was asked before; what it says needs its name."""
    gate = asyncio.Event()
    rooms = house(small=[Line(gate=gate)])
    events: list[list[Event]] = [[], []]
    asked = []
    for heard in events:
        asked.append(asyncio.create_task(rooms.ask(job(), events=heard)))
        await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(*asked)
    assert [type(heard[0]) for heard in events] == [Begun, Begun]
    assert events[0][0] == events[1][0]
    assert len(rooms.models.asked) == 1


async def test_who_cancels_and_asks_again_begins_one_new_call() -> None:
    """While the first is still being settled the second is under way, and a third joins that and not a call of its own."""
    settling, gate = asyncio.Event(), asyncio.Event()
    rooms = house(big=[Line(gate=gate, ending=DONE)], profile=PERFORMANCE)
    rooms.money.slow_to_settle = settling
    asked = [asyncio.create_task(rooms.ask(job(instruction=HARD)))]
    await asyncio.sleep(0.05)
    asked[0].cancel()
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(rooms.ask(job(instruction=HARD))))
    await asyncio.sleep(0)
    settling.set()
    await asyncio.sleep(0.05)
    events: list[Event] = []
    asked.append(asyncio.create_task(rooms.ask(job(instruction=HARD), events=events)))
    await asyncio.sleep(0.05)
    gate.set()
    cancelled, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(cancelled, asyncio.CancelledError)
    assert isinstance(second, Reply)
    assert second == third
    assert rooms.money.statuses == [("cloud", "cancelled"), ("cloud", "done")]
    assert isinstance(events[0], Begun), "who joins late hears who is being asked"


async def test_cancelling_while_an_answer_is_checked_leaves_its_row() -> None:
    """Evidence takes seconds; an answer from here that is given up meanwhile is not forgotten."""
    rooms = house(evidence=True)
    rooms.checks.slow = asyncio.Event()
    asking = asyncio.create_task(rooms.ask(job()))
    while not rooms.checks.gathered:
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert rooms.money.statuses == [("local", "cancelled")]


async def test_what_went_wrong_after_an_answer_came_is_paid_for() -> None:
    """Whoever has refused to go on: the words were sent, and somebody will bill them."""
    rooms = house(big=[Line(trouble=Refused("Nobody may say more."))], profile=PERFORMANCE)
    await rooms.ask(job(instruction=HARD))
    (settled,) = rooms.money.settled
    assert (settled.status.value, settled.basis) == ("failed", Basis.ASSUMED)
    assert settled.cost_usd > 0


async def test_an_answer_that_was_paid_for_is_not_paid_for_again() -> None:
    """The same question a second time comes from the cache, is free, and is a row of its own; `fresh` asks anew."""
    rooms = house(big=[Line(ending=DONE)], profile=PERFORMANCE)
    first = await rooms.ask(job(instruction=HARD))
    again = await rooms.ask(job(instruction=HARD))
    anew = await rooms.ask(job(instruction=HARD), fresh=True)
    assert isinstance(first, Reply)
    assert isinstance(again, Reply)
    assert isinstance(anew, Reply)
    assert (again.text, again.origin, again.cost_usd) == (first.text, Origin.CACHE, 0)
    assert anew.origin is Origin.CLOUD
    assert len(rooms.money.settled) == 2
    assert rooms.money.statuses[0] == ("cache", "done")


async def test_a_tighter_policy_finds_no_answer_of_a_wider_one() -> None:
    """What was kept under one policy is not given under another."""
    rooms = house(big=[Line(ending=DONE)], profile=PERFORMANCE)
    await rooms.ask(job(instruction=HARD))
    rooms.policy = replace(rooms.policy, tasks=rooms.policy.tasks - {"code_review"})
    await rooms.ask(job(instruction=HARD))
    assert len(rooms.money.settled) == 2


async def test_a_bad_answer_is_never_kept() -> None:
    """What did not pass its check is asked anew."""
    rooms = house(small=[BAD["syntax"], Line()], policy=SAFEST)
    assert isinstance(await rooms.ask(job()), Failure)
    assert isinstance(await rooms.ask(job()), Reply)


async def test_what_nobody_asked_for_stays_here() -> None:
    """A hover that no local model can answer costs nothing and asks nobody else."""
    rooms = house(small=[offline()], profile=PERFORMANCE)
    outcome = await rooms.ask(job(Task.EXPLAIN, deliberate=False, instruction=HARD))
    assert isinstance(outcome, Failure)
    assert not rooms.models.passes


async def test_a_wish_for_the_cloud_is_held_by_the_policy() -> None:
    """Asking for the better model goes there at once where it may, and nowhere where it may not."""
    rooms = house(big=[Line(say=("It adds.",), ending=DONE)])
    reply = await rooms.ask(job(Task.EXPLAIN, wish=Wish.CLOUD))
    assert isinstance(reply, Reply)
    assert (reply.origin, reply.text) == (Origin.CLOUD, "It adds.")
    rooms.policy = SAFEST
    outcome = await rooms.ask(job(Task.EXPLAIN, wish=Wish.CLOUD))
    assert isinstance(outcome, Failure)
    assert "reasoning_tasks" in outcome.sentence


async def test_a_check_that_is_only_advice_says_so_and_refuses_nothing() -> None:
    """The answer is shown with its objection, the cloud is not asked for it, and the row knows that it failed."""
    rooms = house(small=[BAD["names"]], advice=frozenset({"names"}))
    reply = await rooms.ask(job(instruction=HARD))
    assert isinstance(reply, Reply)
    assert reply.origin is Origin.LOCAL
    assert "nothing defines" in reply.told[0]
    assert "only says so" in reply.told[0]
    (row,) = rooms.money.free
    assert ("names", False) in row.checks
    assert rooms.money.statuses == [("local", "done")]


@pytest.mark.parametrize(
    ("fault", "can_be_seen"), [("names", True), ("syntax", True), ("cut", False), ("empty", False)]
)
async def test_a_whole_answer_that_was_refused_can_be_looked_at(fault: str, can_be_seen: bool) -> None:
    """Its person may know better than the check; what is cut off or empty is nothing to look at."""
    rooms = house(small=[BAD[fault]], policy=SAFEST)
    outcome = await rooms.ask(job(instruction=HARD))
    assert isinstance(outcome, Failure)
    assert (outcome.unfit is not None) == can_be_seen
    if outcome.unfit is not None:
        assert outcome.unfit.text.startswith("def total(prices)")
        assert "prices" not in repr(outcome)


async def test_evidence_is_gathered_only_where_it_is_switched_on_and_refuses_too() -> None:
    """A test that fails keeps a local answer from being shown, and the cloud is asked; without trust nothing runs."""
    rooms = house(big=[Line(ending=DONE)])
    await rooms.ask(job(instruction=HARD))
    assert rooms.checks.gathered == 0

    rooms = house(big=[Line(ending=DONE)], evidence=True)
    rooms.checks.says = (Verdict(name="tests", passed=False, sentence="A test near the change fails."),)
    outcome = await rooms.ask(job(instruction=HARD))
    assert isinstance(outcome, Failure)
    assert [name for name, _ in rooms.models.asked] == ["small", "big"]
    assert ("tests", False) in rooms.money.settled[0].checks


@pytest.mark.parametrize(
    ("elsewhere", "fits"), [("from math import fsum as summed", True), ("summed_up = 1", False), ("", False)]
)
async def test_a_cell_may_use_what_another_cell_defines(elsewhere: str, fits: bool) -> None:
    """A notebook's cells share their names, and no test of a file says anything about one of them."""
    rooms = house(small=[BAD["names"]], evidence=True, policy=SAFEST)
    outcome = await rooms.ask(job(), whole=Whole(text=CODE, is_cell=True, elsewhere=elsewhere))
    assert isinstance(outcome, Reply) is fits
    assert rooms.checks.gathered == 0


async def test_a_secret_never_reaches_the_cloud_and_comes_back_in_the_edit() -> None:
    """What goes out has a name in its place; the reply has the secret again; the row says how many were taken out."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    code = CODE.replace("result = 0", f'token = "{secret}"\n    result = 0')
    rooms = house(profile=PERFORMANCE)

    def echo() -> Line:
        return Line(say=(fenced(f'def total(prices):\n    token = "{secret}"\n    return sum(prices), token'),))

    rooms.models.scripts["big"] = [echo()]
    asked = replace(job(instruction=HARD), excerpt=job(code=code).excerpt)
    await rooms.assistant.run(asked, Whole(text=code))
    sent = rooms.models.asked[0][1]
    assert secret not in sent.user + sent.system
    assert "REDACTED_" in sent.user
    assert rooms.money.settled[0].redactions >= 1
    assert rooms.models.passes[0].redactions >= 1


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ('"{name}"', True), ("'{name}' + ''", True), ("f'{name}'.strip()", True), ('"{lower}"', False), ('"REDACTED_" + "{end}"', False),
        ("'REDAC' 'TED_{end}'", False), ('"{name_dashed}"', False), ('"REDACTED_GITHUB_TOKEN_1"', False), ('"REDACTED_OTHER_7_{salt}"', False),
        ('"RedactedGithubToken1"', False), ('"REDACTED_GITHUB_TOKEN_2_{salt}"', False), ('"redacted"', True), ('"[REDACTED]"', True),
    ],
)  # fmt: skip
async def test_a_name_of_a_secret_that_the_model_has_changed_is_never_in_an_edit(written: str, fits: bool) -> None:
    """A placeholder comes back as what it stood for, or the edit is refused with a sentence."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    code = CODE.replace("result = 0", f'token = "{secret}"\n    result = 0')
    asked = replace(job(instruction=HARD), excerpt=job(code=code).excerpt)
    _, redacted = words_to_leave(asked, Rules.of()[0], step_by_step=False)
    name = redacted.found[0].placeholder
    forms = {
        "lower": name.lower(),
        "end": name.removeprefix("REDACTED_"),
        "name_dashed": name.replace("_", "-"),
        "salt": redacted.salt,
    }
    said = asked.excerpt.focus.replace(f'"{secret}"', written.format(name=name, **forms)).replace(
        "result = 0", "result = 0.0"
    )
    rooms = house(profile=PERFORMANCE)
    rooms.models.scripts["big"] = [Line(say=(fenced(said),)) for _ in range(3)]

    outcome = await rooms.assistant.run(asked, Whole(text=code))
    if not fits:
        assert isinstance(outcome, Failure)
        assert "the secret cannot be put back" in outcome.sentence
        return
    assert isinstance(outcome, Reply)
    assert "REDACTED_" not in outcome.text
    assert (secret in outcome.text) is ("{name}" in written)


async def test_a_fault_of_ours_is_a_sentence_and_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody expected never raises into the editor, and is logged with the job's id and without text."""
    rooms = house(small=[Line(say=(fenced("SECRET_TEXT"),), trouble=None, ending=DONE)])

    rooms.checks.broken = True
    outcome = await rooms.ask(job())
    assert isinstance(outcome, Failure)
    assert "in the log" in outcome.sentence
    assert "job job-1: ValueError at house.py:" in caplog.text
    assert "< attempt.py:" in caplog.text
    assert "SECRET_TEXT" not in caplog.text
    assert "prices" not in caplog.text


async def test_a_step_that_gave_way_is_told_while_it_happens() -> None:
    """Whoever watches sees which step is asked, and why the next one is."""
    rooms = house(small=[BAD["syntax"]], big=[Line(ending=DONE)])
    events: list[Event] = []
    await rooms.ask(job(instruction=HARD), events=events)
    assert [event.step.model.id for event in events if isinstance(event, Begun)] == ["small", "big"]
    (left,) = [event for event in events if isinstance(event, Left)]
    assert "no longer parses" in left.sentence
