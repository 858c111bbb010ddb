"""What is kept behind the counter, and for whom."""

from datetime import date
from sqlite3 import Connection

import pytest

from bookshop.errors import NotFound, OutOfStock
from bookshop.services import counter
from bookshop.store import books
from tests.conftest import TODAY


def test_a_reserved_copy_leaves_the_shelf(shop: Connection) -> None:
    """It is kept for a week."""
    reservation = counter.reserve_book(shop, "ada@example.com", "111", TODAY)
    assert reservation.held_until == date(2026, 3, 21)
    assert books.get(shop, "111").on_shelf == 1


def test_the_last_copy_can_be_reserved_once(shop: Connection) -> None:
    """The shelf is empty when both copies are kept for somebody."""
    counter.reserve_book(shop, "ada@example.com", "111", TODAY)
    counter.reserve_book(shop, "ada@example.com", "111", TODAY)
    with pytest.raises(OutOfStock):
        counter.reserve_book(shop, "ada@example.com", "111", TODAY)


def test_a_reserved_copy_is_fetched_once(shop: Connection) -> None:
    """What was handed over is not kept any more."""
    reservation = counter.reserve_book(shop, "ada@example.com", "222", TODAY)
    assert counter.fetch_book(shop, reservation.reservation_id) == reservation
    with pytest.raises(NotFound):
        counter.fetch_book(shop, reservation.reservation_id)


def test_what_nobody_fetches_goes_back(shop: Connection) -> None:
    """On the last day it is still kept, the day after it can be sold."""
    reservation = counter.reserve_book(shop, "ada@example.com", "111", TODAY)
    assert counter.release_expired(shop, reservation.held_until) == []
    assert counter.release_expired(shop, date(2026, 3, 22)) == [reservation]
    assert books.get(shop, "111").on_shelf == 2
