"""What a client's JSON means where the specification, or a client, leaves it open. Values in, values out."""

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_TOKEN = re.compile(rb'"id"\s*+:\s*+(%b|-?\d++)(?=\s*+[,}])|%b|([\[{])|([\]}])' % (_STRING, _STRING), re.DOTALL)


def is_request_id(value: object) -> bool:
    """Whether `value` may be the id of a request: an integer or a string (LSP 3.18 §Request Message)."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def outer_id(body: bytes) -> int | str | None:
    """Return the id of the outermost object in text that is not JSON or is too deep to read; None if it has none.

    Reads each byte once and needs no recursion, whatever the text is.
    """
    depth = 0
    for token in _TOKEN.finditer(body):
        scalar, opening, closing = token.groups()
        if opening or closing:
            depth += 1 if opening else -1
        elif scalar is not None and depth == 1:
            return _id_of(scalar)
    return None


def _id_of(scalar: bytes) -> int | str | None:
    try:
        value = json.loads(scalar)
    except ValueError:
        return None
    return value if isinstance(value, int | str) else None


def is_notification(method: str) -> bool:
    """Whether LSP defines the method, and as one that has no answer."""
    return method in types.METHOD_TO_TYPES and types.METHOD_TO_TYPES[method][1] is None


def params_type(method: str) -> Any:
    """Return the class of a method's parameters; None where LSP defines none."""
    return types.METHOD_TO_TYPES[method][2] if method in types.METHOD_TO_TYPES else None


def primitive(value: Any, kind: Any) -> Any:
    """Return a JSON value as the primitive type or the enumeration `kind`, without the conversions that Python offers.

    Enumerations of LSP grow with each version, and many are open by definition (LSP 3.18 §Enumerations), so a value
    that nobody has named yet comes back as it is: it must not cost the message that it stands in.
    """
    if type(value) is kind:
        return value
    base = next(each for each in (bool, int, float, str) if issubclass(kind, each))
    if type(value) is not base:
        if base is int and isinstance(value, float) and value.is_integer():  # some languages have one type of number
            value = int(value)
        elif base is float and type(value) is int:
            value = float(value)
        else:
            raise TypeError(f"expected {base.__name__}")
    try:
        return kind(value)
    except ValueError:
        return value


def is_enumeration(kind: Any) -> bool:
    """Whether a type is one of the named values of LSP."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def json_value(value: Any) -> Any:
    """Return a value of an enumeration as JSON has it. One that nobody has named came as JSON, and goes as it came."""
    return value.value if isinstance(value, Enum) else value


class InlineCompletionDialect:
    """How this session's client speaks `textDocument/inlineCompletion`.

    vscode-languageclient before 10 sends VS Code's own enumeration, 0 for Invoked and 1 for Automatic, and a range as
    an array of two (microsoft/vscode-languageserver-node#1371). One 0 tells that the client counts from zero.
    """

    __slots__ = ("_counts_from_zero",)

    def __init__(self) -> None:
        self._counts_from_zero = False

    def normalised(self, params: Any) -> Any:
        """Return the parameters as LSP 3.18 wants them. What cannot be mended comes back as it is, to be refused.

        A trigger that is none of LSP's reads as Automatic: nobody is known to have asked.
        """
        context = params.get("context") if isinstance(params, dict) else None
        if not isinstance(context, dict):
            return params
        trigger = context.get("triggerKind")
        self._counts_from_zero |= trigger == 0
        invoked = trigger == (0 if self._counts_from_zero else 1)
        kinds = types.InlineCompletionTriggerKind
        mended = {**context, "triggerKind": (kinds.Invoked if invoked else kinds.Automatic).value}
        selected = context.get("selectedCompletionInfo")
        if isinstance(selected, dict) and isinstance(place := selected.get("range"), list) and len(place) == 2:
            mended["selectedCompletionInfo"] = {**selected, "range": {"start": place[0], "end": place[1]}}
        return {**params, "context": mended}


def no_argument(arguments: Sequence[Any]) -> None:
    """Refuse the arguments of a command that takes none; some clients send a null."""
    if any(argument is not None for argument in arguments):
        raise JsonRpcInvalidParams("The command takes no argument.")


def client_error(error: Any) -> JsonRpcException:
    """Return the exception for a client's error answer, however broken the error object is."""
    fields = error if isinstance(error, dict) else {}
    code, message = fields.get("code"), fields.get("message")
    return JsonRpcException(
        code=code if isinstance(code, int) else types.ErrorCodes.UnknownErrorCode.value,
        message=message if isinstance(message, str) else "",
        data=fields.get("data"),
    )
