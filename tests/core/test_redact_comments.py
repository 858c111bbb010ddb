"""core.redact: what is commented out over several lines is found as if it were not."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.core.redact import Rules, redact, restore
from tests.tools.secrets import pem, pieces

RULES, _ = Rules.of()
BODY = "AAAAHn9sVQx2" * 5 + "QdZt"
BLOCKS: dict[str, tuple[tuple[str, ...], str]] = {
    "kubernetes": (
        ("czNjcjN0LWRhdGE=", "VFlQRTk5eHg0Mg=="),
        "kind: Secret\nmetadata:\n  name: x\ndata:\n  tls.bin: czNjcjN0LWRhdGE=\n\n  other: VFlQRTk5eHg0Mg==\n",
    ),
    "kubernetes, data first": (
        ("czNjcjN0LWRhdGE=",),
        "apiVersion: v1\nstringData:\n    tls.bin: 'czNjcjN0LWRhdGE='\nkind: Secret\n",
    ),
    "putty": ((BODY, BODY[::-1]), f"Private-Lines: 2\n{BODY}\n{BODY[::-1]}\nPrivate-MAC: 00\n"),
    "pem": ((pem(Random(1)),), pem(Random(1)) + "\n"),
    "pem, indented": ((pem(Random(2), ""),), "key: |\n  " + pem(Random(2), "").replace("\n", "\n  ") + "\n"),
    "jwk in a string": (
        ("h4Kd9sPq2LmZ7xTv5bNwRcY8",),
        r'"{\"kty\": \"EC\", \"d\": \"h4Kd9sPq2LmZ7xTv5bNwRcY8\"}"' + "\n",
    ),
    "jwk": (("h4Kd9sPq2LmZ7xTv5bNwRcY8",), '{\n  "kty": "EC",\n  "d":\n    "h4Kd9sPq2LmZ7xTv5bNwRcY8"\n}\n'),
    "a name, then its value": (("Blue-horse9",), 'password = \\\n    "Blue-horse9"\n'.replace("\\", "")),
    "a name, then its value in a mapping": (("Blue-horse9",), '"password":\n    "Blue-horse9",\n'),
    "a value in two parts": (("k4Zt9XwP1mV7bN5c", "L2dF8gQx"), 'token = "k4Zt9XwP1mV7bN5c" +\n  "L2dF8gQx"\n'),
    "a name above its value": (("k4Zt9XwP1mV7",), "- name: DB_PASSWORD\n  value: k4Zt9XwP1mV7\n"),
    "an element": (("k4Zt9XwP1mV7",), "<password>\n  k4Zt9XwP1mV7\n</password>\n"),
    "netrc": (("k4Zt9XwP1mV7",), "machine example.org\n  login me\n  password k4Zt9XwP1mV7\n"),
}
"""The secrets of each block, and the block."""
SIGNS = (
    "# ", "#", "## ", "#! ", "// ", "//", "/// ", "//! ", " * ", "-- ", "--", "; ", ";;", "% ", "%% ", "! ", "> ", "REM ", "rem ",
    "@rem ", ":: ", "' ", '" ', "dnl ", "+", "-", "+# ", "-//", "# # ", "// # ", "> > ",
)  # fmt: skip
PAIRS = (("<!-- ", " -->"), ("/* ", " */"), ("(* ", " *)"))
AROUND = st.sampled_from(["", "x = 1\n", "\n", "# a note\n", "// TODO\n\n", "}\n", "é = 'ü'\r\n"])


def commented(block: str, sign: str, *, closing: str = "", indent: str = "", skips_blank: bool = False) -> str:
    """Return a block with every line of it commented out."""
    lines = block.rstrip("\n").split("\n")
    written = [line if skips_blank and not line else f"{indent}{sign}{line}{closing}" for line in lines]
    return "\n".join(written) + "\n"


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(BLOCKS)), st.one_of(st.sampled_from(SIGNS).map(lambda sign: (sign, "")), st.sampled_from(PAIRS)),
    st.sampled_from(["", "    ", "\t"]), st.booleans(), st.booleans(), AROUND, AROUND,
)  # fmt: skip
def test_whatever_is_commented_out_is_found(
    name: str, signs: tuple[str, str], indent: str, skips_blank: bool, is_dos: bool, before: str, after: str
) -> None:
    """For all blocks of several lines and all signs of a comment: nothing of the secrets leaves, and all comes back."""
    secrets, block = BLOCKS[name]
    text = commented(block, signs[0], closing=signs[1], indent=indent, skips_blank=skips_blank)
    text = before + (text.replace("\n", "\r\n") if is_dos else text) + after
    redacted = redact(text, RULES)

    assert [piece for secret in secrets for piece in pieces(secret) if piece in redacted.text] == []
    assert restore(redacted.text, redacted) == text
    assert redact(redacted.text, RULES).text == redacted.text


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_the_blocks_are_found_without_a_comment_too(name: str) -> None:
    """What the law above comments out is a secret in plain code."""
    secrets, block = BLOCKS[name]

    assert [piece for secret in secrets for piece in pieces(secret) if piece in redact(block, RULES).text] == []


@pytest.mark.parametrize(
    "text",
    [
        '# the password =\nrun()\n# "Blue-horse9"\n',
        '# the password =\n\nrun()\n\n# "Blue-horse9"\n',
        "// kind: Secret\nx = 1\n// data:\n//   tls.bin: czNjcjN0LWRhdGE=\n",
        f"# Private-Lines: 1\nrun()\n# {BODY}\n",
        "# kind: ConfigMap\n# data:\n#   tls.bin: czNjcjN0LWRhdGE=\n",
    ],
)
def test_comments_with_code_between_are_read_apart(text: str) -> None:
    """What stands in one comment says nothing about what stands in another."""
    assert redact(text, RULES).text == text


def test_only_the_value_is_taken_out_of_a_comment() -> None:
    """The signs of the comment stay where they were, before, between and after the secrets."""
    text = "if x:\n    # kind: Secret\r\n    # data:\r\n    #   a.bin: czNjcjN0LWRhdGE=\r\n    #   b.bin: VFlQRTk5eHg0Mg==\r\n"
    redacted = redact(text, RULES)
    a, b = (found.placeholder for found in redacted.found)

    assert redacted.text == text.replace("czNjcjN0LWRhdGE=", a).replace("VFlQRTk5eHg0Mg==", b)
