"""core.router: what holds for every plan, whatever is asked, allowed, paid for and installed."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.catalog import Role, Where
from hybrid_lsp.core.job import POLICY_KEY, Task, Wish
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.core.profile import PROFILES, Fallback, Profile
from hybrid_lsp.core.router import Candidate, Plan, Size, Step, When, decide
from tests.core.routing import ALL, job, model, price, scored


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value nine times of ten: with everything amiss at once, no plan would ever leave."""
    return st.sampled_from((*(usual,) * 9 * len(others), *others))


amounts = st.decimals("0", "60", places=3)
hosts = mostly("api.openai.com", "api.anthropic.com", "evil.example", "openai.com.evil.example", "")
prices = st.one_of(
    mostly(price(), None, price("3", "15"), price("0", "0")), st.builds(lambda a: price(str(a)), amounts)
)
missing = mostly(("", ""), ("No key is set.", "key"), ("It failed; wait.", "circuit"))


@st.composite
def candidates(draw: st.DrawFn, roles: tuple[Role, ...], *, away: bool) -> tuple[Candidate, ...]:
    """Models of one side with all that can be the matter with them."""
    made = []
    for number in range(draw(mostly(len(roles), 0, 1, 4))):
        why, rule = draw(missing)
        some = model(
            draw(mostly(f"{roles[0]}{number}", "same")),
            *draw(mostly((roles[number % len(roles)],), (), roles, roles[:1], roles[-1:])),
            host=draw(hosts) if away else "",
            window_tokens=draw(mostly(200_000, 2000, 8000)),
            max_output_tokens=draw(mostly(8192, 500)),
            thinking_tokens=draw(mostly(0, 1000)),
            where=Where.CLOUD if away else Where.LOCAL,
        )
        made.append(Candidate(model=some, price=draw(prices), missing=why, missing_rule=rule))
    return tuple(made)


profiles = st.one_of(
    st.sampled_from(sorted(PROFILES.values(), key=lambda profile: profile.name)),
    st.builds(
        Profile, name=st.just("own"), monthly_usd=st.just(Decimal(50)), cloud_from=st.sampled_from((0.0, 0.3, 0.5, 0.9)),
        local_first=st.booleans(), fallback=st.sampled_from(Fallback),
        cloud_roles=st.lists(st.sampled_from((Role.STANDARD, Role.PREMIUM)), unique=True).map(tuple),
    ),
)  # fmt: skip
policies = st.builds(
    lambda apis, tasks, excluded: Policy(cloud_apis=apis, tasks=tasks, excluded=excluded),
    mostly(ALL.cloud_apis, frozenset({"openai.com"}), frozenset({"anthropic.com"}), frozenset()),
    mostly(ALL.tasks, frozenset(), frozenset({"inline_completion"}), frozenset({"code_review"})),
    mostly((), ("*.md",), ("src/**",)),
)
jobs = st.builds(
    job,
    st.sampled_from(Task),
    deliberate=mostly(True, False),
    wish=mostly(Wish.ANY, Wish.LOCAL, Wish.CLOUD),
    cost_cap_usd=st.one_of(st.none(), st.none(), amounts),
)
budgets = st.builds(
    lambda limit, settled, held: Budget(month="2026-11", limit_usd=limit, settled_usd=settled, held_usd=held),
    st.one_of(st.just(Decimal(50)), amounts), st.decimals("0", "10", places=9), mostly(Decimal(0), Decimal("0.5")),
)  # fmt: skip
sizes = st.builds(
    lambda tokens, focus: Size(input_bytes=4 * tokens, input_tokens=tokens, focus_tokens=focus),
    mostly(1500, 300, 7000, 150_000), mostly(400, 0, 5000),
)  # fmt: skip
questions = st.fixed_dictionaries({
    "job": jobs, "complexity": st.integers(0, 10).map(lambda tenths: scored(tenths / 10)), "size": sizes,
    "policy": policies, "profile": profiles, "budget": budgets, "ignored_by": mostly("", ".gitignore:1"),
    "local": candidates((Role.FAST, Role.QUALITY, Role.BEST), away=False),
    "cloud": candidates((Role.STANDARD, Role.PREMIUM), away=True),
})  # fmt: skip


def answer(question: dict[str, Any]) -> Plan:
    """The plan for a question."""
    rest = {name: value for name, value in question.items() if name not in ("job", "complexity")}
    return decide(question["job"], question["complexity"], **rest)


def paid(plan: Plan) -> list[Step]:
    """The steps that leave this machine."""
    return [step for step in plan.steps if not step.model.is_local]


def tightenings(draw: Callable[[Any], Any]) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """Ways to allow less, each from a question to a question."""

    def on_job(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return lambda question: {**question, "job": replace(question["job"], **more)}

    return {
        "narrower policy": lambda q: {**q, "policy": q["policy"].narrowed_by(draw(policies))},
        "excluded files": lambda q: {**q, "policy": q["policy"].excluding(["src/*.py"])},
        "ignored file": lambda q: {**q, "ignored_by": ".hybridignore"},
        "smaller budget": lambda q: {
            **q, "budget": replace(q["budget"], settled_usd=q["budget"].settled_usd + draw(amounts)),
        },
        "blocked budget": lambda q: {**q, "budget": replace(q["budget"], blocked="Something is wrong; mend it.")},
        "smaller cap": lambda q: on_job(
            cost_cap_usd=min(draw(amounts), Decimal(99) if q["job"].cost_cap_usd is None else q["job"].cost_cap_usd)
        )(q),
        "not deliberate": on_job(deliberate=False),
        "stay here": lambda q: on_job(wish=Wish.LOCAL if q["job"].wish is Wish.ANY else q["job"].wish)(q),
    }  # fmt: skip


@given(st.data(), questions)
def test_tightening_never_adds_a_step(data: st.DataObject, question: dict[str, Any]) -> None:
    """A narrower policy, less money, a lower cap, a wish, or nobody who asked: steps go, and none comes."""
    before = {(step.model.id, step.model.where, step.step_by_step) for step in answer(question).steps}
    for name, tightened in tightenings(data.draw).items():
        after = {(step.model.id, step.model.where, step.step_by_step) for step in answer(tightened(question)).steps}

        assert after <= before, name


def may_be_paid(step: Step, question: dict[str, Any]) -> bool:
    """Written from the rules, not from the router: permission, key, price and room for this step."""
    asked, policy, left = question["job"], question["policy"], question["budget"].left_usd
    known = [
        candidate
        for candidate in question["cloud"]
        if candidate.model == step.model and candidate.price is not None and not candidate.missing
    ]
    floor = {Role.STANDARD: 1, Role.PREMIUM: 5}[step.role]
    return (
        asked.deliberate
        and asked.wish is not Wish.LOCAL
        and asked.task is not Task.INLINE
        and POLICY_KEY[asked.task] in policy.tasks
        and policy.excluded != ("src/**",)
        and not question["ignored_by"]
        and step.model.host in ("api.openai.com", "api.anthropic.com")
        and step.model.host.removeprefix("api.") in policy.cloud_apis
        and any(one.price.worst_usd(question["size"].input_bytes, step.output_cap_tokens) == step.worst_usd for one in known)
        and step.role in step.model.roles
        and step.role in question["profile"].cloud_roles
        and left > floor
        and step.worst_usd <= left
        and (asked.cost_cap_usd is None or step.worst_usd <= asked.cost_cap_usd)
    )  # fmt: skip


@given(questions)
def test_no_cloud_step_without_permission_price_key_and_room(question: dict[str, Any]) -> None:
    """Under every wish the same; ghost text and what nobody asked for never cost anything."""
    plan = answer(question)

    assert all(may_be_paid(step, question) for step in paid(plan))
    assert plan.worst_usd == max([step.worst_usd for step in plan.steps], default=0)
    assert all(step.estimated_usd <= step.worst_usd for step in plan.steps)


@given(questions)
def test_a_plan_is_whole_and_always_the_same(question: dict[str, Any]) -> None:
    """The same question has the same plan; it begins somewhere, repeats nothing, and says why where it is empty."""
    plan = answer(question)
    steps = plan.steps
    asked = [(step.model.id, step.model.backend, step.model.host, step.step_by_step) for step in steps]

    assert answer(question) == plan
    assert [step.when for step in steps].count(When.FIRST) == bool(steps)
    assert not steps or steps[0].when is When.FIRST
    assert len(set(asked)) == len(asked)
    assert steps or plan.refusals
    assert all(refusal.sentence and refusal.rule for refusal in plan.refusals)
    assert not {refusal.model for refusal in plan.refusals} & {step.model.id for step in paid(plan)}


@given(questions)
def test_a_wish_is_kept(question: dict[str, Any]) -> None:
    """Asked for the cloud, nothing local answers; asked to stay, nothing leaves."""
    asked = question["job"]
    here = answer({**question, "job": replace(asked, wish=Wish.LOCAL)}).steps
    there = answer({**question, "job": replace(asked, wish=Wish.CLOUD)}).steps

    assert all(step.model.is_local for step in here)
    assert not any(step.model.is_local for step in there)


@given(questions)
def test_a_plan_goes_from_here_to_the_cloud_only_where_the_score_is_for_the_cloud(question: dict[str, Any]) -> None:
    """After a local step a cloud step stands for a failed check only, of a task that can be checked, from the threshold."""
    plan = answer(question)
    sides = [step.model.is_local for step in plan.steps]
    if sides[:1] == [True] and False in sides:
        first = plan.steps[sides.index(False)]
        score = question["complexity"].score

        assert first.when is When.CHECK_FAILED
        assert all(step.checked for step in plan.steps[: sides.index(False)])
        assert question["job"].task in (Task.FIX, Task.REFACTOR, Task.COMPLETE)
        assert question["profile"].cloud_from <= score < 0.8
        assert question["profile"].local_first
