"""core.prompt: what goes to a model, and how little of it a keystroke changes."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.fim import FAMILIES, Family
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.prompt import EMPTY, Chunk, PromptState, Why, build, chunk_at
from hybrid_lsp.core.redact import looks_random
from hybrid_lsp.core.stream import FimPrompt
from hybrid_lsp.core.tokens import Room, Scale, estimate_tokens

ROOM = Room(window_tokens=4096, output_tokens=48)
TIGHT = Room(window_tokens=4096, output_tokens=48, prompt_tokens=400)
KEY = "sKx9QmTz7RvB2nLw4HcY8pJd"
QWEN = FAMILIES["qwen-coder"]


def excerpt(above: str = "", prefix: str = "", suffix: str = "", below: str = "", **other: object) -> Excerpt:
    """The cursor behind `prefix`, in a file whose every line above is in the window."""
    values: dict[str, object] = {"workspace": 1, "document": 1, "version": 1, "path": "shop/a.py", "language": "python"}
    values |= {"line": above.count("\n"), "above": above, "prefix": prefix, "suffix": suffix, "below": below}
    return Excerpt(**(values | other))  # type: ignore[arg-type]


def ask(
    at: Excerpt, state: PromptState = EMPTY, *, family: Family | None = QWEN, room: Room = ROOM,
    chunks: tuple[Chunk, ...] = (), single_line: bool = True,
) -> tuple[FimPrompt, PromptState]:  # fmt: skip
    """Build with what a running server would pass."""
    return build(at, state, family=family, room=room, is_secret=looks_random, chunks=chunks, single_line=single_line)


def lines(n: int, name: str = "value") -> str:
    """N lines of code, no two alike."""
    return "".join(f"{name}_{chr(97 + i % 26)}{i} = compute({i})\n" for i in range(n))


@pytest.mark.parametrize(
    ("family", "raw"),
    [
        ("qwen-coder", "<|fim_prefix|>import os\n<|fim_suffix|>\nrun()\n<|fim_middle|>def f("),
        ("codellama", "<PRE> import os\n <SUF>\nrun()\n <MID>def f("),
        ("deepseek-coder", "<｜fim▁begin｜>import os\n<｜fim▁hole｜>\nrun()\n<｜fim▁end｜>def f("),
        ("starcoder2", "<fim_prefix>import os\n<fim_suffix>\nrun()\n<fim_middle>def f("),
        ("codestral", "[SUFFIX]\nrun()\n[PREFIX]import os\ndef f("),
        ("seed-coder", "<[fim-suffix]>\nrun()\n<[fim-prefix]>import os\n<[fim-middle]>def f("),
    ],
)
def test_the_prompt_of_a_small_file(family: str, raw: str) -> None:
    """Lines above, lines below, and last the typed line; the closer that the editor put there is left out."""
    prompt, _ = ask(excerpt("import os\n", "def f(", ")", "run()\n"), family=FAMILIES[family])

    assert prompt.raw == raw
    assert (prompt.before, prompt.after) == ("import os\ndef f(", "\nrun()\n")
    assert prompt.stop == (*FAMILIES[family].stop, "\n")


@pytest.mark.parametrize(
    ("family", "raw"),
    [
        ("qwen-coder", "<|repo_name|>workspace\n<|file_sep|>shop/b.py\ndef b():\n    pass\n<|file_sep|>shop/a.py\n<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>b"),
        ("starcoder2", "<repo_name>workspace\n<file_sep>shop/b.py\ndef b():\n    pass\n<file_sep><fim_prefix>shop/a.py\n<fim_suffix>\n<fim_middle>b"),
        ("codestral", "[SUFFIX]\n[PREFIX]# shop/b.py\ndef b():\n    pass\n# shop/a.py\nb"),
        ("codegemma", "<|fim_prefix|># shop/b.py\ndef b():\n    pass\n# shop/a.py\n<|fim_suffix|>\n<|fim_middle|>b"),
    ],
)  # fmt: skip
def test_the_prompt_with_a_chunk(family: str, raw: str) -> None:
    """A chunk stands in front of everything, introduced by its path, and so does the own file."""
    chunk = Chunk(path="shop/b.py", text="def b():\n    pass", why=Why.RECENT)
    prompt, _ = ask(excerpt(prefix="b"), family=FAMILIES[family], chunks=(chunk,))

    assert prompt.raw == raw
    assert prompt.before == "# shop/b.py\ndef b():\n    pass\n# shop/a.py\nb"


@pytest.mark.parametrize(
    ("language", "introduction"),
    [("python", "# b\n"), ("go", "// b\n"), ("lua", "-- b\n"), ("html", "<!-- b -->\n"), ("css", "/* b */\n"), ("", "// b\n")],
)  # fmt: skip
def test_paths_stand_in_comments_of_the_language(language: str, introduction: str) -> None:
    """Where the family has no mark for files, a comment line says which one it is."""
    chunk = Chunk(path="b", text="text\n", why=Why.RECENT)

    assert ask(excerpt(language=language), chunks=(chunk,))[0].before.startswith(introduction)


def test_a_server_that_fills_in_itself() -> None:
    """Without a family there is no raw prompt, and neither side is ever empty: Ollama would not generate at all."""
    prompt, _ = ask(excerpt(), family=None, single_line=False)

    assert prompt == FimPrompt(raw="", before="\n", after="\n", stop=(), estimated_tokens=prompt.estimated_tokens)


@pytest.mark.parametrize(
    ("suffix", "after"), [("", "\nx\n"), (")", "\nx\n"), (') ":', "\nx\n"), (" + 1)", " + 1)\nx\n"), ("é", "é\nx\n")]
)
def test_what_stands_right_of_the_cursor(suffix: str, after: str) -> None:
    """Text of the user is in the prompt; closers that an editor adds and takes away are not."""
    assert ask(excerpt("", "f(", suffix, "x\n"))[0].after == after


typed = st.text(alphabet="ab1_. (é", max_size=15)
code = st.lists(
    st.sampled_from(["x = 1\n", "    return compute(a, b)\n", "\n", "雪 = '雪雪雪'\n", "0123456789\n"]), max_size=150
)
rooms = st.builds(
    Room, window_tokens=st.integers(100, 9000), output_tokens=st.just(48), prompt_tokens=st.integers(48, 4096),
    scale=st.builds(Scale, factor=st.floats(0.5, 2.5)),
)  # fmt: skip
families = st.sampled_from([*FAMILIES.values(), None])


@given(code, code, typed, st.text(alphabet="ab1_. (", min_size=1, max_size=1), families, st.floats(0.5, 2.5))
def test_a_typed_character_is_a_continuation(
    above: list[str], below: list[str], prefix: str, char: str, family: Family | None, factor: float
) -> None:
    """The prompt after a keystroke is the one before it and the character: everything computed stays good."""
    room = replace(ROOM, prompt_tokens=600, scale=Scale(factor=factor))
    at = excerpt("".join(above), prefix, "", "".join(below))
    old, state = ask(at, family=family, room=room)
    new, after = ask(replace(at, prefix=prefix + char), state, family=family, room=room)

    assert (new.raw, new.before, new.after) == (
        old.raw + char if family else "",
        (state.above.text + prefix + char),
        old.after,
    )
    assert (after.above, after.below) == (state.above, state.below)


@given(code, code, typed, rooms, families, st.lists(st.text(alphabet="ab1\n", max_size=200), max_size=4))
def test_a_prompt_keeps_its_budget(
    above: list[str], below: list[str], prefix: str, room: Room, family: Family | None, others: list[str]
) -> None:
    """Whatever the texts and the room: the estimate is within it, the typed line comes last, and twice is the same."""
    chunks = tuple(Chunk(path=f"{i}.py", text=text, why=Why.VISIBLE) for i, text in enumerate(others))
    at = excerpt("".join(above), prefix, "+ 1", "".join(below))
    prompt, state = ask(at, family=family, room=room, chunks=chunks)
    weights = {"coefficients": family.coefficients} if family else {}

    assert prompt.estimated_tokens <= room.budget_tokens
    if family is None:
        counted = estimate_tokens(prompt.before, **weights) + estimate_tokens(prompt.after, **weights)
        assert room.scale.scaled(counted) <= prompt.estimated_tokens
    if room.budget_tokens / room.scale.factor > 100:
        assert (prompt.raw if family else prompt.before).endswith(prefix)
    assert ask(at, family=family, room=room, chunks=chunks) == (prompt, state)
    assert ask(at, state, family=family, room=room, chunks=chunks)[0] == prompt


@given(code, typed, st.lists(st.sampled_from(["key", "enter", "up", "jump", "other"]), max_size=25))
def test_any_way_through_files_keeps_the_budget(above: list[str], prefix: str, moves: list[str]) -> None:
    """States handed on through keystrokes, new lines, jumps and other documents never break the budget."""
    at, state = excerpt("".join(above), prefix, "", lines(40)), EMPTY
    for move in moves:
        rows = at.above.splitlines(keepends=True)
        if move == "key":
            at = replace(at, prefix=at.prefix + "x")
        elif move == "enter":
            at = replace(at, above=f"{at.above}{at.prefix}\n", prefix="", line=at.line + 1)
        elif move == "up" and rows:
            at = replace(at, above="".join(rows[:-1]), below=rows[-1] + at.below, line=at.line - 1)
        elif move == "jump":
            at = replace(at, above=lines(300), line=300)
        else:
            at = replace(at, document=at.document + 1)
        prompt, state = ask(at, state, room=TIGHT)
        assert prompt.estimated_tokens <= TIGHT.budget_tokens
        assert f"\n{at.before}".endswith(prompt.before)
        assert state.above.first_line + state.above.text.count("\n") == at.line


def test_enter_keeps_everything_above_and_below() -> None:
    """A new line at a line's end only adds the old one to the lines above; suffix-first families need no more."""
    above, below = lines(30), lines(5, "later")
    for family in FAMILIES.values():
        old, state = ask(excerpt(above, "x = 1", "", below), family=family)
        new, _ = ask(excerpt(above + "x = 1\n", "", "", below), state, family=family)

        assert new.after == old.after
        assert new.before == old.before + "\n"
        if family.suffix_first and family.middle_mark == "":
            assert new.raw == old.raw + "\n"


def test_the_anchor_moves_rarely_and_far() -> None:
    """Writing 200 lines moves the start of the window a few times, each time by about half of what fits."""
    above, state, anchors = lines(200), EMPTY, []
    for i in range(200):
        above += f"new_value_{i} = compute({i})\n"
        _, state = ask(excerpt(above, "x"), state, room=TIGHT)
        anchors.append(state.above.first_line)
    steps = [b - a for a, b in pairwise(anchors) if b != a]

    assert anchors[0] > 150
    assert 5 <= len(steps) <= 25
    assert all(step >= 8 for step in steps)


def test_the_anchor_follows_the_cursor() -> None:
    """It stays for a cursor below it and moves for one above it, for another document, and never without a need."""
    text = lines(400).splitlines(keepends=True)
    at = [excerpt("".join(text[:line]), "x", "", "".join(text[line:])) for line in (300, 302, 200, 201)]
    firsts, state = [], EMPTY
    for each in at:
        _, state = ask(each, state, room=TIGHT)
        firsts.append(state.above.first_line)

    assert firsts[0] == firsts[1] < 300
    assert firsts[2] == firsts[3] < 200
    assert ask(replace(at[0], document=2), state, room=TIGHT)[1].above.first_line == firsts[0]


def test_lines_below_are_few_and_whole() -> None:
    """No more than asked for, cut at a line's end, and the same while the scale learns a little."""
    at = excerpt("", "x", "", lines(100))
    prompt, state = ask(at)
    learned = replace(ROOM, scale=Scale(factor=1.1))

    assert prompt.after.endswith("\n")
    assert at.below.startswith(prompt.after[1:])
    assert 100 < estimate_tokens(prompt.after, QWEN.coefficients) < ROOM.suffix_tokens
    assert ask(at, state, room=learned)[0].after == prompt.after


def test_a_very_long_line_is_cut_in_steps() -> None:
    """Of a minified line the end is sent, and most keystrokes leave its beginning where it is."""
    text, state, starts = "a1,b2;" * 20_000, EMPTY, set()
    for i in range(50):
        prompt, state = ask(excerpt("", text + "x" * i, "y+" * 5000, ""), state, room=TIGHT)
        assert prompt.before.endswith("b2;" + "x" * i)
        assert prompt.estimated_tokens <= TIGHT.budget_tokens
        starts.add(len(text) + i - len(prompt.before))

    assert len(starts) <= 3


def test_what_does_not_fit_goes_in_order() -> None:
    """Less room costs first the chunks, then lines below, and lines above last."""
    at = excerpt(lines(60), "x", "", lines(60, "later"))
    chunk = Chunk(path="b.py", text=lines(20, "other"), why=Why.RECENT)
    sizes = {}
    for tokens in (2048, 700, 400, 60):
        prompt, state = ask(at, room=replace(ROOM, prompt_tokens=tokens), chunks=(chunk,))
        sizes[tokens] = (len(state.chunks), prompt.after.count("\n"), state.above.text.count("\n"))

    assert [size[0] for size in sizes.values()] == [1, 1, 0, 0]
    assert sizes[2048][1:] > (1, 59)
    assert sizes[400][2] > 2 * (sizes[400][1] - 1)
    assert sizes[60][2] >= 1


def test_after_an_overflow_the_prompt_fits() -> None:
    """Built anew with the server's exact count, the prompt is as long as that server allows."""
    at, room = excerpt(lines(500), "x", "", lines(50)), replace(ROOM, window_tokens=2048)
    old, state = ask(at, room=room)
    counted = old.estimated_tokens * 2.4
    trouble = Trouble(TroubleKind.OVERFLOW, "too long", prompt_tokens=int(counted), window_tokens=2048)
    new, _ = ask(at, state, room=room.after(trouble, estimated_tokens=old.estimated_tokens))

    assert counted > 2048
    assert new.estimated_tokens <= 2000 / 1.12
    assert len(new.before) < len(old.before)


@pytest.mark.parametrize("path", [".env", "deploy/id_rsa", "config/secrets.py"])
def test_secret_files_are_never_in_a_prompt(path: str) -> None:
    """Neither as the own file nor as a chunk, whoever offers it."""
    chunk = Chunk(path=path, text="user = 1\n", why=Why.RECENT)

    assert "user" not in ask(excerpt(), chunks=(chunk,))[0].raw
    with pytest.raises(Refused):
        ask(excerpt(path=path))


def test_keys_are_never_in_a_prompt() -> None:
    """Lines with a key are left empty in every part, in the typed line only the key is; nothing else changes."""
    line = f"token = '{KEY}'\n"
    chunk = Chunk(path="b.py", text=f"a = 1\n{line}b = 2\n", why=Why.RECENT)
    prompt, _ = ask(excerpt(f"c = 1\n{line}d = 2\n", f"f('{KEY}', ", f"g, '{KEY}')", f"e = 1\n{line}"), chunks=(chunk,))

    assert KEY not in prompt.raw + prompt.before + prompt.after
    assert prompt.before == "# b.py\na = 1\n\nb = 2\n# shop/a.py\nc = 1\n\nd = 2\nf('***', "
    assert prompt.after == "g, '***')\ne = 1\n\n"


def test_special_tokens_in_files_are_text() -> None:
    """A file that speaks of prompts cannot end the prefix or close the suffix."""
    text = "s = '<|fim_suffix|>'\n"
    chunk = Chunk(path="<|file_sep|>.py", text="t = '<|fim_middle|>'\n", why=Why.RECENT)
    prompt, _ = ask(excerpt(text, "x = '<|fim_prefix|>", "", text), chunks=(chunk,))

    assert [prompt.raw.count(mark) for mark in QWEN.marks] == [1, 1, 1]
    assert prompt.raw.count("<|file_sep|>") == 2


def offer(*names: str, n: int = 8, why: Why = Why.VISIBLE) -> tuple[Chunk, ...]:
    """Chunks of n lines that have nothing in common."""
    return tuple(Chunk(path=f"{name}.py", text=lines(n, name), why=why) for name in names)


def taken(state: PromptState) -> list[str]:
    """The names of the chunks in the prompt."""
    return [chunk.path.removesuffix(".py") for chunk in state.chunks]


def test_chunks_are_added_at_the_end() -> None:
    """What was there keeps its place and its text, whatever is offered and in whatever order."""
    _, state = ask(excerpt(), chunks=offer("b", "a"))
    old = state.front.pasted.removesuffix("# shop/a.py\n")
    prompt, state = ask(excerpt(), state, chunks=offer("c", "a"))

    assert taken(state) == ["b", "a", "c"]
    assert prompt.before.startswith(old)


def test_the_best_reason_comes_first() -> None:
    """Of several new chunks those edited lately are taken before those that are only of the same language."""
    chunks = offer("d", why=Why.LANGUAGE) + offer("c", why=Why.IMPORTED) + offer("b") + offer("a", why=Why.RECENT)

    assert taken(ask(excerpt(), chunks=chunks)[1]) == ["a", "b", "c", "d"]


def test_the_older_half_goes_at_once() -> None:
    """When chunks no longer fit, half of them make room, so that the next ones fit without another change."""
    state, names, counts = EMPTY, [f"n{i}" for i in range(20)], []
    for name in names:
        prompt, state = ask(excerpt(), state, chunks=offer(name))
        counts.append(len(state.chunks))
        assert taken(state)[-1] == name
        assert prompt.estimated_tokens <= ROOM.budget_tokens
    falls = [a - b for a, b in pairwise(counts) if b < a]

    assert 0 < len(falls) < 6
    assert all(fall >= 2 for fall in falls)


@pytest.mark.parametrize(
    ("chunk", "is_taken"),
    [
        (Chunk(path="c.py", text=lines(20, "b"), why=Why.RECENT), False),
        (Chunk(path="c.py", text=lines(19, "b") + "new = 1\n", why=Why.RECENT), False),
        (Chunk(path="c.py", text=lines(10, "b") + lines(10, "c"), why=Why.RECENT), True),
        (Chunk(path="c.py", text=lines(20, "here"), why=Why.RECENT), False),
        (Chunk(path="shop/a.py", text=lines(20, "c"), why=Why.RECENT), False),
        (Chunk(path="c.py", text=" \n\n", why=Why.RECENT), False),
        (Chunk(path="c.py", text="", why=Why.RECENT), False),
    ],
)
def test_nothing_is_said_twice(chunk: Chunk, is_taken: bool) -> None:
    """A chunk like one that is there, like the text around the cursor, of the own file or without text is left out."""
    at = excerpt(lines(20, "here"))
    _, state = ask(at, chunks=offer("b", n=20))
    _, state = ask(at, state, chunks=(chunk,))

    assert taken(state) == (["b", "c"] if is_taken else ["b"])


def test_a_long_chunk_is_cut_to_its_middle() -> None:
    """Of a chunk that is longer than the room its middle lines are taken."""
    _, state = ask(excerpt(), room=replace(ROOM, prompt_tokens=800), chunks=offer("b", n=64))

    assert 8 <= state.chunks[0].text.count("\n") <= 32
    assert "b_g32 = compute(32)\n" in state.chunks[0].text


def test_chunks_stay_in_their_workspace() -> None:
    """Another document keeps the chunks, but for its own; another workspace has none of them."""
    _, state = ask(excerpt(), chunks=offer("b", "c"))

    assert taken(ask(excerpt(document=2, path="b.py"), state)[1]) == ["c"]
    assert taken(ask(excerpt(document=2, workspace=2), state)[1]) == []


def test_another_model_starts_afresh() -> None:
    """A state that was made for another family does not bring its prompt along."""
    at, chunks = excerpt(lines(5), "x", "", lines(5)), offer("b")
    _, state = ask(at, chunks=chunks)
    other = FAMILIES["codellama"]

    assert ask(at, state, family=other, chunks=chunks)[0] == ask(at, family=other, chunks=chunks)[0]


@pytest.mark.parametrize(("line", "first", "count"), [(0, 0, 64), (50, 18, 64), (99, 36, 64)])
def test_a_chunk_around_a_line(line: int, first: int, count: int) -> None:
    """64 lines around the line, moved where the file begins or ends."""
    text = lines(100)
    chunk = chunk_at(path="b.py", text=text, line=line, why=Why.RECENT)

    assert chunk.text.splitlines() == text.splitlines()[first : first + count]
