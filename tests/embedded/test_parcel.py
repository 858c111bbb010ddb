"""embedded.parcel: orders and answers arrive as they were sent, or not at all."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.embedded.parcel import Answer, Order, ParcelError, read_answer, read_order, write_answer, write_order
from hybrid_lsp.embedded.segment import FileStamp
from tests.embedded.texts import learned

STAMP = FileStamp(path="é/b.py", size_bytes=3, mtime_ns=10**18)
ANSWER = Answer(
    segment=learned({"a.py": "def f(x):\n    return x * 2  # ü\n", "b.py": "日本 = '語'\n"}), overtaken=("c.py",)
)


def sent(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    stream = io.BytesIO()
    write_answer(answer, stream.write)
    return stream.getvalue()


@pytest.mark.parametrize("paths", [None, (), ("a.py", "ü.py")])
@pytest.mark.parametrize("known", [None, (), (STAMP,)])
def test_an_order_arrives_as_it_was_sent(paths, known) -> None:
    """None and nothing are not the same."""
    order = Order(root="/r", near="a", language="c", budget_bytes=1, scan_seconds=0.5, paths=paths, known=known)
    stream = io.BytesIO()
    write_order(order, stream.write)
    stream.seek(0)

    assert read_order(stream.read) == order


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(), max_size=3), st.booleans())
def test_an_answer_arrives_as_it_was_sent(files: dict[str, str], is_too_much: bool) -> None:
    """Whatever the files hold."""
    answer = Answer(segment=learned(files), overtaken=tuple(files), is_too_much=is_too_much)

    assert read_answer(io.BytesIO(sent(answer)).read) == answer


def test_an_answer_of_many_pieces_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character or a number that lies across two pieces is whole again."""
    monkeypatch.setattr("hybrid_lsp.embedded.parcel._PIECE_BYTES", 3)
    monkeypatch.setattr("hybrid_lsp.embedded.parcel._TOKENS_PIECE_BYTES", 5)

    assert read_answer(io.BytesIO(sent(ANSWER)).read) == ANSWER


def test_half_an_answer_is_an_error() -> None:
    """At whatever byte it ends."""
    whole = sent(ANSWER)

    for length in range(len(whole)):
        with pytest.raises(ParcelError):
            read_answer(io.BytesIO(whole[:length]).read)


@given(st.binary(max_size=200))
def test_nonsense_is_an_error(content: bytes) -> None:
    """And never another exception."""
    for read in (read_answer, read_order):
        with pytest.raises(ParcelError):
            read(io.BytesIO(content).read)


def test_an_answer_that_does_not_agree_with_itself_is_an_error() -> None:
    """A segment with fewer places than tokens would fail while somebody types."""
    whole = sent(ANSWER)
    places = len(ANSWER.segment.order) * ANSWER.segment.order.itemsize
    cut = whole[: -places - 8] + (places - 4).to_bytes(8, "little") + whole[-places:-4]

    with pytest.raises(ParcelError, match="agree"):
        read_answer(io.BytesIO(cut).read)
