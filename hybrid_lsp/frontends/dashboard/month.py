"""The month in a few figures: the money, and what was answered, from where, and what that saved."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO, told, told_left
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import GroupTotal, Savings, Summary
from hybrid_lsp.frontends.dashboard.markup import Html, element
from hybrid_lsp.frontends.dashboard.words import UNKNOWN, count_told, counted, month_told, share_told

_ASSUMED = (
    "Assumed, not reported: calls that were cancelled, cut off or lost count with the most that they can have cost."
)


def money(summary: Summary) -> Html:
    """Return what was spent of the limit, what is held and what is left."""
    budget = summary.budget
    if not budget.is_known:
        return element("section", _heading(budget))
    assumed = min(max(ZERO, summary.assumed_usd), budget.settled_usd)
    parts = [
        ("spent", "spent", budget.settled_usd - assumed),
        ("assumed", "spent, assumed", assumed),
        ("held", "held for calls under way", budget.held_usd),
    ]
    parts = [(name, words, usd) for name, words, usd in parts if usd > 0]
    under = [element("p", _ASSUMED, class_="quiet")] if assumed > 0 else []
    return element("section", _heading(budget), *_bar(budget, parts), *_standing(budget), *_legend(parts), *under)


def _heading(budget: Budget) -> Html:
    # A ledger that was lost knows of less than was spent; one that cannot be read tells nothing.
    known = "known to be " if budget.blocked and budget.is_known else ""
    spent = element("div", told(budget.settled_usd) if budget.is_known else UNKNOWN, class_="figure")
    of = element("h2", f"{known}spent of {told(budget.limit_usd)} in {month_told(budget.month)}", class_="quiet")
    left = element("div", told_left(budget.left_usd) if budget.is_known else UNKNOWN, class_="figure")
    return element(
        "div", element("div", spent, of), element("div", left, element("div", "left", class_="quiet")), class_="money"
    )


def _bar(budget: Budget, parts: Sequence[tuple[str, str, Decimal]]) -> list[Html]:
    """Nothing for a limit of 0. Where more was used than the limit, the bar is full, and the parts share it."""
    if budget.limit_usd <= 0:
        return []
    whole = max(budget.limit_usd, sum((usd for *_, usd in parts), ZERO))
    pieces = [element("i", class_=name, style=f"width:{_percent(usd, whole)}%") for name, _, usd in parts]
    amounts = ", ".join(f"{told(usd)} {words}" for _, words, usd in parts) or "nothing spent"
    label = f"{budget.used_percent} % of the limit is used: {amounts}, {told_left(budget.left_usd)} left"
    return [element("div", *pieces, class_="bar", role="img", aria_label=label)]


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)


def _standing(budget: Budget) -> list[Html]:
    """What the figures alone do not say."""
    over = budget.settled_usd + budget.held_usd - budget.limit_usd
    if budget.blocked:
        return []
    if budget.limit_usd <= 0:
        sentence = f"With a limit of {told(ZERO)} no cloud model is asked; your own models go on."
    elif over > 0:
        sentence = (
            f"That is {budget.used_percent} % of the limit, {told(over)} more than it allows: no cloud model is asked"
            " until next month, or until the limit is raised; your own models go on."
        )
    elif budget.left_usd <= 0:
        sentence = "All of it is used: no cloud model is asked until next month; your own models go on."
    else:
        return []
    return [element("p", sentence)]


def _legend(parts: Sequence[tuple[str, str, Decimal]]) -> list[Html]:
    if len(parts) < 2:
        return []
    items = (element("li", element("i", class_=name), f"{told(usd)} {words}") for name, words, usd in parts)
    return [element("ul", *items, class_="legend")]


def tiles(summary: Summary) -> Html:
    """Return the month's figures. Ghost text has its own: by count it would drown what was asked for."""
    asked = [group for group in summary.groups if group.task is not Task.INLINE]
    cached = _attempts(group for group in asked if group.origin is Origin.CACHE)
    answers = summary.savings.compared + summary.savings.uncompared + cached
    return element(
        "div",
        _answers(asked, answers),
        _tile("From the cache", count_told(cached), f"{share_told(cached, answers)} of the answers, for nothing"),
        _savings(summary.savings),
        _ghost_text([group for group in summary.groups if group.task is Task.INLINE]),
        class_="tiles",
    )


def _tile(name: str, figure: str, sentence: str) -> Html:
    return element("section", element("h2", name), element("div", figure, class_="figure"), element("p", sentence))


def _answers(asked: Sequence[GroupTotal], answers: int) -> Html:
    attempts = _attempts(asked)
    own = attempts - _attempts(group for group in asked if group.origin is Origin.CLOUD)
    sentence = f"{share_told(own, attempts)} of {counted(attempts, 'attempt', 'attempts')} needed no cloud model"
    return _tile("Answers", count_told(answers), sentence if attempts else "nothing asked this month")


def _savings(savings: Savings) -> Html:
    if not savings.baseline or not savings.compared:
        return _tile("Saved", UNKNOWN, "no answer of this month can be priced at another model")
    others = f"; {count_told(savings.uncompared)} could not be compared" if savings.uncompared else ""
    cost = f"{counted(savings.compared, 'answer', 'answers')} cost {told(savings.spent_usd)}"
    there = f"the same tokens would have cost {told(savings.baseline_usd)}"
    if savings.saved_usd >= 0:
        return _tile("Saved", told(savings.saved_usd), f"{cost}; {there} at {savings.baseline}{others}")
    more = f"{told(-savings.saved_usd)} more"
    return _tile("Spent, not saved", more, f"than at {savings.baseline}: {cost}; {there} there{others}")


def _ghost_text(groups: Sequence[GroupTotal]) -> Html:
    shown, taken = _attempts(groups), sum(group.accepted for group in groups)
    if not shown:
        return _tile("Ghost text", "0", "none on record this month")
    sentence = f"shown, {count_told(taken)} known to be taken ({share_told(taken, shown)}); it never costs anything"
    return _tile("Ghost text", count_told(shown), sentence)


def _attempts(groups: Iterable[GroupTotal]) -> int:
    return sum(group.attempts for group in groups)
