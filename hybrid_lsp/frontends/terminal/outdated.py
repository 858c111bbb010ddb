"""`hybrid-lsp models outdated`: which local models have better heirs, and which cloud models come to their end."""

import os
from collections.abc import Collection, Coroutine, Mapping, Sequence
from datetime import date
from typing import Any, TextIO

from hybrid_lsp.core.catalog import Aged, Catalog, Installed, ending, outdated
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, paper_for, run_to_end
from hybrid_lsp.frontends.terminal.ports import Examined, Findings


def run_outdated(
    examination: Coroutine[Any, Any, Findings], catalog: Catalog, *, today: date, out: TextIO,
    deprecated: Collection[str] = (), environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Say which installed models, and which cloud models that play a role, there is something better for.

    `deprecated` are ids of cloud models that their vendors are known to have deprecated. Nobody is asked but the model
    servers. Returns 0 when there is nothing to say, 1 when there is.
    """
    paper = paper_for(out, environment)
    return run_to_end(_outdated(examination, catalog, today, deprecated, paper), paper)


async def _outdated(
    examination: Coroutine[Any, Any, Findings], catalog: Catalog, today: date, deprecated: Collection[str], paper: Paper
) -> int:
    findings = await examination
    installed = [one for server in findings.servers for one in _installed(server)]
    local = outdated(catalog, installed)
    cloud = ending(catalog, [model for model in catalog.models if model.roles], today, deprecated)
    _tell("Local models that there is something newer for:", local, paper)
    _tell("Cloud models of your settings that come to their end:", cloud, paper)
    if local or cloud:
        paper.write(f"By what was known on {catalog.as_of}; hybrid-lsp comes with this, and asks nobody.", style="dim")
        return FAILED
    none = "" if installed else "No local model was found. "
    paper.write(f"{none}Nothing is outdated, by what was known on {catalog.as_of}.", style="good")
    return DONE


def _installed(server: Examined) -> list[Installed]:
    backend = "ollama" if server.server.startswith("ollama ") else ""
    return [
        Installed(name=model.name, backend=backend, size_bytes=model.size_bytes)
        for model in server.models
        if not model.refusal
    ]


def _tell(title: str, aged: Sequence[Aged], paper: Paper) -> None:
    if not aged:
        return
    paper.write(title, style="strong")
    for one in aged:
        paper.write(one.sentence, indent=2, mark="•")
        for line in one.command.splitlines():
            paper.copy(line, indent=6)
    paper.write()
