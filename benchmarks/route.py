"""What the decision costs: `python benchmarks/route.py [--json]`, beside the sketch's own code in the same run.

The sketch is written down here literally: its score, its tree, its two floors. Both sides take the same jobs in turn,
and each round gives a ratio; what is told is the median, in CPU time. Then `assess` on a megabyte of code, beside
reading that code once. It reports and asserts nothing.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.catalog import Model, Role, Where
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.job import Job, Task, cut
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.core.price import Price, Rates, Tier
from hybrid_lsp.core.profile import PROFILES
from hybrid_lsp.core.router import Candidate, decide, measure

MEGABYTE = 1_000_000
AIM = "aims: 20,000 decisions a second; a score within 1 ms of reading a megabyte of code"


def sketch_score(prompt: str, context: str) -> dict[str, float]:
    """The sketch's analyze_complexity."""
    score = 0.0
    if len(prompt) > 1000:
        score += 0.2
    if len(context) > 10000:
        score += 0.3
    if any(word in prompt.lower() for word in ["refactor", "redesign", "architect"]):
        score += 0.3
    if any(word in prompt.lower() for word in ["debug", "fix", "error", "bug"]):
        score += 0.2
    if "explain" in prompt.lower() and len(context) > 5000:
        score += 0.3
    total_tokens = (len(prompt) + len(context)) / 4
    if total_tokens > 8000:
        score += 0.4
    return {
        "score": min(score, 1.0),
        "requires_large_context": total_tokens > 8000,
        "is_complex_reasoning": score > 0.6,
    }


def sketch_route(score: float, left_usd: float) -> tuple[str, str]:
    """The sketch's decision tree, without the sending."""
    if score < 0.3:
        return "local", "codellama:13b"
    if score < 0.6:
        return "local", "deepseek-coder:33b"
    if score < 0.8:
        return ("cloud", "gemini-pro") if left_usd > 1.0 else ("local", "mixtral:8x7b")
    return ("cloud", "gpt-4-turbo") if left_usd > 5.0 else ("local_with_cot", "mixtral:8x7b")


def local(id: str, *roles: Role) -> Candidate:
    return Candidate(
        model=Model(
            id=id, backend="ollama", where=Where.LOCAL, roles=roles, window_tokens=32_768, max_output_tokens=8192
        )
    )


def cloud(id: str, host: str, into: str, out: str, *roles: Role) -> Candidate:
    rates = Rates(input_usd=Decimal(into), output_usd=Decimal(out), cached_usd=Decimal(into) / 10)
    dear = Rates(input_usd=Decimal(into) * 2, output_usd=Decimal(out) * 2)
    return Candidate(
        model=Model(
            id=id,
            backend="openai",
            where=Where.CLOUD,
            roles=roles,
            window_tokens=200_000,
            max_output_tokens=32_000,
            host=host,
        ),
        price=Price(
            model=id,
            tiers=(Tier(above_input_tokens=0, rates=rates), Tier(above_input_tokens=200_000, rates=dear)),
            source="benchmark",
        ),
    )


LOCAL = (
    local("small", Role.FAST),
    local("middle", Role.QUALITY),
    local("large", Role.BEST),
    local("other", Role.FAST, Role.QUALITY),
)
CLOUD = (
    cloud("s1", "generativelanguage.googleapis.com", "0.3", "2.5", Role.STANDARD),
    cloud("s2", "api.openai.com", "0.25", "2", Role.STANDARD),
    cloud("s3", "api.anthropic.com", "1", "5", Role.STANDARD),
    cloud("p1", "api.anthropic.com", "3", "15", Role.PREMIUM),
    cloud("p2", "api.openai.com", "1.25", "10", Role.PREMIUM),
    cloud("p3", "generativelanguage.googleapis.com", "2", "12", Role.PREMIUM),
)
POLICY = Policy(
    cloud_apis=frozenset({"openai.com", "anthropic.com", "googleapis.com"}),
    tasks=frozenset({"reasoning_tasks", "code_review", "architecture_design"}),
)
BUDGET = Budget(month="2026-11", limit_usd=Decimal(50), settled_usd=Decimal("3.2"))


def jobs() -> list[Job]:
    """Jobs of every band, as editors ask them."""
    asked = [
        (Task.EXPLAIN, 40, ""),
        (Task.REVIEW, 400, ""),
        (Task.FIX, 20, ""),
        (Task.FIX, 600, "the error shows after the redesign"),
        (Task.REFACTOR, 60, "and mind the bug in the loop"),
        (Task.REFACTOR, 420, "fix the errors on the way"),
        (Task.EXPLAIN, 1200, "explain the architecture"),
    ]
    made = []
    for i, (task, lines, said) in enumerate(asked):
        excerpt = cut("    total = total + price * count\n" * lines, path="src/basket.py", language="python")
        made.append(Job(id=str(i), task=task, excerpt=excerpt, instruction=said, deliberate=True))
    return made


def seconds(work: Callable[[], object], times: int) -> float:
    """CPU seconds of one call, on the mean of `times`: others may use the machine meanwhile."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def decisions(rounds: int, times: int = 300) -> dict[str, dict[str, float]]:
    """Every job under every profile: the plan alone, and scored and decided beside the sketch."""
    found: dict[str, dict[str, float]] = {}
    for profile in PROFILES.values():
        for job in jobs():
            needs, size, prompt, context = assess(job.prompt, job.context), measure(job), job.prompt, job.context

            def ours(job=job, needs=needs, size=size, profile=profile):
                return decide(
                    job, needs, size=size, policy=POLICY, profile=profile, budget=BUDGET, local=LOCAL, cloud=CLOUD
                )

            def scored(prompt=prompt, context=context, ours=ours):
                return ours(needs=assess(prompt, context))

            def theirs(prompt=prompt, context=context):
                return sketch_route(sketch_score(prompt, context)["score"], 46.8)

            rows = [[seconds(work, times) * 1e6 for work in (ours, scored, theirs)] for _ in range(rounds)]
            found[f"{profile.name} {job.task.value} {needs.score:g}"] = {
                "steps": len(ours().steps),
                "decide_us": statistics.median(row[0] for row in rows),
                "scored_us": statistics.median(row[1] for row in rows),
                "sketch_us": statistics.median(row[2] for row in rows),
                "ratio": statistics.median(row[1] / row[2] for row in rows),
            }
    return found


def megabyte(rounds: int) -> dict[str, float]:
    """Scores of a megabyte, in milliseconds; reading is one pass over its characters."""
    context = ("    total = total + price * count  # é\n" * 40_000)[:MEGABYTE]
    prompt = "Refactor this code." + " and mind the errors" * 20
    long_prompt = ("the prefix of a fixture in a terrorbug " * 40_000)[:MEGABYTE]
    rows = [
        (
            seconds(lambda: context.count("\n"), 5),
            seconds(lambda: assess(prompt, context), 20),
            seconds(lambda: sketch_score(prompt, context), 20),
            seconds(lambda: assess(long_prompt, ""), 1),
            seconds(lambda: sketch_score(long_prompt, ""), 1),
            seconds(
                lambda: measure(Job(id="m", task=Task.REVIEW, excerpt=cut(context, path="a", language="python"))), 1
            ),
        )
        for _ in range(rounds)
    ]
    names = ("read_ms", "assess_ms", "sketch_ms", "assess_prompt_ms", "sketch_prompt_ms", "measure_ms")
    return {name: statistics.median(row[i] for row in rows) * 1e3 for i, name in enumerate(names)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found, large = decisions(options.rounds), megabyte(options.rounds)
    if options.json:
        print(json.dumps({"decide": found, "megabyte": large}))
        return
    print(AIM)
    print(
        f"{'profile, task, score':<28}{'steps':>6}{'decide':>10}{'a second':>10}"
        f"{'with score':>12}{'sketch':>10}{'ratio':>7}"
    )
    for label, row in found.items():
        print(
            f"{label:<28}{row['steps']:>6}{row['decide_us']:>7.1f} µs{1e6 / row['decide_us']:>10,.0f}"
            f"{row['scored_us']:>9.1f} µs{row['sketch_us']:>7.2f} µs{row['ratio']:>7.1f}"
        )
    decide_us = [row["decide_us"] for row in found.values()]
    print(f"the mix: {1e6 / statistics.mean(decide_us):,.0f} decisions a second")
    print("  ".join(f"{name} {value:.3f}" for name, value in large.items()))


if __name__ == "__main__":
    main()
