"""How the ledger's tables came to be: numbered files, each applied once, in one transaction, under a lock."""

from functools import cache
from importlib.resources import files

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.ledger.database import Transaction

NEWER = "The ledger was written by a newer hybrid-lsp; it is left as it is. Install the latest version to use it."
_VERSION_TABLE = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, at_ms BIGINT NOT NULL)"


@cache
def steps() -> tuple[str, ...]:
    """Return the migrations' texts in order; the first is number 1."""
    found = sorted(item.name for item in files(__name__).iterdir() if item.name.endswith(".sql"))
    return tuple(files(__name__).joinpath(name).read_text(encoding="utf-8") for name in found)


def check(version: int) -> bool:
    """Return whether a schema is as we need it; False: it has to be migrated. Raises `Refused` for a newer one."""
    if version > len(steps()):
        raise Refused(NEWER)
    return version == len(steps())


def migrate(t: Transaction, *, number: str, at_ms: int) -> None:
    """Bring the tables up to date, whoever else has just done so. The transaction has to hold a lock on the schema.

    `number` is the dialect's words for a row number. Raises `Refused` for a newer schema, which stays untouched.
    """
    t.ask(_VERSION_TABLE)
    version = int(t.ask("SELECT COALESCE(MAX(number), 0) FROM migration")[0][0])
    if check(version):
        return
    for step, text in enumerate(steps()[version:], start=version + 1):
        for statement in _statements(text.replace("{number}", number)):
            t.ask(statement)
        t.ask("INSERT INTO migration (number, at_ms) VALUES (:step, :at)", {"step": step, "at": at_ms})


def _statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]
