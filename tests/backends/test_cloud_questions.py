"""What exactly goes to each vendor, and what only one of them tells."""

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.backends import anthropic as our_anthropic
from hybrid_lsp.backends import gemini as our_gemini
from hybrid_lsp.backends import openai_cloud as our_openai
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.stream import ChatPrompt
from tests.backends.vendors import ALL, ANTHROPIC, CHAT, GEMINI, OPENAI, Vendor, asked
from tests.doubles import gemini, openai_cloud
from tests.doubles.cloud import KEY
from tests.doubles.permits import PROMPT, door_to, permit

LONG = ChatPrompt(system="Keep every rule of this house. " * 400, user=PROMPT.user)
OPENAI_BODY = {
    "model": "gpt-6.1-terra", "instructions": "You are careful.", "input": "Fix «x».", "max_output_tokens": 256,
    "store": False, "stream": True, "service_tier": "default", "reasoning": {"effort": "low"},
    "prompt_cache_options": {"mode": "explicit"},
}  # fmt: skip
ANTHROPIC_BODY = {
    "model": "claude-sonnet-5-5", "max_tokens": 256, "system": [{"type": "text", "text": "You are careful."}],
    "messages": [{"role": "user", "content": "Fix «x»."}], "stream": True, "service_tier": "standard_only",
    "output_config": {"effort": "low"},
}  # fmt: skip
GEMINI_BODY = {
    "contents": [{"parts": [{"text": "Fix «x»."}], "role": "user"}],
    "systemInstruction": {"parts": [{"text": "You are careful."}], "role": "user"},
    "generationConfig": {"maxOutputTokens": 256, "thinkingConfig": {"thinkingLevel": "LOW"}},
}


@pytest.mark.parametrize(
    ("vendor", "body", "path", "header", "key"),
    [
        (OPENAI, OPENAI_BODY, "/v1/responses", "authorization", f"Bearer {KEY}"),
        (ANTHROPIC, ANTHROPIC_BODY, "/v1/messages", "authorization", f"Bearer {KEY}"),
        (GEMINI, GEMINI_BODY, "/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse", "x-goog-api-key", KEY),
    ],
    ids=["openai", "anthropic", "gemini"],
)
async def test_a_question_is_asked_in_the_vendors_words(
    tmp_path: Path, vendor: Vendor, body: dict[str, object], path: str, header: str, key: str
) -> None:
    """Exactly this body goes to exactly this path; the key is in its header and nowhere else."""
    async with vendor.serving(tmp_path) as double:
        await asked(vendor, double)
        question = double.server.asked[0]

    assert question.json == body
    assert (question.path, question.headers[header]) == (path, key)
    assert KEY not in question.path + question.body.decode()


@pytest.mark.parametrize(
    ("model", "thinking", "field", "value"),
    [
        ("gpt-6.1-sol", 4096, "reasoning", {"effort": "medium"}),
        ("gpt-4-turbo", 0, "reasoning", None),
        ("gpt-4-turbo", 0, "include", ["message.output_text.logprobs"]),
        ("gpt-6-luna", 2048, "include", None),
        ("gpt-4-turbo", 0, "prompt_cache_options", None),
        ("gpt-5.5", 2048, "prompt_cache_options", None),
        ("gpt-5.6-sol", 2048, "prompt_cache_options", {"mode": "explicit"}),
        ("gpt-6-astra", 8192, "prompt_cache_options", {"mode": "explicit"}),
    ],
)
def test_openai_is_asked_for_what_the_model_can(model: str, thinking: int, field: str, value: object) -> None:
    """Effort goes with the room for thoughts; log-probabilities and cache writes with what the model takes."""
    body = our_openai.asked(OPENAI.model(model_id=model, thinking_tokens=thinking), PROMPT, 99)
    assert body.get(field) == value


def test_a_long_system_text_is_cached_where_a_mark_does_it() -> None:
    """Only the part that is always the same is marked, and only once it is long enough to be kept."""
    openai: Any = our_openai.asked(OPENAI.model(), LONG, 99)
    anthropic: Any = our_anthropic.asked(ANTHROPIC.model(), LONG, 99)

    assert "instructions" not in openai
    assert [part["role"] for part in openai["input"]] == ["developer", "user"]
    assert ["prompt_cache_breakpoint" in part["content"][0] for part in openai["input"]] == [True, False]
    assert anthropic["system"][0]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize(
    ("model", "thinking", "config"),
    [
        ("gemini-4-argon", 4096, {"thinkingLevel": "MEDIUM"}),
        ("gemini-2.5-flash", 1024, {"thinkingBudget": 1024}),
        ("gemini-pro", 0, None),
    ],
)
def test_gemini_thinks_by_name_or_by_tokens(model: str, thinking: int, config: object) -> None:
    """Each generation is told in its own way; one that does not think is told nothing."""
    body: Any = our_gemini.asked(GEMINI.model(model_id=model, thinking_tokens=thinking), PROMPT, 99)
    assert body["generationConfig"].get("thinkingConfig") == config


@pytest.mark.parametrize("name", ["../admin", "a/b", "x:generateContent", "a b", "x?key=y", ""])
def test_a_gemini_name_is_only_a_name(name: str) -> None:
    """The model stands in the address there, and cannot make another one of it."""
    with pytest.raises(Refused):
        our_gemini.path_of(replace(GEMINI.model(), id=name))


async def test_how_sure_openai_was_is_kept(tmp_path: Path) -> None:
    """The mean and the lowest of the tokens' log-probabilities, where it tells them."""
    async with OPENAI.serving(tmp_path, openai_cloud.answer(logprobs=(-0.5, -1.5))) as double:
        ending = (await asked(OPENAI, double))[-1].ending

    assert ending is not None
    assert (ending.mean_logprob, ending.lowest_logprob) == (-1.0, -1.5)


async def test_how_sure_gemini_was_is_kept(tmp_path: Path) -> None:
    """Its own average holds, and the lowest of the chosen tokens."""
    chosen = {"chosenCandidates": [{"token": "a", "logProbability": -0.25}, {"token": "b", "logProbability": -2}]}
    async with GEMINI.serving(tmp_path, gemini.answer(avgLogprobs=-0.75, logprobsResult=chosen)) as double:
        ending = (await asked(GEMINI, double))[-1].ending

    assert ending is not None
    assert (ending.mean_logprob, ending.lowest_logprob) == (-0.75, -2.0)


async def test_remarks_on_the_way_are_no_answer(tmp_path: Path) -> None:
    """What OpenAI calls commentary is left out."""
    async with OPENAI.serving(tmp_path, openai_cloud.answer(aside="Let me look at it.")) as double:
        pieces = await asked(OPENAI, double)

    assert "".join(piece.text for piece in pieces) == "return total"


async def test_gemini_may_tell_only_a_total(tmp_path: Path) -> None:
    """What is left of the total is the output, thoughts with it."""
    told = {"promptTokenCount": 100, "toolUsePromptTokenCount": 5, "totalTokenCount": 145, "thoughtsTokenCount": 7}
    async with GEMINI.serving(tmp_path, gemini.answer(usage=told)) as double:
        ending = (await asked(GEMINI, double))[-1].ending

    assert ending is not None
    assert (ending.prompt_tokens, ending.output_tokens) == (105, 40)


@pytest.mark.parametrize("vendor", [*ALL, CHAT], ids=repr)
async def test_the_same_model_can_be_asked_again(tmp_path: Path, vendor: Vendor) -> None:
    """Nothing of one answer is in the next."""
    says = openai_cloud.chat() if vendor is CHAT else vendor.double.answer()
    async with vendor.serving(tmp_path, says) as double:
        door = door_to(double)
        model = vendor.opens(door, vendor.model(), KEY)
        answers = []
        for _ in range(2):
            async with aclosing(model.ask(PROMPT, permit=permit(), max_output_tokens=99, deadline_s=5)) as pieces:
                answers.append([piece async for piece in pieces])
        await door.close()

    assert answers[0] == answers[1]
