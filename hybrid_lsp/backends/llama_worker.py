"""The child process that runs llama.cpp over one GGUF file: one order on standard input, one line on standard output.

It is a process of its own because loading holds the interpreter lock for seconds and a fault in native code ends the
process it happens in. It listens on 127.0.0.1 alone, at a free port, and answers only who has the key. It ends at once
when standard input does, which is when its parent closes it or dies. Started by `llama_child`.
"""

import json
import os
import select
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from hybrid_lsp.core.errors import TroubleKind

INSTALL = "pip install 'hybrid-lsp[llama]'"
_MAGIC = b"GGUF"
_CACHE_MIB = 512
"""For prompts of other files, so that going back to one costs nothing. llama.cpp's own default is 8 GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaOrder:
    """What the parent wants to be run. It goes through a pipe: arguments and environments are read by others."""

    path: str
    key: str
    window_tokens: int
    threads: int

    def line(self) -> bytes:
        """Return the order as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaAnswer:
    """What became of it: an address where the server listens, or what is the matter in one sentence."""

    address: str = ""
    kind: TroubleKind | None = None
    sentence: str = ""

    def line(self) -> bytes:
        """Return the answer as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def read_answer(line: bytes) -> LlamaAnswer | None:
    """Return what a child said, or None if that is no answer."""
    try:
        said = json.loads(line)
        kind = None if said["kind"] is None else TroubleKind(said["kind"])
        answer = LlamaAnswer(address=str(said["address"]), kind=kind, sentence=str(said["sentence"]))
    except (ValueError, KeyError, TypeError):
        return None
    return answer if bool(answer.address) != bool(answer.kind and answer.sentence) else None


def spare_threads() -> int:
    """Return how many threads inference may have: never every core, or its threads wait for one another at length."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def serve(order: LlamaOrder) -> tuple[Any, LlamaAnswer]:
    """Load the model and listen; return what has to be kept alive and what to tell the parent. Never raises."""
    name = Path(order.path).name
    if (sentence := _unfit(Path(order.path))) is not None:
        return None, LlamaAnswer(kind=TroubleKind.NO_MODEL, sentence=sentence)
    try:
        import xllamacpp  # type: ignore[import-untyped]  # the parent must not load 100 MB
    except ImportError:
        sentence = f"{name} cannot be run because llama.cpp is not installed here; {INSTALL} adds it."
        return None, LlamaAnswer(kind=TroubleKind.OFFLINE, sentence=sentence)
    try:
        server = xllamacpp.Server(_settings(xllamacpp, order))
    except RuntimeError:
        sentence = (
            f"llama.cpp cannot load {name}: the file is damaged or cut short, too large for this machine, or newer "
            f"than the installed llama.cpp; get the file again, choose another, or update with {INSTALL} --upgrade."
        )
        return None, LlamaAnswer(kind=TroubleKind.NO_MODEL, sentence=sentence)
    return server, LlamaAnswer(address=server.listening_address)


def _unfit(path: Path) -> str | None:
    """Say why this cannot be a model, as far as that is seen from outside."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                return None
    except FileNotFoundError:
        return f"There is no model file {path.name}; set the path of a GGUF file that is on this machine."
    except OSError as error:
        return f"The model file {path.name} cannot be read ({os.strerror(error.errno or 0)}); set another or mend it."
    return f"{path.name} is not a GGUF file; set the path of a model in llama.cpp's format (its name ends in .gguf)."


def _settings(xllamacpp: Any, order: LlamaOrder) -> Any:
    wanted = xllamacpp.CommonParams()
    wanted.model.path = order.path
    wanted.model_alias = {Path(order.path).stem}
    wanted.n_ctx = order.window_tokens
    wanted.n_parallel = 1
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = order.threads
    wanted.cache_ram_mib = _CACHE_MIB
    wanted.hostnames, wanted.port, wanted.api_keys = ["127.0.0.1"], 0, [order.key]
    wanted.offline = True
    wanted.ui = wanted.endpoint_slots = False
    wanted.warmup = True
    return wanted


def main() -> NoReturn:
    """Run the child process."""
    answer_to = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    order = LlamaOrder(**json.loads(_read_line()))
    end_with_parent()
    server, answer = serve(order)
    os.write(answer_to, answer.line())
    os.close(answer_to)
    if server is not None:
        threading.Event().wait()
    os._exit(0)


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)
        line += byte
    return line


def end_with_parent() -> None:
    """End this process as soon as standard input ends, even while native code holds the interpreter lock.

    The thread suffices wherever the interpreter runs. While a model is loaded it does not, so where there is SIGIO the
    kernel is asked to send it, and to end the process with it, as nothing but the end is ever to come.
    """
    threading.Thread(target=_wait_for_end, daemon=True).start()
    if sys.platform == "win32":
        return
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:
        os._exit(0)


def _wait_for_end() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
