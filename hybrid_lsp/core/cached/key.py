"""What a question is, so that an answer is given again to the very same one only.

Every part is written with its kind and its length before it is hashed: no two questions have the same form, whatever
their texts hold, and `1`, `"1"`, `True` and `1.0` are four values.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin

SCHEMA = 1
"""Raised when what a stored answer means changes; older ones are then not found any more."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Key:
    """All that an answer depends on. Two keys are equal exactly when each part is, in kind and value.

    Raises `TypeError` for a parameter that is not a text, a number, true, false or None.
    """

    task: Task
    prompt: str = field(repr=False)
    """The full text that would be sent, after redaction. It is hashed and goes no further."""
    parameters: Mapping[str, Value]
    """What is sent beside it, as `temperature` and the output cap. Their order does not count."""
    model: str
    """Who would answer: the id, with its version or digest where that is known."""
    backend: str
    origin: Origin
    """Where that model runs. What runs here is not looked for, and not left, on another machine."""
    policy: str
    """Fingerprint of the whitelist in force."""
    redaction: str
    """Fingerprint of the rules that secrets were taken out by."""
    workspace: str
    schema: int = SCHEMA
    _root: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "_root", hashlib.sha256(b"".join(self._parts())).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._root == other._root

    def __hash__(self) -> int:
        return hash(self._root)

    @property
    def digest(self) -> str:
        """The name that an answer is stored under, 64 hexadecimal digits; nothing of the question can be read in it."""
        return self.secret(b"name").hex()

    def secret(self, purpose: bytes) -> bytes:
        """Return 32 bytes that only who has the whole question can make, others for each purpose."""
        return hashlib.sha256(self._root + purpose).digest()

    def _parts(self) -> list[bytes]:
        texts = (self.task.value, self.prompt, self.model, self.backend, self.origin.value,
                 self.policy, self.redaction, self.workspace)  # fmt: skip
        named = sorted((_part(name), _part(value)) for name, value in self.parameters.items())
        plain = [_part(self.schema), *map(_part, texts), _part(len(named))]
        return plain + [part for pair in named for part in pair]


def _part(value: Value) -> bytes:
    kind, text = _kind_and_text(value)
    content = text.encode("utf-8", "surrogatepass")
    return b"%b%d:%b" % (kind, len(content), content)


def _kind_and_text(value: Value) -> tuple[bytes, str]:
    match value:
        case None:
            return b"n", ""
        case bool():
            return b"b", "1" if value else "0"
        case int():
            return b"i", str(int(value))
        case float():
            return b"f", float(value).hex()
        case str():
            return b"s", str(value)
    raise TypeError("a parameter of a question must be a text, a number, true, false or None")
