"""The command line."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

ASKED = ("complete", "explain", "fix", "review", "refactor")
"""What can be asked for by name."""
_ABOUT = "Ghost text from your own machine, and cloud models on a budget, behind one language server."


def parser() -> argparse.ArgumentParser:
    """Return what understands the command line."""
    top = argparse.ArgumentParser(prog="hybrid-lsp", description=_ABOUT)
    top.add_argument("--version", action="version", version=f"hybrid-lsp {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _serve(commands)
    _demo(commands)
    _models(commands)
    _ask(commands)
    _money(commands)
    _whitelist(commands)
    return top


def _serve(commands: "Commands") -> None:
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


def _demo(commands: "Commands") -> None:
    demo = commands.add_parser("demo", help="watch ghost text being written from your own files")
    demo.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a file of yours; else a sample project")
    demo.add_argument("--fast", action="store_true", help="no waiting between keys")
    _json(demo)


def _models(commands: "Commands") -> None:
    _json(commands.add_parser("doctor", help="which models there are, which one is used, and what is wrong"))
    models = commands.add_parser("models", help="list the models on this machine, or have one fetched")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what is installed, and what else would suit this machine")
    actions.add_parser("pull", help="have Ollama fetch a model").add_argument("name", metavar="NAME")
    actions.add_parser("outdated", help="which models have better heirs, or come to their end")


def _ask(commands: "Commands") -> None:
    ask = commands.add_parser("ask", help="have code fixed, refactored, completed, explained or reviewed")
    _job(ask, "what is asked")
    ask.add_argument("--fresh", action="store_true", help="ask anew, also where the same was asked before")
    ask.add_argument("--yes", action="store_true", help="ask also where it costs money, without a question first")
    shown = ask.add_mutually_exclusive_group()
    shown.add_argument("--diff", action="store_true", help="print the change as a diff (what is done anyway)")
    shown.add_argument("--apply", action="store_true", help="write the change into the file")
    _json(ask)


def _money(commands: "Commands") -> None:
    route = commands.add_parser("route", help="where a job would go, why, and what it would cost; nothing is sent")
    _job(route, "what would be asked")
    _json(route)
    audit = commands.add_parser("audit", help="what left this machine: when, to whom, and what was taken out before")
    audit.add_argument("--days", type=int, default=30, metavar="N", help="how far to look back; 30 when left out")
    _json(audit)
    spend = commands.add_parser("spend", help="this month's money: what was spent, held and saved")
    spend.add_argument("--confirm", action="store_true", help="allow paid calls again after a ledger was set aside")
    _json(spend)
    review = commands.add_parser("review", help="the monthly look at routing, with one proposed change")
    _json(review)


def _whitelist(commands: "Commands") -> None:
    whitelist = commands.add_parser("whitelist", help="what may leave this machine, and changing it")
    whitelist.add_argument("--whitelist", type=Path, metavar="FILE", help="this whitelist.json instead of your own")
    whitelist.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER", help="the workspace folder; here")
    actions = whitelist.add_subparsers(dest="action", required=True, metavar="ACTION")
    _json(actions.add_parser("show", help="both files, yours and the folder's, and what is in force"))
    check = actions.add_parser("check", help="whether something is allowed, and by which rule")
    check.add_argument("thing", metavar="THING", help="a task, a host, an address, a file or mcp:NAME")
    _json(check)
    for name, about in (("add", "let more leave; asks you in a terminal"), ("remove", "let less leave; at once")):
        change = actions.add_parser(name, help=about)
        change.add_argument("key", metavar="KEY", help="cloud_apis, domains, mcp_servers or allowed_for_cloud")
        change.add_argument("value", metavar="VALUE", help="as openai.com, github.com, memory or code_review")


def _job(command: argparse.ArgumentParser, task: str) -> None:
    command.add_argument("span", metavar="FILE[:FROM[-TO]]", help="a file, or lines of it, as src/a.py:10-20")
    command.add_argument("--task", choices=ASKED, required=True, help=task)
    command.add_argument("--prompt", default="", metavar="TEXT", help="in your own words, what to do")
    command.add_argument("--wish", choices=("any", "local", "cloud"), default="any", help="where you want it to go")
    command.add_argument("--max-cost", metavar="USD", help="the most that it may cost, in dollars")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
