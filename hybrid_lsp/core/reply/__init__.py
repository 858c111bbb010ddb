"""What a model answered, as what the asker can use: new text for the marked part, findings, or prose. Pure."""

from hybrid_lsp.core.reply.answer import Answer, after_thoughts, answer_in, well_formed
from hybrid_lsp.core.reply.edit import LineEdit, apply_edits, line_edits
from hybrid_lsp.core.reply.finding import Finding, Severity, findings_in
from hybrid_lsp.core.reply.reply import Reply

__all__ = [
    "Answer",
    "Finding",
    "LineEdit",
    "Reply",
    "Severity",
    "after_thoughts",
    "answer_in",
    "apply_edits",
    "findings_in",
    "line_edits",
    "well_formed",
]
