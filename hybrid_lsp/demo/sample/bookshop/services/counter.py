"""What is kept behind the counter, and for whom."""

from datetime import date, timedelta
from sqlite3 import Connection

from bookshop.errors import OutOfStock
from bookshop.models import Reservation
from bookshop.store import books, customers, reservations

HELD_DAYS = 7


def reserve_book(connection: Connection, email: str, isbn: str, today: date) -> Reservation:
    """Keep one copy behind the counter for a week. Raises OutOfStock when the shelf is empty."""
    with connection:
        customer = customers.find(connection, email)
        book = books.get(connection, isbn)
        if book.on_shelf < 1:
            raise OutOfStock(isbn, 1, book.on_shelf)
        books.change_stock(connection, isbn, -1)
        held_until = today + timedelta(days=HELD_DAYS)
        return reservations.add(connection, customer.customer_id, isbn, held_until)


def fetch_book(connection: Connection, reservation_id: int) -> Reservation:
    """Hand the copy over the counter. Raises NotFound."""
    with connection:
        reservation = reservations.get(connection, reservation_id)
        reservations.remove(connection, reservation_id)
        return reservation


def release_expired(connection: Connection, today: date) -> list[Reservation]:
    """Put back on the shelf what nobody has fetched in time."""
    with connection:
        expired = reservations.list_expired(connection, today)
        for reservation in expired:
            books.change_stock(connection, reservation.isbn, 1)
            reservations.remove(connection, reservation.reservation_id)
        return expired
