"""The tables `orders` and `order_lines`."""

from datetime import date
from sqlite3 import Connection, Row

from bookshop.errors import NotFound
from bookshop.models import Order, OrderLine, OrderState


def add(connection: Connection, customer_id: int, lines: list[OrderLine], placed_on: date) -> Order:
    """Remember a new order with its lines."""
    row = connection.execute(
        "INSERT INTO orders (customer_id, state, placed_on) VALUES (?, ?, ?) RETURNING *",
        (customer_id, OrderState.OPEN, placed_on.isoformat()),
    ).fetchone()
    connection.executemany(
        "INSERT INTO order_lines (order_id, isbn, copies, price_cents) VALUES (?, ?, ?, ?)",
        [(row["order_id"], line.isbn, line.copies, line.price_cents) for line in lines],
    )
    return _order(connection, row)


def get(connection: Connection, order_id: int) -> Order:
    """Return the order with its lines. Raises NotFound."""
    row = connection.execute("SELECT * FROM orders WHERE order_id = ?", (order_id,)).fetchone()
    if row is None:
        raise NotFound("order", order_id)
    return _order(connection, row)


def list_of(connection: Connection, customer_id: int) -> list[Order]:
    """Return what the customer has ordered, the newest first."""
    rows = connection.execute(
        "SELECT * FROM orders WHERE customer_id = ? ORDER BY placed_on DESC, order_id DESC",
        (customer_id,),
    )
    return [_order(connection, row) for row in rows]


def set_state(connection: Connection, order_id: int, state: OrderState) -> None:
    """Move the order to another state. Raises NotFound."""
    changed = connection.execute("UPDATE orders SET state = ? WHERE order_id = ?", (state, order_id))
    if changed.rowcount == 0:
        raise NotFound("order", order_id)


def _order(connection: Connection, row: Row) -> Order:
    lines = connection.execute("SELECT * FROM order_lines WHERE order_id = ? ORDER BY rowid", (row["order_id"],))
    return Order(
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        state=OrderState(row["state"]),
        placed_on=date.fromisoformat(row["placed_on"]),
        lines=tuple(_line(line) for line in lines),
    )


def _line(row: Row) -> OrderLine:
    return OrderLine(isbn=row["isbn"], copies=row["copies"], price_cents=row["price_cents"])
