"""Where on this machine the things are that a person does not write by hand."""

import os
from pathlib import Path

import platformdirs

STATE_VARIABLE = "HYBRID_LSP_STATE"


def state_path() -> Path:
    """Return the folder of what is kept from run to run: `HYBRID_LSP_STATE`, else the system's. It may not be there."""
    named = os.environ.get(STATE_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_state_path("hybrid-lsp", appauthor=False)
