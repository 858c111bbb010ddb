"""One setting of config.toml changed, by a person's yes; everything else in the file stays as it stands."""

from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.settings.replace import locked, prepared, put
from hybrid_lsp.settings.whitelist import unreadable


def set_in_config(path: Path, setting: str, value: float | bool) -> None:
    """Set a dotted key of a config.toml, and make the file where there is none.

    The change is made at once or not at all, and comments and order stay. Raises `Refused` when the file is not as it
    should be, or cannot be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path):
            content = tomlkit.parse(_text(path))
            *tables, key = setting.split(".")
            table = content
            for name in tables:
                if name not in table:
                    table[name] = tomlkit.table(is_super_table=name != tables[-1])
                table = table[name]
            table[key] = value
            with prepared(path, tomlkit.dumps(content).encode()) as ready:
                put(ready, path)
    except (TOMLKitError, TypeError) as error:
        raise Refused(f"{path.name} is not in order, so {setting} was not changed; mend it first.") from error
    except OSError as error:
        raise Refused(f"{path.name} cannot be changed ({error.strerror}); make it writable.") from error


def _text(path: Path) -> str:
    try:
        if fault := unreadable(path.stat()):
            raise Refused(f"{path.name} {fault}.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} is not UTF-8 text; save it as UTF-8.") from error
