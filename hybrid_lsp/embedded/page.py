"""An open document as the model reads it: encoded once, then only what was edited."""

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.embedded.candidates import BufferVoice
from hybrid_lsp.embedded.tokens import FILE_EDGE, Encoded, Encoder

ABOVE_WEIGHT = 3.0
BELOW_WEIGHT = 2.4
OTHER_WEIGHT = 1.5
_SIDE_CHARS = 160_000
"""About 40,000 tokens: what is read on each side of the cursor."""
_NOTHING = Encoded("", "")
_CONTEXT_TOKENS = 24
_RECENT_CHARS = 1000
_RECENT_LINES = 3


class Page:
    """One open document of a folder: its last seen text and what was made of it."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.is_secret = is_secret_path(path)
        self.next_line = ""
        """The first line below the cursor that is not blank, stripped."""
        self.recent_lines: list[str] = []
        """The last three such lines above the cursor."""
        self._above_text, self._line, self._below_text = text, "", ""
        self._above: Encoded | None = None
        self._below: Encoded | None = None
        self._typed = _NOTHING
        self._voices: tuple[BufferVoice, BufferVoice] | None = None
        self._as_other: BufferVoice | None = None

    def read_ahead(self, encoder: Encoder) -> None:
        """Encode the lines once while nobody types; the first key finds them known."""
        if not self.is_secret:
            encoder.encode(_first_lines(self._above_text))

    def see(self, excerpt: Excerpt, encoder: Encoder) -> None:
        """Take in the text around the cursor. Costs next to nothing while only the cursor's own line is edited."""
        if excerpt.above is not self._above_text or self._above is None:
            self._above_text = excerpt.above
            self._above = encoder.encode(_last_lines(excerpt.above))
            self.recent_lines = _bare_lines(excerpt.above[-_RECENT_CHARS:])[-_RECENT_LINES:]
            self._voices = None
        if excerpt.below is not self._below_text or self._below is None:
            self._below_text = excerpt.below
            self._below = encoder.encode(_first_lines(excerpt.below))
            self._voices = None
            self.next_line = next(iter(_bare_lines(excerpt.below[:_RECENT_CHARS])), "")
        line = excerpt.prefix + excerpt.suffix
        if line != self._line:
            self._line, self._as_other = line, None

    def context(self, typed: Encoded) -> str:
        """Return the tokens left of the cursor that are looked for elsewhere."""
        above = self._above or _NOTHING
        near = above.match[-_CONTEXT_TOKENS:]
        return (near if len(near) == _CONTEXT_TOKENS else FILE_EDGE + near) + typed.match

    def voices(self, typed: Encoded, encoder: Encoder) -> tuple[BufferVoice, BufferVoice]:
        """Return what the document itself says: from above the cursor, `typed` included, and from below."""
        above, below, token_text = self._above or _NOTHING, self._below or _NOTHING, encoder.vocabulary.text
        if self._voices is None or self._typed != typed:
            own = Encoded(above.match + typed.match, above.emit + typed.emit)
            self._typed = typed
            self._voices = (
                BufferVoice(own, ABOVE_WEIGHT, self.path, token_text),
                BufferVoice(below, BELOW_WEIGHT, self.path, token_text, is_below=True),
            )
        return self._voices

    def as_other(self, encoder: Encoder) -> BufferVoice:
        """Return what the document says to the other documents of its folder."""
        if self._as_other is None:
            below = _first_lines(self._below_text)
            text = f"{_last_lines(self._above_text)}{self._line}\n{below}"
            self._as_other = BufferVoice(encoder.encode_public(text), OTHER_WEIGHT, self.path, encoder.vocabulary.text)
        return self._as_other

    def forget_codes(self) -> None:
        """Drop what was encoded with a vocabulary that is gone."""
        self._above = self._below = self._voices = self._as_other = None


def _last_lines(text: str) -> str:
    return text if len(text) <= _SIDE_CHARS else text[text.find("\n", -_SIDE_CHARS) + 1 :]


def _first_lines(text: str) -> str:
    return text if len(text) <= _SIDE_CHARS else text[: text.rfind("\n", 0, _SIDE_CHARS) + 1]


def _bare_lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.split("\n")) if line]
