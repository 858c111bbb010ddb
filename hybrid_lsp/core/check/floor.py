"""All checks, in the order in which they matter."""

import re

from hybrid_lsp.core.check.chatter import chatter, worse_syntax
from hybrid_lsp.core.check.complete import incomplete
from hybrid_lsp.core.check.edit import Edit, Verdict
from hybrid_lsp.core.check.place import misplaced

_INDENTATION = re.compile(r"^[ \t]+(?=[^ \t\n])", re.MULTILINE)
_STRANGE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufffd\r]")


def floor(edit: Edit) -> tuple[Verdict, ...]:
    """Return what each check says of an edit, in the order in which they matter."""
    return tuple(
        Verdict(name=name, passed=not fault, sentence=fault)
        for name, fault in (
            ("complete", incomplete(edit)),
            ("chatter", chatter(edit)),
            ("changed", _unchanged(edit)),
            ("place", misplaced(edit)),
            ("indentation", _misindented(edit)),
            ("characters", _strange(edit)),
            ("syntax", worse_syntax(edit)),
            ("names", _undefined(edit)),
        )
    )


def _unchanged(edit: Edit) -> str:
    same = [line.rstrip() for line in edit.text.rstrip().split("\n")]
    return "The answer changes nothing." if same == [line.rstrip() for line in edit.part.rstrip().split("\n")] else ""


def _misindented(edit: Edit) -> str:
    whole = "\n".join((edit.above, edit.part, edit.below))
    before, after = _leading(whole), _leading(edit.text)
    tabs_are_new = before == {" "} and "\t" in after
    if tabs_are_new or (before == {"\t"} and after == {" "}):
        return "The answer is indented with tabs where the file has spaces, or the other way round."
    return ""


def _leading(text: str) -> set[str]:
    """Return the characters that lines begin with; a single space, as before the star of a comment, is none."""
    return set("".join(set(_INDENTATION.findall(text)) - {" "}))


def _strange(edit: Edit) -> str:
    new = set(_STRANGE.findall(edit.text)) - set(_STRANGE.findall(edit.part))
    return "The answer holds control characters." if new else ""


def _undefined(edit: Edit) -> str:
    count = len(edit.new_names) + len(edit.lost_names)
    return f"The answer uses {count} name{'s' if count > 1 else ''} that nothing defines." if count else ""
