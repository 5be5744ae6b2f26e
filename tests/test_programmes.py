"""A programme's year: the same rows and rules as the city's, asked of the offerings that carry its tag."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.clock import today
from app.counts import count_year, lists
from app.counts.lists import Place
from app.counts.programmes import offerings_of, programme_years
from app.database import db, writing
from app.models import Certificate, OfferingProgramme, Programme
from app.models.programme import NAMED
from app.refusal import Refusal
from tests.people import NOON, a_person, a_provider, an_account, an_offering
from tests.test_counts import attended, came, hours, undecided
from tests.web.desk import at_desk
from tests.web.test_bureau import words
from tests.web.test_provider_offerings import _as_filed

MAY = date(2026, 5, 1)


def tagged(programme: Programme, **facts):
    offering = an_offering(**facts)
    OfferingProgramme.choose(offering, [programme.id], MAY)
    return offering


def of(programme: Programme, year: int = 2026, training: bool = True):
    return next(line.figures for line in programme_years(year, training) if line.programme.id == programme.id)


def test_a_programme_crosses_categories_and_counts_each_person_once(app):
    with writing():
        week, dream = Programme.add("活动周（演示）"), Programme.add("求学圆梦（演示）")
        rural, youth = tagged(week, category="rural"), tagged(week, category="youth")
        OfferingProgramme.choose(rural, [week.id, dream.id], MAY)
        person = a_person()
        one = attended(rural, person, MAY, completed_on=MAY)
        attended(youth, person, MAY)
        attended(youth, a_person(), MAY)
        came(youth, MAY, 40)
        hours(one, MAY, "7.5")
        db.session.add(Certificate(enrolment=one, system="hrss", name="证", number="P1", issued_on=MAY))
        attended(an_offering(), person, MAY)  # not included – an offering without the tag
        attended(rural, a_person(), date(2025, 12, 31))  # not included – another year
        attended(rural, person, date(2026, 6, 1), withdrawn_at=NOON, withdrawn_on=MAY)  # not included – again (R3)
        attended(rural, a_person(deleted_at=NOON), MAY)  # not included – deleted (R2)
        rural.enrol(a_person(), by=None, at=NOON)  # not included – never came (R1)
        came(rural, MAY, 30)  # not included – groups count among the young alone (R13)
        short = tagged(week, planned_hours=Decimal("1.5"))
        attended(short, a_person(), MAY)  # not included – an activity (R15)
    figures = of(week)
    assert (figures.persons, figures.persons_max, figures.person_times) == (2, 2, 3)
    assert (figures.group_headcount, figures.person_times_total) == (40, 43)
    assert (figures.class_hours, figures.completions, figures.certificates) == (Decimal("7.5"), 1, 1)
    assert figures.persons_with_nameless == 42, "R14: identified … identified and nameless"
    assert of(week, training=False).person_times == 1
    assert (of(dream).persons, of(dream).person_times) == (1, 1), "one sign-up may stand in two programmes"
    assert of(week, 2025).person_times == 1
    assert [(line.person_times, line.group_headcount) for line in offerings_of(week, 2026)] == [(1, 0), (2, 40)]


def test_open_pairs_make_a_range_within_the_programme(app):
    with writing():
        week = Programme.add("活动周（演示）")
        first, second = tagged(week), tagged(week)
        one, other, third = a_person("同名演示"), a_person("同名演示"), a_person("同名演示")
        attended(first, one, MAY)
        attended(second, other, MAY)
        attended(an_offering(), third, MAY)
        undecided(one, other)
        undecided(one, third)  # not included – the other one never came to this programme
    assert (of(week).persons, of(week).persons_max) == (1, 2)


def test_a_programme_on_every_offering_is_the_city(app):
    with writing():
        week = Programme.add("活动周（演示）")
        for n in range(6):
            offering = tagged(week, category=("youth", "rural")[n % 2])
            for _ in range(n):
                attended(offering, a_person(), MAY + timedelta(n))
            came(offering, MAY, 10 + n)
    assert of(week) == count_year(2026).total


@pytest.mark.parametrize("measure", ["persons", "person_times", "completions", "certificates", "class_hours"])
def test_the_list_behind_a_programmes_figure_holds_its_rows(app, measure):
    with writing():
        week = Programme.add("活动周（演示）")
        offering = tagged(week)
        for _ in range(3):
            one = attended(offering, a_person(), MAY, completed_on=MAY)
            hours(one, MAY, "2")
            db.session.add(Certificate(enrolment=one, system="hrss", name="证", number=f"Q{one.id}", issued_on=MAY))
        attended(an_offering(), a_person(), MAY)  # not included – no tag
    place = Place(2026, programme=week.id)
    if measure == "certificates":
        assert lists.size(lists.certificates(place)) == of(week).certificates == 3
        return
    count, people, amount = lists.sums(lists.sign_ups(place, measure))
    value = getattr(of(week), measure)
    assert value == {"persons": people, "class_hours": Decimal(amount) / 100}.get(measure, count)
    assert value == (6 if measure == "class_hours" else 3)


def test_an_ended_programme_stays_on_what_has_it_and_is_given_to_nothing_new(app):
    with writing():
        week = Programme.add("活动周（演示）")
        old, new = tagged(week), an_offering()
        week.end(MAY)
        OfferingProgramme.choose(old, [week.id], MAY)
        with pytest.raises(Refusal) as no:
            OfferingProgramme.choose(new, [week.id], MAY)
        assert no.value.code == "programme-ended"
        with pytest.raises(Refusal) as no:
            Programme.add("活动 周（演示）")
        assert no.value.code == "programme-taken"
    assert Programme.of(old) == [week] and Programme.of(new) == []


def test_the_desk_chooses_and_residents_see_it(client):
    provider = at_desk(client)
    with writing():
        week, other = Programme.add("活动周（演示）"), Programme.add("文养（演示）")
        offering = an_offering(provider, first_on=today() + timedelta(7))
    url = f"/desk/offerings/{offering.id}"
    assert "活动周（演示）" in client.get(f"{url}/description").text
    sent = _as_filed(offering, programmes=[str(week.id), str(other.id)])
    assert client.post(f"{url}/description", data=sent).status_code == 303
    assert "所属项目 文养（演示）、活动周（演示）" in words(client.get(url))
    assert "所属项目 文养（演示）、活动周（演示）" in words(client.get(f"/offerings/{offering.id}"))
    page = client.get(f"{url}/description").text
    for programme in (week, other):
        assert re.search(rf'<input[^>]*checked[^>]*name="programmes"[^>]*value="{programme.id}"', page)
    assert client.post(f"{url}/description", data=_as_filed(offering, programmes=[str(week.id)])).status_code == 303
    assert "所属项目 活动周（演示）" in words(client.get(url))
    bad = client.post(f"{url}/description", data=_as_filed(offering, programmes=["987654"]))
    assert bad.status_code == 422


def test_the_bureau_takes_over_the_plans_programmes_and_reads_their_year(client):
    with writing():
        officer = an_account("officer")
    client.sign_in(officer)
    assert client.post("/bureau/programmes/of-the-plan").status_code == 303
    assert client.post("/bureau/programmes/of-the-plan").status_code == 303, "and nothing twice"
    assert db.session.scalar(db.select(db.func.count(Programme.id))) == len(NAMED)
    assert client.post("/bureau/programmes", data={"name": "求学圆梦"}).status_code == 409
    with writing():
        dream = db.session.scalar(db.select(Programme).where(Programme.name == "求学圆梦"))
        attended(tagged(dream, provider=a_provider(), title="焊接（演示）", category="rural"), a_person(), MAY)
    assert "求学圆梦 1" in words(client.get("/bureau/years/2026/programmes"))
    page = client.get(f"/bureau/years/2026/programmes/{dream.id}")
    assert "焊接（演示）" in words(page)
    behind = f"/bureau/years/2026/sign-ups?measure=person_times&amp;programme={dream.id}"
    assert behind in page.text
    assert "2026 年 求学圆梦：人次（实名）" in words(client.get(behind.replace("&amp;", "&")))
    assert client.get("/bureau/years/2026/sign-ups?measure=person_times&programme=987").status_code == 404
    assert client.post(f"/bureau/programmes/{dream.id}/ending").status_code == 303
    assert db.session.get_one(Programme, dream.id).ended_on == today()
