"""`hybrid-lsp doctor` and `hybrid-lsp models`: what there is on this machine."""

import argparse
import os
import sys
from datetime import UTC

from hybrid_lsp.cli.servers import server_settings

DOCTOR_TIMEOUT_S = 30.0


def run_doctor(arguments: argparse.Namespace) -> int:
    """Examine every model server, and tell what was found."""
    from hybrid_lsp.backends.checkup import examine
    from hybrid_lsp.frontends.terminal import doctor
    from hybrid_lsp.settings import config_path, read_config

    config = read_config(config_path(), os.environ)
    examination = examine(
        server_settings(config), config.own_hosts, gguf=config.gguf, environment=os.environ, timeout_s=DOCTOR_TIMEOUT_S
    )
    return doctor.run(examination, out=sys.stdout, as_json=arguments.json, problems=config.problems)


def run_models(arguments: argparse.Namespace) -> int:
    """List the models, have one fetched, or say which are outdated."""
    from hybrid_lsp.backends import fetch, suits
    from hybrid_lsp.backends.checkup import examine
    from hybrid_lsp.cli.desk import Desk
    from hybrid_lsp.frontends.terminal import models, outdated
    from hybrid_lsp.settings import config_path, read_config

    config = read_config(config_path(), os.environ)
    settings, own_hosts = server_settings(config), config.own_hosts
    if arguments.action == "pull":
        steps = fetch.fetch(arguments.name, settings, own_hosts, environment=os.environ)
        return models.run_pull(steps, arguments.name, out=sys.stdout, errors=sys.stderr)
    examination = examine(
        settings, own_hosts, gguf=config.gguf, environment=os.environ, timeout_s=DOCTOR_TIMEOUT_S, tries=False
    )
    if arguments.action == "outdated":
        desk = Desk(config)
        deprecated = {model.id for model in desk.catalog.models if model.roles and desk.prices.is_deprecated(model)}
        today = desk.now().astimezone(UTC).date()
        return outdated.run_outdated(examination, desk.catalog, today=today, deprecated=deprecated, out=sys.stdout)
    suiting = suits.suggestions(suits.memory_bytes(), suits.cores())
    return models.run_list(examination, suiting, as_of=suits.AS_OF, out=sys.stdout)
