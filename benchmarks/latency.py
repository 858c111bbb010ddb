"""What the wire costs, beside a bare pygls server, in one run: `python benchmarks/latency.py [--json]`.

The servers are driven in turn, a few keystrokes each, so that the noise of the machine falls on all; compare ratios of
medians, not microseconds. A keystroke is a didChange and an inlineCompletion in one write, timed until the answer is
read. `ours` is hybrid-lsp with its model over a small folder (`offered` is how often it has something to say), `wire`
its protocol alone with a constant answer, `bare` stock pygls with a constant answer.
It reports and asserts nothing. Standard library only.
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybrid_lsp.frontends.lsp.documents import Change, Document

HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "hybrid_lsp", "serve", "--stdio"]
WIRE = [sys.executable, str(HERE.parent / "tests" / "lsp" / "raw_server.py")]
BARE = [sys.executable, str(HERE / "bare_pygls.py")]
SIZES = (100, 1_000, 10_000, 100_000)
KEYS_A_TURN = 10


class Client:
    """One server process, driven by blocking calls, so that nothing but the server is waited for."""

    def __init__(self, argv: list[str], root: str | None = None) -> None:
        self.began_s = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=root
        )
        self.last_id = 0
        folders = [{"uri": Path(root).as_uri(), "name": "bench"}] if root else None
        params = {"processId": os.getpid(), "rootUri": None, "workspaceFolders": folders, "capabilities": {}}
        self.request("initialize", params)
        self.start_ms = (time.perf_counter() - self.began_s) * 1e3
        self.write(self.message("initialized", {}))

    def message(self, method: str, params: Any, request_id: int | None = None) -> bytes:
        """Return one framed message."""
        fields = {"jsonrpc": "2.0", "method": method, "params": params}
        body = json.dumps(fields if request_id is None else {**fields, "id": request_id}).encode()
        return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

    def write(self, raw: bytes) -> None:
        """Send bytes at once."""
        self.process.stdin.write(raw)
        self.process.stdin.flush()

    def request(self, method: str, params: Any, before: bytes = b"") -> Any:
        """Send a request, behind other messages in the same write, and return its answer."""
        self.last_id += 1
        self.write(before + self.message(method, params, self.last_id))
        while (answer := self.read()).get("id") != self.last_id or "method" in answer:
            if "method" in answer and "id" in answer:
                reply = json.dumps({"jsonrpc": "2.0", "id": answer["id"], "result": None}).encode()
                self.write(b"Content-Length: %d\r\n\r\n%b" % (len(reply), reply))
        return answer

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        out, length = self.process.stdout, 0
        while (line := out.readline()) != b"\r\n":
            if not line:
                raise SystemExit(f"{self.process.args} ended in the middle of the benchmark")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(out.read(length))

    def rss_mb(self) -> float | None:
        """Return the resident memory, where the system tells it."""
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            status = Path(f"/proc/{self.process.pid}/status")
            if status.exists():
                return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024
            return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.process.pid)])) / 1024
        return None

    def stop(self) -> None:
        """End the process the way an editor does."""
        self.request("shutdown", None)
        self.write(self.message("exit", None))
        self.process.stdin.close()
        self.process.wait(10)


WORDS = (
    "order",
    "price",
    "total",
    "rate",
    "item",
    "user",
    "cache",
    "index",
    "node",
    "parse",
    "build",
    "store",
    "count",
)


def source_lines(count: int, seed: int = 0) -> list[str]:
    """Return lines of Python that look like a program, the same ones for the same seed."""
    pick = random.Random(seed)
    lines: list[str] = ["import logging", "", "logger = logging.getLogger(__name__)", ""]
    while len(lines) < count:
        name, other, third = (pick.choice(WORDS) for _ in range(3))
        lines += [
            f"def {name}_{other}(order, discount):",
            f'    """Return the {name} of an order, {other} included."""',
            f"    subtotal = sum(item.{other} for item in order.items)",
            f"    if subtotal > LIMIT_{third.upper()}:",
            f"        logger.warning('{name} of %s is high: %s', order.number, subtotal)",
            f"    for {third} in order.{third}s:",
            f"        subtotal += {third}.{other} * {pick.randrange(100)}",
            "    return subtotal - discount",
            "",
        ]
    return lines[:count]


def write_folder(root: str, files: int) -> None:
    """Write files of 300 lines, no two the same."""
    for number in range(files):
        Path(root, f"module_{number}.py").write_text("\n".join(source_lines(300, seed=number)), encoding="utf-8")


@dataclass
class Typist:
    """Somebody who writes new lines into the middle of one document, key by key."""

    client: Client
    uri: str
    lines: int
    line: int = 0
    column: int = 0
    version: int = 1
    to_type: str = ""
    millis: list[float] = field(default_factory=list)
    first_ms: float = 0.0
    offered: int = 0
    fresh: list[str] = field(default_factory=lambda: source_lines(6_000, seed=10_007))

    def open(self) -> None:
        """Open the document and leave out what only the first keystrokes cost."""
        written = source_lines(self.lines)
        text = "\n".join(written) + "\n"
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": text}
        self.client.write(self.client.message("textDocument/didOpen", {"textDocument": item}))
        self.line = self.lines // 2
        self.column = len(written[self.line])
        self.first_ms = self.key()
        for _ in range(14):
            self.key()
        self.millis.clear()
        self.offered = 0

    def close(self) -> None:
        """Close the document."""
        self.client.write(self.client.message("textDocument/didClose", {"textDocument": {"uri": self.uri}}))

    def press(self, text: str) -> tuple[float, dict[str, Any]]:
        """Press a key of this text; return the milliseconds until the answer was read, and the answer."""
        here = {"line": self.line, "character": self.column}
        self.version += 1
        change = {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": {"start": here, "end": here}, "text": text}],
        }
        self.line, self.column = (self.line + 1, 0) if text == "\n" else (self.line, self.column + 1)
        ask = {
            "textDocument": {"uri": self.uri},
            "position": {"line": self.line, "character": self.column},
            "context": {"triggerKind": 2},
        }
        changed = self.client.message("textDocument/didChange", change)
        began = time.perf_counter()
        answer = self.client.request("textDocument/inlineCompletion", ask, before=changed)
        return (time.perf_counter() - began) * 1e3, answer

    def key(self) -> float:
        """Press one key, wait for the answer and return the milliseconds it took."""
        if not self.to_type:
            self.to_type = "\n" + self.fresh.pop()
        text, self.to_type = self.to_type[0], self.to_type[1:]
        millis, answer = self.press(text)
        self.millis.append(millis)
        self.offered += bool((answer.get("result") or {}).get("items"))
        return self.millis[-1]


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of the values are not above."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def keystrokes(contestants: dict[str, list[str]], keys: int) -> Iterator[dict[str, Any]]:
    """Yield, for each size, what a keystroke costs with each server."""
    with tempfile.TemporaryDirectory() as root:
        write_folder(root, 40)
        clients = {name: Client(argv, root=root) for name, argv in contestants.items()}
        # The folder is learned once a document of it is open.
        Typist(clients["ours"], Path(root, "first.py").as_uri(), 10).open()
        while not learned(clients["ours"]):
            time.sleep(0.1)
        for lines in SIZES:
            yield keystrokes_at(lines, clients, root, keys)
        for client in clients.values():
            client.stop()


def keystrokes_at(lines: int, clients: dict[str, Client], root: str, keys: int) -> dict[str, Any]:
    """Return what a keystroke costs with each server in a file of so many lines."""
    uri = Path(root, f"typed_{lines}.py").as_uri()
    typists = {name: Typist(client, uri, lines) for name, client in clients.items()}
    for typist in typists.values():
        typist.open()
    for _ in range(max(keys // KEYS_A_TURN, 1)):
        for typist in typists.values():
            for _ in range(KEYS_A_TURN):
                typist.key()
    for typist in typists.values():
        typist.close()
    return {
        "lines": lines,
        "ours_offered": round(typists["ours"].offered / len(typists["ours"].millis), 2),
        **{
            f"{name}_{label}_ms": round(percentile(typist.millis, share), 3)
            for name, typist in typists.items()
            for label, share in (("p50", 0.5), ("p99", 0.99))
        },
    }


def edit_us(lines: int) -> float:
    """Return the median cost of one typed character in the document alone, in microseconds."""
    text = "\n".join(source_lines(lines))
    document = Document(uri="file:///bench", handle=1, language="python", version=1, text=text)
    costs = []
    for turn in range(400):
        at = (lines // 2, turn % 10)
        began = time.perf_counter()
        document.apply([Change(text="\n" if turn % 20 == 0 else "x", span=(*at, *at))])
        costs.append((time.perf_counter() - began) * 1e6)
    return statistics.median(costs)


def starts(contestants: dict[str, list[str]], rounds: int) -> dict[str, Any]:
    """Return how long each server takes to answer initialize, its memory then, and what its first keystroke costs."""
    millis: dict[str, list[float]] = {name: [] for name in contestants}
    firsts: dict[str, list[float]] = {name: [] for name in contestants}
    memory: dict[str, float | None] = {}
    for _ in range(rounds):
        for name, argv in contestants.items():
            client = Client(argv)
            millis[name].append(client.start_ms)
            time.sleep(0.5)
            memory[name] = client.rss_mb()
            typist = Typist(client, "file:///bench/first.py", 1_000)
            typist.open()
            firsts[name].append(typist.first_ms)
            client.stop()
    found: dict[str, Any] = {}
    for name, values in millis.items():
        found[f"{name}_start_min_ms"] = round(min(values), 1)
        found[f"{name}_start_median_ms"] = round(statistics.median(values), 1)
        found[f"{name}_first_key_ms"] = round(statistics.median(firsts[name]), 2)
        found[f"{name}_rss_mb"] = round(memory[name] or 0.0, 1) or None
    return found


def stall(argv: list[str], files: int, limit_s: float) -> dict[str, Any]:
    """Return the longest a keystroke waits while a folder is read for the first time, until a second after its end."""
    with tempfile.TemporaryDirectory() as root:
        write_folder(root, files)
        client = Client(argv, root=root)
        typist = Typist(client, Path(root, "typed.py").as_uri(), 300)
        typist.open()
        began = time.perf_counter()
        ready_s: float | None = None
        while (now := time.perf_counter() - began) < (limit_s if ready_s is None else ready_s + 1.0):
            typist.key()
            if ready_s is None and len(typist.millis) % 50 == 0 and learned(client):
                ready_s = now
            time.sleep(0.002)
        found = {"stall_files": files, "index_ready_s": ready_s and round(ready_s, 2)}
        found |= {
            "stall_max_ms": round(max(typist.millis), 2),
            "stall_p50_ms": round(percentile(typist.millis, 0.5), 3),
        }
        client.stop()
    return found


def learned(client: Client) -> bool:
    """Whether the server says that it has read its folder."""
    status = client.request("workspace/executeCommand", {"command": "hybrid-lsp.status"}).get("result") or {}
    return all(folder["indexed_files"] and not folder["indexing"] for folder in status.get("folders", ()))


def report(found: dict[str, Any]) -> None:
    """Print what was found as tables."""
    names = found["servers"]
    print(f"keystroke (didChange + inlineCompletion), ms; {found['keys']} keys for each server and size")
    print(
        f"{'lines':>8}"
        + "".join(f"{name + ' p50':>12}{name + ' p99':>12}" for name in names)
        + f"{'ours/bare':>12}{'offered':>9}"
    )
    for row in found["keystrokes"]:
        cells = "".join(f"{row[f'{name}_p50_ms']:>12.3f}{row[f'{name}_p99_ms']:>12.3f}" for name in names)
        ratio = row["ours_p50_ms"] / row["bare_p50_ms"]
        print(f"{row['lines']:>8}{cells}{ratio:>12.2f}{row['ours_offered']:>9.0%}")
    small, large = found["edit_1k_us"], found["edit_100k_us"]
    print(f"\nedit alone, us: {small:.1f} at 1,000 lines, {large:.1f} at 100,000 (aim < 50);", end=" ")
    print(f"{large / small:.1f} times (aim < 20)")
    for name in names:
        least, middle, memory = (found[f"{name}_{key}"] for key in ("start_min_ms", "start_median_ms", "rss_mb"))
        first = found[f"{name}_first_key_ms"]
        print(f"start of {name}, ms: {least} min, {middle} median; {memory} MB at rest; first keystroke {first} ms")
    ratio = found["ours_start_median_ms"] / found["bare_start_median_ms"]
    print(f"start, ours / bare: {ratio:.2f} (aim <= 1.3; at rest aim <= 60 MB)")
    print(f"while {found['stall_files']} files are read ({found['index_ready_s']} s): ", end="")
    print(f"longest keystroke {found['stall_max_ms']} ms, median {found['stall_p50_ms']} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options.add_argument("--keys", type=int, default=300, help="keystrokes for each server and size")
    options.add_argument("--rounds", type=int, default=7, help="starts of each server")
    options.add_argument("--files", type=int, default=400, help="files of the folder that is read")
    told = options.parse_args()
    contestants = {"ours": OURS, "wire": WIRE, "bare": BARE}
    found: dict[str, Any] = {"servers": list(contestants), "keys": told.keys}
    found["keystrokes"] = list(keystrokes(contestants, told.keys))
    found["edit_1k_us"], found["edit_100k_us"] = edit_us(1_000), edit_us(100_000)
    found |= starts(contestants, told.rounds)
    found |= stall(OURS, told.files, limit_s=60.0)
    if told.json:
        print(json.dumps(found, indent=2))
    else:
        report(found)


if __name__ == "__main__":
    main()
