"""What may leave this machine: whitelist.json as values, and the one way to ask them.

Rules:
1. What the file does not name is not allowed.
2. A file with anything wrong in it allows nothing, until it is mended (`SAFEST`).
3. No file allows ghost text to leave: `inline_completion: true` is refused (DESIGN §1).
4. A second policy (a workspace's) can only narrow the first (the user's).
5. Everybody asks `Policy.decide`: the answer names the rule, and a sentence for people that has the way out.
"""

from hybrid_lsp.core.policy.file import UNTIL_MENDED, parse_policy, policy_text
from hybrid_lsp.core.policy.hosts import Fault, covers, read_entry, read_host, read_url
from hybrid_lsp.core.policy.paths import SECRET_FOLDERS, is_secret_path
from hybrid_lsp.core.policy.questions import Ask, Decision, Leave, Question, Reach, Send, Use
from hybrid_lsp.core.policy.values import SAFEST, Policy

__all__ = [
    "SAFEST",
    "SECRET_FOLDERS",
    "UNTIL_MENDED",
    "Ask",
    "Decision",
    "Fault",
    "Leave",
    "Policy",
    "Question",
    "Reach",
    "Send",
    "Use",
    "covers",
    "is_secret_path",
    "parse_policy",
    "policy_text",
    "read_entry",
    "read_host",
    "read_url",
]
