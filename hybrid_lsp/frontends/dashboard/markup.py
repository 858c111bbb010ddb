"""HTML in which nothing from outside is markup: whatever is not `Html` yet is escaped on its way in."""

from html import escape

_VOID = frozenset({"link", "meta"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def together(*parts: str) -> Html:
    """Return the parts in a row; each that is plain text is escaped."""
    return Html("".join(part if isinstance(part, Html) else _escaped(part) for part in parts))


def element(name: str, /, *content: str, **attributes: str) -> Html:
    """Return an element around its content. `class_` is written `class`, and `aria_label` is written `aria-label`."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"' for key, value in attributes.items())
    closing = "" if name in _VOID else f"</{name}>"
    return Html(f"<{name}{told}>{together(*content)}{closing}")


def sentence(text: str) -> Html:
    """Return a sentence with what stands between backticks as code, so that commands are seen and stay in one piece."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return together(text)
    return together(*(element("code", piece) if at % 2 else piece for at, piece in enumerate(pieces)))


def _escaped(text: str) -> str:
    """Without what cannot be seen, too: a half of a character cannot be written, an override turns lines around."""
    seen = text
    if not text.isprintable():
        seen = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return escape(seen, quote=False).replace('"', "&quot;")  # attributes stand in double quotes
