"""An answer that is kept: what exactly was asked, and what exactly came back. Pure."""

from hybrid_lsp.core.cached.entry import Entry
from hybrid_lsp.core.cached.key import Key

__all__ = ["Entry", "Key"]
