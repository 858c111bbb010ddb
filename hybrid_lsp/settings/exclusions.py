"""Which files of a workspace folder never leave it, as the folder itself says: `.hybridignore` and git's rules."""

from pathlib import Path

from hybrid_lsp.core.policy import Send
from hybrid_lsp.core.policy.paths import leads_out
from hybrid_lsp.embedded.ignore import LeftAlone
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

    def question(self, path: str) -> Send:
        """Return what a policy is to be asked before text of that file is sent. Reads the disk, as `why` does."""
        return Send(path, ignored_by=self.why(path))
