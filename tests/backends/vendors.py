"""The three vendors side by side: the double of each, our model for it, and what it is called."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from hybrid_lsp.backends.anthropic import AnthropicModel
from hybrid_lsp.backends.cloud import CloudModel
from hybrid_lsp.backends.compatible_cloud import CompatibleModel
from hybrid_lsp.backends.gemini import GeminiModel
from hybrid_lsp.backends.openai_cloud import OpenAiModel
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.stream import Piece
from hybrid_lsp.egress.cloud import CloudDoor
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import KEY, Says, VendorDouble
from tests.doubles.permits import PROMPT, cloud_model, door_to, permit


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One dialect, as it is asked and as it answers."""

    name: str
    double: ModuleType
    opens: Callable[[CloudDoor, Model, str], CloudModel]
    model_id: str

    def __repr__(self) -> str:
        return self.name

    def model(self, *, thinking_tokens: int = 2048, model_id: str = "") -> Model:
        """Its entry of the catalog."""
        return cloud_model(model_id or self.model_id, self.name, thinking_tokens=thinking_tokens)

    def serving(self, folder: Path, *script: Says) -> VendorDouble:
        """Return its double."""
        double: VendorDouble = self.double.double(folder, *script)
        return double


OPENAI = Vendor(name="openai", double=openai_cloud, opens=OpenAiModel, model_id=openai_cloud.MODEL)
ANTHROPIC = Vendor(name="anthropic", double=anthropic, opens=AnthropicModel, model_id=anthropic.MODEL)
GEMINI = Vendor(name="gemini", double=gemini, opens=GeminiModel, model_id=gemini.MODEL)
CHAT = Vendor(name="compatible", double=openai_cloud, opens=CompatibleModel, model_id=openai_cloud.MODEL)
ALL = (OPENAI, ANTHROPIC, GEMINI)


async def asked(
    vendor: Vendor, double: VendorDouble, *, model: Model | None = None, key: str = KEY, deadline_s: float = 5.0,
    door: CloudDoor | None = None, into: list[Piece] | None = None,
) -> list[Piece]:  # fmt: skip
    """A whole answer; the pieces go `into` a list as they come, where there is one."""
    got = [] if into is None else into
    way = door or door_to(double)
    opened = vendor.opens(way, model or vendor.model(), key)
    try:
        answer = opened.ask(PROMPT, permit=permit(), max_output_tokens=256, deadline_s=deadline_s)
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                got.append(piece)
        return got
    finally:
        await way.close()
