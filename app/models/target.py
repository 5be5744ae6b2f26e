"""A target of a policy document: one threshold, its words, and how it is measured.

Targets are data: another plan brings other numbers, not another program.
What the bureau changes keeps its earlier values, what it ends stays readable.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Exact, Stamp, db, one_at_a_time
from app.models.account import Account
from app.models.policy import PolicyDocument
from app.refusal import N_, Refusal

CODE_LENGTH, NAME_LENGTH, CLAUSE_LENGTH, MODAL_LENGTH, UNIT_LENGTH, SCOPE_LENGTH = 12, 40, 30, 20, 10, 100
# R22. The last two give the figure and no verdict.
COMPARATORS: dict[str, str] = {
    "at_least": N_("以上、达到、不低于（含本数）"),
    "more_than": N_("超过（不含本数）"),
    "at_most": N_("以下、不超过（含本数）"),
    "less_than": N_("低于、少于（不含本数）"),
    "about": N_("左右、大体、基本（不判定）"),
    "none": N_("没有数字（不判定）"),
}
JUDGED = frozenset({"at_least", "more_than", "at_most", "less_than"})
PERIODS: dict[str, str] = {
    "every_year": N_("每年"),
    "average": N_("年均"),
    "deadline": N_("到期限为止"),
    "undated": N_("没有写期限"),
}
# What the document's own verb lays upon the city: an aim is no duty.
MODALS: dict[str, str] = {
    "力争": N_("目标"),
    "重点": N_("重点"),
    "鼓励": N_("鼓励"),
    "支持": N_("鼓励"),
    "探索": N_("鼓励"),
}
DUTY = N_("任务")
MEASURES: dict[str, str] = {
    "person_times_total": N_("人次合计：报名加集体"),
    "person_times": N_("人次（实名）"),
    "persons": N_("人数（去重）"),
    "on_the_books": N_("老年教育在册人数"),
    "completions": N_("结业人次"),
    "certificates": N_("证书本数"),
    "one_plus_x": N_("1+X：标准、考核、发证"),
    "school_ratio": N_("每所学校：人次与在校生之比"),
    "school_share": N_("每所学校：两个上报数之比"),
    "register": N_("名单里的条数"),
    "register_share": N_("名单里达到的比例"),
    "per_county": N_("每个县（市）在名单里的条数"),
    "reported": N_("上报数"),
}
OF_LISTS = frozenset({"register", "register_share", "per_county", "school_ratio"})
UNITS = (N_("人"), N_("人次"), N_("倍"), N_("个"), N_("家"), N_("所"), N_("门"), N_("本"), N_("元"))
PLANS = Path(__file__).parent / "plans"


class Target(Base):
    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_begin"),
        CheckConstraint("period != 'deadline' OR due_on IS NOT NULL", name="deadline_dated"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("policy_document.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    clause: Mapped[str] = mapped_column(String(CLAUSE_LENGTH))
    words: Mapped[str] = mapped_column(Text)  # as the document has them
    modal: Mapped[str] = mapped_column(String(MODAL_LENGTH), default="")
    unit: Mapped[str] = mapped_column(String(UNIT_LENGTH))
    comparator: Mapped[str] = mapped_column(String(10))
    value: Mapped[Decimal | None] = mapped_column(Exact)
    value_max: Mapped[Decimal | None] = mapped_column(Exact)  # 2-3个: named by the document, no upper limit
    scope: Mapped[str] = mapped_column(String(SCOPE_LENGTH), default="")
    period: Mapped[str] = mapped_column(String(10))
    from_year: Mapped[int | None]  # judged from this year on
    due_on: Mapped[date | None]
    measure: Mapped[str] = mapped_column(String(20))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reading: Mapped[str] = mapped_column(Text, default="")
    ambiguity: Mapped[str] = mapped_column(Text, default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # ended by the bureau, never deleted

    document: Mapped[PolicyDocument] = relationship()

    @classmethod
    def coded(cls, code: str) -> Target | None:
        return db.session.scalar(db.select(cls).where(cls.code == code))

    @classmethod
    def of_year(cls, year: int) -> list[Target]:
        """Those that stood at some time of a calendar year, in their documents' order."""
        return list(
            db.session.scalars(
                db.select(cls)
                .where(
                    cls.valid_from <= date(year, 12, 31), (cls.valid_to.is_(None)) | (cls.valid_to >= date(year, 1, 1))
                )
                .options(db.joinedload(cls.document))
                .order_by(cls.document_id, cls.position, cls.id)
            )
        )

    @classmethod
    def every(cls) -> list[Target]:
        """All, those that were ended included."""
        return list(db.session.scalars(db.select(cls).order_by(cls.document_id, cls.position, cls.id)))

    @classmethod
    def add(cls, document: PolicyDocument, facts: dict[str, Any], *, by: Account | None, at: datetime) -> Target:
        """A new target; raises ``target-known`` or what `_refuse_unclear` refuses."""
        one_at_a_time(b"targets")
        if cls.coded(facts["code"]) is not None:
            raise Refusal("target-known", N_("编号“%(taken)s”已经有了，请换一个编号。"), taken=facts["code"])
        last = db.session.scalar(db.select(db.func.max(cls.position)).where(cls.document_id == document.id))
        target = cls(document=document, **{"position": (last or 0) + 1, **facts})
        _refuse_unclear(target)
        db.session.add(target)
        db.session.flush()
        target._remember({}, by, at)
        return target

    def change(self, facts: dict[str, Any], *, by: Account, at: datetime) -> bool:
        """Other words, numbers or another measure; what it said before is kept. Did anything change?

        Raises ``target-ended`` or what `_refuse_unclear` refuses. The code
        stays: figures that were reported for it stand under it.
        """
        db.session.refresh(self, with_for_update=True)
        if self.valid_to is not None:
            raise Refusal("target-ended", N_("这个指标已经停用，不再修改。需要新的要求，请新增一个指标。"))
        before = self.facts()
        facts = {name: value for name, value in facts.items() if name not in ("code", "valid_to")}
        with db.session.no_autoflush:
            for name, value in facts.items():
                setattr(self, name, value)
            _refuse_unclear(self)
        if self.facts() == before:
            return False
        self._remember(before, by, at)
        return True

    def end(self, on: date, *, by: Account, at: datetime) -> None:
        """Valid to that day; raises ``target-ended`` or ``end-before-begin``."""
        db.session.refresh(self, with_for_update=True)
        if self.valid_to is not None:
            raise Refusal("target-ended", N_("这个指标已经停用，不再修改。需要新的要求，请新增一个指标。"))
        if on < self.valid_from:
            raise Refusal("end-before-begin", N_("停用日期不能早于启用日期（%(day)s）。"), day=self.valid_from)
        before = self.facts()
        self.valid_to = on
        self._remember(before, by, at)

    def facts(self) -> dict[str, Any]:
        """What it says, each as text, as earlier values are kept."""
        return {name: _told(getattr(self, name)) for name in FACTS}

    @property
    def is_judged(self) -> bool:
        return self.comparator in JUDGED and self.value is not None

    @property
    def weight(self) -> str:
        """What its verb lays upon the city, marked for translation: an aim, a priority, encouragement or a duty."""
        return next((word for verb, word in MODALS.items() if self.modal.startswith(verb)), DUTY)

    def _remember(self, before: dict[str, Any], by: Account | None, at: datetime) -> None:
        db.session.add(TargetChange(target=self, before=before, changed_at=at, changed_by_id=by and by.id))
        db.session.flush()


FACTS = (
    "document_id", "name", "clause", "words", "modal", "unit", "comparator", "value", "value_max", "scope", "period",
    "from_year", "due_on", "measure", "parameters", "reading", "ambiguity", "valid_from", "valid_to",
)  # fmt: skip


class TargetChange(Base):
    """What a target said before it was changed; nothing, where it was added."""

    __tablename__ = "target_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"), index=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(Stamp)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # nobody: loaded with the plan

    target: Mapped[Target] = relationship()
    changed_by: Mapped[Account | None] = relationship()

    @classmethod
    def of(cls, target: Target) -> list[TargetChange]:
        """The latest first."""
        return list(db.session.scalars(db.select(cls).where(cls.target_id == target.id).order_by(cls.id.desc())))


def missing_of_plan(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The targets of a plan that this registry does not have; what the bureau edited or ended is not missing."""
    known = set(db.session.scalars(db.select(Target.code)))
    return [told for told in plan["targets"] if told["code"] not in known]


def load_plan(plan: dict[str, Any], at: datetime) -> int:
    """Add the targets of a plan that are not there yet; how many. Inside a write transaction."""
    told = plan["document"]
    document = PolicyDocument.numbered(told["number"]) or PolicyDocument.add(
        **{**told, "issued_on": date.fromisoformat(told["issued_on"])}
    )
    missing = missing_of_plan(plan)
    for facts in missing:
        Target.add(document, _facts_of(facts, plan), by=None, at=at)
    return len(missing)


def the_plan() -> dict[str, Any]:
    """吉市政办发〔2022〕33号: ``document`` and ``targets``, its words quoted."""
    return read_plan(PLANS / "2022-33.json")


def read_plan(path: Path) -> dict[str, Any]:
    """A plan as a file: ``document``, ``valid_from`` and ``targets``, each with the columns of a target."""
    return json.loads(path.read_text(encoding="utf-8"))


def _facts_of(told: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    facts = {"valid_from": plan["valid_from"], **told}
    for name in ("value", "value_max"):
        facts[name] = None if facts.get(name) is None else Decimal(str(facts[name]))
    for name in ("due_on", "valid_from"):
        facts[name] = date.fromisoformat(facts[name]) if facts.get(name) else None
    return facts


def _refuse_unclear(target: Target) -> None:
    """``target-value``, ``target-due``, ``target-register`` or ``target-share``: what its kind needs and is missing."""
    if target.comparator in JUDGED and target.value is None:
        raise Refusal("target-value", N_("这种比较要有数字，请填目标值；没有数字的请选“没有数字（不判定）”。"))
    told = target.parameters or {}
    if target.measure in OF_LISTS and not (told.get("register") and told.get("state")):
        raise Refusal("target-register", N_("这样算的指标要有名单和从哪个状态起算，请选。"))
    if target.measure == "school_share" and not (told.get("numerator") and told.get("denominator")):
        raise Refusal("target-share", N_("两个上报数之比要选分子和分母。"))
    if target.period == "deadline" and target.due_on is None:
        raise Refusal("target-due", N_("到期限为止的指标要有期限，请填日期。"))


def _told(value: Any) -> Any:
    return str(value) if isinstance(value, date | Decimal) else value
