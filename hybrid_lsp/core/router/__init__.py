"""The decision: what will be tried for a job, step by step, each with its reason. Pure.

Rules:
1. What was not asked for deliberately never costs money and never leaves the machine.
2. No cloud step without the policy's permission, a known price, a key, room in the budget and under the cost cap.
3. A wish narrows and never widens; a tighter policy, budget or cap never adds a step.
4. The same question has the same plan.
5. A plan that begins on this machine goes to the cloud only where the score asks for the cloud anyway.
"""

from hybrid_lsp.core.router.decide import decide
from hybrid_lsp.core.router.plan import Candidate, Plan, Refusal, Step, When
from hybrid_lsp.core.router.size import EDITS, OVERHEAD_BYTES, Size, measure

__all__ = [
    "EDITS",
    "OVERHEAD_BYTES",
    "Candidate",
    "Plan",
    "Refusal",
    "Size",
    "Step",
    "When",
    "decide",
    "measure",
]
