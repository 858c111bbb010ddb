"""Whom the steps of a plan ask: chat models of this machine, and those of vendors, each opened when first asked."""

import random
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType
from typing import Protocol

from hybrid_lsp.assistant.ports import Pass
from hybrid_lsp.backends import anthropic, gemini, ollama_chat, openai_chat, openai_cloud
from hybrid_lsp.backends.chat import LocalChat, asked_by_person
from hybrid_lsp.backends.cloud import CloudModel
from hybrid_lsp.backends.compatible_cloud import CompatibleModel
from hybrid_lsp.backends.discover import Finding, Kind, door_to
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Refused, Trouble
from hybrid_lsp.core.redact import Rules, redact
from hybrid_lsp.core.router import Step
from hybrid_lsp.core.stream import ChatPrompt, Piece
from hybrid_lsp.egress.circuit import Circuits
from hybrid_lsp.egress.cloud import CloudDoor
from hybrid_lsp.egress.permit import Permit

_NUMBER = re.compile(r"^\d+: |(?<=\\n)\d+: ", re.MULTILINE)
"""Before a line of a review: as it is read, and as it stands in JSON."""
Vendor = Callable[[CloudDoor, Model, str], CloudModel]
VENDORS: Mapping[str, tuple[str, Vendor]] = {
    "openai": (openai_cloud.BASE_URL, openai_cloud.OpenAiModel),
    "anthropic": (anthropic.BASE_URL, anthropic.AnthropicModel),
    "gemini": (gemini.BASE_URL, gemini.GeminiModel),
}


class OpenDoor(Protocol):
    """Opens the door to a vendor; see `CloudDoor`, which is one."""

    def __call__(
        self, base_url: str, *, scan: Callable[[str], bool], clock_ms: Callable[[], int], dice: Callable[[], float],
        circuits: Circuits, proxy: str,
    ) -> CloudDoor:  # fmt: skip
        """Return the door."""
        ...


class AskedModels:
    """See `assistant.ports.Models`. What is known of servers and keys is told by `learn`."""

    def __init__(
        self, clock_ms: Callable[[], int], *, others: Mapping[str, str] = MappingProxyType({}), proxy: str = "",
        open_door: OpenDoor = CloudDoor,
    ) -> None:  # fmt: skip
        """`others` says where vendors are asked that the person has named, by their names."""
        self.circuits = Circuits(clock_ms)
        self._vendors = {**VENDORS, **{name: (url, CompatibleModel) for name, url in others.items()}}
        self._open_door = open_door
        self._clock_ms = clock_ms
        self._proxy = proxy
        self._findings: Sequence[Finding] = ()
        self._keys: Mapping[str, str] = {}
        self._rules: Rules | None = None
        self._windows: Callable[[str], int | None] = lambda _: None
        self._local: dict[tuple[str, str], LocalChat] = {}
        self._doors: dict[str, CloudDoor] = {}
        self._cloud: dict[Model, tuple[str, CloudModel]] = {}
        """With the key that each is asked with; some have learned what their vendor does not take."""

    def learn(
        self, findings: Sequence[Finding], keys: Mapping[str, str], rules: Rules,
        windows: Callable[[str], int | None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Take what is there now: servers, keys by model, what is secret, and the window of the ghost text's model."""
        self._findings, self._keys, self._rules, self._windows = findings, keys, rules, windows

    async def ask_local(
        self, model: Model, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `assistant.ports.Models`."""
        chat = await self._opened(model)
        pieces = chat.ask(prompt, max_output_tokens=max_output_tokens, deadline_s=deadline_s)
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        except Trouble as trouble:
            raise asked_by_person(trouble, model.id) from trouble

    async def ask_cloud(
        self, step: Step, prompt: ChatPrompt, *, job: str, leave: Pass, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `assistant.ports.Models`."""
        model = step.model
        if model.backend not in self._vendors or model.id not in self._keys:
            raise Refused(f"{model.id} cannot be asked from here; see `hybrid-lsp route`.")
        base_url, vendor = self._vendors[model.backend]
        permit = Permit(
            job=job,
            host=model.host,
            decisions=leave.decisions,
            reservation=leave.reservation,
            redactions=leave.redactions,
            went=leave.went,
        )
        key = self._keys[model.id]
        known, asked = self._cloud.get(model, ("", None))
        if asked is None or known != key:
            asked = vendor(self._door(base_url), model, key)
            self._cloud[model] = key, asked
        pieces = asked.ask(prompt, permit=permit, max_output_tokens=step.output_cap_tokens, deadline_s=deadline_s)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close every connection."""
        for chat in self._local.values():
            await chat.close()
        for door in self._doors.values():
            await door.close()

    def _door(self, base_url: str) -> CloudDoor:
        if base_url not in self._doors:
            self._doors[base_url] = self._open_door(
                base_url, scan=self._holds_secret, clock_ms=self._clock_ms, dice=random.random,
                circuits=self.circuits, proxy=self._proxy,
            )  # fmt: skip
        return self._doors[base_url]

    def _holds_secret(self, text: str) -> bool:
        """Say whether redaction would still take something out; not knowing what is secret is as good as that.

        What stands in for a secret is none any more. Numbers before the lines of a review hide no key that spans them.
        """
        if self._rules is None:
            return True
        plain = _NUMBER.sub("", text)
        return any(redact(each, self._rules).count for each in dict.fromkeys((text, plain)))

    async def _opened(self, model: Model) -> LocalChat:
        finding = next((one for one in self._findings if any(e.name == model.id for e in one.models)), None)
        if finding is None:
            raise Refused(f"{model.id} is not there any more; `hybrid-lsp doctor` says what is.")
        known = (finding.url, model.id)
        if known not in self._local:
            door = door_to(finding.setting, finding.own_hosts)
            if finding.kind is Kind.OLLAMA:
                num_ctx = self._windows(model.id) or ollama_chat.NUM_CTX
                self._local[known] = await ollama_chat.open_chat(door, model.id, num_ctx=num_ctx)
            else:
                self._local[known] = await openai_chat.open_chat(door, model.id)
        return self._local[known]
