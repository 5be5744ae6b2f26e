"""A nameless group from its booking to its confirmation: an organisation books, the trainer counts, they confirm (R13).

Nothing is overwritten: a new count supersedes the earlier one, a confirmation
is revoked with a reason. What counts follows from all three (`nameless`).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app import sealing
from app.clock import civil
from app.database import Base, Stamp, db, row_id
from app.models import nameless
from app.models.account import Account
from app.models.identity_number import normalise_name
from app.models.lesson import Lesson
from app.models.offering import Offering
from app.models.rules import RULE_SET
from app.models.timetable import refuse_if_cancelled
from app.refusal import N_, Refusal

MOST_HEADS = 5000  # of one group at one lesson: more is a slip of the finger
WAYS: dict[str, str] = {"organisation": N_("单位确认"), "sheet": N_("签字表")}
# What a sheet may be, told by its first bytes and not by what it calls itself.
SHEET_TYPES: dict[bytes, tuple[str, str]] = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
}
SHEET_BYTES = 5 * 1024 * 1024
REASONS: dict[str, str] = {
    "counts": N_("计入"),
    "cancelled": N_("不计：预约已取消"),
    "category": N_("不计：这个类别没有开通集体计数"),
    "not_counted": N_("还不计：教师还没有清点人数"),
    "nobody": N_("不计：清点为 0 人，没有来"),
    "not_confirmed": N_("还不计：缺单位确认或签字表"),
    "confirmed_before": N_("还不计：确认的日期早于上课那天"),
    "all_named": N_("不计：来的人都已有名字"),
}


class Standing(NamedTuple):
    """Whether a booking counts, and why not (a key of REASONS); ``headcount``: nameless people on its best day."""

    reason: str
    headcount: int = 0

    @property
    def counts(self) -> bool:
        return self.reason == "counts"


class GroupBooking(Base):
    __tablename__ = "group_booking"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancelled_with_reason"),
        Index(
            "uq_group_booking_living",
            "offering_id",
            "group_key",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), index=True)
    group_name: Mapped[str] = mapped_column(String(100))  # 第一小学 四年级二班
    group_key: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    contact: Mapped[str] = mapped_column(String(30))
    telephone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    evidence: Mapped[str] = mapped_column(String(160))  # the letter's number, or how the organisation said so
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    booked_at: Mapped[datetime] = mapped_column(Stamp)
    cancelled_at: Mapped[datetime | None] = mapped_column(Stamp)
    cancel_reason: Mapped[str | None] = mapped_column(String(200))
    is_demo: Mapped[bool] = mapped_column(default=False)

    offering: Mapped[Offering] = relationship()
    booked_by: Mapped[Account | None] = relationship()
    counts: Mapped[list[GroupCount]] = relationship(back_populates="booking", order_by="GroupCount.id.desc()")
    confirmations: Mapped[list[GroupConfirmation]] = relationship(
        back_populates="booking", order_by="GroupConfirmation.id.desc()"
    )

    @validates("group_name")
    def _keep_key(self, _: str, name: str) -> str:
        self.group_key = normalise_name(name)
        return name.strip()

    # -- questions ---------------------------------------------------------

    @property
    def telephone(self) -> str:
        """In clear; a mobile is shown masked. Empty when none was left."""
        if self.telephone_sealed is None:
            return ""
        return sealing.sealer().open(self.telephone_sealed, "group_booking", "telephone", self.uid)

    @classmethod
    def standings(cls, offering: Offering) -> dict[int, Standing]:
        """Booking id → whether it counts; of an offering's bookings, cancelled ones too."""
        found: dict[int, list[nameless.Head]] = defaultdict(list)
        for head in nameless.heads(offering.id):
            found[head.booking_id].append(head)
        mine = select(cls).where(cls.offering_id == offering.id).options(db.selectinload(cls.confirmations))
        bookings = db.session.scalars(mine.order_by(cls.id))
        return {booking.id: booking._standing(found[booking.id]) for booking in bookings}

    def _standing(self, heads: list[nameless.Head]) -> Standing:
        if self.cancelled_at is not None:
            return Standing("cancelled")
        if self.offering.category not in RULE_SET.group_categories:
            return Standing("category")
        if not heads:
            return Standing("not_counted")
        came = [head for head in heads if head.counted]
        if not came:
            return Standing("nobody")
        confirmed = [head for head in came if head.confirmed]
        if not confirmed:
            living = any(each.revoked_at is None for each in self.confirmations)
            return Standing("confirmed_before" if living else "not_confirmed")
        best = max(head.nameless for head in confirmed)
        return Standing("counts", best) if best else Standing("all_named")

    @classmethod
    def living(cls, offering: Offering) -> int:
        """How many bookings an offering has that were not cancelled."""
        mine = select(db.func.count(cls.id)).where(cls.offering_id == offering.id, cls.cancelled_at.is_(None))
        return db.session.scalar(mine) or 0

    def count_at(self, lesson: Lesson) -> GroupCount | None:
        """What stands of this group's count at a lesson."""
        return next((c for c in self.counts if c.lesson_id == lesson.id and c.superseded_at is None), None)

    # -- verbs -------------------------------------------------------------

    @classmethod
    def count_all(
        cls, lesson: Lesson, counted: dict[int, int], *, by: Account | None, at: datetime, reason: str = ""
    ) -> None:
        """What the trainer counted of several groups, by booking id.

        Raises ``booking-unknown``, and what ``count`` raises.
        """
        for booking_id, headcount in sorted(counted.items()):
            booking = db.session.get(cls, booking_id)
            if booking is None or booking.offering_id != lesson.offering_id:
                raise Refusal("booking-unknown", N_("预约有变动，请刷新页面后再填。"))
            booking.count(lesson, headcount, by=by, at=at, reason=reason)

    @classmethod
    def book(
        cls,
        offering: Offering,
        *,
        group_name: str,
        size: int,
        contact: str,
        telephone: str,
        evidence: str,
        by: Account | None,
        at: datetime,
        is_demo: bool = False,
    ) -> GroupBooking:
        """An organisation books for ``size`` people; takes no places.

        Raises ``group-category`` where nameless groups do not count,
        ``offering-cancelled``, ``offering-not-open`` for a draft, or
        ``group-known``: one booking of a group to an offering.
        """
        offering.lock()
        refuse_if_cancelled(offering)
        if offering.published_at is None:
            raise Refusal("offering-not-open", N_("这个班还没有发布，不能登记集体预约。"))
        if offering.category not in RULE_SET.group_categories:
            raise Refusal("group-category", N_("这个类别不计没有名单的集体，请逐人报名。"))
        key = normalise_name(group_name)
        same = select(cls.id).where(cls.offering_id == offering.id, cls.group_key == key, cls.cancelled_at.is_(None))
        if db.session.scalar(same) is not None:
            raise Refusal(
                "group-known", N_("这个集体已经预约过这个班。同一单位的另一个集体，名称请写清楚，例如加上班级。")
            )
        uid = uuid.uuid4().hex
        sealed = sealing.sealer().seal(telephone, "group_booking", "telephone", uid) if telephone else None
        booking = cls(
            uid=uid, offering=offering, group_name=group_name, size=size, contact=contact.strip(),
            telephone_sealed=sealed, evidence=evidence.strip(), booked_by_id=row_id(by) if by else None, booked_at=at,
            is_demo=is_demo,
        )  # fmt: skip
        db.session.add(booking)
        db.session.flush()
        return booking

    def cancel(self, reason: str, at: datetime) -> None:
        """They will not come. Raises ``booking-cancelled`` or ``booking-counted`` once somebody was counted (R10)."""
        self._lock()
        if any(count.superseded_at is None and count.headcount for count in self.counts):
            raise Refusal("booking-counted", N_("教师已经清点过人数，不能取消。没有来的，请教师把人数改成 0。"))
        self.cancelled_at, self.cancel_reason = at, reason.strip()
        db.session.flush()

    def count(self, lesson: Lesson, headcount: int, *, by: Account | None, at: datetime, reason: str = "") -> None:
        """What the trainer counted of this group at a lesson, with whoever has a name; a new count supersedes.

        Raises ``booking-cancelled``, ``lesson-not-begun``, ``offering-cancelled``,
        ``headcount-range`` or ``reason-needed`` (a change from the next day on).
        """
        self._lock()
        lesson.refuse_unless_held(at)
        if not 0 <= headcount <= MOST_HEADS:
            raise Refusal("headcount-range", N_("人数请填 0 到 %(most)s 之间的整数。"), most=MOST_HEADS)
        before = self.count_at(lesson)
        if before is not None:
            if before.headcount == headcount:
                return
            if lesson.held_on < civil(at).date() and not reason.strip():
                raise Refusal("reason-needed", N_("改动以前清点的人数要写明原因，例如“重新数了照片”。"))
            before.superseded_at = at
            db.session.flush()
        db.session.add(
            GroupCount(
                booking_id=self.id, lesson_id=lesson.id, headcount=headcount, reason=reason.strip(),
                counted_by_id=row_id(by) if by else None, counted_at=at,
            )
        )  # fmt: skip
        self._settle()

    def confirm(
        self,
        confirmed_on: date,
        confirmed_by: str,
        *,
        day: date,
        by: Account | None,
        at: datetime,
        sheet: tuple[str, bytes] | None = None,
        note: str = "",
    ) -> GroupConfirmation:
        """The organisation says that they were there, or a signed ``sheet`` (file name, bytes) does; ``day`` is today.

        Raises ``booking-cancelled``, ``confirmed-in-future``, ``sheet-kind`` or ``sheet-too-large``.
        """
        self._lock()
        if confirmed_on > day:
            raise Refusal("confirmed-in-future", N_("确认日期不能晚于今天。"))
        row = GroupConfirmation(
            uid=uuid.uuid4().hex, booking_id=self.id, way="sheet" if sheet else "organisation",
            confirmed_on=confirmed_on, confirmed_by=confirmed_by.strip(), note=note.strip(),
            entered_by_id=row_id(by) if by else None, entered_at=at,
        )  # fmt: skip
        if sheet is not None:
            row.attach(*sheet)
        db.session.add(row)
        self._settle()
        return row

    def _lock(self) -> None:
        """Under the offering's lock, as rolls are. Raises ``booking-cancelled``."""
        self.offering.lock()
        db.session.refresh(self)
        db.session.expire(self, ["counts", "confirmations"])
        if self.cancelled_at is not None:
            raise Refusal("booking-cancelled", N_("这个预约已取消。"))

    def _settle(self) -> None:
        db.session.flush()
        nameless.settle(self.offering_id)


class GroupCount(Base):
    """How many of a group the trainer counted at a lesson, those with a name among them."""

    __tablename__ = "group_count"
    __table_args__ = (
        CheckConstraint("headcount >= 0", name="headcount_not_negative"),
        Index(
            "uq_group_count_current",
            "booking_id",
            "lesson_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("group_booking.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    headcount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200), default="")
    counted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    counted_at: Mapped[datetime] = mapped_column(Stamp)
    superseded_at: Mapped[datetime | None] = mapped_column(Stamp)

    booking: Mapped[GroupBooking] = relationship(back_populates="counts")
    lesson: Mapped[Lesson] = relationship()
    counted_by: Mapped[Account | None] = relationship()


class GroupConfirmation(Base):
    """Somebody of the organisation confirmed that the group came, or a signed sheet shows it."""

    __tablename__ = "group_confirmation"
    __table_args__ = (
        CheckConstraint("way IN ('organisation', 'sheet')", name="way_known"),
        CheckConstraint("(way = 'sheet') = (sheet_sealed IS NOT NULL)", name="sheet_attached"),
        CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name="revoked_with_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("group_booking.id"), index=True)
    way: Mapped[str] = mapped_column(String(12))
    confirmed_on: Mapped[date]
    confirmed_by: Mapped[str] = mapped_column(String(30))  # who of the organisation
    note: Mapped[str] = mapped_column(String(200), default="")
    file_name: Mapped[str] = mapped_column(String(120), default="")
    media_type: Mapped[str] = mapped_column(String(20), default="")
    sheet_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # names of children stand on it
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(Stamp)
    revoked_at: Mapped[datetime | None] = mapped_column(Stamp)
    revoke_reason: Mapped[str | None] = mapped_column(String(200))

    booking: Mapped[GroupBooking] = relationship(back_populates="confirmations")
    entered_by: Mapped[Account | None] = relationship()

    def attach(self, file_name: str, data: bytes) -> None:
        """Keep a sheet, sealed. Raises ``sheet-kind`` or ``sheet-too-large``."""
        if len(data) > SHEET_BYTES:
            raise Refusal(
                "sheet-too-large", N_("签字表最大 %(most)s MB，请拍小一些再传。"), most=SHEET_BYTES // 1024**2
            )
        kind = next((kind for start, kind in SHEET_TYPES.items() if data.startswith(start)), None)
        if kind is None:
            raise Refusal("sheet-kind", N_("签字表要是 PDF、JPG 或 PNG 文件，请换一个文件。"))
        self.media_type = kind[0]
        stem = "".join(c for c in file_name.rsplit(".", 1)[0] if c.isprintable() and c not in '/\\"')[-100:]
        self.file_name = f"{stem or 'sheet'}.{kind[1]}"
        self.sheet_sealed = sealing.sealer().seal_bytes(data, "group_confirmation", "sheet", self.uid)

    def sheet(self) -> bytes | None:
        """The attached sheet in clear, or None."""
        if self.sheet_sealed is None:
            return None
        return sealing.sealer().open_bytes(self.sheet_sealed, "group_confirmation", "sheet", self.uid)

    def revoke(self, reason: str, at: datetime) -> None:
        """It was a mistake; the row stays, and what it made count no longer does. Raises ``confirmation-revoked``."""
        self.booking._lock()
        db.session.refresh(self)
        if self.revoked_at is not None:
            raise Refusal("confirmation-revoked", N_("这条确认已经撤销过了。"))
        self.revoked_at, self.revoke_reason = at, reason.strip()
        self.booking._settle()


def bookings_of(offering: Offering) -> list[GroupBooking]:
    """An offering's bookings with their counts and confirmations, in the order in which they were made."""
    loads: list[Any] = [
        db.selectinload(GroupBooking.counts).joinedload(GroupCount.lesson),
        db.selectinload(GroupBooking.counts).joinedload(GroupCount.counted_by),
        db.selectinload(GroupBooking.confirmations).joinedload(GroupConfirmation.entered_by),
    ]
    mine = select(GroupBooking).where(GroupBooking.offering_id == offering.id)
    return list(db.session.scalars(mine.options(*loads).order_by(GroupBooking.id)))
