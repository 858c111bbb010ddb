"""`hybrid-lsp demo`: watch ghost text being written, in a real session with a real server.

Nothing in it is scripted but the keys. The server is the one that editors start; the demo is its editor. It works on a
temporary copy, writes nowhere else, and leaves neither the copy nor the server behind, however it ends.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

from hybrid_lsp.demo.buffer import Buffer
from hybrid_lsp.demo.client import Client, NoAnswer
from hybrid_lsp.demo.farewell import farewell
from hybrid_lsp.demo.pace import FAST, WATCHABLE
from hybrid_lsp.demo.project import Project, Unsuitable, project_around, sample_project
from hybrid_lsp.demo.session import Session
from hybrid_lsp.demo.tally import Tally
from hybrid_lsp.demo.terminal import can_redraw, size_of_terminal, spelled
from hybrid_lsp.demo.typist import Moment, type_out
from hybrid_lsp.demo.views import LiveScreen, PlainLines, Silence, View, has_room

SERVER = (sys.executable, "-P", "-m", "hybrid_lsp", "serve", "--stdio", "--no-models")

_DONE, _FAILED, _WRONG_FILE, _INTERRUPTED = 0, 1, 2, 130


def run(file: Path | None, *, fast: bool, as_json: bool, server: Sequence[str] = SERVER) -> int:
    """Type a piece of the sample, or of `file`, with ghost text, and return the exit status.

    0 when all was typed, 1 when the server did not answer, 2 when there is nothing to type in `file`, 130 after Ctrl-C;
    each with a sentence on standard error. `as_json` prints one JSON object to standard output and nothing else; it
    waits for nobody, as does `fast`.
    """
    project = sample_project() if file is None else project_around(file)
    try:
        with _ended_by_signals():
            _run(project, fast=fast, as_json=as_json, server=server)
    except Unsuitable as error:
        return _say(str(error), _WRONG_FILE)
    except NoAnswer as error:
        return _say(str(error), _FAILED)
    except KeyboardInterrupt:
        return _say("", _INTERRUPTED)  # ends the line that the terminal has written ^C into
    except BrokenPipeError:
        # Nobody reads on. Python would complain once more when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except OSError as error:
        return _say(f"The demo could not run: {error.strerror or error}.", _FAILED)
    return _DONE


def play(project: Project, view: View, server: Sequence[str]) -> Tally:
    """Type all passages of the project in one session with a new server; return what it brought. Raises NoAnswer."""
    tally = Tally()
    parts = len(project.passages)
    with Client(server) as client:
        session = Session(client, project.root)
        session.start()
        for part, passage in enumerate(project.passages, start=1):
            session.open(passage)
            view.begin(session.buffer, part, parts, tally)
            for moment in type_out(passage.text, session):
                tally = _counted(tally, moment, session.buffer)
                view.follow(moment, session.buffer, tally)
        view.end(tally)
    return tally


def _counted(tally: Tally, moment: Moment, buffer: Buffer) -> Tally:
    return tally.after(moment, path=buffer.path, line=buffer.row + 1, left=buffer.left)


def _run(project: AbstractContextManager[Project], *, fast: bool, as_json: bool, server: Sequence[str]) -> None:
    with project as copy:
        view = _view(fast=fast, as_json=as_json)
        try:
            tally = play(copy, view, server)
        finally:
            view.close()
    if as_json:
        print(json.dumps(tally.as_json()))
    else:
        farewell(tally, sys.stdout)


def _view(*, fast: bool, as_json: bool) -> View:
    if as_json:
        return Silence()
    pace = FAST if fast else WATCHABLE
    size = size_of_terminal()
    if can_redraw(sys.stdout, os.environ) and has_room(size):
        return LiveScreen(sys.stdout, pace)
    return PlainLines(sys.stdout, size.columns, pace)


def _say(sentence: str, status: int) -> int:
    print(spelled(sentence, sys.stderr.encoding), file=sys.stderr)
    return status


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a closed terminal or a `kill` end the demo as Ctrl-C does: with everything cleaned up."""
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        signals = []
    before = {number: signal.signal(number, _leave) for number in signals}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
