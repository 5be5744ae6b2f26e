"""What a slice of a large ledger does while it holds the write lock, and what must wait until it is free."""

import gc
from collections import Counter

import pytest

from app import ledger
from app.database import WRITER, db
from app.ledger import loading
from app.models import Enrolment
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
