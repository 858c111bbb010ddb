"""What is known of one workspace folder: its open documents, its index, and what may be said from them.

Rules:
1. Nothing in here is ever seen by another folder.
2. An open document wins over its file on disk; a file that was changed on disk is silent until it is learned again.
3. A secret file neither speaks nor is spoken to. What looks like a key is never carried from one file to another.
"""

from collections.abc import Iterable
from typing import NamedTuple

from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.trim import fit_suffix, only_closers
from hybrid_lsp.embedded.candidates import Candidate, SegmentVoice, Voice, gather
from hybrid_lsp.embedded.discretion import keys_in
from hybrid_lsp.embedded.guesses import Guess, make_guesses
from hybrid_lsp.embedded.page import Page
from hybrid_lsp.embedded.scoring import Weights, guess_numbers, situation_numbers
from hybrid_lsp.embedded.segment import ORDER, Segment
from hybrid_lsp.embedded.tokens import Encoder, split_typed

THRESHOLD = 0.55
THIN_THRESHOLD = 0.7
"""While the index holds less than `THIN_BYTES`: the score is too sure of itself there."""
THIN_BYTES = 200_000
MIN_CHARS = 4
_BASE_WEIGHT = 1.0
_DELTA_WEIGHT = 1.5
_MAX_OTHERS = 8
_ENOUGH_BEYOND = 8
_CAP_BEYOND = 16
_MAX_VOCABULARY = 300_000


class Appraisal(NamedTuple):
    """A guess and what is thought of it."""

    guess: Guess
    text: str
    """What it adds to the line."""
    score: float
    numbers: tuple[float, ...]
    """What the score was made of, in the order of `scoring.GUESS`."""
    candidate_count: int


class FolderModel:
    """The model of one workspace folder. Not thread-safe: everything is called from one thread, nothing of it waits."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._encoder = Encoder()
        self._pages: dict[int, Page] = {}
        """Open documents, the one asked for last at the end."""
        self._base = self._delta = Segment()
        self._base_voice: SegmentVoice | None = None
        self._delta_voice: SegmentVoice | None = None
        self._dead: set[str] = set()
        self._delta_dead: set[str] = set()
        self._audience: Page | None = None
        self._others: list[Voice] = []
        self._beyond_voices: list[Voice] = []
        self._beyond_known: dict[str, list[Candidate]] = {}

    @property
    def base(self) -> Segment:
        """The segment that the whole folder was learned into."""
        return self._base

    @property
    def indexed_bytes(self) -> int:
        """How much source of files on disk can be drawn from."""
        return self._base.source_bytes + self._delta.source_bytes

    @property
    def indexed_files(self) -> int:
        """How many files on disk can be drawn from."""
        alive = [stamp for stamp in self._base.stamps if stamp.path not in self._dead]
        return len(alive) + sum(stamp.path not in self._delta_dead for stamp in self._delta.stamps)

    def learned_below(self, folder: str) -> list[str]:
        """Return the paths of the files that were learned from a folder and all below it."""
        stamps = (*self._base.stamps, *self._delta.stamps)
        return [stamp.path for stamp in stamps if stamp.path.startswith(folder + "/")]

    def open_page(self, document: int, path: str, text: str) -> None:
        """Take in an open document. The file on disk is silent from here on."""
        page = self._pages[document] = Page(path, text)
        page.read_ahead(self._encoder)
        self._audience = None

    def close_page(self, document: int) -> None:
        """Forget an open document; what is on disk speaks again."""
        self._pages.pop(document, None)
        self._audience = None

    def has_page_of(self, path: str) -> bool:
        """Say whether a file is open."""
        return any(page.path == path for page in self._pages.values())

    def adopt_base(self, base: Segment, changed_since: Iterable[str]) -> None:
        """Take a whole new index, in which the files in `changed_since` are already old."""
        self._base, self._delta = base, Segment()
        self._dead, self._delta_dead = set(changed_since), set()
        self._hear_segments()

    def adopt_delta(self, delta: Segment, overtaken: Iterable[str], changed_since: Iterable[str]) -> None:
        """Take the files that differ from the base. `overtaken` names those of the base that changed or went."""
        self._delta = delta
        self._delta_dead = set(changed_since)
        self._dead = {stamp.path for stamp in delta.stamps} | set(overtaken) | self._delta_dead
        self._hear_segments()

    def silence(self, paths: Iterable[str]) -> None:
        """Stop files on disk from speaking until they are learned again."""
        self._dead.update(paths)
        self._delta_dead.update(paths)
        self._audience = None

    def suggest(self, excerpt: Excerpt, doubt: float) -> Suggestion | None:
        """Return the suggestion that is worth most among those that are likely enough, or None."""
        page = self._page(excerpt)
        if page.is_secret or not only_closers(excerpt.suffix):
            return None
        candidates, appraisals = self._appraise(excerpt, page)
        threshold = (THIN_THRESHOLD if self.indexed_bytes < THIN_BYTES else THRESHOLD) + doubt
        likely = [one for one in appraisals if one.score >= threshold and len(one.text) >= MIN_CHARS]
        for one in sorted(likely, key=_worth, reverse=True):
            text, replaces = fit_suffix(one.text, excerpt.suffix)
            if len(text) >= MIN_CHARS and not text.isspace() and not _carries_key(excerpt, text):
                return Suggestion(
                    text=text,
                    source=Source.EMBEDDED,
                    replaces=replaces,
                    score=one.score,
                    origin=_origin(one.guess, candidates),
                )
        return None

    def appraise(self, excerpt: Excerpt) -> list[Appraisal]:
        """Return everything that was thought of, likely or not. For measuring and fitting."""
        page = self._page(excerpt)
        return [] if page.is_secret or not only_closers(excerpt.suffix) else self._appraise(excerpt, page)[1]

    def _page(self, excerpt: Excerpt) -> Page:
        page = self._pages.get(excerpt.document)
        if page is None:
            page = self._pages[excerpt.document] = Page(excerpt.path, "")
        return page

    def _appraise(self, excerpt: Excerpt, page: Page) -> tuple[list[Candidate], list[Appraisal]]:
        if len(self._encoder.vocabulary) > _MAX_VOCABULARY:
            self._renew()
        encoder, vocabulary = self._encoder, self._encoder.vocabulary
        page.see(excerpt, encoder)
        prefix = excerpt.prefix.lstrip()
        tokens, part = split_typed(prefix)
        typed = encoder.encode_tokens(tokens)
        context = page.context(typed)
        voices: list[Voice] = [*page.voices(typed, encoder), *self._others_for(page)]
        candidates = gather(voices, context, part)
        if not candidates:
            return [], []
        guesses = make_guesses(candidates, context, part, lambda beyond: self._beyond(voices, beyond), vocabulary)
        count = sum([candidate.count for candidate in candidates])
        shared = self._weights.situation_part(situation_numbers(part=part, prefix=prefix, candidate_count=count))
        text_of, skipped, appraisals = vocabulary.text.__getitem__, len(part), []
        for guess in guesses:
            text = "".join(map(text_of, guess.codes))[skipped:]
            line = prefix + text
            if not text or text[-1] in " \t" or (guess.whole and line == page.next_line):
                continue
            recent = guess.whole and line in page.recent_lines
            numbers = guess_numbers(guess, chars=len(text), at_start=not prefix, recent=recent)
            appraisals.append(Appraisal(guess, text, self._weights.probability(shared, numbers), numbers, count))
        return candidates, appraisals

    def _beyond(self, voices: list[Voice], context: str) -> list[Candidate]:
        """Gather for a context that goes beyond the cursor: the same while one word is typed."""
        if self._beyond_voices != voices:
            self._beyond_voices = voices
            self._beyond_known.clear()
        known = self._beyond_known.get(context)
        if known is None:
            known = self._beyond_known[context] = gather(voices, context, "", _ENOUGH_BEYOND, _CAP_BEYOND)
        return known

    def _others_for(self, page: Page) -> list[Voice]:
        """Return the other open documents and the index, as they are heard while `page` is edited."""
        if self._audience is not page:
            self._audience = page
            document = next(document for document, known in self._pages.items() if known is page)
            self._pages[document] = self._pages.pop(document)
            recent = [other for other in reversed(self._pages.values()) if other is not page and not other.is_secret]
            heard = recent[:_MAX_OTHERS]
            self._others = [other.as_other(self._encoder) for other in heard]
            open_paths = {page.path, *(other.path for other in heard)}
            for voice, dead in ((self._delta_voice, self._delta_dead), (self._base_voice, self._dead)):
                if voice is not None:
                    voice.hide(open_paths | dead)
                    self._others.append(voice)
        return self._others

    def _hear_segments(self) -> None:
        vocabulary = self._encoder.vocabulary
        self._base_voice = SegmentVoice(self._base, _BASE_WEIGHT, vocabulary) if self._base.emit else None
        self._delta_voice = SegmentVoice(self._delta, _DELTA_WEIGHT, vocabulary) if self._delta.emit else None
        self._audience = None

    def _renew(self) -> None:
        """Begin a new vocabulary: tokens are only ever added to one."""
        self._encoder = Encoder()
        for page in self._pages.values():
            page.forget_codes()
        self._hear_segments()


def _worth(one: Appraisal) -> float:
    return one.score * len(one.text)


def _carries_key(excerpt: Excerpt, text: str) -> bool:
    line = excerpt.prefix + text
    return any(
        key not in excerpt.prefix and key not in excerpt.above and key not in excerpt.below for key in keys_in(line)
    )


def _origin(guess: Guess, candidates: list[Candidate]) -> str:
    agreeing = [candidate for candidate in candidates if candidate.rest.startswith(guess.codes)]
    agreeing = agreeing or [candidate for candidate in candidates if candidate.rest[0] == guess.codes[0]]
    strongest = max(agreeing, key=lambda candidate: candidate.weight * 2.0 ** min(candidate.matched, ORDER))
    return strongest.voice.path_at(strongest.place)
