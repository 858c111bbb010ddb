"""What redaction takes out of real code, and what it costs.

    python benchmarks/redact.py                        # the standard library and site-packages
    python benchmarks/redact.py FOLDER... --suffixes .go .ts

Real code holds hardly any secret, so nearly every hit in it is a false alarm: they are counted by kind and listed, each
by its file, line and name before it, never by its value. Folders of tests are left out; they are full of made-up keys.
Then the time for texts of growing size, beside copying the text and beside one search for one regular expression; and,
beside plain code, for texts that are made to be slow.
"""

import argparse
import re
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.crafted_secrets import FILLED, ROWS, crafted
from hybrid_lsp.core.redact import MAX_CHARS, Rules, redact

TESTS = frozenset({"test", "tests", "testing", "testdata", "idle_test"})
SIZES = (10_000, 100_000, 1_000_000)
CRAFTED_CHARS = 200_000
ONE_SEARCH = re.compile(r"(?:password|secret|token)\s*[=:]\s*[\"'][^\"'\n]{8,}[\"']", re.IGNORECASE)


def texts(folder: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Every file of real code under a folder."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.suffix not in suffixes or TESTS & set(inside) or not path.is_file() or path.is_symlink():
            continue
        if "site-packages" in inside or path.stat().st_size > MAX_CHARS:
            continue
        yield path.relative_to(folder), path.read_text(encoding="utf-8", errors="replace")


def alarms(folder: Path, suffixes: tuple[str, ...], rules: Rules, most: int) -> tuple[int, str]:
    """Scan a folder; return its characters and, as a table, what was taken out of it."""
    chars, seconds = 0, 0.0
    kinds: Counter[str] = Counter()
    places: list[str] = []
    for path, text in texts(folder, suffixes):
        chars += len(text)
        began = time.perf_counter()
        redacted = redact(text, rules)
        seconds += time.perf_counter() - began
        for found in redacted.found:
            kinds[found.kind] += found.count
            at = redacted.text.find(found.placeholder)
            line = redacted.text.count("\n", 0, at) + 1
            before = redacted.text[max(0, at - 40) : at].rpartition("\n")[2].strip()
            places.append(f"    {found.kind:18} {path}:{line}  {before}")
    total = sum(kinds.values())
    rate = f"{total / max(1, chars) * 100_000:.2f} in 100 kB; {seconds / max(1, chars) * 1e7:.2f} ms for 10 kB"
    return chars, "\n".join([f"{chars / 1e6:.1f} MB: {total} ({dict(kinds)}), {rate}", *places[:most]])


def best_ms(work: Callable[[], object], turns: int = 7) -> float:
    """The least time of several turns, in milliseconds."""
    times = []
    for _ in range(turns):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times) * 1e3


def costs(sample: str, rules: Rules) -> None:
    """Print the time for growing texts beside the baselines."""
    print(f"{'characters':>12} {'redact':>10} {'one search':>11} {'copy':>9}   (ms, best of 7)")
    for size in SIZES:
        text = (sample * (size // max(1, len(sample)) + 1))[:size]
        ours, search = (
            best_ms(lambda text=text: redact(text, rules)),
            best_ms(lambda text=text: ONE_SEARCH.findall(text)),
        )
        copy = best_ms(lambda text=text: text.encode().decode())
        print(f"{size:12,} {ours:10.2f} {search:11.2f} {copy:9.3f}")


def crafted_costs(sample: str, rules: Rules) -> None:
    """Print the time for texts that nobody writes, beside plain code of the same length."""
    plain = (sample * (CRAFTED_CHARS // max(1, len(sample)) + 1))[:CRAFTED_CHARS]
    texts = {"plain code": plain} | {name: crafted(name, CRAFTED_CHARS) for name in (*ROWS, *FILLED)}
    print(f"\n{'ms for 1 MB':>12}   (from {CRAFTED_CHARS:,} characters, best of 3)")
    for name, text in texts.items():
        print(f"{best_ms(lambda text=text: redact(text, rules), turns=3) * 1e6 / CRAFTED_CHARS:12,.0f}   {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--suffixes", nargs="+", default=[".py"])
    parser.add_argument("--list", type=int, default=40, help="how many hits to list for each folder")
    options = parser.parse_args()
    rules, _ = Rules.of()
    standard = Path(sysconfig.get_path("stdlib"))
    for folder in options.folders or [standard, Path(sysconfig.get_path("purelib"))]:
        chars, table = alarms(folder, tuple(options.suffixes), rules, options.list)
        print(f"{folder.name}: {table}\n" if chars else f"{folder.name}: no {' '.join(options.suffixes)} files\n")
    sample = "".join(
        (standard / name).read_text(encoding="utf-8") for name in ("typing.py", "argparse.py", "json/encoder.py")
    )
    costs(sample, rules)
    crafted_costs(sample, rules)


if __name__ == "__main__":
    main()
