"""By which folder's rules a file goes that no editor has opened a folder for."""

from pathlib import Path

from hybrid_lsp.core.policy import SECRET_FOLDERS


def folder_of(path: Path) -> Path:
    """Return the nearest folder above a file that is a repository or has a whitelist.json, else the file's own.

    It is never in a folder of secrets, such as `.kube`: in there a file's path would not say that it is one.
    """
    parents = path.absolute().parents
    found = next((p for p in parents if (p / ".git").exists() or (p / "whitelist.json").exists()), parents[0])
    secret = [p for p in (found, *found.parents) if p.name.lower() in SECRET_FOLDERS]
    return secret[-1].parent if secret else found
