"""core.router: what will be tried for a job, by which rule not, and what it costs."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from hybrid_lsp.core.catalog import Role
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.job import Job, Task, Wish, cut
from hybrid_lsp.core.policy import Decision, Policy, Question
from hybrid_lsp.core.profile import BALANCED, CONSERVATIVE, PERFORMANCE, Profile
from hybrid_lsp.core.router import Candidate, Plan, When, decide, measure
from tests.core.routing import ALL, S2, SIZE, B, F, P, Q, S, budget, drawn, job, model, planned, price

LOW, MIDDLE, RICH = "1.00", "5.00", "5.01"


@pytest.mark.parametrize(
    ("profile", "score", "left", "explained", "fixed"),
    [
        # the bands of the sketch, at their bounds
        (BALANCED, 0.0, RICH, "F>Q", "F>Q"),
        (BALANCED, 0.29, RICH, "F>Q", "F>Q"),
        (BALANCED, 0.3, RICH, "Q>B", "Q>B"),
        (BALANCED, 0.59, RICH, "Q>B", "Q>B"),
        (BALANCED, 0.6, RICH, "S>B>Q", "B?>Q?!S"),
        (BALANCED, 0.6, "1.01", "S>B>Q", "B?>Q?!S"),
        (BALANCED, 0.6, LOW, "B>Q", "B>Q"),
        (BALANCED, 0.79, RICH, "S>B>Q", "B?>Q?!S"),
        (BALANCED, 0.8, RICH, "P>B+>Q+", "P>B+>Q+"),
        (BALANCED, 0.8, MIDDLE, "B+>Q+", "B+>Q+"),
        (BALANCED, 1.0, RICH, "P>B+>Q+", "P>B+>Q+"),
        (BALANCED, 1.0, "0", "B+>Q+", "B+>Q+"),
        # maximum local: from 0.9 on, the standard model only
        (CONSERVATIVE, 0.0, RICH, "F>Q", "F>Q"),
        (CONSERVATIVE, 0.3, RICH, "Q>B", "Q>B"),
        (CONSERVATIVE, 0.6, RICH, "B>Q", "B>Q"),
        (CONSERVATIVE, 0.8, RICH, "B+>Q+", "B+>Q+"),
        (CONSERVATIVE, 0.89, RICH, "B+>Q+", "B+>Q+"),
        (CONSERVATIVE, 0.9, RICH, "S>B+>Q+", "S>B+>Q+"),
        (CONSERVATIVE, 0.9, "1.01", "S>B+>Q+", "S>B+>Q+"),
        (CONSERVATIVE, 0.9, LOW, "B+>Q+", "B+>Q+"),
        # quality first: from 0.4 on, premium first, and no local attempt before
        (PERFORMANCE, 0.0, RICH, "F>Q", "F>Q"),
        (PERFORMANCE, 0.39, RICH, "Q>B", "Q>B"),
        (PERFORMANCE, 0.4, RICH, "P>S>Q>B", "P>S>Q>B"),
        (PERFORMANCE, 0.4, MIDDLE, "S>Q>B", "S>Q>B"),
        (PERFORMANCE, 0.4, LOW, "Q>B", "Q>B"),
        (PERFORMANCE, 0.6, RICH, "P>S>B>Q", "P>S>B>Q"),
        (PERFORMANCE, 0.8, RICH, "P>S>B+>Q+", "P>S>B+>Q+"),
        (PERFORMANCE, 0.8, MIDDLE, "S>B+>Q+", "S>B+>Q+"),
        (PERFORMANCE, 0.8, LOW, "B+>Q+", "B+>Q+"),
    ],
)
def test_the_table_of_the_decision(profile: Profile, score: float, left: str, explained: str, fixed: str) -> None:
    """Every profile, every band, at every bound of score and money; with an honest check and without one."""
    for task, expected in (
        (Task.EXPLAIN, explained), (Task.REVIEW, explained),
        (Task.FIX, fixed), (Task.REFACTOR, fixed), (Task.COMPLETE, fixed),
    ):  # fmt: skip
        assert drawn(planned(job(task), score, left, profile=profile)) == expected


POINTS = (0.2, 0.3, 0.3, 0.2, 0.3, 0.4)


def sketch_route(raw: float, left: float) -> tuple[str, bool]:
    """The sketch's decision tree with our names for its models, and whether it asks for step by step."""
    if raw < 0.3:
        return "F", False
    if raw < 0.6:
        return "Q", False
    if raw < 0.8:
        return ("S" if left > 1.0 else "B"), False
    return ("P", False) if left > 5.0 else ("B", True)


@pytest.mark.parametrize("left", ["0", "0.99", "1.00", "1.01", "4.99", "5.00", "5.01", "46.80"])
def test_balanced_decides_as_the_sketch(left: str) -> None:
    """For every sum that its six addends can make, summed as it sums them, the first step is the sketch's."""
    for chosen in (pick for n in range(7) for pick in combinations(POINTS, n)):
        raw = 0.0
        for points in chosen:
            raw += points
        raw = min(raw, 1.0)
        first = planned(job(), round(raw, 10), left).steps[0]

        assert (first.model.id, first.step_by_step) == sketch_route(raw, float(left)), chosen


def whole(prompt: str, chars: int) -> Job:
    """A job about so many characters, as an editor would cut them."""
    return job(Task.EXPLAIN, instruction=prompt, excerpt=cut("c" * chars, path="a.py", language="python"))


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        (whole("", 5000), "F"), (whole("", 5001), "Q"), (whole("x" * 980, 10), "F"), (whole("x" * 981, 10), "F"),
        (whole("fix the bug", 10_000), "Q"), (whole("fix the bug", 10_001), "P"), (whole("", 10_001), "S"),
        (whole("", 31_980), "S"), (whole("", 31_982), "S"), (whole("", 31_983), "P"), (whole("and refactor", 100), "Q"), (whole("the prefix", 9), "F"),
    ],
)  # fmt: skip
def test_from_the_text_to_the_plan(asked: Job, first: str) -> None:
    """Scored, measured and decided: 1000, 5000 and 10,000 characters and 8000 tokens each make their difference."""
    needs = assess(asked.prompt, asked.context)
    plan = decide(
        asked,
        needs,
        size=measure(asked),
        policy=ALL,
        profile=BALANCED,
        budget=budget("50"),
        local=(F, Q, B),
        cloud=(S, P),
    )

    assert plan.steps[0].model.id == first
    assert plan.complexity is needs


@pytest.mark.parametrize(
    ("installed", "score", "expected"),
    [
        ((F, Q, B), 0.0, "F>Q"), ((Q, B), 0.0, "Q>B"), ((B,), 0.0, "B"), ((F,), 0.0, "F"),
        ((F, Q, B), 0.5, "Q>B"), ((F, B), 0.5, "B>F"), ((F,), 0.5, "F"),
        ((F, Q), 0.95, "Q+>F+"), ((F,), 0.95, "F+"), ((F, F, Q), 0.0, "F>Q"),
        ((Candidate(model=model("F2", Role.FAST)), F, Q, B), 0.0, "F2>F>Q"),
        ((Candidate(model=model("FQ", Role.FAST, Role.QUALITY)), B), 0.0, "FQ>B"),
        ((Candidate(model=model("X", Role.FAST, host="api.openai.com")), F), 0.0, "F"),
        ((Candidate(model=model("X", Role.FAST, host="api.openai.com"), price=price()),), 0.0, ""),
    ],
)  # fmt: skip
def test_a_local_role_without_a_model_falls_to_the_next(
    installed: tuple[Candidate, ...], score: float, expected: str
) -> None:
    """All that play the role, then one that stands in; no model twice, and none that is not local."""
    assert drawn(planned(job(wish=Wish.LOCAL), score, local=installed)) == expected


@pytest.mark.parametrize(
    ("profile", "score", "expected"),
    [
        (BALANCED, 0.0, "S"), (BALANCED, 0.5, "S"), (BALANCED, 0.7, "S"), (BALANCED, 0.9, "P>S"),
        (CONSERVATIVE, 0.0, "S"), (CONSERVATIVE, 0.9, "S"), (PERFORMANCE, 0.0, "S"), (PERFORMANCE, 0.5, "P>S"),
        (replace(PERFORMANCE, cloud_roles=(Role.PREMIUM,)), 0.0, "P"), (replace(BALANCED, cloud_roles=()), 0.9, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [{"local": ()}, {"local": (replace(F, missing="Off.", missing_rule="circuit"),)}, {}])
def test_without_a_local_model_or_asked_for_the_cloud(
    profile: Profile, score: float, expected: str, more: dict[str, Any]
) -> None:
    """The cloud is asked below its threshold, too; nothing local follows, so standard follows premium."""
    asked = job(Task.FIX, wish=Wish.ANY if more else Wish.CLOUD)
    plan = planned(asked, score, profile=profile, **more)

    assert drawn(plan) == expected
    assert "" in [refusal.model for refusal in plan.refusals] or plan.steps
    if plan.steps:
        assert ("asked for" if not more else "No model on this machine") in plan.steps[0].reason


def refused(plan: Plan) -> list[tuple[str, str]]:
    """Rules and models of the refusals."""
    return [(refusal.rule, refusal.model) for refusal in plan.refusals]


SMALL = Candidate(model=model("small", Role.BEST, window_tokens=2000))
BOTH = Candidate(model=model("X", Role.STANDARD, Role.PREMIUM, host="api.openai.com"))


@pytest.mark.parametrize(
    ("asked", "score", "more", "expected", "refusals"),
    [
        (job(deliberate=False), 0.7, {}, "B>Q", [("deliberate", "")]),
        (job(deliberate=False), 0.2, {}, "F>Q", []),
        (job(wish=Wish.LOCAL, deliberate=False), 0.7, {}, "B>Q", [("wish", "")]),
        (job(wish=Wish.CLOUD, deliberate=False), 0.1, {}, "", [("deliberate", "")]),
        (job(Task.REVIEW), 0.7, {"policy": replace(ALL, tasks=frozenset())}, "B>Q", [("allowed_for_cloud.code_review", "")]),
        (job(), 0.7, {"policy": ALL.excluding(["src/**"])}, "B>Q", [("paths.excluded", "")]),
        (job(), 0.7, {"ignored_by": ".gitignore:3"}, "B>Q", [("paths.gitignore", "")]),
        (job(), 0.7, {"policy": replace(ALL, cloud_apis=frozenset({"anthropic.com"}))}, "B>Q", [("cloud_apis", "S")]),
        (job(), 0.7, {"cloud": (replace(S, price=None), S2)}, "S2>B>Q", [("price", "S")]),
        (job(), 0.7, {"cloud": (replace(S, missing="No key.", missing_rule="key"), P)}, "B>Q", [("key", "S")]),
        (job(), 0.7, {"budget": budget("9", blocked="The clock went back; set it.")}, "B>Q", [("budget.blocked", "")]),
        (job(), 0.7, {"budget": budget("1")}, "B>Q", [("budget.floor", "S")]),
        (job(), 0.9, {"budget": budget("5")}, "B+>Q+", [("budget.floor", "P")]),
        (job(), 0.7, {"cloud": (replace(S, price=price("5000")),)}, "B>Q", [("budget.limit", "S")]),
        (job(cost_cap_usd=Decimal("0.001")), 0.7, {}, "B>Q", [("cost_cap", "S")]),
        (job(cost_cap_usd=Decimal(0)), 0.7, {"cloud": (replace(S, price=price("0", "0")),)}, "S>B>Q", []),
        (job(), 0.7, {"local": (SMALL, Q)}, "S>Q", [("window", "small")]),
        (job(wish=Wish.CLOUD), 0.7, {"size": replace(SIZE, input_tokens=90_000)}, "", [("window", "S")]),
        (job(Task.FIX, wish=Wish.CLOUD), 0.7, {"size": replace(SIZE, focus_tokens=9000)}, "", [("window", "S")]),
        (job(), 0.7, {"profile": CONSERVATIVE}, "B>Q", [("profile", "")]),
        (job(), 0.9, {"profile": CONSERVATIVE}, "S>B+>Q+", [("profile", "")]),
        (job(), 0.2, {"policy": Policy(), "cloud": (replace(S, price=None),)}, "F>Q", []),
        (job(), 0.2, {"local": (), "cloud": ()}, "", [("no_local_model", ""), ("no_cloud_model", "")]),
        (job(wish=Wish.LOCAL), 0.2, {"local": ()}, "", [("no_local_model", ""), ("wish", "")]),
        (job(Task.INLINE), 0.9, {}, "F>Q", []),
        (job(Task.INLINE, wish=Wish.CLOUD), 0.9, {}, "", [("allowed_for_cloud.inline_completion", "")]),
        (job(), 0.9, {"cloud": (replace(P, price=None), P)}, "P>B+>Q+", []),
        (job(), 0.7, {"cloud": (Candidate(model=model("X", Role.STANDARD), price=price()), S)}, "S>B>Q", []),
        (job(), 0.2, {"local": (F, replace(Q, missing="Off.", missing_rule="circuit"), B)}, "F>B", []),
        (job(), 0.5, {"local": (F, replace(Q, missing="Off.", missing_rule="circuit"), B)}, "B>F", [("circuit", "Q")]),
        (job(), 0.5, {"profile": PERFORMANCE, "cloud": (BOTH,)}, "Q>B", [("price", "X")]),
        (job(), 0.5, {"profile": PERFORMANCE, "cloud": (replace(BOTH, price=price()),), "budget": budget("5")}, "X>Q>B", []),
    ],
)  # fmt: skip
def test_each_rule_says_no_in_its_own_name(
    asked: Job, score: float, more: dict[str, Any], expected: str, refusals: list[tuple[str, str]]
) -> None:
    """What would have stood in the plan and does not is a refusal by its rule; what would not have is none."""
    plan = planned(asked, score, **more)

    assert drawn(plan) == expected
    assert refused(plan) == refusals
    assert all(refusal.sentence.endswith(".") for refusal in plan.refusals)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"cloud": (replace(S, price=None),)}, 'The price of S is not known, so it is not asked; add [prices."S"] to config.toml.'),
        ({"budget": budget("0.999")}, "S is a standard model, asked while more than $1.00 of the month's money is left, and $0.99 is;"),
        ({"cloud": (replace(S, price=price("5000")),)}, "S may cost ≤ $50.01, and $50.00 of the month's money is left;"),
        ({"local": (SMALL, Q)}, "small holds 2,000 tokens, and this job takes about 3,825;"),
        ({"size": replace(SIZE, focus_tokens=9001), "asked": job(Task.FIX)}, "B may write 8,192 tokens for this job, and the marked part is about 9,001;"),
        ({"profile": CONSERVATIVE}, "The profile conservative asks the cloud from a score of 0.9, and this job has 0.7;"),
        ({"asked": job(cost_cap_usd=Decimal("0.001"))}, "S may cost ≤ $0.015, more than the $0.0010 that this job may cost;"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_thing_the_rule_and_the_way_out(more: dict[str, Any], sentence: str) -> None:
    """In one sentence with numbers that are rounded against us."""
    asked = more.pop("asked", job())

    assert planned(asked, 0.7, **more).refusals[0].sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("task", "focus_tokens", "more", "expected"),
    [
        (Task.EXPLAIN, 5000, {}, 1024), (Task.REVIEW, 5000, {}, 2048), (Task.COMPLETE, 0, {}, 512),
        (Task.COMPLETE, 100, {}, 612), (Task.FIX, 100, {}, 1024), (Task.FIX, 600, {}, 1200),
        (Task.REFACTOR, 5000, {}, 8192), (Task.EXPLAIN, 0, {"thinking_tokens": 2000}, 3024),
        (Task.EXPLAIN, 0, {"thinking_tokens": 2000, "max_output_tokens": 2500}, 2500),
        (Task.REVIEW, 0, {"max_output_tokens": 700}, 700),
    ],
)  # fmt: skip
def test_every_step_has_an_output_cap(task: Task, focus_tokens: int, more: dict[str, Any], expected: int) -> None:
    """By task and by what is marked; thoughts come on top, and no cap is above what the model writes."""
    size = replace(SIZE, focus_tokens=focus_tokens)
    asked = planned(job(task, wish=Wish.CLOUD), 0.7, size=size, cloud=(replace(S, model=replace(S.model, **more)),))

    assert [step.output_cap_tokens for step in asked.steps] == [expected]


def test_money_of_a_plan_is_that_of_its_steps() -> None:
    """The most that one paid step can cost; the estimate of the first; nothing where all is local."""
    plan = planned(job(), 0.7, cloud=(S, replace(S2, price=price("2", "8"))))

    assert plan.worst_usd == plan.steps[1].worst_usd == Decimal("0.028192")
    assert plan.estimated_usd == plan.steps[0].estimated_usd == Decimal("0.004548")
    assert plan.budget_left_usd == 50
    assert planned(job(wish=Wish.LOCAL), 0.7).worst_usd == planned(job(), 0.1).estimated_usd == 0


@pytest.mark.parametrize(
    ("policy", "ignored_by", "allowed", "rule"),
    [
        (ALL, "", True, "allowed_for_cloud.reasoning_tasks"),
        (Policy(), "", False, "allowed_for_cloud.reasoning_tasks"),
        (ALL, ".hybridignore", False, "paths.hybridignore"),
    ],
)
def test_a_plan_keeps_the_rule_of_the_policy(policy: Policy, ignored_by: str, allowed: bool, rule: str) -> None:
    """Also where the job was never for the cloud."""
    plan = planned(job(), 0.1, policy=policy, ignored_by=ignored_by)

    assert (plan.policy_allowed, plan.policy_rule) == (allowed, rule)


@pytest.mark.parametrize(
    ("score", "at", "outcome", "then"),
    [
        (0.6, 0, When.UNAVAILABLE, 1), (0.6, 0, When.CHECK_FAILED, 2), (0.6, 1, When.CHECK_FAILED, 2),
        (0.6, 1, When.UNAVAILABLE, 2), (0.6, 2, When.UNAVAILABLE, None), (0.6, 2, When.CHECK_FAILED, None),
        (0.8, 0, When.UNAVAILABLE, 1), (0.8, 0, When.CHECK_FAILED, None), (0.2, 1, When.UNAVAILABLE, None),
    ],
)  # fmt: skip
def test_walking_a_plan(score: float, at: int, outcome: When, then: int | None) -> None:
    """`B?>Q?!S`: a failed check goes to the cloud at once, a silent model to the next one, the last one nowhere."""
    assert planned(job(Task.FIX), score).after(at, outcome) == then


@pytest.mark.parametrize(("score", "local", "reason"), [
    (0.2, (F, Q), "A job of score 0.2 is for a fast local model."),
    (0.2, (B,), "A job of score 0.2 is for a fast local model; without one, the best local model answers."),
    (0.7, (B,), "A job of score 0.7 is for a standard cloud model in the profile balanced."),
])  # fmt: skip
def test_a_step_says_why_it_is_there(score: float, local: tuple[Candidate, ...], reason: str) -> None:
    """In one sentence, with the score."""
    assert planned(job(), score, local=local).steps[0].reason == reason


def test_a_local_step_says_that_the_cloud_was_not_to_be_had() -> None:
    """Where the score is for the cloud, and a rule is not."""
    reason = planned(job(), 0.7, "0.50").steps[0].reason

    assert reason == "No cloud model may be asked for this job, so the best local model answers."


class Careless(Policy):
    """A policy that was written wrongly: it allows whatever it is asked."""

    def decide(self, question: Question) -> Decision:
        """Say yes."""
        return Decision(allowed=True, rule="careless", sentence="Everything may leave.")


def test_ghost_text_stays_here_whatever_a_policy_says() -> None:
    """The promise does not hang on one lock."""
    plan = planned(job(Task.INLINE, wish=Wish.CLOUD), 0.9, policy=Careless())

    assert (plan.steps, refused(plan)) == ((), [("allowed_for_cloud.inline_completion", "")])
