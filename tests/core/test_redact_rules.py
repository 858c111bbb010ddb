"""core.redact: what a person and a machine add to the rules."""

import base64
import json
import time

import pytest

from hybrid_lsp.core.redact import Rules, redact, restore
from hybrid_lsp.core.redact.patterns import MOST_PATTERNS, WINDOW_CHARS

OWN = 'own"key/9+8=7<é'


@pytest.mark.parametrize(
    "written",
    [OWN, json.dumps(OWN), json.dumps(OWN, ensure_ascii=False), "own%22key%2F9%2B8%3D7%3C%C3%A9", "own%22key%2f9%2b8%3d7%3c%c3%a9",
     "own&quot;key/9+8=7&lt;é", base64.b64encode(OWN.encode()).decode(), f"xx{OWN}yy"],
)  # fmt: skip
def test_own_keys_are_found_however_they_are_written(written: str) -> None:
    """A key of the server's own is taken out as it stands and as JSON, URLs, HTML and base64 write it."""
    rules, problems = Rules.of(own_literals=[OWN])
    redacted = redact(f"<< {written} >>", rules)

    assert problems == ()
    assert [found.kind for found in redacted.found] == ["OWN_KEY"]
    assert restore(redacted.text, redacted) == f"<< {written} >>"


def test_a_short_own_key_is_a_problem_that_does_not_name_it() -> None:
    """What is too short to be told from other text is not looked for, and that is said without saying the key."""
    rules, problems = Rules.of(own_literals=["ab1", "", "  "])

    assert [problem.sentence.startswith("1 of the keys is shorter than 6") for problem in problems] == [True]
    assert "ab1" not in problems[0].sentence
    assert redact("ab1", rules).text == "ab1"


HOME = "/home/annalena"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"open('{HOME}/x.py')", ["HOME"]),
        ("C:\\\\Users\\\\Annalena\\\\x", ["HOME"]),
        ("c:\\users\\ANNALENA\\x", ["HOME"]),
        ("C:/Users/Annalena", ["HOME"]),
        ("author annalena on pinguin7.", ["MACHINE", "MACHINE"]),
        ("annalenas annalena_x xannalena Annalena pinguin77", []),
        ("/home/annalenas", []),
        ("the user root at home", []),
    ],
)
def test_the_machine_is_not_named(text: str, kinds: list[str]) -> None:
    """User, host and home folder are taken out as whole words; paths also with other slashes and capitals."""
    words = ["annalena", "pinguin7", HOME, "C:\\Users\\Annalena\\", "root", "home", "user", "ab", "/"]
    rules, _ = Rules.of(machine_words=words)
    redacted = redact(text, rules)

    assert [found.kind for found in redacted.found for _ in range(found.count)] == kinds
    assert restore(redacted.text, redacted) == text


@pytest.mark.parametrize(
    ("pattern", "text", "left"),
    [
        (r"ACME-[0-9]{6,8}", "id ACME-1234567 here", "id {} here"),
        (r"badge:(\w+)", "badge:blue7 x", "badge:{} x"),
        (r"(?i)\bproject-[a-z]+\b", "see Project-Falcon.", "see {}."),
        (r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", "mac 00:1b:44:11:3a:b7", "mac {}"),
        (r"^internal$", "a\ninternal\nb", "a\ninternal\nb"),
        (r"FALCON", "x" * 1000 + "FALCON" + "y" * 1000, "x" * 1000 + "{}" + "y" * 1000),
        (r"a[b-d]+e", "abce" + " " * WINDOW_CHARS + "acde", "{}" + " " * WINDOW_CHARS + "{}"),
    ],
)
def test_a_persons_patterns_are_searched(pattern: str, text: str, left: str) -> None:
    """A pattern takes out its match, or its first group; on long lines too, one line at a time."""
    rules, problems = Rules.of(patterns=[pattern])
    redacted = redact(text, rules)

    assert problems == ()
    assert redacted.text == left.format(*(found.placeholder for found in redacted.found))
    assert restore(redacted.text, redacted) == text


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "not a regular expression"),
        ("[a-z", "not a regular expression"),
        ("a{99999999999999}", "not a regular expression"),
        ("x*", "matches the empty text"),
        ("|a", "matches the empty text"),
        (r"(a)\1", "refers back"),
        (r"(?P<q>a)b(?P=q)", "refers back"),
        ("(a+)+b", "repeats a group"),
        ("(a|aa)+b", "repeats a group"),
        ("((ab?)c)*d", "repeats a group"),
        ("(?:a|b){2,}c", "repeats a group"),
        ("(?:[a-z]+-){3}x", "repeats a group"),
        (r"a.*b.*c", "too many open repeats"),
        (r"\d+\w+x", "too many open repeats"),
        ("(?x) a b", "verbose"),
        ("a" * 301, "longer than 300"),
    ],
)
def test_a_pattern_that_could_hang_is_a_problem(pattern: str, why: str) -> None:
    """A broken or endless pattern is refused in a sentence with its number; the good ones are used all the same."""
    rules, problems = Rules.of(patterns=["GOOD-[0-9]{4}", pattern])

    assert len(problems) == 1
    assert problems[0].sentence.startswith("Redaction pattern 2 ")
    assert why in problems[0].sentence
    assert "GOOD" not in redact("GOOD-1234", rules).text


def test_there_is_a_most_of_patterns() -> None:
    """Fifty patterns are used, and each more is a problem."""
    _, problems = Rules.of(patterns=[f"P{number}-x" for number in range(MOST_PATTERNS + 2)])

    assert len(problems) == 2


@pytest.mark.parametrize("pattern", [r"a[ab]+c", r"[a-z]+[0-9]", r"x?a{1,60}a{1,30}b", r"\w+@evil"])
def test_no_accepted_pattern_hangs(pattern: str) -> None:
    """The worst text for a pattern that was taken is read in bounded time."""
    rules, problems = Rules.of(patterns=[pattern])
    began = time.process_time()
    redact("a" * 10_000, rules)

    assert problems == ()
    assert time.process_time() - began < 5.0


def test_the_fingerprint_tells_rules_apart() -> None:
    """Equal rules have equal fingerprints, and whatever changes what is taken out changes the fingerprint."""
    given = [{}, {"patterns": ["ACME-1"]}, {"machine_words": ["annalena"]}, {"own_literals": ["own-key-9"]}]
    prints = [Rules.of(**one)[0].fingerprint for one in given]

    assert len(set(prints)) == len(given)
    assert prints == [Rules.of(**one)[0].fingerprint for one in given]
    assert Rules.of(patterns=["("])[0].fingerprint == prints[0]
