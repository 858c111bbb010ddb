"""Permits, doors and catalog entries for tests of what asks a model vendor."""

from collections.abc import Callable
from decimal import Decimal

from hybrid_lsp.core.catalog import Model, Where
from hybrid_lsp.core.policy import Decision
from hybrid_lsp.core.record import Reservation
from hybrid_lsp.core.stream import ChatPrompt
from hybrid_lsp.egress.cloud import CloudDoor
from hybrid_lsp.egress.permit import Permit
from tests.doubles.cloud import VendorDouble, trusting

NOW_MS = 1_796_000_000_000
HOST = "127.0.0.1"
PROMPT = ChatPrompt(system="You are careful.", user="Fix «x».")


def allowed(rule: str) -> Decision:
    """A yes of the policy by this rule."""
    return Decision(allowed=True, rule=rule, sentence="yes")


def permit(
    *,
    host: str = HOST,
    job: str = "job-1",
    decisions: tuple[Decision, ...] | None = None,
    until_ms: int = NOW_MS + 60_000,
    holder: str = "job-1",
) -> Permit:
    """A permit that allows all; what is given makes it worse."""
    rules = ("allowed_for_cloud.reasoning_tasks", f"cloud_apis.{host}", "paths")
    held = Reservation(id="hold-1", job=holder, month="2026-11", held_usd=Decimal("0.01"), until_ms=until_ms)
    return Permit(
        job=job, host=host, decisions=tuple(map(allowed, rules)) if decisions is None else decisions, reservation=held
    )


def door_to(
    double: VendorDouble, *, scan: Callable[[str], bool] = lambda _: False, clock_ms: Callable[[], int] = lambda: NOW_MS
) -> CloudDoor:
    """A door to a double that trusts its certificate."""
    return CloudDoor(double.url, scan=scan, clock_ms=clock_ms, dice=lambda: 0.5, trust=trusting)


def cloud_model(model_id: str, backend: str, *, thinking_tokens: int = 2048) -> Model:
    """An entry of the catalog."""
    return Model(
        id=model_id, backend=backend, where=Where.CLOUD, roles=(), window_tokens=200_000, max_output_tokens=8192,
        host=HOST, key_env=("DOUBLE_API_KEY",), thinking_tokens=thinking_tokens,
    )  # fmt: skip
