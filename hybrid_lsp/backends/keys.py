"""Where the key of a cloud model is: in the environment, else in the system's keyring. Never in a file of ours."""

import importlib
import logging
import re
from collections.abc import Callable, Mapping

from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Refused

log = logging.getLogger(__name__)

SERVICE = "hybrid-lsp"
"""What a key is filed under in the keyring; the name of its variable is the user name there."""
_KEY = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


def from_keyring(name: str) -> str | None:
    """Return what the system's keyring holds under `SERVICE` and this name; None where there is no keyring.

    May wait for a person who has to unlock it: call it in a thread.
    """
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        found = keyring.get_password(SERVICE, name)
    except Exception as error:  # each system's keyring fails in its own way, and to have none is no fault
        log.info("the keyring could not be asked for %s: %s", name, type(error).__name__)
        return None
    return found if isinstance(found, str) else None


def key_for(
    model: Model, environment: Mapping[str, str], *, keyring: Callable[[str], str | None] = from_keyring
) -> str | None:
    """Return the key for a cloud model: the first of its variables that is set, else the first in the keyring.

    May block (`from_keyring`). Raises `Refused` for one that cannot be a key; the sentence names where it is from.
    """
    for name in model.key_env:
        if key := environment.get(name, "").strip():
            return _plain(key, f"The key in {name}")
    for name in model.key_env:
        if key := (keyring(name) or "").strip():
            return _plain(key, f"The key for {name} in the keyring")
    return None


def why_no_key(model: Model) -> str:
    """Return that a model has no key, and how to give it one. For `Candidate.missing`."""
    names = " or ".join(model.key_env) or "its variable"
    first = model.key_env[0] if model.key_env else "NAME"
    return f"{model.id} has no key; set {names}, or run `keyring set {SERVICE} {first}`."


def _plain(key: str, what: str) -> str:
    if not _KEY.fullmatch(key):
        raise Refused(f"{what} has a blank, a line break or another odd character in it; copy it again.")
    return key
