"""What a count asks the database, by two readers side by side who see one and the same state of it.

Python's lock is let go while SQLite works, so two connections use two
cores; but only when both stand on the same snapshot. Two values of
`data_version` on a third connection, equal before the first began to read
and after the second did, say that nobody committed in between. Whenever
that is not so, one reader asks everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Date, Select, String, cast, func, literal_column, select

from app.database import db

Question = Callable[[], Select[Any]]  # makes a packed statement: whoever asks it makes it


class Readers:
    """The session's connection and, where there is one, a second that works in a thread of its own."""

    def __init__(self, second: Connection | None, worker: Executor | None) -> None:
        self._first = db.session.connection()
        self._second, self._worker = second, worker

    def ask(self, packed: Question) -> list[Any]:
        """The rows of a packed statement, now."""
        return _rows(self._first, packed)

    def ask_beside(self, packed: Question) -> Callable[[], list[Any]]:
        """The same by the second reader, who takes what it is asked in this order; call it for the rows.

        What the second has not begun by then is asked at once by the first:
        call for the last first, and neither waits for the other.
        """
        if self._worker is None or self._second is None:
            return lambda: _rows(self._first, packed)
        asked = self._worker.submit(_rows, self._second, packed)
        return lambda: _rows(self._first, packed) if asked.cancel() else asked.result()


@contextmanager
def readers() -> Iterator[Readers]:
    """Whoever reads here sees one state of the database."""
    db.session.flush()
    with _second_reader() as second:
        if second is None:
            yield Readers(None, None)
            return
        with ThreadPoolExecutor(1) as worker:
            yield Readers(second, worker)


def packed(statement: Any) -> Select[Any]:
    """The rows of a statement of whole numbers, days and (as text) lists of numbers, as one text of JSON.

    Handed over one by one, rows cost more than the search for them, and
    each takes Python's lock from whoever runs beside. Days are ISO text,
    "" where there is none.
    """
    rows = statement.subquery()
    cells = [_cell(column) for column in rows.c]
    text = _OPEN + cells[0]
    for cell in cells[1:]:
        text = text + _COMMA + cell
    return select(func.aggregate_strings(text + _CLOSE, ","))


_OPEN, _COMMA, _CLOSE, _QUOTE = (literal_column(f"'{mark}'", String) for mark in '[,]"')


def _cell(column: Any) -> Any:
    if isinstance(column.type, Date):
        return _QUOTE + func.coalesce(cast(column, String), "") + _QUOTE
    if isinstance(column.type, String):
        return _OPEN + column + _CLOSE
    return cast(column, String)


def _rows(connection: Connection, packed: Question) -> list[Any]:
    rows: list[Any] = json.loads(f"[{connection.scalar(packed()) or ''}]")
    return rows


@contextmanager
def _second_reader() -> Iterator[Connection | None]:
    """Another connection on the state that the session reads; None where there can be none.

    Within a transaction the session's state is older, or holds what it
    wrote itself; and only SQLite leaves the second core idle otherwise.
    """
    if db.engine.dialect.name != "sqlite" or db.session().in_transaction():
        yield None
        return
    with db.engine.connect() as second:
        yield second if _begin_together(db.session.connection(), second) else None


def _begin_together(first: Connection, second: Connection) -> bool:
    """Begin to read on both; is it certain that both see the same?"""
    watch = db.engine.raw_connection()
    try:
        before = _data_version(watch)
        for reader in (first, second):
            _take_snapshot(reader)
        return _data_version(watch) == before
    finally:
        watch.close()


def _take_snapshot(reader: Connection) -> None:
    # BEGIN DEFERRED alone takes none: the first read does.
    reader.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()


def _data_version(watch: Any) -> int:
    cursor = watch.cursor()
    version: int = cursor.execute("PRAGMA data_version").fetchone()[0]
    cursor.close()
    return version
