"""Changing a whitelist.json: proposed by anybody, seen as a difference, and widened by a person only.

Rules:
1. What is written is exactly what was shown: a file that changed in between is refused.
2. Every change has a line in the audit file, with the policy before and after, written first. Without that line nothing
   is widened; where the change then fails, a second line says so.
3. A reader sees the old file or the new one, whatever happens; two writers take turns.
"""

import difflib
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.policy import SAFEST, Policy, parse_policy
from hybrid_lsp.settings import audit
from hybrid_lsp.settings.edit import Edit, edited, understood
from hybrid_lsp.settings.replace import locked, prepared, put
from hybrid_lsp.settings.whitelist import MAX_BYTES, read_whitelist

_ID_CHARS = 12


class By(StrEnum):
    """Who wants a change."""

    TERMINAL = "terminal"
    """A person, asked on a terminal."""
    EDITOR = "editor"
    """A person, asked by the editor."""
    PROGRAM = "program"
    """Anything else, a model above all: it may only narrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one file, as it is shown before it is made."""

    path: Path
    edit: Edit
    before: str | None
    """The file's text; None where there is no file."""
    after: str
    old: Policy
    new: Policy
    through_link: bool = False
    """Whether the file is a symbolic link, so that what it points to is written."""

    @property
    def is_empty(self) -> bool:
        """Whether the file says it already."""
        return self.after == (self.before or "")

    @property
    def widens(self) -> bool:
        """Whether more is allowed afterwards."""
        return not self.new.is_narrower_or_equal(self.old)

    @property
    def diff(self) -> str:
        """The difference, line by line, as `diff -u` writes it; empty where there is none."""
        name = self.path.name
        before, after = (self.before or "").splitlines(), self.after.splitlines()
        return "\n".join(difflib.unified_diff(before, after, f"{name} now", f"{name} then", lineterm=""))

    @property
    def id(self) -> str:
        """The same for the same change of the same text: what was approved is what is made."""
        whole = f"{len(self.before or '')}:{self.before}:{self.after}".encode()
        return hashlib.sha256(whole).hexdigest()[:_ID_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A change that was made."""

    policy: Policy
    """What the file says now."""
    remarks: tuple[str, ...] = ()
    """What else a person should know, in sentences."""


def propose(path: Path, edit: Edit) -> Change:
    """Return what an edit would change in a whitelist.json; raise `Refused` where it cannot be made.

    A file that is not there is begun with everything empty, so that nothing but the edit is allowed.
    """
    edit = understood(edit)
    before = _read(path)
    old = _policy(before, path)
    after = edited(before, edit, old)
    new, problems = parse_policy(after.removeprefix("\ufeff"), path.name) if after else (SAFEST, ())
    if problems or len(after.encode()) > MAX_BYTES:
        raise Refused(f"{path.name} would not be a whitelist any more; nothing was changed. Edit it by hand.")
    return Change(path=path, edit=edit, before=before, after=after, old=old, new=new, through_link=path.is_symlink())


def apply(change: Change, *, approved_by: By, now_ms: int, state: Path) -> Applied:
    """Make a change and note it in the audit file in the folder `state`; raise `Refused` where that may not be.

    Waits 5 s at most for others that change the same file. `now_ms` is the time of day in UTC.
    """
    if change.is_empty:
        return Applied(policy=change.new)
    if change.widens and approved_by is By.PROGRAM:
        raise Refused("Only a person widens a whitelist; run `hybrid-lsp whitelist add` in a terminal.")
    target = change.path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target), prepared(target, change.after.encode()) as file:
            if _read(target) != change.before:
                raise Refused(f"{change.path.name} was changed meanwhile; nothing was done. Look at it and try again.")
            remarks = _noted(change, approved_by, now_ms, state)
            try:
                put(file, target)
            except OSError:
                _noted(change, approved_by, now_ms, state, outcome="failed")
                raise
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise Refused(f"{change.path.name} cannot be written ({reason}); make it and its folder writable.") from None
    if change.through_link:
        remarks += (f"{change.path.name} is a link; the file that it points to was changed.",)
    return Applied(policy=change.new, remarks=remarks)


def _noted(change: Change, by: By, now_ms: int, state: Path, *, outcome: str = "changed") -> tuple[str, ...]:
    """Write the audit line; where that cannot be done refuse what widens, and say so of what does not."""
    record = {
        "at_ms": now_ms,
        "by": by.value,
        "outcome": outcome,
        "action": change.edit.action.value,
        "key": change.edit.key,
        "value": change.edit.value,
        "widens": change.widens,
        "change": change.id,
        "file": hashlib.sha256(str(change.path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:_ID_CHARS],
        "policy_before": change.old.fingerprint,
        "policy_after": change.new.fingerprint,
    }
    try:
        audit.append(state, record)
    except OSError as error:
        reason = error.strerror or "it is not a file"
        sentence = f"{audit.AUDIT_NAME} cannot be written ({reason})"
        if change.widens and outcome == "changed":
            raise Refused(f"{sentence}, and nothing is widened without a note of it; mend that first.") from None
        return (f"{sentence}: there is no note of this change.",)
    return ()


def _read(path: Path) -> str | None:
    """Return the text of a file just as it is, with its mark and line ends; None where there is none."""
    whitelist = read_whitelist(path)
    if whitelist.problems:
        raise Refused(f"{whitelist.problems[0].sentence} Mend it first; nothing was changed.")
    try:
        return path.read_bytes().decode() if whitelist.stamp else None
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{path.name} is being changed right now; nothing was done. Try again.") from None


def _policy(text: str | None, path: Path) -> Policy:
    policy, problems = parse_policy(text.removeprefix("\ufeff"), path.name) if text is not None else (SAFEST, ())
    if problems:
        raise Refused(f"{problems[0].sentence} Mend it first; nothing was changed.")
    return policy
