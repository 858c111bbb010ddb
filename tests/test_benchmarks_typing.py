"""The laws of the simulator that `benchmarks/ghost_typing.py` stands on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise

import pytest

from benchmarks.ghost_contestants import Oracle, prompt_at
from benchmarks.ghost_typing import ENTRIES, compare
from benchmarks.keystrokes import Buffer, Future, Key, Patch, Trace, spread
from benchmarks.simulated_editor import NEOVIM, VSCODE, Item, Session
from benchmarks.simulated_server import CPU, GPU, SimulatedServer, common_start, split
from benchmarks.virtual_time import Deadlock, run_virtually
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.stream import Ending, FimPrompt

SLOW = replace(GPU, prompt_tokens_per_s=100.0, output_tokens_per_s=10.0, overhead_s=0.0, batch_tokens=50)
"""A token is evaluated in 10 ms and said in 100 ms."""


def about(seconds: float) -> object:
    """Equal up to the microsecond that each timer takes more than it was asked for."""
    return pytest.approx(seconds, abs=1e-4)


def prompt(text: str) -> FimPrompt:
    """A prompt that the server sees as it is."""
    return FimPrompt(raw=text, before=text, after="", stop=("\n",))


def trace(*typed: str, gap_s: float = 0.2, start: str = "", pause_s: float = 3.0) -> Trace:
    """A trace of texts typed one after the other at the file's end, with a pause after each."""
    keys, at = [], len(start)
    for text in typed:
        for number, char in enumerate(text):
            gap = pause_s if number == 0 else gap_s
            keys.append(Key(patches=(Patch(at=at, deleted=0, inserted=char),), gap_s=gap))
            at += 1
    return Trace(start=start, keys=tuple(keys))


async def answer(server: SimulatedServer, text: str, *, deadline_s: float = 100.0) -> tuple[str, Ending]:
    """Ask and listen to the end."""
    said = ""
    async for piece in server.generate(prompt(text), max_tokens=50, deadline_s=deadline_s):
        said += piece.text
        if piece.ending is not None:
            return said, piece.ending
    raise AssertionError("no ending came")


def test_virtual_time_jumps_to_the_next_timer() -> None:
    """An hour passes at once, and timers fire in their order."""

    async def hour() -> tuple[list[str], float]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(2.0, order.append, "second")
        loop.call_later(1.0, order.append, "first")
        await asyncio.sleep(3600.0)
        return order, loop.time()

    order, now_s = run_virtually(hour())

    assert order == ["first", "second"]
    assert now_s == about(3600.0)


def test_time_stands_still_while_anything_is_ready() -> None:
    """Only waiting makes time pass."""

    async def busy() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtually(busy()) == 0.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_would_wait_for_ever_says_so() -> None:
    """No timer and nothing ready is a fault, not a hang."""
    with pytest.raises(Deadlock):
        run_virtually(asyncio.wait_for(asyncio.Event().wait(), None))


def test_an_answer_takes_what_the_hardware_says() -> None:
    """Overhead, then the prompt at its rate, then the answer and its end at theirs."""

    async def one() -> tuple[str, Ending, float]:
        server = SimulatedServer(SLOW, lambda _: "x" * 7)
        said, ending = await answer(server, "p" * 70)
        return said, ending, asyncio.get_running_loop().time()

    said, ending, took_s = run_virtually(one())

    assert said == "x" * 7
    assert (ending.prompt_tokens, ending.cached_tokens, ending.output_tokens) == (20, 0, 3)
    assert took_s == about(0.2 + 0.3)


def test_only_what_is_new_is_evaluated() -> None:
    """What the slot holds from the first character on is free, what it said itself included; one token never is."""

    async def three() -> list[int]:
        server = SimulatedServer(SLOW, lambda _: "yes\n")
        evaluated = []
        for text in ("a" * 350, "a" * 350 + "yes!!!!", "b" + "a" * 349, "b" + "a" * 349):
            before = server.work.prompt_tokens
            await answer(server, text)
            evaluated.append(server.work.prompt_tokens - before)
        return evaluated

    assert run_virtually(three()) == [100, 2, 100, 1]


def test_warming_makes_the_question_cheap() -> None:
    """A warmed prompt costs only the difference, and what warming cost is counted."""

    async def warmed() -> tuple[int, int, float]:
        server = SimulatedServer(SLOW, lambda _: "")
        await server.warm(prompt("a" * 350), deadline_s=10.0)
        begun_s = asyncio.get_running_loop().time()
        await answer(server, "a" * 350 + "bcd")
        return server.work.warm_tokens, server.work.prompt_tokens, asyncio.get_running_loop().time() - begun_s

    assert run_virtually(warmed()) == (100, 101, about(0.01 + 0.1))


async def _free_after_cancel(cancel_at_s: float) -> tuple[float, int, int]:
    """Close a stream at a moment; return when the next question was begun, and what the first one took."""
    server = SimulatedServer(SLOW, lambda _: "x" * 350)
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(answer(server, "a" * 700))
    await asyncio.sleep(cancel_at_s)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    work = (server.work.prompt_tokens, server.work.output_tokens)
    server._answer = lambda _: ""
    await answer(server, "b")
    return loop.time() - 0.01 - 0.1, *work


def test_closing_while_generating_frees_the_slot_in_milliseconds() -> None:
    """What was said by then is all that was spent."""
    free_s, evaluated, said = run_virtually(_free_after_cancel(2.55))

    assert free_s == about(2.55 + GPU.cancel_s)
    assert (evaluated, said) == (200, 5)


def test_closing_while_a_prompt_is_evaluated_waits_for_poll_and_border() -> None:
    """Noticed after a second, free at the next border of a batch; what is evaluated until then is spent."""
    free_s, evaluated, said = run_virtually(_free_after_cancel(0.3))

    assert free_s == about(1.0)
    assert (evaluated, said) == (100, 0)


def test_one_question_at_a_time_in_the_order_they_came() -> None:
    """The second waits for the first; one that gives up while it waits costs nothing."""

    async def three() -> tuple[list[str], int]:
        server = SimulatedServer(SLOW, lambda asked: asked.before)
        done: list[str] = []

        async def ask(text: str) -> None:
            done.append((await answer(server, text))[0])

        tasks = [asyncio.create_task(ask(text)) for text in ("a", "b", "c")]
        await asyncio.sleep(0.05)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return done, server.work.requests

    assert run_virtually(three()) == (["a", "c"], 2)


def test_a_deadline_ends_a_question_wherever_it_stands() -> None:
    """In line, in the prompt or in the answer: `Trouble`, slow, at the deadline."""

    async def late() -> list[tuple[TroubleKind, float]]:
        server = SimulatedServer(SLOW, lambda _: "x" * 3500)
        loop = asyncio.get_running_loop()
        ends: list[tuple[TroubleKind, float]] = []

        async def ask(deadline_s: float) -> None:
            try:
                await answer(server, "a" * 350, deadline_s=deadline_s)
            except Trouble as trouble:
                ends.append((trouble.kind, round(loop.time(), 3)))

        await asyncio.gather(ask(2.0), ask(0.5))
        return ends

    assert run_virtually(late()) == [(TroubleKind.SLOW, 0.5), (TroubleKind.SLOW, 2.0)]


def test_tokens_make_up_the_text() -> None:
    """Nothing is lost between the tokens, and none is empty."""
    for text in ("", "a", "abcd", "x" * 100):
        assert "".join(split(text)) == text
        assert all(split(text))


def test_a_common_start_is_found() -> None:
    """The same as looking at one character after the other."""
    for one, other, common in (("", "a", 0), ("abc", "abd", 2), ("abc", "abc", 3), ("abc", "ab", 2), ("x", "y", 0)):
        assert common_start(one, other) == common


def test_every_key_stays_in_its_second() -> None:
    """Times rise, and the seconds of the trace are kept."""
    stamps = [10, 10, 10, 11, 12, 12, 40, 40, 40, 40, 40, 40, 40, 40, 41]
    times = spread(stamps)

    assert times == sorted(times)
    assert [int(at) for at in times] == stamps
    assert times == spread(stamps)


def test_a_buffer_is_what_the_patches_say() -> None:
    """Text and cursor after typing, Enter, and deleting across a line end; the same window while only a line changes."""
    buffer = Buffer("ab\ncd")
    buffer.apply([Patch(at=2, deleted=0, inserted="!\n  x")])
    first = buffer.excerpt(1)
    buffer.apply([Patch(at=7, deleted=0, inserted="y")])
    second = buffer.excerpt(2)
    buffer.apply([Patch(at=1, deleted=3, inserted="")])

    assert (first.above, first.prefix, first.below) == ("ab!\n", "  x", "cd")
    assert second.prefix == "  xy"
    assert second.above is first.above
    assert second.below is first.below
    assert (buffer.lines, buffer.line, buffer.column) == (["a  xy", "cd"], 0, 1)


def test_the_future_is_the_line_as_it_was_left() -> None:
    """Also when it was split by Enter, with the lines after it."""
    future = Future(trace("one\ntwo\nx"))
    first = future.visit("o", 0)
    assert first is not None

    assert (first.left, future.following(first)) == ("one", ["two", "x"])


class _Scripted:
    """A contestant that says the same everywhere, after a while."""

    def __init__(self, text: str, takes_s: float) -> None:
        self.text, self.takes_s = text, takes_s
        self.taken: list[str] = []

    def edited(self, excerpt: Excerpt, next_gap_s: float) -> None:
        pass

    def accepted(self, item: Item) -> None:
        self.taken.append(item.text)

    async def ask(self, excerpt: Excerpt) -> Item | None:
        await asyncio.sleep(self.takes_s)
        return Item(text=self.text)


def test_a_right_suggestion_is_accepted_and_its_keys_are_not_struck() -> None:
    """After a pause with the right text on screen, the file stands as it would have; nothing is asked in between."""
    contestant = _Scripted("lo", 0.1)
    typed = trace("hel", "lo", "!", gap_s=0.1)
    session = Session(typed, VSCODE, contestant, lambda _: True)
    notes = run_virtually(session.run())

    assert contestant.taken == ["lo"]
    assert (notes.accepted_chars, session._buffer.lines) == (2, ["hello!"])
    assert notes.pause_s[0] == about(0.135)


def test_a_wrong_suggestion_is_typed_over() -> None:
    """Nothing is accepted that the file never read."""
    contestant = _Scripted("p me", 0.1)
    notes = run_virtually(Session(trace("hel", "lo"), VSCODE, contestant, lambda _: True).run())

    assert (notes.accepted, notes.accepted_chars) == (0, 0)
    assert notes.shown > 0


def test_only_an_editor_that_does_not_cancel_shows_what_is_stale() -> None:
    """An answer that comes after another key is dropped by one editor and shown by the other."""
    slow_typing = trace("abcdefgh", gap_s=0.3)
    notes = [
        run_virtually(Session(slow_typing, editor, _Scripted("zz", 0.5), lambda _: True).run())
        for editor in (VSCODE, NEOVIM)
    ]

    assert notes[0].stale == 0
    assert notes[1].stale > 0


def test_an_answer_after_three_quarters_of_a_second_is_never_seen_in_vscode() -> None:
    """It gives up, and the pause counts as unanswered."""
    notes = run_virtually(Session(trace("ab", "c"), VSCODE, _Scripted("zz", 0.8), lambda _: True).run())

    assert notes.pause_s == [float("inf")]


def test_the_model_says_the_same_about_the_same_place() -> None:
    """And is right about a line to its end, once it is."""
    typed = trace(*(f"let value_{n} = compute_value({n});\n" for n in range(40)))
    oracle = Oracle(Future(typed))
    buffer, right = Buffer(typed.start), []
    for now, key in enumerate(typed.keys):
        buffer.apply(key.patches)
        oracle.now = lambda now=now: now  # type: ignore[misc]
        excerpt = buffer.excerpt(now)
        assert oracle.answer(prompt_at(excerpt)) == oracle.continuation(excerpt.before)
        right.append((buffer.line, not oracle.continuation(excerpt.before).endswith("~")))

    assert 0.3 < sum(is_right for _, is_right in right) / len(right) < 0.9
    for one, other in pairwise(right):
        assert not (one[0] == other[0] and one[1] and not other[1])


def test_two_runs_are_equal() -> None:
    """To the last digit, for every contestant."""
    typed = trace(*(f"let value_{n} = compute_value({n});\n" for n in range(8)), start="fn main() {\n")
    first, second = (list(compare(typed, [GPU, CPU])) for _ in range(2))

    assert first == second
    assert len(first) >= 2 * (2 * (len(ENTRIES) - 1) + 1)
    assert {row.contestant for row in first} == {entry.name for entry in ENTRIES}


def test_waiting_first_wastes_less_and_shows_later() -> None:
    """The two baselines differ as everybody knows they do: the comparison can tell one server from another."""
    typed = trace(*(f"let value_{n} = compute_value({n});\n" for n in range(8)), start="fn main() {\n", gap_s=0.25)
    rows = {row.contestant: row for row in compare(typed, [GPU]) if row.editor == VSCODE.name}
    eager, patient = rows["ask at every key"], rows["fixed 300 ms debounce"]

    assert eager.p50_ms is not None
    assert patient.p50_ms is not None
    assert eager.p50_ms < patient.p50_ms
    assert eager.p50_ms >= 35.0


def test_ours_shows_nothing_stale_where_the_editor_would() -> None:
    """In an editor that never cancels, on a slow machine, with keys that come while the model is at work."""
    typed = trace(*(f"let value_{n} = compute_value({n});\n" for n in range(8)), start="fn main() {\n", gap_s=0.3)
    rows = {row.contestant: row for row in compare(typed, [CPU]) if row.editor == NEOVIM.name}

    assert rows["ask at every key"].stale > 0
    assert rows["ours"].stale == 0


async def test_a_stream_that_is_left_is_closed() -> None:
    """Leaving in the middle frees the slot on any loop."""
    server = SimulatedServer(replace(GPU, cancel_s=0.0), lambda _: "x" * 350)
    pieces: AsyncIterator[object] = server.generate(prompt("a"), max_tokens=50, deadline_s=5.0)
    async with aclosing(pieces) as stream:  # type: ignore[type-var]
        async for _ in stream:
            break

    assert not server._busy
