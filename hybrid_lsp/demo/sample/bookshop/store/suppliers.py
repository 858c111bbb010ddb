"""The table `suppliers`."""

from sqlite3 import Connection, IntegrityError, Row

from bookshop.errors import AlreadyExists, NotFound
from bookshop.models import Supplier


def add(connection: Connection, name: str, email: str, delivery_days: int) -> Supplier:
    """Remember a new supplier. Raises AlreadyExists when the name is taken."""
    try:
        added = connection.execute(
            "INSERT INTO suppliers (name, email, delivery_days) VALUES (?, ?, ?) RETURNING *",
            (name, email, delivery_days),
        )
    except IntegrityError as error:
        raise AlreadyExists("supplier", name) from error
    return _supplier(added.fetchone())


def get(connection: Connection, supplier_id: int) -> Supplier:
    """Return the supplier. Raises NotFound."""
    row = connection.execute("SELECT * FROM suppliers WHERE supplier_id = ?", (supplier_id,)).fetchone()
    if row is None:
        raise NotFound("supplier", supplier_id)
    return _supplier(row)


def _supplier(row: Row) -> Supplier:
    return Supplier(
        supplier_id=row["supplier_id"],
        name=row["name"],
        email=row["email"],
        delivery_days=row["delivery_days"],
    )
