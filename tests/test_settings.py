"""settings: files become values, and their faults sentences."""

import os
from pathlib import Path

import pytest

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.policy import SAFEST, Leave
from hybrid_lsp.settings import (
    Config,
    Server,
    Whitelist,
    Whitelists,
    config_path,
    read_config,
    read_whitelist,
    reread_if_changed,
    user_whitelist_path,
)

REVIEW = '{"allowed_for_cloud": {"code_review": true}}'


def test_no_file_allows_nothing_and_is_no_problem(tmp_path: Path) -> None:
    """Who has not written a whitelist is told nothing and sends nothing."""
    assert read_whitelist(tmp_path / "whitelist.json") == Whitelist(path=tmp_path / "whitelist.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "is not UTF-8 text; save it as UTF-8"),
        (b" " * ((1 << 20) + 1), "is larger than 1 MiB"),
        (b"{", "is not valid JSON"),
    ],
)
def test_an_unreadable_file_is_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    """What cannot be read allows nothing and says how to mend it."""
    path = tmp_path / "whitelist.json"
    path.write_bytes(content)
    whitelist = read_whitelist(path)

    assert whitelist.policy == SAFEST
    assert sentence in whitelist.problems[0].sentence
    assert str(tmp_path) not in whitelist.problems[0].sentence


def test_a_folder_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    """Something that is not a file does not stop the server."""
    (tmp_path / "whitelist.json").mkdir()

    assert "is not a file" in read_whitelist(tmp_path / "whitelist.json").problems[0].sentence


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe in the place of the file is refused at once instead of being read for ever."""
    os.mkfifo(tmp_path / "whitelist.json")

    assert "is not a file" in read_whitelist(tmp_path / "whitelist.json").problems[0].sentence
    assert "is not a file" in read_config(tmp_path / "whitelist.json", {}).problems[0].sentence


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Windows editors put one there."""
    path = tmp_path / "whitelist.json"
    path.write_text(REVIEW, encoding="utf-8-sig")

    assert read_whitelist(path).policy.decide(Leave(Task.REVIEW)).allowed


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    """Appearing, changing and vanishing are all seen; nothing is read twice for nothing."""
    path = tmp_path / "whitelist.json"
    missing = read_whitelist(path)
    assert reread_if_changed(missing) is missing

    path.write_text(REVIEW, encoding="utf-8")
    present = reread_if_changed(missing)
    assert present.policy.decide(Leave(Task.REVIEW)).allowed
    assert reread_if_changed(present) is present

    path.write_text("{ broken", encoding="utf-8")
    broken = reread_if_changed(present)
    assert (broken.policy, len(broken.problems)) == (SAFEST, 1)

    path.unlink()
    assert reread_if_changed(broken) == missing


def test_a_workspace_narrows_and_never_widens(tmp_path: Path) -> None:
    """A repository's whitelist.json takes away; a broken one takes everything away; none changes nothing."""
    user, folder = tmp_path / "user.json", tmp_path / "folder"
    folder.mkdir()
    user.write_text(REVIEW, encoding="utf-8")
    whitelists = Whitelists(user)
    assert whitelists.policy(folder) == SAFEST  # nothing may leave before anything was read

    assert [w.path for w in whitelists.reread([folder])] == [user]
    assert whitelists.reread([folder]) == []
    assert whitelists.policy(folder).decide(Leave(Task.REVIEW)).allowed

    for content in ('{"allowed_for_cloud": {"reasoning_tasks": true}}', "{"):
        (folder / "whitelist.json").write_text(content, encoding="utf-8")
        assert [w.path for w in whitelists.reread([folder])] == [folder / "whitelist.json"]
        assert whitelists.policy(folder) == SAFEST
        assert whitelists.policy(None).decide(Leave(Task.REVIEW)).allowed


def test_a_policy_in_force_is_one_object_until_a_file_changes(tmp_path: Path) -> None:
    """So that what it was asked before it need not work out again; the settings' exclusions are in it everywhere."""
    user, folder = tmp_path / "user.json", tmp_path / "folder"
    folder.mkdir()
    user.write_text(REVIEW, encoding="utf-8")
    (folder / "whitelist.json").write_text(REVIEW, encoding="utf-8")
    whitelists = Whitelists(user, excluded=["legacy"])
    assert whitelists.policy(None) == SAFEST.excluding(["legacy"])
    whitelists.reread([folder])
    here, elsewhere = whitelists.policy(folder), whitelists.policy(None)

    assert here.excluded == elsewhere.excluded == ("legacy",)
    assert whitelists.policy(folder) is here
    assert whitelists.policy(None) is elsewhere

    (folder / "whitelist.json").write_text("{ }", encoding="utf-8")
    whitelists.reread([folder])
    assert whitelists.policy(folder) == SAFEST.excluding(["legacy"])


def test_of_a_folder_that_is_not_read_nobody_knows_what_it_forbids(tmp_path: Path) -> None:
    """Before it was read, and after it was closed, nothing may leave it."""
    user = tmp_path / "user.json"
    user.write_text(REVIEW, encoding="utf-8")
    (tmp_path / "whitelist.json").write_text("{}", encoding="utf-8")
    whitelists = Whitelists(user)
    whitelists.reread([])
    assert whitelists.policy(None).decide(Leave(Task.REVIEW)).allowed
    assert whitelists.policy(tmp_path) == SAFEST

    (tmp_path / "whitelist.json").unlink()
    whitelists.reread([tmp_path])
    assert whitelists.policy(tmp_path).decide(Leave(Task.REVIEW)).allowed
    whitelists.reread([])
    assert whitelists.policy(tmp_path) == SAFEST


def test_where_the_users_whitelist_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line comes before the environment, and that before the configuration folder."""
    assert user_whitelist_path().name == "whitelist.json"
    assert "hybrid-lsp" in str(user_whitelist_path())
    monkeypatch.setenv("HYBRID_LSP_WHITELIST", str(tmp_path / "b.json"))
    assert user_whitelist_path() == tmp_path / "b.json"
    assert user_whitelist_path(tmp_path / "a.json") == tmp_path / "a.json"


CONFIG = """
own_hosts = ["GPU.lan"]
[[server]]
url = "http://gpu.lan:8080"
kind = "llamacpp"
key_env = "GPU_KEY"
[inline]
gguf = "/models/small.gguf"
prepare = false
languages_off = ["markdown"]
paths_off = ["legacy/*"]
[hover]
enabled = false
wait_s = 0.5
"""


def test_a_config_is_read_whole(tmp_path: Path) -> None:
    """Every setting arrives, and the key comes from the environment."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    config = read_config(path, {"GPU_KEY": "abc"})

    assert config == Config(
        servers=(Server(url="http://gpu.lan:8080", kind="llamacpp", key="abc"),),
        own_hosts=frozenset({"gpu.lan"}),
        gguf=Path("/models/small.gguf"),
        prepare=False,
        languages_off=frozenset({"markdown"}),
        paths_off=("legacy/*",),
        hover=False,
        hover_wait_s=0.5,
    )
    assert "abc" not in repr(config)
    assert (config.is_off("markdown", "a.md"), config.is_off("go", "legacy/a.go"), config.is_off("go", "a.go")) == (
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "config.toml is not valid TOML"),
        ("bogus = 1", '"bogus" is not a setting'),
        ("[inline]\nbogus = 1", '"inline.bogus" is not a setting'),
        ("[inline]\nenabled = 1", '"inline.enabled" must be true or false'),
        ("[hover]\nwait_s = -1", '"hover.wait_s" must be a number from 0 to 30'),
        ("[hover]\nbogus = 1", '"hover.bogus" is not a setting'),
        ("inline = 1", '"inline" must be a table'),
        ("own_hosts = [1]", '"own_hosts" must be a list of texts'),
        ("server = 1", '"server" must be a list of tables'),
        ("[[server]]", '"server.url" is missing'),
        ("[[server]]\nurl = 'x'\nkind = 'y'", '"server.kind" must be one of ollama, llamacpp, openai'),
        ("[[server]]\nurl = 'x'\nkey_env = 'NO'", '"server.key_env" names NO, which is not set'),
        ("[[server]]\nurl = 'x'\nport = 1", '"server.port" is not a setting of a server'),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_left_out(tmp_path: Path, text: str, sentence: str) -> None:
    """What is wrong is named with the way out, and the rest is in force."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    config = read_config(path, {})

    assert len(config.problems) == 1
    assert sentence in config.problems[0].sentence
    assert config.enabled


def test_no_config_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has written none gets ghost text all the same."""
    assert read_config(tmp_path / "config.toml", {}) == Config()
    assert config_path().name == "config.toml"
    monkeypatch.setenv("HYBRID_LSP_CONFIG", str(tmp_path / "c.toml"))
    assert config_path() == tmp_path / "c.toml"
