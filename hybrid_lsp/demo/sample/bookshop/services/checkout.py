"""From a basket to a parcel."""

from collections import Counter
from datetime import date
from sqlite3 import Connection

from bookshop.errors import OutOfStock, WrongState
from bookshop.models import Order, OrderLine, OrderState
from bookshop.store import books, customers, orders


def place_order(connection: Connection, email: str, isbns: list[str], today: date) -> Order:
    """Take the books from the shelf and open an order. All of it happens, or nothing does.

    Raises NotFound for an unknown customer or book, OutOfStock when a copy is missing.
    """
    with connection:
        customer = customers.find(connection, email)
        lines = [_take(connection, isbn, copies) for isbn, copies in Counter(isbns).items()]
        return orders.add(connection, customer.customer_id, lines, today)


def pay_order(connection: Connection, order_id: int) -> Order:
    """Note that the money has come. Raises WrongState unless the order is open."""
    with connection:
        _expect(orders.get(connection, order_id), OrderState.OPEN)
        orders.set_state(connection, order_id, OrderState.PAID)
        return orders.get(connection, order_id)


def send_order(connection: Connection, order_id: int) -> Order:
    """Note that the parcel has left. Raises WrongState unless the order is paid."""
    with connection:
        _expect(orders.get(connection, order_id), OrderState.PAID)
        orders.set_state(connection, order_id, OrderState.SENT)
        return orders.get(connection, order_id)


def cancel_order(connection: Connection, order_id: int) -> Order:
    """Put the books back on the shelf. Raises WrongState unless the order is open."""
    with connection:
        order = orders.get(connection, order_id)
        _expect(order, OrderState.OPEN)
        for line in order.lines:
            books.change_stock(connection, line.isbn, line.copies)
        orders.set_state(connection, order_id, OrderState.CANCELLED)
        return orders.get(connection, order_id)


def _take(connection: Connection, isbn: str, copies: int) -> OrderLine:
    book = books.get(connection, isbn)
    if book.on_shelf < copies:
        raise OutOfStock(isbn, copies, book.on_shelf)
    books.change_stock(connection, isbn, -copies)
    return OrderLine(isbn=isbn, copies=copies, price_cents=book.price_cents)


def _expect(order: Order, state: OrderState) -> None:
    if order.state is not state:
        raise WrongState("order", order.order_id, order.state)
