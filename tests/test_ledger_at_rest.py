"""Numbers of a ledger at rest: sealed in every table, in staging, in what a killed load leaves behind, in logs."""

import io
import logging
import tempfile
from pathlib import Path

import pytest
from flask import request

from app import ledger, sealing
from app.database import db, writing
from app.ledger import staging
from app.models import LedgerRow, Person
from tests.conftest import make_registry
from tests.ledgers import CAME, a_row, load, number, workbook
from tests.live_files import content

PEOPLE = 500  # a document and a mobile each: 1,000 numbers


def secrets_of(n: int) -> tuple[bytes, bytes]:
    return number(n).encode(), f"1390000{n:04d}".encode()


def test_no_number_lies_in_clear_anywhere(tmp_path, monkeypatch, caplog):
    """Database file, write-ahead log, temp files, logs: while rows are staged, after loading, after the way back."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    registry = make_registry(f"sqlite:///{tmp_path / 'registry.db'}", tmp_path)
    rows = [a_row(n, **CAME) for n in range(PEOPLE)]
    rows[7]["区县"] = "朝阳区"  # one refused row stays staged
    with caplog.at_level(logging.DEBUG), registry.app_context():
        batch_id, findings, _ = ledger.receive(workbook(rows), "ledger.xlsx")
        assert findings.good == PEOPLE - 1
        assert hits(tmp_path, caplog.text) == []
        ledger.load(batch_id)
        assert hits(tmp_path, caplog.text) == []
        with open(tmp_path / "out.xlsx", "wb") as out:
            ledger.export(2025, out)
        (tmp_path / "out.xlsx").unlink()
        ledger.undo(batch_id)
        assert hits(tmp_path, caplog.text) == []
        db.session.remove()
        db.engine.dispose()
    (tmp_path / "control").write_bytes(secrets_of(3)[0])
    assert hits(tmp_path, "") == ["control"], "the search would find a number"


def hits(folder: Path, log: str) -> list[str]:
    places = {path.name: content(path) for path in folder.rglob("*") if path.is_file()}
    places["log"] = log.encode()
    assert any(name.startswith("registry.db") for name in places)
    numbers = [secret for n in range(PEOPLE) for secret in secrets_of(n)]
    return [name for name, content in places.items() if any(secret in content for secret in numbers)]


def test_sealed_cells_open_nowhere_else(app):
    ledger.receive(workbook([a_row(1), a_row(2)]), "ledger.xlsx")
    with writing():
        one, two = db.session.scalars(db.select(LedgerRow).order_by(LedgerRow.row_number)).all()
        one.cells_sealed, two.cells_sealed = two.cells_sealed, one.cells_sealed
    with pytest.raises(sealing.SealBroken):
        list(staging.staged(one.batch_id))


def test_two_people_s_sealed_numbers_cannot_change_places(app):
    load([a_row(1), a_row(2)])
    with writing():
        one, two = db.session.scalars(db.select(Person).order_by(Person.id)).all()
        one.document_sealed, two.mobile_sealed = two.document_sealed, one.mobile_sealed
    for broken in (lambda: one.document_number, lambda: two.mobile):
        with pytest.raises(sealing.SealBroken):
            broken()


def test_equal_numbers_are_sealed_differently(app):
    load([a_row(1), a_row(1, 机构="别的学校（演示）")])
    sealed = [bytes(s) for s in db.session.scalars(db.select(Person.document_sealed))]
    assert len(sealed) == len(set(sealed)) == 2


@pytest.mark.engine("sqlite")
def test_an_upload_never_becomes_a_file(app):
    """A form's file of any size stays in memory."""
    with app.test_request_context("/", method="POST", data={"file": (io.BytesIO(b"x" * 2_000_000), "a.xlsx")}):
        assert type(request.files["file"].stream) is io.BytesIO
