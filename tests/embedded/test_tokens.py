"""embedded.tokens: nothing of a text is lost on the way to code points and back."""

from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.embedded import tokens
from hybrid_lsp.embedded.tokens import (
    CAPACITY,
    LINE_END,
    Encoder,
    Vocabulary,
    code_at,
    index_of,
    split_tokens,
    split_typed,
)

LINES = st.text(st.characters(exclude_characters="\n"))
KEY = "aws = 'AKIAq8Zr2Lk9Xw3TbVn5Yd7Hs1'"


@given(LINES)
def test_the_tokens_of_a_line_are_the_line(line: str) -> None:
    """Whatever the line holds, joining its tokens gives it back."""
    assert "".join(split_tokens(line)) == line


@given(LINES)
def test_what_is_typed_is_split_into_finished_tokens_and_a_growing_one(line: str) -> None:
    """The parts make up the line, and the last one ends in a word character or a blank."""
    finished, part = split_typed(line)

    assert "".join(finished) + part == line
    assert not part or part[-1] in " \t_" or part[-1].isalnum() or split_tokens(part)[-1] == part


@given(st.lists(LINES))
def test_encoding_can_be_undone(lines: list[str]) -> None:
    """Emitted again, a text is its stripped lines without the blank ones."""
    encoder = Encoder()
    encoded = encoder.encode("\n".join(lines))

    text = "".join(encoder.vocabulary.text[code] for code in encoded.emit)

    assert [line.strip() for line in lines if line.strip()] == text.split(LINE_END)[:-1]
    assert len(encoded.match) == len(encoded.emit)


@given(st.integers(0, CAPACITY - 1))
def test_every_code_is_a_character_that_can_be_sent(index: int) -> None:
    """Codes count up in order and step over the surrogates."""
    code = code_at(index)

    assert index_of(code) == index
    assert code.encode()
    assert code not in "\n\x01"
    assert index == CAPACITY - 1 or code < code_at(index + 1)


def test_the_blank_before_a_token_does_not_matter_for_matching() -> None:
    """`a=b` and `a = b` match alike and are emitted as they are."""
    encoder = Encoder()
    tight, wide = encoder.encode("a=b"), encoder.encode("a = b")

    assert tight.match == wide.match
    assert tight.emit != wide.emit


def test_a_known_line_is_not_split_again(monkeypatch) -> None:
    """Editing one line of a text costs that line."""
    encoder = Encoder()
    encoder.encode("one\ntwo\nthree\n")
    split: list[str] = []
    monkeypatch.setattr(encoder, "encode_tokens", lambda words: split.extend(words) or tokens.Encoded("", ""))

    encoder.encode("one\nTWO\nthree\n")

    assert split == ["TWO"]


def test_lines_with_a_key_are_left_out_of_what_others_see() -> None:
    """`encode_public` drops the line, `encode` does not."""
    encoder = Encoder()

    assert encoder.encode_public(f"a\n{KEY}\nb") == encoder.encode("a\nb")
    assert len(encoder.encode(f"a\n{KEY}\nb").emit) > 4


def test_a_full_vocabulary_encodes_what_is_new_as_an_edge(monkeypatch) -> None:
    """Over which nothing is matched or emitted."""
    monkeypatch.setattr(tokens, "CAPACITY", 1)
    vocabulary = Vocabulary()

    assert vocabulary["a"] == code_at(0)
    assert vocabulary["b"] == tokens.FILE_EDGE
    assert vocabulary["a"] == code_at(0)
