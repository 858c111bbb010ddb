"""What the floor tells apart, and what it costs: `python benchmarks/checks.py [--repo CLONE ...] [--json | --misses]`.

Good and bad edits of the standard library and of this repository's own code and history, and of the history of any
other clone that is named. Each goes the whole way: the model's words, the new text in them, the whole file with it,
the facts of its syntax and names, the floor. Beside it, in the same run: `parses only`, what a check of the syntax
alone tells. Deterministic but for the clock. It reports and asserts nothing.
"""

import argparse
import json
import random
import statistics
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.edit_breaks import broken, written  # noqa: E402
from benchmarks.edit_cases import Case, committed, made  # noqa: E402
from hybrid_lsp.core.check import Edit, Verdict, floor  # noqa: E402
from hybrid_lsp.core.reply import answer_in  # noqa: E402
from hybrid_lsp.syntax import faults, lost_names, new_names  # noqa: E402

TIME_S = 2.0
MOST_FILES = 6
SIZES = {"1k lines": (700, 1_500), "3k lines": (2_000, 4_000), "10k lines": (8_000, 13_000)}
MODULES = (
    "argparse", "ast", "bdb", "calendar", "cgi", "cmd", "codecs", "configparser", "copy", "csv", "dataclasses",
    "difflib", "dis", "enum", "fileinput", "fractions", "ftplib", "functools", "getopt", "gettext", "heapq",
    "imaplib", "inspect", "ipaddress", "locale", "mailbox", "netrc", "optparse", "pdb", "pickletools",
    "plistlib", "pprint", "queue", "random", "sched", "shelve", "shlex", "shutil", "smtplib", "statistics",
    "string", "tarfile", "tempfile", "textwrap", "timeit", "tokenize", "trace", "traceback", "turtle", "uuid",
    "zipfile",
)  # fmt: skip


def edit_of(case: Case) -> Edit:
    """All that the floor looks at, as the assistant collects it."""
    answer = answer_in(case.words, case.part)
    after = case.above + answer.text + case.below
    return Edit(
        part=case.part,
        text=answer.text,
        above=case.above,
        below=case.below,
        fenced=answer.fenced,
        closed=answer.closed,
        blocks=answer.blocks,
        faults_before=faults(case.before, case.language, deadline=time.monotonic() + TIME_S),
        faults_after=faults(after, case.language, deadline=time.monotonic() + TIME_S),
        new_names=new_names(case.before, after, case.language),
        lost_names=lost_names(case.before, after, case.language),
    )


def refusals(case: Case) -> tuple[Verdict, ...]:
    """What the floor has against an answer."""
    return _refused(edit_of(case))


def _refused(edit: Edit) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in floor(edit) if not verdict.passed)


def good_cases(repositories: Iterable[Path], pick: random.Random, each: int) -> Iterator[Case]:
    """Refactorings of the standard library's and our own functions, and changes from histories."""
    library = Path(sysconfig.get_path("stdlib"))
    files = [library / f"{name}.py" for name in MODULES] + sorted((HERE.parent / "hybrid_lsp").rglob("*.py"))
    cases = [case for path in files if path.exists() for case in made(path.read_text(encoding="utf-8"), pick)]
    by_kind: dict[str, list[Case]] = {}
    for case in pick.sample(cases, len(cases)):
        by_kind.setdefault(case.kind, []).append(case)
    for kind in sorted(by_kind):
        yield from by_kind[kind][:each]
    for repository in repositories:
        found = [replace(case, kind=f"committed: {_name(repository)}") for case in committed(repository, pick, each)]
        yield from found[:each]


def _name(repository: Path) -> str:
    """The folder's name; that of the one around it where a bare clone lies in it."""
    whole = repository.resolve()
    return whole.name if (whole / ".git").exists() else whole.parent.name


def table(cases: list[Case]) -> list[dict[str, object]]:
    """A row for each kind: how many there were, and how many were refused by the floor and by the parser alone."""
    rows: dict[tuple[bool, str], Counter[str]] = {}
    for case in cases:
        edit = edit_of(case)
        seen, worse = _refused(edit), (edit.faults_after or 0) > (edit.faults_before or 0)
        row = rows.setdefault((case.good, case.kind), Counter())
        row.update({"n": 1, "refused": bool(seen), "parser": worse})
        row.update({f"by {seen[0].name}": 1} if seen else {})
    return [{"good": good, "kind": kind, **count} for (good, kind), count in sorted(rows.items())]


def timings(pick: random.Random) -> Iterator[tuple[str, list[float], list[float]]]:
    """Milliseconds of a whole check, and of one parse of the whole file, for files of some lengths."""
    library = Path(sysconfig.get_path("stdlib"))
    sources = {path: path.read_text(encoding="utf-8") for name in MODULES if (path := library / f"{name}.py").exists()}
    for name, (least, most) in SIZES.items():
        fitting = [source for source in sources.values() if least <= source.count("\n") <= most]
        longest = max(sources.values(), key=len)
        fitting = fitting or [longest * (1 + least // longest.count("\n"))]
        ours, parser = [], []
        for source in fitting[:MOST_FILES]:
            all_made = list(made(source, pick))
            for good in pick.sample(all_made, min(12, len(all_made))):
                for case in (written(good, pick), *broken(good, pick, per_kind=True)):
                    ours.append(_timed(case))
                    parser.append(_timed_parser(case))
        yield name, ours, parser


def _timed(case: Case) -> float:
    """What a check costs behind an answer; the file as it was has been parsed while the model wrote."""
    faults(case.before, case.language, deadline=time.monotonic() + TIME_S)
    began = time.perf_counter_ns()
    refusals(case)
    return (time.perf_counter_ns() - began) / 1e6


def _timed_parser(case: Case) -> float:
    from tree_sitter import Parser

    from hybrid_lsp.syntax.grammars import grammar_for

    source = (case.above + case.text + case.below).encode()
    began = time.perf_counter_ns()
    Parser(grammar_for(case.language)).parse(source).root_node.has_error  # noqa: B018
    return (time.perf_counter_ns() - began) / 1e6


def told(rows: list[dict[str, object]]) -> Iterator[str]:
    """The table in words."""
    for good, title in ((True, "good edits refused"), (False, "bad edits caught")):
        yield f"\n{title:<44}{'n':>6}{'floor':>10}{'parses only':>14}   by"
        groups: dict[str, Counter[str]] = {}
        for row in rows:
            if row["good"] is good:
                count = Counter({name: value for name, value in row.items() if isinstance(value, int)})
                groups.setdefault(str(row["kind"]).split(":")[0], Counter()).update(count)
                yield _line(f"  {row['kind']}", count)
        if not good:
            yield from (_line(f"all {name}", count) for name, count in sorted(groups.items()))
        yield _line("all", sum(groups.values(), Counter()))


def _line(name: str, row: Counter[str]) -> str:
    by = ", ".join(f"{key[3:]} {value}" for key, value in sorted(row.items()) if key.startswith("by "))
    return f"{name:<44}{row['n']:>6}{row['refused'] / row['n']:>10.1%}{row['parser'] / row['n']:>14.1%}   {by}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, nargs="*", default=[])
    parser.add_argument("--each", type=int, default=60, help="how many good edits of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true", help="name each edit that was judged wrongly")
    parser.add_argument("--no-timing", action="store_true")
    options = parser.parse_args()
    pick = random.Random(options.seed)
    sound = list(good_cases([HERE.parent, *options.repo], pick, options.each))
    cases = [written(case, pick) for case in sound] + [
        bad for case in sound for bad in broken(case, pick, per_kind=True)
    ]
    rows = table(cases)
    times = [] if options.no_timing else list(timings(pick))
    if options.json:
        spread = {
            name: [statistics.quantiles(some, n=100)[at] for some in both for at in (49, 98)] for name, *both in times
        }
        print(json.dumps({"rows": rows, "ms": spread}))
        return
    print("\n".join(told(rows)))
    for name, ours, bare in times:
        a, b = (statistics.quantiles(some, n=100) for some in (ours, bare))
        spread = f"a check {a[49]:.2f} / {a[98]:.2f} ms, one parse {b[49]:.2f} / {b[98]:.2f} ms"
        print(f"\n{name}: {spread} (p50 / p99, n = {len(ours)})")
    if options.misses:
        for case in cases:
            if bool(seen := refusals(case)) == case.good:
                said = "; ".join(f"{verdict.name}: {verdict.sentence}" for verdict in seen)
                print(f"\n=== {'good' if case.good else 'bad'}: {case.kind} ({case.language}) {said}\n{case.words}")
                print(f"--- part\n{case.part}")


if __name__ == "__main__":
    main()
