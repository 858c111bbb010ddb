"""What a check looks at, and what it says."""

from dataclasses import dataclass, field

from hybrid_lsp.core.stream import EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check says."""

    name: str
    passed: bool
    sentence: str = ""
    """What it saw, where it did not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An answer, with all that the floor looks at. Lines end in one line feed."""

    part: str
    """The text that is to be replaced."""
    text: str
    """What shall stand there."""
    above: str = ""
    below: str = ""
    ended: EndReason = EndReason.DONE
    fenced: bool = True
    closed: bool = True
    blocks: int = 1
    last: bool = False
    """Whether the model was asked to reason first, so that several blocks are right."""
    prose: bool = False
    """Whether the file is no code but words, so that words are what belongs there."""
    may_vanish: bool = False
    """Whether to leave nothing of the part is one way to do what was asked, as with an import that nobody needs."""
    strays: int = 0
    """Names that look like those of secrets that were taken out, and stand for none."""
    faults_before: int | None = None
    """Syntax errors in the whole file as it was; None where no grammar can say."""
    faults_after: int | None = None
    """And with the edit in it."""
    new_names: tuple[str, ...] = field(default=())
    """Names that are used with the edit and defined nowhere, and stood nowhere before."""
    lost_names: tuple[str, ...] = field(default=())
    """Names that stood in the file, and that the edit leaves without a definition, or uses out of its reach."""


def lines_of(text: str) -> list[str]:
    """Return the lines that have something on them, without their indentation."""
    return [line.strip() for line in text.split("\n") if line.strip()]
