"""What is known to be secret word for word: this server's own keys, and the words that tell whose machine this is.

A key is found as it stands and as it is written inside JSON, a URL, HTML or base64. A word of the machine is found as
a word; the path of the home folder also with other slashes, in other capitals.
"""

import binascii
import json
from collections.abc import Iterable, Iterator

from hybrid_lsp.core.redact.hits import Hit, places

MIN_LITERAL_CHARS = 6
MIN_WORD_CHARS = 3
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_COMMON_TEXT = """
    user users root admin administrator home test tests guest owner default public private daemon
    nobody system local localhost localdomain desktop laptop server client host hostname machine
    computer workstation macbook ubuntu debian fedora arch alpine centos linux windows darwin macos
    docker container vagrant runner runneradmin builder build jenkins gitlab github codespace
    codespaces vscode node python java ruby golang rust perl php deno app apps web www data dev
    devel develop developer work worker workspace project src lib bin opt var tmp usr etc mnt srv
    git main master name names service services support info mail max min sum map set get put add
    any all len int str abs pow mark will may art pat bill grant chase guy page bob alice eve joe
    dan sam tom tim jim rob ray ann sue kim lee
"""
_COMMON = frozenset(_COMMON_TEXT.split())
"""Words that name nobody, or that code is full of: names of accounts, systems, functions, and people in examples."""


def spellings(literal: str) -> tuple[str, ...]:
    """Return a key as it may stand in text: plain, in JSON, in a URL, in HTML, in base64; the longest first."""
    octets = literal.encode("utf-8", "surrogatepass")
    encoded = binascii.b2a_base64(octets, newline=False).decode("ascii")
    forms = {
        literal,
        json.dumps(literal)[1:-1],
        json.dumps(literal, ensure_ascii=False)[1:-1],
        "".join(chr(o) if o in _UNRESERVED else f"%{o:02X}" for o in octets),
        "".join(chr(o) if o in _UNRESERVED else f"%{o:02x}" for o in octets),
        literal.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
        encoded.rstrip("="),
        encoded,
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def literal_hits(text: str, literals: Iterable[str]) -> Iterator[Hit]:
    """Yield every place where one of the texts stands, whatever is around it."""
    for literal in literals:
        for at in places(text, literal):
            yield Hit(at, at + len(literal), "OWN_KEY", at)


def telling_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words of a machine that tell whose it is, paths in every spelling; common ones are left out."""
    found: dict[str, None] = {}
    for word in words:
        bare = word.strip().rstrip("/\\")
        if len(bare) < MIN_WORD_CHARS or bare.lower() in _COMMON:
            continue
        if "/" not in bare and "\\" not in bare:
            found[bare] = None
        elif bare.strip("/\\").count("/") + bare.strip("/\\").count("\\"):
            forward = bare.replace("\\", "/")
            found |= dict.fromkeys((forward, forward.replace("/", "\\"), forward.replace("/", "\\\\")))
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def machine_hits(text: str, lowered: str, words: Iterable[str]) -> Iterator[Hit]:
    """Yield every place where one of the words stands as a word: a path in any capitals, a name in its own."""
    for word in words:
        is_path = "/" in word or "\\" in word
        for at in places(lowered, word.lower()) if is_path else places(text, word):
            end = at + len(word)
            if not (is_path or _is_word_edge(text, at - 1)) or not _is_word_edge(text, end):
                continue
            yield Hit(at, end, "HOME" if is_path else "MACHINE", at)


def _is_word_edge(text: str, at: int) -> bool:
    return not 0 <= at < len(text) or not (text[at].isalnum() or text[at] == "_")
