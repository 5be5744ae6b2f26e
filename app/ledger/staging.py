"""A ledger's rows laid down, sealed, before anything is judged; and the small steps in which all of it is written."""

from __future__ import annotations

import gc
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import bindparam, select

from app import sealing
from app.clock import now
from app.database import checkpoint, db, leave_checkpoint_for_later, writing
from app.ledger.columns import COLUMNS
from app.ledger.files import Ledger
from app.models.ledger_batch import LedgerBatch, LedgerRow

_R = LedgerRow.__table__.c
_HERE: Any = bindparam("batch")
_NUMBERS: Any = bindparam("numbers", expanding=True)
# Made once: putting a statement together costs more than running it.
_ROWS = (
    select(_R.row_number, _R.cells_sealed, _R.column, _R.refusal).where(_R.batch_id == _HERE).order_by(_R.row_number)
)
_KINDS = {None: _ROWS, True: _ROWS.where(_R.refusal_code != ""), False: _ROWS.where(_R.refusal_code == "")}
_THESE = {refused: rows.where(_R.row_number.in_(_NUMBERS)) for refused, rows in _KINDS.items()}
_NEXT = {refused: rows.where(_R.row_number > bindparam("last")).limit(2000) for refused, rows in _KINDS.items()}
_LEFT = select(_R.row_number).where(_R.batch_id == _HERE, _R.row_number.in_(_NUMBERS))
_FORGET = db.delete(LedgerRow.__table__).where(_R.batch_id == _HERE, _R.row_number.in_(_NUMBERS))
_STAGE = db.insert(LedgerRow.__table__)

SLICE = (
    0.06  # seconds of write lock that one slice aims at: on a machine with other work it takes up to four times that
)
_AT_ONCE = 400
Progress = Callable[[str, int, int], None]


def silent(step: str, done: int, total: int) -> None:
    """No progress to show."""


class Heart:
    """Progress that also shows the batch alive, every few seconds, where long work writes nothing else."""

    EVERY = 10.0

    def __init__(self, batch_id: int, progress: Progress) -> None:
        self.batch_id, self.progress, self.last = batch_id, progress, time.monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self.last > self.EVERY:
            self.last = time.monotonic()
            with writing() as session:
                session.execute(
                    db.update(LedgerBatch).where(LedgerBatch.id == self.batch_id).values(worked_at=now()),
                    execution_options={"synchronize_session": False},
                )
        self.progress(step, done, total)


class Pace:
    """How much to write at once: as much as fits into SLICE, learnt from slice to slice."""

    LEAST = 50

    def __init__(self, size: int, most: int = 4000) -> None:
        self.size, self.most = size, most

    def learn(self, written: int, seconds: float) -> None:
        if written:
            fits = int(written * SLICE / max(seconds, 0.001))
            # Up with care, down at once.
            self.size = max(self.LEAST, min(self.most, fits, self.size * 3 // 2))


@contextmanager
def a_slice(pace: Pace, written: int) -> Iterator[Any]:
    """``writing()`` for one slice of a batch, held as short as can be.

    The pace learns from the statements alone: the wait for the lock and the
    commit take as long for few rows as for many; counted in, a slow disk
    would make slices ever smaller, and the whole slower.
    The garbage collector waits until the lock is free: among the objects of
    a plan of 200,000 rows it once held every sign-up up for half a second.
    So does SQLite's checkpoint: a slice fills a log that a commit would copy
    back before the next writer's turn.
    """
    runs = gc.isenabled()
    gc.disable()
    try:
        with writing() as session:
            leave_checkpoint_for_later()
            began = time.perf_counter()
            try:
                yield session
            finally:
                pace.learn(written, time.perf_counter() - began)
    finally:
        if runs:
            gc.enable()
    checkpoint()


def open_batch(name: str, *, provider_id: int | None = None, by_id: int | None = None) -> int:
    """A new batch, in a transaction of its own; its id. A clerk's takes rows of ``provider_id`` alone."""
    with writing() as session:
        batch = LedgerBatch(
            uid=uuid.uuid4().hex,
            file_name=name[-200:],
            file_digest=b"",
            provider_id=provider_id,
            made_by_id=by_id,
            made_at=now(),
            worked_at=now(),
            state="staging",
        )
        session.add(batch)
        session.flush()
        return batch.id


def digest_of(file: IO[bytes]) -> bytes:
    """SHA-256 of the whole file, which is left at its beginning."""
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    file.seek(0)
    return digest.digest()


def note_digest(batch_id: int, digest: bytes) -> None:
    """Which file it was: its bytes are not kept."""
    with writing() as session:
        session.execute(db.update(LedgerBatch).where(LedgerBatch.id == batch_id).values(file_digest=digest))


def stage(batch_id: int, ledger: Ledger, progress: Progress = silent) -> int:
    """Lay down every row, sealed; returns how many. Raises ``file-unreadable``."""
    uid = _uid(batch_id)
    pace, total, rows = Pace(1000), 0, ledger.rows()
    while True:
        drafts = []
        for number, cells in rows:
            drafts.append({"batch_id": batch_id, "row_number": number, "cells_sealed": seal_cells(uid, number, cells)})
            if len(drafts) >= pace.size:
                break
        if not drafts:
            return total
        total += len(drafts)
        with a_slice(pace, len(drafts)) as session:
            session.connection().execute(_STAGE, drafts)
            session.execute(
                db.update(LedgerBatch).where(LedgerBatch.id == batch_id).values(rows_total=total, worked_at=now())
            )
        progress("读取", total, 0)


def staged(batch_id: int, numbers: Iterable[int] | None = None, *, refused: bool | None = False) -> Iterator[Any]:
    """(row number, cells, row) of staged rows in order; all, or these; refused ones only when asked (None: both)."""
    uid = _uid(batch_id)
    for row in _found(batch_id, numbers, refused):
        yield row.row_number, open_cells(uid, row.row_number, row.cells_sealed), row


def _found(batch_id: int, numbers: Iterable[int] | None, refused: bool | None) -> Iterator[Any]:
    if numbers is not None:
        for chunk in chunks(list(numbers), _AT_ONCE):
            yield from db.session.connection().execute(_THESE[refused], {"batch": batch_id, "numbers": chunk})
        return
    last = -1
    while rows := db.session.connection().execute(_NEXT[refused], {"batch": batch_id, "last": last}).all():
        yield from rows
        last = rows[-1].row_number


def rows_left(batch_id: int, numbers: Sequence[int]) -> set[int]:
    """Those of these rows that are staged still."""
    left: set[int] = set()
    for chunk in chunks(numbers, _AT_ONCE):
        left.update(db.session.connection().scalars(_LEFT, {"batch": batch_id, "numbers": chunk}))
    return left


def refuse_rows(batch_id: int, refused: dict[int, tuple[str, str, str]]) -> None:
    """Write down why rows are sent back: row number → column, code, sentence; in slices."""
    pace = Pace(500)
    todo = list(refused.items())
    table = LedgerRow.__table__
    while todo:
        part, todo = todo[: pace.size], todo[pace.size :]
        with a_slice(pace, len(part)) as session:
            session.execute(
                db.update(table)
                .where(table.c.batch_id == batch_id, table.c.row_number == db.bindparam("row"))
                .values(column=db.bindparam("c"), refusal_code=db.bindparam("code"), refusal=db.bindparam("why")),
                [{"row": n, "c": column, "code": code, "why": why} for n, (column, code, why) in part],
            )


def forget_rows(batch_id: int, numbers: Sequence[int]) -> None:
    """Staged cells that are done with; inside the caller's transaction."""
    for chunk in chunks(numbers, _AT_ONCE):
        db.session.connection().execute(_FORGET, {"batch": batch_id, "numbers": chunk})


def forget_all_rows(batch_id: int) -> None:
    """Every staged cell of a batch, in slices."""
    pace = Pace(1000)
    while True:
        with a_slice(pace, pace.size) as session:
            numbers = session.scalars(
                db.select(LedgerRow.row_number).where(LedgerRow.batch_id == batch_id).limit(pace.size)
            ).all()
            forget_rows(batch_id, numbers)
        if not numbers:
            return


def seal_cells(uid: str, row_number: int, cells: Sequence[str]) -> bytes:
    text = json.dumps(list(cells), ensure_ascii=False, separators=(",", ":"))
    return sealing.sealer().seal(text, "ledger_row", "cells_sealed", f"{uid}:{row_number}")


def open_cells(uid: str, row_number: int, sealed: bytes) -> list[str]:
    cells = json.loads(sealing.sealer().open(sealed, "ledger_row", "cells_sealed", f"{uid}:{row_number}"))
    assert len(cells) == len(COLUMNS)
    return cells


def chunks(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


def _uid(batch_id: int) -> str:
    return db.session.execute(db.select(LedgerBatch.uid).where(LedgerBatch.id == batch_id)).scalar_one()
