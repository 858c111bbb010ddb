"""The child process that learns: reads one order on standard input, writes one answer on standard output, and ends.

It ends at once when standard input does, which is when its parent closes it or dies. Started by `builder`.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from hybrid_lsp.embedded.files import find_files, find_named, read_files
from hybrid_lsp.embedded.parcel import Answer, Order, read_order, write_answer
from hybrid_lsp.embedded.segment import FileStamp, build_segment

_POLITENESS = 10


def learn(order: Order) -> Answer:
    """Do what an order says."""
    root, deadline = Path(order.root), time.monotonic() + order.scan_seconds
    if order.paths is not None:
        wanted, overtaken = find_named(root, order.paths), order.paths
    else:
        wanted = find_files(root, near=order.near, language=order.language, is_late=lambda: time.monotonic() > deadline)
        overtaken = ()
        if order.known is not None:
            wanted, overtaken = _differences(order.known, wanted, accept_new=order.accept_new)
    is_delta = order.paths is not None or order.known is not None
    is_too_much = is_delta and sum(stamp.size_bytes for stamp in wanted) > order.budget_bytes
    segment = build_segment(() if is_too_much else read_files(root, wanted, order.budget_bytes))
    return Answer(segment=segment, overtaken=overtaken, is_too_much=is_too_much)


def _differences(
    known: tuple[FileStamp, ...], found: list[FileStamp], *, accept_new: bool
) -> tuple[list[FileStamp], tuple[str, ...]]:
    """Return the files to learn again, and the paths of those known that are not as they were."""
    as_known, as_found = set(known), set(found)
    known_paths = {stamp.path for stamp in known}
    fresh = [one for one in found if one not in as_known and (accept_new or one.path in known_paths)]
    return fresh, tuple(stamp.path for stamp in known if stamp not in as_found)


def main() -> NoReturn:
    """Run the child process."""
    if hasattr(os, "nice"):
        os.nice(_POLITENESS)
    order = read_order(_read_exactly)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer = learn(order)
    with open(sys.stdout.fileno(), "wb", closefd=False) as stdout:
        write_answer(answer, stdout.write)
    os._exit(0)


def _read_exactly(size: int) -> bytes:
    content = b""
    while len(content) < size and (piece := os.read(0, size - len(content))):
        content += piece
    return content


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
