"""`hybrid-lsp ask`: a question from the command line, answered by the same parts that answer an editor."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp.cli.clock import now_ms
from hybrid_lsp.cli.desk import Desk
from hybrid_lsp.cli.spending import WRONG_USE, amount_of
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task, Wish
from hybrid_lsp.core.money import told
from hybrid_lsp.settings import Config, Whitelists, config_path, read_config, user_whitelist_path
from hybrid_lsp.settings.replace import prepared, put

if TYPE_CHECKING:
    from hybrid_lsp.cli.session import Session


def run_ask(arguments: argparse.Namespace) -> int:
    """Ask, and print the answer or write it into the file."""
    from hybrid_lsp.demo.languages import language_of
    from hybrid_lsp.frontends.terminal import ask
    from hybrid_lsp.frontends.terminal.span import parse_span, path_in
    from hybrid_lsp.settings.folder import folder_of

    where = os.path.join(Path.cwd(), arguments.span)  # not a Path: it may end in `:10-20`
    folder = folder_of(Path(where))
    try:
        cap_usd = amount_of(arguments.max_cost)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return WRONG_USE
    _end_as_ctrl_c_does()
    config, began_ms = read_config(config_path(), os.environ), now_ms()
    wanted = ask.Wanted(
        where=where, task=Task(arguments.task), instruction=arguments.prompt, wish=Wish(arguments.wish),
        cost_cap_usd=cap_usd, fresh=arguments.fresh, yes=arguments.yes, diff=arguments.diff, apply=arguments.apply,
        as_json=arguments.json,
    )  # fmt: skip

    async def opened(remark: Callable[[str], None]) -> "Session":
        path = path_in(folder, Path(parse_span(where).path))
        return await open_session(config, folder, path, remark)

    return ask.run(
        wanted, opened, job=uuid.uuid4().hex, folder=folder, language_of=language_of, replace_file=replace_file,
        cost_of=lambda job: cost_of(config, job, began_ms), out=sys.stdout, errors=sys.stderr, answers=sys.stdin,
    )  # fmt: skip


def _end_as_ctrl_c_does() -> None:
    """Settle also when the terminal is closed or the process is told to end: a hold that is left is charged in full."""
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has its word
            signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's shell has it for what runs in the background
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


async def open_session(config: Config, folder: Path, path: str, remark: Callable[[str], None]) -> "Session":
    """Return a session for a file of a folder that has looked at everything once.

    Raises `Refused` where no model may see the file.
    """
    from hybrid_lsp.cli.session import Session
    from hybrid_lsp.settings.exclusions import Exclusions

    ignored_by = await asyncio.to_thread(Exclusions(folder).let_in, path)
    whitelists = Whitelists(user_whitelist_path(), config.asking.never_leave)
    await asyncio.to_thread(whitelists.reread, [folder])
    session = Session(config, root=lambda _: folder, policy=whitelists.policy, alert=remark)
    for problem in session.problems:
        remark(problem.sentence)
    try:
        session.ignored[folder, path] = ignored_by  # the plan that is shown first knows of it
        await session.look()
    except BaseException:
        await session.close()
        raise
    return session


def cost_of(config: Config, job: str, since_ms: int) -> Decimal:
    """Return what a job has been charged, by the ledger. Raises `Refused` where it cannot be read."""
    with closing(Desk(config).ledger()) as ledger:
        rows = ledger.attempts(since_ms=since_ms)
        if held_usd := sum((hold.held_usd for hold in ledger.summary(days=1).holds if hold.job == job), Decimal(0)):
            raise Refused(f"{told(held_usd)} is still held for it, and is charged unless what it cost is written down.")
    return sum((row.cost_usd for row in rows if row.job == job), Decimal(0))


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file, at once; owner and permissions stay. May raise `OSError`."""
    with prepared(path, content) as ready:
        shutil.copystat(path, ready)
        if sys.platform != "win32":
            found = path.stat()
            with suppress(PermissionError):  # only its owner may give a file away, and nobody else's is asked for
                os.chown(ready, found.st_uid, found.st_gid)
            ready.chmod(found.st_mode & 0o7777)
        os.utime(ready)
        put(ready, path)
