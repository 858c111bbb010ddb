"""The page as a whole."""

from collections.abc import Sequence
from datetime import datetime

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.summary import Summary
from hybrid_lsp.frontends.dashboard import days, month, tables
from hybrid_lsp.frontends.dashboard.look import ICON, style
from hybrid_lsp.frontends.dashboard.markup import Html, element, sentence, together
from hybrid_lsp.frontends.dashboard.words import day_told, month_told

_NOTHING_LOADS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)  # fmt: skip
_NOTHING_YET = (
    "Nothing has been asked for yet: choose Explain, Fix, Review or Refactor among the code actions of your editor, or"
    " run `hybrid-lsp ask FILE --task explain`, and this page shows who answered, how long it took and what it cost."
)


def page(summary: Summary, *, now: str, problems: Sequence[Problem] = ()) -> str:
    """Return what the ledger says as one HTML page that is complete in itself and loads nothing.

    Args:
        summary: What is shown; anything may stand in its texts.
        now: When the summary was taken, in ISO 8601 with its offset from UTC, in the configured time zone: its day is
            the last one of the thirty, and how long money is held is counted from it.
        problems: What is wrong with the settings that govern money, or with the ledger.

    Raises `ValueError` for a `now` without an offset, or that is no moment.
    """
    at = datetime.fromisoformat(now)
    if at.tzinfo is None:
        raise ValueError("a page needs a moment with its offset from UTC")
    content = together(_header(at), *_troubles(summary, problems), element("main", *_content(summary, at)))
    return f"<!doctype html>\n{element('html', _head(summary), element('body', content), lang='en')}\n"


def _head(summary: Summary) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_NOTHING_LOADS),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"hybrid-lsp: {month_told(summary.budget.month)}"),
        element("link", rel="icon", href=ICON),
        element("style", Html(style())),
    )


def _header(at: datetime) -> Html:
    as_of = f"hybrid-lsp, as of {day_told(at.date())} {at.year}, {at:%H:%M}"
    return element("header", element("h1", "What you asked, and what it cost"), element("p", as_of, class_="quiet"))


def _troubles(summary: Summary, problems: Sequence[Problem]) -> list[Html]:
    """What has to be mended before cloud models are asked again comes first."""
    blocked = summary.budget.blocked
    sentences = [("Paid calls are blocked.", blocked)] if blocked else []
    sentences += [("", problem.sentence) for problem in problems]
    return [
        element("section", *([element("strong", title)] if title else []), sentence(text), class_="bad", role="alert")
        for title, text in sentences
    ]


def _content(summary: Summary, at: datetime) -> list[Html]:
    money = month.money(summary)
    if not (summary.days or summary.groups or summary.holds):
        # Of a ledger that cannot be read, too, nothing is told.
        nothing = "No row of the ledger can be shown." if summary.budget.blocked else _NOTHING_YET
        return [money, element("section", element("p", sentence(nothing)))]
    shown = days.stretch(summary.days, at.date())
    return [
        money,
        month.tiles(summary),
        days.sources(shown, summary),
        days.costs(shown),
        tables.models(summary),
        tables.holds(summary, int(at.timestamp() * 1000)),
    ]
