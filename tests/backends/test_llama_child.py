"""backends.llama_child and llama_worker: a model file run in a child that fails in sentences and never outlives us."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from hybrid_lsp.backends.llama_child import WORKER, LlamaChild
from hybrid_lsp.backends.llama_file import LlamaFile, open_file
from hybrid_lsp.backends.llama_worker import LlamaAnswer, LlamaOrder, read_answer, spare_threads
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import FimPrompt
from tests.tools.scripted_gguf import Script, Scripted, gguf_bytes

DEADLINE_S = 20.0
CONTENT = gguf_bytes(Scripted(script=Script(("return", " total"))))
PROMPT = FimPrompt(raw="<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", before="a", after="b")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups of POSIX")


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A model that llama.cpp can load."""
    pytest.importorskip("xllamacpp")
    path = tmp_path / "qwen2.5-coder-scripted.gguf"
    path.write_bytes(CONTENT)
    return path


@pytest_asyncio.fixture
async def child(model_file: Path) -> AsyncIterator[LlamaChild]:
    """A child that is ended when the test is over."""
    child = LlamaChild(model_file, window_tokens=512)
    yield child
    await child.close()


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return it."""
        return self.now_s


def python(code: str) -> tuple[str, ...]:
    """Return a command that runs some Python in the child's place."""
    return (sys.executable, "-P", "-c", code)


async def trouble_of(child: LlamaChild) -> Trouble:
    """Return what the start ends with."""
    with pytest.raises(Trouble) as caught:
        await child.start()
    assert not child.is_running
    return caught.value


async def said_by(model: LlamaFile) -> str:
    """Return the whole answer to the prompt."""
    return "".join([piece.text async for piece in model.generate(PROMPT, max_tokens=9, deadline_s=DEADLINE_S)])


def memory_of(child: LlamaChild) -> str:
    """Return how much memory the child has, where the system tells."""
    status = Path(f"/proc/{child.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((line for line in lines if line.startswith("VmRSS")), "")


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is not only waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until(condition: Callable[[], bool], *, within_s: float) -> float | None:
    """Return after how long it became true, or None if it did not."""
    begun = time.monotonic()
    while time.monotonic() - begun < within_s:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.005)
    return None


async def test_a_file_becomes_a_model(child: LlamaChild) -> None:
    """A path is all that is needed: the model opens, is warmed and answers, and nobody is told where it listens."""
    begun = time.perf_counter()
    model = await open_file(child)
    took_ms = (time.perf_counter() - begun) * 1000
    sys.stdout.write(f"ready after {took_ms:.0f} ms, {memory_of(child)}\n")

    await model.warm(PROMPT, deadline_s=DEADLINE_S)

    assert await said_by(model) == "return total"
    assert model.facts.server == "our own llama.cpp"
    assert (model.facts.name, model.facts.window_tokens) == ("qwen2.5-coder-scripted", 512)


async def test_one_child_serves_all_who_ask(child: LlamaChild) -> None:
    """Those who ask at the same time, and later, share one child."""
    doors = await asyncio.gather(*(child.start() for _ in range(5)))
    pid = child.pid

    assert {id(door) for door in (*doors, await child.start())} == {id(doors[0])}
    assert child.pid == pid


async def test_who_asked_may_go_while_it_starts(child: LlamaChild) -> None:
    """Giving up while the model is loaded does not have it loaded again for the next question."""
    asking = asyncio.create_task(child.start())
    await asyncio.sleep(0.01)
    pid = child.pid
    asking.cancel()
    await asyncio.wait([asking])

    await child.start()

    assert asking.cancelled()
    assert pid is not None
    assert child.pid == pid


async def test_a_model_that_is_still_loading_is_told(child: LlamaChild) -> None:
    """A question whose deadline passes while the model loads again says so, and the next one is answered."""
    model = await open_file(child)
    await child.close()

    with pytest.raises(Trouble, match="is still loading") as caught:
        async for _ in model.generate(PROMPT, max_tokens=9, deadline_s=0.01):
            pass

    assert caught.value.kind is TroubleKind.LOADING
    assert await said_by(model) == "return total"


async def test_closing_ends_the_child(child: LlamaChild) -> None:
    """After `close` there is no process; while it starts, too, and closing twice is harmless."""
    await child.start()
    running = child.pid
    await child.close()
    starting = asyncio.create_task(child.start())
    await asyncio.sleep(0.01)
    begun = child.pid
    await child.close()
    await asyncio.wait([starting])
    await child.close()

    assert running is not None
    assert begun is not None
    assert (child.pid, child.is_running, starting.cancelled()) == (None, False, True)
    if sys.platform != "win32":
        assert not is_alive(running)
        assert not is_alive(begun)


@posix
async def test_a_child_that_died_is_started_again(model_file: Path) -> None:
    """A death is told once in a sentence; after the wait the same model answers, and dying soon doubles the wait."""
    clock = Clock()
    child = LlamaChild(model_file, window_tokens=512, clock=clock)
    model = await open_file(child)
    for wait_s in (1.0, 2.0, 4.0):
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        assert await asyncio.to_thread(until, lambda: not child.is_running, within_s=5) is not None
        for elapsed_s in (0.0, wait_s - 0.1):
            clock.now_s += elapsed_s
            with pytest.raises(Trouble, match=r"^llama\.cpp ended by itself .*qwen2\.5-coder-scripted\.gguf") as caught:
                await said_by(model)
            assert caught.value.kind is TroubleKind.OFFLINE
        clock.now_s += 0.2
        assert await said_by(model) == "return total"
    clock.now_s += 3600
    os.kill(child.pid, signal.SIGKILL)
    assert await asyncio.to_thread(until, lambda: not child.is_running, within_s=5) is not None
    await trouble_of(child)
    clock.now_s += 1.1
    assert await said_by(model) == "return total"
    await model.close()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gone.gguf", None, "There is no model file gone.gguf; set the path of a GGUF file"),
        ("notes.txt", b"Dear diary", "notes.txt is not a GGUF file; set the path of a model"),
        ("empty.gguf", b"", "empty.gguf is not a GGUF file"),
        ("short.gguf", CONTENT[:3000], "llama.cpp cannot load short.gguf: the file is damaged or cut short"),
        ("cut.gguf", CONTENT[: len(CONTENT) // 2], "llama.cpp cannot load cut.gguf: the file is damaged"),
        ("garbage.gguf", b"GGUF" + bytes(range(256)) * 40, "llama.cpp cannot load garbage.gguf: the file is damaged"),
    ],
)
async def test_a_file_that_is_no_model_is_told_in_a_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    """The sentence has the file's name, never its folder, and what to do; no child is left."""
    pytest.importorskip("xllamacpp")
    if content is not None:
        (tmp_path / name).write_bytes(content)

    trouble = await trouble_of(LlamaChild(tmp_path / name))

    assert trouble.kind is TroubleKind.NO_MODEL
    assert str(trouble).startswith(sentence)
    assert str(tmp_path) not in str(trouble)


async def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """What cannot be read at all is told as well."""
    (tmp_path / "models").mkdir()

    assert (await trouble_of(LlamaChild(tmp_path / "models"))).kind is TroubleKind.NO_MODEL


async def test_without_llama_cpp_the_way_to_get_it_is_told(tmp_path: Path) -> None:
    """Where the extra is not installed, the sentence has the command that installs it."""
    (tmp_path / "some.gguf").write_bytes(CONTENT)
    command = python(
        "import sys; sys.modules['xllamacpp'] = None\nfrom hybrid_lsp.backends.llama_worker import main; main()"
    )

    trouble = await trouble_of(LlamaChild(tmp_path / "some.gguf", command=command))

    assert trouble.kind is TroubleKind.OFFLINE
    assert "some.gguf cannot be run" in str(trouble)
    assert "pip install 'hybrid-lsp[llama]'" in str(trouble)


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        ("import os; os.abort()", TroubleKind.OFFLINE, "llama.cpp ended while it loaded some.gguf"),
        ("pass", TroubleKind.OFFLINE, "llama.cpp ended while it loaded some.gguf"),
        ("print('hello')", TroubleKind.OFFLINE, "llama.cpp ended while it loaded some.gguf"),
        ("import time; time.sleep(60)", TroubleKind.SLOW, "some.gguf was not ready within 0.3 s; try a smaller"),
    ],
)
async def test_a_child_that_never_answers_is_told_in_a_sentence(
    tmp_path: Path, code: str, kind: TroubleKind, sentence: str
) -> None:
    """A fault in native code, another program, silence: trouble within the deadline, and no child is left."""
    deadline_s = 0.3 if kind is TroubleKind.SLOW else DEADLINE_S
    child = LlamaChild(tmp_path / "some.gguf", command=python(code), start_deadline_s=deadline_s)

    trouble = await trouble_of(child)

    assert trouble.kind is kind
    assert str(trouble).startswith(sentence)
    assert child.pid is None


async def test_a_start_that_failed_is_not_tried_at_every_keystroke(tmp_path: Path) -> None:
    """Until the wait is over the same sentence comes at once, without a child."""
    clock, marks = Clock(), tmp_path / "starts"
    code = f"open({str(marks)!r}, 'a').write('.')"
    child = LlamaChild(tmp_path / "some.gguf", command=python(code), clock=clock)
    first = await trouble_of(child)

    again = [await trouble_of(child) for _ in range(20)]

    assert {str(trouble) for trouble in again} == {str(first)}
    assert marks.read_text() == "."
    clock.now_s += 1.1
    await trouble_of(child)
    assert marks.read_text() == ".."


async def test_a_model_of_no_use_is_not_loaded_again_at_every_attempt(tmp_path: Path) -> None:
    """A model that loads but cannot fill in the middle leaves no child, and the next attempts none either."""
    pytest.importorskip("xllamacpp")
    clock = Clock()
    (tmp_path / "novelist.gguf").write_bytes(gguf_bytes(Scripted(script=Script(("once", " upon")), fim={})))
    child = LlamaChild(tmp_path / "novelist.gguf", window_tokens=512, clock=clock)
    for _ in range(3):
        with pytest.raises(Trouble, match="novelist") as caught:
            await open_file(child)
        assert caught.value.kind is TroubleKind.NO_FIM
        assert child.pid is None

    clock.now_s += 1.1
    await child.start()
    assert child.is_running
    await child.close()


def test_the_key_is_in_no_list_of_processes(model_file: Path) -> None:
    """Neither key nor path is an argument; one line is the only thing that the child ever prints."""
    process = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LlamaOrder(path=str(model_file), key="k" * 30, window_tokens=512, threads=1).line())
        process.stdin.flush()
        answer = read_answer(process.stdout.readline())
        rest = process.stdout.read()
        process.kill()

    assert answer is not None
    assert answer.address.startswith("http://127.0.0.1:")
    assert rest == b""
    assert not any("kkk" in argument or str(model_file) in argument for argument in WORKER)


PARENT = """
import asyncio, sys, threading
from pathlib import Path
from hybrid_lsp.backends.llama_child import LlamaChild
async def main():
    child = LlamaChild(Path(sys.argv[1]), window_tokens=512)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@posix
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_its_parent(model_file: Path, end: signal.Signals) -> None:
    """Two seconds after the parent has ended, however it did, there is no child."""
    command = (sys.executable, "-c", PARENT, str(model_file))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(end)
        parent.wait(10)
        gone_s = until(lambda: not is_alive(pid), within_s=2)
        sys.stdout.write(f"child gone {1000 * (gone_s or 0):.0f} ms after {end.name}\n")

    assert gone_s is not None


@posix
def test_a_child_ends_even_while_native_code_holds_the_interpreter() -> None:
    """While a model is loaded no Python runs in the child; the end of its parent ends it all the same."""
    code = (
        "import ctypes; from hybrid_lsp.backends.llama_worker import end_with_parent\n"
        "end_with_parent(); print(flush=True); ctypes.PyDLL(None).sleep(60)"
    )
    with subprocess.Popen(
        python(code),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.1)
        child.stdin.close()
        try:
            child.wait(2)
        finally:
            child.kill()


@pytest.mark.parametrize(
    "line", [b"", b"hello\n", b"{}\n", b"[]\n", b'{"address": "", "kind": null, "sentence": ""}\n', b'{"address": "x"}\n',
             b'{"address": "", "kind": "odd", "sentence": "x"}\n', b'{"address": "x", "kind": "slow", "sentence": "y"}\n'],
)  # fmt: skip
def test_only_an_answer_is_taken_for_one(line: bytes) -> None:
    """Anything else on the child's standard output is no answer; an answer is either an address or a trouble."""
    assert read_answer(line) is None
    for answer in (LlamaAnswer(address="http://x"), LlamaAnswer(kind=TroubleKind.SLOW, sentence="Slow.")):
        assert read_answer(answer.line()) == answer
        assert json.loads(answer.line())


def test_one_core_is_left_alone() -> None:
    """Inference never has every core, and always one."""
    assert 1 <= spare_threads() <= max(1, (os.cpu_count() or 1) - 1)
