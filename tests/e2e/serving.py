"""`hybrid-lsp serve` as a process that trusts the certificate of the vendors' doubles; nothing else of it is changed."""

from functools import partial

from hybrid_lsp.cli import main, session
from tests.cli.tunnel import trusting_door

if __name__ == "__main__":
    session.Session = partial(session.Session, open_door=trusting_door)  # type: ignore[assignment,misc]
    main(["serve", "--stdio", "--log-level", "debug"])
