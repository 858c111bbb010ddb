"""core.redact: nothing that opens a door leaves, and everything comes back."""

from base64 import b64encode
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.redact import MAX_CHARS, Redacted, Restorer, Rules, Unscannable, looks_random, redact, restore
from tests.tools.secrets import SHAPES, WIRES, named_texts, of_shape, pem, pieces, vendor_texts, wire_texts

RULES, _ = Rules.of()
PLANTED = [*vendor_texts(seed=20261123, each=4), *named_texts(seed=7), *wire_texts(seed=11)]
KEYS = ["sKx9QmTz7RvB2nLw4HcY8pJd", "AKq3Zt9XwP1mV7bN5cL2dF8g", "QWxhZGRpbjpPcGVuU2VzYW1lMTIz"]
WORDS = ["calculate_total_price", "AbstractBookRepository2", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "aaaaaaaaaaaaaaaaaaaaA1", "sKx9QmTz7",
         "1234567890123456789012"]  # fmt: skip


def made(kind: str, seed: int = 5) -> str:
    """One secret of a vendor's form."""
    return of_shape(SHAPES[kind], Random(seed))


@pytest.mark.parametrize(("token", "random"), [*((k, True) for k in KEYS), *((w, False) for w in WORDS)])
def test_keys_are_told_from_names(token: str, random: bool) -> None:
    """Dense mixed tokens without a word in them are keys; identifiers, short tokens and repetitions are not."""
    assert looks_random(token) is random


def test_there_are_hundreds_of_planted_secrets_of_many_kinds() -> None:
    """The table that the next test stands on is as large as it is said to be."""
    assert len(PLANTED) >= 400
    assert len({kind for kind, _, _ in PLANTED}) >= 80


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in PLANTED}))
def test_no_planted_secret_leaves(kind: str, end: str) -> None:
    """Of a secret no eight characters remain, in code, comments, messages, paths and questions; the rest comes back."""
    left = []
    for text, secret in ((text.replace("\n", end), secret) for its, secret, text in PLANTED if its == kind):
        redacted = redact(text, RULES)
        left += [text for piece in pieces(secret) if piece in redacted.text]
        assert restore(redacted.text, redacted) == text
        assert redact(redacted.text, RULES).text == redacted.text
    assert left == []


def test_what_surrounds_a_secret_stays_in_order() -> None:
    """Only the secret changes: the text before, between and after is the same."""
    first, second = made("github classic"), made("npm")
    redacted = redact(f'a = "{first}"  # {second}\nb = a\n', RULES)

    assert [found.kind for found in redacted.found] == ["GITHUB_TOKEN", "NPM_TOKEN"]
    a, b = (found.placeholder for found in redacted.found)
    assert redacted.text == f'a = "{a}"  # {b}\nb = a\n'


CLEAN = [
    'password = "password"', "password = getpass()", 'token = "NAME"', "token: Token", "secret: SecretStr", "key = keys[0]",
    'password = ""', 'api_key = os.environ["API_KEY"]', 'api_key = "your-api-key-here"', "api_key: ${API_KEY}",
    "password=password, user=user", "self.token = token2", 'token = "Bearer {token}"', "https://user:password@host/",
    "https://{user}:{password}@host/", "http://localhost:8080/path@2x", "task-management-for-the-whole-team-Version2",
    'class="sk-estimator-doc-link-is-fitted-2"', "AKIA" + "IOSFODNN7" + "EXAMPLE", "TOKEN=xxxxxxxxxxxxxxxx", "eyJhbGciOi.is.not",
    "if '-----BEGIN PRIVATE " + "KEY-----' in text:\n    return parse(text)\n", "sha256 = 'd2a84f4b8b650937ec8f73cd8be2c74a'",
    "def test_password_is_required_2(self): ...", 'passwords = ["a", "b"]', "token_type: bearer2", "bytes32 token;",
    "password: u64", 'key="value12345"', "commit 4fb7d134127d3ef14fb7d134127d3ef14fb7d134", 'monkey = "ba4n4nas77x"',
    "https://x.org/a?page=12345678&size=20000000", "git@github.com:owner/name.git", "REDACTED_AWS_KEY_1_7f3a", "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
]  # fmt: skip


@pytest.mark.parametrize("text", CLEAN)
def test_code_about_secrets_is_left_alone(text: str) -> None:
    """Names, calls, templates, examples, hashes and types are no secrets."""
    assert redact(text, RULES) == Redacted(text=text, salt=redact("", RULES).salt)


def test_the_same_secret_has_the_same_placeholder_across_a_job() -> None:
    """Chained by `known`, a secret keeps its name, a new one gets a new one, and one restore serves all."""
    first, second = made("github classic"), made("github classic", seed=6)
    one = redact(f"x = '{first}'", RULES)
    two = redact(f"y = '{second}', x = '{first}'", RULES, known=one)

    assert one.text.removeprefix("x = ") in two.text
    assert restore(f"{one.text} {two.text}", two) == f"x = '{first}' y = '{second}', x = '{first}'"
    assert {found.kind: found.count for found in two.found} == {"GITHUB_TOKEN": 1}
    assert two.count == 2


def test_a_secret_known_from_one_text_is_found_in_another() -> None:
    """What `password =` gave away is taken out of the error message too, where nothing says that it is one."""
    one = redact('password = "Blue-horse9"', RULES)
    two = redact("login failed: no such user 'Blue-horse9'", RULES, known=one)

    assert "Blue-horse9" not in two.text
    assert restore(two.text, two) == "login failed: no such user 'Blue-horse9'"


def test_many_secrets_are_all_found_again() -> None:
    """More secrets than are looked for one by one are found elsewhere as well."""
    random = Random(3)
    secrets = [of_shape(("a10",), random) + "7" for _ in range(60)]
    text = "\n".join([*(f'password = "{secret}"' for secret in secrets), *(f"seen {secret}." for secret in secrets)])
    redacted = redact(text, RULES)

    assert [secret for secret in secrets if secret in redacted.text] == []
    assert all(found.count == 2 for found in redacted.found)


def test_nothing_printed_shows_a_secret() -> None:
    """Neither the result, nor what was found, nor the rules give a secret away when they are printed."""
    secret = made("stripe live")
    rules, _ = Rules.of(own_literals=["my-own-literal-9"], machine_words=["annalena"])
    redacted = redact(f"k = '{secret}' my-own-literal-9", rules)

    printed = f"{redacted!r} {redacted} {redacted.found!r} {rules!r} {rules}"
    assert secret not in printed
    assert "my-own-literal-9" not in printed
    assert "annalena" not in printed


def test_a_text_that_is_too_long_is_refused() -> None:
    """What cannot be searched is not clean: it is refused in a sentence without a character of it."""
    with pytest.raises(Unscannable, match="stays on this machine") as caught:
        redact("k" * (MAX_CHARS + 1), RULES)

    assert isinstance(caught.value, Refused)


@pytest.mark.parametrize(
    "text", ["REDACTED_PASSWORD_1_{salt}", "x REDACTED_GITHUB_TOKEN_1_{salt} y", "_{salt}", "REDACTED_{salt}"]
)
def test_look_alikes_come_back_unchanged(text: str) -> None:
    """A text that holds what we would have called a secret gets other names for its own."""
    salt = redact("", RULES).salt
    whole = text.format(salt=salt) + f' password = "hunter2x" k = "{made("github classic")}"'
    redacted = redact(whole, RULES)

    assert text.format(salt=salt) in redacted.text
    assert "hunter2x" not in redacted.text
    assert restore(redacted.text, redacted) == whole


def test_a_taken_name_is_not_given_again_in_a_job() -> None:
    """Where a later text already holds the next name of the job, the secret gets the one after it."""
    one = redact('password = "hunter2x"', RULES)
    text = f'REDACTED_PASSWORD_2_{one.salt} password = "hunter3x"'
    two = redact(text, RULES, known=one)

    assert restore(two.text, two) == text


FRAGMENTS = st.sampled_from([
    'password = "', '"', "'", "token: ", "secret=", "\n", "://u:", "@host", "Bearer ", "REDACTED_", "REDACTED_TOKEN_1_a24a", "_a24a", "\\n", "=",
    "kind: Secret\ndata:\n  k: ", "-----BEGIN PRIVATE " + "KEY-----\n", "-----END PRIVATE " + "KEY-----", "Cookie: sid=", "İ", "\ud800", "é", " ",
    "hunter2x9", "q8Zk2mPx7Lw3Tn5vB9sD", "eyJ", "?api_key=", "sk-", "curl -u a:", ";Password=", "value: ", "<token>", "</token>", "+", "\\",
    "# ", "\n// ", "password: |\n  ", "DB_PASSWORD=", "kind: Secret\ndata:\n  a: ", '"kind":"Secret","data":{"a":"', "setPassword(", "Private-Lines: 1\n",
    *(of_shape(parts, Random(1)) for parts in list(SHAPES.values())[::4]), *(make(Random(2)) for make, _ in list(WIRES.values())[::5]),
])  # fmt: skip
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=6)), max_size=14).map("".join)


@settings(max_examples=120)
@given(TEXTS, TEXTS)
def test_everything_comes_back_and_nothing_is_taken_twice(text: str, later: str) -> None:
    """For all texts: restoring gives the text, redacting twice changes nothing, also along a job."""
    one = redact(text, RULES)
    assert restore(one.text, one) == text
    assert redact(one.text, RULES).text == one.text
    two = redact(later, RULES, known=one)
    if not any(name in later for name in one.originals):
        assert restore(two.text, two) == later


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["REDACTED_", "R", "RE", "\n", "é", "hunter2x9", "REDACTED_PASSWORD_1_", "_1_a24a", "{0}", "{1}", "{0}a"]), max_size=12),
       st.lists(st.integers(0, 80), max_size=12))  # fmt: skip
def test_a_stream_cut_anywhere_is_restored_alike(parts: list[str], cuts: list[int]) -> None:
    """However the answer is cut into pieces, together they are what restoring the whole gives."""
    redacted = redact(f'password = "hunter2x9" {made("npm")}', RULES)
    reply = "".join(parts).replace("{0}", redacted.found[0].placeholder).replace("{1}", redacted.found[1].placeholder)
    restorer = Restorer(redacted)
    edges = sorted({0, len(reply), *(cut for cut in cuts if cut < len(reply))})
    said = [restorer.feed(reply[a:b]) for a, b in pairwise(edges)]

    assert "".join(said) + restorer.end() == restore(reply, redacted)


def test_a_stream_without_secrets_is_not_held_back() -> None:
    """Where nothing was taken out, and where no placeholder can have begun, every piece is said at once."""
    assert Restorer(redact("x = 1", RULES)).feed("REDAC") == "REDAC"
    assert Restorer(redact('password = "hunter2x"', RULES)).feed("a REPORT") == "a REPORT"


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "])
@pytest.mark.parametrize(
    "written", ["    client-key-data: {}\n    name: x\n", 'key = "{}"', "x: {}", '{{"tls": "{}"}}']
)
def test_a_private_key_in_base64_is_one(kind: str, written: str) -> None:
    """A file with a private key, written in base64 as in a kubeconfig, does not leave, whatever it is called."""
    name, body = f"{kind}PRIVATE KEY-----\n", b64encode(Random(4).randbytes(900)).decode()
    block = f"-----BEGIN {name}{body}\n-----END {name}"
    encoded = b64encode(block.encode()).decode()
    redacted = redact(written.format(encoded), RULES)

    assert not any(encoded[at : at + 24] in redacted.text for at in range(0, len(encoded), 24))
    assert [found.kind for found in redacted.found] == ["PRIVATE_KEY"]


@pytest.mark.parametrize("cut", ["head", "tail"])
def test_a_key_block_that_is_cut_off_is_still_one(cut: str) -> None:
    """An excerpt may end in the middle of a private key: what there is of it does not leave."""
    block = pem(Random(4))
    text = f"x = 1\n{block[:300]}" if cut == "head" else f"{block[-300:]}\ny = 2\n"
    redacted = redact(text, RULES)

    assert [piece for piece in pieces(block) if piece in redacted.text] in ([], [block[-300:][:8]])
    assert restore(redacted.text, redacted) == text
