"""core/errors: what a log may say of a fault."""

from hybrid_lsp.core.errors import fault_told


def raised_deep(depth: int, secret: str) -> None:
    """Raise from so many calls below."""
    if depth:
        raised_deep(depth - 1, secret)
    raise ValueError(secret)


def test_a_fault_is_told_by_kind_and_places_innermost_first_and_never_by_its_text() -> None:
    """At most six places, without folders; what the error itself says, or what caused it, is not told."""
    try:
        try:
            raise KeyError("first secret")
        except KeyError as cause:
            raise RuntimeError("second secret") from cause
    except RuntimeError as error:
        told = fault_told(error)
    assert told.startswith("RuntimeError at test_errors.py:")
    assert told.endswith(" test_a_fault_is_told_by_kind_and_places_innermost_first_and_never_by_its_text")
    try:
        raised_deep(50, "third secret")
    except ValueError as error:
        deep = fault_told(error)
    assert deep.count(" < ") == 5
    assert "secret" not in told + deep
    assert "/" not in told + deep


def test_a_fault_that_was_never_raised_has_no_place() -> None:
    """An error that somebody only made is told by its kind."""
    assert fault_told(OSError("x")) == "OSError at an unknown place"
