"""Where a model server may be: on this machine, or on a host that the user's own settings name.

What an address says is taken literally. `localhost` means the loopback addresses, whatever a resolver thinks.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hybrid_lsp.core.errors import Refused

_MAX_URL_CHARS = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([^/]*))?(/.*)?", re.ASCII | re.IGNORECASE)
PLAIN_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~:-]+)*/?", re.ASCII)
_NUMBER_LIKE = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_NAME = re.compile(r"(?:[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a door leads to; only `parse_address` makes one."""

    scheme: str
    host: str
    """As written, in lower case, an IPv6 address without brackets."""
    port: int
    path: str
    """What stands before every path that is asked for; empty, or `/…` without a `/` at its end."""
    literals: tuple[str, ...]
    """What is connected to, in this order; a name stands here only where the user's settings name it."""

    @property
    def where(self) -> str:
        """Host and port, for a sentence to a person."""
        return f"{bracketed(self.host)}:{self.port}"


def parse_address(url: str, own_hosts: Iterable[str] = ()) -> Address:
    """Return where `url` leads to; raise `Refused` unless that is this machine or exactly one of `own_hosts`."""
    match = _URL.fullmatch(url) if len(url) <= _MAX_URL_CHARS and re.fullmatch(r"[\x21-\x7e]*", url) else None
    if match is None or set("@%\\?#") & set(url):
        raise Refused(
            "A model server's address must be plain ASCII, without a user name, an escape or a query;"
            " write it like http://127.0.0.1:11434."
        )
    scheme, host, port, path = match[1].lower(), match[2].lower(), match[3], (match[4] or "").rstrip("/")
    if scheme not in DEFAULT_PORTS:
        raise Refused("A model server is asked over http or https only; write its address like http://127.0.0.1:11434.")
    if port is not None and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 1 << 16):
        raise Refused("The port in a model server's address must be a plain number from 1 to 65535; mend it.")
    if not PLAIN_PATH.fullmatch(path):
        raise Refused("The path in a model server's address must be plain, without `//` or `..`; mend it.")
    literals = _literals(host, {_unbracketed(own.lower()) for own in own_hosts})
    number = int(port) if port else DEFAULT_PORTS[scheme]
    return Address(scheme=scheme, host=_unbracketed(host), port=number, path=path, literals=literals)


def _literals(host: str, own_hosts: set[str]) -> tuple[str, ...]:
    """Return what to connect to for `host`, in the order to try; raise `Refused` when it may not be reached."""
    if host == "localhost":
        return ("127.0.0.1", "::1")
    number = host.startswith("[") or bool(_NUMBER_LIKE.fullmatch(host))
    try:
        ip = ipaddress.ip_address(_unbracketed(host)) if number else None
    except ValueError:
        ip = None
    if (number and (ip is None or str(ip) != _unbracketed(host))) or not (number or _NAME.fullmatch(host)):
        raise Refused("The host in a model server's address is written oddly; write 127.0.0.1, [::1] or a plain name.")
    if _unbracketed(host) in own_hosts or (ip is not None and _is_this_machine(ip)):
        return (_unbracketed(host),)
    raise Refused(
        f"{host} is not this machine, and models are asked on this machine only;"
        " if it is yours and you mean it, name that host in your own settings."
    )


def _is_this_machine(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip == ipaddress.IPv6Address("::1") if ip.version == 6 else ip.is_loopback


def bracketed(host: str) -> str:
    """Return `host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _unbracketed(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
