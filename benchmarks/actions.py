"""What asking costs beside the model, in one run with a baseline: `python benchmarks/actions.py [--json]`.

`list` is a code action list (four kinds of work, their better models, their prices) at several file sizes, once on text
that was just looked at and once after a keystroke; `action` is all of a refactoring but the model: the local model is
a script that answers at once. `bare` is a request of the same session that does nothing (an unknown document), so that
the wire's own part can be seen. They take turns, so that the noise of the machine falls on all; compare medians.
It reports and asserts nothing.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lsp.asker import FULL, GOOD, Asker

SIZES = (100, 1_000, 10_000, 100_000)
FUNCTION = """\
def total_{n}(prices, rate={n}):
    result = 0
    for price in prices:
        result += price * rate  # one line of many
    return result


"""


def text_of(lines: int) -> str:
    return "".join(FUNCTION.format(n=n) for n in range(lines // FUNCTION.count("\n")))


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def measure(lines: int, rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in ("bare", "list", "list after an edit", "action")}
    with Asker() as client:
        client.initialize(capabilities=FULL)
        client.begin({"small": [{"say": [f"```python\n{GOOD}\n```"]}]}, text=text_of(lines))
        middle = lines // 2 // 7 * 7
        nothing = {"textDocument": {"uri": "file:///none"}, "range": client.at(0), "context": {"diagnostics": []}}
        asked = {"textDocument": {"uri": client.uri}, "context": {"diagnostics": []}}

        def type_one() -> None:
            client.version += 1
            here = {"line": middle + 3, "character": 8}
            changes = [{"range": {"start": here, "end": here}, "text": "x"}]
            which = {"uri": client.uri, "version": client.version}
            client.notify("textDocument/didChange", {"textDocument": which, "contentChanges": changes})

        def act() -> None:
            chosen = client.one("Refactor", client.at(middle + 3))
            taken["action"].append(timed(lambda: client.request("codeAction/resolve", chosen)))

        for turn in range(rounds + 5):
            place = client.at(middle + 3)
            taken["bare"].append(timed(lambda: client.request("textDocument/codeAction", nothing)))
            listing = {**asked, "range": place}
            taken["list"].append(timed(lambda ask=listing: client.request("textDocument/codeAction", ask)))
            type_one()
            taken["list after an edit"].append(
                timed(lambda ask=listing: client.request("textDocument/codeAction", ask))
            )
            act()
            client.heard.clear()
            if turn == 4:  # what is imported and compiled on the first calls is not what this measures
                for name in taken:
                    taken[name].clear()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    results = {}
    for lines in options.sizes:
        taken = measure(lines, options.rounds)
        results[lines] = {
            name: {"p50_ms": statistics.median(values), "p99_ms": statistics.quantiles(values, n=100)[98]}
            for name, values in taken.items()
        }
        if not options.json:
            for name, told in results[lines].items():
                print(f"{lines:>7} lines  {name:<20} p50 {told['p50_ms']:7.2f} ms   p99 {told['p99_ms']:7.2f} ms")
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
