"""The bureau decides who is the same as whom: told first, done then, undone whenever; names masked."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.counts import count_year
from app.database import db, writing
from app.models import PairDecision, Person
from app.models.person import settle_identities
from tests.people import a_person, an_account, an_offering
from tests.test_counts import attended
from tests.web.desk import told

MOBILE = "13900007777"


@pytest.fixture
def bureau(client):
    with writing():
        account = an_account("officer", name="张演示科长")
    return client.sign_in(account)


@pytest.fixture
def pair(app) -> tuple[Person, Person]:
    """Both attended one offering, under two records; nothing else of either is in the registry."""
    with writing():
        one = a_person("王演示桂", birth_on=date(1950, 5, 5), mobile=MOBILE, document=("passport", "E00000123"))
        other = a_person("王演示桂", birth_on=date(1950, 5, 5))
        settle_identities([one.id, other.id])
        offering = an_offering(title="书法（演示）")
        attended(offering, one)
        attended(offering, other)
    return one, other


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def address(pair: tuple[Person, Person]) -> str:
    return f"/bureau/pairs/{pair[0].id}/{pair[1].id}"


def test_a_pair_is_listed_masked_with_its_reasons_and_opens(bureau, pair):
    page = bureau.get("/bureau/pairs")
    said = words(page)
    assert "还没有判定：1 对" in said and "姓名相同 ， 出生日期相同 ， 有一条没有手机" in said.replace(
        "，", " ， "
    ).replace("  ", " ")
    assert "王***" in said and "139****7777" in said
    assert address(pair) in page.get_data(as_text=True)
    year = bureau.get("/bureau/years/2026").get_data(as_text=True)
    assert 'href="/bureau/pairs"' in year, "the year's range leads there"


def test_neither_page_nor_address_shows_a_name_or_a_number(bureau, pair):
    decided = decide(bureau, pair, "same")
    for where in ("/bureau/pairs", address(pair), "/bureau/pair-decisions", decided):
        text = bureau.get(where).get_data(as_text=True)
        for secret in ("演示桂", MOBILE, "E00000123", "1950-05-05", "5月5日"):
            assert secret not in text, where


def test_same_is_shown_first_and_changes_nothing_until_it_is_said(bureau, pair):
    said = words(bureau.get(address(pair)))
    assert "合成一个的报名" in said and said.count("书法（演示）") >= 4
    assert "2026 1–2 → 1 2 → 1" in said, "persons now and then, person-times now and then"
    assert count_year(2026).total.person_times == 2


def decide(bureau, pair, verdict: str) -> str:
    answer = bureau.post(address(pair) + "/decision", data={"verdict": verdict, "reason": "电话核实（演示）"})
    assert answer.status_code == 303
    return answer.location


def test_same_is_decided_and_undone_from_the_page(bureau, pair):
    decided = decide(bureau, pair, "same")
    assert "已判定：是同一人" in told(bureau)
    assert count_year(2026).total.person_times == 1
    said = words(bureau.get(decided))
    assert "张演示科长判定：是同一人。依据：电话核实（演示）" in said and "2026 1 → 1–2 1 → 2" in said
    answer = bureau.post(decided + "/undoing", data={"reason": "是两个人（演示）"})
    assert answer.status_code == 303
    total = count_year(2026).total
    assert (total.persons, total.persons_max, total.person_times) == (1, 2, 2)
    assert "张演示科长撤销。原因：是两个人（演示）" in words(bureau.get(decided))
    assert "已撤销" in words(bureau.get("/bureau/pair-decisions"))
    assert "还没有判定：1 对" in words(bureau.get("/bureau/pairs"))


def test_not_the_same_is_not_listed_again(bureau, pair):
    decide(bureau, pair, "different")
    assert "没有待判定的记录" in words(bureau.get("/bureau/pairs"))
    assert "这一对现在不在待判定里" in words(bureau.get(address(pair)))


def test_what_is_missing_is_asked_for_and_nothing_happens(bureau, pair):
    where = address(pair) + "/decision"
    for data, status, sentence in (
        ({"reason": "演示"}, 422, "请选一个"),
        ({"verdict": "same"}, 422, "请写明依据"),
        ({"verdict": "perhaps", "reason": "演示"}, 422, ""),
        ({"verdict": "same", "reason": "长" * 201}, 422, "最多写 200 个字"),
    ):
        answer = bureau.post(where, data=data)
        assert answer.status_code == status and sentence in answer.get_data(as_text=True)
    decided = decide(bureau, pair, "same")
    assert bureau.post(where, data={"verdict": "different", "reason": "演示"}).status_code == 409
    assert bureau.post(decided + "/undoing", data={}).status_code == 422
    bureau.post(decided + "/undoing", data={"reason": "演示"})
    assert bureau.post(decided + "/undoing", data={"reason": "演示"}).status_code == 409
    assert db.session.scalar(db.select(db.func.count()).select_from(PairDecision)) == 1


def test_only_an_officer_of_the_bureau_decides_and_a_reader_sees_no_form(client, pair):
    with writing():
        clerk, resident = an_account("clerk"), an_account("resident")
        reader = an_account("reader")
    assert "<form" not in client.sign_in(reader).get(address(pair)).get_data(as_text=True).split("<main")[1]
    for account in (clerk, resident, reader):
        client.sign_in(account)
        assert client.get("/bureau/pairs").status_code == (200 if account is reader else 404)
        answer = client.post(address(pair) + "/decision", data={"verdict": "same", "reason": "演示"})
        assert answer.status_code == 404
    assert db.session.scalar(db.select(PairDecision)) is None


def test_what_is_no_pair_and_a_page_that_is_not_there_are_missing(bureau, pair):
    one, other = pair
    assert bureau.get(f"/bureau/pairs/{other.id}/{one.id}").status_code == 404
    assert bureau.get(f"/bureau/pairs/{one.id}/{one.id}").status_code == 404
    assert bureau.get("/bureau/pairs?page=2").status_code == 404
    assert bureau.get("/bureau/pair-decisions?page=2").status_code == 404
