"""What we add between the editor and a model server that answers at once: `python benchmarks/added.py [--json]`.

In one run and in turn: a keystroke in a file of 10,000 lines through `hybrid-lsp serve` (didChange and inlineCompletion
in one write, until the item is read), and the same question put to the same server by a bare client over a kept
connection. The server is the double of Ollama from our tests, in a process of its own, which answers without thinking.
It reports and asserts nothing. Standard library only.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.latency import Client, Typist, percentile, source_lines  # noqa: E402
from tests.doubles.ollama import Line, OllamaDouble  # noqa: E402

MODEL = "qwen2.5-coder:1.5b-base"
LETTERS = "bcdfghjklmnpqvwxz"
AIM = "aim: p50 <= 2 ms, p99 <= 6 ms"


async def serve_double() -> None:
    """Run the double until standard input ends, and print its address first."""
    async with OllamaDouble(script=(Line(say=("return ", "total")),)) as double:
        print(double.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


class Bare:
    """A client that knows what it wants to ask."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def ask_ms(self, prompt: str) -> float:
        """Ask once and return the milliseconds until the whole answer is read."""
        body = json.dumps(
            {"model": MODEL, "prompt": prompt, "raw": True, "options": {"num_predict": 48, "stop": ["\n"]}}
        )
        began = time.perf_counter()
        self.connection.request("POST", "/api/generate", body)
        self.connection.getresponse().read()
        return (time.perf_counter() - began) * 1e3


def opened(client: Client, lines: int) -> Typist:
    """Open a file and go to an empty line in the middle of it."""
    typist = Typist(client, "file:///bench/typed.py", lines)
    source = source_lines(lines)
    item = {"uri": typist.uri, "languageId": "python", "version": 1, "text": "\n".join(source) + "\n"}
    client.write(client.message("textDocument/didOpen", {"textDocument": item}))
    typist.line = source.index("", lines // 2)
    typist.press("\n")
    return typist


def is_from_the_model(answer: dict[str, Any]) -> bool:
    """Say whether an answer has ghost text that the model server wrote."""
    items = (answer.get("result") or {}).get("items") or [{}]
    return items[0].get("command", {}).get("arguments", [{}])[0].get("source") == "local"


def measure(keys: int, lines: int) -> dict[str, Any]:
    """Return what a key costs through us and bare, in milliseconds."""
    double = subprocess.Popen([sys.executable, __file__, "--double"], stdin=-1, stdout=-1, text=True)
    url = double.stdout.readline().strip()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text(f'[[server]]\nurl = "{url}"\n[inline]\nprepare = false\n', encoding="utf-8")
        os.environ["HYBRID_LSP_CONFIG"] = str(config)
        client = Client([sys.executable, "-m", "hybrid_lsp", "serve", "--stdio"])
        editor, bare, pick = opened(client, lines), Bare(url), random.Random(7)
        while not is_from_the_model(editor.press("q")[1]):
            time.sleep(0.1)
        ours, direct = [], []
        prompt = "<|fim_prefix|>" + "\n".join(source_lines(200)) + "<|fim_suffix|>\n<|fim_middle|>"
        for turn in range(keys + 20):
            if editor.column > 20:
                editor.press("\n")
            # Words that no suggestion begins with, so that the model is asked at every key.
            millis, answer = editor.press(pick.choice(LETTERS))
            straight = bare.ask_ms(prompt + "q" * (turn % 20))
            if turn >= 20 and is_from_the_model(answer):
                ours.append(millis)
                direct.append(straight)
        client.stop()
    double.stdin.close()
    double.wait(10)
    added = [mine - theirs for mine, theirs in zip(ours, direct, strict=True)]
    return {
        "lines": lines,
        "keys": len(ours),
        **{
            f"{name}_{label}_ms": round(value(values), 3)
            for name, values in (("ours", ours), ("bare", direct), ("added", added))
            for label, value in (("p50", statistics.median), ("p99", lambda v: percentile(v, 0.99)))
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--double", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.double:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve_double())
        return
    found = measure(options.keys, options.lines)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['keys']} keys in a file of {found['lines']:,} lines, ms (p50 / p99)")
    for name in ("ours", "bare", "added"):
        print(f"{name:>6}: {found[f'{name}_p50_ms']:.2f} / {found[f'{name}_p99_ms']:.2f}")
    print(AIM)


if __name__ == "__main__":
    main()
