"""`hybrid-lsp whitelist`: what may leave, and changing it."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hybrid_lsp.core.policy import Policy


def run(arguments: argparse.Namespace) -> int:
    """Show, check or change what may leave this machine."""
    from hybrid_lsp.frontends.terminal import check, whitelist
    from hybrid_lsp.settings import (
        WHITELIST_NAME,
        Whitelists,
        config_path,
        read_config,
        read_whitelist,
        user_whitelist_path,
    )
    from hybrid_lsp.settings.exclusions import Exclusions

    user, folder = user_whitelist_path(arguments.whitelist), arguments.folder.absolute()
    excluded = read_config(config_path(), os.environ).asking.never_leave

    def in_force() -> Policy:
        whitelists = Whitelists(user, excluded)
        whitelists.reread([folder])
        return whitelists.policy(folder)

    if arguments.action == "show":
        own = read_whitelist(folder / WHITELIST_NAME)
        return whitelist.run_show(read_whitelist(user), own, in_force(), out=sys.stdout, as_json=arguments.json)
    if arguments.action == "check":
        return check.run_check(
            arguments.thing,
            in_force(),
            send=Exclusions(folder).question,
            is_file=lambda path: (folder / path).is_file(),
            out=sys.stdout,
            as_json=arguments.json,
        )
    return _change(arguments, user, in_force)


def _change(arguments: argparse.Namespace, user: Path, in_force: Callable[[], Policy]) -> int:
    from hybrid_lsp.cli.clock import now_ms
    from hybrid_lsp.frontends.terminal import whitelist
    from hybrid_lsp.settings.approve import By, Change, apply, propose
    from hybrid_lsp.settings.edit import Action, Edit
    from hybrid_lsp.settings.places import state_path

    edit = Edit(action=Action(arguments.action), key=arguments.key, value=arguments.value)

    def make(change: Change) -> tuple[str, ...]:
        return apply(change, approved_by=By.TERMINAL, now_ms=now_ms(), state=state_path()).remarks

    return whitelist.run_change(
        lambda: propose(user, edit),
        make,
        in_force=in_force,
        wanted=whitelist.question_of(edit.key, edit.value) if edit.action is Action.ADD else None,
        stdin=sys.stdin,
        out=sys.stdout,
        errors=sys.stderr,
    )
