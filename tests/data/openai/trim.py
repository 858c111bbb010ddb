"""Make schemas.json, beside this, of OpenAI's public OpenAPI description: `python tests/data/openai/trim.py openapi.json`.

Rules:
1. Of all schemas stay those that `ROOTS` lead to.
2. What only explains goes; what says which JSON is valid stays as it stands, `nullable` and `discriminator` too.
3. We ask for no tool, file, image or sound, so in a union of schemas those whose names say that they are such go, unless
   they are plain words. What is gone is then unknown, and refused; where nothing is left of a union it is `false`, which
   nothing is.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMIT = "f85dbe223d40e1a31cba812ab2d755c7e98a92a3"
SOURCE = f"openai/openai-openapi, openapi.json at {COMMIT} of 2026-08-21, trimmed by trim.py; MIT, see LICENSE"
ROOTS = (
    "CreateChatCompletionRequest", "CreateChatCompletionStreamResponse", "CreateResponse", "ErrorResponse",
    "ResponseStreamEvent",
)  # fmt: skip

_PROSE = re.compile(r"description|title|examples?|default|deprecated|x-.*")
_NEVER_ASKED = re.compile(r"Tool|Call|MCP|Shell|Patch|Program|Interpreter|Search|Computer|File|Image|Audio")
_NAMED = ("properties", "patternProperties")
"""Here keys are names of fields, so one that is called `title` is no title."""
_WORDS = ("enum", "const", "required")
"""Here is data, not schemas."""

Schemas = dict[str, Any]


def trimmed(description: dict[str, Any]) -> dict[str, Any]:
    """Return what is needed of a description. What it returns, it leaves as it is."""
    schemas: Schemas = description["components"]["schemas"]
    kept: Schemas = {}
    ahead = list(ROOTS)
    while ahead:
        if (name := ahead.pop()) not in kept:
            kept[name] = _bare(schemas[name], schemas)
            ahead += _named_in(kept[name])
    return {"source": SOURCE, "components": {"schemas": kept}}


def written(content: dict[str, Any]) -> str:
    """Return the file: a schema a line, so that a renewal shows which of them changed."""
    schemas = content["components"]["schemas"]
    lines = ",\n".join(f"{json.dumps(name)}:{_compact(schemas[name])}" for name in sorted(schemas))
    return f'{{"source":{json.dumps(content["source"])},\n"components":{{"schemas":{{\n{lines}\n}}}}}}\n'


def _bare(schema: Any, schemas: Schemas) -> Any:
    if isinstance(schema, list):
        return [_bare(each, schemas) for each in schema]
    if not isinstance(schema, dict):
        return schema
    left: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED:
            left[key] = {name: _bare(each, schemas) for name, each in value.items()}
        elif key in _WORDS:
            left[key] = value
        elif key in ("anyOf", "oneOf"):
            left[key] = [_bare(each, schemas) for each in value if not _is_never_asked(each, schemas)]
            if not left[key]:
                return False
        elif not _PROSE.fullmatch(key):
            left[key] = _bare(value, schemas)
    return left


def _is_never_asked(member: dict[str, Any], schemas: Schemas) -> bool:
    name = _name(member.get("$ref", ""))
    return bool(_NEVER_ASKED.search(name)) and not (name in schemas and schemas[name].get("type") == "string")


def _named_in(schema: Any) -> Iterator[str]:
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == "$ref":
            yield _name(value)
        elif key not in _WORDS:
            yield from _named_in(value)
    for each in schema if isinstance(schema, list) else ():
        yield from _named_in(each)


def _name(ref: str) -> str:
    return ref.removeprefix("#/components/schemas/")


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(__file__).with_name("schemas.json").write_text(written(trimmed(whole)), encoding="utf-8", newline="\n")
