"""The grammars, each imported when it is first needed. One that cannot be loaded costs nothing but itself."""

import importlib
import logging
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Parser

log = logging.getLogger(__name__)

GRAMMARS: dict[str, tuple[str, str]] = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "python": ("tree_sitter_python", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
}
"""The editor's language id to the module that holds its grammar, and the function in it."""


@lru_cache(maxsize=len(GRAMMARS))
def grammar_for(language: str) -> "Language | None":
    """Return the grammar of the editor's language id; None where there is none or it cannot be loaded.

    The first call for a language imports it, which takes some ten milliseconds.
    """
    if language not in GRAMMARS:
        return None
    module, name = GRAMMARS[language]
    try:
        from tree_sitter import Language

        return Language(getattr(importlib.import_module(module), name)())
    except (ImportError, AttributeError, TypeError, ValueError, OSError) as fault:
        log.warning("syntax: no grammar for %s (%s); brackets and quotes decide", language, type(fault).__name__)
        return None


@lru_cache(maxsize=len(GRAMMARS))
def parser_for(language: str) -> "Parser | None":
    """Return the event loop's parser for a language; None where there is no grammar. Other threads make their own."""
    grammar = grammar_for(language)
    if grammar is None:
        return None
    from tree_sitter import Parser

    return Parser(grammar)
