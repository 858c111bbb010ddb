"""Which files are worth learning from, as far as their names tell. Pure; reads nothing."""

from pathlib import PurePosixPath

from hybrid_lsp.core.policy import is_secret_path

_FAMILIES = """
python: py pyi pyx
javascript: js jsx mjs cjs ts tsx mts cts vue svelte astro
go: go
rust: rs
c: c h cc cpp cxx hh hpp hxx inl m mm cu cuh ino
java: java kt kts groovy gradle scala
csharp: cs fs fsx vb
ruby: rb rake erb gemspec
php: php
swift: swift
lua: lua
shell: sh bash zsh fish ps1 bat cmd
perl: pl pm t
r: r rmd jl
haskell: hs elm ml mli purs
lisp: clj cljs cljc edn el lisp scm rkt
erlang: ex exs erl hrl gleam
dart: dart
zig: zig nim v d cr odin
sql: sql
build: cmake mk bzl bazel nix tf hcl just
web: html htm css scss sass less hbs ejs jinja j2 twig
prose: md mdx rst txt adoc tex
data: json jsonc json5 toml yaml yml ini cfg conf xml proto graphql gql thrift properties
"""
_LANGUAGE = {
    suffix: name
    for name, _, suffixes in (row.partition(":") for row in _FAMILIES.split("\n"))
    for suffix in suffixes.split()
}
_WHOLE_NAMES = {"makefile": "build", "dockerfile": "build", "justfile": "build", "rakefile": "ruby", "gemfile": "ruby"}
_LATE = frozenset(("web", "prose", "data"))
_SAME_AS = {"typescript": "javascript", "cpp": "c", "kotlin": "java", "scala": "java", "shellscript": "shell"}

_FOREIGN_FOLDERS = frozenset((
    "node_modules", "bower_components", "vendor", "third_party", "thirdparty", "external", "site-packages", "pods",
    "carthage", "deps", "_deps", "dist", "build", "out", "target", "bin", "obj", "deriveddata", "venv", "env",
    "virtualenv", "coverage", "htmlcov", "__pycache__", "__snapshots__", "__generated__", "generated", "tmp", "temp",
))  # fmt: skip
_WELCOME_DOT_FOLDERS = frozenset((".github",))
_GENERATED_ENDS = (
    ".min.js", ".min.css", ".min.mjs", ".bundle.js", ".chunk.js", "_pb2.py", "_pb2_grpc.py", "_pb2.pyi", ".pb.go",
    ".pb.cc", ".pb.h", ".g.dart", ".freezed.dart", ".generated.ts", ".designer.cs", ".g.cs", "-lock.json", "-lock.yaml",
    ".lock.json", "npm-shrinkwrap.json",
)  # fmt: skip


def language_of(path: str) -> str:
    """Return the family of languages that a file belongs to; empty when it is none that we learn."""
    name = PurePosixPath(path).name.lower()
    return _WHOLE_NAMES.get(name) or _LANGUAGE.get(name.rpartition(".")[2] if "." in name else "", "")


def family(language_id: str) -> str:
    """Return the family that an editor's language id belongs to."""
    plain = language_id.lower().removesuffix("react")
    return _SAME_AS.get(plain, plain)


def is_learnable_folder(name: str) -> bool:
    """Say whether a folder of that name may hold what people here have written."""
    lower = name.lower()
    return lower in _WELCOME_DOT_FOLDERS or not (lower.startswith(".") or lower in _FOREIGN_FOLDERS)


def is_learnable_file(name: str) -> bool:
    """Say whether a file of that name is source that people here have written."""
    return bool(language_of(name)) and not name.lower().endswith(_GENERATED_ENDS) and not is_secret_path(name)


def may_be_learned(path: str) -> bool:
    """Say the same of a path relative to the workspace folder. False for a path that leads out of it."""
    *folders, name = path.split("/")
    inside = "" not in folders and ".." not in folders and "\\" not in path
    return inside and all(map(is_learnable_folder, folders)) and is_learnable_file(name) and not is_secret_path(path)


def rank(path: str, near: str, language: str) -> tuple[int, int, str]:
    """Return a file's place in the queue, lowest first: same language, other code, the rest; each nearest first."""
    own = language_of(path)
    kind = 0 if own == language else (2 if own in _LATE else 1)
    return kind, folder_distance(path.rpartition("/")[0], near.rpartition("/")[0]), path


def folder_distance(one: str, other: str) -> int:
    """Return how many steps up and down lie between two folders."""
    a, b = one.split("/") if one else [], other.split("/") if other else []
    common = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return len(a) + len(b) - 2 * common
