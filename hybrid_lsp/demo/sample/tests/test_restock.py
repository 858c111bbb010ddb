"""What has to be ordered again, and what has come."""

from datetime import date
from sqlite3 import Connection

import pytest

from bookshop.errors import NotFound
from bookshop.services import restock
from bookshop.store import books
from tests.conftest import TODAY


def test_scarce_books_are_low(shop: Connection) -> None:
    """Two copies are too few, nine are not."""
    assert [book.isbn for book in restock.low_books(shop)] == ["111"]


def test_a_delivery_is_due_when_the_supplier_says(shop: Connection) -> None:
    """Three days, for this supplier."""
    delivery = restock.order_copies(shop, 1, "111", 10, TODAY)
    assert delivery.due_on == date(2026, 3, 17)


def test_a_delivery_fills_the_shelf(shop: Connection) -> None:
    """What has come can be sold, and is not expected any more."""
    delivery = restock.order_copies(shop, 1, "111", 10, TODAY)
    book = restock.receive_delivery(shop, delivery.delivery_id)
    assert book.on_shelf == 12
    with pytest.raises(NotFound):
        restock.receive_delivery(shop, delivery.delivery_id)


def test_a_delivery_is_late_the_day_after(shop: Connection) -> None:
    """On the day itself it may still come."""
    delivery = restock.order_copies(shop, 1, "222", 5, TODAY)
    assert restock.late_deliveries(shop, delivery.due_on) == []
    assert restock.late_deliveries(shop, date(2026, 3, 18)) == [delivery]


def test_a_book_that_nobody_sells_cannot_be_ordered(shop: Connection) -> None:
    """The shop orders only titles that it knows."""
    with pytest.raises(NotFound):
        restock.order_copies(shop, 1, "999", 5, TODAY)
    assert books.get(shop, "111").on_shelf == 2
