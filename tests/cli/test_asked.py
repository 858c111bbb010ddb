"""cli.asked: the last look at the bytes before they leave."""

from random import Random

import pytest

from hybrid_lsp.cli.asked import AskedModels
from hybrid_lsp.core.redact import Rules, redact
from tests.tools.secrets import of_shape

RULES, _ = Rules.of({"sk-own-0123456789abcdefghij"}, (), ())
KEY = "ghp_" + "k3Yx" * 9
PASSWORD = of_shape(("a30", "7"), Random(3))
PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + f"{'Ab3/' * 16}\n" * 3 + "-----END RSA PRIVATE " + "KEY-----"


def models(rules: Rules | None) -> AskedModels:
    """What asks, knowing these rules."""
    known = AskedModels(lambda: 0)
    if rules is not None:
        known.learn((), {}, rules)
    return known


@pytest.mark.parametrize(
    "text",
    [
        f'token = "{KEY}"', "x = 'sk-own-0123456789abcdefghij'", f"1: a\n2: export password={PASSWORD}",
        "\n".join(f"{n}: {line}" for n, line in enumerate(PEM.split("\n"), 9)),
        "\\n".join(f"{n}: {line}" for n, line in enumerate(PEM.split("\n"), 9)),
    ],
)  # fmt: skip
def test_a_secret_is_seen_at_the_door(text: str) -> None:
    """Also one that the numbers of a review's lines take apart, as text and within JSON."""
    assert models(RULES)._holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://x.blob/c?sv=2022&sig={}&se=2", "https://hooks.slack" + ".com/services/{}", "# do not commit: {}",
        'password = "{}"', "Authorization: token {}", "Please explain why {} is refused: 12: no",
    ],
)  # fmt: skip
def test_what_stands_in_for_a_secret_may_leave(text: str) -> None:
    """A text whose secrets were taken out is not kept back because of what stands in their place."""
    assert not models(RULES)._holds_secret(redact(text.format(KEY), RULES).text)


def test_without_rules_everything_may_be_a_secret() -> None:
    """Before anybody has said what is secret, nothing leaves."""
    assert models(None)._holds_secret("x = 1")
