"""From which rows a call-back sample is drawn, and what its answers say of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from app.counts import rows
from app.database import db
from app.models import CallBack, CallBackDraw, Lesson, Mark
from app.models.attendance import PRESENT
from app.models.call_back import digest

Z = 1.959964  # of 95 %


def rows_of(year: int) -> list[tuple[int, int]]:
    """Sign-up and offering of every person-time of a year (R1, R7), in their order."""
    source = rows.counted("first_attended_on", *rows.bounds(year))
    told = db.session.connection().execute(select(source.c.enrolment_id, source.c.offering_id))
    return sorted((enrolment_id, offering_id) for enrolment_id, offering_id in told)


@dataclass(frozen=True)
class Again:
    """A sample drawn again: do the rows stand as they stood, and by how many sign-ups do the samples differ?"""

    same_rows: bool
    differs: int | None


def compare(draw: CallBackDraw, again: Sequence[tuple[int, int]]) -> Again:
    """The same seed over the rows of today."""
    return Again(digest(again) == draw.rows_digest, draw.differs(again))


@dataclass(frozen=True)
class Answers:
    """How a sample answered; ``low`` and ``high`` are the ends of the rate's interval, each 0 … 1, or None."""

    drawn: int = 0
    confirmed: int = 0
    denied: int = 0
    unreached: int = 0

    @classmethod
    def of(cls, draw_id: int) -> Answers:
        told = dict(
            db.session.execute(
                select(func.coalesce(CallBack.answer, "open"), func.count())
                .where(CallBack.draw_id == draw_id)
                .group_by(CallBack.answer)
            ).all()
        )
        named = {name: told.get(name, 0) for name in ("confirmed", "denied", "unreached")}
        return cls(sum(told.values()), **named)

    @property
    def open(self) -> int:
        """Not called yet."""
        return self.drawn - self.confirmed - self.denied - self.unreached

    @property
    def rate(self) -> float | None:
        """Confirmed among those who were reached."""
        reached = self.confirmed + self.denied
        return self.confirmed / reached if reached else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson score interval of ``rate`` at 95 %, without a correction for the finite year.

        It stays within 0 … 1 and says something at 20 of 20, where the usual interval has no width.
        """
        return wilson(self.confirmed, self.confirmed + self.denied)


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Both ends of the 95 % Wilson score interval of ``hits`` in ``of``; None of nothing."""
    if not of:
        return None
    share, square = hits / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    # Of none and of all the outer end is exact; computed, it would be off by the last bit.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == of else middle + half)


def lessons_of(enrolment_id: int) -> list[date]:
    """The days on which this sign-up was marked present, for whoever asks about them."""
    return list(
        db.session.scalars(
            select(Lesson.held_on)
            .join(Mark, Mark.lesson_id == Lesson.id)
            .where(Mark.enrolment_id == enrolment_id, Mark.superseded_at.is_(None), Mark.status.in_(PRESENT))
            .order_by(Lesson.held_on, Lesson.begins)
        )
    )
