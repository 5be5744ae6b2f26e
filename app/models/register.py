"""The bureau's lists: who stood on which, in what state, since when and by which document.

A state is a row of its own and stays; a mistake is put right by a further row
that stands in its place. So the list of any past day can be read today.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, func, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship, validates

from app.database import Base, Stamp, db, one_at_a_time, row_id
from app.models.account import Account
from app.models.course import Course
from app.models.identity_number import normalise_name
from app.models.person import Person, mobile_index
from app.models.place import DIVISIONS
from app.models.provider import Provider
from app.models.register_kinds import LEVELS, NAMED, SORTS, Kind
from app.refusal import N_, Refusal

STANDING, CONSENT, FACTS = "standing", "consent", "facts"
CONSENTS: dict[str, str] = {"given": N_("本人同意公开"), "taken_back": N_("本人收回同意")}
CHANGED: dict[str, str] = {"changed": N_("更正了登记内容")}
VOID: dict[str, str] = {"void": N_("作废")}
NAME_LENGTH, DOCUMENT_LENGTH, NOTE_LENGTH = 120, 160, 400


class RegisterKind(Base):
    """A list that the bureau added to those the plan names: a later plan brings others."""

    __tablename__ = "register_kind"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    sort: Mapped[str] = mapped_column(String(20))
    is_public: Mapped[bool] = mapped_column(default=False)

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = normalise_name(name)
        return name.strip()

    @classmethod
    def add(cls, name: str, sort: str, *, public: bool = False) -> Kind:
        """A further list; raises ``kind-taken``."""
        one_at_a_time(b"registers")
        key = normalise_name(name)
        if any(normalise_name(kind.label) == key for kind in kinds().values()):
            raise Refusal("kind-taken", N_("已经有这张名单了，请直接往里加。"))
        row = cls(name=name, sort=sort, is_public=public)
        db.session.add(row)
        db.session.flush()
        return row.as_kind()

    def as_kind(self) -> Kind:
        return Kind(f"own_{self.id}", self.name, self.sort, self.is_public, is_own=True)


def kinds() -> dict[str, Kind]:
    """All lists by key: those of the plan, then the bureau's own."""
    own = db.session.scalars(select(RegisterKind).order_by(RegisterKind.id))
    return NAMED | {kind.key: kind for kind in (row.as_kind() for row in own)}


def kind_of(key: str) -> Kind | None:
    """The list of that key, or None."""
    if key in NAMED:
        return NAMED[key]
    number = key.removeprefix("own_")
    if number == key or not (number.isascii() and number.isdecimal()) or len(number) > 9:
        return None
    row = db.session.get(RegisterKind, int(number))
    return None if row is None else row.as_kind()


class RegisterEntry(Base):
    __tablename__ = "register_entry"
    __table_args__ = (
        CheckConstraint("year IS NULL OR year BETWEEN 1900 AND 2100", name="year_sensible"),
        Index(None, "kind", "year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(NAME_LENGTH))
    level: Mapped[str] = mapped_column(String(12), default="")  # a key of LEVELS, or empty
    year: Mapped[int | None]  # of the batch or selection, as its document says
    division_code: Mapped[str] = mapped_column(String(6), default="")
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH), default="")
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(Stamp)
    is_demo: Mapped[bool] = mapped_column(default=False)

    provider: Mapped[Provider | None] = relationship()
    course: Mapped[Course | None] = relationship()
    person: Mapped[Person | None] = relationship()
    entered_by: Mapped[Account | None] = relationship()
    history: Mapped[list[RegisterState]] = relationship(
        back_populates="entry", order_by="RegisterState.since_on, RegisterState.id"
    )

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = normalise_name(name)
        return name.strip()

    @property
    def list_kind(self) -> Kind:
        """The list on which it stands."""
        kind = kind_of(self.kind)
        if kind is None:
            raise LookupError(f"no list of the key {self.kind}")
        return kind

    # -- questions ---------------------------------------------------------

    def state_on(self, on: date) -> RegisterState | None:
        """The row that says where it stood on a civil day; None before its first one."""
        return self._last(STANDING, on)

    def is_consented(self, on: date) -> bool:
        """May the person be shown to everybody on that day?"""
        said = self._last(CONSENT, on)
        return said is not None and said.state == "given"

    def standing_rows(self, aspect: str = STANDING) -> list[RegisterState]:
        """Its states in the order of their days, without those that a later row put right."""
        replaced = {row.replaces_id for row in self.history}
        return [
            row for row in self.history if row.aspect == aspect and row.id not in replaced and row.state not in VOID
        ]

    def _last(self, aspect: str, on: date) -> RegisterState | None:
        said = [row for row in self.standing_rows(aspect) if row.since_on <= on]
        return max(said, key=lambda row: (row.since_on, row.id), default=None)

    # -- verbs -------------------------------------------------------------

    @classmethod
    def add(cls, kind: Kind, *, by: Account | None, at: datetime, **facts: Any) -> RegisterEntry:
        """A new entry without a state yet; raises what ``describe`` raises, and ``entry-known``."""
        one_at_a_time(b"registers")
        key = normalise_name(facts["name"])
        same = select(cls.id).where(
            cls.kind == kind.key,
            cls.name_key == key,
            cls.level == facts["level"],
            cls.year.is_not_distinct_from(facts["year"]),
        )
        if db.session.scalar(same.limit(1)) is not None:
            raise Refusal("entry-known", N_("这张名单里已有同名、同级别、同年份的一条，请打开它登记状态。"))
        entry = cls(kind=kind.key, entered_by_id=row_id(by) if by else None, entered_at=at)
        with db.session.no_autoflush:
            entry._refuse(facts)
            for name, value in facts.items():
                setattr(entry, name, value)
        db.session.add(entry)
        db.session.flush()
        return entry

    def describe(self, *, by: Account, at: datetime, day: date, **facts: Any) -> None:
        """Correct what it is; what it said before stays in its history, under ``day``, today.

        Raises ``level-unknown`` or ``course-elsewhere``.
        """
        self._lock()
        with db.session.no_autoflush:
            self._refuse(facts)
        before = self.in_words()
        for name, value in facts.items():
            setattr(self, name, value)
        db.session.flush()
        if self.in_words() != before:
            self._say(FACTS, "changed", day, note=before[:NOTE_LENGTH], by=by, at=at)

    def in_words(self) -> str:
        """What it is, in one line of Chinese, for the history."""
        parts = (
            self.name,
            LEVELS.get(self.level, ""),
            str(self.year or ""),
            DIVISIONS.get(self.division_code, ""),
            self.provider.name if self.provider else "",
            self.course.title if self.course else "",
            self.note,
        )
        return "，".join(part for part in parts if part)

    def link_person(self, mobile: str) -> None:
        """Tie a person's honour to their own record: one of this name under this mobile. Raises ``person-unknown``."""
        found = db.session.scalars(
            select(Person)
            .where(Person.name_key == self.name_key, Person.mobile_index == mobile_index(mobile))
            .where(Person.deleted_at.is_(None), Person.merged_into_id.is_(None))
            .order_by(Person.keeper_provider_id.is_not(None), Person.id)
            .limit(1)
        ).first()
        if found is None:
            raise Refusal(
                "person-unknown", N_("没有找到这个姓名和手机号码的人，请核对；也可以空着，不与学员记录相连。")
            )
        self.person = found
        db.session.flush()

    def set_state(
        self,
        state: str,
        since_on: date,
        *,
        document: str = "",
        document_name: str = "",
        note: str = "",
        by: Account | None,
        at: datetime,
        day: date,
        replaces: RegisterState | None = None,
    ) -> RegisterState:
        """Where it stands from a civil day on, with the document that says so; ``day`` is today.

        ``replaces`` is an earlier row that was a mistake: this one stands in
        its place, and with the state ``void`` nothing does. Raises
        ``state-unknown``, ``state-in-future``, ``document-needed``,
        ``state-known``, ``reason-needed`` or ``state-replaced``.
        """
        self._lock()
        states = self.list_kind.states
        if state not in states and not (state in VOID and replaces is not None):
            raise Refusal("state-unknown", N_("这张名单没有这个状态，请从列出的状态里选。"))
        self._refuse_day(since_on, day)
        needed = state in states and state != next(iter(states))
        if needed and not (document.strip() or document_name.strip()):
            raise Refusal("document-needed", N_("请写文号或文件名称：名单上的每一个状态都要有依据。"))
        self._refuse_replacing(replaces, note)
        before = self.state_on(since_on)
        if replaces is None and before is not None and (before.state, before.since_on, before.note) == (
            state, since_on, note.strip(),
        ):  # fmt: skip
            raise Refusal("state-known", N_("这一天已经登记过这个状态，不用再登记。"))
        return self._say(
            STANDING, state, since_on, document=document, document_name=document_name, note=note, by=by, at=at,
            replaces=replaces,
        )  # fmt: skip

    def consent(
        self, given: bool, since_on: date, *, document_name: str, by: Account | None, at: datetime, day: date
    ) -> RegisterState:
        """The person lets everybody see it, or no longer does. Raises ``state-in-future`` or ``document-needed``."""
        self._lock()
        self._refuse_day(since_on, day)
        if given and not document_name.strip():
            raise Refusal("document-needed", N_("请写同意书的名称或编号：公开本人姓名要有本人的书面同意。"))
        state = "given" if given else "taken_back"
        return self._say(CONSENT, state, since_on, document_name=document_name, by=by, at=at)

    def _say(
        self, aspect: str, state: str, since_on: date, *, by: Account | None, at: datetime,
        document: str = "", document_name: str = "", note: str = "", replaces: RegisterState | None = None,
    ) -> RegisterState:  # fmt: skip
        row = RegisterState(
            entry=self, aspect=aspect, state=state, since_on=since_on, document=document.strip(),
            document_name=document_name.strip(), note=note.strip(), entered_by_id=row_id(by) if by else None,
            entered_at=at, replaces_id=replaces.id if replaces else None,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        db.session.expire(self, ["history"])
        return row

    def _lock(self) -> None:
        db.session.refresh(self, with_for_update={"of": RegisterEntry})
        db.session.expire(self, ["history"])

    def _refuse(self, facts: dict[str, Any]) -> None:
        if facts["level"] and facts["level"] not in LEVELS:
            raise Refusal("level-unknown", N_("级别请从列出的里面选。"))
        course_id, provider_id = facts.get("course_id"), facts.get("provider_id")
        if course_id is not None and db.session.get_one(Course, course_id).provider_id != provider_id:
            raise Refusal("course-elsewhere", N_("这门课程不是所选机构的，请先选对机构。"))

    @staticmethod
    def _refuse_day(since_on: date, day: date) -> None:
        if since_on > day:
            raise Refusal("state-in-future", N_("日期不能晚于今天：还没有发生的不登记。"))

    def _refuse_replacing(self, replaces: RegisterState | None, note: str) -> None:
        if replaces is None:
            return
        if replaces.entry_id != self.id or replaces.aspect != STANDING:
            raise Refusal("state-unknown", N_("这张名单没有这个状态，请从列出的状态里选。"))
        if any(row.replaces_id == replaces.id for row in self.history):
            raise Refusal("state-replaced", N_("这一条已经更正过了，请更正后来的那一条。"))
        if not note.strip():
            raise Refusal("reason-needed", N_("请写更正的原因：原来的记录会留着，让人看得懂为什么改。"))


class RegisterState(Base):
    """A dated fact of an entry, never overwritten: where it stood, if the person consents, what it said before."""

    __tablename__ = "register_state"
    __table_args__ = (
        CheckConstraint("aspect IN ('standing', 'consent', 'facts')", name="aspect_known"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="replaces_another"),
        UniqueConstraint("replaces_id"),
        Index(None, "entry_id", "aspect", "since_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    aspect: Mapped[str] = mapped_column(String(10), default=STANDING)
    state: Mapped[str] = mapped_column(String(20))
    since_on: Mapped[date]
    document: Mapped[str] = mapped_column(String(DOCUMENT_LENGTH), default="")  # its number, 吉市教发〔2025〕12号
    document_name: Mapped[str] = mapped_column(String(DOCUMENT_LENGTH), default="")
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH), default="")  # a milestone's name; of a correction the reason
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("register_state.id"))
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(Stamp)

    entry: Mapped[RegisterEntry] = relationship(back_populates="history")
    entered_by: Mapped[Account | None] = relationship()

    @property
    def label(self) -> str:
        """Its state in words, marked for translation."""
        own = self.entry.list_kind.states if self.aspect == STANDING else {}
        return (own | CONSENTS | CHANGED | VOID)[self.state]

    @property
    def evidence(self) -> str:
        """Number and name of its document in one line; empty when it has none."""
        return " ".join(part for part in (self.document, self.document_name) if part)


def _latest(aspect: str, on: date) -> Any:
    """Each entry's last row of an aspect up to a civil day, as ``entry_id``, ``state_id``, ``state``, ``since_on``."""
    later = aliased(RegisterState)
    order = (RegisterState.since_on.desc(), RegisterState.id.desc())
    ranked = (
        select(
            RegisterState.entry_id,
            RegisterState.id.label("state_id"),
            RegisterState.state,
            RegisterState.since_on,
            func.row_number().over(partition_by=RegisterState.entry_id, order_by=order).label("place"),
        )
        .where(RegisterState.aspect == aspect, RegisterState.since_on <= on, RegisterState.state.not_in(list(VOID)))
        .where(~select(later.id).where(later.replaces_id == RegisterState.id).exists())
        .subquery()
    )
    return select(ranked).where(ranked.c.place == 1).subquery(f"latest_{aspect}")


def entries_in(
    kind: str | Collection[str], states: Collection[str], on: date, level: str | None = None
) -> list[RegisterEntry]:
    """The entries of a list (or of several) that stood in one of these states on a civil day, by name.

    What was dissolved, withdrawn or removed by then stands in another state
    and is out. ``level`` is a key of LEVELS.
    """
    names = [kind] if isinstance(kind, str) else list(kind)
    latest = _latest(STANDING, on)
    query = (
        select(RegisterEntry)
        .join(latest, latest.c.entry_id == RegisterEntry.id)
        .where(RegisterEntry.kind.in_(names), latest.c.state.in_(list(states)))
        .order_by(RegisterEntry.name, RegisterEntry.id)
    )
    if level is not None:
        query = query.where(RegisterEntry.level == level)
    return list(db.session.scalars(query))


def count_in(kind: str | Collection[str], states: Collection[str], on: date, level: str | None = None) -> int:
    """How many entries ``entries_in`` names."""
    return len(entries_in(kind, states, on, level))


def standings(on: date) -> dict[str, dict[str, int]]:
    """Of each list that has entries: how many stood in each state on a civil day."""
    latest = _latest(STANDING, on)
    rows = db.session.execute(
        select(RegisterEntry.kind, latest.c.state, func.count())
        .join(RegisterEntry, RegisterEntry.id == latest.c.entry_id)
        .group_by(RegisterEntry.kind, latest.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for kind, state, count in rows:
        found.setdefault(kind, {})[state] = count
    return found


def entries_of(kind: str) -> list[RegisterEntry]:
    """All entries of a list with their histories, by name; whatever became of them."""
    return list(
        db.session.scalars(
            select(RegisterEntry)
            .where(RegisterEntry.kind == kind)
            .options(
                db.selectinload(RegisterEntry.history),
                db.joinedload(RegisterEntry.provider),
                db.joinedload(RegisterEntry.course),
            )
            .order_by(RegisterEntry.name, RegisterEntry.id)
        )
    )


def shown_to_everybody(on: date, *, of: Any = None) -> list[RegisterEntry]:
    """Honours and selections that the public may see on a civil day; a person's own only with their consent.

    ``of`` narrows them by a condition on RegisterEntry.
    """
    latest, consent = _latest(STANDING, on), _latest(CONSENT, on)
    listed = [kind for kind in kinds().values() if kind.public]
    standing = [(RegisterEntry.kind == kind.key) & latest.c.state.in_(sorted(kind.sort.shown)) for kind in listed]
    people = [kind.key for kind in listed if kind.of_people]
    gone = select(Person.id).where(Person.deleted_at.is_not(None))
    query = (
        select(RegisterEntry)
        .join(latest, latest.c.entry_id == RegisterEntry.id)
        .outerjoin(consent, consent.c.entry_id == RegisterEntry.id)
        .where(or_(false(), *standing))
        .where(
            or_(
                RegisterEntry.kind.not_in(people) & RegisterEntry.person_id.is_(None),
                (consent.c.state == "given")
                & or_(RegisterEntry.person_id.is_(None), RegisterEntry.person_id.not_in(gone)),
            )
        )
        .options(db.selectinload(RegisterEntry.history))
        .order_by(RegisterEntry.kind, RegisterEntry.year.desc(), RegisterEntry.name, RegisterEntry.id)
    )
    return list(db.session.scalars(query if of is None else query.where(of)))


def honours_of(people: Collection[int], on: date) -> list[RegisterEntry]:
    """What these records of people were awarded and still hold on a civil day; for their own eyes."""
    latest = _latest(STANDING, on)
    listed = [
        (RegisterEntry.kind == kind.key) & latest.c.state.in_(sorted(kind.sort.shown)) for kind in kinds().values()
    ]
    query = (
        select(RegisterEntry)
        .join(latest, latest.c.entry_id == RegisterEntry.id)
        .where(RegisterEntry.person_id.in_(list(people)), or_(false(), *listed))
        .order_by(RegisterEntry.year.desc(), RegisterEntry.id)
    )
    return list(db.session.scalars(query))


__all__ = [
    "LEVELS",
    "NAMED",
    "SORTS",
    "Kind",
    "RegisterEntry",
    "RegisterKind",
    "RegisterState",
    "count_in",
    "entries_in",
    "entries_of",
    "honours_of",
    "kind_of",
    "kinds",
    "shown_to_everybody",
    "standings",
]
