"""Both engines behave as one: readers that cannot write, writers that queue, one commit per request.

SQLite: `BEGIN IMMEDIATE` for writers, because with a deferred BEGIN two
callers read the same last place and both take it. A queue before BEGIN
keeps them fair (app/writer_queue.py).
PostgreSQL: the same verbs take `FOR UPDATE` on the offering, and `one_at_a_time`
where there is no row yet to lock.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    event,
    func,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app import writer_queue

SQLITE_FLOOR = (3, 51, 3)  # below it the WAL-reset bug can corrupt a file
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL lost acknowledged commits in simulated power cuts
    "foreign_keys=ON",
    "busy_timeout=5000",
    "trusted_schema=OFF",
    "secure_delete=ON",
    "journal_size_limit=67108864",
)
CHECKPOINT, LATE_CHECKPOINT = 1000, 8000  # pages of the log at which a commit copies it back into the file
WRITER = "registry_writer"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False})


class EngineTooOld(RuntimeError):
    """The SQLite library has a known corruption bug, or cannot do what the registry relies on."""


class UnsavedWork(RuntimeError):
    """A write transaction would lose or half-save what was changed before it."""


class Stamp(TypeDecorator[datetime]):
    """An aware UTC instant on both engines."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Hours(TypeDecorator[Decimal]):
    """Class hours of 45 minutes as a Decimal with two places, stored as whole hundredths: sums stay exact."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Any) -> int | None:
        return None if value is None else int((Decimal(value) * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


class Exact(TypeDecorator[Decimal]):
    """A Decimal digit for digit, stored as text: it is never summed or compared in SQL."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


def require_sound_sqlite(version: tuple[int, ...]) -> None:
    """Refuse an SQLite that can corrupt its file (EngineTooOld)."""
    if version < SQLITE_FLOOR:
        raise EngineTooOld(
            f"SQLite {'.'.join(map(str, version))} can corrupt a database in WAL mode; "
            f"{'.'.join(map(str, SQLITE_FLOOR))} or newer is needed (pip install pysqlite3)."
        )


def engine_options(url: str) -> dict[str, Any]:
    """Keyword arguments for create_engine that fit the database behind ``url``."""
    if url.startswith("sqlite"):
        import pysqlite3.dbapi2 as sqlite

        require_sound_sqlite(sqlite.sqlite_version_info)
        return {
            "module": sqlite,
            "connect_args": {"check_same_thread": False},
            "pool_size": 8,
            "max_overflow": 120,
            "hide_parameters": True,  # parameters hold names; an error must not carry them into the log
        }
    return {
        "connect_args": {"options": "-c lock_timeout=3000 -c timezone=UTC", "connect_timeout": 5},  # seconds
        "pool_size": 8,
        "max_overflow": 8,
        "pool_pre_ping": True,
        "hide_parameters": True,
    }


def prepare(engine: Engine) -> None:
    """Attach the transaction hooks to a new engine. Raises EngineTooOld when its SQLite file cannot be kept safely."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine.pool, "checkin", _leave_queue)
        event.listen(engine.pool, "detach", _leave_queue)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    # An SQLite connection must not be carried over a fork: the child would believe in locks that it does not have.
    os.register_at_fork(before=engine.dispose, after_in_child=lambda: _start_afresh(engine))
    if engine.dialect.name == "sqlite":
        engine.connect().close()  # refused now, in one line, and not at the first page


def engine_in_words() -> str:
    """The engine that answers, as ``SQLite 3.51.3`` or ``PostgreSQL 18.1``; asked of the database itself."""
    if db.engine.dialect.name == "sqlite":
        return f"SQLite {db.session.scalar(select(func.sqlite_version()))}"
    return f"PostgreSQL {db.session.scalar(text('SHOW server_version'))}"


def tables_version() -> str | None:
    """The migration at which the tables stand, or None when there are none."""
    if not inspect(db.session.connection()).has_table("alembic_version"):
        return None
    return db.session.scalar(text("SELECT version_num FROM alembic_version"))


@contextmanager
def writing() -> Iterator[Any]:
    """The request's one write transaction: commits at the end, rolls back on any exception.

    Whatever was read before is read again inside it, under the lock. Raises
    UnsavedWork when something was changed before it, or inside another one.
    """
    session = db.session
    if WRITER in session.info:
        raise UnsavedWork("writing() inside writing(): the inner one would commit half of the outer one")
    if session.new or session.dirty or session.deleted:
        raise UnsavedWork("changed before writing(), which begins with a rollback: make the change inside it")
    session.rollback()
    session.expire_all()
    session.info[WRITER] = set()  # the rows that this transaction has locked
    try:
        session.connection(execution_options={WRITER: True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(WRITER, None)


def leave_checkpoint_for_later() -> None:
    """In a write transaction on SQLite: its commit does not copy the log back, unless that grew to LATE_CHECKPOINT."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={LATE_CHECKPOINT}")
        connection.info["late"] = True


def checkpoint() -> None:
    """Outside every transaction, SQLite: copy the log back into the file while others read and write."""
    if db.engine.dialect.name == "sqlite":
        connection = db.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            connection.close()


def first_lock_of(row: Any) -> bool:
    """Has this write transaction not locked the row yet? From now on it has."""
    locked = db.session.info.get(WRITER)
    if locked is None:
        return True
    key = db.session.identity_key(instance=row)
    if key in locked:
        return False
    locked.add(key)
    return True


def row_id(row: Any) -> int:
    """The key of a row that is stored; unlike ``row.id`` it reads nothing after ``writing`` has begun."""
    return inspect(row).identity[0]


def at_most(rows: int) -> Any:
    """For ``limit``: the number itself and no parameter, for which SQLite plans the statement anew each time."""
    return literal_column(str(int(rows)))


def one_at_a_time(key: bytes) -> None:
    """Until the commit nobody else passes here with the same key.

    For rules about rows that do not exist yet, which no row lock covers.
    SQLite has one writer at a time anyhow.
    """
    if db.engine.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(key).digest()[:8], signed=True)
        db.session.execute(db.select(db.func.pg_advisory_xact_lock(number)))


def new_ids(table: Any, count: int) -> range | list[int]:
    """Keys for ``count`` new rows, inside the write transaction.

    Rows whose keys are known beforehand go in by one executemany; asked for
    them afterwards, SQLite would take the rows one by one.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return list(connection.scalars(select(sequence).select_from(func.generate_series(1, count))))
    last = connection.scalar(select(func.max(table.c.id))) or 0
    return range(last + 1, last + count + 1)


def in_parts(query: Any, column: Any, ids: Iterable[int]) -> Iterator[Any]:
    """The rows of a query where ``column`` is one of ``ids``, asked in parts: no statement takes any number of them."""
    connection, rest = db.session.connection(), sorted(ids)
    for n in range(0, len(rest), _AT_ONCE):
        yield from connection.execute(query.where(column.in_(rest[n : n + _AT_ONCE]))).all()


_AT_ONCE = 400


def forget_loaded(model: type[Any], ids: Iterable[Any]) -> None:
    """After a statement changed rows behind the session's back: read them again when next asked."""
    for row_id in ids:
        loaded = db.session.identity_map.get(db.session.identity_key(model, row_id))
        if loaded is not None:
            db.session.expire(loaded)


def is_transient(error: BaseException) -> bool:
    """Would the same request succeed a moment later? (lock waits, deadlocks, a server that restarts)"""
    if isinstance(error, writer_queue.Busy | PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _PASSING_STATES or state.startswith("08")
    return error.connection_invalidated or "database is locked" in str(error.orig)


# serialization failure, deadlock, lock timeout, too many connections, shut down, crashed, starting up
_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})


def _open_sqlite(dbapi: Any, record: Any) -> None:
    dbapi.isolation_level = None  # the driver opens no transaction of its own
    cursor = dbapi.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    mode, keys = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys"))
    path = cursor.execute("PRAGMA database_list").fetchone()[2]
    cursor.close()
    if path and mode != "wal":
        raise EngineTooOld("write-ahead logging is not available where the database lies; use a local disk")
    if keys != 1:
        raise EngineTooOld("this SQLite library does not keep foreign keys; pip install pysqlite3")
    record.info["path"] = path


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(WRITER))
    if writes:
        _join_queue(connection)
    # Past SQLAlchemy where nothing can fail: a request begins two transactions, and these lines showed in its cost.
    dbapi = connection.connection.dbapi_connection
    assert dbapi is not None
    if connection.info.get("writes") is not writes:
        dbapi.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")  # type: ignore[attr-defined]
        connection.info["writes"] = writes
    if writes:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        dbapi.execute("BEGIN DEFERRED")  # type: ignore[attr-defined]


def _join_queue(connection: Connection) -> None:
    path = connection.info.get("path")
    if path and "queue" not in connection.info:
        queue = writer_queue.before(path)
        queue.join()
        connection.info["queue"] = queue


def _leave_queue(dbapi: Any, record: Any) -> None:
    # At the return to the pool, not at the commit hook: that one runs before
    # the driver's COMMIT, and the next writer would meet a lock still held.
    # An invalidated connection comes back the same way, with ``dbapi`` None.
    queue = record.info.pop("queue", None)
    if queue is not None:
        queue.leave()
    if record.info.pop("late", False) and dbapi is not None:
        dbapi.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get(WRITER):
        # One snapshot for all statements of a page, as on SQLite; otherwise its figures could contradict each other.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


_parents_pools: list[Any] = []  # connections in use at the fork; closing them here would harm the parent


def _start_afresh(engine: Engine) -> None:
    """In a forked child: connections of its own."""
    _parents_pools.append(engine.pool)
    engine.dispose(close=False)
