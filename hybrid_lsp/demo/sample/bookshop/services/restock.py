"""What has to be ordered again, and what has come."""

from datetime import date, timedelta
from sqlite3 import Connection

from bookshop.models import Book, Delivery
from bookshop.store import books, deliveries, suppliers

LOW_COPIES = 3


def low_books(connection: Connection) -> list[Book]:
    """Return the books that should be ordered again, the scarcest first."""
    return books.list_low(connection, LOW_COPIES)


def order_copies(connection: Connection, supplier_id: int, isbn: str, copies: int, today: date) -> Delivery:
    """Ask the supplier for copies. Raises NotFound for an unknown supplier or book."""
    with connection:
        supplier = suppliers.get(connection, supplier_id)
        book = books.get(connection, isbn)
        due_on = today + timedelta(days=supplier.delivery_days)
        return deliveries.add(connection, supplier_id, book.isbn, copies, due_on)


def receive_delivery(connection: Connection, delivery_id: int) -> Book:
    """Put what has come on the shelf. Raises NotFound when nothing was expected."""
    with connection:
        delivery = deliveries.get(connection, delivery_id)
        books.change_stock(connection, delivery.isbn, delivery.copies)
        deliveries.remove(connection, delivery_id)
        return books.get(connection, delivery.isbn)


def late_deliveries(connection: Connection, today: date) -> list[Delivery]:
    """Return what should have come before today, the oldest first."""
    return deliveries.list_late(connection, today)
