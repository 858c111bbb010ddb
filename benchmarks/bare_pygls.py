"""The server to compare with: stock pygls, one handler that reads the line at the cursor and answers a constant."""

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare-pygls", "0")


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
async def inline_completion(ls: LanguageServer, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Answer one item, having looked at the line as any server of ghost text must."""
    document = ls.workspace.get_text_document(params.text_document.uri)
    line = document.lines[params.position.line]
    here = types.Range(start=params.position, end=params.position)
    text = "constant" if line else "empty"
    return types.InlineCompletionList(items=[types.InlineCompletionItem(insert_text=text, range=here)])


if __name__ == "__main__":
    server.start_io()
