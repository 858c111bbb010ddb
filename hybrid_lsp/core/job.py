"""What is asked, about which text, and what may be shown for it."""

from dataclasses import dataclass
from enum import StrEnum


class Task(StrEnum):
    """What is asked of a model. `POLICY_KEY` maps each task to the key that governs it in whitelist.json."""

    INLINE = "inline"
    COMPLETE = "complete"
    EXPLAIN = "explain"
    FIX = "fix"
    REVIEW = "review"
    REFACTOR = "refactor"


POLICY_KEY: dict[Task, str] = {
    Task.INLINE: "inline_completion",
    Task.COMPLETE: "simple_completion",
    Task.EXPLAIN: "reasoning_tasks",
    Task.FIX: "reasoning_tasks",
    Task.REVIEW: "code_review",
    Task.REFACTOR: "architecture_design",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    r"""The text around the cursor at one moment. Never a URI, never an absolute path.

    Line terminators are normalised to `\n`. `above` and `below` are windows of whole lines: the same string objects
    come back for as long as only the cursor's own line is edited, so that a reader may keep what it derived from them.
    """

    workspace: int
    """Handle of the workspace folder; 0 for a file outside every folder."""
    document: int
    """Handle of the open document; not reused within one session."""
    version: int
    path: str
    """Relative to the workspace folder, with `/`; the bare file name outside every folder."""
    language: str
    """The editor's language id, as `python`."""
    line: int
    """0-based line of the cursor."""
    above: str
    """Whole lines above the cursor's line, each ending in `\\n`."""
    prefix: str
    """The cursor's line left of the cursor."""
    focus: str = ""
    """The selected text; empty for a bare cursor."""
    suffix: str = ""
    """The cursor's line right of the cursor, without its terminator."""
    below: str = ""
    """Whole lines below the cursor's line, joined by `\\n`."""
    diagnostics: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """Everything in the window left of the cursor."""
        return self.above + self.prefix

    @property
    def after(self) -> str:
        """Everything in the window right of the focus."""
        return f"{self.suffix}\n{self.below}" if self.below else self.suffix


class Source(StrEnum):
    """Which part of the house wrote a suggestion."""

    EMBEDDED = "embedded"
    """The statistical model that we ship, over the user's own files."""
    LOCAL = "local"
    """A model that a server on this machine runs."""
    MEMORY = "memory"
    """The suggestion on screen typed along, or one that was made here before."""
    SCRIPTED = "scripted"
    """A playbook; only in tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Ghost text that may be shown at the cursor of one Excerpt."""

    text: str
    """What accepting inserts at the cursor: never empty, never repeats or changes what is typed."""
    source: Source
    replaces: int = 0
    """How many code points right of the cursor, on the same line, the text takes the place of."""
    score: float = 1.0
    """The model's own estimate, 0 to 1, that this is what the user will write."""
    origin: str = ""
    """The workspace-relative path of the file it was learned from, or the name of the model; empty if unknown."""
