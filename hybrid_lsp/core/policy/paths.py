"""Which files never leave, by their paths: secrets by their names, and what the user's globs exclude."""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from unicodedata import normalize

SECRET_FOLDERS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".password-store")
"""Folders that hold nothing else."""
_SECRET_NAMES = (
    # environment files, and what loads them
    ".env*", "*.env",
    # private keys and key stores
    "*.pem", "*.key", "*.p12", "*.pfx", "*.p8", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc", "*.gpg",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*_rsa", "*_ed25519",
    # what people and tools keep passwords and tokens in
    "credentials*", ".git-credentials", "*secret*", "passwords*", ".netrc", "_netrc", ".pgpass", ".my.cnf",
    ".npmrc", ".pypirc", ".yarnrc.yml", ".htpasswd", ".dockercfg", "kubeconfig*", "*.kubeconfig", ".vault-token",
    "*.tfvars", "*.tfvars.json", "*.tfstate*", "service-account*.json", "service_account*.json",
    *SECRET_FOLDERS,
)  # fmt: skip
_SECRET = re.compile("|".join(translate(pattern) for pattern in _SECRET_NAMES))
SECRET_RULES = "\n".join(_SECRET_NAMES)
"""All of them in one text, for a fingerprint."""
_ABSOLUTE = re.compile(r"/|[A-Za-z]:|~|[A-Za-z][A-Za-z0-9+.-]+://")


@lru_cache(maxsize=4096)
def is_secret_path(path: str) -> bool:
    """Say whether a file is never to be read, learned or completed in, by the name of it or of a folder above it.

    `path` is relative to the workspace folder, with `/`. Case does not matter. Errs on the side of secrecy.
    """
    return any(map(_SECRET.match, path.lower().replace("\\", "/").split("/")))


def leads_out(path: str) -> bool:
    """Say whether a path is not one of a file inside its workspace folder: absolute, a URL, with `..`, or no text."""
    plain = path.replace("\\", "/")
    try:
        plain.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return True
    return bool(_ABSOLUTE.match(plain)) or ".." in plain.split("/") or "\0" in plain


@lru_cache(maxsize=64)
def _glob_pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(part for glob in globs for part in _glob_parts(glob)) or "(?!)")


def excluded_by_globs(path: str, globs: Iterable[str]) -> bool:
    """Say whether one of `globs` excludes a workspace-relative path, or a folder above it. Case does not matter.

    `*` stands for anything, `/` included. A glob without `/` is compared with each name in the path, one with it with
    the path from the workspace folder on; `**/x` is `x` on any level.
    """
    parts = _plain(path).removeprefix("./").split("/")
    pattern = _glob_pattern(tuple(globs))
    # Each name alone is marked with a leading `/`, so that a glob for names cannot match a path, nor the other way.
    return any(
        pattern.match(f"/{parts[end - 1]}") or pattern.match("/".join(parts[:end])) for end in range(1, len(parts) + 1)
    )


def _plain(path: str) -> str:
    """Return a path without what does not matter: case, how it is parted, and how macOS spells an accent."""
    return normalize("NFC", path.lower().replace("\\", "/"))


def _glob_parts(glob: str) -> list[str]:
    plain = _plain(glob.strip()).removeprefix("./")
    plain = plain.removesuffix("/**").removesuffix("/")
    anywhere = plain.removeprefix("**/")
    if not plain.strip("/"):
        return []
    if "/" not in anywhere:
        return ["/" + translate(anywhere)] if anywhere else []
    rooted = [translate(plain.removeprefix("/"))]
    return [*rooted, translate(anywhere)] if anywhere != plain else rooted
