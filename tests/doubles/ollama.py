"""A double of Ollama's HTTP server: what it checks and in which order, what it says, and its oddities.

After the contract in docs of the project (server/routes.go, sched.go, images.go, llm/llama_server.go, api/types.go).
Tokens are words with their blanks, so that lengths can be told by looking.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from tests.doubles.http_server import Asked, HttpServer, Reply
from tests.doubles.ollama_chat import ChatReply, as_generated

INSERT_TEMPLATE = "{{- if .Suffix }}<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>{{ end }}"
CHAT_TEMPLATE = "{{ .System }}{{ .Prompt }}"
BUSY = "server busy, please try again.  maximum pending requests exceeded"
PROSE = ("Sure", "! ", "Here ", "is ", "the ", "code.")
NS = 1_000_000_000
RUNNER_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "draft_num_predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One model of the double."""

    name: str
    template: str = INSERT_TEMPLATE
    thinks: bool = False
    writes: bool = True
    remote_host: str = ""
    model_info: dict[str, object] = field(
        default_factory=lambda: {"general.architecture": "qwen2", "qwen2.context_length": 32768}
    )
    size: int = 986_000_000
    tells_capabilities: bool = True
    thinking_values: tuple[bool | str, ...] | None = None
    """Which values of `think` it takes; newer servers tell."""

    @property
    def capabilities(self) -> list[str]:
        """What the template and the kind of model make of it."""
        found = {"completion": self.writes, "insert": ".Suffix" in self.template, "thinking": self.thinks}
        return [name for name, has in found.items() if has]

    @property
    def remote(self) -> dict[str, object]:
        """What every answer about it says when somebody else runs it."""
        return {"remote_model": self.name, "remote_host": self.remote_host} if self.remote_host else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the model says to prompts that have `when` in them."""

    when: str = ""
    say: Sequence[str] = ("return ", "total")
    token_s: float = 0.0
    prompt_s: float = 0.0
    gate: asyncio.Event | None = None
    """What the second piece waits for."""
    then: str = "done"
    """`done`; or `error`: an error as a line; `cut`: the connection breaks; `silent`: the stream ends without a word;
    `hang`: nothing more comes; `garbage`: a line that is no JSON; `half`: half a line."""
    extra: dict[str, object] = field(default_factory=dict)
    """Put into every piece."""
    huge_bytes: int = 0
    """Before anything else, a line of this size without an end."""


@dataclass(slots=True, kw_only=True)
class OllamaDouble:
    """An Ollama server with one slot; what it did is in its counters."""

    models: Sequence[Installed] = (Installed(name="qwen2.5-coder:1.5b-base"),)
    script: Sequence[Line] = (Line(),)
    version: str = "0.14.2"
    default_num_ctx: int = 4096
    max_pending_loads: int = 512
    load_s: float = 0.0
    knows_local: bool = True
    """Whether a name with `:local` behind it is understood, as by newer servers."""
    old_runner: bool = False
    """Whether num_predict 0 means no limit, as to the runners before llama-server."""
    pulls: Sequence[Sequence[dict[str, object]]] = ()
    """The lines of each pull, one after the other; one that does not end in success or an error is cut."""
    preloaded: dict[str, int] = field(default_factory=dict)
    """What is in memory already, with its context length."""

    loads: int = 0
    proxied: int = 0
    """Requests handed on to ollama.com: must stay 0."""
    made: int = 0
    """Tokens made, of all answers."""
    evaluated: list[str] = field(default_factory=list)
    """Prompts that the model read, as the model gets them."""
    stopped: int = 0
    """Answers that ended because the client went."""
    waiting: int = 0
    """Requests in front of the slot now."""
    most_at_once: int = 0
    truncated: int = 0
    server: HttpServer = field(init=False)
    _loaded: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _slot: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    _running: int = 0
    _loading: int = 0
    _pulled: int = 0

    def __post_init__(self) -> None:
        self.server = HttpServer(self._answer)
        for name, num_ctx in self.preloaded.items():
            self._loaded[name] = self._runner({"num_ctx": num_ctx}, {})

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def chats(self) -> list[dict[str, object]]:
        """Every body that /api/chat was asked with."""
        return [asked.json for asked in self.server.asked if asked.path == "/api/chat"]

    @property
    def generates(self) -> list[dict[str, object]]:
        """Every body that /api/generate was asked with."""
        return [asked.json for asked in self.server.asked if asked.path == "/api/generate"]

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.server.__aexit__(kind, error, at)

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        routes = {
            ("GET", "/"): self._root,
            ("GET", "/api/version"): self._version,
            ("GET", "/api/tags"): self._tags,
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/generate"): self._generate,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/pull"): self._pull,
        }
        route = routes.get((asked.method, asked.path))
        if route is None:
            await reply.send(404, "404 page not found", kind="text/plain")
        else:
            await route(asked, reply)

    async def _root(self, asked: Asked, reply: Reply) -> None:
        await reply.send(200, "Ollama is running", kind="text/plain; charset=utf-8")

    async def _version(self, asked: Asked, reply: Reply) -> None:
        await reply.send(200, {"version": self.version})

    async def _tags(self, asked: Asked, reply: Reply) -> None:
        await reply.send(200, {"models": [self._listed(model) for model in self.models]})

    async def _ps(self, asked: Asked, reply: Reply) -> None:
        loaded = [model for model in self.models if model.name in self._loaded]
        more = [
            {"expires_at": "2026-11-23T10:00:00Z", "size_vram": 0, "context_length": self._loaded[m.name][0]}
            for m in loaded
        ]
        await reply.send(200, {"models": [self._listed(m) | extra for m, extra in zip(loaded, more, strict=True)]})

    def _listed(self, model: Installed) -> dict[str, object]:
        listed: dict[str, object] = {
            "name": model.name,
            "model": model.name,
            "size": model.size,
            "details": {"family": "qwen2"},
        }
        return listed | ({"capabilities": model.capabilities} if model.tells_capabilities else {}) | model.remote

    async def _show(self, asked: Asked, reply: Reply) -> None:
        name = str(asked.json.get("model", ""))
        if not name:
            await reply.send(400, {"error": "model is required"})
        elif (model := self._find(name)) is None:
            await reply.send(404, {"error": f"model '{name}' not found"})
        else:
            shown: dict[str, object] = {"template": model.template, "model_info": model.model_info, "details": {}}
            if model.thinking_values is not None:
                shown["thinking"] = {"values": list(model.thinking_values), "default": model.thinking_values[-1]}
            await reply.send(
                200, shown | ({"capabilities": model.capabilities} if model.tells_capabilities else {}) | model.remote
            )

    def _find(self, name: str) -> Installed | None:
        wants_local = self.knows_local and name.endswith(":local")
        plain = name.removesuffix(":local") if wants_local else name
        plain = plain if ":" in plain else f"{plain}:latest"
        found = next((model for model in self.models if model.name == plain), None)
        return None if wants_local and found and found.remote_host else found

    async def _chat(self, asked: Asked, reply: Reply) -> None:
        as_chat = ChatReply(reply.writer, tells_logprobs=asked.json.get("logprobs") is True)
        body = json.dumps(as_generated(asked.json)).encode()
        await self._generate(replace(asked, body=body), as_chat)

    async def _generate(self, asked: Asked, reply: Reply) -> None:
        if not asked.body:
            return await reply.send(400, {"error": "missing request body"})
        try:
            wanted = asked.json
        except ValueError:
            return await reply.send(400, {"error": "invalid character 'x' looking for beginning of value"})
        name = str(wanted.get("model", ""))
        if re.search(r"(:|-)cloud$", name):
            self.proxied += 1
            model = Installed(name=name, remote_host="https://ollama.com:443")
            return await self._say(model, Line(extra=model.remote), wanted, "", reply)
        if (found := self._find(name)) is None:
            return await reply.send(404, {"error": f"model '{name}' not found"})
        if found.remote_host:
            self.proxied += 1
            return await self._say(found, Line(extra=found.remote), wanted, "", reply)
        if refusal := self._refusal(found, wanted):
            return await reply.send(400, {"error": refusal})
        return await self._run(found, wanted, reply)

    def _refusal(self, model: Installed, wanted: dict[str, object]) -> str:
        """What is checked before a model is loaded, in this order."""
        if wanted.get("raw") and any(wanted.get(key) for key in ("template", "system", "context")):
            return "raw mode does not support template, system, or context"
        if wanted.get("think") and not model.thinks:
            return f'"{wanted["model"]}" does not support thinking'
        if wanted.get("suffix") and "insert" not in model.capabilities:
            return f"registry.ollama.ai/library/{model.name} does not support insert"
        if not model.writes:
            return f'"{wanted["model"]}" does not support generate'
        return ""

    async def _run(self, model: Installed, wanted: dict[str, object], reply: Reply) -> None:
        if wanted.get("prompt", "") == "" and wanted.get("keep_alive") == 0:
            self._loaded.pop(model.name, None)
            return await reply.send(200, {"model": model.name, "response": "", "done": True, "done_reason": "unload"})
        if not await self._load(model, wanted):
            return await reply.send(503, {"error": BUSY})
        if wanted.get("prompt", "") == "":
            return await reply.send(200, {"model": model.name, "response": "", "done": True, "done_reason": "load"})
        self.waiting += 1
        try:
            await self._slot.acquire()
        finally:
            self.waiting -= 1
        try:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            return await self._evaluate(model, wanted, reply)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self._running -= 1
            self._slot.release()

    async def _load(self, model: Installed, wanted: dict[str, object]) -> bool:
        """Load the model unless it is in memory with the same runner options; False when too many wait for that."""
        options = wanted.get("options")
        runner = self._runner(options if isinstance(options, dict) else {}, wanted)
        if self._loaded.get(model.name) == runner:
            return True
        if self._loading >= self.max_pending_loads:
            return False
        self._loading += 1
        await asyncio.sleep(self.load_s)
        self._loading -= 1
        self._loaded[model.name] = runner
        self.loads += 1
        return True

    def _runner(self, options: dict[str, object], wanted: dict[str, object]) -> tuple[object, ...]:
        told = {"num_ctx": self.default_num_ctx} | options
        return (*(told.get(name) for name in RUNNER_OPTIONS), wanted.get("shift", True))

    async def _evaluate(self, model: Installed, wanted: dict[str, object], reply: Reply) -> None:
        options = wanted.get("options")
        options = options if isinstance(options, dict) else {}
        prompt, chats = self._prompt(model, wanted)
        num_ctx = int(options.get("num_ctx", self.default_num_ctx))
        if (length := len(prompt.split())) >= num_ctx:
            if wanted.get("truncate") is False:
                return await reply.send(400, {"error": json.dumps(_too_long(length, num_ctx))})
            self.truncated += 1
        self.evaluated.append(prompt)
        line = next((line for line in self.script if line.when in prompt), Line())
        await asyncio.sleep(line.prompt_s)
        spoken = Line(say=PROSE) if chats else line
        return await self._say(model, spoken, wanted, prompt, reply)

    def _prompt(self, model: Installed, wanted: dict[str, object]) -> tuple[str, bool]:
        """What the model gets, and whether it is chatted with."""
        prompt, suffix = str(wanted["prompt"]), str(wanted.get("suffix") or "")
        if wanted.get("raw"):
            return prompt, False
        if suffix:
            return f"<|fim_prefix|>{prompt}<|fim_suffix|>{suffix}<|fim_middle|>", False
        return prompt, True

    async def _say(self, model: Installed, line: Line, wanted: dict[str, object], prompt: str, reply: Reply) -> None:
        await reply.begin()
        if line.huge_bytes:
            await reply.write(b"x" * line.huge_bytes)
        said, reason = await self._pieces(model, line, wanted, reply)
        if reason is None or not await self._goes_on(line, reply):
            return await reply.end() if reason is None or line.then in ("silent", "garbage", "half", "error") else None
        last: dict[str, object] = {"response": "", "done": True, "done_reason": reason, "prompt_eval_count": len(prompt.split()),
                                   "eval_count": said, "total_duration": NS, "load_duration": 1, "eval_duration": 1}  # fmt: skip
        context = {} if wanted.get("raw") else {"context": [1, 2, 3]}
        await reply.line({"model": model.name, **last, **context, **line.extra})
        return await reply.end()

    async def _pieces(
        self, model: Installed, line: Line, wanted: dict[str, object], reply: Reply
    ) -> tuple[int, str | None]:
        """Send the pieces; return how many, and why they ended: None without a reason, as after 31 alike."""
        options = wanted.get("options")
        options = options if isinstance(options, dict) else {}
        most = int(options.get("num_predict", -1))
        most = 10 * self.default_num_ctx if most < 0 or (most == 0 and self.old_runner) else most
        text, alike = "", 0
        for index, token in enumerate(line.say):
            if index == most:
                return index, "length"
            if index == 1 and line.gate is not None:
                await line.gate.wait()
            await asyncio.sleep(line.token_s)
            self.made += 1
            alike = alike + 1 if index and token == line.say[index - 1] else 0
            if alike >= 30:
                return index, None
            stops = [at for stop in options.get("stop") or () if (at := (text + token).find(stop)) >= 0]
            shown = (text + token)[len(text) : min(stops)] if stops else token
            text += token
            thinking = {"thinking": "hm"} if model.thinks and wanted.get("think") is not False else {}
            await reply.line({"model": model.name, "response": shown, "done": False, **thinking, **line.extra})
            if stops:
                return index + 1, "stop"
        return len(line.say), "stop"

    async def _goes_on(self, line: Line, reply: Reply) -> bool:
        """Do what the script says instead of a proper end; True when it says nothing."""
        if line.then == "error":
            await reply.line({"error": "an error was encountered while running the model: unexpected EOF"})
        elif line.then == "garbage":
            await reply.write(b"<html>not json</html>\n")
        elif line.then == "half":
            await reply.write(b'{"model":"x","response":"tot')
        elif line.then == "cut":
            reply.cut()
        elif line.then == "hang":
            await asyncio.Event().wait()
        return line.then == "done"

    async def _pull(self, asked: Asked, reply: Reply) -> None:
        await reply.begin()
        lines = self.pulls[self._pulled] if self._pulled < len(self.pulls) else [{"status": "success"}]
        self._pulled += 1
        await reply.line({"status": "pulling manifest"})
        for line in lines:
            await reply.line(line)
        if lines and ("error" in lines[-1] or lines[-1].get("status") == "success"):
            await reply.end()
        else:
            await asyncio.sleep(0.02)
            reply.cut()


def _too_long(length: int, num_ctx: int) -> dict[str, object]:
    message = f"request ({length} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
    return {
        "error": {
            "code": 400,
            "message": message,
            "type": "exceed_context_size_error",
            "n_prompt_tokens": length,
            "n_ctx": num_ctx,
        }
    }
