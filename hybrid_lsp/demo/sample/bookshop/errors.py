"""What can go wrong in the shop. Each error says in one sentence what it is about."""


class ShopError(Exception):
    """Base of every error that the shop raises on purpose."""


class NotFound(ShopError):
    """Nothing is stored under that key."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key}.")
        self.what = what
        self.key = key


class AlreadyExists(ShopError):
    """Something is stored under that key already."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is already a {what} {key}.")
        self.what = what
        self.key = key


class OutOfStock(ShopError):
    """Fewer copies are on the shelf than somebody wants."""

    def __init__(self, isbn: str, wanted: int, on_shelf: int) -> None:
        super().__init__(f"{wanted} copies of {isbn} are wanted, {on_shelf} on the shelf.")
        self.isbn = isbn
        self.wanted = wanted
        self.on_shelf = on_shelf


class WrongState(ShopError):
    """The thing is there, but this cannot be done to it now."""

    def __init__(self, what: str, key: object, state: str) -> None:
        super().__init__(f"The {what} {key} is {state}.")
        self.what = what
        self.key = key
        self.state = state
