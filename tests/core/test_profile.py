"""core.profile: the sketch's three profiles."""

from decimal import Decimal

import pytest

from hybrid_lsp.core.catalog import Role
from hybrid_lsp.core.profile import PROFILES, Fallback


@pytest.mark.parametrize(
    ("name", "monthly_usd", "cloud_from", "local_first", "cloud_roles", "fallback"),
    [
        ("conservative", 10, 0.9, True, (Role.STANDARD,), Fallback.STEP_BY_STEP),
        ("balanced", 50, 0.6, True, (Role.STANDARD, Role.PREMIUM), Fallback.BEST_EFFORT),
        ("performance", 200, 0.4, False, (Role.PREMIUM, Role.STANDARD), Fallback.PLAIN),
    ],
)
def test_the_profiles_are_the_sketchs(
    name: str, monthly_usd: int, cloud_from: float, local_first: bool, cloud_roles: tuple[Role, ...], fallback: Fallback
) -> None:
    """Budget, threshold, local first or not, cloud models in order, and what answers where the cloud does not."""
    profile = PROFILES[name]

    assert (profile.name, profile.monthly_usd, profile.cloud_from) == (name, Decimal(monthly_usd), cloud_from)
    assert (profile.local_first, profile.cloud_roles, profile.fallback) == (local_first, cloud_roles, fallback)


def test_the_fallbacks_have_the_sketchs_names() -> None:
    """As they stand in a configuration file."""
    assert [str(fallback) for fallback in Fallback] == ["local", "local_best_effort", "local_with_cot"]
    assert sorted(PROFILES) == ["balanced", "conservative", "performance"]
