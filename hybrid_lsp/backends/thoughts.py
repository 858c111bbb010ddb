"""Takes what a model thought out of what it answered, where its server leaves both in one text."""

_OPEN, _CLOSE = "<think>", "</think>"


class Thoughts:
    """Takes a text as it comes; only thoughts at its very beginning are some, later the same words are code."""

    def __init__(self) -> None:
        self._held = ""
        self._is_thinking = False
        self._is_past = False

    def outside(self, text: str) -> str:
        """Return what of the text so far is surely answer and has not been returned before."""
        if self._is_past:
            return text
        self._held += text
        if not self._is_thinking:
            begun = self._held.lstrip()
            if not begun.startswith(_OPEN):
                return "" if _OPEN.startswith(begun) else self._past(self._held)
            self._is_thinking, self._held = True, begun.removeprefix(_OPEN)
        _, closed, answer = self._held.partition(_CLOSE)
        if not closed:
            self._held = self._held[-len(_CLOSE) :]
            return ""
        self._held = f"{_CLOSE}{answer}"
        if not answer.strip():
            return ""
        # The blank lines after the thoughts come with them; the first line's indentation does not.
        blank = answer[: len(answer) - len(answer.lstrip())]
        return self._past(answer[blank.rfind("\n") + 1 :])

    def rest(self) -> str:
        """Return what was held back because it could have become the beginning of thoughts."""
        held = "" if self._is_thinking or self._is_past else self._held
        self._is_past = True
        return held

    def _past(self, answer: str) -> str:
        self._is_past = True
        return answer
