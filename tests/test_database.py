"""The engine gate, and transactions that behave the same on both engines."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import create_engine, exc

from app import create_app, database, writer_queue
from app.database import WRITER, EngineTooOld, UnsavedWork, db, is_transient, one_at_a_time, writing
from app.models import Person, Provider
from tests import trace
from tests.people import NOON, a_person, a_provider

WAIT = timedelta(seconds=20).total_seconds()


# -- the gate -------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2), (3, 46, 1)])
def test_an_sqlite_that_can_corrupt_its_file_is_refused(tmp_path, monkeypatch, version):
    monkeypatch.setattr(sqlite, "sqlite_version_info", version)
    with pytest.raises(EngineTooOld) as caught:
        create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'registry.db'}"}, instance=tmp_path)
    line = str(caught.value)
    assert ".".join(map(str, version)) in line and "pip install" in line and "\n" not in line


def test_the_sqlite_here_is_sound():
    database.require_sound_sqlite(sqlite.sqlite_version_info)
    database.require_sound_sqlite(database.SQLITE_FLOOR)


@pytest.mark.parametrize("pragma", ["journal_mode=DELETE", "foreign_keys=OFF"])
def test_a_database_without_wal_or_foreign_keys_is_refused(tmp_path, monkeypatch, pragma):
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, pragma))
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    engine = create_engine(url, **database.engine_options(url))
    with pytest.raises(EngineTooOld):
        database.prepare(engine)


@pytest.mark.engine("sqlite")
def test_every_connection_has_the_settings_declared(app):
    expected = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "trusted_schema": 0,
        "secure_delete": 1, "journal_size_limit": 67108864,
    }  # fmt: skip
    assert expected.keys() == {pragma.partition("=")[0] for pragma in database.PRAGMAS}
    db.engine.dispose()
    connections = [db.engine.connect() for _ in range(3)]
    for connection in connections:
        assert {k: connection.exec_driver_sql(f"PRAGMA {k}").scalar() for k in expected} == expected
        connection.close()


def test_foreign_keys_hold(app):
    with pytest.raises(exc.IntegrityError), writing():
        db.session.add(Person(name="演示", made_at=NOON, keeper_provider_id=10**6))


# -- readers and writers ---------------------------------------------------------


@pytest.mark.parametrize("statement", [
    "INSERT INTO provider (name, name_key, kind, division_code, address, telephone, is_demo)"
    " VALUES ('x', 'x', 'other', '220200', '', '', false)",
    "UPDATE provider SET name = 'x'",
    "DELETE FROM provider",
])  # fmt: skip
def test_a_reader_cannot_write(app, statement):
    with writing():
        a_provider("原名（演示）")
    with trace.meant(), pytest.raises(exc.DBAPIError) as caught:
        db.session.execute(db.text(statement))
    assert not is_transient(caught.value), "refused at once, not after a wait"
    db.session.rollback()
    assert db.session.scalars(db.select(Provider.name)).all() == ["原名（演示）"]


def test_a_reader_after_a_writer_on_the_same_connection_cannot_write_either(app):
    for _ in range(3):
        with writing():
            a_provider()
        with trace.meant(), pytest.raises(exc.DBAPIError):
            db.session.execute(db.text("DELETE FROM provider"))
        db.session.rollback()


def test_a_reader_sees_one_state_although_another_commits_in_between(app):
    with writing():
        a_provider("从前（演示）")
    names = db.select(Provider.name)
    assert db.session.scalars(names).all() == ["从前（演示）"]
    with db.engine.connect().execution_options(**{WRITER: True}) as other:
        other.execute(db.update(Provider.__table__).values(name="后来（演示）"))
        other.commit()
    assert db.session.scalars(names).all() == ["从前（演示）"], "a page shows what stood at its first look"
    db.session.rollback()
    assert db.session.scalars(names).all() == ["后来（演示）"], "it was committed; the next reader sees it"


def test_a_writer_commits_at_its_end_and_not_before(app):
    with writing():
        person_id = a_person().id
        with db.engine.connect() as other:
            assert other.scalar(db.select(db.func.count()).select_from(Person)) == 0
    db.session.remove()
    assert db.session.get(Person, person_id)


def test_a_writer_that_fails_leaves_nothing(app):
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error):
            write_and_fail(error)
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 0
    with writing():
        a_person()  # and the next one is let in


def write_and_fail(error: type[BaseException]) -> None:
    with writing():
        a_person()
        raise error


def test_what_was_read_before_is_read_again_inside(app):
    with writing():
        person = a_person("旧名演示")
    with db.engine.connect().execution_options(**{WRITER: True}) as other:
        other.execute(db.update(Person.__table__).values(name="新名演示"))
        other.commit()
    assert person.name == "旧名演示"
    with writing():
        assert person.name == "新名演示"


def test_writing_inside_writing_is_refused_and_the_outer_one_is_whole(app):
    with writing():
        a_person()
        with pytest.raises(UnsavedWork), writing():
            pass
        a_person()
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 2
    with writing():
        a_person()


def test_a_change_made_before_writing_is_not_lost_in_silence(app):
    with writing():
        person = a_person("旧名演示")
    person.name = "新名演示"
    with pytest.raises(UnsavedWork), writing():
        pass
    db.session.rollback()
    db.session.add(Person(name="另一演示", made_at=NOON))
    with pytest.raises(UnsavedWork), writing():
        pass
    db.session.rollback()


def test_two_with_the_same_key_go_one_after_the_other(app):
    """Looking and then inserting, where there is no row to lock."""
    order: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with app.app_context(), writing():
            one_at_a_time(b"key")
            inside.set()
            go_on.wait(WAIT)
            order.append("first")

    def second() -> None:
        with app.app_context(), writing():
            one_at_a_time(b"key")
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert inside.wait(WAIT)
    threads[1].start()
    time.sleep(0.2)
    assert order == []
    go_on.set()
    for thread in threads:
        thread.join(WAIT)
    assert order == ["first", "second"]


# -- the queue before SQLite ------------------------------------------------------


def queue_of(app: Any) -> writer_queue.WriterQueue:
    return writer_queue.before(db.engine.url.database)


def break_by_exception(connection: Any) -> None:
    connection.close()


def break_by_invalidation(connection: Any) -> None:
    connection.invalidate()
    connection.close()


def break_by_detaching(connection: Any) -> None:
    connection.detach()
    connection.close()


def break_by_forgetting(connection: Any) -> None:
    """Left to the garbage collector."""


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "break_off", [break_by_exception, break_by_invalidation, break_by_detaching, break_by_forgetting]
)
def test_however_a_writer_ends_the_next_one_is_let_in(app, break_off):
    connection = db.engine.connect().execution_options(**{WRITER: True})
    connection.begin()
    assert queue_of(app)._first.locked()
    break_off(connection)
    del connection
    gc.collect()
    assert not queue_of(app)._first.locked()
    with writing():
        a_person()


@pytest.mark.engine("sqlite")
def test_a_writer_whose_begin_fails_leaves_the_queue(app):
    other = sqlite.connect(db.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    db.engine.dispose()
    try:
        impatient = db.engine.connect()
        impatient.exec_driver_sql("PRAGMA busy_timeout=50")
        impatient.rollback()
        with trace.meant(), pytest.raises(exc.OperationalError) as caught:
            impatient.execution_options(**{WRITER: True}).begin()
        impatient.close()
        assert is_transient(caught.value)
        assert not queue_of(app)._first.locked()
    finally:
        other.close()
        db.engine.dispose()


@pytest.mark.engine("sqlite")
def test_nobody_waits_for_ever_in_the_queue(app, monkeypatch):
    monkeypatch.setattr(writer_queue, "PATIENCE", 0.1)
    queue = queue_of(app)
    queue.join()
    try:
        with pytest.raises(writer_queue.Busy) as caught, writing():
            pass
        assert is_transient(caught.value)
    finally:
        queue.leave()
    with writing():
        a_person()


@pytest.mark.engine("sqlite")
def test_a_killed_writer_does_not_stop_the_others(app):
    def hold() -> None:
        with app.app_context(), writing():
            a_person()
            ours.send("inside")
            time.sleep(60)

    fork = multiprocessing.get_context("fork")
    theirs, ours = fork.Pipe()
    db.session.remove()
    process = fork.Process(target=hold, daemon=True)
    process.start()
    assert theirs.poll(WAIT)
    process.kill()
    process.join(WAIT)
    with writing():
        a_person()
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 1


def test_a_forked_child_has_connections_and_a_turn_of_its_own(app):
    """As with gunicorn --preload: the parent has used the database before it forks, and goes on using it."""

    def write() -> None:
        while theirs.recv():
            with app.app_context(), writing():
                one_at_a_time(b"key")
                a_person()
            theirs.send("done")

    with writing():
        a_person()
    db.session.remove()
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    child = fork.Process(target=write, daemon=True)
    child.start()
    with writing():
        one_at_a_time(b"key")
        a_person()
        ours.send(True)
        assert not ours.poll(0.5), "the child shares its parent's turn"
    assert ours.poll(WAIT)
    ours.send(False)
    child.join(WAIT)
    assert child.exitcode == 0
    db.session.rollback()
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 3
    with writing():
        a_person()


# -- what passes by itself ---------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (exc.OperationalError("", {}, sqlite.OperationalError("database is locked")), True),
        (exc.OperationalError("", {}, psycopg.errors.LockNotAvailable()), True),
        (exc.OperationalError("", {}, psycopg.errors.SerializationFailure()), True),
        (exc.OperationalError("", {}, psycopg.errors.DeadlockDetected()), True),
        (exc.OperationalError("", {}, psycopg.errors.AdminShutdown()), True),
        (exc.OperationalError("", {}, psycopg.errors.TooManyConnections()), True),
        (exc.OperationalError("", {}, psycopg.errors.ConnectionFailure()), True),
        (exc.TimeoutError("QueuePool limit"), True),
        (writer_queue.Busy(), True),
        (exc.IntegrityError("", {}, sqlite.IntegrityError("UNIQUE constraint failed")), False),
        (exc.IntegrityError("", {}, psycopg.errors.UniqueViolation()), False),
        (exc.OperationalError("", {}, sqlite.OperationalError("attempt to write a readonly database")), False),
        (exc.OperationalError("", {}, sqlite.OperationalError("no such table: locked")), False),
        (RuntimeError("database is locked"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error, passes):
    assert is_transient(error) is passes
