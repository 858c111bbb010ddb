"""What is told in rows: the month by task and model, and the money that is held now."""

from collections.abc import Sequence

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO, told
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import GroupTotal, Hold, Summary
from hybrid_lsp.frontends.dashboard.markup import Html, element
from hybrid_lsp.frontends.dashboard.words import UNKNOWN, count_told, counted, time_told

MOST_ROWS = 40
"""Of a table; the rest is summed up in a sentence."""
_HEADS = ("Model", "Task", "From", "Attempts", "Accepted", "Tokens in", "cached", "Tokens out", "Cost")
_WORDS = 3
"""As many columns hold words, and stand at the left."""
_NAMELESS = {Origin.EMBEDDED: "the model that ships with hybrid-lsp", Origin.CACHE: "an answer kept from before"}


def models(summary: Summary) -> Html:
    """Return the month by task and model as it comes, the dearest first; ghost text, free and frequent, comes last."""
    title = element("h2", "This month by task and model")
    if not summary.groups:
        return element("section", title, element("p", "Nothing was asked this month.", class_="quiet"))
    asked = [group for group in summary.groups if group.task is not Task.INLINE]
    ghost = [group for group in summary.groups if group.task is Task.INLINE]
    head = element("thead", element("tr", *map(_head, _HEADS)))
    bodies = [element("tbody", *map(_group, asked[:MOST_ROWS]))] if asked else []
    if ghost:
        name = element("th", "Ghost text", class_="group", scope="rowgroup", colspan=str(len(_HEADS)))
        bodies.append(element("tbody", element("tr", name), *map(_group, ghost[:MOST_ROWS])))
    rest = _rest([*asked[MOST_ROWS:], *ghost[MOST_ROWS:]])
    return element("section", title, element("table", head, *bodies, class_="models"), *rest)


def _head(text: str) -> Html:
    words = {"class_": "word"} if text in _HEADS[:_WORDS] else {}
    return element("th", text, scope="col", **words)


def _group(group: GroupTotal) -> Html:
    source = element("span", element("i", class_=group.origin.value), group.origin.value, class_="source")
    figures = (
        element("td", text, data_head=head) for head, text in zip(_HEADS[_WORDS:-1], _counts(group), strict=True)
    )
    return element(
        "tr", element("th", _name(group), scope="row"),
        element("td", group.task.value, class_="word task"), element("td", source, class_="word from"),
        *figures, element("td", *_cost(group), class_="cost"),
    )  # fmt: skip


def _name(group: GroupTotal) -> str:
    return group.model or _NAMELESS.get(group.origin, UNKNOWN)


def _counts(group: GroupTotal) -> tuple[str, ...]:
    """Without a word from anybody, nothing is known of acceptance; and no tokens means that nobody counted them."""
    tokens = (group.input_tokens, group.cached_tokens, group.output_tokens)
    accepted = count_told(group.accepted) if group.accepted or group.rejected else UNKNOWN
    return (count_told(group.attempts), accepted, *(count_told(each) if each else UNKNOWN for each in tokens))


def _cost(group: GroupTotal) -> list[str]:
    cost = "free" if not group.cost_usd and group.origin is not Origin.CLOUD else told(group.cost_usd)
    return [cost, *([element("small", f"{told(group.assumed_usd)} assumed")] if group.assumed_usd else [])]


def _rest(groups: Sequence[GroupTotal]) -> list[Html]:
    if not groups:
        return []
    attempts = counted(sum(group.attempts for group in groups), "attempt", "attempts")
    cost = told(sum((group.cost_usd for group in groups), ZERO))
    return [element("p", f"And {count_told(len(groups))} more: {attempts}, {cost}.", class_="quiet")]


def holds(summary: Summary, now_ms: int) -> Html:
    """Return what is held now, and for how long at most."""
    title = element("h2", "Held now")
    if not summary.holds:
        return element("section", title, element("p", "Nothing: no paid call is under way.", class_="quiet"))
    heads = ("Model", "Held", "For", "Ends")
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))
    rows = (_hold(hold, now_ms) for hold in summary.holds[:MOST_ROWS])
    table = element("table", head, element("tbody", *rows))
    return element("section", title, table, *_other_holds(summary.holds[MOST_ROWS:]))


def _hold(hold: Hold, now_ms: int) -> Html:
    ends = f"in {time_told(hold.until_ms - now_ms)} at most" if hold.until_ms > now_ms else "over: charged in full"
    cells = (told(hold.held_usd), time_told(max(0, now_ms - hold.since_ms)), ends)
    return element("tr", element("th", hold.model or UNKNOWN, scope="row"), *(element("td", cell) for cell in cells))


def _other_holds(holds: Sequence[Hold]) -> list[Html]:
    if not holds:
        return []
    held = told(sum((hold.held_usd for hold in holds), ZERO))
    return [element("p", f"And {count_told(len(holds))} more: {held}.", class_="quiet")]
