"""Where keys are looked for, in which order, and that a keyring that fails is no fault."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from hybrid_lsp.backends.keys import SERVICE, from_keyring, key_for, why_no_key
from hybrid_lsp.core.errors import Refused
from tests.doubles.permits import cloud_model

MODEL = replace(cloud_model("gemini-3.8-flash", "gemini"), key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"))
NONE = {"GEMINI_API_KEY": "", "GOOGLE_API_KEY": "  "}


@pytest.mark.parametrize(
    ("environment", "ring", "key"),
    [
        ({"GEMINI_API_KEY": "a", "GOOGLE_API_KEY": "b"}, {"GEMINI_API_KEY": "c"}, "a"),
        ({"GOOGLE_API_KEY": " b\n"}, {"GEMINI_API_KEY": "c"}, "b"),
        (NONE, {"GEMINI_API_KEY": "c", "GOOGLE_API_KEY": "d"}, "c"),
        ({}, {"GOOGLE_API_KEY": "d"}, "d"),
        (NONE, {}, None),
        ({"OPENAI_API_KEY": "x"}, {"OPENAI_API_KEY": "x"}, None),
    ],
)
def test_the_environment_goes_before_the_keyring(
    environment: dict[str, str], ring: dict[str, str], key: str | None
) -> None:
    """Each in the order of the catalog's variables; what is empty is not there; nobody else's key is taken."""
    assert key_for(MODEL, environment, keyring=ring.get) == key


@pytest.mark.parametrize("key", ["two words", "a\nb", "schlüssel", "x" * 5000])
def test_what_can_be_no_key_is_refused_by_the_name_of_its_place(key: str) -> None:
    """The sentence says where it is, not what it is."""
    with pytest.raises(Refused, match="GEMINI_API_KEY") as refused:
        key_for(MODEL, {"GEMINI_API_KEY": key})
    with pytest.raises(Refused, match="keyring"):
        key_for(MODEL, {}, keyring=lambda _: key)

    assert key not in str(refused.value)


def _fails(service: str, name: str) -> str:
    raise RuntimeError("locked")


@pytest.mark.parametrize(
    ("module", "key"),
    [
        (SimpleNamespace(get_password=lambda service, name: f"{service}/{name}"), f"{SERVICE}/NAME"),
        (SimpleNamespace(get_password=lambda service, name: None), None),
        (SimpleNamespace(get_password=_fails), None),
        (None, None),
    ],
    ids=["has it", "has none", "locked", "not installed"],
)
def test_a_keyring_that_cannot_is_as_one_that_has_nothing(
    module: object, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be missing, locked or empty; the key is filed under our name and that of its variable."""
    monkeypatch.setitem(sys.modules, "keyring", module)
    assert from_keyring("NAME") == key


def test_who_has_no_key_is_told_how_to_give_one() -> None:
    """Both ways are in the sentence."""
    assert "set GEMINI_API_KEY or GOOGLE_API_KEY, or run `keyring set hybrid-lsp GEMINI_API_KEY`" in why_no_key(MODEL)
