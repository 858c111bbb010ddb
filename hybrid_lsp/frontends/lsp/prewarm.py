"""What the converter does on the first message of a kind, done before that message comes.

cattrs writes and compiles code for a class when it first meets it: milliseconds, which a first keystroke would wait
for.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from cattrs import Converter
from lsprotocol import types

from hybrid_lsp.frontends.lsp import decode


def conversions(converter: Converter, methods: Iterable[str]) -> Iterator[Callable[[], object]]:
    """Yield pieces of work, a few milliseconds each, after which `methods` and our results convert fast."""
    for method in list(methods):
        if (kind := decode.params_type(method)) is not None:
            yield partial(converter.get_structure_hook, kind)
    for sample in _results():
        yield partial(converter.unstructure, sample)
    # What is alive now stays alive, so that a full collection need not walk through LSP's 600 classes again.
    yield gc.freeze


def _results() -> Iterator[object]:
    here = types.Position(line=0, character=0)
    place = types.Range(start=here, end=here)
    command = types.Command(title="", command="", arguments=[])
    item = types.InlineCompletionItem(insert_text="", range=place, command=command)
    yield types.InlineCompletionList(items=[item])
    yield types.CodeAction(title="", kind=types.CodeActionKind.QuickFix, command=command, edit=types.WorkspaceEdit())
    yield types.Hover(contents=types.MarkupContent(kind=types.MarkupKind.Markdown, value=""), range=place)
