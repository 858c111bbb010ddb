"""What holds for every vendor: texts, counts and endings; each error in its kind; whatever the network does."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from hybrid_lsp.backends.openai_chat import WISHES, ChatReading
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.stream import Ending, EndReason, Piece
from tests.backends.vendors import ALL, ANTHROPIC, CHAT, GEMINI, OPENAI, Vendor, asked
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import KEY, Says, VendorDouble, broken, failure, oddities
from tests.doubles.permits import PROMPT, door_to, permit

USAGE = Ending(
    reason=EndReason.DONE, prompt_tokens=123, cached_tokens=3, output_tokens=42, reasoning_tokens=7
)  # fmt: skip
WHOLE = {
    "openai": replace(USAGE, cache_write_tokens=20, answered_by="gpt-6.1-terra-2026-10-01"),
    "anthropic": replace(USAGE, cache_write_tokens=20, answered_by="claude-sonnet-5-5-20261001"),
    "gemini": replace(USAGE, answered_by="gemini-3.8-flash-001"),
}


def text_of(pieces: list[Piece]) -> str:
    """The text of an answer."""
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_an_answer_comes_in_pieces_with_what_it_took(tmp_path: Path, vendor: Vendor) -> None:
    """Text comes as it is streamed, thoughts do not; the last piece counts cached and reasoning tokens into the whole."""
    async with vendor.serving(tmp_path) as double:
        pieces = await asked(vendor, double)

    assert pieces == [Piece(text="return "), Piece(text="total"), Piece(ending=WHOLE[vendor.name])]
    usage = pieces[-1].ending and pieces[-1].ending.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (123, 42)


@pytest.mark.parametrize("oddity", list(oddities(Says())))
@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_it_does_not_matter_how_the_bytes_come(tmp_path: Path, vendor: Vendor, oddity: str) -> None:
    """Cut anywhere, also within a character, with other line ends or with comments, an answer is the same."""
    says = oddities(vendor.double.answer(("«ä", "😀»")))[oddity]
    async with vendor.serving(tmp_path, says) as double:
        pieces = await asked(vendor, double)

    assert text_of(pieces) == "«ä😀»"
    assert pieces[-1].ending == WHOLE[vendor.name]


@pytest.mark.parametrize("way", list(broken(Says())))
@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_a_broken_answer_is_a_trouble_that_may_have_cost(tmp_path: Path, vendor: Vendor, way: str) -> None:
    """What breaks off, or is no text or no JSON, is told, not taken for an answer, and not asked again."""
    says = broken(vendor.double.answer())[way]
    async with vendor.serving(tmp_path, says) as double:
        with pytest.raises(Trouble) as trouble:
            await asked(vendor, double)

        assert len(double.server.asked) == 1
    assert trouble.value.kind is (TroubleKind.OFFLINE if way.startswith("cut") else TroubleKind.NONSENSE)
    assert trouble.value.may_have_cost


@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_a_stream_that_just_ends_is_broken_off(tmp_path: Path, vendor: Vendor) -> None:
    """Where the vendor did not say why it ended, what came is all there is, and what it cost is not known."""
    cut = 2 if vendor is ANTHROPIC else 1
    says = vendor.double.answer()
    says = gemini.answer(finish=None) if vendor is GEMINI else replace(says, events=says.events[:-cut])
    async with vendor.serving(tmp_path, says) as double:
        pieces = await asked(vendor, double)

    assert text_of(pieces) == "return total"
    assert pieces[-1].ending is not None
    assert (pieces[-1].ending.reason, pieces[-1].ending.usage) == (EndReason.BROKEN_OFF, None)


@pytest.mark.parametrize("then", ["cut", "hang"])
@pytest.mark.parametrize(("vendor", "says", "is_counted"), [
    (ANTHROPIC, replace(anthropic.answer(), events=anthropic.answer().events[:-1]), True),
    (GEMINI, gemini.answer(), True), (CHAT, openai_cloud.chat(usage=False), False),
], ids=["anthropic", "gemini", "compatible"])  # fmt: skip
async def test_what_breaks_after_a_whole_answer_takes_nothing_from_it(
    tmp_path: Path, vendor: Vendor, says: Says, is_counted: bool, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was paid for and is there, so it is an answer, at once; counts that did not come are not known."""
    monkeypatch.setattr("hybrid_lsp.backends.cloud.LAST_WORD_S", 0.1)
    events = tuple(each for each in says.events if b"[DONE]" not in each)
    async with VendorDouble(
        folder=tmp_path, script=(replace(says, events=events, then=then),), refusal=lambda _: None
    ) as double:
        pieces = await asked(vendor, double, deadline_s=60)

    assert text_of(pieces) == "return total"
    assert pieces[-1].ending is not None
    assert (pieces[-1].ending.reason, pieces[-1].ending.usage is not None) == (EndReason.DONE, is_counted)


async def test_counts_that_no_answer_has_are_not_known(tmp_path: Path) -> None:
    """A number that no amount of money can be made of is no number of tokens."""
    says = openai_cloud.answer(usage={**openai_cloud.USAGE, "input_tokens": 10**40})
    async with OPENAI.serving(tmp_path, says) as double:
        ending = (await asked(OPENAI, double))[-1].ending

    assert ending is not None
    assert (ending.prompt_tokens, ending.usage) == (None, None)


@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_missing_counts_are_not_known(tmp_path: Path, vendor: Vendor) -> None:
    """An answer without usage has none; it is not 0."""
    async with vendor.serving(tmp_path, vendor.double.answer(usage=None)) as double:
        ending = (await asked(vendor, double))[-1].ending

    assert ending is not None
    assert (ending.reason, ending.prompt_tokens, ending.usage) == (EndReason.DONE, None, None)


K = TroubleKind
KINDS = {
    OPENAI: {
        "key": K.BAD_KEY, "permission": K.BAD_KEY, "quota": K.SPENT, "hard limit": K.SPENT, "no model": K.NO_MODEL,
        "too long": K.OVERFLOW, "policy": K.DECLINED, "bad": K.NONSENSE, "rate": K.RATE_LIMITED, "server": K.BUSY,
        "overloaded": K.BUSY, "conflict": K.BUSY, "timeout": K.BUSY, "page": K.BUSY,
    },
    ANTHROPIC: {
        "key": K.BAD_KEY, "permission": K.BAD_KEY, "billing": K.SPENT, "credit": K.SPENT, "limits": K.SPENT,
        "spend limit": K.SPENT, "no model": K.NO_MODEL, "too large": K.OVERFLOW, "too long": K.OVERFLOW,
        "too long with cap": K.OVERFLOW, "bad": K.NONSENSE, "rate": K.RATE_LIMITED, "overloaded": K.BUSY, "api": K.BUSY,
        "timeout": K.BUSY,
    },
    GEMINI: {
        "key": K.BAD_KEY, "unauthenticated": K.BAD_KEY, "permission": K.BAD_KEY, "billing": K.SPENT, "day": K.SPENT,
        "cap": K.SPENT, "no model": K.NO_MODEL, "too long": K.OVERFLOW, "bad": K.NONSENSE, "rate": K.RATE_LIMITED,
        "rate in a list": K.RATE_LIMITED, "overloaded": K.BUSY, "internal": K.BUSY,
    },
}  # fmt: skip
CASES = [(vendor, name, kind) for vendor, kinds in KINDS.items() for name, kind in kinds.items()]
AGAIN = (TroubleKind.RATE_LIMITED, TroubleKind.BUSY)
SECRET_WORDS = (KEY, "Fix «x»", "careful", "quota.", "Billing", "Invalid prompt")


def test_every_error_of_the_doubles_is_tried() -> None:
    """No error that a double knows is left out below."""
    assert {vendor.name: set(kinds) for vendor, kinds in KINDS.items()} == {
        vendor.name: set(vendor.double.FAILURES) for vendor in ALL
    }


@pytest.mark.parametrize(("vendor", "name", "kind"), CASES, ids=lambda each: str(each))
async def test_each_error_is_told_as_what_it_is(tmp_path: Path, vendor: Vendor, name: str, kind: TroubleKind) -> None:
    """What passes is asked once more and answered; anything else is one sentence, without the vendor's words or ours."""
    failure = vendor.double.FAILURES[name]
    async with vendor.serving(tmp_path, failure, vendor.double.answer()) as double:
        if kind in AGAIN:
            assert text_of(await asked(vendor, double)) == "return total"
            assert len(double.server.asked) == 2
            return
        door = door_to(double)
        with pytest.raises(Trouble) as trouble:
            await asked(vendor, double, door=door)

        assert (len(double.server.asked), trouble.value.kind, trouble.value.may_have_cost) == (1, kind, False)
        assert not any(words in str(trouble.value) for words in SECRET_WORDS)
        assert (door.circuits.why(vendor.model_id) != "") is (kind is TroubleKind.SPENT)


@pytest.mark.parametrize("vendor", [*ALL, CHAT], ids=repr)
async def test_a_bill_that_is_due_is_told_as_one(tmp_path: Path, vendor: Vendor) -> None:
    """A vendor that answers 402, in whichever words, is named as out of money, and not asked again."""
    async with vendor.serving(tmp_path, failure(402, {"error": {"message": "Insufficient balance"}})) as double:
        with pytest.raises(Trouble, match="limit of money") as trouble:
            await asked(vendor, double)

        asked_once = 2 if vendor is CHAT else 1  # the first was turned away for the name of its cap
        assert (len(double.server.asked), trouble.value.kind) == (asked_once, TroubleKind.SPENT)


@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_what_never_passes_is_told_after_so_many_attempts(tmp_path: Path, vendor: Vendor) -> None:
    """A vendor that stays busy is named, with what to do."""
    async with vendor.serving(tmp_path, vendor.double.FAILURES["rate"]) as double:
        with pytest.raises(Trouble, match="ask again in a minute") as trouble:
            await asked(vendor, double)

        assert (len(double.server.asked), trouble.value.kind) == (4, TroubleKind.RATE_LIMITED)


@pytest.mark.parametrize(
    ("vendor", "name", "numbers"),
    [
        (OPENAI, "too long", (130_000, 128_000)),
        (ANTHROPIC, "too long", (210_000, 200_000)),
        (ANTHROPIC, "too long with cap", (210_000, 200_000)),
        (GEMINI, "too long", (1_100_000, 1_048_576)),
    ],
    ids=str,
)
async def test_an_overflow_says_how_long_it_was(
    tmp_path: Path, vendor: Vendor, name: str, numbers: tuple[int, int]
) -> None:
    """Where the vendor tells the tokens of the question and of the window, so do we."""
    async with vendor.serving(tmp_path, vendor.double.FAILURES[name]) as double:
        with pytest.raises(Trouble) as trouble:
            await asked(vendor, double)

    assert (trouble.value.prompt_tokens, trouble.value.window_tokens) == numbers


@pytest.mark.parametrize("vendor", [*ALL, CHAT], ids=repr)
async def test_a_wrong_key_names_its_variable(tmp_path: Path, vendor: Vendor) -> None:
    """The sentence says which variable to look at, and never what is in it."""
    async with vendor.serving(tmp_path) as double:
        with pytest.raises(Trouble, match="DOUBLE_API_KEY") as trouble:
            await asked(vendor, double, key="sk-another-key")

    assert trouble.value.kind is TroubleKind.BAD_KEY
    assert "sk-another-key" not in str(trouble.value)


MIDWAY = [
    (OPENAI, openai_cloud.fails_midway(), K.BUSY),
    (OPENAI, openai_cloud.fails_midway(None), K.BUSY),
    (OPENAI, openai_cloud.fails_midway("rate_limit_exceeded"), K.RATE_LIMITED),
    (OPENAI, openai_cloud.failed("server_error"), K.BUSY),
    (OPENAI, openai_cloud.failed("rate_limit_exceeded"), K.RATE_LIMITED),
    (ANTHROPIC, anthropic.fails_midway(), K.BUSY),
    (ANTHROPIC, anthropic.fails_midway("rate_limit_error"), K.RATE_LIMITED),
    (ANTHROPIC, anthropic.fails_midway("never_seen_error"), K.BUSY),
    (GEMINI, gemini.fails_midway(), K.BUSY),
]


@pytest.mark.parametrize(
    ("vendor", "says", "kind"), MIDWAY, ids=lambda each: "" if isinstance(each, Says) else str(each)
)
async def test_an_error_within_a_stream_is_told_and_may_have_cost(
    tmp_path: Path, vendor: Vendor, says: Says, kind: TroubleKind
) -> None:
    """Pieces that came before it were handed out; it is not asked again."""
    async with vendor.serving(tmp_path, says, vendor.double.answer()) as double:
        got: list[Piece] = []
        with pytest.raises(Trouble) as trouble:
            await asked(vendor, double, into=got)

        assert (trouble.value.kind, trouble.value.may_have_cost, len(double.server.asked)) == (kind, True, 1)
    assert text_of(got).startswith("ret")


ENDINGS = [
    (OPENAI, openai_cloud.answer(last="response.incomplete", incomplete_details={"reason": "max_output_tokens"}),
     EndReason.LIMIT, ""),
    (OPENAI, openai_cloud.answer(last="response.incomplete", incomplete_details={"reason": "content_filter"}),
     EndReason.REFUSED, "content_filter"),
    (OPENAI, openai_cloud.answer((), refusal="I can't help with that."), EndReason.REFUSED, "I can't help with that."),
    (OPENAI, openai_cloud.failed("bio_policy"), EndReason.REFUSED, "bio_policy"),
    (ANTHROPIC, anthropic.answer(stop_reason="max_tokens"), EndReason.LIMIT, ""),
    (ANTHROPIC, anthropic.answer(stop_reason="model_context_window_exceeded"), EndReason.LIMIT, ""),
    (ANTHROPIC, anthropic.answer(stop_reason="stop_sequence"), EndReason.DONE, ""),
    (ANTHROPIC, anthropic.answer(stop_reason="pause_turn"), EndReason.BROKEN_OFF, ""),
    (ANTHROPIC, anthropic.answer(stop_reason="refusal", explanation="No."), EndReason.REFUSED, "No."),
    (GEMINI, gemini.answer(finish="MAX_TOKENS"), EndReason.LIMIT, ""),
    (GEMINI, gemini.answer(finish="OTHER"), EndReason.BROKEN_OFF, ""),
    (GEMINI, gemini.stopped("SAFETY"), EndReason.REFUSED, "SAFETY"),
    (GEMINI, gemini.stopped("RECITATION"), EndReason.REFUSED, "RECITATION"),
    (GEMINI, gemini.stopped("A_REASON_OF_NEXT_YEAR"), EndReason.REFUSED, "A_REASON_OF_NEXT_YEAR"),
    (GEMINI, gemini.blocked(), EndReason.REFUSED, "SAFETY"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "says", "reason", "said"), ENDINGS, ids=lambda each: "" if isinstance(each, Says) else str(each)
)
async def test_every_way_to_end_is_an_outcome(
    tmp_path: Path, vendor: Vendor, says: Says, reason: EndReason, said: str
) -> None:
    """Limits, refusals and filters end an answer; none of them is an error, and a refusal's words are no text of it."""
    async with vendor.serving(tmp_path, says) as double:
        pieces = await asked(vendor, double)

    ending = pieces[-1].ending
    assert ending is not None
    assert (ending.reason, ending.said) == (reason, said)
    assert not said or said not in text_of(pieces)


@pytest.mark.parametrize("vendor", ALL, ids=repr)
async def test_who_stops_listening_stops_the_vendor(tmp_path: Path, vendor: Vendor) -> None:
    """Closing the answer after its first piece closes the connection at once."""
    says = vendor.double.answer()
    async with vendor.serving(tmp_path, replace(says, events=says.events[:-1], then="hang")) as double:
        door = door_to(double)
        model = vendor.opens(door, vendor.model(), KEY)
        async with aclosing(model.ask(PROMPT, permit=permit(), max_output_tokens=99, deadline_s=5)) as pieces:
            first = await anext(pieces)
            left_at = time.monotonic()
        async with asyncio.timeout(2):
            await double.server.hung_up.wait()
        await door.close()

    assert first == Piece(text="return ")
    assert double.server.hung_up_at[0] - left_at < 0.5


@pytest.mark.parametrize("vendor", [*ALL, CHAT], ids=repr)
async def test_without_a_cap_or_a_permit_nothing_is_asked(tmp_path: Path, vendor: Vendor) -> None:
    """No answer without an end that is paid for."""
    async with vendor.serving(tmp_path) as double:
        model = vendor.opens(door_to(double), vendor.model(), KEY)
        for leave, cap in ((permit(), 0), (permit(decisions=()), 99)):
            with pytest.raises(Refused):
                await anext(model.ask(PROMPT, permit=leave, max_output_tokens=cap, deadline_s=5))

        assert double.server.asked == []


@pytest.mark.parametrize("vendor", [*ALL, CHAT], ids=repr)
async def test_no_key_is_shown(tmp_path: Path, vendor: Vendor) -> None:
    """A model says nothing of its key when it is printed."""
    async with vendor.serving(tmp_path) as double:
        assert KEY not in repr(vendor.opens(door_to(double), vendor.model(), KEY))


async def test_a_chat_that_does_not_take_a_field_is_asked_without_it(tmp_path: Path) -> None:
    """A compatible vendor's own name for the cap is used, from then on at once, and its counts are read as OpenAI's."""
    async with CHAT.serving(tmp_path, openai_cloud.chat()) as double:
        door = door_to(double)
        model = CHAT.opens(door, CHAT.model(), KEY)
        answers = []
        for _ in range(2):
            async with aclosing(model.ask(PROMPT, permit=permit(), max_output_tokens=99, deadline_s=5)) as pieces:
                answers.append([piece async for piece in pieces])
        await door.close()

        caps = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in double.bodies]
    assert caps == [(99, None), (None, 99), (None, 99)]
    assert text_of(answers[0]) == "return total"
    assert answers[1][-1].ending == WHOLE["openai"]


async def test_two_questions_at_once_find_out_together_what_a_chat_does_not_take(tmp_path: Path) -> None:
    """Whoever is told second what the first has mended already asks again, too."""
    async with CHAT.serving(tmp_path, openai_cloud.chat()) as double:
        door = door_to(double)
        model = CHAT.opens(door, CHAT.model(), KEY)

        async def answer() -> list[Piece]:
            async with aclosing(model.ask(PROMPT, permit=permit(), max_output_tokens=99, deadline_s=5)) as pieces:
                return [piece async for piece in pieces]

        answers = await asyncio.gather(*(answer() for _ in range(3)))
        await door.close()
    assert [text_of(pieces) for pieces in answers] == ["return total"] * 3


async def test_a_chat_that_takes_few_fields_is_no_failing_vendor(tmp_path: Path) -> None:
    """Each field is left out in turn, within the same deadline, and the circuit stays closed."""
    refusing = [failure(400, {"error": {"message": f"no {name}"}}) for name in ("max_completion_tokens", *WISHES)]
    script = (*refusing, openai_cloud.chat())
    async with VendorDouble(folder=tmp_path, script=script, refusal=lambda _: None) as double:
        answer = await asked(CHAT, double)

        assert [sorted(set(body) & {*WISHES, "max_completion_tokens"}) for body in double.bodies] == [
            ["logprobs", "stream_options"], ["logprobs", "max_completion_tokens", "stream_options"],
            ["logprobs", "max_completion_tokens"], ["max_completion_tokens"],
        ]  # fmt: skip
    assert text_of(answer) == "return total"


@pytest.mark.parametrize(
    ("counts", "output"),
    [
        ({"completion_tokens": 42, "total_tokens": 165}, 42), ({"completion_tokens": 42}, 42),
        ({"completion_tokens": 42, "total_tokens": 465}, 342), ({"completion_tokens": 42, "total_tokens": 1}, 42),
    ],
)  # fmt: skip
def test_thoughts_that_a_chat_counts_apart_are_output(counts: dict[str, int], output: int) -> None:
    """What is in the total and not in the question was written, and is billed; before the end nothing is sure."""
    reading = ChatReading(lambda _: Trouble(TroubleKind.BUSY, "…"))
    reading.text_in({"choices": [{"delta": {}}], "usage": {"prompt_tokens": 123, **counts}})
    assert reading.ending().usage is None
    reading.text_in({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    usage = reading.ending().usage
    assert usage is not None
    assert usage.output_tokens == output


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (openai_cloud.chat(finish="length"), EndReason.LIMIT),
        (openai_cloud.chat(finish="content_filter"), EndReason.REFUSED),
        (openai_cloud.chat((), refusal="No."), EndReason.REFUSED),
        (openai_cloud.chat(finish=None), EndReason.BROKEN_OFF),
        (openai_cloud.chat(usage=False), EndReason.DONE),
    ],
)
async def test_a_chat_ends_as_it_says(tmp_path: Path, says: Says, reason: EndReason) -> None:
    """Each reason of chat completions is an outcome; usage that does not come is not known."""
    async with CHAT.serving(tmp_path, says) as double:
        ending = (await asked(CHAT, double))[-1].ending

    assert ending is not None
    assert ending.reason is reason
    assert (ending.usage is None) is (says == openai_cloud.chat(usage=False))
