"""What we prefer: the sketch's three profiles."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hybrid_lsp.core.catalog import Role


class Fallback(StrEnum):
    """How a local model is asked when the cloud is not."""

    PLAIN = "local"
    BEST_EFFORT = "local_best_effort"
    STEP_BY_STEP = "local_with_cot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Thresholds, floors and order of one way of working."""

    name: str
    monthly_usd: Decimal
    """The budget, where the settings name none."""
    cloud_from: float
    """The score from which a cloud model is thought of."""
    local_first: bool
    """Whether a local answer is tried and checked before the cloud is asked."""
    cloud_roles: tuple[Role, ...]
    """Which cloud models may be used, the preferred first."""
    fallback: Fallback


CONSERVATIVE = Profile(
    name="conservative", monthly_usd=Decimal(10), cloud_from=0.9, local_first=True,
    cloud_roles=(Role.STANDARD,), fallback=Fallback.STEP_BY_STEP,
)  # fmt: skip
BALANCED = Profile(
    name="balanced", monthly_usd=Decimal(50), cloud_from=0.6, local_first=True,
    cloud_roles=(Role.STANDARD, Role.PREMIUM), fallback=Fallback.BEST_EFFORT,
)  # fmt: skip
PERFORMANCE = Profile(
    name="performance", monthly_usd=Decimal(200), cloud_from=0.4, local_first=False,
    cloud_roles=(Role.PREMIUM, Role.STANDARD), fallback=Fallback.PLAIN,
)  # fmt: skip

PROFILES = {profile.name: profile for profile in (CONSERVATIVE, BALANCED, PERFORMANCE)}
