"""What the client can, as far as it decides in which form it gets what was asked for."""

from dataclasses import dataclass
from typing import Any

from lsprotocol import types


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What one editor said in `initialize`. Whatever it did not say, it cannot."""

    literals: bool = False
    """It takes code actions; else it knows commands only."""
    resolves_edit: bool = False
    """It asks for an action's edit when that is chosen, and gives back what travelled with it."""
    disabled: bool = False
    """It shows why an action cannot be chosen."""
    tags_llm: bool = False
    applies_edits: bool = False
    document_changes: bool = False
    """Its edits can name the version of the document that they are for."""
    annotations: bool = False
    """It can ask a person before an edit is applied."""
    progress: bool = False
    shows_documents: bool = False
    hover_markdown: bool = False
    command_links: bool = False
    """Its Markdown runs the commands that links name; only its own extension can know, and says so."""
    asks_for_words: bool = False
    """It answers `hybrid-lsp/input`; only its own extension or its person's settings can know, and say so."""
    hover: bool = True
    """Its person wants explanations where they point."""
    gathers_hovers: bool = False
    """It shows what one points at only when every server has answered, so a wait here holds up the others."""


_GATHERERS = ("neovim", "helix")
"""Editors by the name that they give themselves, as they were in 2026."""


def abilities_of(
    capabilities: types.ClientCapabilities, client: types.ClientInfo | None = None, options: Any = None
) -> Abilities:
    """Return what a client can.

    Args:
        capabilities: As it says in `initialize`.
        client: The name that it gives itself, for what no capability says.
        options: Its initialization options: `{"commandLinks": true, "input": true, "hover": false}` are looked at.
    """
    text, workspace, window = capabilities.text_document, capabilities.workspace, capabilities.window
    actions = text.code_action if text else None
    edits = workspace.workspace_edit if workspace else None
    resolve = actions.resolve_support if actions else None
    tags = actions.tag_support if actions else None
    hover = text.hover if text else None
    documents = window.show_document if window else None
    told = options if isinstance(options, dict) else {}
    return Abilities(
        literals=bool(actions and actions.code_action_literal_support),
        resolves_edit=bool(actions and actions.data_support and resolve and "edit" in resolve.properties),
        disabled=bool(actions and actions.disabled_support),
        tags_llm=bool(tags and types.CodeActionTag.LlmGenerated in tags.value_set),
        applies_edits=bool(workspace and workspace.apply_edit),
        document_changes=bool(edits and edits.document_changes),
        annotations=bool(edits and edits.document_changes and edits.change_annotation_support),
        progress=bool(window and window.work_done_progress),
        shows_documents=bool(documents and documents.support),
        hover_markdown=bool(hover and types.MarkupKind.Markdown in (hover.content_format or ())),
        command_links=told.get("commandLinks") is True,
        asks_for_words=told.get("input") is True,
        hover=told.get("hover") is not False,
        gathers_hovers=client is not None and client.name.lower().startswith(_GATHERERS),
    )
