"""The double of Ollama answers as the contract says, oddities included; checked by the door, without our backend."""

import asyncio
import json
from typing import Any

import pytest

from hybrid_lsp.egress import LocalDoor
from tests.doubles.ollama import BUSY, CHAT_TEMPLATE, Installed, Line, OllamaDouble

QWEN = "qwen2.5-coder:1.5b-base"
CHAT = Installed(name="chat:latest", template=CHAT_TEMPLATE)
CLOUD = Installed(name="big:latest", remote_host="https://ollama.com:443")
STREAM = {"connect_timeout_s": 1.0, "first_byte_timeout_s": 5.0, "total_timeout_s": 5.0}


async def said(double: OllamaDouble, path: str, wanted: object) -> tuple[int, list[dict[str, Any]]]:
    """The status and every line of what the double answers."""
    door = LocalDoor(double.url)
    async with door.stream(path, wanted, **STREAM) as stream:
        lines = [json.loads(line) async for line in stream.lines()]
    await door.close()
    return stream.status, lines


async def generate(double: OllamaDouble, **wanted: object) -> tuple[int, list[dict[str, Any]]]:
    """What /api/generate answers for the usual model."""
    return await said(double, "/api/generate", {"model": QWEN, "prompt": "x", "suffix": "y", **wanted})


def text(lines: list[dict[str, Any]]) -> str:
    """The text of a stream."""
    return "".join(line.get("response", "") for line in lines)


async def test_a_stream_ends_with_what_it_took() -> None:
    """Pieces come one JSON a line, the last with done, its reason and the counts; `context` only when not raw."""
    async with OllamaDouble() as double:
        status, lines = await generate(double)
        _, raw = await generate(double, raw=True)

    assert (status, text(lines)) == (200, "return total")
    assert (lines[-1]["done"], lines[-1]["done_reason"], lines[-1]["eval_count"]) == (True, "stop", 2)
    assert ("context" in lines[-1], "context" in raw[-1]) == (True, False)


@pytest.mark.parametrize(
    ("wanted", "status", "error"),
    [
        ({"model": "nobody"}, 404, "model 'nobody' not found"),
        ({"raw": True, "system": "s"}, 400, "raw mode does not support template, system, or context"),
        ({"raw": True, "system": "s", "think": True}, 400, "raw mode does not support template, system, or context"),
        ({"think": True, "model": "chat"}, 400, '"chat" does not support thinking'),
        ({"model": "chat"}, 400, "registry.ollama.ai/library/chat:latest does not support insert"),
        ({"model": "chat", "raw": True}, 400, "registry.ollama.ai/library/chat:latest does not support insert"),
    ],
)
async def test_what_is_wrong_is_checked_in_ollamas_order(wanted: dict[str, object], status: int, error: str) -> None:
    """Each mistake has its status and its words, and of two mistakes the earlier check's; nothing is loaded for it."""
    async with OllamaDouble(models=(Installed(name=QWEN), CHAT)) as double:
        assert await generate(double, **wanted) == (status, [{"error": error}])
        assert double.loads == 0


async def test_no_body_and_bad_json_are_told_apart() -> None:
    """An empty body and one that is no JSON are 400, each in its words."""
    async with OllamaDouble() as double:
        for body, words in ((b"", b"missing request body"), (b"{x", b"invalid character")):
            reader, writer = await asyncio.open_connection("127.0.0.1", double.server.port)
            writer.write(b"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            answered = await reader.readuntil(b"}")
            writer.close()

            assert answered.startswith(b"HTTP/1.1 400")
            assert words in answered


async def test_an_empty_prompt_loads_or_unloads() -> None:
    """Without a prompt nothing is generated, suffix or not: the model is loaded, or with keep_alive 0 unloaded."""
    async with OllamaDouble() as double:
        _, loaded = await generate(double, prompt="")
        _, unloaded = await generate(double, prompt="", keep_alive=0)
        await generate(double)

    assert (loaded[0]["done_reason"], unloaded[0]["done_reason"]) == ("load", "unload")
    assert (double.loads, len(double.evaluated)) == (2, 1)


async def test_an_empty_suffix_makes_the_model_chat() -> None:
    """Without a suffix the answer is prose; raw leaves the suffix out."""
    async with OllamaDouble() as double:
        _, prose = await generate(double, suffix="")
        await generate(double, raw=True)

    assert text(prose).startswith("Sure")
    assert double.evaluated[-1] == "x"


async def test_other_runner_options_load_the_model_anew() -> None:
    """A change of num_ctx, num_thread or shift between requests costs a load; other options do not."""
    async with OllamaDouble() as double:
        loads = []
        for wanted in (
            {},
            {"options": {"temperature": 0}},
            {"options": {"num_ctx": 2048}},
            {"options": {"num_thread": 2}},
            {"shift": False},
        ):
            await generate(double, **wanted)
            loads.append(double.loads)

    assert loads == [1, 1, 2, 3, 4]


async def test_thirty_one_tokens_alike_end_without_a_word() -> None:
    """The 31st identical token in a row ends the stream properly, but without a line that says done."""
    async with OllamaDouble(script=[Line(say=["a "] * 50)]) as double:
        _, lines = await generate(double)

    assert (len(lines), any(line["done"] for line in lines)) == (30, False)


async def test_an_error_after_the_first_byte_is_a_line() -> None:
    """Once a stream has begun, an error is a line of it under status 200."""
    async with OllamaDouble(script=[Line(then="error")]) as double:
        status, lines = await generate(double)

    assert status == 200
    assert list(lines[-1]) == ["error"]


async def test_limits_and_stop_texts_end_an_answer() -> None:
    """num_predict ends with `length`; a stop text ends with `stop` and is no part of the text."""
    async with OllamaDouble(script=[Line(say=["a ", "b", "\n", "c"])]) as double:
        _, limited = await generate(double, options={"num_predict": 1})
        _, stopped = await generate(double, options={"stop": ["\n"]})

    assert (text(limited), limited[-1]["done_reason"]) == ("a ", "length")
    assert (text(stopped), stopped[-1]["done_reason"]) == ("a b", "stop")


async def test_no_tokens_means_no_limit_to_an_old_runner() -> None:
    """num_predict 0 reads the prompt and says nothing, but before llama-server it was no limit at all."""
    async with OllamaDouble() as new, OllamaDouble(old_runner=True) as old:
        answers = [text((await generate(double, options={"num_predict": 0}))[1]) for double in (new, old)]

    assert answers == ["", "return total"]


async def test_a_prompt_that_is_too_long_is_cut_unless_that_is_forbidden() -> None:
    """By default the server cuts it silently; with truncate false, llama-server's JSON comes as text in the error."""
    async with OllamaDouble(default_num_ctx=8) as double:
        status, _ = await generate(double, prompt="w " * 20)
        refused, lines = await generate(double, prompt="w " * 20, truncate=False)

    assert (status, double.truncated, refused) == (200, 1, 400)
    assert json.loads(lines[0]["error"])["error"]["n_ctx"] == 8


async def test_one_slot_serves_one_at_a_time() -> None:
    """Of three requests one runs; the others wait without an error, and one that goes leaves the queue."""
    async with OllamaDouble(script=[Line(token_s=0.2)]) as double:
        tasks = [asyncio.create_task(generate(double)) for _ in range(3)]
        async with asyncio.timeout(5):
            while (waiting := double.waiting) < 2:
                await asyncio.sleep(0.005)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert (waiting, double.most_at_once, len(double.evaluated)) == (2, 1, 2)


async def test_only_loads_are_turned_away() -> None:
    """Too many requests that would need a load get a 503 whose words have two blanks."""
    async with OllamaDouble(max_pending_loads=1, load_s=0.1) as double:
        first = asyncio.create_task(generate(double))
        await asyncio.sleep(0.05)
        assert await generate(double) == (503, [{"error": BUSY}])
        assert (await first)[0] == 200

    assert "try again.  maximum" in BUSY


async def test_a_client_that_goes_stops_the_model() -> None:
    """Once the connection closes, no more tokens are made, and that is told."""
    async with OllamaDouble(script=[Line(say=[f"{n} " for n in range(1000)], token_s=0.002)]) as double:
        door = LocalDoor(double.url)
        async with door.stream("/api/generate", {"model": QWEN, "prompt": "x", "suffix": "y"}, **STREAM) as stream:
            await anext(stream.lines())
        await asyncio.sleep(0.03)
        made = double.made
        await asyncio.sleep(0.03)
        await door.close()

    assert (double.stopped, double.made) == (1, made)


async def test_remote_models_are_proxied_and_say_so() -> None:
    """Names for the cloud go out before any look at the machine; a remote model's pieces name the host; `:local` is 404."""
    async with OllamaDouble(models=(CLOUD,)) as double:
        _, named = await generate(double, model="gpt-oss:120b-cloud")
        _, stored = await generate(double, model="big")
        guarded, _ = await generate(double, model="big:latest:local")

    assert double.proxied == 2
    assert {named[0]["remote_host"], stored[0]["remote_host"]} == {"https://ollama.com:443"}
    assert guarded == 404


async def test_lists_tell_what_is_installed_and_loaded() -> None:
    """/api/tags, /api/ps and /api/show tell capabilities, the loaded context and the template."""
    async with OllamaDouble(models=(Installed(name=QWEN), CHAT), preloaded={QWEN: 8192}) as double:
        door = LocalDoor(double.url)
        tags = json.loads((await door.get("/api/tags", timeout_s=5)).body)["models"]
        running = json.loads((await door.get("/api/ps", timeout_s=5)).body)["models"]
        root = await door.get("/", timeout_s=5)
        _, shown = await said(double, "/api/show", {"model": "chat"})
        unnamed, _ = await said(double, "/api/show", {})
        unknown, _ = await said(double, "/api/show", {"model": "nobody"})
        await door.close()

    assert [model["capabilities"] for model in tags] == [["completion", "insert"], ["completion"]]
    assert [(model["name"], model["context_length"]) for model in running] == [(QWEN, 8192)]
    assert root.body == b"Ollama is running"
    assert shown[0]["template"] == CHAT_TEMPLATE
    assert (unnamed, unknown) == (400, 404)


async def test_a_pull_tells_how_far_it_is() -> None:
    """A pull is a stream of states; an error is a line after the first state."""
    error = {"error": "pull model manifest: file does not exist"}
    async with OllamaDouble(pulls=[[{"status": "success"}], [error]]) as double:
        _, fine = await said(double, "/api/pull", {"model": "a"})
        status, failed = await said(double, "/api/pull", {"model": "b"})

    assert [line["status"] for line in fine] == ["pulling manifest", "success"]
    assert (status, failed[-1]) == (200, error)
