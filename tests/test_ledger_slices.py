"""What a slice of a large ledger does while it holds the write lock, and what must wait until it is free."""

import gc
from collections import Counter
from pathlib import Path

import pytest

from app import database, ledger
from app.database import WRITER, db
from app.ledger import loading, staging
from app.models import Enrolment
from app.writer_queue import WriterQueue
from tests.ledgers import CAME, a_row, workbook


def collections_of_a_load() -> Counter[bool]:
    """How often the collector ran while the lock was held (True) and was not (False)."""
    batch_id, _, plan = ledger.receive(workbook([a_row(n, **CAME) for n in range(1, 200)]), "a.xlsx")
    ran: Counter[bool] = Counter()

    def note(phase: str, _: object) -> None:
        ran[WRITER in db.session.info] += phase == "start"

    loading.begin_loading(batch_id)
    loader = loading._Loader(plan, batch_id, None)
    usual = gc.get_threshold()
    gc.callbacks.append(note)
    gc.set_threshold(20)
    try:
        assert list(loader.run())[-1] == 199
    finally:
        gc.set_threshold(*usual)
        gc.callbacks.remove(note)
    return ran


@pytest.mark.engine("sqlite")
def test_the_garbage_collector_waits_until_a_slice_has_let_go_of_the_lock(app):
    ran = collections_of_a_load()
    assert ran[False] > 0 and ran[True] == 0
    assert gc.isenabled()


@pytest.mark.engine("sqlite")
def test_without_that_it_would_run_under_the_lock(app, monkeypatch):
    monkeypatch.setattr(gc, "disable", lambda: None)
    assert collections_of_a_load()[True] > 0


@pytest.mark.engine("sqlite")
def test_a_slice_that_fails_gives_the_collector_back(app, monkeypatch):
    batch_id, _, _ = ledger.receive(workbook([a_row(1, **CAME)]), "a.xlsx")

    def break_down(loader, piece):
        assert not gc.isenabled()
        raise KeyboardInterrupt

    monkeypatch.setattr(loading._Loader, "_settle", break_down)
    with pytest.raises(KeyboardInterrupt):
        ledger.load(batch_id)
    assert gc.isenabled()
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment)) == 0


def writes_of_the_file_itself(app, monkeypatch) -> Counter[bool]:
    """During a load, how often the database file changed while the queue was held (True) and while it was not."""
    file = Path(db.engine.url.database)
    batch_id, _, plan = ledger.receive(workbook([a_row(n, **CAME) for n in range(1, 400)]), "a.xlsx")
    changed: Counter[bool] = Counter()
    join, leave = WriterQueue.join, WriterQueue.leave
    seen = [file.stat().st_mtime_ns]

    def look(held: bool) -> None:
        now = file.stat().st_mtime_ns
        changed[held] += now != seen[0]
        seen[0] = now

    def joined(queue: WriterQueue) -> None:
        look(held=False)
        join(queue)

    def left(queue: WriterQueue) -> None:
        look(held=True)
        leave(queue)

    monkeypatch.setattr(WriterQueue, "join", joined)
    monkeypatch.setattr(WriterQueue, "leave", left)
    loading.begin_loading(batch_id)
    assert list(loading._Loader(plan, batch_id, None).run())[-1] == 399
    return changed


def checkpoint_often(monkeypatch) -> None:
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, "wal_autocheckpoint=1"))
    monkeypatch.setattr(database, "CHECKPOINT", 1)
    db.session.remove()
    db.engine.dispose()


@pytest.mark.engine("sqlite")
def test_the_log_is_copied_back_only_when_a_slice_has_left_the_queue(app, monkeypatch):
    checkpoint_often(monkeypatch)
    changed = writes_of_the_file_itself(app, monkeypatch)
    assert changed[False] > 1 and changed[True] <= 1, "begin_loading is no slice"
    log = db.session.connection().exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()
    assert log == 1, "the connection serves others next"


@pytest.mark.engine("sqlite")
def test_without_that_the_next_writer_would_wait_for_it(app, monkeypatch):
    checkpoint_often(monkeypatch)
    monkeypatch.setattr(staging, "leave_checkpoint_for_later", lambda: None)
    assert writes_of_the_file_itself(app, monkeypatch)[True] > 1


@pytest.mark.engine("sqlite")
def test_a_log_that_grew_long_is_copied_back_all_the_same(app, monkeypatch):
    checkpoint_often(monkeypatch)
    monkeypatch.setattr(database, "LATE_CHECKPOINT", 1)
    assert writes_of_the_file_itself(app, monkeypatch)[True] > 1
