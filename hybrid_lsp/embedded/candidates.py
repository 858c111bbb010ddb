"""Where the text left of the cursor has been written before, and how each of those lines went on.

A candidate is one continuation: its tokens up to the end of its line. Equal continuations that were found with equally
long matches are one candidate with a greater weight.
"""

from collections.abc import Sequence, Set
from typing import Protocol

from hybrid_lsp.embedded.segment import ORDER, Reach, Segment
from hybrid_lsp.embedded.tokens import FILE_EDGE, LINE_END, Encoded, Vocabulary

LEVELS = (6, 3, 2, 1)
"""Match lengths that are tried, longest first, until there is enough."""
ENOUGH = 12
CAP = 48
"""How many places of one voice are taken on one level at most."""
_TRIES = 4 * CAP
_MAX_REST_TOKENS = 64
_MAX_RESTS = 20_000
_MAX_CONTEXTS = 100
_ANY_LENGTH = 99

Found = tuple[int, int]
"""A place and how many tokens left of it agree with the context."""


class Candidate:
    """One continuation of a context. Not a dataclass: some fifty are made for every key."""

    __slots__ = ("count", "matched", "place", "rest", "voice", "weight")

    def __init__(self, rest: str, matched: int, weight: float, voice: "Voice", place: int) -> None:
        self.rest = rest
        """Live codes of the tokens that followed, with `LINE_END` if the line ends within reach."""
        self.matched = matched
        self.weight = weight
        self.count = 1
        self.voice = voice
        """Where it was found first, with `place`."""
        self.place = place


class Voice(Protocol):
    """A text that may say how a line goes on."""

    weight: float

    def find(self, context: str, part: str, level: int, below: int, cap: int) -> Sequence[Found]:
        """Return at most `cap` places where `level <= matched < below` and the next token starts with `part`."""
        ...

    def rests_at(self, found: Sequence[Found]) -> list[str]:
        """Return what follows each place, in live codes: to the end of the line, or as far as one looks."""
        ...

    def path_at(self, place: int) -> str:
        """Return the workspace-relative path of the file that a place lies in."""
        ...


class BufferVoice:
    """An open buffer, or one side of it: what is nearest to the cursor comes first."""

    def __init__(
        self, text: Encoded, weight: float, path: str, token_text: dict[str, str], *, is_below: bool = False
    ) -> None:
        self.weight = weight
        self._match, self._emit = text
        self._path = path
        self._is_below = is_below
        self._token_text = token_text
        self._context = ""
        self._narrowed: dict[int, tuple[str, list[int]]] = {}

    def find(self, context: str, part: str, level: int, below: int, cap: int) -> Sequence[Found]:
        """See `Voice`."""
        match, length, found = self._match, len(context), []
        for place in self._narrow(context, part, level) if part else self._places(context, level, cap):
            matched, left, mine = level, place - level - 1, length - level - 1
            while matched < ORDER and left >= 0 and mine >= 0 and match[left] == context[mine]:
                matched, left, mine = matched + 1, left - 1, mine - 1
            if matched < below:
                found.append((place, matched))
                if len(found) == cap:
                    break
        return found

    def _narrow(self, context: str, part: str, level: int) -> list[int]:
        """While a word grows, only look again at the places that were left."""
        if self._context != context:
            self._context = context
            self._narrowed.clear()
        known = self._narrowed.get(level)
        places = known[1] if known and part.startswith(known[0]) else self._places(context, level, _TRIES)
        emit, token_text = self._emit, self._token_text
        places = [place for place in places if token_text[emit[place]].startswith(part)]
        self._narrowed[level] = part, places
        return places

    def _places(self, context: str, level: int, most: int) -> list[int]:
        """Return where the last `level` tokens of a context end, nearest first."""
        match, tail, places = self._match, context[-level:], []
        at = match.find(tail, 0, -1) if self._is_below else match.rfind(tail, 0, -1)
        while at >= 0:
            places.append(at + level)
            if len(places) == most:
                break
            at = match.find(tail, at + 1, -1) if self._is_below else match.rfind(tail, 0, at + level - 1)
        return places

    def rests_at(self, found: Sequence[Found]) -> list[str]:
        """See `Voice`."""
        return _rests(self._emit, found)

    def path_at(self, place: int) -> str:
        """See `Voice`."""
        return self._path


class SegmentVoice:
    """A segment as it is heard in one folder: in that folder's codes, without the files that were overtaken."""

    def __init__(self, segment: Segment, weight: float, vocabulary: Vocabulary) -> None:
        self.weight = weight
        self.segment = segment
        self._hidden: frozenset[int] = frozenset()
        self._from_live = _FromLive(segment, vocabulary)
        self._to_live = _ToLive(segment, vocabulary)
        self._reached: dict[str, list[Reach]] = {}
        self._known_rests: dict[str, str] = {}
        self._context = ""
        """What `_narrowed` holds for: while a word grows, only the places that were left are looked at again."""
        self._narrowed: dict[tuple[int, int], tuple[str, list[int]]] = {}

    def hide(self, paths: Set[str]) -> None:
        """Let no file of these speak, and every other."""
        stamps = self.segment.stamps
        self._hidden = frozenset(index for index, stamp in enumerate(stamps) if stamp.path in paths)

    def find(self, context: str, part: str, level: int, below: int, cap: int) -> Sequence[Found]:
        """See `Voice`. A large reach is sampled evenly."""
        segment = self.segment
        found: list[Found] = []
        inner_low = inner_high = -1
        for reach in reversed(self._reaches(context)):
            if reach.matched < level:
                break
            spans = ((reach.low, reach.high),) if inner_low < 0 else ((reach.low, inner_low), (inner_high, reach.high))
            inner_low, inner_high = reach.low, reach.high
            if reach.matched >= below:
                continue
            for first, last in spans:
                if first >= last:
                    continue
                places = self._places(context, part, first, last)
                if self._hidden:
                    places = [place for place in places if segment.file_at(place) not in self._hidden]
                found += [(place, reach.matched) for place in places[: cap - len(found)]]
                if len(found) == cap:
                    return found
        return found

    def _places(self, context: str, part: str, first: int, last: int) -> list[int]:
        """Return a sample of the places of a span, as far as they go on with `part`."""
        if not part:
            return self._sample(first, last)
        if self._context != context:
            self._context = context
            self._narrowed.clear()
        known = self._narrowed.get((first, last))
        places = known[1] if known and part.startswith(known[0]) else self._sample(first, last)
        emit = self.segment.emit
        low, high = self.segment.codes_starting_with(part)
        places = [place for place in places if low <= emit[place] < high]
        self._narrowed[first, last] = part, places
        return places

    def _sample(self, first: int, last: int) -> list[int]:
        end = len(self.segment.backwards)
        return [end - j for j in self.segment.order[first : last : max(1, (last - first) // _TRIES)] if j]

    def rests_at(self, found: Sequence[Found]) -> list[str]:
        """See `Voice`."""
        known = self._known_rests
        if len(known) > _MAX_RESTS:
            known.clear()
        rests = _rests(self.segment.emit, found)
        for rest in rests:
            if rest not in known:
                known[rest] = rest.translate(self._to_live)
        return [known[rest] for rest in rests]

    def path_at(self, place: int) -> str:
        """See `Voice`."""
        return self.segment.stamps[self.segment.file_at(place)].path

    def _reaches(self, context: str) -> list[Reach]:
        reached = self._reached.get(context)
        if reached is None:
            backwards = []
            for code in context[: -ORDER - 1 : -1]:
                own = self._from_live[code]
                if not own:
                    break
                backwards.append(own)
            if len(self._reached) > _MAX_CONTEXTS:
                self._reached.clear()
            reached = self._reached[context] = self.segment.reaches("".join(backwards))
        return reached


class _FromLive(dict[str, str]):
    """From a live code to the segment's; empty where the segment does not have the token."""

    def __init__(self, segment: Segment, vocabulary: Vocabulary) -> None:
        super().__init__({LINE_END: LINE_END, FILE_EDGE: FILE_EDGE})
        self._segment, self._vocabulary = segment, vocabulary

    def __missing__(self, code: str) -> str:
        own = self[code] = self._segment.code_of(self._vocabulary.text[code])
        return own


class _ToLive(dict[int, str]):
    """From the number of a segment's code to the live code; the token becomes known to the folder."""

    def __init__(self, segment: Segment, vocabulary: Vocabulary) -> None:
        super().__init__({ord(LINE_END): LINE_END, ord(FILE_EDGE): FILE_EDGE})
        self._segment, self._vocabulary = segment, vocabulary

    def __missing__(self, number: int) -> str:
        live = self[number] = self._vocabulary[self._segment.text_of(chr(number))]
        return live


def _rests(emit: str, found: Sequence[Found]) -> list[str]:
    ends = [emit.find(LINE_END, place, place + _MAX_REST_TOKENS) + 1 for place, _ in found]
    return [emit[place : end or place + _MAX_REST_TOKENS] for (place, _), end in zip(found, ends, strict=True)]


def gather(voices: Sequence[Voice], context: str, part: str, enough: int = ENOUGH, cap: int = CAP) -> list[Candidate]:
    """Return the continuations of a context that start with `part`, from the longest matches that suffice."""
    by_rest: dict[tuple[str, int], Candidate] = {}
    below, count = _ANY_LENGTH, 0
    for level in LEVELS:
        if level > len(context):
            continue
        for voice in voices:
            found = voice.find(context, part, level, below, cap)
            for (place, matched), rest in zip(found, voice.rests_at(found), strict=True):
                if rest[0] == FILE_EDGE:
                    continue
                known = by_rest.get((rest, matched))
                if known is None:
                    by_rest[rest, matched] = Candidate(rest, matched, voice.weight, voice, place)
                else:
                    known.weight += voice.weight
                    known.count += 1
                count += 1
        if count >= enough:
            break
        below = level
    return sorted(by_rest.values(), key=_longest_match_first)


def _longest_match_first(candidate: Candidate) -> int:
    return -candidate.matched
