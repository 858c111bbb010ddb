"""embedded.segment: what a segment finds is what a slow search finds."""

from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.embedded.segment import ORDER, Segment
from hybrid_lsp.embedded.tokens import FILE_EDGE, LINE_END
from tests.embedded.texts import learned

WORDS = st.lists(st.sampled_from(["a", "b", " a", "(", ")", " =", "\n", "é", "longer"]), max_size=60).map("".join)
FILES = st.dictionaries(st.sampled_from(["a.py", "b.py", "c/d.py"]), WORDS, min_size=1)
KEY = "AKIAq8Zr2Lk9Xw3TbVn5Yd7Hs1"


@given(FILES)
def test_a_segment_holds_its_files(files: dict[str, str]) -> None:
    """Between their edges the files read as they are, line by stripped line."""
    segment = learned(files)
    text = "".join(FILE_EDGE if code == FILE_EDGE else segment.text_of(code) for code in segment.emit)

    expected = ["".join(f"{s}\n" for line in text.split("\n") if (s := line.strip())) for text in files.values()]

    assert [stamp.path for stamp in segment.stamps] == list(files)
    assert text.split(FILE_EDGE)[1:] == expected
    assert [segment.emit[start] for start in segment.starts] == [FILE_EDGE] * len(files)


@given(FILES)
def test_tokens_stand_in_the_order_of_their_codes(files: dict[str, str]) -> None:
    """So tokens are found by bisection, and those that begin alike are one range."""
    segment = learned(files)

    assert segment.tokens == sorted(set(segment.tokens))
    assert all(segment.text_of(segment.code_of(token)) == token for token in segment.tokens)
    for part in ("a", " ", "lon", "zz"):
        low, high = segment.codes_starting_with(part)
        inside = [token for token in segment.tokens if low <= segment.code_of(token) < high]
        assert inside == [token for token in segment.tokens if token.startswith(part)]
    assert segment.code_of("never seen") == ""


@given(FILES, st.data())
def test_reaches_are_what_a_slow_search_finds(files: dict[str, str], data: st.DataObject) -> None:
    """For every length, exactly the places whose left side agrees, and none once nothing does."""
    segment = learned(files)
    end = len(segment.backwards)
    start = data.draw(st.integers(0, end - 1))
    context = segment.backwards[start : start + data.draw(st.integers(0, ORDER + 2))] + data.draw(
        st.sampled_from(["", "?"])
    )

    reaches = segment.reaches(context)

    for reach in reaches:
        wanted = context[: reach.matched]
        slow = [j for j in range(end) if segment.backwards[j : j + reach.matched] == wanted]
        assert sorted(segment.order[reach.low : reach.high]) == slow
    assert [reach.matched for reach in reaches] == list(range(1, len(reaches) + 1))
    beyond = context[: len(reaches) + 1]
    assert len(reaches) in (ORDER, len(context)) or beyond not in segment.backwards


def test_a_place_knows_its_file() -> None:
    """From its edge to the last token."""
    segment = learned({"a.py": "one two", "b.py": "three"})

    found = [segment.stamps[segment.file_at(place)].path for place in range(len(segment.emit))]

    assert found == ["a.py"] * 4 + ["b.py"] * 3
    assert segment.emit[3] == LINE_END


def test_a_line_with_a_key_is_not_learned() -> None:
    """The rest of its file is."""
    segment = learned({"a.py": f"one\ntoken = '{KEY}'\ntwo\n"})

    assert segment.tokens == ["one", "two"]


def test_nothing_is_a_segment_too() -> None:
    """It finds nothing and does not complain."""
    for segment in (Segment(), learned({})):
        assert segment.reaches("ab") == []
        assert segment.code_of("a") == ""
        assert segment.source_bytes == 0
