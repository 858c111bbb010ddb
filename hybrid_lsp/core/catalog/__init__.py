"""Which models there are: what each is called, where it runs, which role it plays, what fits into it. Pure.

Rules:
1. A role is played by what the person's settings name, else by the chosen set; locally by what of that is installed.
2. Local roles are filled with local models only, cloud roles with cloud models only.
3. Nothing is local because its name is unknown: a name that Ollama has run elsewhere is no local model.
4. What is wrong in a table is left out, and said in one sentence.
"""

from hybrid_lsp.core.catalog.age import Aged, ending, outdated
from hybrid_lsp.core.catalog.choice import DEFAULT_SET, chosen, faults
from hybrid_lsp.core.catalog.entry import (
    CLOUD_ROLES,
    LOCAL_ROLES,
    Catalog,
    Ending,
    Model,
    ModelSet,
    Role,
    Superseded,
    Vendor,
    Where,
)
from hybrid_lsp.core.catalog.installed import Installed, billions, fill, local_model
from hybrid_lsp.core.catalog.table import parse_catalog

__all__ = [
    "CLOUD_ROLES",
    "DEFAULT_SET",
    "LOCAL_ROLES",
    "Aged",
    "Catalog",
    "Ending",
    "Installed",
    "Model",
    "ModelSet",
    "Role",
    "Superseded",
    "Vendor",
    "Where",
    "billions",
    "chosen",
    "ending",
    "faults",
    "fill",
    "local_model",
    "outdated",
    "parse_catalog",
]
