"""embedded.names: which files are worth learning, by name."""

import pytest

from hybrid_lsp.embedded.names import family, folder_distance, language_of, may_be_learned, rank


@pytest.mark.parametrize(
    "path", ["a.py", "src/App.TSX", "Makefile", "x/y/z.rs", ".github/workflows/ci.yml", "docs/a.md", "nix/a.nix"]
)
def test_source_is_learned(path: str) -> None:
    """In all common languages."""
    assert may_be_learned(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.png", "LICENSE", "node_modules/x/index.js", "a/vendor/b.go", "Target/debug/x.rs", ".git/hooks/a.sh",
        "a.min.js", "api_pb2.py", "api.pb.go", "package-lock.json", "pnpm-lock.yaml", "Cargo.lock", "x.snap",
        ".env", ".env.py", "deploy/id_rsa", "config/credentials.json", "my_secrets.py", "server.pem",
        "../a.py", "a/../../b.py", "/etc/a.py", "a//b.py", "a\\..\\b.py", "", "/",
    ],
)  # fmt: skip
def test_what_nobody_here_wrote_is_not_learned(path: str) -> None:
    """Nor a secret, nor what lies outside of the folder."""
    assert not may_be_learned(path)


def test_the_same_language_comes_first_then_what_is_near() -> None:
    """And data last."""
    paths = ["z/far.py", "src/a/data.json", "src/a/other.js", "src/a/near.py", "src/b/next.py"]

    ordered = sorted(paths, key=lambda path: rank(path, "src/a/hand.py", "python"))

    assert ordered == ["src/a/near.py", "src/b/next.py", "z/far.py", "src/a/other.js", "src/a/data.json"]


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("", "", 0), ("a", "a", 0), ("", "a/b", 2), ("a/b", "a/c", 2), ("a/b/c", "a", 2), ("x", "y", 2)],
)
def test_distance_is_counted_in_steps(one: str, other: str, steps: int) -> None:
    """Up and down, the same both ways."""
    assert folder_distance(one, other) == folder_distance(other, one) == steps


@pytest.mark.parametrize(
    ("language_id", "path"),
    [("typescriptreact", "a.tsx"), ("python", "a.py"), ("cpp", "a.hpp"), ("shellscript", "a.sh")],
)
def test_editors_and_suffixes_mean_the_same_families(language_id: str, path: str) -> None:
    """So a file without a suffix finds its own kind."""
    assert family(language_id) == language_of(path)
