"""How a question is doing, on a terminal or in a log: the plan, each step that was left, and the answer."""

from dataclasses import dataclass, field, replace

from hybrid_lsp.assistant.events import Begun, Event, Left, Said
from hybrid_lsp.core.chat import EDITING
from hybrid_lsp.core.job import Excerpt, Job, Task
from hybrid_lsp.core.money import told_at_most, told_left
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.core.router import Plan, Step, When
from hybrid_lsp.frontends.terminal.flow import Flow
from hybrid_lsp.frontends.terminal.paper import Paper

_MOST_REFUSALS = 2
_STYLES = {"+": "good", "-": "bad", "@": "dim"}


@dataclass(slots=True)
class Telling:
    """Writes the answer on `paper`, and everything else on `errors`. `is_quiet`: only what has gone wrong."""

    paper: Paper
    errors: Paper
    task: Task
    is_quiet: bool = False
    _model: str = ""
    _left: str = ""
    """The step that was left last, until it is told who is asked instead."""
    _said: list[str] = field(default_factory=list)
    """What was told of steps that were left."""
    _flow: Flow | None = None
    _streamed: str = ""
    _is_drawn: bool = False
    """Whether a line stands there that can be drawn over."""

    def wrong(self, sentence: str) -> None:
        """Write what has gone wrong."""
        self.rest()
        self.errors.write(sentence, mark="✗", style="bad")

    def remark(self, sentence: str) -> None:
        """Write what a person should know besides."""
        self.rest()
        self.errors.write(sentence)

    def plan(self, plan: Plan, job: Job) -> None:
        """Write where it goes and what it costs at most."""
        if self.is_quiet or not plan.steps:
            return
        first, *others = plan.steps
        self.errors.write(f"{_what(job)}: {_who(first)}.", style="strong")
        for step in others:
            self.errors.write(f"Else {_who(step)}, where {_WHEN[step.when]}.")
        if any(not step.model.is_local for step in plan.steps):
            self.errors.write(f"{told_left(plan.budget_left_usd)} of the month's money is left.")
            return
        for refusal in plan.refusals[:_MOST_REFUSALS]:
            self.errors.write(refusal.sentence, mark="✗", style="dim")
        if (more := len(plan.refusals) - _MOST_REFUSALS) > 0:
            self.errors.write(f"{more} more; `hybrid-lsp route` names them.", mark="✗", style="dim")

    def hear(self, event: Event) -> None:
        """Tell what happens."""
        if isinstance(event, Begun):
            self._begun(event.step)
        elif isinstance(event, Said):
            self._hears(event)
        elif isinstance(event, Left):
            self.rest()
            self._left = f"{event.step.model.id}: {event.sentence}"

    def _begun(self, step: Step) -> None:
        self._model, self._streamed = step.model.id, ""
        if self._left and not self.is_quiet:
            cost = "" if step.model.is_local else f" ({told_at_most(step.worst_usd)})"
            self.errors.write(f"{self._left} Asking {step.model.id}{cost}.")
            self._said.append(self._left)
        self._left = ""
        self._draw(f"{self._model}: asked")

    def _hears(self, event: Said) -> None:
        if self.is_quiet:
            return
        if self.task in EDITING or not self.paper.out.isatty():
            self._draw(f"{self._model}: about {event.tokens:,} tokens")
            return
        if self._flow is None:
            self.rest()
            self._flow = Flow(self.paper)
        self._streamed += event.text
        self._flow.feed(event.text)

    def _draw(self, line: str) -> None:
        if self.errors.redraws and not self.is_quiet:
            self.errors.redraw(line)
            self._is_drawn = True

    def rest(self) -> None:
        """Leave an empty line to write on."""
        if self._flow is not None:
            self._flow.end()
            self._flow = None
        if self._is_drawn:
            self.errors.redraw("")
            self._is_drawn = False

    def unsaid(self, sentence: str) -> str:
        """Return a failure's sentence without what was told already."""
        for said in self._said:
            sentence = sentence.replace(f" {said}", "", 1)
        return sentence

    def prose(self, reply: Reply) -> None:
        """Write an explanation or a review, as far as it does not stand there already, and where it came from."""
        if not self.paper.out.isatty():
            self._piped(f"{reply.text}\n\n")
        elif self._streamed.strip() != reply.text.strip():
            flow = Flow(self.paper)
            flow.feed(reply.text)
            flow.end()
        if self.paper.out.isatty():
            self.paper.write()
        self.paper.write(self._footer(reply), style="dim")

    def diff(self, diff: str) -> None:
        """Write a diff: in colour for a person; else as the very bytes that `git apply` takes."""
        out = self.paper.out
        if out.isatty():
            for line in diff.splitlines() if "\r" not in diff else diff.replace("\r", "").split("\n")[:-1]:
                spelled = self.paper.spelled(line.expandtabs(4))
                out.write(self.paper.styled(spelled, _STYLES.get(line[:1], "")) + "\n")
        else:
            self._piped(diff)
        out.flush()

    def _piped(self, text: str) -> None:
        """Write a text for a program: all of it, and in UTF-8, also where the system's own encoding has less."""
        out = self.paper.out
        if (binary := getattr(out, "buffer", None)) is not None:
            out.flush()
            binary.write(text.encode("utf-8", "replace"))
        else:
            out.write(text)
        out.flush()

    def written(self, job: Job, diff: str) -> None:
        """Write that the file was changed, and by how much."""
        lines = diff.split("\n")[2:]
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        lines_in = "1 line" if added == 1 else f"{added} lines"
        self.paper.write(f"{job.excerpt.path} is written: {lines_in} in, {removed} out.", mark="✓", style="good")
        self.paper.out.flush()

    def footer(self, reply: Reply) -> None:
        """Write where an edit came from and what it cost."""
        if not self.is_quiet:
            self.errors.write(self._footer(reply), style="dim")

    def _footer(self, reply: Reply) -> str:
        return replace(reply, told=tuple(told for told in reply.told if told not in self._said)).footer()


_WHEN = {
    When.CHECK_FAILED: "that answer is not fit or does not come",
    When.UNAVAILABLE: "that cannot answer",
}


def _what(job: Job) -> str:
    return f"{job.task.value.capitalize()} {job.excerpt.path}, {_lines(job.excerpt)}"


def _lines(excerpt: Excerpt) -> str:
    first, last = excerpt.line + 1, excerpt.line + 1 + excerpt.focus.count("\n")
    return f"line {first}" if first == last else f"lines {first}-{last}"


def _who(step: Step) -> str:
    if step.model.is_local:
        return f"{step.model.id}, on this machine, free"
    return f"{step.model.id}, at {step.model.host}, {told_at_most(step.worst_usd)}"
