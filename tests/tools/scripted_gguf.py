"""Writes a GGUF file that a real llama.cpp loads, and whose greedy answers are known beforehand. Standard library only.

How: a llama of one layer whose attention and feed-forward weights are all zero, so nothing but the residual stream is
left. The embedding is one-hot and the output matrix is a table "after this token comes that one". Real tokenizer, KV
cache, sampler and stop texts are at work; only the words are ours.

What one can rely on:
1. A prompt is one token a UTF-8 byte, a FIM token counts one: no merge ever applies, so token counts are known too.
2. The answer depends on the prompt's last token alone, and each further word on the word before it.
3. The same arguments give the same bytes.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

END = "<|endoftext|>"
QWEN_FIM: Mapping[str, str] = {
    "pre": "<|fim_prefix|>",
    "suf": "<|fim_suffix|>",
    "mid": "<|fim_middle|>",
    "pad": "<|fim_pad|>",
    "rep": "<|repo_name|>",
    "sep": "<|file_sep|>",
}
"""The tokens of the Qwen coders, by the names under which GGUF keeps them."""

_BYTES = 256
_ALIGNMENT = 32
_HEAD_SIZE = 32
_FEED_FORWARD = 32
_NORMAL, _CONTROL = 1, 3
_F32, _F16 = 0, 1
_LOGIT = 2.0
"""Of the next word; the normalised residual multiplies it by about 17, all others stay at 0."""


class ScriptError(ValueError):
    """The script cannot be said by a model that knows only the word before."""


@dataclass(frozen=True, slots=True)
class Script:
    """Words that the model says one after the other, one token each; then it ends, or begins again."""

    words: tuple[str, ...]
    is_endless: bool = False

    @property
    def text(self) -> str:
        """The answer, of one round."""
        return "".join(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """What a scripted model says, and what it says of itself."""

    script: Script
    """After any byte and after the token that asks for the middle."""
    after: Mapping[str, Script] = field(default_factory=dict)
    """What comes after a prompt whose last byte is this ASCII character, instead."""
    window_tokens: int = 4096
    """What the model says it was trained for; the server may be told to set up less."""
    name: str = "scripted"
    fim: Mapping[str, str] = field(default_factory=lambda: QWEN_FIM)
    """The FIM tokens by GGUF name; empty for a model that cannot fill in the middle."""


def write_gguf(path: Path, scripted: Scripted) -> None:
    """Write the model to a file of about 1.2 MB, in some milliseconds; `ScriptError` for what it could not say."""
    path.write_bytes(gguf_bytes(scripted))


def gguf_bytes(scripted: Scripted) -> bytes:
    """Return the file's content; `ScriptError` when the script needs more memory than one word."""
    tokens, first_control = _vocabulary(scripted)
    successors = _successors(scripted, {token: index for index, token in enumerate(tokens)})
    width = -(-len(tokens) // 64) * 64
    pairs = list(_metadata(scripted, tokens, first_control, width))
    tensors = _tensors(len(tokens), width, successors)
    infos, content = bytearray(), bytearray()
    for name, shape, kind, weights in tensors:
        infos += _string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(content))
        content += _padded(weights)
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs))
    return _padded(head + b"".join(pairs) + bytes(infos)) + bytes(content)


def _vocabulary(scripted: Scripted) -> tuple[list[str], int]:
    """Return all tokens as the file spells them, and the index of the first that is not text."""
    scripts = (scripted.script, *scripted.after.values())
    words = dict.fromkeys(word for script in scripts for word in script.words)
    for word in words:
        if len(word.encode()) < 2:
            raise ScriptError(f"the word {word!r} must have two bytes or more: a single byte is where a prompt ends")
        if word in (END, *scripted.fim.values()):
            raise ScriptError(f"the word {word!r} is a token of its own, and no text")
    text = [_spelled(bytes([byte])) for byte in range(_BYTES)] + [_spelled(word.encode()) for word in words]
    return [*text, END, *scripted.fim.values()], len(text)


def _successors(scripted: Scripted, ids: Mapping[str, int]) -> dict[int, int]:
    """Return which token follows which."""
    found: dict[int, int] = {}
    heard: dict[str, str] = {}
    for script, entries in _entries(scripted, ids):
        if not script.words:
            raise ScriptError("a script needs at least one word; END comes after the last")
        said = {word: ids[_spelled(word.encode())] for word in script.words} | {END: ids[END]}
        found |= dict.fromkeys(entries, said[script.words[0]])
        last = script.words[0] if script.is_endless else END
        for word, following in zip(script.words, [*script.words[1:], last], strict=True):
            if heard.setdefault(word, following) != following:
                both = f"{heard[word]!r} and {following!r}"
                raise ScriptError(f"the word {word!r} would be followed by {both}: say each word once")
            found[said[word]] = said[following]
    return found


def _entries(scripted: Scripted, ids: Mapping[str, int]) -> Iterator[tuple[Script, list[int]]]:
    middle = [ids[scripted.fim["mid"]]] if "mid" in scripted.fim else []
    yield scripted.script, [*range(_BYTES), *middle]
    for character, script in scripted.after.items():
        if len(character.encode()) != 1:
            raise ScriptError(f"{character!r} is not one byte: only the last byte of a prompt decides")
        yield script, [ord(character)]


def _metadata(scripted: Scripted, tokens: Sequence[str], first_control: int, width: int) -> Iterator[bytes]:
    yield _pair("general.architecture", "llama")
    yield _pair("general.name", scripted.name)
    yield _pair("general.alignment", _ALIGNMENT)
    yield _pair("general.file_type", 1)
    heads = width // _HEAD_SIZE
    for key, value in {
        "context_length": scripted.window_tokens,
        "embedding_length": width,
        "block_count": 1,
        "feed_forward_length": _FEED_FORWARD,
        "attention.head_count": heads,
        "attention.head_count_kv": heads,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": _HEAD_SIZE,
        "vocab_size": len(tokens),
    }.items():
        yield _pair(f"llama.{key}", value)
    yield _pair("tokenizer.ggml.model", "gpt2")
    yield _pair("tokenizer.ggml.pre", "gpt-2")
    yield _texts("tokenizer.ggml.tokens", tokens)
    kinds = [_NORMAL] * first_control + [_CONTROL] * (len(tokens) - first_control)
    yield _numbers("tokenizer.ggml.token_type", kinds)
    # llama.cpp wants a merge; these two bytes never stand beside each other in UTF-8.
    yield _texts("tokenizer.ggml.merges", [f"{_spelled(bytes([0xFE]))} {_spelled(bytes([0xFF]))}"])
    yield _pair("tokenizer.ggml.add_bos_token", False)
    for key in ("bos", "eos"):
        yield _pair(f"tokenizer.ggml.{key}_token_id", first_control)
    for index, key in enumerate(scripted.fim, start=first_control + 1):
        yield _pair(f"tokenizer.ggml.fim_{key}_token_id", index)


_Tensor = tuple[str, tuple[int, ...], int, bytes]
"""Name, shape (fastest first), kind of number, content."""


def _tensors(vocabulary: int, width: int, successors: Mapping[int, int]) -> list[_Tensor]:
    ones = struct.pack(f"<{width}f", *[1.0] * width)
    zeros = [
        *((f"attn_{part}", width, width) for part in ("q", "k", "v", "output")),
        ("ffn_gate", width, _FEED_FORWARD),
        ("ffn_up", width, _FEED_FORWARD),
        ("ffn_down", _FEED_FORWARD, width),
    ]
    identity = _matrix(vocabulary, width, ((index, index, 1.0) for index in range(vocabulary)))
    table = _matrix(vocabulary, width, ((after, before, _LOGIT) for before, after in successors.items()))
    return [
        ("token_embd.weight", (width, vocabulary), _F16, identity),
        *((f"blk.0.{name}_norm.weight", (width,), _F32, ones) for name in ("attn", "ffn")),
        *((f"blk.0.{name}.weight", (inner, rows), _F16, bytes(2 * inner * rows)) for name, inner, rows in zeros),
        ("output_norm.weight", (width,), _F32, ones),
        ("output.weight", (width, vocabulary), _F16, table),
    ]


def _matrix(rows: int, width: int, values: Iterable[tuple[int, int, float]]) -> bytes:
    content = bytearray(2 * rows * width)
    for row, column, value in values:
        struct.pack_into("<e", content, 2 * (row * width + column), value)
    return bytes(content)


def _spelled(text: bytes) -> str:
    """Spell bytes as GPT-2 vocabularies do: a printable character for each."""
    return "".join(_SPELLING[byte] for byte in text)


def _gpt2_spelling() -> list[str]:
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(_BYTES, 2 * _BYTES))
    return [chr(byte if byte in printable else next(others)) for byte in range(_BYTES)]


_SPELLING = _gpt2_spelling()


def _pair(key: str, value: bool | int | float | str) -> bytes:
    if isinstance(value, bool):
        return _string(key) + struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return _string(key) + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return _string(key) + struct.pack("<If", 6, value)
    return _string(key) + struct.pack("<I", 8) + _string(value)


def _texts(key: str, values: Sequence[str]) -> bytes:
    return _string(key) + struct.pack("<IIQ", 9, 8, len(values)) + b"".join(map(_string, values))


def _numbers(key: str, values: Sequence[int]) -> bytes:
    return _string(key) + struct.pack(f"<IIQ{len(values)}i", 9, 5, len(values), *values)


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNMENT)
