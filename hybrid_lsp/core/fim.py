"""How each model family is asked to fill in the middle, and which model belongs to which family. Pure.

Rules:
1. Never a silent guess: a model that is not firmly known to fill in the middle has no family, and `why_not` says why.
2. What the publisher put into the model's own template counts more than its name.
3. A special token that stands in somebody's file is text: `neutralise` keeps a server from reading it as a token.

The current line left of the cursor always comes last, after the middle token, as if the model had begun to write it.
So a typed character costs one or two tokens, where the layout that the papers print costs the whole suffix anew
(measured on llama.cpp; the layout is llama.vim's, llama.cpp#9787). It holds for every family here, and for raw prompts
only, never in a chat template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hybrid_lsp.core.tokens import COEFFICIENTS, UNIVERSAL, Coefficients


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models that were trained on the same prompt. The three marks stand in front of each part."""

    name: str
    prefix_mark: str
    suffix_mark: str
    middle_mark: str
    """Empty where the answer follows the prefix without a token of its own."""
    stop: tuple[str, ...]
    """Special tokens that end an answer; a stop text of the request."""
    suffix_first: bool = False
    """The suffix stands in front of the prefix: then Enter at a line's end costs no more than another character."""
    file_mark: str = ""
    """What introduces the path of a file, where the family was trained on several; else a comment line does."""
    repository_mark: str = ""
    path_inside: bool = False
    """The own path stands behind the prefix mark, not in front of it."""
    coefficients: Coefficients = UNIVERSAL

    @property
    def marks(self) -> tuple[str, str, str]:
        """The three tokens without the blanks around them; the last may be empty."""
        return self.prefix_mark.strip(), self.suffix_mark.strip(), self.middle_mark.strip()

    def placed(self, extras: str, path: str) -> tuple[str, str]:
        r"""Return what of it stands in front of the prompt, and what inside the prefix, above the first line.

        `extras` are other files, each introduced; `path` is the own file's introduction, ending in `\n`; both may be
        empty. Without a mark for files both stand inside the prefix, as a person would have pasted them.
        """
        if not self.file_mark or not extras:
            return "", f"{extras}{path}"
        outside = f"{self.repository_mark}workspace\n{extras}" if self.repository_mark else extras
        if self.path_inside:
            return f"{outside}{self.file_mark}", path.removeprefix(self.file_mark)
        return f"{outside}{path}", ""

    def raw(self, *, placed: tuple[str, str], above: str, after: str, line: str) -> str:
        """Return the whole prompt; it always ends in `line`, the current line left of the cursor."""
        outside, inside = placed
        prefix = f"{self.prefix_mark}{inside}{above}"
        suffix = f"{self.suffix_mark}{after}"
        first, second = (suffix, prefix) if self.suffix_first else (prefix, suffix)
        return f"{outside}{first}{second}{self.middle_mark}{line}"


def _families() -> dict[str, Family]:
    star = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
    bars = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")

    def family(
        name: str, marks: tuple[str, str, str], tokenizer: str, *ends: str, suffix_first: bool = False, file: str = "",
        repository: str = "", path_inside: bool = False,
    ) -> Family:  # fmt: skip
        own = tuple(mark.strip() for mark in (*marks, file, repository) if mark)
        return Family(
            name=name, prefix_mark=marks[0], suffix_mark=marks[1], middle_mark=marks[2], stop=(*own, *ends),
            suffix_first=suffix_first, file_mark=file, repository_mark=repository, path_inside=path_inside,
            coefficients=COEFFICIENTS[tokenizer],
        )  # fmt: skip

    rows = (
        # Qwen2.5-Coder's README, "Repository level"; the marks of Qwen3-Coder are the same
        family("qwen-coder", bars, "qwen2", "<|fim_pad|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>",
               file="<|file_sep|>", repository="<|repo_name|>"),
        family("codeqwen", star, "universal", "<fim_pad>", "<file_sep>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        # The blanks belong to the tokens: sentencepiece has `▁<SUF>`
        family("codellama", ("<PRE> ", " <SUF>", " <MID>"), "llama-spm", "<EOT>", "</s>"),
        # Neither the bar (U+FF5C) nor the low line (U+2581) is ASCII
        family("deepseek-coder", ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"), "deepseek-coder",
               "<｜end▁of▁sentence｜>", "<｜begin▁of▁sentence｜>"),
        family("starcoder", star, "starcoder", "<fim_pad>", "<filename>", "<reponame>", "<|endoftext|>"),
        # arXiv 2402.19173, section 5.1: the path stands inside the prefix
        family("starcoder2", star, "starcoder", "<fim_pad>", "<|endoftext|>", file="<file_sep>",
               repository="<repo_name>", path_inside=True),
        family("stable-code", star, "starcoder", "<fim_pad>", "<file_sep>", "<|endoftext|>"),
        family("granite-code", star, "starcoder", "<fim_pad>", "<filename>", "<reponame>", "<|endoftext|>"),
        family("granite-4", bars, "cl100k", "<|fim_pad|>", "<|filename|>", "<|reponame|>", "<|end_of_text|>",
               "<|start_of_role|>"),
        # No middle token: the answer goes on where the prefix ends (mistral-common, encode_fim)
        family("codestral", ("[PREFIX]", "[SUFFIX]", ""), "llama-spm", "[MIDDLE]", "</s>", suffix_first=True),
        family("codegemma", bars, "gemma", "<|file_separator|>", "<end_of_turn>", "<eos>"),
        family("seed-coder", ("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"), "universal",
               "<[end▁of▁sentence]>", "<[begin▁of▁sentence]>", suffix_first=True),
        family("mellum", star, "starcoder", "<fim_pad>", "<reponame>", "<|endoftext|>", suffix_first=True,
               file="<filename>"),
    )  # fmt: skip
    return {row.name: row for row in rows}


FAMILIES: dict[str, Family] = _families()
"""Every family that we can ask, by name. Not here: what is only sure inside a chat template, as CodeGeeX."""

_OTHER_LITERALS = ("<s>", "<bos>", "<start_of_turn>", "<|end_of_role|>", "<|pad|>", "<｜User｜>", "<｜Assistant｜>")
_LITERAL = re.compile(
    "|".join(
        re.escape(token)
        for token in sorted({*(t for f in FAMILIES.values() for t in f.stop), *_OTHER_LITERALS}, key=len, reverse=True)
    )
)


def neutralise(text: str) -> str:
    """Return the text without a special token of any family: each gets a blank behind its bracket.

    Text without any comes back as the same object. The result holds none, so doing it twice changes nothing more.
    """
    if not _LITERAL.search(text):
        return text
    return _LITERAL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    name: re.Pattern[str]
    family: str = ""
    why_not: str = ""


_CHAT = "was tuned to chat, and what it does with fill-in-the-middle tokens is not known"
_DEFAULT_IS_CHAT = "without a variant in its name is the one tuned to chat"
_UNKNOWN = "is no model whose fill-in-the-middle prompt is known here"
_USE_QWEN = "use a model made for it, as qwen2.5-coder:1.5b"


def _rules() -> tuple[_Rule, ...]:
    # First match decides. Ollama's library gives the chat variant under a bare size; names of files do not.
    rows = (
        (r"qwen-?(2\.5|3)[a-z0-9.-]*coder", "qwen-coder", ""),
        (r"codeqwen.*(chat|instruct)|^codeqwen(:latest|:7b)?$", "", f"{_CHAT}; use codeqwen:7b-code"),
        (r"codeqwen", "codeqwen", ""),
        (r"qwen", "", f"is a Qwen that was not made for code; {_USE_QWEN}"),
        (r"code-?llama.*python", "", "is the Python variant, which was not trained to fill in; use codellama:7b-code"),
        (r"code-?llama.*(34b|70b)", "", "is a size that was not trained to fill in; use codellama:7b-code or 13b-code"),
        (r"code-?llama.*(instruct|chat)", "", f"{_CHAT}; use codellama:7b-code or 13b-code"),
        (r"^codellama(:(?!.*(code|base)).*)?$", "", f"{_DEFAULT_IS_CHAT}; use codellama:7b-code or 13b-code"),
        (r"code-?llama", "codellama", ""),
        (r"deepseek-coder-v2", "deepseek-coder", ""),
        (r"deepseek-coder.*(instruct|chat)", "", f"{_CHAT}; use deepseek-coder:6.7b-base"),
        (r"^deepseek-coder(:(?!.*base).*)?$", "", f"{_DEFAULT_IS_CHAT}; use deepseek-coder:6.7b-base"),
        (r"deepseek-coder", "deepseek-coder", ""),
        (r"codegemma.*(instruct|-it\b)", "", f"{_CHAT}; use codegemma:2b-code"),
        (r"^codegemma(:latest|:7b|:7b-v1\.1)?$", "", f"{_DEFAULT_IS_CHAT}; use codegemma:2b-code"),
        (r"codegemma", "codegemma", ""),
        (r"starcoder.*instruct|starchat", "", f"{_CHAT}; use starcoder2:3b"),
        (r"starcoder-?2", "starcoder2", ""),
        (r"starcoder", "starcoder", ""),
        (r"stable-?code.*(instruct|chat)", "", f"{_CHAT}; use stable-code:3b-code"),
        (r"stable-?code", "stable-code", ""),
        (r"granite.*code.*instruct", "", f"{_CHAT}; use granite-code:3b-base"),
        (r"^granite-code(:(?!.*base).*)?$", "", f"{_DEFAULT_IS_CHAT}; use granite-code:3b-base"),
        (r"granite.*code", "granite-code", ""),
        (r"granite-?4", "granite-4", ""),
        (r"codestral.*mamba|mamba.*codestral", "", f"is a Mamba, which has no such prompt; {_USE_QWEN}"),
        (r"codestral", "codestral", ""),
        (r"seed-coder.*(instruct|reasoning)", "", f"{_CHAT}; use Seed-Coder-8B-Base"),
        (r"seed-coder", "seed-coder", ""),
        (r"mellum-4b", "mellum", ""),
        (r"codegeex", "", f"fills in only through its chat template, which is not done for ghost text; {_USE_QWEN}"),
        (r"instruct|chat|-it\b", "", f"{_CHAT}; {_USE_QWEN}"),
    )
    return tuple(_Rule(name=re.compile(name), family=family, why_not=why) for name, family, why in rows)


_RULES = _rules()
_GENERIC = _RULES[-1]
_ARCHITECTURES: dict[str, tuple[str, ...]] = {
    "qwen-coder": ("qwen2", "qwen2moe", "qwen3", "qwen3moe", "qwen3next"), "codeqwen": ("qwen2",),
    "granite-4": ("granite", "granitehybrid", "granitemoehybrid"), "codegemma": ("gemma",),
    "starcoder2": ("starcoder2",), "starcoder": ("starcoder",), "stable-code": ("stablelm",),
}  # fmt: skip
"""GGUF's `general.architecture` where it tells families apart that share their tokens."""


def family_of(*, name: str, metadata: Mapping[str, str]) -> Family | None:
    """Return whose fill-in-the-middle prompt a model knows, or None when that is not firmly known.

    `metadata` is what the server says of it: a template under a key with `template` in it, tokens under one with
    `fim_`, GGUF's `general.architecture`, `general.basename` and `general.name`. A template that holds a family's three
    tokens decides even for a chat variant: its publisher says so. Otherwise names decide, and tokens last, since a
    tokenizer may have tokens that the model was never trained on.
    """
    names = [name, *(metadata[key] for key in ("general.basename", "general.name") if metadata.get(key))]
    templates = "\n".join(text for key, text in metadata.items() if "template" in key)
    if family := _by_tokens(templates, names, metadata):
        return family
    rules = [rule for each in names if (rule := _rule(each))]
    if rules:
        return FAMILIES.get(min(rules, key=lambda rule: rule is _GENERIC).family)
    return _by_tokens("\n".join(text for key, text in metadata.items() if "fim_" in key), names, metadata)


def why_not(name: str) -> str:
    """Return one sentence on why a model has no family by its name, and the way out; empty when it has one."""
    rule = _rule(name)
    if rule is None:
        return f"{name} {_UNKNOWN}; {_USE_QWEN}."
    return f"{name} {rule.why_not}." if rule.why_not else ""


def _rule(name: str) -> _Rule | None:
    plain = re.sub(r"[ _]", "-", name.lower()).removeprefix("registry.ollama.ai/").removeprefix("library/")
    return next((rule for rule in _RULES if rule.name.search(plain)), None)


def _by_tokens(text: str, names: list[str], metadata: Mapping[str, str]) -> Family | None:
    """The one family whose tokens all stand in the text; of several, the one that name or architecture tells."""
    found = [family for family in FAMILIES.values() if all(mark in text for mark in family.marks)]
    if len(found) <= 1:
        return found[0] if found else None
    named = {rule.family for each in names if (rule := _rule(each))}
    architecture = metadata.get("general.architecture", "")
    told = [family for family in found if family.name in named] or [
        family for family in found if architecture in _ARCHITECTURES.get(family.name, ())
    ]
    return told[0] if len(told) == 1 else None
