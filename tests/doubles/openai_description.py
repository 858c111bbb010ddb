"""What OpenAI's own description of its API has against a value: `tests/data/openai`.

Rules:
1. A field that the description does not know is a fault, at any depth, although JSON Schema lets it pass: a double that
   made one up, or a question with a slip in a name, would go unseen.
2. `nullable` is of an older OpenAPI, and no keyword any more; the description still uses it, and means it.
3. A union with a discriminator is one of its members, and that field says which. Whether the others would fit as well, as
   its `oneOf` asks, is not looked at: some of them do.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

FILE = Path(__file__).parents[1] / "data" / "openai" / "schemas.json"

_PART = ", as a part"
"""Of the schemas that an `allOf` joins none knows the fields of the others: only the whole can say what is unknown."""


@cache
def described() -> dict[str, Any]:
    """Return the trimmed description as it stands in its file."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def fault_in(value: object, name: str) -> str:
    """Return what is wrong with a value that should be one of the schema of that name; empty when nothing is."""
    error = next(_validator(name).iter_errors(value), None)
    while error is not None and error.context:
        error = _of_what_was_meant(error.context)
    return f"{error.json_path}: {error.message[:300]}" if error else ""


def _of_what_was_meant(errors: Iterable[ValidationError]) -> ValidationError:
    """Return an error of the member of a union that its `type` names, or else of the one that fits the furthest."""
    members: dict[object, list[ValidationError]] = {}
    for error in errors:
        members.setdefault(error.schema_path[0], []).append(error)
    return min(members.values(), key=_misfit)[0]


def _misfit(errors: list[ValidationError]) -> tuple[bool, int, int]:
    wrong_kind = any(error.path and error.path[-1] == "type" for error in errors)
    return wrong_kind, -max(len(error.path) for error in errors), len(errors)


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _schemas()}}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@cache
def _schemas() -> dict[str, Any]:
    known = described()["components"]["schemas"]
    parts = {f"{name}{_PART}": _strict(schema, part=True) for name, schema in known.items()}
    return {**{name: _strict(schema) for name, schema in known.items()}, **parts}


def _strict(schema: Any, *, part: bool = False) -> Any:
    if not isinstance(schema, dict):
        return schema
    if schema.get("nullable"):
        rest = {key: value for key, value in schema.items() if key != "nullable"}
        return {"anyOf": [_strict(rest, part=part), {"type": "null"}]}
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref":
            made[key] = f"{value}{_PART}" if part else value
        elif key == "properties":
            made[key] = {name: _strict(each) for name, each in value.items()}
        elif key in ("items", "additionalProperties"):
            made[key] = _strict(value)
        elif key in ("allOf", "anyOf", "oneOf"):
            kind = "anyOf" if "discriminator" in schema else key
            made[kind] = [_strict(each, part=part or key == "allOf") for each in value]
        elif key != "discriminator":
            made[key] = value
    if not part and ("allOf" in schema or ("properties" in schema and "additionalProperties" not in schema)):
        made["unevaluatedProperties"] = False
    return made
