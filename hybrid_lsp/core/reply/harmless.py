"""A model's Markdown without what an editor loads or runs when it shows it. Pure.

What a model writes may be dictated by the code that it read. A picture's address would carry that code, or a secret
that was put back into the answer, out of this machine as soon as it is shown; a link to a command would do what its
author wants, for money too. Links to pages stay: a person sees where they lead before they follow one.
"""

import re
from html import unescape

_PLACES = ("](", "][", "]:")
"""Without one of them nothing in square brackets has an address."""
_LOADING = re.compile(
    r"<(?=(?:audio|embed|iframe|image|img|input|link|object|picture|script|source|style|svg|track|use|video)\b[^>]*=)",
    re.IGNORECASE,
)
_OPENING = re.compile(r"<(?=\S)")
_COMMAND = "command:"


def harmless(markdown: str) -> str:
    """Return the Markdown with no picture in it, and no link to a command; as it is where it has neither."""
    if any(place in markdown for place in _PLACES):
        markdown = markdown.replace("![", "! [")
    markdown = _LOADING.sub("< ", markdown)
    # As an address is read: with entities and backslashes resolved.
    if _COMMAND in unescape(markdown).replace("\\", "").lower():
        markdown = markdown.replace("](", "] (").replace("]:", "] :")
        markdown = _OPENING.sub("< ", markdown)
    return markdown
