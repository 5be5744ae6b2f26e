"""A load that is killed half-way: one command finishes or undoes the batch, and nothing is there twice."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

import config
from app import ledger, writer_queue
from app.clock import now
from app.database import db, writing
from app.ledger import loading
from app.models import Enrolment, LedgerBatch, LedgerRow, Person
from app.refusal import Refusal
from app.web.provider.ledger_work import _environment
from tests.ledgers import CAME, a_row, workbook
from tests.people import an_account

ROWS = 1200


def flask(app, *words: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", *words]


def killed_half_way(app, tmp_path: Path) -> int:
    """`flask ledger import` in a process of its own, killed with -9 once it has written some of the rows."""
    file = tmp_path / "ledger.xlsx"
    file.write_bytes(workbook([a_row(None, 姓名=f"演示{n}", **CAME) for n in range(ROWS)]).getvalue())
    command = subprocess.Popen(
        flask(app, "import", str(file)),
        cwd=config.ROOT,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(1200):
        db.session.rollback()
        batch = db.session.scalar(db.select(LedgerBatch).execution_options(populate_existing=True))
        if batch is not None and batch.rows_done:
            break
        assert command.poll() is None, "finished before it could be killed"
        time.sleep(0.02)
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    db.session.rollback()
    batch = db.session.scalar(db.select(LedgerBatch).execution_options(populate_existing=True))
    assert batch.state == "loading" and 0 < batch.rows_done < ROWS
    return batch.id


def count(model) -> int:
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(model))


def test_a_killed_load_is_finished_by_one_command(app, tmp_path):
    batch_id = killed_half_way(app, tmp_path)
    assert count(Enrolment) + count(LedgerRow) == ROWS
    subprocess.run(flask(app, "resume", str(batch_id)), cwd=config.ROOT, env=_environment(), check=True)
    assert count(Enrolment) == count(Person) == ROWS
    assert count(LedgerRow) == 0


def test_a_killed_load_is_undone_by_one_command(app, tmp_path):
    batch_id = killed_half_way(app, tmp_path)
    subprocess.run(flask(app, "undo", str(batch_id)), cwd=config.ROOT, env=_environment(), check=True)
    assert count(Enrolment) == count(Person) == count(LedgerRow) == 0


@pytest.mark.engine("sqlite")
def test_a_slice_that_fails_leaves_nothing_half_written(app, monkeypatch):
    batch_id, _, _ = ledger.receive(workbook([a_row(n, **CAME) for n in range(1, 40)]), "a.xlsx")
    wrote = loading._Loader._settle

    def break_down(loader, piece):
        wrote(loader, piece)
        raise KeyboardInterrupt

    monkeypatch.setattr(loading._Loader, "_settle", break_down)
    with pytest.raises(KeyboardInterrupt):
        ledger.load(batch_id)
    assert count(Enrolment) == count(Person) == 0 and count(LedgerRow) == 39
    monkeypatch.setattr(loading._Loader, "_settle", wrote)
    ledger.load(batch_id)
    assert count(Enrolment) == 39


@pytest.mark.engine("sqlite")
def test_a_slice_that_meets_a_busy_lock_is_tried_again_with_what_it_had_made(app, monkeypatch):
    rows = [a_row(n, **CAME, 班次编号=f"2025-{n:03d}") for n in range(1, 40)]
    batch_id, _, _ = ledger.receive(workbook(rows), "a.xlsx")
    wrote, busy = loading._Loader._settle, [True, True]

    def sometimes(loader, piece):
        if busy:
            busy.pop()
            raise writer_queue.Busy("busy")
        return wrote(loader, piece)

    monkeypatch.setattr(loading._Loader, "_settle", sometimes)
    assert ledger.load(batch_id).rows_done == 39
    assert count(Enrolment) == 39 and not busy


@pytest.mark.engine("sqlite")
def test_the_page_offers_to_go_on_with_a_batch_whose_worker_died(app, client):
    with writing():
        clerk = an_account("clerk")
        batch = LedgerBatch(
            uid="x", file_name="a.xlsx", file_digest=b"", provider_id=clerk.grants[0].provider_id, made_at=now(),
            worked_at=now() - timedelta(minutes=2), state="loading", rows_total=2, rows_done=1,
        )  # fmt: skip
        db.session.add(batch)
        db.session.flush()
    client.sign_in(clerk)
    page = client.get(f"/desk/ledgers/{batch.id}").get_data(as_text=True)
    assert "停在一半" in page and "接着登记" in page and "撤销整批" in page
    assert client.post(f"/desk/ledgers/{batch.id}/loading").status_code == 303
    assert db.session.get_one(LedgerBatch, batch.id).state == "done"


def test_a_loader_stops_when_its_batch_is_taken_back_beside_it(app, monkeypatch):
    """Otherwise what it wrote behind the way back would stay, and no undo could reach it."""
    batch_id, _, _ = ledger.receive(workbook([a_row(n, **CAME) for n in range(1, 150)]), "a.xlsx")
    run, slices = loading._Loader.run, []

    def undone_after_the_first_slice(loader):
        for done in run(loader):
            slices.append(done)
            yield done
            ledger.undo(batch_id)

    monkeypatch.setattr(loading._Loader, "run", undone_after_the_first_slice)
    with pytest.raises(Refusal) as caught:
        ledger.load(batch_id)
    assert caught.value.code == "batch-state" and len(slices) == 1 and slices[0] < 149
    assert count(Enrolment) == count(Person) == 0
    assert db.session.get_one(LedgerBatch, batch_id).state == "undone"


def test_a_batch_undone_after_its_last_slice_is_not_called_loaded(app, monkeypatch):
    batch_id, _, _ = ledger.receive(workbook([a_row(1, **CAME)]), "a.xlsx")
    finish = loading._finish
    monkeypatch.setattr(loading, "_finish", lambda done: (ledger.undo(done), finish(done)))
    with pytest.raises(Refusal):
        ledger.load(batch_id)
    assert count(Enrolment) == 0 and db.session.get_one(LedgerBatch, batch_id).state == "undone"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("state", ["staging", "loading", "undoing"])
def test_a_batch_that_somebody_works_on_is_not_taken_back_from_the_page(app, client, state):
    with writing():
        clerk = an_account("clerk")
        batch = LedgerBatch(
            uid="x", file_name="a.xlsx", file_digest=b"", provider_id=clerk.grants[0].provider_id, made_at=now(),
            worked_at=now(), state=state, rows_total=2, rows_done=1,
        )  # fmt: skip
        db.session.add(batch)
    client.sign_in(clerk)
    answer = client.post(f"/desk/ledgers/{batch.id}/undoing")
    assert answer.status_code == 409 and "正在处理，现在不能撤销" in answer.get_data(as_text=True)
    db.session.rollback()
    assert db.session.get_one(LedgerBatch, batch.id).state == state
    with writing():
        db.session.get_one(LedgerBatch, batch.id).worked_at = now() - timedelta(minutes=2)
    assert client.post(f"/desk/ledgers/{batch.id}/undoing").status_code == 303
    db.session.rollback()
    assert db.session.get_one(LedgerBatch, batch.id).state in ("undone", "dropped"), "its worker is dead"
