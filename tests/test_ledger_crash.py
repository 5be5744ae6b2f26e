"""A load that is killed half-way: one command finishes or undoes the batch, and nothing is there twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import config
from app import ledger, writer_queue
from app.database import db, writing
from app.ledger import loading
from app.models import Enrolment, LedgerBatch, LedgerRow, Person
from app.web.provider.ledger_work import _environment
from tests.ledgers import CAME, a_row, workbook

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
    from datetime import timedelta

    from app.clock import now
    from tests.people import an_account

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
