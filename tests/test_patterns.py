"""Suspicious patterns: what was planted is found with its reason, and what honest people do is not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from app.counts import count_year
from app.counts.patterns import KINDS, Patterns, patterns
from app.database import db, writing
from app.models import AttendedHours, CandidatePair, Enrolment, GroupVisit, Lesson, Offering, Person
from app.models.attended import tally_hours
from app.models.person import settle_identities
from tests.people import NOON, a_person, an_offering
from tests.test_counts import MARCH, attended, undecided


def a_class(people: int = 6, who: list[Person] | None = None, **facts: Any) -> tuple[Offering, list[Enrolment]]:
    offering = an_offering(**facts)
    persons = who or [a_person() for _ in range(people)]
    return offering, [offering.enrol(person, by=None, at=NOON) for person in persons]


def call(
    lesson: Lesson, enrolments: list[Enrolment], absent: set[int] = frozenset(), at: datetime | None = None
) -> None:
    said = {e.id: "absent" if n in absent else "present" for n, e in enumerate(enrolments)}
    lesson.take_roll(said, by=None, at=at or lesson.begins_at + timedelta(hours=1), base_version=lesson.roll_version)


def came(offering: Offering, **facts: Any) -> Enrolment:
    """First attended in March, with these facts of its own."""
    enrolment = attended(offering)
    for name, value in facts.items():
        setattr(enrolment, name, value)
    db.session.flush()
    return enrolment


def found(year: int = 2026) -> dict[str, Any]:
    """Kind → its findings, with the sentence filled in."""
    told: dict[str, Any] = {}
    for suspect in patterns(year).suspects:
        for finding in suspect.findings:
            told.setdefault(finding.kind, []).append((finding.offering_id, finding.sentence % finding.values, finding))
    return told


def an_honest_term(offering: Offering, enrolments: list[Enrolment]) -> None:
    """Somebody else is missing each time, and each roll is entered when its lesson is."""
    for n, lesson in enumerate(offering.lessons):
        call(lesson, enrolments, absent={n % len(enrolments)})


def test_an_honest_term_shows_nothing(app):
    with writing():
        an_honest_term(*a_class())
        an_honest_term(*a_class(first_on=date(2026, 3, 11)))
    result = patterns(2026)
    assert result.suspects == () and result.without["any"] == result.total
    assert result.total.person_times == count_year(2026).total.person_times == 12


def test_one_person_in_two_places_at_once(app):
    with writing():
        person, twin = a_person(), a_person()
        here, there = a_class(who=[person, a_person()]), a_class(who=[person], begins=time(10), ends=time(11))
        after = a_class(who=[person], begins=time(10, 30), ends=time(12))  # innocent – begins when the other ends
        absent = a_class(who=[twin])  # innocent – of the two lessons one was missed
        for offering, enrolments in (here, there, after, absent):
            call(offering.lessons[0], enrolments)
        other = a_class(who=[twin])
        call(other[0].lessons[0], other[1], absent={0})
        call(other[0].lessons[1], other[1])
    told = found()
    assert set(told) == {"two_places"}
    # Each of the two offerings is asked, and of it only the sign-up of that person; the third overlaps the second.
    assert {o: set(f.sign_ups) for o, _, f in told["two_places"]} == {
        here[0].id: {here[1][0].id},
        there[0].id: {there[1][0].id},
        after[0].id: {after[1][0].id},
    }
    sentences = {o: sentence for o, sentence, _ in told["two_places"]}
    assert sentences[here[0].id] == f"1 人在 1 次课的时间里，也在别的班到课，例如 2026-03-10 在 {there[0].number}"
    assert sentences[there[0].id].startswith("1 人在 2 次课")


def test_two_records_of_one_human_being_are_in_two_places_too_and_two_people_are_not(app):
    facts = {"birth_on": date(1950, 5, 5), "mobile": "13900008888"}
    with writing():
        one, other = a_person("同一演示", **facts), a_person("同一演示", **facts)
        settle_identities([one.id, other.id])
        stranger = a_person(
            "同一演示", birth_on=date(1950, 5, 5)
        )  # innocent – another human being until somebody decides
        for person in (one, other, stranger):
            offering, enrolments = a_class(who=[person])
            call(offering.lessons[0], enrolments)
    assert sorted(f.sign_ups for _, _, f in found()["two_places"]) == sorted(
        frozenset({e.id}) for e in db.session.scalars(db.select(Enrolment).where(Enrolment.person_id != stranger.id))
    )


def test_who_came_last_year_to_a_class_that_goes_on_can_be_in_two_places_this_year(app):
    with writing():
        person = a_person()
        begun = datetime(2025, 12, 1, 12, tzinfo=NOON.tzinfo)
        long = an_offering(first_on=date(2025, 12, 30), lessons=14)
        mine = long.enrol(person, by=None, at=begun)
        new, enrolments = a_class(who=[person])
        call(long.lessons[0], [mine])
        call(next(lesson for lesson in long.lessons if lesson.held_on == MARCH), [mine])
        call(new.lessons[0], enrolments)
    assert [(o, f.sign_ups) for o, _, f in found()["two_places"]] == [(new.id, {enrolments[0].id})]
    assert found(2025) == {}, "asked once, in the year of the one that came later"


def test_more_heads_than_the_room(app):
    with writing():
        offering, enrolments = a_class(people=3, capacity=3)
        call(offering.lessons[0], enrolments)
        offering.withdraw(enrolments[0], by=None, at=offering.lessons[0].begins_at + timedelta(hours=3))
        late = offering.enrol_at_lesson(a_person(), offering.lessons[1], by=None, at=offering.lessons[1].begins_at)
        call(offering.lessons[1], [*enrolments[1:], late])  # innocent – four people over the term, three at a time
    assert "more_than_room" not in found()
    with writing():
        lesson = db.session.get_one(Lesson, offering.lessons[0].id)
        facts = {"lesson_id": lesson.id, "enrolment_id": late.id, "status": "present", "reason": "", "marked_at": NOON}
        db.session.execute(db.insert(db.metadata.tables["mark"]), facts)
    (told,) = found()["more_than_room"]
    assert told[1] == "名额 3 个，1 次课到了更多的人，最多 4 人（2026-03-10）"
    assert len(told[2].sign_ups) == 4


def test_a_nameless_group_larger_than_the_room(app):
    with writing():
        for heads in (30, 31):  # innocent – 30 of 30
            offering = an_offering(category="youth", capacity=30)
            attended(offering)
            db.session.add(
                GroupVisit(
                    offering=offering,
                    group_name="演",
                    group_key="演",
                    visited_on=MARCH,
                    headcount=heads,
                    state="已结业",
                )
            )
    assert [o for o, _, _ in found()["more_than_room"]] == [offering.id]


def test_identical_rolls_all_term_and_everyone_always_present(app):
    with writing():
        same, always, few, short, shifted = a_class(), a_class(), a_class(people=4), a_class(lessons=3), a_class()
        for offering, enrolments in (same, always, few, short, shifted):
            for n, lesson in enumerate(offering.lessons):
                absent = {0, 3} if offering in (same[0], shifted[0]) else set()
                if offering is shifted[0] and n == 3:
                    absent = {1, 2}  # innocent – as many as ever, but others
                call(lesson, enrolments, absent=absent)
    told = found()
    # innocent – four people; three lessons
    assert {kind: [o for o, _, _ in each] for kind, each in told.items()} == {
        "identical": [same[0].id],
        "always_present": [always[0].id],
    }
    assert told["identical"][0][1] == "4 次点名，6 人每次的出勤完全一样，每次缺的都是同样的 2 人"
    assert told["always_present"][0][1] == "4 次点名，6 人一次也没有缺过"
    assert len(told["identical"][0][2].sign_ups) == 4, "who came; the two who never did are no person-times"


def test_a_term_entered_in_one_evening(app):
    with writing():
        at_once, weekly, short = a_class(), a_class(), a_class()
        evening = datetime(2026, 3, 31, 21, 5, tzinfo=NOON.tzinfo)
        for n in range(4):
            call(at_once[0].lessons[n], at_once[1], {n}, evening + timedelta(minutes=n))
            # innocent – three of four together, one of them when it was held
            call(weekly[0].lessons[n], weekly[1], {n}, None if n < 2 else evening)
            if n < 2:
                call(short[0].lessons[n], short[1], {n}, evening)  # innocent – two lessons
    told = found()
    assert [(o, sentence) for o, sentence, _ in told["one_evening"]] == [
        (at_once[0].id, "4 次点名里有 4 次是 2026-03-31 21:05–21:08 一起录入的")
    ]


def test_late_entries(app):
    with writing():
        offering, enrolments = a_class(lessons=2)
        first, second = offering.lessons
        call(first, enrolments, at=first.begins_at + timedelta(8))
        call(second, enrolments, {0}, at=second.begins_at + timedelta(7))  # innocent – seven days
    (told,) = found()["late"]
    assert told[1] == "2 次点名里有 1 次在课后 7 天以后才录入，最晚的晚 8 天；1 人的到课全是这样录的"
    assert told[2].sign_ups == {enrolments[0].id}, "the others were seen by a roll that was entered in time"


def test_r23_a_correction_after_seven_days_is_no_late_roll(app):
    with writing():
        offering, enrolments = a_class(lessons=1)
        (lesson,) = offering.lessons
        call(lesson, enrolments)
        lesson.take_roll(
            {enrolments[0].id: "leave"}, by=None, at=lesson.begins_at + timedelta(20),
            base_version=lesson.roll_version, reason="补交假条（演示）",
        )  # fmt: skip
    assert "late" not in found()


def test_attended_before_being_registered_and_after_leaving(app):
    with writing():
        offering = an_offering()
        early = came(offering, registered_on=date(2026, 3, 25))
        came(offering, registered_on=MARCH)  # innocent – the same day, as a walk-in is
        gone = attended(offering, withdrawn_on=date(2026, 3, 20), withdrawn_at=NOON)
        other = attended(offering, withdrawn_on=date(2026, 3, 20), withdrawn_at=NOON)
        marks = db.metadata.tables["mark"]
        for enrolment, lesson, status in (
            (gone, offering.lessons[2], "present"),
            (other, offering.lessons[1], "present"),  # innocent – before they left
            (other, offering.lessons[2], "absent"),  # innocent – did not come
        ):
            facts = {"lesson_id": lesson.id, "enrolment_id": enrolment.id, "status": status, "reason": ""}
            db.session.execute(db.insert(marks), {**facts, "marked_at": lesson.begins_at})
        by_ledger = attended(an_offering(), withdrawn_on=date(2026, 3, 20), withdrawn_at=NOON)
        for month in (3, 4):  # innocent – hours of the month in which they left
            facts = {"enrolment_id": by_ledger.id, "month_on": date(2026, month, 1), "class_hours": 2}
            db.session.add(AttendedHours(**facts))
        db.session.flush()
        tally_hours([by_ledger.offering_id])
    told = found()
    assert [(sentence, f.sign_ups) for _, sentence, f in told["before_registration"]] == [
        ("1 人还没登记就到课，最早的早了 15 天（2026-03-25 才登记）", {early.id})
    ]
    assert [f.sign_ups for _, _, f in told["after_leaving"]] == [{gone.id}, {by_ledger.id}]
    assert told["after_leaving"][0][1] == "1 人退班以后还有到课，最晚的晚了 4 天（2026-03-24）"


def test_what_does_not_count_is_not_suspected(app):
    with writing():
        offering = an_offering(planned_hours=1)
        came(offering, registered_on=date(2026, 3, 25))  # not included – an activity (R15)
        staff = an_offering()
        came(staff, part="staff", registered_on=date(2026, 3, 25))  # not included – staff on duty (R2)
        came(
            an_offering(), first_attended_on=date(2025, 3, 4), registered_on=date(2026, 3, 25)
        )  # not included – another year
    assert found() == {}


def test_offerings_are_ranked_and_the_year_is_told_with_and_without(app):
    with writing():
        invented, enrolments = a_class()
        evening = datetime(2026, 4, 20, 21, 5, tzinfo=NOON.tzinfo)
        for lesson in invented.lessons:
            call(lesson, enrolments, at=evening)
        honest, others = a_class(
            who=[enrolments[0].person, *(a_person() for _ in range(5))], first_on=date(2026, 3, 12)
        )
        an_honest_term(honest, others)
        early = came(honest, registered_on=date(2026, 3, 25))
        one, other = (e.person for e in others[1:3])
        undecided(*sorted((one, other), key=lambda p: p.id))
    result = patterns(2026)
    assert [s.offering_id for s in result.suspects] == [invented.id, honest.id]
    assert [f.kind for f in result.suspects[0].findings] == ["one_evening", "always_present", "late"]
    total = count_year(2026).total
    assert (result.total.persons, result.total.persons_max, result.total.person_times) == (
        total.persons, total.persons_max, total.person_times,
    ) == (11, 12, 13)  # fmt: skip
    without = {kind: told for kind, told in result.without.items() if told.offerings}
    assert set(without) == {"one_evening", "always_present", "late", "before_registration", "any"}
    assert without["late"] == (1, 6, 6, 7, 7), "the one who also came elsewhere stays a person"
    assert without["before_registration"] == (1, 1, 10, 11, 12)
    assert without["any"] == (2, 7, 5, 6, 6)
    assert result.by_offering[honest.id].sign_ups == {early.id}
    assert set(result.without) == {*KINDS, "any"}


def test_the_totals_without_are_the_year_without_those_rows(app):
    """Taken out for good, the rest is what was told."""
    with writing():
        for n in range(3):
            an_honest_term(*a_class(first_on=date(2026, 3, 10 + n)))
            invented, enrolments = a_class(first_on=date(2026, 5, 4 + n))
            for lesson in invented.lessons:
                call(lesson, enrolments)
    told: Patterns = patterns(2026)
    with writing():
        ids = [i for suspect in told.suspects for i in suspect.sign_ups]
        db.session.execute(db.update(Enrolment).where(Enrolment.id.in_(ids)).values(part="staff"))
    total = count_year(2026).total
    assert told.without["any"][2:] == (total.persons, total.persons_max, total.person_times)
    assert len(ids) == 18 and db.session.scalar(db.select(db.func.count()).select_from(CandidatePair)) == 0
