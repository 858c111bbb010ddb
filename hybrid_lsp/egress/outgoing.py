"""What goes out to a model vendor: where to, under which headers, which bytes, and whether a secret is in them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.egress.address import PLAIN_PATH, Address, parse_address

_QUERY = re.compile(r"[A-Za-z0-9._~=&-]*", re.ASCII)
_HEADER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,8190}[\x21-\x7e])?", re.ASCII)


def vendor_address(base_url: str) -> Address:
    """Return where a plain https address leads to; raise `Refused` for any other."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        host = ""
    address = parse_address(base_url, (host,))
    if address.scheme != "https":
        raise Refused(f"{address.host} is asked over https only; write its address like https://api.example.com/v1.")
    return address


def plain_path(path: str) -> str:
    """Return a path with its query; raise `Refused` where a name of a model has made another of it."""
    plain, _, query = path.partition("?")
    if not plain.startswith("/") or not PLAIN_PATH.fullmatch(plain) or not _QUERY.fullmatch(query):
        raise Refused("The name of a cloud model has only letters, digits, dots and dashes; this one is not asked for.")
    return path


def plain_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers; raise `Refused` where a key would end one."""
    if not all(_HEADER.fullmatch(value) for value in headers.values()):
        raise Refused("The key of a model vendor may hold only printable ASCII without spaces; copy it again.")
    return headers


def encoded(payload: object) -> bytes:
    """Return a JSON value as the bytes that leave."""
    # Half a surrogate pair has no UTF-8; it must not cost the whole question.
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def is_dirty(body: bytes, scan: Callable[[str], bool]) -> bool:
    """Say whether `scan` finds a secret in a JSON body, as its bytes are or as the vendor will read them.

    What cannot be searched counts as dirty. Never raises.
    """
    try:
        text = body.decode()
        return bool(scan(text)) or bool(scan("\n".join(_texts(json.loads(text)))))
    except Exception:  # whatever goes wrong with a search: what was not searched does not go
        return True


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
