"""The pages of a signed year: at the desk three sign one after the other, then the bureau."""

import re

import pytest

from app.clock import today
from app.database import db, writing
from app.models import Offering, Statement
from app.statement import PROGRAM
from tests.people import a_person, an_account
from tests.web.desk import told
from tests.years import YEAR, School, a_school, a_year, attend, sign_all

DESK, BUREAU = f"/desk/years/{YEAR}", f"/bureau/years/{YEAR}/statement"


@pytest.fixture
def instance(app, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    return tmp_path / "statements"


def digest_on(page: str) -> str:
    return re.search(r'name="digest" value="([0-9a-f]*)"', page)[1]


def test_an_institution_signs_its_year_on_its_page_and_the_bureau_the_citys(app, client, instance):
    """R23, R24."""
    school, things = a_school()
    with writing():
        officer, reader = an_account("officer"), an_account("reader")
    page = client.sign_in(school.head).get(DESK)
    assert "现在等填报人签" in page.text and "生成签认表" not in page.text
    assert client.post(f"{DESK}/signatures", data={"digest": ""}).status_code == 409, "not the head's turn"
    for account, pill in zip(school.signers, ("正在签：1 / 3", "正在签：2 / 3", "已签"), strict=True):
        page = client.sign_in(account).get(DESK).text
        answer = client.post(f"{DESK}/signatures", data={"digest": digest_on(page)})
        assert (answer.status_code, answer.location) == (303, DESK)
        page = client.get(DESK).text
        assert pill in page and account.name in page
    (signed,) = Statement.attested(YEAR, school.provider.id)
    digest = signed.digest.hex()
    assert digest[:8] in page and "签认 46" in page and "更正" not in page.split("<main")[1].split("未决")[0]
    file = client.get(f"/desk/statements/{signed.id}/file")
    assert file.status_code == 200 and file.data == (instance / signed.file_name).read_bytes()
    paper = client.get(f"/desk/statements/{signed.id}/paper")
    assert paper.mimetype == "application/pdf" and paper.data.startswith(b"%PDF")

    assert "未签" in client.sign_in(reader).get(f"/bureau/years/{YEAR}").text
    page = client.get(BUREAU).text
    assert school.provider.name in page and "签认 46" in page and "生成签认表" not in page
    assert client.post(f"{BUREAU}/signatures", data={"digest": ""}).status_code == 404, "a reader changes nothing"
    client.sign_in(officer)
    assert client.post(f"{BUREAU}/signatures", data={"digest": ""}).status_code == 303
    assert "签认 46" in client.get(f"/bureau/years/{YEAR}").text

    with writing():
        attend(db.session.get_one(Offering, things["other"].id), a_person())
    page = client.get(BUREAU).text
    assert "现在算出的人次合计是 47，签认的是 46" in page
    client.sign_in(school.clerk)
    assert "签认以后变了的行" in client.get(DESK).text
    empty = client.post(f"{DESK}/signatures", data={"digest": "", "reason": " "})
    assert empty.status_code == 409 and "更正要写明理由" in empty.text
    assert client.post(f"{DESK}/signatures", data={"digest": "", "reason": "补录（演示）"}).status_code == 303
    page = client.sign_in(school.head).get(DESK).text
    assert "签认 46" in page and "更正后" not in page, "what was signed stays visible until the second signature"
    client.post(f"{DESK}/signatures", data={"digest": digest_on(page)})
    assert "签认 46，更正后 46 + 1" in client.get(DESK).text
    assert "签认 46，更正后 46 + 1" in client.sign_in(officer).get(BUREAU).text


@pytest.mark.engine("sqlite")
def test_what_was_drawn_up_can_be_taken_back_until_it_is_attested(client, instance):
    school, _ = a_school()
    client.sign_in(school.clerk)
    assert client.post(f"{DESK}/withdrawal").status_code == 409
    client.post(f"{DESK}/signatures", data={"digest": ""})
    assert client.post(f"{DESK}/withdrawal").status_code == 303 and "已撤回" in told(client)
    assert "生成签认表" in client.get(DESK).text
    sign_all(instance, school)
    answer = client.post(f"{DESK}/withdrawal")
    assert answer.status_code == 409 and "现在没有正在签的签认表" in answer.text


@pytest.mark.engine("sqlite")
def test_a_year_that_is_not_over_shows_its_figures_and_waits(client, instance):
    with writing():
        school = School()
    client.sign_in(school.clerk)
    page = client.get(f"/desk/years/{today().year}")
    assert page.status_code == 200 and "还没有过完" in page.text and "生成签认表" not in page.text
    no = client.post(f"/desk/years/{today().year}/signatures", data={"digest": ""})
    assert no.status_code == 409 and "还没有过完" in no.text
    assert client.get(f"/desk/years/{today().year + 1}").status_code == 404
    assert client.get("/desk/years").status_code == 200


@pytest.mark.engine("sqlite")
def test_a_file_of_another_institution_is_not_there(client, instance):
    ours, _ = a_school()
    theirs, _ = a_school()
    signed = sign_all(instance, theirs)
    assert client.sign_in(ours.head).get(f"/desk/statements/{signed.id}/file").status_code == 404
    assert client.sign_in(theirs.head).get(f"/desk/statements/{signed.id}/file").status_code == 200


@pytest.mark.engine("sqlite")
def test_the_program_is_for_whoever_holds_a_file(client):
    answer = client.get("/verify.py")
    assert answer.status_code == 200 and answer.data == PROGRAM.read_bytes()


@pytest.mark.engine("sqlite")
def test_the_year_page_asks_one_cheap_question_more(app, client, instance):
    from sqlalchemy import event

    with writing():
        school = School()
        a_year(school)
        reader = an_account("reader")
    sign_all(instance, school)
    client.sign_in(reader).get(f"/bureau/years/{YEAR}")
    said: list[str] = []

    def listen(_c, _x, statement, *_):
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        client.get(f"/bureau/years/{YEAR}")
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert sum("FROM statement" in each for each in said) == 1
