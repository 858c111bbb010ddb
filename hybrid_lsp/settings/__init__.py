"""Files and environment become values of core; what is wrong with them becomes one sentence each."""

from hybrid_lsp.settings.config import (
    CONFIG_NAME,
    CONFIG_VARIABLE,
    SERVER_KINDS,
    Config,
    Server,
    config_path,
    read_config,
)
from hybrid_lsp.settings.whitelist import (
    MAX_BYTES,
    WHITELIST_NAME,
    WHITELIST_VARIABLE,
    Whitelist,
    Whitelists,
    read_whitelist,
    reread_if_changed,
    user_whitelist_path,
)

__all__ = [
    "CONFIG_NAME",
    "CONFIG_VARIABLE",
    "MAX_BYTES",
    "SERVER_KINDS",
    "WHITELIST_NAME",
    "WHITELIST_VARIABLE",
    "Config",
    "Server",
    "Whitelist",
    "Whitelists",
    "config_path",
    "read_config",
    "read_whitelist",
    "reread_if_changed",
    "user_whitelist_path",
]
