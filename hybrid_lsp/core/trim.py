"""Make a suggestion fit what stands right of the cursor. Pure; changes nothing that is typed."""

CLOSERS = frozenset(" \t)]}>\"'`;,:")
"""What an editor may have put right of the cursor on its own, and what commonly follows such closers."""


def only_closers(suffix: str) -> bool:
    """Say whether everything right of the cursor could have been put there by the editor."""
    return CLOSERS.issuperset(suffix)


def fit_suffix(rest: str, suffix: str) -> tuple[str, int]:
    """Return `(text, replaces)` such that accepting leaves `rest` behind the cursor and doubles no closer of `suffix`.

    `rest` is what the line should read from the cursor on. Where it ends in `suffix`, the suffix stays and is not
    repeated; where the suffix's closers occur in it in order, they are replaced; else the text goes in before them.
    """
    tail = suffix.rstrip()
    if not tail:
        return rest, 0
    if rest.endswith(tail):
        return rest[: len(rest) - len(tail)], 0
    remaining = iter(rest)
    if all(closer in remaining for closer in tail):
        return rest, len(suffix)
    return rest, 0
