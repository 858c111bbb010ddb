"""Names of hosts, read so strictly that whoever connects cannot read another name than whoever allowed it.

Names are compared label by label, in ASCII: `api.github.com` lies below `github.com`, `evilgithub.com` does not.
Numbers in any notation, user names, escapes, ports other than 443 and schemes other than https are no names.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

MAX_URL_CHARS = 2048
_MAX_HOST_CHARS = 253
_SHOWN_CHARS = 60
_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)((?:[/?#].*)?)", re.DOTALL)
_ASCII_LOWER = str.maketrans({chr(upper): chr(upper + 32) for upper in range(ord("A"), ord("Z") + 1)})
_SHARED = frozenset(("ac", "co", "com", "edu", "gov", "mil", "ne", "net", "or", "org"))
"""Second labels under which a country lets anybody register: `co.uk`, `com.au`."""


class Fault(NamedTuple):
    """Why a text is not a host that could be allowed."""

    rule: str
    sentence: str
    """Begins with what is wrong, as `It has a user name in it`, and ends with the way out."""


def covers(names: Iterable[str], host: str) -> str:
    """Return the name that `host` is or lies below; empty when there is none. All are as `read_host` returns them."""
    known = names if isinstance(names, frozenset) else frozenset(names)
    while host:
        if host in known:
            return host
        host = host.partition(".")[2]
    return ""


def read_host(text: str) -> str | Fault:
    """Return a host name in ASCII, lower-case and without the dot at its end, or why it is none. Never raises."""
    if fault := _misspelled(text):
        return fault
    name = text.translate(_ASCII_LOWER)
    if not name.isascii():
        encoded = _encoded(name)
        if not encoded:
            return Fault("host.idna", "It cannot be written in ASCII and back; write its `xn--` form in lower case.")
        name = encoded
    name = name.removesuffix(".")
    if len(name) > _MAX_HOST_CHARS:
        return Fault("host.long", f"It is longer than {_MAX_HOST_CHARS} characters; write the host's real name.")
    return name if _NAME.fullmatch(name) else _not_a_name(name)


def read_entry(text: str) -> str | Fault:
    """Return what an entry of a whitelist names, or why it may not stand there: also where it names half a country."""
    name = read_host(text.strip())
    if isinstance(name, str) and name.count(".") == 1:
        first, _, last = name.partition(".")
        if len(last) == 2 and first in _SHARED:
            sentence = "It is an ending under which anybody has names; write the whole name, as example.co.uk."
            return Fault("host.suffix", sentence)
    return name


def read_url(text: str) -> str | Fault:
    """Return the host of an https address in the form of `read_host`, or why it cannot be allowed. Never raises."""
    if len(text) > MAX_URL_CHARS:
        return Fault("url.long", f"The address is longer than {MAX_URL_CHARS} characters; shorten it.")
    if not text.isprintable() or set(text) & set(" \\"):
        return Fault("url.characters", "The address has a space, a backslash or a control character in it; remove it.")
    match = _URL.fullmatch(text)
    if match is None:
        return Fault("url.shape", "It is not a web address; write it whole, as https://github.com/.")
    scheme, authority, rest = match.groups()
    if scheme.lower() != "https":
        return Fault("url.scheme", "The address is not an https one, and nothing else is used; write https://.")
    if not rest.isascii():
        return Fault("url.characters", "The address is not plain ASCII after its host; write the rest with % escapes.")
    host, colon, port = authority.partition(":")
    if not authority.startswith("[") and "@" not in authority and colon:
        if port != "443":
            return Fault("url.port", "The address names a port other than 443; leave the port out.")
        authority = host
    return read_host(authority)


def shown(host: str) -> str:
    """Return a host name for a sentence, not too long."""
    return host if len(host) <= _SHOWN_CHARS else "…" + host[1 - _SHOWN_CHARS :]


def _misspelled(text: str) -> Fault | None:
    """Say which character in a text cannot stand in the name of a host."""
    if not text:
        return Fault("host.empty", "No host is named; write one, as github.com.")
    if len(text) > _MAX_HOST_CHARS + 1:
        return Fault("host.long", f"It is longer than {_MAX_HOST_CHARS} characters; write the host's real name.")
    if "@" in text:
        return Fault("host.userinfo", "It has a user name in it, behind which another host can hide; remove it.")
    if "%" in text:
        return Fault("host.escape", "The host has an escape (%) in it; write its plain name.")
    if "/" in text or "?" in text or "#" in text:
        return Fault("host.bare", "It is more than the name of a host; write only that, as github.com.")
    if text.startswith("[") or text.count(":") > 1:
        return _IS_NUMBER
    if ":" in text:
        return Fault("host.port", "It has a port in it; write only the host's name, as github.com.")
    if "*" in text:
        return Fault("host.wildcard", "It has a * in it; a name stands for all below it: write x.com for *.x.com.")
    if not text.isprintable() or set(text) & set(" \\"):
        return Fault("host.characters", "The host has a character in it that no name has; write its plain name.")
    return None


_IS_NUMBER = Fault("host.number", "The host is a number, and only names can be allowed; write its name.")


def _not_a_name(name: str) -> Fault:
    labels = name.split(".")
    if "" in labels:
        return Fault("host.label", "The host has an empty part between two dots; write its plain name.")
    if _NUMBER.fullmatch(labels[-1]):
        return _IS_NUMBER
    if len(labels) == 1:
        return Fault("host.single", "It is a single word, which names a whole ending or nothing; write x.com for com.")
    return Fault("host.label", "The host is not a name that the network knows; write it as github.com.")


def _encoded(name: str) -> str:
    """Return the ASCII form of a name in another script; empty where that is not the same name written back."""
    try:
        encoded = name.encode("idna").decode("ascii")
        same = encoded.encode("ascii").decode("idna") == name
    except UnicodeError:
        return ""
    return encoded if same else ""
