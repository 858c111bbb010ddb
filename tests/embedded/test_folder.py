"""embedded.folder: what is suggested, from where, and what never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import Source
from hybrid_lsp.embedded import folder
from hybrid_lsp.embedded.folder import MIN_CHARS, FolderModel
from hybrid_lsp.embedded.scoring import shipped_weights
from tests.embedded.texts import ANY, excerpt_at, folder_with, learned

KEY = "AKIAq8Zr2Lk9Xw3TbVn5Yd7Hs1"
HABIT = "    logger.warning('could not read %s', path)\n"
BUFFER = f"def one(path):\n{HABIT}    return None\n\ndef two(path):\n    logger.w|\n"
PADDING = {f"pad{i}.py": f"unrelated_{i} = {i}\n" for i in range(3)}


@pytest.fixture
def model() -> FolderModel:
    """A folder of which nothing is known."""
    return FolderModel(shipped_weights())


def test_a_buffer_alone_is_enough(model: FolderModel) -> None:
    """Before anything is learned from disk, a line is finished as it was written above."""
    suggestion = model.suggest(excerpt_at(BUFFER), ANY)

    assert suggestion is not None
    assert "arning('could not read %s', path)".startswith(suggestion.text)
    assert suggestion.source is Source.EMBEDDED
    assert suggestion.origin == "app/here.py"
    assert suggestion.replaces == 0
    assert 0 < suggestion.score <= 1


def test_another_file_is_drawn_from(model: FolderModel) -> None:
    """And named as the origin."""
    model = folder_with({"lib/log.py": f"def f(path):\n{HABIT}" * 3, **PADDING})

    suggestion = model.suggest(excerpt_at("def g(path):\n    logger.w|\n"), ANY)

    assert suggestion is not None
    assert "arning('could not read %s', path)".startswith(suggestion.text)
    assert suggestion.origin == "lib/log.py"


def test_another_open_buffer_is_drawn_from(model: FolderModel) -> None:
    """As it stands, saved or not; until it is closed."""
    model.open_page(2, "lib/log.py", f"def f(path):\n{HABIT}" * 3)
    asked = excerpt_at("def g(path):\n    logger.w|\n")

    suggestion = model.suggest(asked, ANY)
    assert suggestion is not None
    assert suggestion.origin == "lib/log.py"
    model.close_page(2)
    assert model.suggest(asked, ANY) is None


def test_a_buffer_wins_over_its_file(model: FolderModel) -> None:
    """What was deleted in it does not come back from the disk."""
    model = folder_with({"app/here.py": HABIT * 3, "lib/log.py": HABIT * 3})
    asked = excerpt_at("def g(path):\n    logger.w|\n")
    assert model.suggest(asked, ANY) is not None

    model.open_page(1, "app/here.py", "")
    model.open_page(2, "lib/log.py", "")

    assert model.suggest(asked, ANY) is None
    model.close_page(2)
    assert model.suggest(asked, ANY) is not None


def test_a_changed_file_speaks_anew_and_its_old_text_no_more(model: FolderModel) -> None:
    """Silent at once, heard again with the delta, wherever the change came from."""
    model = folder_with({"a.py": "value = compute_old_thing(x)\n" * 3, "b.py": "y\n"})
    asked = excerpt_at("value = |\n")
    assert "compute_old_thing" in model.suggest(asked, ANY).text

    model.silence(["a.py"])
    assert model.suggest(asked, ANY) is None
    model.adopt_delta(learned({"a.py": "value = compute_new_thing(x)\n" * 3}), ["a.py"], ())
    assert "compute_new_thing" in model.suggest(asked, ANY).text
    assert model.indexed_files == 2
    model.silence(["a.py"])
    assert model.suggest(asked, ANY) is None


def test_a_secret_file_is_neither_served_nor_learned_from(model: FolderModel) -> None:
    """Even while it is open next to others."""
    secret = "DATABASE = open_database('alice', 'wonderland')\n"
    model.open_page(2, ".env", secret * 3)

    assert model.suggest(excerpt_at(secret * 3 + "DATABASE = |", path=".env", document=2), ANY) is None
    assert model.suggest(excerpt_at("DATABASE = |"), ANY) is None


def test_a_key_is_never_carried_to_another_file(model: FolderModel) -> None:
    """Neither from disk nor from an open buffer."""
    line = f"client = connect('{KEY}')\n"
    model = folder_with({"a.py": line * 5})
    model.open_page(2, "b.py", line * 5)

    suggestion = model.suggest(excerpt_at("client = connect(|"), ANY)

    assert suggestion is None or KEY not in suggestion.text


def test_a_key_may_be_repeated_in_its_own_file(model: FolderModel) -> None:
    """Where the reader has it before the eyes anyway."""
    line = f"client = connect('{KEY}')\n"

    suggestion = model.suggest(excerpt_at(line * 3 + "client = connect(|"), ANY)

    assert suggestion is not None
    assert KEY in suggestion.text


def test_a_key_made_up_of_what_stands_elsewhere_is_not_shown(model: FolderModel) -> None:
    """The second net: what is put together is looked at as a whole."""
    assert folder._carries_key(excerpt_at("x = '|"), f"{KEY}'")
    assert folder._carries_key(excerpt_at(f"x = '{KEY[:9]}|"), KEY[9:])
    assert not folder._carries_key(excerpt_at(f"y = '{KEY}'\nx = '|"), f"{KEY}'")


def test_closers_right_of_the_cursor_are_kept_or_replaced(model: FolderModel) -> None:
    """Never doubled."""
    text = "result = compute(alpha, beta)\n" * 3 + "result = comp|)\n"

    suggestion = model.suggest(excerpt_at(text), ANY)

    assert suggestion is not None
    assert (suggestion.text, suggestion.replaces) == ("ute(alpha, beta", 0)


def test_inside_of_a_line_nothing_is_suggested(model: FolderModel) -> None:
    """Where text stands right of the cursor."""
    assert model.suggest(excerpt_at("a = compute(alpha)\n" * 3 + "a = comp| + 1\n"), ANY) is None


def test_the_line_below_is_not_suggested_again(model: FolderModel) -> None:
    """It stands there already."""
    text = "value = compute(alpha)\n" * 3 + "value = |\nvalue = compute(alpha)\n"

    suggestion = model.suggest(excerpt_at(text), ANY)

    assert suggestion is None or suggestion.text != "compute(alpha)"


def test_doubt_makes_it_silent(model: FolderModel) -> None:
    """A person who types against it is heard."""
    assert model.suggest(excerpt_at(BUFFER), 1.0) is None


def test_a_small_index_is_trusted_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than 200 KB of source makes the score too sure of itself."""
    monkeypatch.setattr(folder, "THRESHOLD", 0.0)
    monkeypatch.setattr(folder, "THIN_THRESHOLD", 1.1)
    asked = excerpt_at(BUFFER)
    small = folder_with({"a.py": "x\n"})
    assert small.suggest(asked, 0.0) is None

    monkeypatch.setattr(folder, "THIN_BYTES", 1)
    assert small.suggest(asked, 0.0) is not None


def test_the_text_around_may_change_between_two_keys(model: FolderModel) -> None:
    """What was remembered of it is not used any more."""
    first = model.suggest(excerpt_at("alpha.first_name = 1\n" * 3 + "alpha.|\n"), ANY)
    second = model.suggest(excerpt_at("alpha.second_name = 1\n" * 3 + "alpha.|\n"), ANY)
    third = model.suggest(excerpt_at("alpha.|\n" + "alpha.third_name = 1\n" * 3), ANY)

    assert [s.text.split()[0] for s in (first, second, third) if s] == ["first_name", "second_name", "third_name"]


def test_a_new_vocabulary_changes_nothing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the memory that it takes."""
    monkeypatch.setattr(folder, "_MAX_VOCABULARY", 10)
    model = folder_with({"lib/log.py": f"def f(path):\n{HABIT}" * 3})
    model.open_page(2, "b.py", "one two three four five six seven eight nine ten eleven\n")
    asked = excerpt_at("def g(path):\n    logger.w|\n")

    assert (
        model.suggest(asked, ANY)
        == model.suggest(asked, ANY)
        == folder_with({"lib/log.py": f"def f(path):\n{HABIT}" * 3}).suggest(asked, ANY)
    )


_CODE = st.lists(
    st.sampled_from(["foo", " bar", "(", ")", ", ", "x", "é𝒳", "\n", "\n    ", "\t", "  ", "\r", "'"]), max_size=60
)


@given(_CODE.map("".join), _CODE.map("".join), st.sampled_from(["", ")", "')", " "]))
def test_whatever_is_suggested_may_be_inserted(above: str, other: str, suffix: str) -> None:
    """One line, not blank, long enough, and it replaces only what stands on the line."""
    model = folder_with({"other.py": other})
    last = above.rpartition("\n")[2]
    for end in range(len(last) + 1):
        typed = above[: len(above) - len(last) + end]
        suggestion = model.suggest(excerpt_at(f"{typed}|{suffix}\n{other}"), ANY)
        if suggestion is not None:
            assert len(suggestion.text) >= MIN_CHARS
            assert suggestion.text.strip()
            assert "\n" not in suggestion.text
            assert 0 <= suggestion.replaces <= len(suffix)
            assert 0 <= suggestion.score <= 1
            assert suggestion.origin in ("app/here.py", "other.py")
