"""What an offering may become: facts in order, and nothing that would rewrite what already happened."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.database import db
from app.models.enrolment import AttendedHours, Enrolment
from app.models.identity_number import normalise_name
from app.refusal import N_, Refusal

if TYPE_CHECKING:
    from app.models.offering import Offering


def refuse(offering: Offering, facts: dict[str, Any]) -> None:
    """Raises the codes that ``Offering.describe`` lists, for these facts of an offering, a new or a locked one."""
    _refuse_number_of_another(offering, facts["number"])
    _refuse_disorder(facts)
    _refuse_rewriting(offering, facts)


def _refuse_disorder(facts: dict[str, Any]) -> None:
    def reversed_(a: str, b: str) -> bool:
        return facts.get(a) is not None and facts.get(b) is not None and facts[a] > facts[b]

    if reversed_("starts_on", "ends_on"):
        raise Refusal("dates-in-order", N_("结班日期不能早于开班日期。"))
    if reversed_("min_age", "max_age"):
        raise Refusal("ages-in-order", N_("最大年龄不能小于最小年龄。"))
    opens, closes = facts.get("signup_opens_at"), facts.get("signup_closes_at")
    if opens is not None and closes is not None and opens >= closes:
        raise Refusal("window-in-order", N_("报名截止时间要晚于开始时间。"))


def _refuse_number_of_another(offering: Offering, number: str) -> None:
    kind = type(offering)
    same = db.select(kind.id).where(kind.provider_id == offering.provider_id, kind.number_key == normalise_name(number))
    with db.session.no_autoflush:
        if db.session.scalar(same if offering.id is None else same.where(kind.id != offering.id)) is not None:
            raise Refusal("number-taken", N_("本机构已有编号为%(number)s的班，请换一个编号。"), number=number)


def _refuse_rewriting(offering: Offering, facts: dict[str, Any]) -> None:
    if offering.id is None:
        return
    first, last, completed = db.session.execute(
        db.select(
            db.func.min(Enrolment.first_attended_on),
            db.func.max(Enrolment.first_attended_on),
            db.func.max(Enrolment.completed_on),
        ).where(Enrolment.offering_id == offering.id)
    ).one()
    if first is None:
        return
    for name in ("course_id", "number", "category"):
        if name in facts and facts[name] != getattr(offering, name):
            raise Refusal(
                f"{name.removesuffix('_id')}-fixed",
                N_("已经有人到课，课程、编号和类别不能再改，否则统计对不上。要改请新建一个班。"),
            )
    _refuse_plan_below_attended(offering, facts["planned_hours"])
    if offering.lessons:
        return
    starts, ends = facts.get("starts_on", offering.starts_on), facts.get("ends_on", offering.ends_on)
    latest = max(last, completed or last)
    if starts > first or ends < latest:
        raise Refusal(
            "dates-contradict",
            N_("已有 %(first)s 的到课和 %(last)s 的记录，开班日期不能更晚，结班日期不能更早。"),
            first=first,
            last=latest,
        )


def _refuse_plan_below_attended(offering: Offering, planned: Decimal) -> None:
    totals = (
        db.select(db.func.sum(AttendedHours.class_hours).label("hours"))
        .join(Enrolment, Enrolment.id == AttendedHours.enrolment_id)
        .where(Enrolment.offering_id == offering.id)
        .group_by(Enrolment.id)
        .subquery()
    )
    most = db.session.scalar(db.select(db.func.max(totals.c.hours)))
    if most is not None and planned < most:
        raise Refusal(
            "hours-below-attended",
            N_("有学员已到课 %(most)s 学时，计划学时不能少于这个数。"),
            most=f"{most.normalize():f}",
        )
