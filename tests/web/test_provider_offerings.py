"""The desk files an offering: draft, published, changed, cancelled."""

from datetime import time, timedelta
from decimal import Decimal

import pytest

from app.clock import civil, today
from app.database import db, writing
from app.models import Course, Offering
from app.models.scheduling import schedule
from tests.people import NOON, a_person, a_provider, an_account, an_offering
from tests.web.desk import again, at_desk, coming, fresh, offering_form, running


def a_course(provider) -> Course:
    with writing():
        return Course.offer(provider, title="剪纸入门（演示）", summary="", audience="")


def test_a_course_is_filed_and_renamed_and_its_runs_are_found_by_the_new_name(client):
    provider = at_desk(client)
    assert client.post("/desk/courses/new", data={"title": "剪纸（演示）"}).status_code == 303
    course = Course.titled(provider, "剪纸（演示）")
    with writing():
        an_offering(provider).course_id = course.id
    assert client.post(f"/desk/courses/{course.id}", data={"title": "窗花（演示）"}).status_code == 303
    assert "窗花（演示）" in client.get("/desk/courses").text
    assert "窗花（演示）" in client.get("/desk/offerings?q=chuanghua").text


def test_a_title_twice_is_refused_at_the_field(client):
    provider = at_desk(client)
    a_course(provider)
    answer = client.post("/desk/courses/new", data={"title": "剪纸 入门（演示）", "summary": "写过的不丢"})
    assert answer.status_code == 409
    assert 'id="title-error"' in answer.text and "写过的不丢" in answer.text


@pytest.mark.parametrize("title", ["㍿" * 31, "长" * 121])
def test_a_title_longer_than_its_column_or_its_key_is_refused_at_the_field(client, title):
    provider = at_desk(client)
    answer = client.post("/desk/courses/new", data={"title": title})
    assert answer.status_code == 422 and "最多写 120 个字" in answer.text and title in answer.text
    assert client.post("/desk/courses/new", data={"title": "㍿" * 30}).status_code == 303
    assert Course.titled(provider, "株式会社" * 30)


def test_a_sign_that_nobody_can_type_is_left_out_of_every_text(client):
    provider = at_desk(client)
    sent = {"title": "剪\0纸（演示）", "summary": "从\0头学", "audience": "零\0基础"}
    assert client.post("/desk/courses/new", data=sent).status_code == 303
    course = Course.titled(provider, "剪纸（演示）")
    assert (course.title, course.summary, course.audience) == ("剪纸（演示）", "从头学", "零基础")
    assert client.post("/desk/courses/new", data={"title": "\0"}).status_code == 422
    assert client.get("/desk/offerings?q=%00剪").status_code == client.get("/offerings?q=%00剪").status_code == 200


def test_a_year_out_of_our_times_is_refused_with_a_sentence_that_says_so(client):
    course = a_course(at_desk(client))
    sent = offering_form(course_id=course.id, starts_on="0026-03-02", signup_opens_at="0001-01-01T00:00")
    page = client.post("/desk/offerings/new", data=sent).text
    assert page.count("年份要在 1990 到 2100 之间") == 4, "on top and at the field, for both"
    assert "0026-03-02" in page and "0001-01-01T00:00" in page


def test_a_draft_becomes_an_offering_with_its_facts(client):
    course = a_course(at_desk(client))
    sent = offering_form(
        course_id=course.id,
        capacity="0",
        fee="12.5",
        signup_opens_at="2026-12-01T09:00",
        min_age="50",
        bring="剪刀",
    )
    answer = client.post("/desk/offerings/new", data=sent)
    offering = db.session.scalars(db.select(Offering)).one()
    assert answer.status_code == 303 and answer.location == f"/desk/offerings/{offering.id}"
    assert (offering.capacity, offering.fee_cents, offering.planned_hours) == (0, 1250, Decimal(8))
    assert f"{civil(offering.signup_opens_at):%Y-%m-%d %H:%M}" == "2026-12-01 09:00"
    assert "草稿" in client.get(answer.location).text
    page = client.get(f"/desk/offerings/{offering.id}/description").text
    assert 'value="2026-12-01T09:00"' in page and 'value="12.5' in page


def test_a_draft_is_published_once_it_has_lessons(client):
    course = a_course(at_desk(client))
    client.post("/desk/offerings/new", data=offering_form(course_id=course.id))
    offering = db.session.scalars(db.select(Offering)).one()
    refused = client.post(f"/desk/offerings/{offering.id}/publication")
    assert refused.status_code == 409 and "请先排课" in refused.text
    with writing():
        schedule(again(offering), [(today() + timedelta(7), time(9), time(10, 30))])
    assert client.post(f"/desk/offerings/{offering.id}/publication").status_code == 303
    assert fresh(offering).is_published


def test_capacity_below_the_places_taken_is_refused_at_the_field(client):
    provider = at_desk(client)
    offering, _ = running(provider, people=3)
    sent = _as_filed(offering, capacity="2")
    answer = client.post(f"/desk/offerings/{offering.id}/description", data=sent)
    assert answer.status_code == 409 and 'id="capacity-error"' in answer.text and "已有 3 人" in answer.text
    assert fresh(offering).capacity == 30


def test_added_places_go_to_the_queue(client):
    provider = at_desk(client)
    offering = coming(provider, capacity=1)
    with writing():
        offering = again(offering)
        _, waiting = (offering.enrol(a_person(), by=None, at=NOON) for _ in range(2))
    assert (
        client.post(f"/desk/offerings/{offering.id}/description", data=_as_filed(offering, capacity="2")).status_code
        == 303
    )
    assert fresh(waiting).state() == "registered"


def test_the_category_stays_once_somebody_attended(client):
    offering, _ = running(at_desk(client))
    answer = client.post(f"/desk/offerings/{offering.id}/description", data=_as_filed(offering, category="rural"))
    assert answer.status_code == 409 and 'id="category-error"' in answer.text
    assert fresh(offering).category == "community"


def test_it_is_cancelled_with_a_reason(client):
    offering = coming(at_desk(client))
    url = f"/desk/offerings/{offering.id}/cancellation"
    assert "不能恢复" in client.get(url).text
    assert client.post(url, data={"reason": ""}).status_code == 422
    assert client.post(url, data={"reason": "教师生病"}).status_code == 303
    assert fresh(offering).cancel_reason == "教师生病"
    assert "教师生病" in client.get(f"/desk/offerings/{offering.id}").text


def test_hours_that_differ_from_the_lessons_are_told(client):
    provider = at_desk(client)
    same, other = coming(provider), coming(provider, planned_hours=Decimal(20))
    assert "不一样" not in client.get(f"/desk/offerings/{same.id}").text
    assert "计划 20 学时，课次合计 8 学时" in client.get(f"/desk/offerings/{other.id}").text


def test_the_list_is_filtered_and_turned(client):
    provider = at_desk(client)
    with writing():
        for n in range(31):
            an_offering(provider, number=f"期{n:02d}")
        an_offering(provider, number="未来", first_on=today() + timedelta(7))
        an_offering(provider, number="草稿班", published=False)
        an_offering(a_provider(), number="别家")
    page = client.get("/desk/offerings").text
    assert "第 1 页，共 2 页" in page and "别家" not in page
    assert "期00" in client.get("/desk/offerings?page=2").text
    drafts = client.get("/desk/offerings?standing=draft").text
    assert "草稿班" in drafts and "未来" not in drafts
    assert "未来" in client.get("/desk/offerings?standing=published").text
    assert "期00" in client.get("/desk/offerings?standing=over&page=2").text
    assert client.get("/desk/offerings?page=-1&standing=x&q=%00").status_code == 200


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"course_id": ""}, "course_id"),
        ({"number": " "}, "number"),
        ({"number": "长" * 41}, "number"),
        ({"number": "㍿" * 11}, "number"),
        ({"category": ""}, "category"),
        ({"category": "x"}, "category"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"ends_on": ""}, "ends_on"),
        ({"planned_hours": ""}, "planned_hours"),
        ({"planned_hours": "很多"}, "planned_hours"),
        ({"planned_hours": "-1"}, "planned_hours"),
        ({"planned_hours": "NaN"}, "planned_hours"),
        ({"planned_hours": "sNaN"}, "planned_hours"),
        ({"planned_hours": "Infinity"}, "planned_hours"),
        ({"planned_hours": "0"}, "planned_hours"),
        ({"planned_hours": "0.001"}, "planned_hours"),
        ({"starts_on": "0001-01-01"}, "starts_on"),
        ({"starts_on": "0026-03-02"}, "starts_on"),
        ({"ends_on": "9999-12-31"}, "ends_on"),
        ({"signup_opens_at": "0001-01-01T00:00"}, "signup_opens_at"),
        ({"signup_closes_at": "9999-12-31T23:59"}, "signup_closes_at"),
        ({"division_code": ""}, "division_code"),
        ({"mode": "x"}, "mode"),
        ({"address": "长" * 201}, "address"),
        ({"room": "长" * 61}, "room"),
        ({"capacity": "-1"}, "capacity"),
        ({"capacity": "三十"}, "capacity"),
        ({"min_age": "151"}, "min_age"),
        ({"min_age": "60", "max_age": "50"}, "max_age"),
        ({"max_age": "x"}, "max_age"),
        ({"signup_opens_at": "明天"}, "signup_opens_at"),
        ({"signup_opens_at": "2026-12-02T09:00", "signup_closes_at": "2026-12-01T09:00"}, "signup_closes_at"),
        ({"starts_on": "2027-02-02", "ends_on": "2027-02-01"}, "ends_on"),
        ({"fee": "-5"}, "fee"),
        ({"fee": "sNaN"}, "fee"),
        ({"fee": "-Infinity"}, "fee"),
        ({"telephone": "1" * 31}, "telephone"),
    ],
)
def test_each_mistake_stands_on_top_and_at_its_field_and_nothing_typed_is_lost(client, changed, field):
    course = a_course(at_desk(client))
    sent = offering_form(course_id=course.id, bring="这句话不能丢") | changed
    answer = client.post("/desk/offerings/new", data=sent)
    assert answer.status_code in (409, 422)
    assert f'href="#{field}"' in answer.text, "on top, leading to the field"
    assert 'class="error"' in answer.text and answer.text.count("这句话不能丢") == 1
    assert db.session.scalar(db.select(db.func.count()).select_from(Offering)) == 0


def test_a_trainer_is_appointed_and_dismissed(client):
    provider = at_desk(client)
    offering = coming(provider)
    with writing():
        trainer = an_account("trainer", provider, name="教书的（演示）")
        stranger = an_account("trainer")
    url = f"/desk/offerings/{offering.id}/trainers"
    assert client.post(url, data={"account_id": stranger.id}).status_code == 422
    assert client.post(url, data={"account_id": ""}).status_code == 422
    assert client.post(url, data={"account_id": trainer.id}).status_code == 303
    assert "教书的" in fresh(offering).search_text
    assert client.post(f"{url}/{stranger.id}/removal").status_code == 404
    assert client.post(f"{url}/{trainer.id}/removal").status_code == 303
    assert fresh(offering).trainers == []


def test_a_learner_is_not_appointed_to_their_own_offering(client):
    provider = at_desk(client)
    offering = coming(provider)
    with writing():
        trainer = an_account("trainer", provider)
        person = a_person(account=trainer)
        again(offering).enrol(person, by=None, at=NOON)
    answer = client.post(f"/desk/offerings/{offering.id}/trainers", data={"account_id": trainer.id})
    assert answer.status_code == 409 and 'id="account_id-error"' in answer.text
    assert fresh(offering).trainers == []


def _as_filed(offering: Offering, **changed) -> dict:
    return (
        offering_form(
            course_id=offering.course_id,
            number=offering.number,
            category=offering.category,
            planned_hours=str(offering.planned_hours),
            capacity=str(offering.capacity),
        )
        | changed
    )


def test_a_partner_is_named_to_everybody_and_removed_again(client):
    provider = at_desk(client)
    offering = coming(provider)
    with writing():
        partner = a_provider("合作学校（演示）")
    url = f"/desk/offerings/{offering.id}"
    assert client.post(f"{url}/partners", data={"provider_id": ""}).status_code == 422
    assert client.post(f"{url}/partners", data={"provider_id": str(provider.id)}).status_code == 422, "not itself"
    assert client.post(f"{url}/partners", data={"provider_id": str(partner.id)}).status_code == 303
    assert "不再合作" in client.get(url).text
    assert "合作学校（演示）" in client.get(f"/offerings/{offering.id}").text
    assert client.post(f"{url}/partners/{partner.id}/removal").status_code == 303
    assert "合作学校（演示）" not in client.get(f"/offerings/{offering.id}").text
