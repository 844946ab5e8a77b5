"""An executable model of the projection of one domain object. It is small enough to explore every interleaving.

Every step on storage is a `yield`. The real code was written from this model; try a change of the algorithm here
first. The names are those of handler/projection. A key is a small number. A state is a tuple of (key, logic version) in
the order of the fold, so it shows which events were folded, by which version and in which order. A set of keys stands
for the count and the digest: it is a digest without collisions.

Each flaw in `flaws` breaks one guarantee. The explorer must find a violation for each flaw; otherwise it proves
nothing.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from cp_event_source.handler.projection.marks import thinned

SPACING = 1
"""Events between two marks."""

MIXED = "mixed"
BUSY = "busy"
"""A transaction was refused because another one, or its own first request, is still being carried out."""
ANY = "any revision"
"""Only a flaw writes over any row."""
MAX_LOST_RACES = 20


@dataclass(frozen=True)
class Mark:
    """The keys applied before a position, which is `key`."""

    key: int
    applied: frozenset[int]
    slot: int | None = None

    @property
    def count(self) -> int:
        return len(self.applied)


@dataclass(frozen=True)
class State:
    entries: tuple[tuple[int, str], ...] = ()

    @property
    def applied(self) -> frozenset[int]:
        return frozenset(key for key, _ in self.entries)

    @property
    def checkpoint(self) -> int:
        return self.entries[-1][0] if self.entries else 0


@dataclass(frozen=True)
class Parked:
    key: int
    version: str
    waiting_from: int
    """The lowest key that may wait. It is below `key` if a late event failed and others were late with it."""


@dataclass(frozen=True)
class Rebuilding:
    run: str
    changed_from: int | None = None
    """A position. Since the rebuild last looked, deliveries applied events from here on, not in order."""


@dataclass(frozen=True)
class Row:
    state: State
    version: str
    marks: tuple[Mark, ...] = ()
    parked: Parked | None = None
    rebuilding: Rebuilding | None = None
    unseen: frozenset[int] = frozenset()
    """The keys of its last decision, until a writer has seen them in the store."""
    revision: Any = None


@dataclass(frozen=True)
class Snapshot:
    key: int
    applied: frozenset[int]
    version: str
    state: State


class Read:
    """A step that changes nothing."""


# Steps on storage. Each is atomic. The comment says what the `yield` returns.
@dataclass(frozen=True)
class ReadRow(Read):  # Row | None
    pass


@dataclass(frozen=True)
class ReadStore(Read):  # tuple of keys from `start` up to and including `up_to`, at most `limit`
    start: int
    up_to: int | None
    limit: int


@dataclass(frozen=True)
class WriteRow:  # bool: written
    row: Row
    replacing: Any
    """The revision that the table must hold; None: no row."""


@dataclass(frozen=True)
class PutSnapshot:  # None
    slot: int
    snapshot: Snapshot


@dataclass(frozen=True)
class GetSnapshot(Read):  # Snapshot | None
    slot: int


@dataclass(frozen=True)
class Pause(Read):  # None, and from a writer's second pause on: all committed transactions are shown
    pass


@dataclass(frozen=True)
class Transact:  # True: written; False: the row or the event's key is another's; BUSY; None: no reply
    command: str
    key: int
    row: Row | None
    """Only a flaw writes none."""
    replacing: Any
    known: frozenset[int]
    """The keys of the events that the decision was made on."""
    versions: tuple[str, ...] = ()
    """The real code's: which versions folded these, in the order of the fold."""


Steps = Generator[Any, Any, Any]
NOTHING = State()
RESIDUES = 10
"""The keys of events from the bus are multiples of this. A decided key's residue is its command's: the event's id."""


@dataclass
class Fold:
    """A running fold: the state, the marks on its path, and the states at the marks that it noted itself."""

    state: State
    version: str
    poison: frozenset[int]
    """Keys at which this version's logic fails."""
    whole: bool
    """True if this version computed the whole state. Only then may a snapshot keep it."""
    marks: tuple[Mark, ...]
    noted: dict[int, State]
    failed_at: int | None = None

    def apply(self, keys: Iterable[int]) -> None:
        for key in keys:
            before = len(self.state.entries)
            position = (self.state.checkpoint + key + 1) // 2  # any position after the checkpoint and not after the key
            if before and before % SPACING == 0 and not (self.marks and self.marks[-1].key >= position):
                self.noted[position] = self.state
                self.marks = thinned((*self.marks, Mark(position, self.state.applied)), before + 1, SPACING)
            if key in self.poison:
                self.failed_at = key
                return
            self.state = State((*self.state.entries, (key, self.version)))

    def rewind(self, key: int, *, keep_mark: bool = False) -> None:
        """Go back to the newest noted state that holds nothing from a key on. The fold notes its mark again."""
        self.marks = tuple(mark for mark in self.marks if mark.key <= key)
        self.state = self.noted[self.marks[-1].key] if self.marks else NOTHING
        if not keep_mark:
            self.marks = self.marks[:-1]


class Algorithm:
    """The projection of one logic version."""

    def __init__(
        self, name: str, version: str, poison: Iterable[int] = (), flaws: frozenset[str] = frozenset()
    ) -> None:
        self.name = name
        self.version = version
        self.poison = frozenset(poison)
        self.flaws = flaws
        self._writes = 0

    # --- a batch of the stream -------------------------------------------------------------------------------

    def project(self, batch: Iterable[int]) -> Steps:
        """Returns True if the batch may be acknowledged."""
        keys = sorted(set(batch))
        if "row read after the store" in self.flaws:
            self._early_page = yield ReadStore(0, None, 99)
        row = yield ReadRow()
        pages: dict[Any, Any] = {}
        for lost in range(MAX_LOST_RACES):
            if lost > 1:
                yield Pause()
                row = yield ReadRow()
            after, puts = yield from self._next_row(row, keys, pages)
            if after is None:
                return True
            written = yield from self._write(after, puts, row)
            if written:
                return True
            row = yield ReadRow()
            if "stale pages after a lost race" not in self.flaws:
                pages.clear()
        return False

    def _write(self, after: Row, puts: list[tuple[int, Snapshot]], row: Row | None) -> Steps:
        for slot, snapshot in puts:
            yield PutSnapshot(slot, snapshot)
        self._writes += 1
        revision: Any = (self.name, self._writes)
        if "revision is a counter" in self.flaws:
            revision = (row.revision if row else 0) + 1
        return (yield WriteRow(replace(after, revision=revision), row.revision if row else None))

    def _next_row(self, row: Row | None, batch: list[int], pages: dict[Any, Any]) -> Steps:
        if row is None:
            if "a missing row is a new domain object" in self.flaws:
                fold = self._fold(NOTHING, (), whole=True)
                fold.apply(batch)
                return self._folded(row, batch, fold, 0)
            return (yield from self._refold(row, batch, None, up_to=None, pages=pages))
        if row.parked is not None and "fast path while parked" not in self.flaws:
            if row.parked.version != self.version or batch[0] < row.parked.key:
                waiting_from = row.parked.waiting_from
                if "healing begins at the failed event" in self.flaws:
                    waiting_from = row.parked.key
                base = yield from self._base(row, before=min(batch[0], waiting_from))
                up_to = batch[-1] if "healing stops at the batch" in self.flaws else None
                return (yield from self._refold(row, batch, base, up_to=up_to, pages=pages))
            if "acknowledge waiting without a write" in self.flaws:
                return None, []
            waiting = replace(row.parked, waiting_from=min(row.parked.waiting_from, batch[0]))
            return replace(row, parked=waiting, rebuilding=self._noting(row, batch[0])), []
        checkpoint = row.state.checkpoint
        late = [key for key in batch if key <= checkpoint]
        fresh = [key for key in batch if key > checkpoint]
        if late:
            result = yield from self._insert(row, batch, late, pages)
            if result is not None:
                return result
            if not fresh:
                return None, []
        fold = self._fold(row.state, row.marks, whole=row.version == self.version)
        fold.apply(fresh)
        if fold.failed_at is not None and not fold.whole:
            # this version may not be able to read a state that another version wrote
            base = yield from self._base(row, before=fresh[0])
            return (yield from self._refold(row, batch, base, up_to=fresh[-1], pages=pages))
        return self._folded(row, batch, fold, None)

    def _insert(self, row: Row, batch: list[int], late: list[int], pages: dict[Any, Any]) -> Steps:
        """The refolded row, or None if the row has the late keys."""
        older = [mark for mark in row.marks if mark.key <= late[0]]
        newer = [mark for mark in row.marks if mark.key > late[-1]]
        lo = older[-1] if older else Mark(0, frozenset())
        hi = newer[0] if newer else Mark(row.state.checkpoint + 1, row.state.applied)
        base = yield from self._base(row, before=late[0])
        stored = yield from self._read(lo.key, hi.key - 1, pages)
        if lo.applied | set(stored) == hi.applied:
            return None
        end = max(row.state.checkpoint, batch[-1])
        return (yield from self._refold(row, batch, base, up_to=end, pages=pages))

    def _base(self, row: Row, before: int) -> Steps:
        """The newest snapshot of this version that holds nothing from a key on; None if there is none."""
        for mark in reversed(row.marks):
            if mark.key > before or mark.slot is None:
                continue
            kept = yield GetSnapshot(mark.slot)
            if kept is not None and kept.version != self.version:
                return None  # a row lists the snapshots of one version only; see `_placed`
            if kept is None or kept.key != mark.key:
                continue
            if kept.applied != mark.applied and "snapshot trusted by its key" not in self.flaws:
                continue
            return mark, kept.state
        return None

    def _refold(
        self, row: Row | None, batch: list[int], base: Any, *, up_to: int | None, pages: dict[Any, Any]
    ) -> Steps:
        mark, state = base or (Mark(0, frozenset()), NOTHING)
        kept = row.marks if row is not None else ()
        if "a refold keeps later marks" not in self.flaws:
            kept = tuple(each for each in kept if each.key <= mark.key)
        fold = self._fold(state, kept, whole=True)
        keys = yield from self._read(mark.key, up_to, pages)
        while row is not None and self._lacks(row, keys, after=mark.key):
            yield Pause()
            pages.clear()
            keys = yield from self._read(mark.key, up_to, pages)
        fold.apply(keys)
        return self._folded(row, batch, fold, mark.key)

    def _lacks(self, row: Row, keys: Iterable[int], *, after: int = 0) -> bool:
        """True if events of the row's last decision are not among the keys that a read of the store shows."""
        if "a read is taken for all that is stored" in self.flaws:
            return False
        return not {key for key in row.unseen if key >= after} <= set(keys)

    def _fold(self, state: State, marks: tuple[Mark, ...], *, whole: bool) -> Fold:
        return Fold(state, self.version, self.poison, whole, marks, {})

    def _folded(self, row: Row | None, batch: list[int], fold: Fold, base: int | None) -> tuple[Row, Any]:
        """The row after a fold, and the snapshots to put. The fold began at the key `base`; None: on top of the row."""
        parked = None if fold.failed_at is None else Parked(fold.failed_at, self.version, fold.failed_at)
        changed = batch[0] if base is None else min(base, batch[0])
        rebuilding = row.rebuilding if row is not None else None
        if row is not None and (base is not None or parked is not None):
            rebuilding = self._noting(row, changed)
        if row is not None and parked is not None and parked.key <= row.state.checkpoint:
            waiting_from = min(parked.key, batch[0], row.parked.waiting_from if row.parked else parked.key)
            return replace(row, parked=replace(parked, waiting_from=waiting_from), rebuilding=rebuilding), []
        marks, puts = self._placed(fold, row)
        version = self.version if fold.whole or not fold.state.entries else MIXED
        if "a mixed row is labelled as one version's" in self.flaws:
            version = self.version
        if row is not None and fold.state == row.state:
            version = row.version if base is None else version
        unseen = row.unseen if row is not None and base is None else frozenset()
        if "an event in order makes the row forget its decision" in self.flaws:
            unseen = frozenset()
        return Row(fold.state, version, marks, parked, rebuilding, unseen), puts

    def _placed(self, fold: Fold, row: Row | None) -> tuple[tuple[Mark, ...], list[tuple[int, Snapshot]]]:
        """The fold's marks, and the snapshots to put. Each mark that it noted gets a slot that is free in the row."""
        whole = fold.whole or "a mixed row is labelled as one version's" in self.flaws
        # a mark noted just before the failed event lies after the checkpoint: the row may still grow before it
        noted = [mark for mark in fold.marks if mark.key <= fold.state.checkpoint]
        if not whole:
            return tuple(noted), []
        taken = {mark.slot for mark in (row.marks if row else ()) if mark.slot is not None}
        taken |= {mark.slot for mark in fold.marks if mark.slot is not None}
        marks: list[Mark] = []
        puts: list[tuple[int, Snapshot]] = []
        for mark in noted:
            placed = mark
            if mark.key in fold.noted:
                slot = next(number for number in range(99) if number not in taken)
                taken.add(slot)
                placed = replace(mark, slot=slot)
                puts.append((slot, Snapshot(mark.key, mark.applied, self.version, fold.noted[mark.key])))
            marks.append(placed)
        return tuple(marks), puts

    def _noting(self, row: Row, key: int) -> Rebuilding | None:
        """The note of a running rebuild, extended: there may be events from this key on that it has not read."""
        note = row.rebuilding
        if note is None or "a rebuild is not notified of late events" in self.flaws:
            return note
        return replace(note, changed_from=key if note.changed_from is None else min(key, note.changed_from))

    def _read(self, start: int, up_to: int | None, pages: dict[Any, Any]) -> Steps:
        """All keys from `start` up to and including `up_to`, page by page."""
        if "row read after the store" in self.flaws and hasattr(self, "_early_page"):
            return tuple(key for key in self._early_page if key >= start and (up_to is None or key <= up_to))
        if (start, up_to) in pages:
            return pages[start, up_to]
        keys: list[int] = []
        while page := (yield ReadStore(keys[-1] + 1 if keys else start, up_to, 2)):
            keys += page
            if len(page) < 2:
                break
        pages[start, up_to] = tuple(keys)
        return tuple(keys)

    # --- a decision ------------------------------------------------------------------------------------------

    def decide(self, command: str, residue: int, now: int, refuses: Callable[[frozenset[int]], bool]) -> Steps:
        """Decide once for a command, whatever happens in between.

        Args:
            command: the command; each call with it is the same decision.
            residue: of the command's key.
            now: the command's time: its event is not earlier.
            refuses: the decider's rule.

        Returns:
            "decided", "refused", "parked" or "failed": what the store says, too. Or "unknown": it may be either.
        """
        pages: dict[Any, Any] = {}
        looks = "a decision does not look for itself" not in self.flaws
        for _ in range(MAX_LOST_RACES):
            early = "a decision reads the store before the row" in self.flaws
            stored = (yield from self._read(0, None, pages)) if early else ()
            row = yield ReadRow()
            state = row.state if row is not None else NOTHING
            start = min(state.checkpoint + 1, now) if looks and row is not None else state.checkpoint + 1
            start = min(start, *row.unseen) if row is not None and row.unseen else start
            if not early and "a decision leaves out what is not projected" not in self.flaws:
                stored = yield from self._read(start, None, pages)
            if row is not None and self._lacks(row, stored):
                yield Pause()
                pages.clear()
                continue
            if looks and any(key % RESIDUES == residue for key in stored):
                return "decided"
            if row is not None and row.parked is not None and "a parked row is decided on" not in self.flaws:
                return "parked"
            fold = self._fold(state, row.marks if row else (), whole=row is None or row.version == self.version)
            fold.apply(key for key in stored if key > state.checkpoint)
            if fold.failed_at is not None:
                return "failed"
            known = fold.state.applied
            if refuses(known):
                return "refused"
            key = max(now, fold.state.checkpoint + 1)
            if "a decided event may be earlier than others" in self.flaws:
                key = now
            key += (residue - key) % RESIDUES
            fold.apply([key])
            if fold.failed_at is not None:
                return "failed"
            after, puts = self._folded(row, [key], fold, None)
            replacing = row.revision if row is not None else None
            for slot, snapshot in puts:
                yield PutSnapshot(slot, snapshot)
            self._writes += 1
            after = replace(after, revision=(self.name, self._writes), unseen=frozenset([key]))
            written = yield from self._commit(Transact(command, key, after, replacing, known))
            if written:
                return "decided"
            if written is None and "a decision without a reply starts over" not in self.flaws:
                return "unknown"
            yield Pause()
            if "a decision keeps pages after a lost race" not in self.flaws:
                pages.clear()
        return "unknown"

    def _commit(self, transact: Transact) -> Steps:
        """True, False, or None if there is no reply, however often the same transaction is sent.

        It is sent again while it is busy: only False says that it is never carried out.
        """
        if "the event and the row are written apart" in self.flaws:
            written = yield from self._send(replace(transact, row=None))
            if written and transact.row is not None:
                yield WriteRow(transact.row, transact.replacing)
            return written
        if "a decision ignores the row's revision" in self.flaws:
            transact = replace(transact, replacing=ANY)
        written = yield from self._send(transact)
        for _ in range(0 if "a decision without a reply starts over" in self.flaws else 2):
            if written is not None:
                break
            written = yield from self._send(transact)
        return written

    def _send(self, transact: Transact) -> Steps:
        while (written := (yield transact)) is BUSY:
            yield Pause()
        return written

    # --- a rebuild -------------------------------------------------------------------------------------------

    def rebuild(self) -> Steps:
        """Returns "rebuilt", "failed" or "overtaken"."""
        row = yield ReadRow()
        for lost in range(MAX_LOST_RACES):
            if lost > 1:
                yield Pause()
                row = yield ReadRow()
            if row is None:
                after, puts = yield from self._refold(None, [0], None, up_to=None, pages={})
                if after.parked is not None:
                    return "failed"
                if (yield from self._write(after, puts, None)):
                    return "rebuilt"
                row = yield ReadRow()
                continue
            noted = replace(row, rebuilding=Rebuilding(self.name))
            if (yield from self._write(noted, [], row)):
                return (yield from self._rebuild_noted())
            row = yield ReadRow()
        return "overtaken"

    def _rebuild_noted(self) -> Steps:
        fold = self._fold(NOTHING, (), whole=True)
        keeps = "a rebuild keeps the mark that it goes back to" in self.flaws
        sure = 0
        row = yield ReadRow()
        for lost in range(MAX_LOST_RACES):
            if lost > 1:
                yield Pause()
                row = yield ReadRow()
            if row is None or row.rebuilding is None:
                return (yield from self.rebuild())
            if row.rebuilding.run != self.name:
                return "overtaken"
            if fold.state.checkpoint > sure and "a rebuild trusts what it read beyond the checkpoint" not in self.flaws:
                fold.rewind(sure, keep_mark=keeps)
            cursor = fold.state.checkpoint
            changed = row.rebuilding.changed_from
            if (
                changed is not None
                and changed <= cursor
                and "a rebuild is not notified of late events" not in self.flaws
            ):
                fold.rewind(changed, keep_mark=keeps)
                cleared = replace(row, rebuilding=Rebuilding(self.name))
                yield from self._write(cleared, [], row)
                row = yield ReadRow()
                continue
            sure = 99 if row.parked is not None else row.state.checkpoint
            while page := (yield ReadStore(fold.state.checkpoint + 1, None, 2)):
                fold.apply(page)
                if fold.failed_at is not None:
                    yield from self._write(replace(row, rebuilding=None), [], row)
                    return "failed"
            if self._lacks(row, fold.state.applied):
                yield Pause()
                fold.rewind(min(row.unseen), keep_mark=keeps)
                continue
            marks, puts = self._placed(fold, row)
            if (yield from self._write(Row(fold.state, self.version, marks), puts, row)):
                return "rebuilt"
            row = yield ReadRow()
        return "overtaken"
