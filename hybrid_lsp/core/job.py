"""What is asked, about which text, and what may be shown for it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hybrid_lsp.core.errors import Refused


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


CUT_ABOVE_CHARS = 8000
CUT_BELOW_CHARS = 4000
"""How much of the text around a cut goes with it, in whole lines."""


def cut(
    text: str,
    first_line: int = 0,
    last_line: int = 0,
    *,
    path: str,
    language: str,
    workspace: int = 0,
    document: int = 0,
    version: int = 0,
    diagnostics: tuple[str, ...] = (),
) -> Excerpt:
    """Freeze whole lines of a text as the focus, with the nearest whole lines around them.

    Lines are counted from 1, the last one is included; without them all of the text is the focus. The focus ends
    without a terminator, which `after` begins with. Raises `Refused` for lines that the text does not have.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    above, focus, below = ("", text, "")
    if first_line or last_line:
        above, focus, below = _cut_lines(text.split("\n"), first_line, last_line)
    return Excerpt(
        workspace=workspace,
        document=document,
        version=version,
        path=path,
        language=language,
        line=max(first_line - 1, 0),
        above=above,
        prefix="",
        focus=focus,
        below=below,
        diagnostics=diagnostics,
    )


def _cut_lines(lines: list[str], first: int, last: int) -> tuple[str, str, str]:
    """The lines above, the lines `first` to `last`, and the lines below."""
    count = len(lines) - 1 if len(lines) > 1 and not lines[-1] else len(lines)
    if not 1 <= first <= last <= count:
        raise Refused(f"Lines {first} to {last} are not in the text; choose them between 1 and {count}, in order.")
    top, bottom = first - 1, last
    room = CUT_ABOVE_CHARS
    while top and (room := room - len(lines[top - 1]) - 1) >= 0:
        top -= 1
    room = CUT_BELOW_CHARS
    while bottom < len(lines) and (room := room - len(lines[bottom]) - 1) >= 0:
        bottom += 1
    above = "".join(f"{line}\n" for line in lines[top : first - 1])
    return above, "\n".join(lines[first - 1 : last]), "\n".join(lines[last:bottom])


class Wish(StrEnum):
    """Where the asker wants a job to go. A wish narrows what is allowed, and never widens it."""

    ANY = "any"
    LOCAL = "local"
    CLOUD = "cloud"


ASKED: dict[Task, str] = {
    Task.INLINE: "",
    Task.COMPLETE: "Complete this code.",
    Task.EXPLAIN: "Explain this code.",
    Task.FIX: "Fix the problems in this code.",
    Task.REVIEW: "Review this code.",
    Task.REFACTOR: "Refactor this code.",
}
"""What a task asks for, in the words that are scored and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task on an excerpt, and what whoever asks has to say about it. Raises `ValueError` for a cap that is none."""

    id: str
    """Unique; the same in the ledger and in the log."""
    task: Task
    excerpt: Excerpt
    instruction: str = ""
    """In the asker's own words; empty for the bare task."""
    deliberate: bool = False
    """Whether a person asked for it. What was not asked for never costs money and never leaves the machine."""
    wish: Wish = Wish.ANY
    cost_cap_usd: Decimal | None = None
    """The most that one attempt may cost; None for no cap but the month's."""

    def __post_init__(self) -> None:
        cap_usd = self.cost_cap_usd
        if cap_usd is not None and not (cap_usd.is_finite() and cap_usd >= 0):
            raise ValueError("the most that a job may cost is an amount of money, 0 or more")

    @property
    def prompt(self) -> str:
        """What is asked, without the code: the task's words, then the asker's."""
        return f"{ASKED[self.task]} {self.instruction}".strip()

    @property
    def context(self) -> str:
        """The code that goes with it."""
        return self.excerpt.before + self.excerpt.focus + self.excerpt.after


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
