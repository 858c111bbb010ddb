"""cache.key: one question, one name."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hybrid_lsp.cache import Key
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin
from tests.cache.questions import CODE, question

TEXTS = ("prompt", "model", "backend", "policy", "redaction", "workspace")
OTHERS = [(name, "|") for name in TEXTS] + [
    ("task", Task.FIX),
    ("origin", Origin.LOCAL),
    ("schema", 2),
    ("parameters", {}),
    ("parameters", {"temperature": 0.0, "max_tokens": 513}),
    ("parameters", {"temperature": 0.0, "max_tokens": 512, "stop": None}),
]


@pytest.mark.parametrize(("name", "value"), OTHERS)
def test_each_part_counts(name: str, value: object) -> None:
    """A question that differs in one part is another question."""
    other = question(**{name: value})

    assert other.digest != question().digest
    assert other != question()


ALIKE = [0, 1, "1", "1.0", True, False, 1.0, 0.0, -0.0, None, "", "None", "True", "n0:", "i1:1", 10**20, 1e20]


def test_values_that_look_alike_are_not_one() -> None:
    """`1`, `"1"`, `True` and `1.0` are four values, and so is whatever reads like the written form of another."""
    names = {question(parameters={"n": value}).digest for value in ALIKE}

    assert len(names) == len(ALIKE)


def test_parts_do_not_run_into_each_other() -> None:
    """A text that holds a separator, or a piece of its neighbour, is not mistaken for two."""
    assert question("a|b", model="c").digest != question("a", model="b|c").digest
    assert question(parameters={"ab": "c"}).digest != question(parameters={"a": "bc"}).digest
    assert question(parameters={"a": "b", "c": "d"}).digest != question(parameters={"a": "bs1:cs1:d"}).digest


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
bits = st.text(alphabet="ab|:s1\ud800é", max_size=4)
parts = st.fixed_dictionaries(
    dict.fromkeys(TEXTS, bits)
    | {"task": st.sampled_from(Task), "origin": st.sampled_from(Origin), "schema": st.integers(0, 2)}
    | {"parameters": st.dictionaries(bits, values, max_size=3)}
)


def plain(content: dict[str, Any]) -> object:
    """The parts with the kind of each parameter, as Python itself compares them."""
    parameters = content["parameters"]
    kinds = {name: (type(value).__name__, repr(value)) for name, value in parameters.items()}
    return {**content, "parameters": kinds}


@given(one=parts, other=parts)
@example(one={**dict.fromkeys(TEXTS, ""), "task": Task.FIX, "origin": Origin.LOCAL, "schema": 1, "parameters": {"": 1}},
         other={**dict.fromkeys(TEXTS, ""), "task": Task.FIX, "origin": Origin.LOCAL, "schema": 1, "parameters": {"": True}})  # fmt: skip
def test_two_questions_share_a_name_exactly_when_they_are_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The name says all: equal parts give equal names, and any difference another."""
    assert (Key(**one).digest == Key(**other).digest) == (plain(one) == plain(other))
    assert (Key(**one) == Key(**other)) == (plain(one) == plain(other))


@given(content=parts, name=st.sampled_from(TEXTS), more=st.text(min_size=1, max_size=2))
def test_one_more_letter_is_another_question(content: dict[str, Any], name: str, more: str) -> None:
    """Whatever the parts are, a change of one text gives another name."""
    assert Key(**content).digest != Key(**{**content, name: content[name] + more}).digest


def test_the_order_of_parameters_does_not_count() -> None:
    """Two mappings with the same content are the same."""
    one, other = question(parameters={"a": 1, "b": 2}), question(parameters={"b": 2, "a": 1})

    assert one == other
    assert hash(one) == hash(other)


def test_a_key_stays_what_it_was() -> None:
    """Changing the mapping that a key was made from changes nothing in it."""
    parameters = {"a": 1}
    key = question(parameters=parameters)
    parameters["a"] = 2

    assert key.parameters == {"a": 1}
    assert key == question(parameters={"a": 1})
    assert replace_prompt(key) != key


def replace_prompt(key: Key) -> Key:
    """The same question in other words."""
    return replace(key, prompt="other words")


def test_nothing_of_the_question_is_in_its_name() -> None:
    """The name is 64 hexadecimal digits, and what is logged of a key does not hold the prompt."""
    key = question()

    assert len(key.digest) == 64
    assert int(key.digest, 16) >= 0
    assert CODE not in repr(key)


def test_a_name_stays_the_same_from_one_version_to_the_next() -> None:
    """Windows of two builds find each other's answers: a change of the written form must raise SCHEMA."""
    assert question().digest == "0fd1ddecc7d442ed2a98f1cab059d91db71392782da03a73211b6625f69f2787"


@pytest.mark.parametrize("value", [b"1", [1], {"a": 1}, (1,), object()])
def test_only_plain_values_are_parameters(value: object) -> None:
    """Anything that has no one written form is refused by a sentence."""
    with pytest.raises(TypeError, match="a parameter of a question must be a text, a number, true, false or None"):
        question(parameters={"n": value})
