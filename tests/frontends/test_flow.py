"""frontends.terminal.flow: prose on a terminal while it comes."""

import io

from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.frontends.terminal.flow import Flow
from hybrid_lsp.frontends.terminal.paper import Paper

WORDS = st.text(st.sampled_from("ab .-`|\n"), max_size=300)


@given(WORDS, st.lists(st.integers(0, 300), max_size=5))
def test_prose_is_wrapped_alike_however_it_comes(text: str, cuts: list[int]) -> None:
    """Cut anywhere it looks the same; no word is lost, and no line is too long but for a word that is."""
    shown = []
    for places in ([], sorted(cuts)):
        out = io.StringIO()
        flow = Flow(Paper(out=out, columns=40, colour=False))
        for start, end in zip([0, *places], [*places, len(text)], strict=True):
            flow.feed(text[start:end])
        flow.end()
        shown.append(out.getvalue())
    assert shown[0] == shown[1]
    assert shown[0].split() == text.split()
    if "`" not in text and "|" not in text:
        assert all(
            len(line.rstrip()) <= 40 or len(line.split()) == 1 or not line.strip() for line in shown[0].split("\n")
        )


def test_code_in_prose_is_not_wrapped() -> None:
    """What stands in a fence stays on its line, and a point of a list goes on under its words."""
    out = io.StringIO()
    flow = Flow(Paper(out=out, columns=40, colour=False))
    code = "x = " + " + ".join(["value"] * 12)
    flow.feed(f"```\n{code}\n```\n- {'word ' * 12}\n")
    flow.end()
    lines = out.getvalue().split("\n")
    assert code in lines
    assert lines[3].startswith("- word")
    assert lines[4].startswith("  word")
