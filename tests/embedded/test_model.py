"""embedded.model: folders and documents as the server sees them, with real child processes."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybrid_lsp.backends.embedded import EmbeddedBackend
from hybrid_lsp.embedded.model import EmbeddedModel, FolderState
from tests.embedded.texts import ANY, excerpt_at

WAIT_S = 20.0
HABIT = "receipt = ledger.settle(reservation, usage)\n"
ASKED = "receipt = led|\n"


@pytest.fixture
def model() -> Iterator[EmbeddedModel]:
    """A model that ends its child processes when the test does."""
    model = EmbeddedModel()
    yield model
    model.close()


def wait_until_learned(model: EmbeddedModel, workspace: int) -> FolderState:
    """Wait for all builds of a folder."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        state = model.state(workspace)
        if state.ready and not state.building:
            return state
        time.sleep(0.01)
    raise AssertionError("not learned in time")


def folder(tmp_path: Path, name: str, files: dict[str, str]) -> Path:
    """Make a folder with some files."""
    root = tmp_path / name
    root.mkdir()
    for path, text in files.items():
        (root / path).write_text(text, encoding="utf-8")
    return root


def origin(model: EmbeddedModel, *, workspace: int = 1, document: int = 1) -> str:
    """Return where a suggestion comes from; empty when there is none."""
    suggestion = model.suggest(excerpt_at(ASKED, workspace=workspace, document=document), doubt=ANY)
    return suggestion.origin if suggestion else ""


def test_a_folder_is_learned_from_its_first_document_on(model: EmbeddedModel, tmp_path: Path) -> None:
    """Then what stands in its files is suggested, and what changes in them is followed."""
    root = folder(tmp_path, "one", {"a.py": HABIT * 3, "b.py": "x = 1\n"})
    model.open_folder(1, root)
    assert model.state(1) == FolderState()
    model.buffer_opened(1, 1, "app/here.py", "python", "")
    assert model.state(1).building or model.state(1).ready

    assert wait_until_learned(model, 1) == FolderState(files=2, bytes=len(HABIT) * 3 + 6, building=False, ready=True)
    assert origin(model) == "a.py"

    (root / "b.py").write_text(HABIT * 3)
    (root / "a.py").unlink()
    model.files_changed(1, ["a.py", "b.py"])
    assert origin(model) == ""
    wait_until_learned(model, 1)
    assert origin(model) == "b.py"

    (root / "b.py").write_text("nothing\n")
    (root / "c.py").write_text(HABIT * 3)
    model.rescan(1)
    wait_until_learned(model, 1)
    assert origin(model) == "c.py"


def test_two_folders_never_mix(model: EmbeddedModel, tmp_path: Path) -> None:
    """Neither their files nor their open documents."""
    model.open_folder(1, folder(tmp_path, "one", {"a.py": "x = 1\n"}))
    model.open_folder(2, folder(tmp_path, "two", {"b.py": HABIT * 3}))
    model.start(1)
    model.start(2)
    model.buffer_opened(2, 22, "open.py", "python", HABIT * 3)
    wait_until_learned(model, 1)
    wait_until_learned(model, 2)

    assert origin(model, workspace=1, document=11) == ""
    assert origin(model, workspace=2, document=21) in ("b.py", "open.py")


def test_a_closed_folder_is_forgotten(model: EmbeddedModel, tmp_path: Path) -> None:
    """What was learned of it, and its documents; a new folder under its handle begins anew."""
    model.open_folder(1, folder(tmp_path, "one", {"a.py": HABIT * 3}))
    model.start(1)
    wait_until_learned(model, 1)
    assert origin(model) == "a.py"

    model.close_folder(1)
    assert model.state(1) == FolderState()
    assert origin(model) == ""
    model.open_folder(1, folder(tmp_path, "two", {"z.py": "x\n"}))
    model.buffer_opened(1, 1, "app/here.py", "python", "")
    wait_until_learned(model, 1)
    assert origin(model) == ""


def test_documents_outside_every_folder_keep_to_themselves(model: EmbeddedModel) -> None:
    """Each has only itself to learn from."""
    model.buffer_opened(0, 1, "a.py", "python", HABIT * 3)
    model.buffer_opened(0, 2, "b.py", "python", "")

    assert origin(model, workspace=0, document=2) == ""
    own = model.suggest(excerpt_at(HABIT * 3 + ASKED, workspace=0, document=1), doubt=ANY)
    assert own is not None


def test_what_is_not_known_does_no_harm(model: EmbeddedModel) -> None:
    """Folders and documents that were never opened."""
    model.files_changed(7, ["a.py"])
    model.rescan(7)
    model.start(7)
    model.close_folder(7)
    model.buffer_closed(7)

    assert model.state(7) == FolderState()
    assert origin(model, workspace=7) == ""


def test_closing_while_a_folder_is_learned_ends_its_child(tmp_path: Path) -> None:
    """And nothing is waited for."""
    model = EmbeddedModel()
    model.open_folder(1, folder(tmp_path, "one", {"a.py": HABIT}))
    model.start(1)
    build = model._folders[1].learner._build
    begun = time.monotonic()
    model.close()

    assert time.monotonic() - begun < 1
    assert build is not None
    assert build._is_killed


def test_a_document_opened_again_is_read_again(model: EmbeddedModel) -> None:
    """And is the same as before until then."""
    model.open_folder(1, Path("/nowhere/at/all"))
    model.buffer_opened(1, 2, "b.py", "python", HABIT * 3)
    assert origin(model) == "b.py"
    model.buffer_opened(1, 2, "b.py", "python", "")
    assert origin(model) == ""


def test_as_a_backend_it_answers_where_it_stands(model: EmbeddedModel) -> None:
    """Without giving way to anything else."""
    backend = EmbeddedBackend(model)
    excerpt = excerpt_at(HABIT * 3 + ASKED, workspace=0)

    assert asyncio.run(backend.suggest(excerpt, doubt=ANY)) == model.suggest(excerpt, doubt=ANY) is not None
