"""The language server over the real assistant, with models that follow a script; started by the tests as a process.

`python -m tests.lsp.asking_server '{"answers": "FOLDER"}'`. The request `test/script` gives other models, the
notification `test/go` lets waiting ones go on, and `test/state` tells what they were asked and what the ledger knows.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hybrid_lsp.assistant import Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.backends.embedded import EmbeddedBackend
from hybrid_lsp.completer import Completer
from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.chat import chat_prompt
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Job, Wish
from hybrid_lsp.core.money import ZERO, told_left
from hybrid_lsp.core.policy import SAFEST
from hybrid_lsp.core.profile import PROFILES
from hybrid_lsp.core.redact import redact
from hybrid_lsp.core.router import Candidate, Plan, decide, measure
from hybrid_lsp.core.stream import Ending, EndReason
from hybrid_lsp.core.summary import Savings, Summary
from hybrid_lsp.embedded.model import EmbeddedModel
from hybrid_lsp.frontends.dashboard import page
from hybrid_lsp.frontends.lsp.server import Server, serve
from hybrid_lsp.settings import Whitelists, user_whitelist_path
from hybrid_lsp.settings.exclusions import Exclusions
from tests.assistant.house import ALL, CLOUD, DEAR, LOCAL, PRICE, House, Line, house, offline

ENDING = Ending(reason=EndReason.DONE, prompt_tokens=1000, output_tokens=100)


class ScriptedAsking:
    """See `frontends.lsp.asking.Asking`: the real router and the real assistant."""

    def __init__(self, rooms: House) -> None:
        self.rooms = rooms
        self.wish = Wish.ANY
        self.profile = "balanced"
        self.marks: list[dict[str, Any]] = []
        self.plans = 0

    @property
    def left_usd(self) -> Decimal:
        """What is left."""
        return self.rooms.money.left_usd

    def plan(self, job: Job) -> Plan:
        """The real router decides."""
        self.plans += 1
        job, rooms = self._wished(job), self.rooms
        return decide(
            job, assess(job.prompt, job.context), size=measure(job), policy=rooms.policy,
            profile=PROFILES[self.profile], budget=Budget(month="2027-01", limit_usd=self.left_usd),
            local=[Candidate(model=model) for model in rooms.local],
            cloud=[Candidate(model=model, price=rooms.price) for model in rooms.cloud],
        )  # fmt: skip

    async def ready(self) -> None:
        """It is ready."""

    async def run(
        self, job: Job, whole: Whole, *, tell: Callable[[Event], None] | None = None, fresh: bool = False
    ) -> Outcome:
        """The real assistant walks the plan."""
        self.rooms.profile = PROFILES[self.profile]
        return await self.rooms.assistant.run(self._wished(job), whole, tell=tell, fresh=fresh)

    async def would_leave(self, job: Job) -> str:
        """The question to the first cloud model, redacted."""
        step = next((step for step in self.plan(job).steps if not step.model.is_local), None)
        if step is None:
            return "Nothing would leave this machine."
        return redact(chat_prompt(job).user, self.rooms.rules).text

    async def spent(self) -> str:
        """The month, in a line."""
        return f"{told_left(self.left_usd)} left"

    async def dashboard(self) -> str:
        """The page of an empty month."""
        budget = Budget(month="2027-01", limit_usd=self.left_usd)
        nothing = Savings(baseline="", baseline_usd=ZERO, spent_usd=ZERO, compared=0, uncompared=0)
        empty = Summary(budget=budget, days=(), groups=(), holds=(), savings=nothing, cache_hits=0)
        return page(empty, now="2027-01-05T12:00:00+00:00")

    async def clear_cache(self) -> int:
        """Forget every answer."""
        count = len(self.rooms.answers.kept)
        self.rooms.answers.kept.clear()
        return count

    async def close(self) -> None:
        """End what is under way."""
        await self.rooms.assistant.close()

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """Remember what became of an answer."""
        self.marks.append({"accepted": accepted, "survived": survived})

    def switch_profile(self, name: str) -> str:
        """Put a profile in force."""
        if name not in PROFILES:
            raise Refused(f"There is no profile of that name; there are {', '.join(PROFILES)}.")
        self.profile = name
        return f"The profile {name} is in force."

    def _wished(self, job: Job) -> Job:
        return replace(job, wish=self.wish) if self.wish is Wish.LOCAL or job.wish is Wish.ANY else job


def _line(told: dict[str, Any], gate: asyncio.Event) -> Line:
    if told.get("offline"):
        return offline()
    return Line(say=tuple(told["say"]), ending=ENDING, gate=gate if told.get("gate") else None)


def _rooms(script: dict[str, Any], gate: asyncio.Event) -> House:
    lines = {name: [_line(line, gate) for line in script[name]] for name in ("small", "big") if name in script}
    return house(
        **lines,
        policy=SAFEST if script.get("policy") == "safest" else ALL,
        local=(LOCAL,) if script.get("local", True) else (),
        cloud=(CLOUD,) if script.get("cloud", True) else (),
        price=DEAR if script.get("dear") else PRICE,
    )


def build(told: dict[str, Any]) -> Server:
    """Return the server that a script describes."""
    gate = asyncio.Event()
    asking = ScriptedAsking(_rooms(told, gate))
    if largest := told.get("largest_file"):
        import resource

        # As on a full disk: a write beyond it fails in the middle.
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    model = EmbeddedModel()
    server = Server(
        completer=Completer(EmbeddedBackend(model)),
        model=model,
        policies=Whitelists(user_whitelist_path(None)),
        asking=None if told.get("ghost_only") else asking,
        answers=Path(told["answers"]) if "answers" in told else None,
        hover=told.get("hover", True),
        why_excluded=lambda root, path: Exclusions(root).why(path),
    )

    @server.feature("test/script")
    async def script(params: Any) -> None:
        """Begin anew, with other models."""
        nonlocal gate
        gate = asyncio.Event()
        fields = json.loads(params["script"])
        asking.rooms = _rooms(fields, gate)
        asking.profile, asking.wish, asking.marks = fields.get("profile", "balanced"), Wish.ANY, []
        if server.asked is not None:
            server.asked.hovers.clear()
            server.asked.hovers.wait_s = fields.get("hover_s", 10.0)

    @server.feature("test/go")
    async def go(params: Any) -> None:
        gate.set()

    @server.feature("test/state")
    async def state(params: Any) -> dict[str, Any]:
        rooms = asking.rooms
        return {
            "asked": [name for name, _ in rooms.models.asked],
            "questions": [prompt.user for _, prompt in rooms.models.asked],
            "closed": rooms.models.closed,
            "rows": rooms.money.statuses,
            "held": len(rooms.money.held),
            "spent": str(50 - rooms.money.left_usd),
            "marks": asking.marks,
        }

    return server


if __name__ == "__main__":
    serve(build(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
