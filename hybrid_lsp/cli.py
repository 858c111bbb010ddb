"""The composition root: read the command line and the settings, build the parts, start one frontend.

Each command imports what it needs when it runs, so that the language server starts as fast as its own parts allow.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hybrid_lsp import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hybrid-lsp` with these arguments (the process's own by default) and return its exit status."""
    arguments = _parser().parse_args(_with_default_command(sys.argv[1:] if argv is None else list(argv)))
    if arguments.command == "demo":
        from hybrid_lsp import demo

        return demo.run(arguments.file, fast=arguments.fast, as_json=arguments.json)
    return _serve(arguments)


def _with_default_command(argv: list[str]) -> list[str]:
    """Editors start a language server as `hybrid-lsp --stdio`: that is `hybrid-lsp serve --stdio`."""
    return ["serve", *argv] if argv and argv[0] == "--stdio" else argv


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hybrid-lsp", description=__doc_line)
    parser.add_argument("--version", action="version", version=f"hybrid-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="the language server, on standard input and output; editors start it")
    serve.add_argument(
        "--stdio", action="store_true", help="speak over standard input and output (the only way there is)"
    )
    serve.add_argument("--whitelist", type=Path, metavar="FILE", help="read this whitelist.json instead of your own")
    serve.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning",
                       help="how much to write to standard error (default: %(default)s)")  # fmt: skip

    demo = commands.add_parser("demo", help="watch ghost text being written from your own files")
    demo.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a file of yours; else a sample project")
    demo.add_argument("--fast", action="store_true", help="no waiting between keys")
    demo.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser


__doc_line = "Ghost text from your own machine, and cloud models on a budget, behind one language server."


def _serve(arguments: argparse.Namespace) -> int:
    import logging

    from hybrid_lsp.backends.embedded import EmbeddedBackend
    from hybrid_lsp.completer import Completer
    from hybrid_lsp.embedded.model import EmbeddedModel
    from hybrid_lsp.frontends.lsp.server import Server, serve
    from hybrid_lsp.settings import Whitelists, user_whitelist_path

    level = getattr(logging, arguments.log_level.upper())
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    model = EmbeddedModel()
    completer = Completer(EmbeddedBackend(model))
    serve(Server(completer=completer, model=model, policies=Whitelists(user_whitelist_path(arguments.whitelist))))
