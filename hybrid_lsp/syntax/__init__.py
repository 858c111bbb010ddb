"""What grammars say: how much may be suggested at a cursor, and whether an edit leaves its file whole.

Grammars (tree-sitter) are imported one by one, when they are first needed. A wrong grammar costs nothing else.
"""

from hybrid_lsp.syntax.faults import faults
from hybrid_lsp.syntax.grammars import GRAMMARS, parser_for
from hybrid_lsp.syntax.names import lost_names, new_names
from hybrid_lsp.syntax.shape import Surroundings, Syntax
from hybrid_lsp.syntax.trees import Trees

__all__ = ["GRAMMARS", "Surroundings", "Syntax", "Trees", "faults", "lost_names", "new_names", "parser_for"]
