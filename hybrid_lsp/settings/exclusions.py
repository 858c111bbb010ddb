"""Which files of a workspace folder never leave it, as the folder itself says: `.hybridignore` and git's rules."""

from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.policy import Send
from hybrid_lsp.core.policy.paths import leads_out
from hybrid_lsp.embedded.ignore import OUR_RULES, LeftAlone
from hybrid_lsp.embedded.reading import read_rules


class Exclusions:
    """The ignore files of one workspace folder and around it, as they are on disk whenever it is asked.

    A `.hybridignore` has git's syntax and counts on every level. One that cannot be read excludes everything below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def why(self, path: str) -> str:
        """Return where the rule stands that excludes a file, as `src/.hybridignore:3`; empty where none does.

        `path` is relative to the folder, with `/`; of one that leads out of it nothing is known here. Reads the disk, a
        file or two for each folder above: for a thread.
        """
        if not path or leads_out(path):
            return ""
        return LeftAlone(self._folder, read_rules).why(path)

    def let_in(self, path: str) -> str:
        """Return the same as `why`, for a file that a model is to see. Raises `Refused` where none may.

        What git ignores a model of this machine may see; what a `.hybridignore` names none.
        """
        rule = self.why(path)
        if OUR_RULES in rule:
            raise Refused(f"{path} is named in {rule}, so no model sees it; take it out there to ask about it.")
        return rule

    def question(self, path: str) -> Send:
        """Return what a policy is to be asked before text of that file is sent. Reads the disk, as `why` does."""
        return Send(path, ignored_by=self.why(path))
