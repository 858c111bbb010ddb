"""The prompt from question to question: what was in the last one, what the server counts, what other files may help.

Chunks of other files are only offered when another document is turned to: then the prompt changes anyway, and while one
types it never grows in front of what the server has read already.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.fim import FAMILIES
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.prompt import EMPTY, Chunk, PromptState, Why, build, chunk_at
from hybrid_lsp.core.stream import Ending, FimPrompt, Layout, ModelFacts
from hybrid_lsp.core.tokens import Room

MOST_OTHERS = 8
OUTPUT_TOKENS = 128
"""Kept free for the answer whatever is asked for, so that the room does not change from question to question."""
SUFFIX_TOKENS = 128
"""Enter makes a model read all of them again."""
_HEAD_CHARS = 8_000
_IMPORT = re.compile(r"^\s*(?:from|import|use|#include|const .*require|export .* from)\b.*$", re.MULTILINE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Other:
    """A document as it was left, or opened."""

    workspace: int
    path: str
    language: str
    text: str
    line: int
    is_edited: bool


@dataclass(slots=True)
class _ForModel:
    """What is carried from one prompt to the next for one model."""

    state: PromptState = EMPTY
    room: Room | None = None
    last_raw: str = ""


@dataclass(slots=True)
class Prompts:
    """Builds every prompt of one session."""

    is_secret: Callable[[str], bool]
    _by_model: dict[tuple[str, str], _ForModel] = field(default_factory=dict)
    _others: dict[int, _Other] = field(default_factory=dict)
    _last: Excerpt | None = None
    _chunks: tuple[Chunk, ...] = ()
    _asked: _ForModel = field(default_factory=_ForModel)

    def opened(self, document: int, *, workspace: int, path: str, language: str, text: str) -> None:
        """Know a document that the editor has open, as one that may help in others. A secret file never does."""
        if not is_secret_path(path):
            head = text[:_HEAD_CHARS]
            self._others[document] = _Other(
                workspace=workspace, path=path, language=language, text=head, line=0, is_edited=False
            )

    def closed(self, document: int) -> None:
        """Forget a document; a chunk of it that is in the prompt stays until there is another reason to change it."""
        self._others.pop(document, None)

    def build(self, excerpt: Excerpt, facts: ModelFacts, *, max_tokens: int, single_line: bool) -> FimPrompt:
        """Return the prompt for a cursor, within the window that the server really has."""
        if self._last is None or self._last.document != excerpt.document:
            self._turn_to(excerpt)
        self._last = excerpt
        carried = self._asked = self._by_model.setdefault((facts.server, facts.name), _ForModel())
        if carried.room is None or carried.room.window_tokens > facts.window_tokens:
            carried.room = Room(
                window_tokens=facts.window_tokens,
                output_tokens=max(max_tokens, OUTPUT_TOKENS),
                suffix_tokens=SUFFIX_TOKENS,
            )
        prompt, carried.state = build(
            excerpt,
            carried.state,
            family=FAMILIES[facts.family] if facts.layout is Layout.OURS else None,
            room=carried.room,
            is_secret=self.is_secret,
            single_line=single_line,
            chunks=self._chunks,
        )
        return prompt

    def learn(self, prompt: FimPrompt, ending: Ending) -> None:
        """Learn from what the server counted how its model's tokens compare with our estimate."""
        room = self._asked.room
        self._asked.last_raw = prompt.raw
        if room is not None and ending.prompt_tokens is not None:
            self._asked.room = replace(room, scale=room.scale.observed(prompt.estimated_tokens, ending.prompt_tokens))

    def overflowed(self, prompt: FimPrompt, trouble: Trouble) -> None:
        """Make the next prompt fit, by the server's own numbers, after one was too long."""
        if trouble.kind is TroubleKind.OVERFLOW and self._asked.room is not None:
            self._asked.room = self._asked.room.after(trouble, estimated_tokens=prompt.estimated_tokens)

    def is_warm(self, prompt: FimPrompt) -> bool:
        """Say whether the server has read all of this prompt but its last line already."""
        stable = prompt.raw[: prompt.raw.rfind("\n") + 1]
        is_known = self._asked.last_raw.startswith(stable)
        self._asked.last_raw = prompt.raw
        return is_known

    def _turn_to(self, excerpt: Excerpt) -> None:
        left = self._last
        if left is not None and left.document in self._others:
            above = left.above.count("\n")
            self._others.pop(left.document)
            self._others[left.document] = _Other(
                workspace=left.workspace,
                path=left.path,
                language=left.language,
                text=f"{left.before}{left.after}",
                line=above,
                is_edited=True,
            )
        self._chunks = tuple(self._offers(excerpt))

    def _offers(self, excerpt: Excerpt) -> list[Chunk]:
        imported = {word for line in _IMPORT.findall(excerpt.above[-_HEAD_CHARS:]) for word in _WORD.findall(line)}
        offers: list[tuple[int, Chunk]] = []
        for document, other in reversed(self._others.items()):
            why = _why(other, excerpt, imported)
            if document != excerpt.document and why is not None:
                chunk = chunk_at(path=other.path, text=other.text, line=other.line, why=why)
                offers.append((list(Why).index(why), chunk))
        offers.sort(key=lambda offer: offer[0])
        return [chunk for _, chunk in offers[:MOST_OTHERS]]


def _why(other: _Other, excerpt: Excerpt, imported: set[str]) -> Why | None:
    """Return why a document may help at a cursor; None when it may not, or has nothing to do with it."""
    if other.workspace != excerpt.workspace or not other.text.strip():
        return None
    if other.is_edited:
        return Why.RECENT
    if other.path.rsplit("/", 1)[-1].split(".")[0] in imported:
        return Why.IMPORTED
    return Why.LANGUAGE if other.language == excerpt.language else None
