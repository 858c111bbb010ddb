"""What a review found, underlined until it is dismissed, its line is changed, or its document is closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor

if TYPE_CHECKING:
    from hybrid_lsp.core.reply import Finding

SOURCE = "hybrid-lsp review"
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "hint": types.DiagnosticSeverity.Information,
}
_WHITELIST = "whitelist.json"
"""Its faults are underlined by those who read it, and a document has one list of ours only."""


@dataclass(slots=True, kw_only=True)
class Found:
    """One finding, and the line that it stands on."""

    number: int
    line: int
    text: str
    severity: types.DiagnosticSeverity
    on: str
    """The line as it read."""


class Findings:
    """The findings that are underlined now."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._found: dict[int, list[Found]] = {}
        self._counts: dict[int, int] = {}
        """Lines of each document at the last look: by so much may a finding have moved."""
        self._last = 0

    def show(self, document: Document, first: int, last: int, findings: "Iterable[Finding]") -> None:
        """Underline the findings of a review of some lines, in the place of what was found there before."""
        if document.uri.endswith(f"/{_WHITELIST}"):
            return
        kept = [one for one in self._found.get(document.handle, ()) if not first <= one.line <= last]
        for finding in findings:
            self._last += 1
            kept.append(
                Found(
                    number=self._last, line=finding.line, text=finding.text,
                    severity=_SEVERITIES[finding.severity.value], on=document.line(finding.line),
                )
            )  # fmt: skip
        self._put(document, kept)

    def changed(self, document: Document) -> None:
        """Move with the lines, and drop what stands on a line that is another one now."""
        known = self._found.get(document.handle)
        if not known:
            return
        moved = document.line_count - self._counts[document.handle]
        self._counts[document.handle] = document.line_count
        kept = [one for one in known if _followed(document, one, moved)]
        if moved or len(kept) < len(known):
            self._put(document, kept)

    def closed(self, document: Document) -> None:
        """Take everything away."""
        if self._found.pop(document.handle, None):
            self._counts.pop(document.handle, None)
            self._editor.underline(document, ())

    def dismiss(self, uri: str = "", number: int | None = None) -> int:
        """Take a finding away, or all of a document, or all; return how many. Raises `Refused` for one that is not."""
        gone = 0
        for document in [one for one in self._editor.documents if one.handle in self._found]:
            if uri and document is not self._editor.documents.get(uri):
                continue
            known = self._found[document.handle]
            kept = [one for one in known if number is not None and one.number != number]
            gone += len(known) - len(kept)
            if len(kept) < len(known):
                self._put(document, kept)
        if number is not None and not gone:
            raise Refused("This finding is not there any more.")
        return gone

    def among(
        self, document: Document, diagnostics: Sequence[types.Diagnostic]
    ) -> list[tuple[Found, types.Diagnostic]]:
        """Return which of a client's diagnostics are findings of ours."""
        ours = [one for one in diagnostics if one.source == SOURCE]
        return [
            (found, one) for one in ours for found in self._found.get(document.handle, ())
            if (found.line, found.text) == (one.range.start.line, one.message)
        ]  # fmt: skip

    def _put(self, document: Document, found: list[Found]) -> None:
        if found:
            self._found[document.handle] = found
            self._counts[document.handle] = document.line_count
        else:
            self._found.pop(document.handle, None)
            self._counts.pop(document.handle, None)
        self._editor.underline(document, [_diagnostic(document, one) for one in found])


def _followed(document: Document, one: Found, moved: int) -> bool:
    for line in (one.line, one.line + moved):
        if document.line(line) == one.on:
            one.line = line
            return True
    return False


def _diagnostic(document: Document, one: Found) -> types.Diagnostic:
    begin = len(one.on) - len(one.on.lstrip())
    start = types.Position(one.line, document.units(one.line, begin))
    end = types.Position(one.line, document.units(one.line, max(len(one.on.rstrip()), begin)))
    about: Any = {"finding": one.number}
    return types.Diagnostic(
        range=types.Range(start, end), message=one.text, severity=one.severity, source=SOURCE, data=about
    )
