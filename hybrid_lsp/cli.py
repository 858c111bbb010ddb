"""The composition root: read the command line and the settings, build the parts, start one frontend.

Each command imports what it needs when it runs, so that the language server starts as fast as its own parts allow.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp import __version__

if TYPE_CHECKING:
    from hybrid_lsp.backends.discover import ServerSetting
    from hybrid_lsp.backends.keeper import Find
    from hybrid_lsp.backends.local import LocalModel
    from hybrid_lsp.frontends.lsp.server import Server
    from hybrid_lsp.settings import Config

LOOK_TIMEOUT_S = 3.0
DOCTOR_TIMEOUT_S = 30.0
_ABOUT = "Ghost text from your own machine, and cloud models on a budget, behind one language server."


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hybrid-lsp` with these arguments (the process's own by default) and return its exit status."""
    arguments = _parser().parse_args(_with_default_command(sys.argv[1:] if argv is None else list(argv)))
    if arguments.command == "demo":
        from hybrid_lsp import demo

        return demo.run(arguments.file, fast=arguments.fast, as_json=arguments.json)
    if arguments.command == "doctor":
        return _doctor(arguments)
    if arguments.command == "models":
        return _models(arguments)
    return _serve(arguments)


def _with_default_command(argv: list[str]) -> list[str]:
    """Editors start a language server as `hybrid-lsp --stdio`: that is `hybrid-lsp serve --stdio`."""
    return ["serve", *argv] if argv and argv[0] == "--stdio" else argv


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hybrid-lsp", description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"hybrid-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="the language server, on standard input and output; editors start it")
    serve.add_argument(
        "--stdio", action="store_true", help="speak over standard input and output (the only way there is)"
    )
    serve.add_argument("--whitelist", type=Path, metavar="FILE", help="read this whitelist.json instead of your own")
    serve.add_argument(
        "--no-models", action="store_true", help="ghost text from your own files only; ask no model server"
    )
    serve.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning",
                       help="how much to write to standard error (default: %(default)s)")  # fmt: skip

    demo = commands.add_parser("demo", help="watch ghost text being written from your own files")
    demo.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a file of yours; else a sample project")
    demo.add_argument("--fast", action="store_true", help="no waiting between keys")
    demo.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    doctor = commands.add_parser("doctor", help="which models there are, which one is used, and what is wrong")
    doctor.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    models = commands.add_parser("models", help="list the models on this machine, or have one fetched")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what is installed, and what else would suit this machine")
    actions.add_parser("pull", help="have Ollama fetch a model").add_argument("name", metavar="NAME")
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    import logging

    from hybrid_lsp.frontends.lsp.server import serve

    level = getattr(logging, arguments.log_level.upper())
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    serve(_server(arguments))


def _server(arguments: argparse.Namespace) -> "Server":
    from hybrid_lsp.backends.embedded import EmbeddedBackend
    from hybrid_lsp.backends.keeper import Keeper
    from hybrid_lsp.backends.power import Power
    from hybrid_lsp.completer import Completer
    from hybrid_lsp.embedded.model import EmbeddedModel
    from hybrid_lsp.frontends.lsp.server import Server
    from hybrid_lsp.settings import Whitelists, config_path, read_config, user_whitelist_path
    from hybrid_lsp.syntax import Syntax

    config = read_config(config_path(), os.environ)
    keeper = Keeper(_finder(config), lambda state: server.tell(state))
    model, power = EmbeddedModel(), Power()
    completer = Completer(
        EmbeddedBackend(model),
        models=keeper,
        syntax=Syntax(),
        is_off=lambda excerpt: config.is_off(excerpt.language, excerpt.path),
        may_prepare=lambda: config.prepare and not power.on_battery,
    )
    policies = Whitelists(user_whitelist_path(arguments.whitelist))
    lasting = () if arguments.no_models else (keeper.keep, power.keep)
    server = Server(completer=completer, model=model, policies=policies, problems=config.problems, lasting=lasting)
    return server


def _finder(config: "Config") -> "Find":
    """Return what looks for the user's own model: the file that the settings name, else a server on this machine."""
    if config.gguf is None:
        strangers: set[str] = set()
        return lambda: _find_server(config, strangers)
    from hybrid_lsp.backends.llama_child import LlamaChild
    from hybrid_lsp.backends.llama_file import open_file

    child = LlamaChild(config.gguf)
    return lambda: open_file(child)


async def _find_server(config: "Config", strangers: set[str]) -> "LocalModel | None":
    """Return a model of the first server that has one, ready; None where no server runs. Raises what is the matter.

    Imported here, after the client's first messages: what speaks HTTP is not on the way of the server's start.
    """
    from hybrid_lsp.backends.discover import connect, discover
    from hybrid_lsp.core.errors import HybridError

    findings = await discover(
        _settings(config), config.own_hosts, timeout_s=LOOK_TIMEOUT_S, environment=os.environ, strangers=strangers
    )
    first: HybridError | None = None
    for finding in findings:
        try:
            return await connect(finding)
        except HybridError as error:
            first = first or error
    if first is not None:
        raise first
    return None


def _settings(config: "Config") -> "list[ServerSetting]":
    from hybrid_lsp.backends.discover import Kind, ServerSetting

    return [
        ServerSetting(url=s.url, kind=Kind(s.kind) if s.kind else None, model=s.model or None, key=s.key or None)
        for s in config.servers
    ]


def _doctor(arguments: argparse.Namespace) -> int:
    from hybrid_lsp.backends.checkup import examine
    from hybrid_lsp.frontends.terminal import doctor
    from hybrid_lsp.settings import config_path, read_config

    config = read_config(config_path(), os.environ)
    examination = examine(
        _settings(config), config.own_hosts, gguf=config.gguf, environment=os.environ, timeout_s=DOCTOR_TIMEOUT_S
    )
    return doctor.run(examination, out=sys.stdout, as_json=arguments.json, problems=config.problems)


def _models(arguments: argparse.Namespace) -> int:
    from hybrid_lsp.backends import fetch, suits
    from hybrid_lsp.backends.checkup import examine
    from hybrid_lsp.frontends.terminal import models
    from hybrid_lsp.settings import config_path, read_config

    config = read_config(config_path(), os.environ)
    settings, own_hosts = _settings(config), config.own_hosts
    if arguments.action == "pull":
        steps = fetch.fetch(arguments.name, settings, own_hosts, environment=os.environ)
        return models.run_pull(steps, arguments.name, out=sys.stdout, errors=sys.stderr)
    examination = examine(
        settings, own_hosts, gguf=config.gguf, environment=os.environ, timeout_s=DOCTOR_TIMEOUT_S, tries=False
    )
    suiting = suits.suggestions(suits.memory_bytes(), suits.cores())
    return models.run_list(examination, suiting, as_of=suits.AS_OF, out=sys.stdout)
