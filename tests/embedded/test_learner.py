"""embedded.learner: what is learned when, with builds that end when the test says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_lsp.embedded import learner as module
from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.learner import DELTA_BYTES, Learner
from hybrid_lsp.embedded.parcel import Answer, Order
from hybrid_lsp.embedded.scoring import shipped_weights
from tests.embedded.texts import learned


class Builder:
    """Builds that were begun, and whether the next may begin."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.killed = 0
        self.is_free = True
        self.now_s = 0.0
        self._done: list[Callable[[Answer | None], None]] = []

    def start(self, order: Order, done: Callable[[Answer | None], None], deadline_s: float) -> "Builder | None":
        """See `learner.Start`."""
        if not self.is_free:
            return None
        self.orders.append(order)
        self._done.append(done)
        return self

    def kill(self) -> None:
        """See `learner.Running`."""
        self.killed += 1

    def finish(
        self, files: dict[str, str] | None, *, overtaken: tuple[str, ...] = (), is_too_much: bool = False
    ) -> None:
        """End the build that began last."""
        answer = None
        if files is not None:
            answer = Answer(segment=learned(files), overtaken=overtaken, is_too_much=is_too_much)
        self._done.pop()(answer)


@pytest.fixture
def builder() -> Builder:
    """A builder that has nothing to do yet."""
    return Builder()


@pytest.fixture
def model() -> FolderModel:
    """The model that is taught."""
    return FolderModel(shipped_weights())


@pytest.fixture
def learner(builder: Builder, model: FolderModel) -> Learner:
    """A learner that has not begun."""
    return Learner(Path("/w"), model, builder.start, lambda: builder.now_s)


@pytest.fixture
def taught(builder: Builder, learner: Learner) -> Learner:
    """A learner whose folder holds a.py and b.py."""
    learner.begin("a.py")
    builder.finish({"a.py": "one\n", "src/b.py": "two\n"})
    builder.orders.clear()
    return learner


def test_nothing_is_learned_before_it_begins(builder: Builder, learner: Learner) -> None:
    """A folder in which nobody works costs nothing."""
    learner.rescan()
    learner.changed(["a.py"])
    learner.tend()

    assert builder.orders == []
    assert not learner.is_ready


def test_the_first_build_is_of_everything_and_knows_what_is_in_hand(builder: Builder, learner: Learner) -> None:
    """And it happens once."""
    learner.begin("src/a.rs", "rust")
    learner.begin("other.py", "python")

    (order,) = builder.orders
    assert (order.near, order.language, order.paths, order.known) == ("src/a.rs", "rust", None, None)
    assert learner.is_building
    builder.finish({"a.rs": "x\n"})
    assert learner.is_ready
    assert not learner.is_building


def test_a_folder_that_is_too_large_is_learned_again_near_the_first_file_in_hand(
    builder: Builder, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun with nothing in hand, a folder is learned once more when a file is, but only if that would change anything."""
    learner.begin()
    builder.finish({"a.py": "one\n"})
    learner.begin("src/b.py")
    assert [order.near for order in builder.orders] == [""]

    again = Learner(Path("/w"), FolderModel(shipped_weights()), builder.start, lambda: 0.0)
    monkeypatch.setattr(module, "BASE_BYTES", 4)
    again.begin()
    builder.finish({"a.py": "one\n"})
    again.begin("src/b.py")
    assert [order.near for order in builder.orders[1:]] == ["", "src/b.py"]


def test_changes_are_learned_together(builder: Builder, taught: Learner, model: FolderModel) -> None:
    """Those that come while a build runs go into the next one, with all that differ from the base."""
    taught.changed(["a.py"])
    taught.changed(["c.py"])
    taught.changed(["a.py"])
    assert [order.paths for order in builder.orders] == [("a.py",)]

    builder.finish({"a.py": "new\n"}, overtaken=("a.py",))
    assert [order.paths for order in builder.orders] == [("a.py",), ("a.py", "c.py")]
    assert builder.orders[-1].budget_bytes == DELTA_BYTES
    builder.finish({"a.py": "new\n", "c.py": "three\n"}, overtaken=("a.py", "c.py"))
    assert not taught.is_building
    assert model.indexed_files == 3


def test_too_much_change_makes_a_new_base(builder: Builder, taught: Learner) -> None:
    """Whether in bytes or in files, or because other files are ignored now."""
    taught.changed(["a.py"])
    builder.finish({}, is_too_much=True)
    assert builder.orders[-1].paths is None
    builder.finish({"a.py": "x\n"})

    taught.changed([f"f{i}.py" for i in range(module._MAX_CHANGED_PATHS + 1)])
    assert builder.orders[-1].paths is None
    builder.finish({"a.py": "x\n"})

    taught.changed(["src/.gitignore"])
    assert builder.orders[-1].paths is None


def test_what_does_not_concern_it_is_passed_over(builder: Builder, taught: Learner) -> None:
    """Pictures, secrets, build results, paths that lead out."""
    taught.changed(["a.png", ".env", "node_modules/x.js", "../a.py", ".git/index"])

    assert builder.orders == []


def test_a_folder_that_went_is_learned_again(builder: Builder, taught: Learner) -> None:
    """An editor may tell of the folder only."""
    taught.changed(["src"])

    assert builder.orders[-1].paths == ("src/b.py",)


def test_a_file_that_is_open_is_learned_when_it_is_closed(
    builder: Builder, taught: Learner, model: FolderModel
) -> None:
    """Saving what one types starts no process."""
    model.open_page(1, "a.py", "typed\n")
    taught.changed(["a.py"])
    assert builder.orders == []

    model.close_page(1)
    taught.page_closed("a.py")
    assert builder.orders[-1].paths == ("a.py",)


def test_a_rescan_compares_with_the_base(builder: Builder, taught: Learner, model: FolderModel) -> None:
    """And what it finds is the delta from then on."""
    taught.rescan()
    assert builder.orders[-1].known == model.base.stamps
    assert builder.orders[-1].accept_new
    builder.finish({"c.py": "three\n"}, overtaken=("a.py",))

    assert model.indexed_files == 2
    taught.changed(["d.py"])
    assert builder.orders[-1].paths == ("a.py", "c.py", "d.py")


def test_a_failed_build_is_tried_again_later_and_later(builder: Builder, learner: Learner) -> None:
    """While the open documents go on speaking."""
    learner.begin()
    for delay_s in module._RETRY_AFTER_S:
        builder.finish(None)
        learner.tend()
        assert not learner.is_building
        builder.now_s += delay_s
        learner.tend()
        assert learner.is_building
    builder.finish({"a.py": "x\n"})
    assert learner.is_ready


def test_it_waits_while_another_folder_is_learned(builder: Builder, learner: Learner) -> None:
    """And begins when it is asked again."""
    builder.is_free = False
    learner.begin()
    assert not learner.is_building

    builder.is_free = True
    learner.tend()
    assert learner.is_building


def test_once_closed_it_kills_and_hears_nothing_more(builder: Builder, learner: Learner, model: FolderModel) -> None:
    """Not even the answer that was on its way."""
    learner.begin()
    learner.close()
    builder.finish({"a.py": "x\n"})
    learner.tend()

    assert builder.killed == 1
    assert len(builder.orders) == 1
    assert model.indexed_files == 0
