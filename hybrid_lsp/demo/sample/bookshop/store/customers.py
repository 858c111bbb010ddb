"""The table `customers`."""

from datetime import date
from sqlite3 import Connection, IntegrityError, Row

from bookshop.errors import AlreadyExists, NotFound
from bookshop.models import Customer


def add(connection: Connection, name: str, email: str, joined_on: date) -> Customer:
    """Remember a new customer. Raises AlreadyExists when the address is taken."""
    try:
        added = connection.execute(
            "INSERT INTO customers (name, email, joined_on) VALUES (?, ?, ?) RETURNING *",
            (name, email, joined_on.isoformat()),
        )
    except IntegrityError as error:
        raise AlreadyExists("customer", email) from error
    return _customer(added.fetchone())


def get(connection: Connection, customer_id: int) -> Customer:
    """Return the customer. Raises NotFound."""
    row = connection.execute("SELECT * FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
    if row is None:
        raise NotFound("customer", customer_id)
    return _customer(row)


def find(connection: Connection, email: str) -> Customer:
    """Return the customer with this address. Raises NotFound."""
    row = connection.execute("SELECT * FROM customers WHERE email = ?", (email,)).fetchone()
    if row is None:
        raise NotFound("customer", email)
    return _customer(row)


def list_all(connection: Connection) -> list[Customer]:
    """Return every customer, by name."""
    rows = connection.execute("SELECT * FROM customers ORDER BY name")
    return [_customer(row) for row in rows]


def _customer(row: Row) -> Customer:
    return Customer(
        customer_id=row["customer_id"],
        name=row["name"],
        email=row["email"],
        joined_on=date.fromisoformat(row["joined_on"]),
    )
