"""The words of a job as they may leave."""

from dataclasses import replace

from hybrid_lsp.assistant.words import words_to_leave
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.redact import Rules, restore
from tests.assistant.house import job

BODY = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" + str(i) * 14 for i in range(6))
KEY = f"-----BEGIN {'PRIVATE'} KEY-----\n{BODY}\n-----END {'PRIVATE'} KEY-----"
FOCUS = f'first = 1\nkey = """{KEY}"""\nlast = 2'


def test_a_secret_of_many_lines_is_found_in_a_review_and_the_lines_after_it_keep_their_numbers() -> None:
    """Numbering comes after searching, and what the secret took of lines stays empty."""
    asked = job(Task.REVIEW)
    asked = replace(asked, excerpt=replace(asked.excerpt, focus=FOCUS, line=9))
    prompt, redacted = words_to_leave(asked, Rules.of()[0], step_by_step=False)
    last = 10 + FOCUS.count("\n")
    assert BODY[:40] not in prompt.user
    assert f"\n{last}: last = 2\n" in prompt.user
    assert redacted.count >= 1
    assert KEY in restore(prompt.user, redacted)


def test_an_edit_is_searched_as_it_is_sent() -> None:
    """The other tasks have nothing put between the lines; the reply gets the secret back."""
    asked = job(Task.REFACTOR)
    asked = replace(asked, excerpt=replace(asked.excerpt, focus=FOCUS))
    prompt, redacted = words_to_leave(asked, Rules.of()[0], step_by_step=True)
    assert BODY[:40] not in prompt.user
    assert "step by step" in prompt.system
    assert FOCUS in restore(prompt.user, redacted)
