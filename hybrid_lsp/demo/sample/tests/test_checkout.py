"""From a basket to a parcel."""

from sqlite3 import Connection

import pytest

from bookshop.errors import NotFound, OutOfStock, WrongState
from bookshop.models import OrderState
from bookshop.services import checkout
from bookshop.store import books, orders
from tests.conftest import TODAY


def test_an_order_takes_the_books_from_the_shelf(shop: Connection) -> None:
    """Two copies are sold, and none is left."""
    order = checkout.place_order(shop, "ada@example.com", ["111", "111"], TODAY)
    assert order.total_cents == 1598
    assert books.get(shop, "111").on_shelf == 0


def test_an_order_fails_as_a_whole(shop: Connection) -> None:
    """The second book stays on the shelf when the first one is sold out."""
    with pytest.raises(OutOfStock):
        checkout.place_order(shop, "ada@example.com", ["222", "111", "111", "111"], TODAY)
    assert books.get(shop, "222").on_shelf == 9
    assert orders.list_of(shop, 1) == []


def test_a_paid_order_can_be_sent(shop: Connection) -> None:
    """The usual way: open, paid, sent."""
    order = checkout.place_order(shop, "ada@example.com", ["222"], TODAY)
    assert checkout.pay_order(shop, order.order_id).state is OrderState.PAID
    assert checkout.send_order(shop, order.order_id).state is OrderState.SENT


def test_an_open_order_cannot_be_sent(shop: Connection) -> None:
    """Money first, parcel second."""
    order = checkout.place_order(shop, "ada@example.com", ["222"], TODAY)
    with pytest.raises(WrongState):
        checkout.send_order(shop, order.order_id)


def test_a_cancelled_order_puts_the_books_back(shop: Connection) -> None:
    """The shelf is as it was before."""
    order = checkout.place_order(shop, "ada@example.com", ["111", "222"], TODAY)
    checkout.cancel_order(shop, order.order_id)
    assert books.get(shop, "111").on_shelf == 2
    assert books.get(shop, "222").on_shelf == 9


def test_a_stranger_cannot_order(shop: Connection) -> None:
    """Who is not a customer has to join first."""
    with pytest.raises(NotFound):
        checkout.place_order(shop, "bob@example.com", ["111"], TODAY)
