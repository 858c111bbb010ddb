"""What the tests of the embedded model share: an excerpt at a cursor, a folder learned in place."""

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.scoring import shipped_weights
from hybrid_lsp.embedded.segment import FileStamp, Segment, build_segment

ANY = -1.0
"""A doubt that lets everything be shown: for tests of what is found, not of how sure one is."""


def excerpt_at(text: str, *, path: str = "app/here.py", document: int = 1, workspace: int = 1) -> Excerpt:
    """Return the excerpt at the `|` of a text."""
    before, after = text.split("|")
    above, newline, prefix = before.rpartition("\n")
    suffix, _, below = after.partition("\n")
    return Excerpt(
        workspace=workspace,
        document=document,
        version=1,
        path=path,
        language="python",
        line=before.count("\n"),
        above=above + newline,
        prefix=prefix,
        suffix=suffix,
        below=below,
    )


def learned(files: dict[str, str]) -> Segment:
    """Return a segment of texts in memory."""
    return build_segment(
        (FileStamp(path=path, size_bytes=len(text.encode()), mtime_ns=1), text) for path, text in files.items()
    )


def folder_with(files: dict[str, str]) -> FolderModel:
    """Return the model of a folder that has been learned."""
    model = FolderModel(shipped_weights())
    model.adopt_base(learned(files), ())
    return model
