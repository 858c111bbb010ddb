"""The table `books`."""

from sqlite3 import Connection, IntegrityError, Row

from bookshop.errors import AlreadyExists, NotFound
from bookshop.models import Book


def add(connection: Connection, book: Book) -> None:
    """Remember a new title. Raises AlreadyExists when the ISBN is taken."""
    try:
        connection.execute(
            "INSERT INTO books (isbn, title, author, price_cents, on_shelf) VALUES (?, ?, ?, ?, ?)",
            (book.isbn, book.title, book.author, book.price_cents, book.on_shelf),
        )
    except IntegrityError as error:
        raise AlreadyExists("book", book.isbn) from error


def get(connection: Connection, isbn: str) -> Book:
    """Return the book. Raises NotFound."""
    row = connection.execute("SELECT * FROM books WHERE isbn = ?", (isbn,)).fetchone()
    if row is None:
        raise NotFound("book", isbn)
    return _book(row)


def list_all(connection: Connection) -> list[Book]:
    """Return every book, by title."""
    rows = connection.execute("SELECT * FROM books ORDER BY title")
    return [_book(row) for row in rows]


def list_low(connection: Connection, fewer_than: int) -> list[Book]:
    """Return the books that are running out, the scarcest first."""
    rows = connection.execute("SELECT * FROM books WHERE on_shelf < ? ORDER BY on_shelf, title", (fewer_than,))
    return [_book(row) for row in rows]


def change_stock(connection: Connection, isbn: str, copies: int) -> None:
    """Add copies to the shelf, or take some from it. Raises NotFound."""
    changed = connection.execute("UPDATE books SET on_shelf = on_shelf + ? WHERE isbn = ?", (copies, isbn))
    if changed.rowcount == 0:
        raise NotFound("book", isbn)


def set_price(connection: Connection, isbn: str, price_cents: int) -> None:
    """Sell the book at another price from now on. Raises NotFound."""
    changed = connection.execute("UPDATE books SET price_cents = ? WHERE isbn = ?", (price_cents, isbn))
    if changed.rowcount == 0:
        raise NotFound("book", isbn)


def _book(row: Row) -> Book:
    return Book(
        isbn=row["isbn"],
        title=row["title"],
        author=row["author"],
        price_cents=row["price_cents"],
        on_shelf=row["on_shelf"],
    )
