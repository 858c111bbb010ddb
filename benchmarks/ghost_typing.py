"""Ghost text under real keystrokes, ours beside what is easily written, in one run: see `ghost_typing.md`.

    python benchmarks/ghost_typing.py TRACE.json.gz [--hardware gpu|cpu|both] [--limit KEYS] [--shipped] [--json]

Everything runs on a virtual clock against a simulated model server, so that the same trace gives the same numbers.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.ghost_contestants import Baseline, Ideal, Oracle, plain_prompt_at
from benchmarks.ghost_ours import Ours
from benchmarks.keystrokes import Future, Trace, read_trace
from benchmarks.simulated_editor import FORESEEING, NEOVIM, VSCODE, Contestant, Editor, Notes, Session
from benchmarks.simulated_server import CHARS_PER_TOKEN, HARDWARE, Hardware, SimulatedServer, Work
from benchmarks.virtual_time import run_virtually

DEBOUNCE_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One contestant, before it has met a server."""

    name: str
    meet: Callable[[SimulatedServer], Contestant]
    editor: Editor | None = None
    """The only one it is for; None: for each."""


ENTRIES = (
    Entry(name="ask at every key, plain prompt", meet=lambda server: Baseline(server, layout=plain_prompt_at)),
    Entry(name="ask at every key", meet=Baseline),
    Entry(name="fixed 300 ms debounce", meet=lambda server: Baseline(server, wait_s=DEBOUNCE_S)),
    Entry(name="ours", meet=Ours),
    Entry(name="the ideal", meet=Ideal, editor=FORESEEING),
)
WITH_SHIPPED = Entry(name="ours, with the shipped model", meet=lambda server: Ours(server, with_shipped=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one contestant did."""

    hardware: str
    editor: str
    contestant: str
    pauses: int
    p50_ms: float | None
    """From the last key of a pause to ghost text; None when half of the pauses were not answered."""
    p95_ms: float | None
    before_200_ms: float
    """Share of the pauses."""
    before_750_ms: float
    prompt_tokens_per_char: float | None
    """Evaluated for each accepted character; None when none was accepted."""
    wasted_tokens_per_char: float | None
    """Generated but not accepted, for each accepted character."""
    accepted_chars: int
    stale: int
    asked: int
    """By the editor."""
    requests: int
    """To the model."""
    warm_tokens: int
    """Evaluated ahead of any question."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--hardware", choices=[*HARDWARE, "both"], default="both")
    parser.add_argument("--limit", type=int, default=12_000, help="keys to type; about 4,000 an hour")
    parser.add_argument("--shipped", action="store_true", help="ours also with the model that we ship, beside it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    trace = read_trace(options.trace, options.limit)
    machines = [HARDWARE[name] for name in HARDWARE if options.hardware in {name, "both"}]
    rows = compare(trace, machines, (*ENTRIES, WITH_SHIPPED) if options.shipped else ENTRIES)
    if options.json:
        print(json.dumps({"keys": len(trace.keys), "rows": [asdict(row) for row in rows]}))
        return
    print(f"{len(trace.keys)} keys in {trace.seconds / 3600:.1f} h")
    print_table(rows)


def compare(trace: Trace, machines: list[Hardware], entries: tuple[Entry, ...] = ENTRIES) -> Iterator[Row]:
    """Yield a row for each hardware, editor and contestant."""
    future = Future(trace)
    for hardware in machines:
        for editor in (VSCODE, NEOVIM, FORESEEING):
            for entry in entries:
                if editor == (entry.editor or editor) and (entry.editor or editor is not FORESEEING):
                    notes, work = run_virtually(_type(trace, future, hardware, editor, entry))
                    yield _row(hardware, editor, entry, notes, work)


async def _type(trace: Trace, future: Future, hardware: Hardware, editor: Editor, entry: Entry) -> tuple[Notes, Work]:
    oracle = Oracle(future)
    server = SimulatedServer(hardware, oracle.answer)
    session = Session(trace, editor, entry.meet(server), oracle.can_be_shown)
    oracle.now = lambda: session.now
    return await session.run(), server.work


def _row(hardware: Hardware, editor: Editor, entry: Entry, notes: Notes, work: Work) -> Row:
    chars = notes.accepted_chars
    wasted = work.output_tokens - chars / CHARS_PER_TOKEN
    return Row(
        hardware=hardware.name,
        editor=editor.name,
        contestant=entry.name,
        pauses=len(notes.pause_s),
        p50_ms=_percentile_ms(notes.pause_s, 0.5),
        p95_ms=_percentile_ms(notes.pause_s, 0.95),
        before_200_ms=_share_before(notes.pause_s, 0.2),
        before_750_ms=_share_before(notes.pause_s, 0.75),
        prompt_tokens_per_char=work.prompt_tokens / chars if chars else None,
        wasted_tokens_per_char=wasted / chars if chars else None,
        accepted_chars=chars,
        stale=notes.stale,
        asked=notes.asked,
        requests=work.requests,
        warm_tokens=work.warm_tokens,
    )


def _percentile_ms(seconds: list[float], share: float) -> float | None:
    """Return the value that this share of the pauses stays at or below; None when it is never."""
    at = sorted(seconds)[max(0, math.ceil(share * len(seconds)) - 1)] if seconds else math.inf
    return None if math.isinf(at) else round(at * 1000, 3)


def _share_before(seconds: list[float], limit_s: float) -> float:
    return sum(one < limit_s for one in seconds) / len(seconds) if seconds else 0.0


def print_table(rows: Iterator[Row]) -> None:
    """Print the rows as a table in Markdown, as they come."""
    print("| model on | editor | contestant | p50 ms | p95 ms | < 200 ms | < 750 ms |", end="")
    print(" prompt tokens / accepted char | wasted tokens / accepted char | accepted chars | stale | pauses |")
    print("|" + " --- |" * 12)
    for row in rows:
        cells = (
            row.hardware,
            row.editor,
            row.contestant,
            "never" if row.p50_ms is None else f"{row.p50_ms:.0f}",
            "never" if row.p95_ms is None else f"{row.p95_ms:.0f}",
            f"{row.before_200_ms:.0%}",
            f"{row.before_750_ms:.0%}",
            "–" if row.prompt_tokens_per_char is None else f"{row.prompt_tokens_per_char:.1f}",
            "–" if row.wasted_tokens_per_char is None else f"{row.wasted_tokens_per_char:.2f}",
            f"{row.accepted_chars:,}",
            str(row.stale),
            str(row.pauses),
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
