"""`hybrid-lsp whitelist add` and `remove` as the command line connects them; also run as a program, on a terminal."""

import io
import os
import sys
from pathlib import Path
from typing import TextIO

from hybrid_lsp.core.policy import Policy
from hybrid_lsp.frontends.terminal import typed, whitelist
from hybrid_lsp.frontends.terminal.whitelist import question_of
from hybrid_lsp.settings.approve import By, apply, propose
from hybrid_lsp.settings.edit import Action, Edit
from hybrid_lsp.settings.whitelist import Whitelists


class Stream(io.StringIO):
    """A text that can be read and written, in UTF-8, and is no terminal."""

    encoding = "utf-8"


class Command:
    """`add` and `remove` as the command line connects them, on streams of a test."""

    def __init__(self, user: Path, folder: Path, *, typed: str = "") -> None:
        self.user, self.whitelists, self.folder = user, Whitelists(user), folder
        self.stdin: TextIO = Stream(typed)
        self.out: TextIO = Stream()
        self.errors: TextIO = Stream()

    def run(self, action: Action, key: str, value: str) -> int:
        """Run it and return its exit status."""
        edit = Edit(action=action, key=key, value=value)

        def in_force() -> Policy:
            self.whitelists.reread([self.folder])
            return self.whitelists.policy(self.folder)

        return whitelist.run_change(
            lambda: propose(self.user, edit),
            lambda change: apply(change, approved_by=By.TERMINAL, now_ms=1, state=self.folder / "state").remarks,
            wanted=question_of(key, value) if action is Action.ADD else None, in_force=in_force,
            stdin=self.stdin, out=self.out, errors=self.errors, environment=os.environ,
        )  # fmt: skip


if __name__ == "__main__":
    typed.ANSWER_TIMEOUT_S = float(sys.argv[2])
    own = Path(sys.argv[1])
    command = Command(own, own.parent)
    command.stdin, command.out, command.errors = sys.stdin, sys.stdout, sys.stderr
    sys.exit(command.run(Action.ADD, "domains", "pypi.org"))
