"""The demo's lists, programmes and groups: invented entries, each with an invented document."""

from __future__ import annotations

from datetime import date, time, timedelta

from app.clock import instant
from app.database import db
from app.models import Account, Course, GroupBooking, Offering, OfferingProgramme, Programme, Provider, RegisterEntry
from app.models.register_kinds import NAMED

# Kind, names, level, and the states that each went through: (state, year before this one, month).
_LISTS: tuple[tuple[str, tuple[str, ...], str, tuple[tuple[str, int, int], ...]], ...] = (
    ("association", ("汽车产业行业协会", "电子商务行业协会"), "city", (("preparing", 3, 3), ("unveiled", 2, 5))),
    ("association", ("冰雪旅游行业协会",), "city", (("preparing", 2, 9), ("unveiled", 1, 12))),
    ("association", ("通用航空行业协会",), "city", (("preparing", 1, 6),)),
    ("association", ("装备制造行业协会",), "city", (("unveiled", 4, 4), ("dissolved", 2, 10))),
    (
        "base_production",
        ("航空维修生产型实训基地", "碳纤维生产型实训基地"),
        "city",
        (("planned", 4, 3), ("accepted", 2, 6)),
    ),
    ("base_specialised", ("新能源汽车实训基地", "老年照护实训基地", "直播电商实训基地"), "city", (("accepted", 2, 9),)),
    ("base_specialised", ("工业机器人实训基地",), "city", (("planned", 3, 3), ("building", 1, 4))),
    (
        "base_on_campus",
        tuple(f"校内实训基地{n}号" for n in range(1, 16)),
        "school",
        (("building", 4, 5), ("accepted", 2, 7)),
    ),
    ("base_youth", ("小小飞机设计师体验基地", "面点与劳动体验基地"), "city", (("accepted", 3, 5),)),
    ("base_rural", ("口前镇乡村人才培训基地", "新站镇乡村人才培训基地"), "county", (("accepted", 3, 8),)),
    (
        "online_course",
        tuple(f"在线精品课程{n}" for n in range(1, 19)),
        "provincial",
        (("applied", 4, 3), ("approved", 3, 11)),
    ),
    ("online_course", ("在线精品课程19", "在线精品课程20"), "provincial", (("applied", 1, 3),)),
    (
        "resource_library",
        tuple(f"专业教学资源库{n}" for n in range(1, 11)),
        "city",
        (("approved", 3, 6), ("built", 1, 6)),
    ),
    ("studio", tuple(f"技能导师工作室{n}" for n in range(1, 20)), "city", (("applied", 3, 3), ("recognised", 2, 3))),
    ("project", ("磐石市职教中心异地新建",), "county", (("planned", 4, 2), ("started", 3, 5), ("milestone", 1, 10))),
    ("project", ("蛟河市产教融合实训基地建设",), "county", (("started", 3, 4), ("accepted", 1, 9))),
    ("project", ("永吉县实验职业高中二期",), "county", (("started", 2, 4),)),
    ("agreement", ("与宁波市中职学校对口合作协议",), "city", (("planned", 4, 1), ("completed", 3, 7))),
    ("learning_brand", ("松花江畔读书会", "江城夜校"), "city", (("nominated", 1, 4), ("awarded", 1, 10))),
    ("integrated_enterprise", ("产教融合型企业甲", "产教融合型企业乙"), "provincial", (("awarded", 2, 12),)),
)
# Kind, institutions, states: the entry is the institution itself.
_INSTITUTIONS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, int, int], ...]], ...] = (
    ("quality_school", ("舒兰市职业高中", "吉林通用航空职业技术学院"), (("listed", 3, 1),)),
    ("national_school", ("舒兰市职业高中", "磐石市职教中心", "桦甸市职教中心"), (("listed", 2, 11),)),
    ("national_school", ("永吉县实验职业高中",), (("applied", 1, 5),)),
    (
        "school_standard",
        ("舒兰市职业高中", "磐石市职教中心", "桦甸市职教中心"),
        (("basically_met", 3, 12), ("met", 1, 12)),
    ),
    ("school_standard", ("永吉县实验职业高中",), (("not_met", 3, 12), ("basically_met", 1, 12))),
    ("county_centre", ("磐石市职教中心", "桦甸市职教中心"), (("running", 5, 1), ("attested", 1, 11))),
    ("county_centre", ("永吉县实验职业高中", "舒兰市职业高中", "蛟河市产教融合实训基地"), (("running", 5, 1),)),
    ("elderly_school", ("吉林市老年大学",), (("awarded", 2, 9),)),
    ("community_base", ("吉林市社区教育联盟",), (("awarded", 1, 9),)),
)
_COURSES = (
    ("elderly_course", "智能手机使用入门"),
    ("elderly_course", "书法（楷书）基础"),
    ("rural_project", "直播电商"),
)
# Whose name everybody may see, and whose not.
_STARS = (("王演示秀英", True), ("赵演示德厚", False))
# Programme → words of the titles of the offerings that carry it.
_TAGS = {
    "求学圆梦": "求学圆梦", "江城工匠文化": "工匠", "文养": "文养", "1+X社会培训": "1+X",
    "全民终身学习活动周": "活动周", "县域振兴示范": "家庭农场", "乡村振兴专项人才培养计划": "乡村振兴带头人",
}  # fmt: skip


def lists_and_programmes(today: date) -> None:
    """Fill the bureau's lists and tag offerings; in the load's own transaction."""
    for kind, names, level, states in _LISTS:
        for name in names:
            _entry(kind, f"{name}（演示）", level, states, today)
    for kind, names, states in _INSTITUTIONS:
        for name in names:
            provider = db.session.scalars(db.select(Provider).where(Provider.name == name)).one()
            code = provider.division_code
            _entry(kind, f"{name}（演示）", "city", states, today, provider_id=provider.id, division_code=code)
    for kind, words in _COURSES:
        course = db.session.scalars(db.select(Course).where(Course.title.contains(words)).order_by(Course.id)).first()
        if course is not None:
            states = (("nominated", 1, 3), ("awarded", 1, 9))
            _entry(kind, course.title, "city", states, today, provider_id=course.provider_id, course_id=course.id)
    _stars(today)
    Programme.add_named()
    for name, words in _TAGS.items():
        programme = db.session.scalars(db.select(Programme).where(Programme.name == name)).one()
        tagged = (
            db.select(Offering.id).join(Course, Course.id == Offering.course_id).where(Course.title.contains(words))
        )
        db.session.add_all(
            [OfferingProgramme(offering_id=i, programme_id=programme.id) for i in db.session.scalars(tagged)]
        )


def _entry(
    kind: str, name: str, level: str, states: tuple[tuple[str, int, int], ...], today: date, **links: object
) -> RegisterEntry:
    years = [today.year - back for _, back, _ in states]
    made = instant(date(years[0], 1, 4), time(9))
    entry = RegisterEntry.add(
        NAMED[kind], by=None, at=made, is_demo=True, name=name, level=level, year=years[-1], **links
    )
    for (state, _, month), year in zip(states, years, strict=True):
        on = date(year, month, 18)
        note = "主体封顶" if state == "milestone" else ""
        entry.set_state(
            state, on, document=f"演示〔{year}〕{month}号", document_name="演示文件", note=note, by=None,
            at=instant(on, time(10)), day=today,
        )  # fmt: skip
    return entry


def _stars(today: date) -> None:
    for name, consents in _STARS:
        star = _entry("learning_star", name, "city", (("nominated", 1, 4), ("awarded", 1, 10)), today)
        if consents:
            on = date(today.year - 1, 10, 20)
            star.consent(True, on, document_name="公开姓名同意书（演示）", by=None, at=instant(on, time(9)), day=today)


def come_in_groups(offering: Offering, school: str, headcount: int, today: date) -> None:
    """A class booked, counted and confirmed: it counts as ``headcount`` people without names."""
    trainer = db.session.get_one(Account, offering.trainers[0].account_id)
    lesson, booking = offering.lessons[0], _booking(offering, school, headcount)
    booking.count(lesson, headcount, by=trainer, at=instant(lesson.held_on, lesson.ends))
    booking.confirm(
        lesson.held_on + timedelta(1), "演示主任", day=today, by=None, at=instant(lesson.held_on, time(20)),
        note="电话确认",
    )  # fmt: skip


def wait_for_the_rest(offering: Offering, today: date) -> None:
    """Bookings that do not count yet, each for its own reason."""
    trainer = db.session.get_one(Account, offering.trainers[0].account_id)
    lesson = offering.lessons[0]
    _booking(offering, "第十小学（演示）", 40)  # nobody counted them
    counted = _booking(offering, "第十一小学（演示）", 44)  # counted, not confirmed
    counted.count(lesson, 43, by=trainer, at=instant(lesson.held_on, lesson.ends))
    off = _booking(offering, "第十二小学（演示）", 38)
    off.cancel("改到下学期", instant(lesson.held_on - timedelta(3), time(9)))


def _booking(offering: Offering, school: str, size: int) -> GroupBooking:
    year = offering.starts_on.year
    return GroupBooking.book(
        offering, group_name=school, size=size, contact="演示联系人", telephone="13900009555",
        evidence=f"演示〔{year}〕预约函", by=None, at=offering.first_begins_at - timedelta(20), is_demo=True,
    )  # fmt: skip
