"""The command line of the shop."""

import argparse
import sys
from datetime import date
from pathlib import Path
from sqlite3 import Connection

from bookshop.database import connect
from bookshop.errors import ShopError
from bookshop.models import Book
from bookshop.money import format_price, parse_price
from bookshop.services import checkout, restock
from bookshop.store import books, customers


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 1 and says why on stderr when the shop refuses."""
    options = _parser().parse_args(arguments)
    connection = connect(options.database)
    try:
        options.run(connection, options)
    except ShopError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bookshop", description=__doc__)
    parser.add_argument("--database", type=Path, default=Path("bookshop.db"))
    commands = parser.add_subparsers(required=True)

    add = commands.add_parser("add-book", help="sell a new title")
    add.add_argument("isbn")
    add.add_argument("title")
    add.add_argument("author")
    add.add_argument("price", type=parse_price)
    add.set_defaults(run=_add_book)

    join = commands.add_parser("join", help="welcome a new customer")
    join.add_argument("name")
    join.add_argument("email")
    join.set_defaults(run=_join)

    receive = commands.add_parser("receive", help="put copies on the shelf")
    receive.add_argument("isbn")
    receive.add_argument("copies", type=int)
    receive.set_defaults(run=_receive)

    sell = commands.add_parser("sell", help="place an order, take the money, send the parcel")
    sell.add_argument("email")
    sell.add_argument("isbn", nargs="+")
    sell.set_defaults(run=_sell)

    shelf = commands.add_parser("list", help="list every book")
    shelf.set_defaults(run=_list)

    low = commands.add_parser("low", help="list what is running out")
    low.set_defaults(run=_low)
    return parser


def _add_book(connection: Connection, options: argparse.Namespace) -> None:
    with connection:
        books.add(connection, Book(options.isbn, options.title, options.author, options.price))


def _join(connection: Connection, options: argparse.Namespace) -> None:
    with connection:
        customer = customers.add(connection, options.name, options.email, date.today())
    print(f"Welcome, {customer.name}.")


def _receive(connection: Connection, options: argparse.Namespace) -> None:
    with connection:
        books.change_stock(connection, options.isbn, options.copies)


def _sell(connection: Connection, options: argparse.Namespace) -> None:
    order = checkout.place_order(connection, options.email, options.isbn, date.today())
    checkout.pay_order(connection, order.order_id)
    checkout.send_order(connection, order.order_id)
    print(f"Order {order.order_id}: {format_price(order.total_cents)}")


def _list(connection: Connection, options: argparse.Namespace) -> None:
    for book in books.list_all(connection):
        print(f"{book.isbn}  {book.title}, {book.author}: {format_price(book.price_cents)}, {book.on_shelf} left")


def _low(connection: Connection, options: argparse.Namespace) -> None:
    for book in restock.low_books(connection):
        print(f"{book.isbn}  {book.title}: {book.on_shelf} left")
