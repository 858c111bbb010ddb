"""The model servers of this machine, as the settings name them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hybrid_lsp.backends.discover import ServerSetting
    from hybrid_lsp.settings import Config


def server_settings(config: "Config") -> "list[ServerSetting]":
    """Return the servers that the settings name; none means that the usual ports are looked at."""
    from hybrid_lsp.backends.discover import Kind, ServerSetting

    return [
        ServerSetting(url=s.url, kind=Kind(s.kind) if s.kind else None, model=s.model or None, key=s.key or None)
        for s in config.servers
    ]
