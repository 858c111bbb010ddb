"""The table `reservations`."""

from datetime import date
from sqlite3 import Connection, Row

from bookshop.errors import NotFound
from bookshop.models import Reservation


def add(connection: Connection, customer_id: int, isbn: str, held_until: date) -> Reservation:
    """Remember that a copy is kept for the customer."""
    added = connection.execute(
        "INSERT INTO reservations (customer_id, isbn, held_until) VALUES (?, ?, ?) RETURNING *",
        (customer_id, isbn, held_until.isoformat()),
    )
    return _reservation(added.fetchone())


def get(connection: Connection, reservation_id: int) -> Reservation:
    """Return the reservation. Raises NotFound."""
    row = connection.execute("SELECT * FROM reservations WHERE reservation_id = ?", (reservation_id,)).fetchone()
    if row is None:
        raise NotFound("reservation", reservation_id)
    return _reservation(row)


def list_expired(connection: Connection, today: date) -> list[Reservation]:
    """Return what nobody has fetched in time."""
    rows = connection.execute(
        "SELECT * FROM reservations WHERE held_until < ? ORDER BY held_until", (today.isoformat(),)
    )
    return [_reservation(row) for row in rows]


def remove(connection: Connection, reservation_id: int) -> None:
    """Forget a reservation that has ended. Raises NotFound."""
    changed = connection.execute("DELETE FROM reservations WHERE reservation_id = ?", (reservation_id,))
    if changed.rowcount == 0:
        raise NotFound("reservation", reservation_id)


def _reservation(row: Row) -> Reservation:
    return Reservation(
        reservation_id=row["reservation_id"],
        customer_id=row["customer_id"],
        isbn=row["isbn"],
        held_until=date.fromisoformat(row["held_until"]),
    )
