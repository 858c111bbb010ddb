"""What plans are made of in tests: a model for each role, and everything allowed."""

from decimal import Decimal
from typing import Any

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.catalog import Model, Role, Where
from hybrid_lsp.core.complexity import Complexity
from hybrid_lsp.core.job import Job, Task, cut
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.core.price import Price, Rates, Tier
from hybrid_lsp.core.profile import BALANCED
from hybrid_lsp.core.router import Candidate, Plan, Size, When, decide

ALL = Policy(
    cloud_apis=frozenset({"openai.com", "anthropic.com"}),
    tasks=frozenset({"reasoning_tasks", "code_review", "architecture_design", "simple_completion"}),
)
SIZE = Size(input_bytes=10_000, input_tokens=2500, focus_tokens=300)
EXCERPT = cut("x = 1\n", path="src/a.py", language="python")


def price(into: str = "1", out: str = "4") -> Price:
    """A price without tiers, in dollars for a million tokens."""
    rates = Rates(input_usd=Decimal(into), output_usd=Decimal(out))
    return Price(model="m", tiers=(Tier(above_input_tokens=0, rates=rates),), source="test")


def model(id: str, *roles: Role, host: str = "", **more: Any) -> Model:
    """A roomy model: in the cloud where it has a host."""
    where = Where.CLOUD if host else Where.LOCAL
    return Model(
        **{"id": id, "backend": "x", "where": where, "roles": roles, "host": host,
           "window_tokens": 100_000, "max_output_tokens": 10_000, **more}
    )  # fmt: skip


F = Candidate(model=model("F", Role.FAST))
Q = Candidate(model=model("Q", Role.QUALITY))
B = Candidate(model=model("B", Role.BEST))
S = Candidate(model=model("S", Role.STANDARD, host="api.openai.com"), price=price())
S2 = Candidate(model=model("S2", Role.STANDARD, host="api.anthropic.com"), price=price())
P = Candidate(model=model("P", Role.PREMIUM, host="api.anthropic.com"), price=price("3", "15"))


def job(task: Task = Task.EXPLAIN, **more: Any) -> Job:
    """A job that a person asked for."""
    return Job(**{"id": "1", "task": task, "excerpt": EXCERPT, "deliberate": True, **more})


def scored(score: float) -> Complexity:
    """A complexity of this score."""
    return Complexity(score=score, reasons=(), requires_large_context=False, is_complex_reasoning=score > 0.6)


def budget(left: str | Decimal, **more: Any) -> Budget:
    """A budget with so much left."""
    return Budget(**{"month": "2026-11", "limit_usd": Decimal(left) + 7, "settled_usd": Decimal(7), **more})


def planned(asked: Job, score: float, left: str = "50", **more: Any) -> Plan:
    """The plan for a job, with one model for each role where nothing else is said."""
    given: dict[str, Any] = {
        "size": SIZE, "policy": ALL, "profile": BALANCED, "budget": budget(left), "local": (F, Q, B), "cloud": (S, P),
    }  # fmt: skip
    return decide(asked, scored(score), **{**given, **more})


def drawn(plan: Plan) -> str:
    """A plan on one line: `!` where a check has to fail first, `>` where the one before cannot; `?` checked, `+` thinks."""
    signs = {When.FIRST: "", When.CHECK_FAILED: "!", When.UNAVAILABLE: ">"}
    return "".join(
        f"{signs[step.when]}{step.model.id}{'?' if step.checked else ''}{'+' if step.step_by_step else ''}"
        for step in plan.steps
    )
