"""The keys that the demo presses in the sample project. The only thing in the demo that is scripted.

They live outside `sample/`, so that the server cannot have learned them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A new piece of code for one file of the sample."""

    path: str
    """Relative to the sample, with `/`."""
    text: str
    before: str = ""
    """Start of the line that the new piece goes above, in a file of the sample."""
    above: str = ""
    """What a file that is not in the sample begins with."""


SAMPLE_KEYS = (
    Keys(
        path="bookshop/services/checkout.py",
        before="def _take",
        text='''\
def refund_order(connection: Connection, order_id: int) -> int:
    """Give the money back, and say how much."""
    with connection:
        order = orders.get(connection, order_id)
        _expect(order, OrderState.PAID)
        for line in order.lines:
            books.change_stock(connection, line.isbn, line.copies)
        orders.set_state(connection, order_id, OrderState.REFUNDED)
        return order.total_cents''',
    ),
    Keys(
        path="tests/test_refunds.py",
        above='''\
"""Money that goes back."""

from sqlite3 import Connection

import pytest

from bookshop.errors import WrongState
from bookshop.services import checkout
from tests.conftest import TODAY


''',
        text='''\
def test_only_a_paid_order_is_refunded(shop: Connection) -> None:
    """What has not come cannot go back."""
    order = checkout.place_order(shop, "ada@example.com", ["222", "111"], TODAY)
    with pytest.raises(WrongState):
        checkout.refund_order(shop, order.order_id)''',
    ),
)
