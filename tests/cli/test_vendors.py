"""cli.vendors and cli.desk: vendors that the person names, and what is secret."""

from pathlib import Path

import pytest

from hybrid_lsp.cli.desk import Desk
from hybrid_lsp.cli.vendors import vendors_of
from hybrid_lsp.core.redact import redact
from hybrid_lsp.settings import read_config

NAMED = """
[vendors.other]
url = "https://api.example.com/v1"
key_env = "OTHER_KEY"
[models]
standard = ["other/maker/coder-xl", "other/gpt-6.1-sol"]
[prices."maker/coder-xl"]
input_usd = 1
output_usd = 2
[[server]]
url = "http://127.0.0.1:9"
key_env = "SERVER_KEY"
"""
KEYS = {"OTHER_KEY": "zwölf".encode().hex() * 3, "SERVER_KEY": "9f" * 12, "GEMINI_API_KEY": "3c" * 12,
        "GOOGLE_API_KEY": "7a" * 12}  # fmt: skip


def desk(tmp_path: Path, text: str = NAMED) -> Desk:
    """What the settings come to."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return Desk(read_config(path, KEYS), KEYS)


def test_a_vendor_that_the_person_names_is_asked_for_its_models_alone(tmp_path: Path) -> None:
    """Its host, its key, and no price but the person's; a model that another vendor has, too, is meant at this one."""
    vendors = vendors_of(desk(tmp_path))
    priced, unpriced = (each for each in vendors.candidates if each.model.backend == "other")
    assert (priced.model.id, priced.model.host, priced.missing) == ("maker/coder-xl", "api.example.com", "")
    assert (unpriced.model.id, unpriced.model.host, unpriced.price) == ("gpt-6.1-sol", "api.example.com", None)
    assert vendors.keys[priced.model.id] == KEYS["OTHER_KEY"]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com", "https://me:word@api.example.com", "https://a.example/?k=v",
        "https://api.example.com:8443/v1",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_is_a_sentence(tmp_path: Path, url: str) -> None:
    """Nobody is asked there, and the setting is named."""
    built = desk(tmp_path, f'[vendors.other]\nurl = "{url}"\nkey_env = "OTHER_KEY"\n')
    (problem,) = built.problems
    assert problem.key == "vendors.other"
    assert "word" not in problem.sentence
    assert all(vendor.backend != "other" for vendor in built.catalog.vendors)


@pytest.mark.parametrize("name", KEYS)
def test_every_key_of_ours_is_taken_out_word_for_word(tmp_path: Path, name: str) -> None:
    """Also one of a vendor that is not asked, a second one of the same vendor, and one of a model server."""
    rules = vendors_of(desk(tmp_path)).rules
    assert KEYS[name] not in redact(f"# see {KEYS[name]} there", rules).text
