"""The composition root: read the command line and the settings, build the parts, start one frontend.

Each command imports what it needs when it runs, so that the language server starts as fast as its own parts allow.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from hybrid_lsp.cli.parser import parser

WRONG_USE, INTERRUPTED = 2, 130
_IN_A_FOLDER = frozenset({"ask", "review", "route", "whitelist"})
"""Commands that go by the folder that they are started in."""
_COMMANDS = {
    "serve": ("hybrid_lsp.cli.serve", "run"),
    "doctor": ("hybrid_lsp.cli.models", "run_doctor"),
    "models": ("hybrid_lsp.cli.models", "run_models"),
    "ask": ("hybrid_lsp.cli.asking", "run_ask"),
    "route": ("hybrid_lsp.cli.spending", "run_route"),
    "audit": ("hybrid_lsp.cli.spending", "run_audit"),
    "spend": ("hybrid_lsp.cli.spending", "run_spend"),
    "review": ("hybrid_lsp.cli.spending", "run_review"),
    "whitelist": ("hybrid_lsp.cli.whitelist", "run"),
}
"""Where each command is carried out; each is given the parsed command line and returns an exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hybrid-lsp` with these arguments (the process's own by default) and return its exit status."""
    try:
        _open_standard_streams()
        return _run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:  # while a command is still being imported; from then on each has its own words for it
        return INTERRUPTED


def _run(argv: list[str]) -> int:
    arguments = parser().parse_args(_with_default_command(argv))
    if arguments.command in _IN_A_FOLDER and not _is_somewhere():
        print("The folder that this terminal is in is not there any more; go to another one.", file=sys.stderr)
        return WRONG_USE
    if arguments.command == "demo":
        from hybrid_lsp import demo

        return demo.run(arguments.file, fast=arguments.fast, as_json=arguments.json)
    module, name = _COMMANDS[arguments.command]
    run: Callable[..., int] = getattr(import_module(module), name)
    return run(arguments)


def _is_somewhere() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _open_standard_streams() -> None:
    """Have somewhere to read and write, where who starts us has closed a stream; what is written there goes nowhere.

    A database that is opened later must not get its number either.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, "w" if number else "r", encoding="utf-8")  # noqa: SIM115 - as long as we last
            setattr(sys, name, nowhere)


def _with_default_command(argv: list[str]) -> list[str]:
    """Editors start a language server as `hybrid-lsp --stdio`: that is `hybrid-lsp serve --stdio`."""
    return ["serve", *argv] if argv and argv[0] == "--stdio" else argv
