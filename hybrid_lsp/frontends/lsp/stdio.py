"""The process around the wire: bytes in, bytes out, and every way to end.

`serve_stdio(server, on_exit=[...])` is all that a command line calls. Its rules:

- Standard output carries framed JSON-RPC and nothing else, whatever a library or a child process prints: the protocol
  moves to private descriptors, 1 becomes standard error and 0 becomes empty.
- Messages are applied one at a time, in order, and an async handler takes its first step before the next one is
  applied.
- The event loop never waits for a client that does not read.
- The process ends at once, with `on_exit` called first, within a deadline, while the event loop still runs: on `exit`
  (0 after `shutdown`, else 1), at the end of input, when the client's process is gone, on SIGTERM, and when the stream
  cannot be understood any more.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn

from pygls.lsp.server import LanguageServer

from hybrid_lsp.core.errors import fault_told
from hybrid_lsp.frontends.lsp.frames import FrameReader, FramingError, Outbox
from hybrid_lsp.frontends.lsp.wire import Wire, explained, wire_of

_log = logging.getLogger(__name__)

_READ_BYTES = 1 << 18
_CLIENT_CHECK_S = 0.5
_HOOKS_DEADLINE_S = 1.0
_DRAIN_DEADLINE_S = 0.3


def serve_stdio(server: LanguageServer, *, on_exit: Sequence[Callable[[], object]] = ()) -> NoReturn:
    """Serve one client over standard input and output, and end the process.

    `server` is made with `protocol_cls=Wire`. Each of `on_exit` is called once, in turn, in a thread of its own, before
    the process ends; together they have a second, after which the process ends without them.
    """
    incoming, outgoing = _claim_stdio()
    session = _Session(wire_of(server), incoming, Outbox(outgoing), on_exit)
    try:
        asyncio.run(session.serve())
    except BaseException as error:
        explained(error, "the event loop")
    session.end(1)


class _Session:
    """One run of the process: the reader's thread, the order of messages, and the one way to end."""

    def __init__(self, wire: Wire, incoming: int, outbox: Outbox, on_exit: Sequence[Callable[[], object]]) -> None:
        self._wire = wire
        self._incoming = incoming
        self._outbox = outbox
        self._on_exit = on_exit
        self._inbox: deque[bytes | None] = deque()
        self._under_way = self._left = False
        self._all_read = threading.Event()
        self._ending = threading.Lock()
        wire.set_writer(outbox)
        wire.ended = self._leave
        wire.client_known = self._watch
        outbox.on_broken = self._go

    async def serve(self) -> None:
        """Serve until the process ends."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._go())
        loop = asyncio.get_running_loop()
        # asyncio's own would log the arguments of what failed, and so the user's code.
        loop.set_exception_handler(lambda _, told: explained(told.get("exception"), "something in the event loop"))
        threading.Thread(target=self._read, args=(loop,), name="reader", daemon=True).start()
        await loop.create_future()

    def end(self, code: int) -> NoReturn:
        """End the process, from any thread; only the first call counts, and the others wait for it."""
        self._ending.acquire()
        hooks = threading.Thread(target=self._call_hooks, name="on-exit", daemon=True)
        hooks.start()
        self._outbox.drain(_DRAIN_DEADLINE_S)
        hooks.join(_HOOKS_DEADLINE_S)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        # Not `sys.exit`: that would wait for threads, and for handlers, that nobody needs any more.
        os._exit(code)

    def _leave(self, code: int) -> None:
        """End from the event loop, which goes on without the client until the hooks have been called."""
        self._left = True
        threading.Thread(target=self.end, args=(code,), name="end", daemon=True).start()

    def _gone(self) -> None:
        self.end(0 if self._wire.shutdown_received else 1)

    def _go(self) -> None:
        """End from where waiting is no good: in a signal, that may have come upon `end`, and in the outbox's thread."""
        threading.Thread(target=self._gone, name="end", daemon=True).start()

    def _call_hooks(self) -> None:
        for hook in self._on_exit:
            try:
                hook()
            except Exception as error:
                _log.error("a hook failed at exit: %s", fault_told(error))

    def _watch(self, client: int) -> None:
        threading.Thread(target=self._end_after, args=(client,), name="client-watch", daemon=True).start()

    def _end_after(self, client: int) -> None:
        if wait_for_death(client):
            self._gone()

    # In the reader's thread

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        frames = FrameReader()
        try:
            while raw := os.read(self._incoming, _READ_BYTES):
                # One hand-over for all that came: the threads take turns, and each turn is a wait.
                if bodies := frames.receive(raw):
                    loop.call_soon_threadsafe(self._arrived, bodies)
            loop.call_soon_threadsafe(self._arrived, [None])
        except FramingError as error:
            _log.error("The client cannot be understood any more, so the server ends. %s", error)
            self.end(1)
        except (OSError, MemoryError, RuntimeError) as error:
            _log.error("The client cannot be read any more, so the server ends: %s", type(error).__name__)
        self._finish_input()

    def _finish_input(self) -> None:
        """Let what came just before the end of input be applied, and answered if it takes no time, then end."""
        until = time.monotonic() + _DRAIN_DEADLINE_S
        self._all_read.wait(_DRAIN_DEADLINE_S)
        while self._wire.busy and time.monotonic() < until:
            time.sleep(0.005)
        self._gone()

    # In the event loop

    def _arrived(self, bodies: Sequence[bytes | None]) -> None:
        self._inbox.extend(bodies)
        if not self._under_way:
            self._under_way = True
            self._apply_next()

    def _apply_next(self) -> None:
        if not self._inbox:
            self._under_way = False
            return
        body = self._inbox.popleft()
        if body is None:
            self._all_read.set()
        if body is None or self._left:
            return
        try:
            self._wire.feed(body)
        except Exception as error:
            _log.error("a message was lost: %s", fault_told(error))
        # Behind the first step of the handler that `feed` may have started, which the loop runs first.
        asyncio.get_running_loop().call_soon(self._apply_next)


if sys.platform == "win32":

    def wait_for_death(process: int) -> bool:
        """Return True once the process is gone; False, at once, when it cannot be watched."""
        import ctypes

        synchronize, forever = 0x00100000, 0xFFFFFFFF
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        handle = kernel.OpenProcess(synchronize, False, process)
        return bool(handle) and kernel.WaitForSingleObject(handle, forever) == 0

else:

    def wait_for_death(process: int) -> bool:
        """Return True once the process is gone; False, at once, when it cannot be watched.

        A client in another container tells an id that means nothing here, so an id that nobody has is not watched.
        """
        parent = os.getppid()
        if not _is_alive(process):
            return False
        while _is_alive(process):
            # A dead client that nobody has waited for still has its id, but its children have another parent.
            if process == parent != os.getppid():
                break
            time.sleep(_CLIENT_CHECK_S)
        return True

    def _is_alive(process: int) -> bool:
        try:
            os.kill(process, 0)
        except PermissionError:
            return True
        except (OSError, OverflowError):
            return False
        return process > 0


def _claim_stdio() -> tuple[int, int]:
    """Take standard input and output for the protocol, out of the reach of everything else in this process."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without a standard error
        os.dup2(nothing, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    return incoming, outgoing
