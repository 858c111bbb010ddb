"""The ledger as one HTML page, for whoever shows it: a file in a browser, or a server.

`page` is all that others need. `markup` escapes, `words` says counts, times and days, `look` is the style sheet;
`month`, `days` and `tables` are what stands on the page, and `bars` draws. Nothing here reads, writes or has a clock.
"""

from hybrid_lsp.frontends.dashboard.page import page

__all__ = ["page"]
