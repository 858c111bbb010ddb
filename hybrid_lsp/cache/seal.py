"""What leaves this process is sealed: only who has the whole question can read, or forge, the answer to it.

The keys are derived from the question itself, so that nobody has to keep one, and two people who ask the very same
share an answer. It is hidden under the output of SHAKE-256 over a key and a fresh nonce, and marked with HMAC-SHA256
over name, nonce and hidden text. What this does not stop: somebody who can write down a whole question, code and all,
can try whether it was asked; and sizes and times of the answers are there to see.
"""

import hashlib
import hmac
import secrets

from hybrid_lsp.core.cached.key import Key

_FORM = b"h1"
_NONCE_BYTES = 16
_MARK_BYTES = 32
OVERHEAD_BYTES = len(_FORM) + _NONCE_BYTES + _MARK_BYTES


def seal(plain: bytes, key: Key) -> bytes:
    """Return `plain` as only who has `key` can read it; each time in other bytes."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = _FORM + nonce + _hidden(plain, key, nonce)
    return body + _mark(body, key)


def unseal(sealed: object, key: Key) -> bytes | None:
    """Return what was sealed with `key`; None for anything else, were it only one bit off."""
    if not isinstance(sealed, bytes) or len(sealed) < OVERHEAD_BYTES or not sealed.startswith(_FORM):
        return None
    body, mark = sealed[:-_MARK_BYTES], sealed[-_MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(body, key)):
        return None
    start = len(_FORM) + _NONCE_BYTES
    return _hidden(body[start:], key, body[len(_FORM) : start])


def _mark(body: bytes, key: Key) -> bytes:
    return hmac.digest(key.secret(b"mark"), key.digest.encode() + body, "sha256")


def _hidden(text: bytes, key: Key, nonce: bytes) -> bytes:
    """Hide a text, or bring it back."""
    over = hashlib.shake_256(key.secret(b"hide") + nonce).digest(len(text))
    return (int.from_bytes(text, "little") ^ int.from_bytes(over, "little")).to_bytes(len(text), "little")
