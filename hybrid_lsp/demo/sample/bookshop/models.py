"""The things that the shop talks about. Values only: nothing here reads or writes."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    PAID = "paid"
    SENT = "sent"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Book:
    """A title that the shop sells, and how many copies are on the shelf."""

    isbn: str
    title: str
    author: str
    price_cents: int
    on_shelf: int = 0


@dataclass(frozen=True)
class Customer:
    """Somebody who buys here. The address is where parcels and receipts go."""

    customer_id: int
    name: str
    email: str
    joined_on: date


@dataclass(frozen=True)
class Supplier:
    """Where new copies come from, and how long they take."""

    supplier_id: int
    name: str
    email: str
    delivery_days: int


@dataclass(frozen=True)
class OrderLine:
    """Some copies of one book within an order, at the price of the day."""

    isbn: str
    copies: int
    price_cents: int

    @property
    def total_cents(self) -> int:
        """What the line costs."""
        return self.copies * self.price_cents


@dataclass(frozen=True)
class Order:
    """What one customer wants, from the first click to the parcel."""

    order_id: int
    customer_id: int
    state: OrderState
    placed_on: date
    lines: tuple[OrderLine, ...] = ()

    @property
    def total_cents(self) -> int:
        """What the order costs."""
        return sum(line.total_cents for line in self.lines)


@dataclass(frozen=True)
class Delivery:
    """Copies that a supplier has promised."""

    delivery_id: int
    supplier_id: int
    isbn: str
    copies: int
    due_on: date


@dataclass(frozen=True)
class Reservation:
    """A copy that is kept behind the counter for a customer."""

    reservation_id: int
    customer_id: int
    isbn: str
    held_until: date
