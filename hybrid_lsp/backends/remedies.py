"""What to say of a model server that does not do, each in one sentence, with the command that mends it. Pure."""

import re
from collections.abc import Mapping, Sequence
from shlex import quote

from hybrid_lsp.backends.discover import OLLAMA_VARIABLE, USUAL_PORTS, Finding, Kind, ServerSetting
from hybrid_lsp.backends.llama_worker import INSTALL
from hybrid_lsp.backends.report import Grade, Remark
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.stream import ModelFacts
from hybrid_lsp.egress import parse_address

GOOD_MODEL = "qwen2.5-coder:1.5b-base"
SMALL_MODEL = "qwen2.5-coder:0.5b-base"
PROMPT_TOKENS = 2048
"""What ghost text asks with at most."""
ANSWER_TOKENS = 256
SLOW_S = 1.5
"""From the question to the first text; a person who types has gone on by then."""
_OLLAMA_WINDOW = 4096
_PROXY = re.compile(r"(https?|all)_proxy", re.IGNORECASE)


def wrong(sentence: str, command: str = "") -> Remark:
    """Return that something has to be mended."""
    return Remark(grade=Grade.WRONG, sentence=sentence, command=command)


def note(sentence: str, command: str = "") -> Remark:
    """Return that something is good to know."""
    return Remark(grade=Grade.NOTE, sentence=sentence, command=command)


def of_finding(
    finding: Finding, error: Trouble | Refused, *, elsewhere: Sequence[Finding] = (), name: str = ""
) -> Remark:
    """Return what is the matter with a server, or with the model of that name; `elsewhere` is what else was found."""
    kind = error.kind if isinstance(error, Trouble) else None
    where = finding.server.rpartition(" at ")[2]
    if kind is TroubleKind.BAD_KEY:
        return _key(where, finding.setting)
    if finding.trouble is not None and kind in (TroubleKind.OFFLINE, TroubleKind.NONSENSE) and elsewhere:
        return _wrong_port(where, kind, elsewhere[0])
    if finding.kind is None and kind is TroubleKind.NONSENSE:
        return wrong(f"What answers at {where} is no model server that is known here; set the address of one.",
                     'url = "http://127.0.0.1:11434"')  # fmt: skip
    if finding.trouble is not None and kind is TroubleKind.SLOW:
        return wrong(f"Something takes connections at {where} but says nothing; end it and start it again.",
                     "ollama serve" if _is_ollama(finding) else "")  # fmt: skip
    return wrong(str(error), _command(finding, kind, str(error), name))


def of_file(error: Trouble) -> Remark:
    """Return what is the matter with a model file that we run ourselves."""
    return wrong(str(error), INSTALL if INSTALL in str(error) and error.kind is TroubleKind.OFFLINE else "")


def of_file_in_front(finding: Finding) -> Remark:
    """Return that a file which does not do keeps a server from being asked."""
    return note(f"The file that inline.gguf names goes before every server; take it out of config.toml to have "
                f"{finding.server} asked.")  # fmt: skip


def of_window(facts: ModelFacts, kind: Kind | None) -> list[Remark]:
    """Return what there is to say of how much prompt and answer may hold."""
    need, has = PROMPT_TOKENS + ANSWER_TOKENS, facts.window_tokens
    if has < need:
        commands = {Kind.OLLAMA: f"ollama stop {quote(facts.name)}", Kind.LLAMACPP: "llama-server --ctx-size 4096 …"}
        sentence = (
            f"{facts.name} is loaded with a window of {has} tokens, and ghost text could use {need}; "
            "have it loaded with more, so that it sees more of your file."
        )
        return [note(sentence, commands.get(kind, "") if kind else "")]
    if kind is Kind.OLLAMA and has == _OLLAMA_WINDOW:
        return [note(f"{facts.name} has a window of 4096 tokens, Ollama's default; that is enough, as ghost text asks "
                     f"with {need} at most, and if other programs want more, start Ollama with more.",
                     "OLLAMA_CONTEXT_LENGTH=8192 ollama serve")]  # fmt: skip
    return []


def of_slowness(finding_kind: Kind | None, name: str, first_text_s: float) -> list[Remark]:
    """Return that a model is too slow to be typed with, if it is."""
    if first_text_s <= SLOW_S:
        return []
    command = f"ollama pull {SMALL_MODEL}" if finding_kind is Kind.OLLAMA and name != SMALL_MODEL else ""
    return [wrong(f"{name} took {first_text_s:.1f} s to its first word, and by then you have typed on; "
                  "use a smaller model.", command)]  # fmt: skip


def of_environment(environment: Mapping[str, str]) -> list[Remark]:
    """Return which variables are not obeyed. No value is shown: one may hold a password."""
    remarks = []
    proxies = sorted(name for name, value in environment.items() if _PROXY.fullmatch(name) and value)
    if proxies:
        are = "is" if len(proxies) == 1 else "are"
        remarks.append(note(f"{' and '.join(proxies)} {are} set in the environment and ignored: "
                            "models on this machine are asked directly."))  # fmt: skip
    if (told := environment.get(OLLAMA_VARIABLE, "").strip()) and not _is_here(told):
        remarks.append(note(f"{OLLAMA_VARIABLE} leads off this machine and is not followed; if that machine is yours, "
                            "name it in own_hosts and under [[server]] in config.toml."))  # fmt: skip
    return remarks


def of_strangers(strangers: Sequence[Finding]) -> list[Remark]:
    """Return what stands at the usual ports and may be a model server: any other program may be there by right."""
    remarks = []
    for stranger in strangers:
        kind = stranger.trouble.kind if isinstance(stranger.trouble, Trouble) else None
        if kind is TroubleKind.SLOW:
            remarks.append(note(f"Something takes connections at {stranger.server} but says nothing; "
                                "if it is a model server, end it and start it again."))  # fmt: skip
        elif kind is TroubleKind.BAD_KEY:
            remarks.append(note(f"What answers at {stranger.server} wants a key; if it is a model server, "
                                "name it under [[server]] in config.toml with the variable that holds its key.",
                                'key_env = "MY_MODEL_KEY"'))  # fmt: skip
    return remarks


def of_nothing() -> Remark:
    """Return that there is no model at all."""
    ports = ", ".join(map(str, USUAL_PORTS))
    return wrong(f"No model server was found on this machine (ports {ports}), so ghost text comes from your own files; "
                 "for more, install Ollama from https://ollama.com/download and get a model.",
                 f"ollama pull {GOOD_MODEL}")  # fmt: skip


def of_refused(name: str) -> Remark:
    """Return that a model of a server is run elsewhere."""
    return note(f"{name} is not used: it is run on somebody else's machine, and ghost text never leaves yours.")


def _is_ollama(finding: Finding) -> bool:
    return finding.kind is Kind.OLLAMA or (finding.kind is None and ":11434" in finding.url)


def _is_here(told: str) -> bool:
    address = re.sub(r"^(https?://)?(0\.0\.0\.0|\[::\])(?=[:/]|$)", r"\g<1>127.0.0.1", told)
    try:
        parse_address(address if "://" in address else f"http://{address}")
    except Refused:
        return False
    return True


def _key(where: str, setting: ServerSetting) -> Remark:
    if setting.key is None:
        return wrong(f"{where} wants a key; put it into a variable and name that in config.toml.",
                     'key_env = "MY_MODEL_KEY"')  # fmt: skip
    return wrong(f"{where} does not accept the key that is set; "
                 "put the one that it was started with into the variable that key_env names.")  # fmt: skip


def _wrong_port(where: str, kind: TroubleKind, other: Finding) -> Remark:
    said = "Nothing answers" if kind is TroubleKind.OFFLINE else "No model server that is known here answers"
    return wrong(f"{said} at {where}, but {other.server} does; set that address.", f'url = "{other.url}"')


def _command(finding: Finding, kind: TroubleKind | None, sentence: str, name: str) -> str:
    if kind is TroubleKind.OFFLINE and finding.trouble is not None:
        return "ollama serve" if _is_ollama(finding) else _SERVE if finding.kind is Kind.LLAMACPP else ""
    if kind is TroubleKind.LOADING and finding.kind is Kind.OLLAMA and name:
        return f'ollama run {quote(name)} ""'
    if kind in (TroubleKind.LOADING, TroubleKind.BUSY):
        return "hybrid-lsp doctor"
    if kind is TroubleKind.SLOW and finding.kind is Kind.OLLAMA:
        return f"ollama pull {SMALL_MODEL}"
    if kind not in (TroubleKind.NO_MODEL, TroubleKind.NO_FIM, TroubleKind.NOT_LOCAL):
        return ""
    if finding.kind is Kind.OLLAMA:
        told = re.search(r"`(ollama pull \S+)`", sentence)
        return told[1] if told else f"ollama pull {GOOD_MODEL}"
    return _SERVE if finding.kind is Kind.LLAMACPP else ""


_SERVE = "llama-server --fim-qwen-1.5b-default"
