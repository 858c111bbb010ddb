"""The user's own history: how often the local answer was good, by what was asked where, and what follows from that.

Rules:
1. Fewer than 12 known outcomes are not enough data, and nothing is decided by them.
2. Something is decided only where the share of good answers is below 0.6, or above it, with 80 %.
3. Nothing here changes a setting: a person does.
4. Every check has its own record, and one that refuses good work too often is only advice.
5. What models think of their own answers (log-probabilities) is recorded elsewhere, and decides nothing here.
"""

from hybrid_lsp.core.history.asked import Share
from hybrid_lsp.core.history.beta import below, interval, quantile
from hybrid_lsp.core.history.cells import (
    ANY,
    BREAK_EVEN,
    ENOUGH,
    EVIDENCE_CHECKS,
    Cell,
    Estimate,
    Label,
    Tally,
    cell_of,
    cells,
    estimate,
    label,
)
from hybrid_lsp.core.history.checks import NEVER_ADVICE, CheckRecord, advice_only, check_records
from hybrid_lsp.core.history.reach import Reach, reach, size_band
from hybrid_lsp.core.history.review import (
    ASSUMPTION,
    DAYS,
    BandRow,
    ModelRow,
    Proposal,
    Review,
    monthly_review,
    thresholds_of,
)
from hybrid_lsp.core.history.what_if import Change, Thresholds

__all__ = [
    "ANY", "ASSUMPTION", "BREAK_EVEN", "DAYS", "ENOUGH", "EVIDENCE_CHECKS", "NEVER_ADVICE", "BandRow", "Cell",
    "Change", "CheckRecord", "Estimate", "Label", "ModelRow", "Proposal", "Reach", "Review", "Share", "Tally",
    "Thresholds", "advice_only", "below", "cell_of", "cells", "check_records", "estimate", "interval", "label",
    "monthly_review", "quantile", "reach", "size_band", "thresholds_of",
]  # fmt: skip
