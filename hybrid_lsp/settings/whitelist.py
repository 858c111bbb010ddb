"""The files called whitelist.json: the user's own and one a workspace folder, read again when they change."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.policy import SAFEST, UNTIL_MENDED, Policy, parse_policy

WHITELIST_NAME = "whitelist.json"
WHITELIST_VARIABLE = "HYBRID_LSP_WHITELIST"
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitelist:
    """What one whitelist.json says, and which state of the file said it."""

    path: Path
    policy: Policy = SAFEST
    problems: tuple[Problem, ...] = ()
    stamp: tuple[int, int, int] | None = None
    """Modification time in ns, size in bytes and inode of the file that was read; None when there is none."""

    @property
    def is_there(self) -> bool:
        """Whether there is something at that path, in order or not."""
        return self.stamp is not None or bool(self.problems)


def user_whitelist_path(explicit: Path | None = None) -> Path:
    """Return where the user's own whitelist.json is: as given, else `HYBRID_LSP_WHITELIST`, else the config folder."""
    named = explicit or os.environ.get(WHITELIST_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_config_path("hybrid-lsp", appauthor=False) / WHITELIST_NAME


def read_whitelist(path: Path) -> Whitelist:
    """Read a whitelist.json. Never raises: a missing file allows nothing, a wrong one allows nothing and says why."""
    stamp: tuple[int, int, int] | None = None
    try:
        found = path.stat()
        stamp = _stamp(found)
        fault = unreadable(found)
        text = "" if fault else path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Whitelist(path=path)
    except UnicodeDecodeError:
        fault, text = "is not UTF-8 text; save it as UTF-8", ""
    except OSError as error:
        fault, text = f"cannot be read ({error.strerror}); make it readable", ""
    if fault:
        sentence = f"{path.name} {fault}. {UNTIL_MENDED}"
        return Whitelist(path=path, problems=(Problem(sentence=sentence),), stamp=stamp)
    policy, problems = parse_policy(text, path.name)
    return Whitelist(path=path, policy=policy, problems=problems, stamp=stamp)


class Whitelists:
    """The user's whitelist.json and one a workspace folder, as they were last read: until then, nothing may leave.

    Safe to reread in a thread while another asks: a policy is replaced whole.
    """

    def __init__(self, user: Path, excluded: Iterable[str] = ()) -> None:
        self._user = Whitelist(path=user)
        self._excluded = tuple(excluded)
        """Globs of files that never leave, from the user's settings."""
        self._by_folder: dict[Path, Whitelist] = {}
        self._in_force: dict[Path | None, tuple[Whitelist, Whitelist | None, Policy]] = {}

    def policy(self, folder: Path | None) -> Policy:
        """Return what the user allows, narrowed by the folder's own whitelist.json where there is one.

        Of a folder that was not read yet, or is not read any more, nobody knows what it forbids: nothing may leave it.
        The same object comes back while the files say the same, so that a policy may remember its answers.
        """
        user, own = self._user, self._by_folder.get(folder) if folder else None
        known = self._in_force.get(folder)
        if known is not None and known[0] is user and known[1] is own:
            return known[2]
        policy = user.policy if own is not None or folder is None else SAFEST
        policy = policy.excluding(self._excluded)
        if own is not None and own.is_there:
            policy = policy.narrowed_by(own.policy)
        self._in_force[folder] = user, own, policy
        return policy

    def reread(self, folders: Iterable[Path]) -> list[Whitelist]:
        """Read what has appeared, changed or vanished since the last time, and return it."""
        changed = []
        if (user := reread_if_changed(self._user)) is not self._user:
            self._user = user
            changed.append(user)
        by_folder = {}
        for folder in folders:
            known = self._by_folder.get(folder) or Whitelist(path=folder / WHITELIST_NAME)
            by_folder[folder] = whitelist = reread_if_changed(known)
            if whitelist is not known:
                changed.append(whitelist)
        self._by_folder = by_folder
        self._in_force = {}
        return changed


def reread_if_changed(whitelist: Whitelist) -> Whitelist:
    """Return the same object when the file is as it was read, else what it says now."""
    try:
        stamp = _stamp(whitelist.path.stat())
    except OSError:
        stamp = None
    unchanged = stamp == whitelist.stamp and (stamp is not None or not whitelist.problems)
    return whitelist if unchanged else read_whitelist(whitelist.path)


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino


def unreadable(found: os.stat_result) -> str:
    """Say why a file of settings is not to be read; empty where it may be."""
    if not stat.S_ISREG(found.st_mode):
        return "is not a file; put one in its place"
    if found.st_size > MAX_BYTES:
        return f"is larger than {MAX_BYTES >> 20} MiB; so much is not to be read"
    return ""
