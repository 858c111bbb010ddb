"""The table `deliveries`."""

from datetime import date
from sqlite3 import Connection, Row

from bookshop.errors import NotFound
from bookshop.models import Delivery


def add(connection: Connection, supplier_id: int, isbn: str, copies: int, due_on: date) -> Delivery:
    """Remember that copies are on their way."""
    added = connection.execute(
        "INSERT INTO deliveries (supplier_id, isbn, copies, due_on) VALUES (?, ?, ?, ?) RETURNING *",
        (supplier_id, isbn, copies, due_on.isoformat()),
    )
    return _delivery(added.fetchone())


def get(connection: Connection, delivery_id: int) -> Delivery:
    """Return the delivery. Raises NotFound."""
    row = connection.execute("SELECT * FROM deliveries WHERE delivery_id = ?", (delivery_id,)).fetchone()
    if row is None:
        raise NotFound("delivery", delivery_id)
    return _delivery(row)


def list_late(connection: Connection, today: date) -> list[Delivery]:
    """Return what should have come before today, the oldest first."""
    rows = connection.execute("SELECT * FROM deliveries WHERE due_on < ? ORDER BY due_on", (today.isoformat(),))
    return [_delivery(row) for row in rows]


def remove(connection: Connection, delivery_id: int) -> None:
    """Forget a delivery that has come. Raises NotFound."""
    changed = connection.execute("DELETE FROM deliveries WHERE delivery_id = ?", (delivery_id,))
    if changed.rowcount == 0:
        raise NotFound("delivery", delivery_id)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        delivery_id=row["delivery_id"],
        supplier_id=row["supplier_id"],
        isbn=row["isbn"],
        copies=row["copies"],
        due_on=date.fromisoformat(row["due_on"]),
    )
