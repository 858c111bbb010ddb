"""Evidence on the real way: a trusted workspace's own examples decide whether a local answer is shown."""

from pathlib import Path

import pytest

from hybrid_lsp.assistant import Failure, Whole
from hybrid_lsp.cli.session import Session
from hybrid_lsp.core.job import Job, Task, cut
from hybrid_lsp.core.policy import SAFEST
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.settings import read_config
from tests.doubles.ollama import Installed, Line, OllamaDouble

CODE = '''def double(x):
    """Return twice x.

    >>> double(4)
    8
    """
    return x + x
'''
WRONG, RIGHT = CODE.replace("x + x", "x * x"), CODE.replace("x + x", "2 * x")


@pytest.mark.privilege
@pytest.mark.parametrize(
    ("said", "trusted", "shown"),
    [(WRONG, True, False), (RIGHT, True, True), (WRONG, False, True)],
)
async def test_only_in_a_trusted_workspace_an_edit_has_to_keep_its_examples(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, trusted: bool, shown: bool
) -> None:
    """An answer that breaks the docstring's example is refused where the person said that it may be run, and only there."""
    monkeypatch.setenv("HYBRID_LSP_STATE", str(tmp_path / "state"))
    (repository / "twice.py").write_text(CODE, encoding="utf-8")
    folders = f'[evidence]\nfolders = ["{repository.as_posix()}"]\n' if trusted else ""
    async with OllamaDouble(
        models=(Installed(name="qwen3-coder:30b"),), script=(Line(say=("```python\n", said, "```")),)
    ) as double:
        config = tmp_path / "config.toml"
        config.write_text(f'{folders}[[server]]\nurl = "{double.url}"\nkind = "ollama"\n', encoding="utf-8")
        session = Session(read_config(config, {}), root=lambda _: repository, policy=lambda _: SAFEST)
        await session.look()
        excerpt = cut(CODE, path="twice.py", language="python", workspace=1)
        outcome = await session.run(
            Job(id="1", task=Task.REFACTOR, excerpt=excerpt, deliberate=True), Whole(text=CODE), fresh=True
        )
        await session.close()
    if shown:
        assert isinstance(outcome, Reply)
    else:
        assert isinstance(outcome, Failure)
        assert "example" in outcome.sentence
