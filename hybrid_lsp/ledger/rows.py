"""A `Record` as a row, and back. What cannot be stored is made storable here, because a row must never be refused.

Texts that a vendor's answer brings are shortened and freed of what PostgreSQL cannot hold; counts and amounts have a
most, so that no sum over any number of rows can overflow.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import from_nano, to_nano
from hybrid_lsp.core.price import Price, Rates, Tier, Usage
from hybrid_lsp.core.record import Basis, Origin, Record, Status
from hybrid_lsp.ledger.database import Row, Value

MOST_NANO = 10**15
"""A million dollars: no single call costs more."""
_MOST_COUNT = 10**12
_MOST_MS = 10**14
_MOST_TEXT = 200
_MOST_PARTS = 50

_TEXTS = (
    "job",
    "workspace",
    "backend",
    "model",
    "answered_by",
    "rule",
    "baseline",
    "language",
    "reach",
    "size_band",
    "host",
)
_WORDS = ("task", "origin", "basis", "status")
_COUNTS = ("latency_ms", "first_token_ms", "bytes_out", "redactions")
_REALS = ("score", "mean_logprob", "lowest_logprob")
_FLAGS = ("accepted", "survived")
_USAGE = tuple(field.name for field in fields(Usage))

COLUMNS = (
    *_TEXTS, *_WORDS, *_COUNTS, *_REALS, *_FLAGS, *_USAGE,
    "at_ms", "price", "reasons", "checks", "taken", "baseline_nano", "amount_nano",
)  # fmt: skip
"""Of a row: what a `Record` says."""
CHARGE = ("hold", "state", "month", "held_nano", "until_ms")
"""Of a row: what the ledger adds."""
UNPAID: dict[str, Value] = {"hold": None, "state": "settled", "month": None, "held_nano": 0, "until_ms": 0}

INSERT = (
    f"INSERT INTO attempt ({', '.join((*CHARGE, *COLUMNS))})"
    f" VALUES ({', '.join(f':{name}' for name in (*CHARGE, *COLUMNS))})"
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM attempt"


def text(words: str) -> str:
    """Return words as every database can store them."""
    return words.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:_MOST_TEXT]


def charged_nano(usd: Decimal) -> int | None:
    """Return what an attempt is charged, rounded up; None for what can be no cost."""
    if not usd.is_finite() or usd < 0:
        return None
    return MOST_NANO if usd > from_nano(MOST_NANO) else to_nano(usd)


def values_of(record: Record) -> dict[str, Value]:
    """Return the columns of a record, `COLUMNS` all of them."""
    values: dict[str, Value] = {name: text(getattr(record, name)) for name in _TEXTS}
    values |= {name: str(getattr(record, name)) for name in _WORDS}
    values |= {name: _count(getattr(record, name)) for name in _COUNTS}
    values |= {name: _real(getattr(record, name)) for name in _REALS}
    values |= {name: _flag(getattr(record, name)) for name in _FLAGS}
    values |= {name: _count(getattr(record.usage, name)) if record.usage else None for name in _USAGE}
    return values | {
        "at_ms": max(0, min(record.at_ms, _MOST_MS)),
        "price": _price_text(record.price),
        "reasons": json.dumps([text(reason) for reason in record.reasons[:_MOST_PARTS]]),
        "checks": json.dumps([[text(name), bool(passed)] for name, passed in record.checks[:_MOST_PARTS]]),
        "taken": json.dumps([[text(kind), _count(times)] for kind, times in record.taken[:_MOST_PARTS]]),
        "baseline_nano": _baseline_nano(record.baseline_usd),
        "amount_nano": charged_nano(record.cost_usd) or 0,
    }


def record_of(row: Row) -> Record:
    """Return the record of a row of `COLUMNS`. Raises `ValueError` for what this version does not know."""
    found: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    plain = (*_TEXTS, *_COUNTS, *_REALS, "at_ms")
    flags: dict[str, Any] = {name: None if found[name] is None else bool(found[name]) for name in _FLAGS}
    return Record(
        **{name: found[name] for name in plain},
        **flags,
        task=Task(found["task"]),
        origin=Origin(found["origin"]),
        basis=Basis(found["basis"]),
        status=Status(found["status"]),
        usage=_usage(found),
        price=_price(found["price"]),
        reasons=tuple(json.loads(found["reasons"])),
        checks=tuple((name, passed) for name, passed in json.loads(found["checks"])),
        taken=tuple((kind, times) for kind, times in json.loads(found["taken"])),
        baseline_usd=None if found["baseline_nano"] is None else from_nano(found["baseline_nano"]),
        cost_usd=from_nano(found["amount_nano"]),
    )


def _count(number: int | None) -> int | None:
    return None if number is None else max(0, min(int(number), _MOST_COUNT))


def _real(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def _flag(flag: bool | None) -> int | None:
    return None if flag is None else int(flag)


def _baseline_nano(usd: Decimal | None) -> int | None:
    """Rounded down: no saving is ever told too large."""
    if usd is None or not usd.is_finite() or usd < 0:
        return None
    return min(-to_nano(-usd), MOST_NANO)


def _usage(found: Mapping[str, Any]) -> Usage | None:
    return None if found["input_tokens"] is None else Usage(**{name: found[name] for name in _USAGE})


def _price_text(price: Price | None) -> str | None:
    if price is None:
        return None
    tiers = [
        [tier.above_input_tokens, *(None if usd is None else str(usd) for usd in _amounts(tier.rates))]
        for tier in price.tiers
    ]
    return json.dumps({"model": text(price.model), "source": text(price.source), "tiers": tiers})


def _amounts(rates: Rates) -> tuple[Decimal | None, ...]:
    return rates.input_usd, rates.output_usd, rates.cached_usd, rates.cache_write_usd


def _price(stored: str | None) -> Price | None:
    if stored is None:
        return None
    found = json.loads(stored)
    return Price(model=found["model"], source=found["source"], tiers=tuple(_tier(*tier) for tier in found["tiers"]))


def _tier(above: int, *amounts: str | None) -> Tier:
    into, out, cached, written = (None if usd is None else Decimal(usd) for usd in amounts)
    if into is None or out is None:
        raise ValueError("a tier without a price")
    return Tier(
        above_input_tokens=above,
        rates=Rates(input_usd=into, output_usd=out, cached_usd=cached, cache_write_usd=written),
    )
