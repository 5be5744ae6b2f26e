"""The clerk's ledger page: a trial, a yes, the refused rows as a workbook, the way back."""

import io
import re
import time

import pytest

from app import ledger
from app.database import db, writing
from app.models import Enrolment, LedgerBatch, Person
from app.web.provider import ledger_work
from tests.ledgers import PROVIDER, a_row, workbook
from tests.people import a_provider, an_account


def upload(client, rows, name="名单.xlsx"):
    file = rows if isinstance(rows, io.BytesIO) else workbook(rows)
    return client.post("/desk/ledgers", data={"file": (file, name)}, content_type="multipart/form-data")


@pytest.fixture
def clerk(app, client):
    with writing():
        account = an_account("clerk", a_provider(PROVIDER))
    client.sign_in(account)
    return account


def sixty_trainees() -> list[dict]:
    rows = [a_row(n) for n in range(100, 158)]
    for n in (3, 11, 27, 40):
        rows[n] |= {"证件号码": rows[n]["证件号码"][:15] + "000"}
    return [*rows, a_row(100), a_row(101)]


def people() -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(Enrolment))


def test_an_adult_list_by_spreadsheet(client, clerk):
    """54 good, 4 damaged numbers (cells named), 2 repeats; nothing saved before the yes; undone with a trace."""
    answer = upload(client, sixty_trainees())
    assert answer.status_code == 303
    url = answer.location
    page = client.get(url).get_data(as_text=True)
    assert "56 行，其中 2 行与同班同一人的另一行合并" in page and "新增 54，" in page and "4 行" in page
    for row in (5, 13, 29, 42):
        assert re.search(rf'number">{row}</th><td>证件号码</td><td>号码被表格软件改坏了', page)
    assert people() == 0

    answer = client.post(f"{url}/loading")
    assert answer.status_code == 422 and "有 4 行被退回" in answer.get_data(as_text=True)
    assert people() == 0
    assert client.post(f"{url}/loading", data={"accept": "y"}).status_code == 303
    assert people() == 54
    page = client.get(url).get_data(as_text=True)
    assert "登记了 56 行，退回 4 行" in page

    book = client.get(f"{url}/refused.xlsx")
    assert book.headers["Content-Disposition"].startswith("attachment")
    _, findings, _ = ledger.receive(io.BytesIO(book.data), "refused.xlsx")
    assert findings.refused == 4 and findings.unknown_columns == []

    assert client.post(f"{url}/undoing").status_code == 303
    assert people() == 0
    batch = db.session.get_one(LedgerBatch, int(url.rsplit("/", 1)[1]))
    assert batch.state == "undone" and batch.undone_by_id == clerk.id and batch.undone_at
    assert "已撤销" in client.get(url).get_data(as_text=True)


def test_a_second_click_on_yes_loads_nothing_twice(client, clerk):
    url = upload(client, [a_row(1)]).location
    assert client.post(f"{url}/loading").status_code == 303
    assert client.post(f"{url}/loading").status_code == 303
    assert people() == 1


@pytest.mark.engine("sqlite")
def test_rows_of_another_institution_are_sent_back(client, clerk):
    page = client.get(upload(client, [a_row(1), a_row(2, 机构="别的学校（演示）")]).location).get_data(as_text=True)
    assert "这里只收本机构的台账" in page and "新增 1，" in page


@pytest.mark.engine("sqlite")
def test_a_file_that_is_no_ledger_is_refused_at_its_field(client, clerk):
    for file, name, words in (
        (io.BytesIO(b"hello"), "a.xlsx", "文件打不开"),
        (io.BytesIO(b"hello"), "a.pdf", "只收 .xlsx"),
        (io.BytesIO("姓名,手机\n甲,1".encode()), "a.csv", "没有找到表头"),
        (
            workbook([a_row(1)], columns=["机构", "课程", "类别", "班次编号", "开班日期", "姓名"]),
            "a.xlsx",
            "表头缺这些列",
        ),
    ):
        answer = upload(client, file, name)
        assert answer.status_code == 409 and words in answer.get_data(as_text=True)
    assert client.post("/desk/ledgers").status_code == 422
    assert db.session.scalar(db.select(db.func.count()).select_from(LedgerBatch)) == 0


@pytest.mark.engine("sqlite")
def test_another_institution_s_batch_is_as_good_as_missing(client, clerk):
    url = upload(client, [a_row(1)]).location
    with writing():
        stranger = an_account("clerk")
    client.sign_in(stranger)
    for path in (url, f"{url}/refused.xlsx"):
        assert client.get(path).status_code == 404
    for verb in ("loading", "undoing"):
        assert client.post(f"{url}/{verb}").status_code == 404


@pytest.mark.engine("sqlite")
def test_giving_up_a_checked_batch_keeps_no_rows(client, clerk):
    url = upload(client, [a_row(1)]).location
    client.post(f"{url}/undoing")
    assert "已放弃" in client.get(url).get_data(as_text=True)
    assert list(ledger.refused_rows(int(url.rsplit("/", 1)[1]))) == []


@pytest.mark.engine("sqlite")
def test_a_year_of_the_own_institution_can_be_downloaded_and_read_again(client, clerk):
    url = upload(client, [a_row(1), a_row(2)]).location
    client.post(f"{url}/loading")
    with writing():
        ledger_elsewhere = a_row(3, 机构="别的学校（演示）")
    ledger.load(ledger.receive(workbook([ledger_elsewhere]), "x.xlsx")[0])
    book = client.get("/desk/ledgers/year.xlsx?year=2025")
    _, findings, _ = ledger.receive(io.BytesIO(book.data), "year.xlsx")
    assert (findings.same, findings.new, findings.changed) == (2, 0, 0)


def test_large_work_goes_on_beside_the_server(client, clerk, monkeypatch):
    """Receiving and loading by processes of their own, over a pipe, with the same keys."""
    monkeypatch.setattr(ledger_work, "SMALL_FILE", 0)
    monkeypatch.setattr("app.web.provider.ledger.SMALL_FILE", 0)
    monkeypatch.setattr("app.web.provider.ledger.SMALL_BATCH", 0)
    url = upload(client, [a_row(1), a_row(2)]).location
    wait_for(client, url, "确认登记 2 行")
    client.post(f"{url}/loading")
    wait_for(client, url, "登记了 2 行")
    db.session.rollback()
    assert {person.document_number for person in db.session.scalars(db.select(Person))} == {
        a_row(n)["证件号码"] for n in (1, 2)
    }


def wait_for(client, url: str, words: str) -> None:
    for _ in range(600):
        page = client.get(url).get_data(as_text=True)
        if words in page:
            return
        assert "data-refresh" in page, page
        time.sleep(0.1)
    raise AssertionError(f"never said {words}")
