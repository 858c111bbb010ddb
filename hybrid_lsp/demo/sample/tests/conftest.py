"""A shop in memory, with one customer, one supplier and two books."""

from collections.abc import Iterator
from datetime import date
from sqlite3 import Connection

import pytest

from bookshop.database import connect
from bookshop.models import Book
from bookshop.store import books, customers, suppliers

TODAY = date(2026, 3, 14)


@pytest.fixture
def shop() -> Iterator[Connection]:
    """Open a shop."""
    connection = connect()
    with connection:
        books.add(connection, Book("111", "Emma", "Jane Austen", 799, on_shelf=2))
        books.add(connection, Book("222", "Middlemarch", "George Eliot", 1250, on_shelf=9))
        customers.add(connection, "Ada", "ada@example.com", TODAY)
        suppliers.add(connection, "Paper & Co", "orders@paper.example", delivery_days=3)
    yield connection
    connection.close()
