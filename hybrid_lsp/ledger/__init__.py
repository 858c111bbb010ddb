"""What we did and what it cost: one ledger for all editor windows of a user, in SQLite or PostgreSQL.

Rules:
1. Settled and held money of a month never exceed the limit: what may be spent is decided in the transaction that holds
   it, from the rows themselves (`gate`).
2. Where the ledger cannot be written to, nothing is spent: paid calls are denied with a sentence. The rest goes on.
3. Nobody waits for a row about a free answer (`writer`).
4. No code, no prompt, no key, no path: only what a `Record` names.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from hybrid_lsp.core.budget import Budget, alert_sentence, alerts_due
from hybrid_lsp.core.errors import Problem, Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import from_nano, to_nano, told, told_at_most
from hybrid_lsp.core.record import Denied, Record, Reservation
from hybrid_lsp.core.summary import Summary
from hybrid_lsp.ledger import behind, gate, views
from hybrid_lsp.ledger.behind import Item, Mark, Settlement
from hybrid_lsp.ledger.database import WAIT_S, Database, Transaction, Unavailable
from hybrid_lsp.ledger.gate import Standing
from hybrid_lsp.ledger.postgres import Postgres
from hybrid_lsp.ledger.prune import prune
from hybrid_lsp.ledger.rows import MOST_NANO
from hybrid_lsp.ledger.sqlite import Sqlite
from hybrid_lsp.ledger.writer import MOST, Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_S = 5.0
_POSTGRES = ("postgresql://", "postgres://")
_MOST_LIMIT_USD = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class _Away:
    """Why the database could not do it."""

    sentence: str


class Ledger:
    """The ledger as one window sees it. Synchronous and thread-safe; on an event loop, call it in a thread.

    Only `record` and `mark` return at once; the others wait for the database, each of their tries no longer than
    `wait_s`. Nothing here raises because a database is away, full, locked or damaged: `problems` says so.
    """

    def __init__(
        self, connect: Callable[[bool], Database], *, clock_ms: Callable[[], int], zone: tzinfo, limit_usd: Decimal,
        lease_s: float, notes: list[Problem], most_waiting: int = MOST,
    ) -> None:  # fmt: skip
        """`connect` makes a connection, one that waits for the disk or one that does not. See `Ledger.open`."""
        if not limit_usd.is_finite() or limit_usd < 0:
            raise ValueError("a budget is a finite amount of money, not below zero")
        self._clock_ms, self._zone, self._lease_s = clock_ms, zone, lease_s
        self._limit_nano = -to_nano(-min(limit_usd, _MOST_LIMIT_USD))
        self._money, self._views, self._rows = connect(True), connect(False), connect(False)
        self._notes = notes
        self._troubles: dict[Database, str] = {}
        self._clock_note = ""
        self._writer = Writer(self._write_behind, most=most_waiting)

    @staticmethod
    def open(
        place: str | Path, *, clock_ms: Callable[[], int], zone: tzinfo, limit_usd: Decimal, lease_s: float = 600.0,
        wait_s: float = WAIT_S,
    ) -> "Ledger":  # fmt: skip
        """Open the ledger in a file, or in PostgreSQL where `place` is a postgresql:// URL; make it if there is none.

        `clock_ms` is the time in milliseconds since 1970, UTC. `zone` says where a month begins. `lease_s` is how long
        money is held for an owner that says nothing. A place that cannot be used now is tried again with every call.

        Raises `Refused` with a sentence for a ledger of a newer version, a database of something else, a URL of
        another kind, or a missing package; `ValueError` for a limit that is no amount of money.
        """
        notes: list[Problem] = []
        connect = _connector(place, clock_ms, wait_s, notes)
        ledger = Ledger(connect, clock_ms=clock_ms, zone=zone, limit_usd=limit_usd, lease_s=lease_s, notes=notes)
        try:
            ledger._money.read(ledger._look)
        except Unavailable as error:
            ledger._note_trouble(ledger._money, str(error))
        except Refused:
            ledger.close()
            raise
        return ledger

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the ledger as far as it is known by now, each in one sentence with its way out."""
        sentences = dict.fromkeys([*list(self._troubles.values()), self._clock_note])
        if dropped := self._writer.dropped:
            sentences[f"{dropped} rows about free answers did not fit into the ledger's queue and are lost."] = None
        return (*self._notes, *(Problem(sentence=sentence) for sentence in sentences if sentence))

    @property
    def blocked(self) -> str:
        """Why no paid call may be made, whatever is left, in one sentence with its way out; else empty."""
        return self.budget().blocked

    def budget(self) -> Budget:
        """Return this month's money, computed from the rows. Where they cannot be read, the budget is blocked."""
        found = self._read(self._views, lambda t: views.budget(t, self._look(t), self._limit_nano))
        return self._unknown(found) if isinstance(found, _Away) else found

    def reserve(
        self, *, job: str, model: str, worst_usd: Decimal, lease_s: float | None = None, task: Task = Task.COMPLETE,
        workspace: str = "", backend: str = "",
    ) -> Reservation | Denied:  # fmt: skip
        """Hold the most that a call can cost, or say why it must not be made. `Denied` also when in doubt.

        `task`, `workspace` and `backend` are what the call is counted under if it is never settled.
        """
        if not worst_usd.is_finite() or not 0 < worst_usd <= from_nano(MOST_NANO):
            log.error("job %s: asked to hold what can be no price of a call", job)
            return Denied(rule="ledger", sentence=f"What {model} could cost at most is not known, so it is not asked.")
        wanted = gate.Wanted(
            hold=secrets.token_hex(16), job=job, task=task, model=model, backend=backend, workspace=workspace,
            nano=to_nano(worst_usd), lease_ms=int((self._lease_s if lease_s is None else lease_s) * 1000),
        )  # fmt: skip
        done = self._write(self._money, lambda t: self._hold(t, wanted))
        return Denied(rule="ledger", sentence=done.sentence) if isinstance(done, _Away) else done

    def settle(self, reservation: Reservation, record: Record) -> None:
        """Charge what a call cost, in the place of its hold; a second time changes nothing.

        Where the ledger cannot be written to now, it is written as soon as it can; should this process end before, the
        hold is charged in full when its lease is over. The row keeps the time at which the money was held.
        """
        done = self._write(self._money, lambda t: self._settle(t, reservation, record))
        if isinstance(done, _Away):
            log.warning("job %s: what it cost is written into the ledger later", record.job)
            self._writer.must(Settlement(reservation, record))

    def record(self, record: Record) -> None:
        """Have an unpaid attempt written down soon. Never blocks, never raises."""
        self._writer.put(record)

    def mark(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """Have written down what became of a job's answer, as far as it is given here. Never blocks, never raises."""
        self._writer.put(Mark(job, accepted, survived))

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written that was recorded and marked before; return whether it was, in time."""
        return self._writer.flush(timeout_s)

    def summary(self, days: int = 30) -> Summary:
        """Return this month, and the last `days` days with today, by the ledger's time zone. Empty where unreadable."""
        self._charge_lost()
        found = self._read(
            self._views, lambda t: views.summary(t, self._look(t), self._limit_nano, max(1, days), self._zone)
        )
        return views.nothing(self._unknown(found)) if isinstance(found, _Away) else found

    def recent(self, *, since_ms: int, most: int = 5000) -> tuple[Record, ...]:
        """Return the attempts at asked-for jobs since a time, the newest first. Empty where unreadable."""
        try:
            return self.attempts(since_ms=since_ms, most=most)
        except Refused:
            return ()

    def attempts(self, *, since_ms: int, most: int = 5000) -> tuple[Record, ...]:
        """Return the same, for who must not take an unreadable ledger for an empty one. Raises `Refused`."""
        self._charge_lost()
        found = self._read(self._views, lambda t: views.recent(t, since_ms, most))
        if isinstance(found, _Away):
            raise Refused(found.sentence)
        return found

    def claim_alerts(self) -> tuple[str, ...]:
        """Return what a person should be told now about the month's money: each percentage once a month, in one window.

        Where several are due at once, all are claimed and the highest is told.
        """
        found = self._read(self._views, self._alerts_due)
        if isinstance(found, _Away) or not found[1]:
            return ()
        budget, due = found
        claimed = self._write(self._money, lambda t: gate.claim(t, self._turn(t), budget.month, due))
        return () if isinstance(claimed, _Away) or not claimed else (alert_sentence(budget, max(claimed)),)

    def confirm(self) -> None:
        """Let paid calls be made again: a person has looked, and this machine's clock is right.

        Raises `Refused` where that cannot be written down.
        """
        done = self._write(self._money, self._confirm)
        if isinstance(done, _Away):
            raise Refused(done.sentence)
        self._notes.clear()
        self._clock_note = ""

    def prune(self, *, keep_days: int) -> int:
        """Delete rows that are older, and give their room back to the disk; return how many rows were deleted.

        Goes on for half a minute at most and never keeps others waiting; call it again another day. What this month's
        budget is made of stays, and so do the sums that the summary is made of, for two years and more.
        """
        deleted = prune(self._rows, now_ms=self._clock_ms(), keep_days=max(1, keep_days), zone=self._zone)
        if deleted.trouble:
            self._note_trouble(self._rows, deleted.trouble)
        return deleted.rows

    def close(self) -> None:
        """Write what is left, as far as that is possible in five seconds, and let go of the database."""
        self._writer.close(CLOSE_S)
        for database in (self._money, self._views, self._rows):
            database.close()

    def _read(self, database: Database, work: Callable[[Transaction], T]) -> T | _Away:
        try:
            done = database.read(work)
        except (Unavailable, Refused) as error:
            return self._note_trouble(database, str(error))
        self._troubles.pop(database, None)
        return done

    def _write(self, database: Database, work: Callable[[Transaction], T]) -> T | _Away:
        try:
            done = database.write(work)
        except (Unavailable, Refused) as error:
            return self._note_trouble(database, str(error))
        self._troubles.clear()
        return done

    def _note_trouble(self, database: Database, sentence: str) -> _Away:
        if sentence not in list(self._troubles.values()):
            log.warning("%s", sentence)
        self._troubles[database] = sentence
        return _Away(sentence)

    def _write_behind(self, items: Sequence[Item]) -> None:
        done = self._write(self._rows, lambda t: behind.write(t, items, self._clock_ms(), self._zone))
        if isinstance(done, _Away):
            raise Unavailable(done.sentence)

    def _turn(self, t: Transaction) -> Standing:
        return self._noted(gate.take_turn(t, self._clock_ms(), self._zone))

    def _look(self, t: Transaction) -> Standing:
        return self._noted(gate.look(t, self._clock_ms(), self._zone))

    def _noted(self, now: Standing) -> Standing:
        if now.note and now.note != self._clock_note:
            log.warning("%s", now.note)
        self._clock_note = now.note
        return now

    def _hold(self, t: Transaction, wanted: gate.Wanted) -> Reservation | Denied:
        now = self._turn(t)
        gate.charge_expired(t, now.at_ms)
        if now.blocked:
            return Denied(rule="budget.blocked", sentence=now.blocked)
        held = gate.reserve(t, wanted, now, self._limit_nano)
        return held or _too_dear(wanted.model, from_nano(wanted.nano), views.budget(t, now, self._limit_nano))

    def _settle(self, t: Transaction, reservation: Reservation, record: Record) -> None:
        self._turn(t)
        gate.settle(t, reservation, record)

    def _confirm(self, t: Transaction) -> None:
        now_ms = self._clock_ms()
        gate.take_turn(t, now_ms, self._zone)
        gate.confirm(t, now_ms, self._zone)

    def _charge_lost(self) -> None:
        """Charge what nobody will settle any more, so that its row is told, and not only the sum that it is in."""
        lost = self._read(self._views, lambda t: gate.has_expired(t, self._look(t).at_ms))
        if lost is True:
            self._write(self._money, lambda t: gate.charge_expired(t, self._turn(t).at_ms))

    def _alerts_due(self, t: Transaction) -> tuple[Budget, tuple[int, ...]]:
        budget = views.budget(t, self._look(t), self._limit_nano)
        return budget, alerts_due(budget, gate.claimed(t, budget.month))

    def _unknown(self, away: _Away) -> Budget:
        month = gate.month_at(self._clock_ms(), self._zone).name
        return Budget(month=month, limit_usd=from_nano(self._limit_nano), blocked=away.sentence, is_known=False)


def _too_dear(model: str, worst_usd: Decimal, budget: Budget) -> Denied:
    return Denied(
        rule="budget.limit",
        sentence=(
            f"{model} could cost {told_at_most(worst_usd)}, but {told(budget.left_usd)} of the"
            f" {told(budget.limit_usd)} for {budget.month} is left; ask a local model, or raise the month's budget."
        ),
    )


def _connector(
    place: str | Path, clock_ms: Callable[[], int], wait_s: float, notes: list[Problem]
) -> Callable[[bool], Database]:
    if isinstance(place, str) and place.startswith(_POSTGRES):
        return lambda durable: Postgres(place, durable=durable, now_ms=clock_ms, wait_s=wait_s)
    if "://" in str(place):
        raise Refused("The ledger's place is a file or a postgresql:// URL; name one of them in the settings.")

    def mended(sentence: str) -> None:
        log.error("%s", sentence)
        notes.append(Problem(sentence=sentence))

    return lambda durable: Sqlite(Path(place), durable=durable, now_ms=clock_ms, mended=mended, wait_s=wait_s)
