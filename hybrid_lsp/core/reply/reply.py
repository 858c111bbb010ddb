"""What the asker gets."""

from dataclasses import dataclass
from decimal import Decimal

from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.money import ZERO, told
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Basis, Origin
from hybrid_lsp.core.reply.edit import LineEdit, line_edits
from hybrid_lsp.core.reply.finding import Finding, findings_in
from hybrid_lsp.core.reply.harmless import harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that has passed its checks, with where it came from and what it cost."""

    job: Job
    text: str
    """The new text of the job's focus where an edit was asked for, else Markdown."""
    model: str
    """As it names itself."""
    origin: Origin
    usage: Usage | None = None
    cost_usd: Decimal = ZERO
    """Of all that was asked for it: an answer of this machine may come after one that was paid for and broke off."""
    basis: Basis = Basis.FREE
    told: tuple[str, ...] = ()
    """What the asker should know of how it came about, in sentences: an escalation, a fallback, a check not passed."""

    def as_edit(self) -> tuple[LineEdit, ...]:
        """Return the changes to the focus, as few lines as possible, counted from the focus's first line.

        Where nothing of it stays, its lines go, and no empty one is left.
        """
        if not self.text:
            return (LineEdit(first=0, count=self.job.excerpt.focus.count("\n") + 1, lines=()),)
        return line_edits(self.job.excerpt.focus, self.text)

    def as_markdown(self) -> str:
        """Return the answer with one line below it that says where it came from and what it cost."""
        return f"{self.shown()}\n\n---\n{self.footer()}\n"

    def shown(self) -> str:
        """Return the answer as Markdown that loads nothing and runs nothing where it is shown."""
        return harmless(self.text.strip())

    def footer(self) -> str:
        """Return one line that says where the answer came from and what it cost."""
        cost = told(self.cost_usd) if self.origin is Origin.CLOUD else "free"
        if self.origin is Origin.CLOUD and self.basis is Basis.ASSUMED:
            cost += " (assumed)"
        return " ".join((f"{self.model} ({self.origin}, {cost}).", *self.told))

    def findings(self) -> tuple[Finding, ...]:
        """Return what a review found, by lines of the document; nothing for another task."""
        if self.job.task is not Task.REVIEW:
            return ()
        first = self.job.excerpt.line
        return findings_in(self.text, first, first + self.job.excerpt.focus.removesuffix("\n").count("\n"))
