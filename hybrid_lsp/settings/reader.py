"""Takes what is right out of a table of settings, and notes what is wrong, one sentence each."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hybrid_lsp.core.errors import Problem


class Reader:
    """Reads one settings file. Each method takes its key out of the table, so that what is left over is unknown."""

    def __init__(self, name: str) -> None:
        """`name` is the file's, as people know it."""
        self._name = name
        self.problems: list[Problem] = []

    def table(self, raw: object, key: str) -> dict[str, Any]:
        """Return a table that may be taken apart."""
        if isinstance(raw, dict):
            return dict(raw)
        self.add(key, "must be a table")
        return {}

    def text(self, table: dict[str, Any], key: str) -> str:
        """Return a text, or an empty one."""
        return str(self._take(table, key, str, "", "a text"))

    def flag(self, table: dict[str, Any], key: str, *, default: bool = True) -> bool:
        """Return true or false."""
        return bool(self._take(table, key, bool, default, "true or false"))

    def texts(self, table: dict[str, Any], key: str) -> list[str]:
        """Return a list of texts, without what is none."""
        values: list[object] = self._take(table, key, list, [], "a list of texts")
        if not all(isinstance(value, str) for value in values):
            self.add(key, "must be a list of texts")
        return [value for value in values if isinstance(value, str)]

    def text_or_texts(self, table: dict[str, Any], key: str) -> str | tuple[str, ...]:
        """Return a text or several; an empty one where there is none."""
        value = table.get(last_part(key), "")
        return tuple(self.texts(table, key)) if isinstance(value, list) else self.text(table, key)

    def path(self, table: dict[str, Any], key: str) -> Path | None:
        """Return a path, `~` spelled out; None where there is none."""
        text = self.text(table, key)
        return Path(text).expanduser() if text else None

    def choice(self, table: dict[str, Any], key: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of the choices."""
        value = self._take(table, key, str, default, f"one of {', '.join(choices)}")
        if value in choices:
            return str(value)
        self.add(key, f"must be one of {', '.join(choices)}")
        return default

    def whole(self, table: dict[str, Any], key: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        value = table.pop(last_part(key), default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.add(key, f"must be a whole number from {least} to {most}")
        return default

    def share(self, table: dict[str, Any], key: str) -> float | None:
        """Return a number from 0 to 1; None where there is none."""
        return self.number(table, key, most=1)

    def number(self, table: dict[str, Any], key: str, *, most: float) -> float | None:
        """Return a number from 0 on; None where there is none."""
        value = table.pop(last_part(key), None)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
            return float(value)
        self.add(key, f"must be a number from 0 to {most:g}")
        return None

    def usd(self, table: dict[str, Any], key: str) -> Decimal | None:
        """Return an amount of money, written as a number or as a text, exactly as it is written; None for none."""
        value = table.pop(last_part(key), None)
        if value is None:
            return None
        try:
            # A float is read by its shortest spelling, which is how it stands in the file.
            amount = Decimal(str(value)) if isinstance(value, int | float | str) and value is not True else None
        except InvalidOperation:
            amount = None
        if amount is not None and amount.is_finite() and 0 <= amount <= 1_000_000:
            return amount
        self.add(key, "must be an amount in dollars from 0 to 1000000, as 50 or 12.5")
        return None

    def leftover(self, table: dict[str, Any], prefix: str = "") -> None:
        """Note every key that nobody took."""
        for key in table:
            self.add(f"{prefix}{key}", "is not a setting; see the reference for those there are")

    def add(self, key: str, fault: str) -> None:
        """Note what is wrong with a key."""
        self.problems.append(Problem(sentence=f'{self._name}: "{key}" {fault}. It is left out.', key=key))

    def _take(self, table: dict[str, Any], key: str, kind: type, default: Any, what: str) -> Any:
        value = table.pop(last_part(key), default)
        if isinstance(value, kind):
            return value
        self.add(key, f"must be {what}")
        return default


def last_part(key: str) -> str:
    """Return the last part of a dotted key."""
    return key.rsplit(".", 1)[-1]
