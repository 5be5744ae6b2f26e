"""Calling learners back: a draw that can be made again, one number at a time, answers that stay."""

from __future__ import annotations

import math
import re
from datetime import timedelta

import pytest

from app.clock import now
from app.counts.samples import Answers, rows_of, wilson
from app.database import db, writing
from app.models import CallBack, CallBackAnswer, CallBackDraw, Enrolment, MobileReveal
from app.models.call_back import sample
from app.refusal import Refusal
from tests.people import NOON, a_person, a_resident, an_account, an_offering
from tests.test_counts import attended

MOBILE = "13900007799"
WHERE = "/bureau/years/2026/call-backs"


@pytest.fixture
def officer(client):
    with writing():
        account = an_account("officer", name="张演示科长")
    return client.sign_in(account)


@pytest.fixture
def a_year(app) -> None:
    """One class of twenty-one, one of three, one of one; and what is never drawn."""
    with writing():
        for size in (21, 3, 1):
            offering = an_offering(title="书法（演示）")
            for _ in range(size):
                attended(offering, a_person("王演示桂", mobile=MOBILE))
        attended(offering, part="staff")  # not included – staff on duty
        offering.enrol(a_person(), by=None, at=NOON)  # not included – never came
        attended(an_offering(planned_hours=1))  # not included – an activity


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def draw(officer, seed: str = "8231") -> CallBackDraw:
    answer = officer.post(WHERE, data={"seed": seed})
    assert answer.status_code == 303
    return db.session.get_one(CallBackDraw, int(answer.location.rsplit("/", 1)[1]))


def calls(found: CallBackDraw) -> list[CallBack]:
    return list(db.session.scalars(db.select(CallBack).where(CallBack.draw_id == found.id).order_by(CallBack.id)))


def test_a_tenth_of_each_offering_is_drawn_and_at_least_one(officer, a_year):
    found = draw(officer)
    by_offering: dict[int, int] = {}
    for call in calls(found):
        by_offering[call.enrolment.offering_id] = by_offering.get(call.enrolment.offering_id, 0) + 1
    assert sorted(by_offering.values()) == [1, 1, 3], "of 1, 3 and 21"
    assert found.drawn_from == 25 and found.drawn_by.name == "张演示科长"


def test_the_same_seed_and_the_same_rows_draw_the_same_sample(officer, a_year):
    found = draw(officer)
    drawn = [call.enrolment_id for call in calls(found)]
    rows = rows_of(2026)
    assert sample("8231", reversed(rows)) == drawn == sample("8231", rows)
    assert len({tuple(sample(str(seed), rows)) for seed in range(20)}) > 15, "another seed draws another one"
    page = officer.get(f"/bureau/call-back-draws/{found.id}?again=1")
    assert "✓ 用同样的种子重抽，抽到的完全一样。 名单和抽样时一样。" in words(page) and "8231" in words(page)
    with writing():
        db.session.get_one(Enrolment, drawn[0]).part = "staff"
    page = words(officer.get(f"/bureau/call-back-draws/{found.id}?again=1"))
    assert "重抽有" in page and "抽样以后名单变过" in page


def test_a_seed_is_drawn_once_and_a_blank_one_is_made_up_and_printed(officer, a_year):
    draw(officer)
    assert officer.post(WHERE, data={"seed": "8231"}).status_code == 409
    assert officer.post(WHERE, data={"seed": "<b>"}).status_code == 422
    made = draw(officer, "")
    assert re.fullmatch(r"[0-9a-f]{8}", made.seed) and made.seed in words(officer.get(WHERE))
    answer = officer.post("/bureau/years/2024/call-backs", data={"seed": "1"})
    assert answer.status_code == 409 and "没有可抽的" in words(answer)


def test_numbers_are_masked_until_one_is_asked_for_and_that_is_written_down(officer, a_year):
    found = draw(officer)
    first, second, *_ = calls(found)
    pages = [WHERE, f"/bureau/call-back-draws/{found.id}", f"/bureau/call-backs/{first.id}"]
    for where in pages:
        assert not re.search(rf"{MOBILE}|演示桂", officer.get(where).get_data(as_text=True)), where
    assert db.session.scalar(db.select(MobileReveal)) is None
    answer = officer.post(f"/bureau/call-backs/{first.id}/mobile")
    assert answer.status_code == 200 and f"王演示桂 {MOBILE}" in words(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    (seen,) = db.session.scalars(db.select(MobileReveal)).all()
    assert (seen.call_back_id, seen.seen_by.name) == (first.id, "张演示科长")
    page = words(officer.get(f"/bureau/call-backs/{first.id}"))
    assert MOBILE not in page and "张演示科长看过号码" in page
    # One at a time: the next only after the first has its answer.
    refused = officer.post(f"/bureau/call-backs/{second.id}/mobile")
    assert refused.status_code == 409 and MOBILE not in refused.get_data(as_text=True)
    assert officer.post(f"/bureau/call-backs/{first.id}/mobile").status_code == 200, "the same again"
    officer.post(f"/bureau/call-backs/{first.id}/answers", data={"answer": "confirmed"})
    assert MOBILE in words(officer.post(f"/bureau/call-backs/{second.id}/mobile"))
    assert db.session.scalar(db.select(db.func.count()).select_from(MobileReveal)) == 3


def test_another_caller_is_not_held_up(app, a_year):
    with writing():
        one, other = an_account("officer"), an_account("officer")
        rows = rows_of(2026)
        found = CallBackDraw.draw(2026, "1", rows, by=one, at=NOON)
        first, second = calls(found)[:2]
        first.reveal(by=one, at=NOON)
        second.reveal(by=other, at=NOON)
        with pytest.raises(Refusal) as no:
            second.reveal(by=one, at=NOON + timedelta(1))
    assert no.value.code == "answer-first"


def test_who_has_no_mobile_is_called_at_their_familys_and_who_has_neither_is_not_shown(officer):
    with writing():
        account, _ = a_resident()
        attended(an_offering(), a_person("李演示", account, "family"))
        attended(an_offering(), a_person("赵演示"))
        number = account.mobile
    by_name = {call.enrolment.person.name: call for call in calls(draw(officer))}
    assert "家人的号码" in words(officer.get(f"/bureau/call-backs/{by_name['李演示'].id}"))
    answer = officer.post(f"/bureau/call-backs/{by_name['李演示'].id}/mobile")
    assert number in words(answer) and "这是家人的号码" in words(answer)
    officer.post(f"/bureau/call-backs/{by_name['李演示'].id}/answers", data={"answer": "unreached"})
    assert "没有登记手机，也没有家人的号码" in words(officer.get(f"/bureau/call-backs/{by_name['赵演示'].id}"))
    assert officer.post(f"/bureau/call-backs/{by_name['赵演示'].id}/mobile").status_code == 409


def test_answers_stay_with_who_and_when_and_the_latest_counts(officer, a_year):
    found = draw(officer)
    first, second, *_ = calls(found)
    where = f"/bureau/call-backs/{first.id}/answers"
    assert officer.post(where, data={}).status_code == 422
    assert officer.post(where, data={"answer": "perhaps"}).status_code == 422
    officer.post(where, data={"answer": "unreached", "note": "忙音（演示）"})
    officer.post(where, data={"answer": "confirmed"})
    officer.post(f"/bureau/call-backs/{second.id}/answers", data={"answer": "denied"})
    told = db.session.scalars(db.select(CallBackAnswer).order_by(CallBackAnswer.id)).all()
    assert [(a.answer, a.by.name) for a in told] == [
        ("unreached", "张演示科长"), ("confirmed", "张演示科长"), ("denied", "张演示科长"),
    ]  # fmt: skip
    assert all(abs((now() - a.at).total_seconds()) < 60 for a in told)
    assert Answers.of(found.id) == Answers(drawn=5, confirmed=1, denied=1, unreached=0)
    assert "忙音（演示）" in words(officer.get(f"/bureau/call-backs/{first.id}"))
    page = words(officer.get(WHERE))
    assert "接通的 2 人里，确认的占 50.0%" in page and "95% 置信区间 9.5%–90.5%" in page and "Wilson" in page


def test_the_interval_is_wilsons():
    """Against the quadratic of which its ends are the roots, and figures from the literature."""
    for hits, of in ((0, 10), (1, 2), (81, 263), (10, 10), (999, 1000)):
        low, high = wilson(hits, of)
        share = hits / of
        for end in (low, high):
            assert math.isclose(abs(share - end), 1.959964 * math.sqrt(end * (1 - end) / of), abs_tol=1e-9)
        assert 0 <= low <= share <= high <= 1
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662), "Newcombe 1998, Table I"
    assert wilson(0, 0) is None
    assert Answers().rate is None and Answers(drawn=3, unreached=3).interval is None and Answers(drawn=3).open == 3


def test_a_reader_sees_the_rate_and_no_number(client, a_year):
    with writing():
        account, reader = an_account("officer"), an_account("reader")
        found = CallBackDraw.draw(2026, "1", rows_of(2026), by=account, at=NOON)
        (first, *_) = calls(found)
    client.sign_in(reader)
    for where in (WHERE, f"/bureau/call-back-draws/{found.id}", f"/bureau/call-backs/{first.id}"):
        assert "<form" not in client.get(where).get_data(as_text=True).split("<main")[1]
    assert client.post(f"/bureau/call-backs/{first.id}/mobile").status_code == 404
    assert client.post(WHERE, data={"seed": "2"}).status_code == 404
    assert db.session.scalar(db.select(MobileReveal)) is None


def test_a_page_that_is_not_there_is_missing(officer, a_year):
    assert officer.get(f"/bureau/call-back-draws/{draw(officer).id}?page=2").status_code == 404
    assert officer.get("/bureau/years/1900/call-backs").status_code == 404
