"""The last words of the demo: what the session brought, and how to have the same in one's own editor."""

from typing import TextIO

from hybrid_lsp.demo.tally import Tally
from hybrid_lsp.demo.terminal import spelled

NEOVIM_LINES = (
    "vim.lsp.config('hybrid_lsp', { cmd = { 'hybrid-lsp', 'serve', '--stdio' }, root_markers = { '.git' } })",
    "vim.lsp.enable('hybrid_lsp')",
    "vim.lsp.inline_completion.enable()",
)
"""What connects Neovim 0.12. Exactly three; README.md says how to map a key for accepting."""


def summary(tally: Tally) -> list[str]:
    """Return the numbers of a session as sentences."""
    return [
        f"{tally.keys_total - tally.keys_saved} keys pressed instead of {tally.keys_total}: "
        f"{tally.saved_per_100:.0f} % saved, {len(tally.accepted)} of {len(tally.offers)} suggestions accepted.",
        f"Answers took {tally.percentile_ms(50):.1f} ms (median), 99 of 100 at most {tally.percentile_ms(99):.1f} ms.",
        "Nothing was sent anywhere: ghost text has no way out of this machine.",
    ]


def farewell(tally: Tally, stream: TextIO) -> None:
    """Print the summary and the three lines; never wrapped or cut, so that they can be copied."""
    lines = [
        *(f" {sentence}" for sentence in summary(tally)),
        "",
        " The same in your own editor. Neovim 0.12, in init.lua:",
        "",
        *(f"   {line}" for line in NEOVIM_LINES),
        "",
    ]
    stream.write("".join(spelled(line, stream.encoding) + "\n" for line in lines))
    stream.flush()
