"""The open candidate pairs (R20): what speaks for one human being and what does not, the likeliest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from app.database import db
from app.models import CandidatePair, Person
from app.refusal import N_


@dataclass(frozen=True)
class Pair:
    """Two records, the older one first, and the sentences that say why they are a pair; marked for translation."""

    a: Person
    b: Person
    reasons: tuple[str, ...]


def open_pairs(page: int, per_page: int) -> list[Pair]:
    """A page of the pairs that nobody has decided, those with most in common first."""
    found = db.session.execute(_open().limit(per_page).offset((page - 1) * per_page))
    return [Pair(a, b, reasons(a, b)) for a, b in found]


def how_many() -> int:
    """Open pairs between living records that are two people so far."""
    return db.session.scalar(select(func.count()).select_from(_open().order_by(None).subquery())) or 0


def reasons(a: Person, b: Person) -> tuple[str, ...]:
    """What two records have in common, what one of them lacks, and where they differ."""
    return tuple(
        sentence
        for sentence in (
            N_("姓名相同"),
            _compared(a.birth_on, b.birth_on, _BIRTH),
            _compared(a.mobile_index, b.mobile_index, _MOBILE),
            _compared(a.document_index, b.document_index, _DOCUMENT),
            N_("性别不同") if a.sex and b.sex and a.sex != b.sex else "",
        )
        if sentence
    )


# The same, different, one lacks it, both lack it.
_BIRTH = (N_("出生日期相同"), N_("出生日期不同"), N_("有一条没有出生日期"), N_("都没有出生日期"))
_MOBILE = (N_("手机号码相同"), N_("手机号码不同"), N_("有一条没有手机"), N_("都没有手机"))
_DOCUMENT = (N_("证件相同"), N_("两种不同的证件"), N_("有一条没有证件"), N_("都没有证件"))


def _compared(one: Any, other: Any, words: tuple[str, str, str, str]) -> str:
    if one is not None and other is not None:
        return words[0] if one == other else words[1]
    return words[3] if one is None and other is None else words[2]


def _open() -> Any:
    a, b = aliased(Person, name="a"), aliased(Person, name="b")
    same_birth, same_mobile = a.birth_on == b.birth_on, a.mobile_index == b.mobile_index
    other_sex = and_(a.sex.is_not(None), b.sex.is_not(None), a.sex != b.sex)
    lacks_mobile = or_(a.mobile_index.is_(None), b.mobile_index.is_(None))
    likely = case(
        (other_sex, 0), (and_(same_birth, same_mobile), 4), (same_mobile, 3), (lacks_mobile, 2), else_=1
    )  # fmt: skip
    return (
        select(a, b)
        .select_from(CandidatePair)
        .join(a, a.id == CandidatePair.a_id)
        .join(b, b.id == CandidatePair.b_id)
        .where(
            CandidatePair.decision.is_(None),
            *(column.is_(None) for x in (a, b) for column in (x.deleted_at, x.merged_into_id)),
            func.coalesce(a.identity_id, a.id) != func.coalesce(b.identity_id, b.id),
        )
        .order_by(likely.desc(), CandidatePair.a_id, CandidatePair.b_id)
    )
