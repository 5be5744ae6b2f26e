"""`flask ledger`: what it says, what it saves, and the status it ends with."""

import pytest
from click.testing import Result
from flask import Flask

from app.database import db
from app.models import Enrolment, LedgerBatch, LedgerRow
from tests.ledgers import CAME, PROVIDER, a_row, workbook

pytestmark = pytest.mark.engine("sqlite")
GOOD, BAD = [a_row(1, **CAME), a_row(2)], a_row(3, 区县="朝阳区")


def run(app: Flask, *words) -> Result:
    db.session.remove()
    return app.test_cli_runner().invoke(args=["ledger", *map(str, words)])


@pytest.fixture
def file(tmp_path):
    def write(rows, name="ledger.xlsx"):
        path = tmp_path / name
        path.write_bytes(workbook(rows).getvalue())
        return path

    return write


def count(model) -> int:
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(model))


def test_a_good_file_is_loaded_and_what_is_new_is_said(app, file):
    said = run(app, "import", file(GOOD))
    assert said.exit_code == 0, said.output
    assert f"新建机构 1 个：{PROVIDER}" in said.output and "新建课程 1 门" in said.output
    assert "登记了 2 行，退回 0 行" in said.output
    assert count(Enrolment) == 2 and count(LedgerRow) == 0


def test_a_dry_run_says_the_same_and_leaves_nothing(app, file):
    said = run(app, "import", file(GOOD), "--dry-run")
    assert said.exit_code == 0 and "可登记 2 行（新增 2" in said.output
    assert count(Enrolment) == count(LedgerBatch) == count(LedgerRow) == 0


def test_refused_rows_end_with_one_and_nothing_saved(app, file, tmp_path):
    out = tmp_path / "refused.xlsx"
    said = run(app, "import", file([*GOOD, BAD]), "--refused", out)
    assert said.exit_code == 1 and "第 4 行，区县：" in said.output
    assert count(Enrolment) == count(LedgerBatch) == count(LedgerRow) == 0
    assert out.stat().st_mode & 0o077 == 0
    again = run(app, "import", out, "--dry-run")
    assert again.exit_code == 1 and "退回 1 行" in again.output
    assert run(app, "import", file([*GOOD, BAD]), "--dry-run").exit_code == 1


def test_good_rows_are_loaded_when_they_are_accepted(app, file):
    said = run(app, "import", file([*GOOD, BAD]), "--accept-good-rows")
    assert said.exit_code == 0 and "登记了 2 行，退回 1 行" in said.output
    assert count(Enrolment) == 2


@pytest.mark.parametrize(
    "words",
    [["import", "nowhere.xlsx"], ["import"], ["export", "twenty", "x.xlsx"], ["export", "2025", "x.pdf"],
     ["export", "2025", "x.xlsx", "--provider", "没有"], ["undo", "999"], ["resume", "999"], ["turn", "1"]],
)  # fmt: skip
def test_a_wrong_call_ends_with_two(app, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(app, *words).exit_code == 2


def test_a_file_that_cannot_be_read_ends_with_two(app, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"hello")
    said = run(app, "import", tmp_path / "a.xlsx")
    assert said.exit_code == 2 and "文件打不开" in said.output
    assert count(LedgerBatch) == 0


def test_a_year_goes_out_and_comes_back_as_nothing_new(app, file, tmp_path):
    run(app, "import", file([*GOOD, a_row(4, 机构="别的学校（演示）")]))
    for name, words in (("all.xlsx", ()), ("all.csv", ()), ("one.xlsx", ("--provider", PROVIDER))):
        out = tmp_path / name
        said = run(app, "export", 2025, out, *words)
        assert said.exit_code == 0 and f"台账 {2 if words else 3} 行" in said.output
        assert out.stat().st_mode & 0o077 == 0
        again = run(app, "import", out)
        assert again.exit_code == 0 and "新增 0，补充或更新 0" in again.output


def test_a_batch_is_undone_and_a_second_time_refused(app, file):
    run(app, "import", file(GOOD))
    batch = db.session.scalar(db.select(LedgerBatch.id))
    assert run(app, "undo", batch).exit_code == 0
    assert count(Enrolment) == 0
    assert run(app, "undo", batch).exit_code == 1
    assert run(app, "resume", batch).exit_code == 1
