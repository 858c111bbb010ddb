"""Passwords that commands are given by an option of one letter, or from a pipe. Pure."""

from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Crowd, Hit, compiled, places
from hybrid_lsp.core.redact.values import is_password, is_varied

_VALUE = r"\\?[\"']?(?P<value>[^\s\"'`$<>{}()|\\]{4,128})"
_ARGUMENTS = r"[^\n|;]{0,200}?(?:[ ]|\",[ ]?\")"
_COMMANDS = {
    "curl": rf"{_ARGUMENTS}(?:-u[ ]?|--user[ =])\\?[\"']?[\w.@%+-]{{1,80}}:(?P<value>[^\s\"'`$<{{\\]{{4,128}})",
    "sshpass": rf"[ ]-p[ ]?{_VALUE}",
    "mysql": rf"\w{{0,8}}\b{_ARGUMENTS}-p{_VALUE}",
    "mariadb": rf"(?:-\w+)?{_ARGUMENTS}-p{_VALUE}",
    "login ": rf"{_ARGUMENTS}?-p[ =]{_VALUE}",
    "twine ": rf"{_ARGUMENTS}-p[ ]{_VALUE}",
    "mongo": rf"\w{{0,8}}{_ARGUMENTS}-p[ ]{_VALUE}",
    "redis-cli": rf"{_ARGUMENTS}-a[ ]{_VALUE}",
    "requirepass": rf"[ ]{_VALUE}",
    "ldap": rf"\w{{1,8}}{_ARGUMENTS}-w[ ]{_VALUE}",
    "smbclient": rf"{_ARGUMENTS}-U[ ]?[\"']?[\w.\\/-]{{1,60}}%{_VALUE}",
    "openssl": rf"{_ARGUMENTS}(?:-pass(?:in|out)?[ ]pass:|-k[ ]){_VALUE}",
    "zip -P": rf"[ ]?{_VALUE}",
    "7z": rf"[ ]\w{_ARGUMENTS}-p{_VALUE}",
    "useradd": rf"{_ARGUMENTS}-p[ ]{_VALUE}",
    "net use": rf"{_ARGUMENTS}/user:[^\s]{{1,60}}[ ]{_VALUE}",
    "--from-literal": rf"[ =][\"']?[\w.-]{{1,60}}={_VALUE}",
    "echo ": rf"[\"']?(?:[\w-]{{1,40}}:)?{_VALUE}[\"']?[ ]?\|[^\n]{{0,80}}"
    r"(?:sudo -S|password-stdin|chpasswd|passwd --stdin)",
}
"""By what they are called, or the sure part of it: how a password follows."""


def command_hits(text: str) -> Iterator[Hit]:
    """Yield the passwords on command lines that no name stands before."""
    for command, given in _COMMANDS.items():
        crowd = Crowd()
        for at in places(text, command):
            match = compiled(given).match(text, at + len(command)) if crowd.admits(at) else None
            if match is None:
                continue
            crowd.judged(match.end())
            if is_password(match["value"]) and is_varied(match["value"]):
                yield Hit(*match.span("value"), "PASSWORD", at)
