"""The values of Kubernetes secrets, in YAML and in JSON. Pure."""

import re
from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Hit, compiled, places
from hybrid_lsp.core.redact.values import is_password

_ENTRY = (
    r"^(?:#{1,4}[ \t]?)?([ \t]{0,36})(?:#{1,4}[ \t]{0,4})?(?:(?:data|(stringData)):|"
    r"(?<=[ \t])([\w./-]{1,80}):[ \t]{1,4}([\"']?)([^\s\"']{6,20000}+)\4[ \t]*\r?$)"
)
"""A section, or an entry of one; either may be commented out where the rest is not."""
_BASE64 = r"[A-Za-z0-9+/]{8,}={0,2}"
_ENTRIES_ELSEWHERE = frozenset({"name", "namespace", "type", "app", "uid"})
_YAML_KIND = r"kind: {1,4}(?P<quote>[\"']?)Secret(?P=quote)(?![A-Za-z])"
_REACH = 60_000
_DEEPEST = 99
_JSON_KIND = r"kind\\{0,3}\"\s{0,4}:\s{0,4}\\{0,3}\"Secret\\{0,3}\""
_JSON_SECTION = r"\"(?:data|stringData)\\{0,3}\"\s{0,4}:\s{0,4}\{"
_JSON_ENTRY = r"\"[\w./-]{1,80}+\\{0,3}\"\s{0,4}:\s{0,4}\\{0,3}\"((?:[^\"\\]|\\(?!\\{0,2}\")){6,20000}+)\\{0,3}\""


def manifest_hits(text: str) -> Iterator[Hit]:
    """Yield what a manifest of kind Secret holds."""
    yield from _yaml(text)
    yield from _json(text)


def _json(text: str) -> Iterator[Hit]:
    done = 0
    for at in places(text, '"Secret'):
        kind = compiled(_JSON_KIND).search(text, max(0, at - 24), at + 12)
        if at < done or kind is None:
            continue
        # Of a list, only what stands between the kinds before and after: the others may be no secrets.
        start = max(done, text.rfind("kind", max(0, at - _REACH), kind.start()), at - _REACH)
        stop = text.find('"kind', at, at + _REACH)
        done = stop if stop >= 0 else min(len(text), at + _REACH)
        yield from _json_entries(text, start, done)


def _json_entries(text: str, at: int, end: int) -> Iterator[Hit]:
    section = compiled(_JSON_SECTION).search(text, at, end)
    while section is not None:
        at = text.find("}", section.end(), end)
        at = at if at >= 0 else end
        for entry in compiled(_JSON_ENTRY).finditer(text, section.end(), at):
            yield Hit(entry.start(1), entry.end(1), "KUBERNETES_SECRET", entry.start())
        section = compiled(_JSON_SECTION).search(text, at, end)


def _yaml(text: str) -> Iterator[Hit]:
    """The values under `data:` and `stringData:` of a manifest whose kind is Secret."""
    done = 0
    for at in places(text, "Secret"):
        if at < done or compiled(_YAML_KIND).search(text, max(0, at - 16), at + 8) is None:
            continue
        start = max(done, text.rfind("\n---", max(0, at - _REACH), at), at - _REACH)
        stop = text.find("\n---", at, at + _REACH)
        done = stop if stop >= 0 else min(len(text), at + _REACH)
        yield from _entries(text, start, done)


def _entries(text: str, start: int, end: int) -> Iterator[Hit]:
    least, plain = _DEEPEST, False
    for entry in compiled(_ENTRY, re.MULTILINE).finditer(text, start, end):
        depth, value = len(entry[1]), entry[5]
        if value is None:
            least, plain = min(least, depth), plain or entry[2] is not None
            continue
        is_secret = compiled(_BASE64).fullmatch(value) is not None or (plain and is_password(value))
        if is_secret and depth > least and entry[3] not in _ENTRIES_ELSEWHERE:
            yield Hit(entry.start(5), entry.end(5), "KUBERNETES_SECRET", entry.start())
