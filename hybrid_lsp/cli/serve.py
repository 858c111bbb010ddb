"""The language server: its parts, put together."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from hybrid_lsp.cli.servers import server_settings

if TYPE_CHECKING:
    from hybrid_lsp.backends.keeper import Find, Keeper
    from hybrid_lsp.backends.local import LocalModel
    from hybrid_lsp.cli.session import Session
    from hybrid_lsp.frontends.lsp.server import Server
    from hybrid_lsp.settings import Config, Whitelists

LOOK_TIMEOUT_S = 3.0


def run(arguments: argparse.Namespace) -> int:
    """Serve one editor until it leaves; never returns."""
    import logging

    from hybrid_lsp.frontends.lsp.server import serve

    level = getattr(logging, arguments.log_level.upper())
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    serve(_server(arguments))


def _server(arguments: argparse.Namespace) -> "Server":
    from hybrid_lsp.backends.embedded import EmbeddedBackend
    from hybrid_lsp.backends.keeper import Keeper
    from hybrid_lsp.backends.power import Power
    from hybrid_lsp.cli.inline_rows import InlineRows
    from hybrid_lsp.cli.later import Later
    from hybrid_lsp.completer import Completer
    from hybrid_lsp.embedded.model import EmbeddedModel
    from hybrid_lsp.frontends.lsp.server import Server
    from hybrid_lsp.settings import Whitelists, config_path, read_config, user_whitelist_path
    from hybrid_lsp.settings.folder import folder_of
    from hybrid_lsp.settings.places import state_path
    from hybrid_lsp.syntax import Syntax

    config = read_config(config_path(), os.environ)
    keeper = Keeper(_finder(config), lambda state: server.tell(state))
    model, power = EmbeddedModel(), Power()
    asking = Later(lambda: _session(config, policies, server, keeper))
    completer = Completer(
        EmbeddedBackend(model),
        models=keeper,
        syntax=Syntax(),
        is_off=lambda excerpt: config.is_off(excerpt.language, excerpt.path),
        may_prepare=lambda: config.prepare and not power.on_battery,
        rows=InlineRows(asking, lambda handle: root.name if (root := server.folders.root(handle)) else ""),
    )
    policies = Whitelists(user_whitelist_path(arguments.whitelist), config.asking.never_leave)
    lasting = () if arguments.no_models else (keeper.keep, power.keep, asking.keep)
    server = Server(
        completer=completer,
        model=model,
        policies=policies,
        problems=config.problems,
        lasting=lasting,
        why_excluded=asking.why_excluded,
        folder_of=folder_of,
        asking=None if arguments.no_models else asking,
        answers=state_path() / "answers",
        hover=config.hover,
        hover_wait_s=config.hover_wait_s,
    )
    return server


def _session(config: "Config", policies: "Whitelists", server: "Server", keeper: "Keeper") -> "Session":
    from lsprotocol import types

    from hybrid_lsp.cli.session import Session

    def warn(sentence: str) -> None:
        server.window_show_message(types.ShowMessageParams(type=types.MessageType.Warning, message=sentence))

    def window(name: str) -> int | None:
        model = keeper.current()
        return model.facts.window_tokens if model is not None and model.facts.name == name else None

    return Session(config, root=server.folders.root, policy=policies.policy, windows=window, alert=warn)


def _finder(config: "Config") -> "Find":
    """Return what looks for the user's own model: the file that the settings name, else a server on this machine."""
    if config.gguf is None:
        strangers: set[str] = set()
        return lambda: find_server(config, strangers)
    from hybrid_lsp.backends.llama_child import LlamaChild
    from hybrid_lsp.backends.llama_file import open_file

    child = LlamaChild(config.gguf)
    return lambda: open_file(child)


async def find_server(config: "Config", strangers: set[str]) -> "LocalModel | None":
    """Return a model of the first server that has one, ready; None where no server runs. Raises what is the matter.

    Imported here, after the client's first messages: what speaks HTTP is not on the way of the server's start.
    """
    from hybrid_lsp.backends.discover import connect, discover
    from hybrid_lsp.core.errors import HybridError

    findings = await discover(
        server_settings(config), config.own_hosts, timeout_s=LOOK_TIMEOUT_S, environment=os.environ, strangers=strangers
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
