"""A year that is signed: by an institution, then by the bureau (R24); and what was signed of it later (R23).

A statement stands for one file (app/statement) and holds its digest. It is
drawn up by the first signature and attested by the last; both are dated
facts. Nothing of it is changed in place: what was wrong is told by the next
statement of the same year, an amendment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db, one_at_a_time, row_id
from app.models.account import Account
from app.models.provider import Provider
from app.refusal import N_, Refusal

# Who signs, in this order: the part, and the role that it takes.
PARTS: dict[str, str] = {
    "preparer": N_("填报人"),
    "reviewer": N_("审核人"),
    "head": N_("负责人"),
    "officer": N_("教育局经办"),
    "second": N_("教育局复核"),
}
ROLE_OF = {"preparer": "clerk", "reviewer": "reviewer", "head": "head", "officer": "officer", "second": "officer"}
CITY = 0  # the scope of the bureau's own statements
REASON_LENGTH = 500


class Statement(Base):
    __tablename__ = "statement"
    __table_args__ = (
        CheckConstraint("scope = COALESCE(provider_id, 0)", name="scope_told"),
        CheckConstraint("sequence >= 0", name="sequence_counts"),
        CheckConstraint("(sequence = 0) = (reason = '')", name="amendment_reasoned"),
        CheckConstraint("attested_at IS NULL OR withdrawn_at IS NULL", name="attested_or_withdrawn"),
        # A year has one statement of each number, whatever the code above does.
        Index(
            "uq_statement_standing",
            "year",
            "scope",
            "sequence",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)  # empty: the city's
    scope: Mapped[int]  # the institution's id, or CITY
    sequence: Mapped[int]  # 0: the year itself; 1 …: its amendments
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")  # of an amendment
    rule_set: Mapped[str] = mapped_column(String(20))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    previous_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # of the year before
    file_name: Mapped[str] = mapped_column(String(100))
    rows: Mapped[int]
    persons: Mapped[int]
    persons_max: Mapped[int]
    person_times: Mapped[int]
    group_headcount: Mapped[int]
    class_hundredths: Mapped[int]
    completions: Mapped[int]
    certificates: Mapped[int]
    open_questions: Mapped[int]
    drawn_up_at: Mapped[datetime] = mapped_column(Stamp)
    attested_at: Mapped[datetime | None] = mapped_column(Stamp)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Stamp)  # before it was attested

    provider: Mapped[Provider | None] = relationship()
    signatures: Mapped[list[Signature]] = relationship(back_populates="statement", order_by="Signature.id")

    # -- questions ---------------------------------------------------------

    @classmethod
    def of_year(cls, year: int, provider_id: int | None) -> list[Statement]:
        """All that stand, in their order: the year, its amendments, and last perhaps one that is not yet attested."""
        return list(
            db.session.scalars(
                db.select(cls)
                .where(cls.year == year, cls.scope == (provider_id or CITY), cls.withdrawn_at.is_(None))
                .order_by(cls.sequence)
                .options(db.selectinload(cls.signatures))
            )
        )

    @classmethod
    def pending(cls, year: int, provider_id: int | None) -> Statement:
        """The one that is drawn up and not attested. Raises ``nothing-drawn-up``."""
        standing = cls.of_year(year, provider_id)
        if not standing or standing[-1].attested_at is not None:
            raise Refusal("nothing-drawn-up", N_("现在没有正在签的签认表。"))
        return standing[-1]

    @classmethod
    def attested(cls, year: int, provider_id: int | None) -> list[Statement]:
        """The year as it was signed, and after it its amendments."""
        return [each for each in cls.of_year(year, provider_id) if each.attested_at is not None]

    @classmethod
    def latest_of_providers(cls, year: int) -> list[Statement]:
        """Of each institution that has signed the year, its latest attested statement."""
        found = db.session.scalars(
            db.select(cls)
            .where(cls.year == year, cls.scope != CITY, cls.attested_at.is_not(None))
            .order_by(cls.scope, cls.sequence)
            .options(db.joinedload(cls.provider), db.selectinload(cls.signatures))
        )
        return list({each.scope: each for each in found}.values())

    @property
    def parts(self) -> tuple[str, ...]:
        """The signatures that it takes, in their order."""
        if self.scope == CITY:
            return ("officer",) if self.sequence == 0 else ("officer", "second")
        return ("preparer", "reviewer", "head") if self.sequence == 0 else ("preparer", "head")

    @property
    def next_part(self) -> str | None:
        """The part that signs next; None when all have."""
        return None if len(self.signatures) >= len(self.parts) else self.parts[len(self.signatures)]

    @property
    def person_times_total(self) -> int:
        return self.person_times + self.group_headcount

    @property
    def class_hours(self) -> Decimal:
        return Decimal(self.class_hundredths) / 100

    def figures(self) -> tuple[int, ...]:
        """In the order of a statement file's table ``total``."""
        return (
            self.persons, self.persons_max, self.person_times, self.group_headcount, self.person_times_total,
            self.class_hundredths, self.completions, self.certificates,
        )  # fmt: skip

    @classmethod
    def require_next(
        cls, year: int, provider_id: int | None, *, by: Account, day: date, reason: str = ""
    ) -> list[Statement]:
        """The statements that stand before the next one, which this account may draw up today.

        Raises ``year-not-over``, ``part-not-yours``, ``statement-drawn-up`` or ``reason-needed``.
        """
        if year >= day.year:
            raise Refusal("year-not-over", N_("%(year)s 年还没有过完，明年 1 月 1 日起才能签认。"), year=year)
        _require_part("preparer" if provider_id else "officer", by, provider_id)
        standing = cls.of_year(year, provider_id)
        if standing and standing[-1].attested_at is None:
            raise Refusal("statement-drawn-up", N_("这一年已经有一份正在签的签认表，请先签完或撤回它。"))
        if standing and not reason.strip():
            raise Refusal("reason-needed", N_("这一年已经签认。更正要写明理由，例如“补录第三中学 6 月的班”。"))
        return standing

    # -- verbs -------------------------------------------------------------

    @classmethod
    def draw_up(
        cls,
        year: int,
        provider_id: int | None,
        *,
        digest: str,
        total: dict[str, int],
        by: Account,
        at: datetime,
        day: date,
        reason: str = "",
        **facts: Any,
    ) -> Statement:
        """The next statement of a year, of a file that is written, with its first signature.

        ``total`` are the figures of that file, ``day`` is today. Raises what ``require_next`` raises.
        """
        one_at_a_time(f"statement {year} {provider_id or CITY}".encode())
        standing = cls.require_next(year, provider_id, by=by, day=day, reason=reason)
        total = {name: amount for name, amount in total.items() if name != "person_times_total"}
        made = cls(
            year=year, provider_id=provider_id, scope=provider_id or CITY, sequence=len(standing),
            reason=reason.strip() if standing else "", digest=bytes.fromhex(digest), drawn_up_at=at, **total, **facts,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        made.sign(digest, by=by, at=at)
        return made

    def sign(self, digest: str, *, by: Account, at: datetime) -> Signature:
        """The next signature, of exactly this digest; the last one attests.

        Raises ``statement-attested``, ``statement-withdrawn``,
        ``statement-differs``, ``part-not-yours``, ``signed-already``.
        """
        self._refresh_under_lock()
        part = self.next_part
        if part is None or self.attested_at is not None:
            raise Refusal("statement-attested", N_("这份签认表已经签完了。"))
        if bytes.fromhex(digest) != self.digest:
            raise Refusal("statement-differs", N_("您看的不是现在这一份，请重新打开本页再签。"))
        _require_part(part, by, self.provider_id)
        if any(each.account_id == row_id(by) for each in self.signatures):
            raise Refusal("signed-already", N_("您已经签过这一份，其余的要由别的账号签。"))
        signature = Signature(statement=self, part=part, account_id=row_id(by), name=by.name, signed_at=at)
        db.session.add(signature)
        db.session.flush()
        if self.next_part is None:
            self.attested_at = at
        db.session.flush()
        return signature

    def withdraw(self, at: datetime) -> None:
        """Taken back before it was attested, to be drawn up anew. Raises ``statement-attested``."""
        self._refresh_under_lock()
        if self.attested_at is not None:
            raise Refusal("statement-attested", N_("这份签认表已经签完，不能撤回。有变动请做更正。"))
        self.withdrawn_at = at
        db.session.flush()

    def _refresh_under_lock(self) -> None:
        # Two who sign at once take turns; whoever comes second sees the first one's signature.
        db.session.refresh(self, with_for_update={"of": Statement})
        db.session.expire(self, ["signatures"])
        if self.withdrawn_at is not None:
            raise Refusal("statement-withdrawn", N_("这份签认表已经撤回，请看本页现在的一份。"))


class Signature(Base):
    """Who signed a statement, in which part, under which name, and when."""

    __tablename__ = "signature"
    __table_args__ = (
        # Three parts are three accounts, whatever the code above does.
        UniqueConstraint("statement_id", "part"),
        UniqueConstraint("statement_id", "account_id"),
        CheckConstraint("part IN ('preparer', 'reviewer', 'head', 'officer', 'second')", name="part_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    part: Mapped[str] = mapped_column(String(10))  # a key of PARTS
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(30))  # as it was on that day
    signed_at: Mapped[datetime] = mapped_column(Stamp)

    statement: Mapped[Statement] = relationship(back_populates="signatures")
    account: Mapped[Account] = relationship()


@dataclass(frozen=True)
class Standing:
    """Where the signing of a year stands: the city's own (``first`` as attested, ``last`` with its amendments)."""

    first: int | None = None  # person-times together, as attested
    last: int | None = None
    providers: int = 0  # institutions that have signed

    @classmethod
    def of(cls, year: int) -> Standing:
        """In one query of few rows."""
        found = db.session.execute(
            db.select(Statement.scope, Statement.person_times + Statement.group_headcount)
            .where(Statement.year == year, Statement.attested_at.is_not(None))
            .order_by(Statement.sequence)
        ).all()
        city = [total for scope, total in found if scope == CITY]
        providers = len({scope for scope, _ in found} - {CITY})
        return cls(city[0], city[-1], providers) if city else cls(providers=providers)


def may_sign(account: Account, part: str, provider_id: int | None) -> bool:
    """Has the account the role that this part takes, at this institution (None: at the bureau)?"""
    role = ROLE_OF[part]
    return account.has_role(role) if provider_id is None else provider_id in account.provider_ids(role)


def _require_part(part: str, account: Account, provider_id: int | None) -> None:
    if not may_sign(account, part, provider_id):
        raise Refusal("part-not-yours", N_("现在该由%(part)s签，您的账号没有这个身份。"), part=PARTS[part])


# -- nothing is changed in place -------------------------------------------

_KEPT = (
    "year", "scope", "sequence", "reason", "rule_set", "digest", "file_name", "rows", "persons", "persons_max",
    "person_times", "group_headcount", "class_hundredths", "completions", "certificates", "open_questions",
)  # fmt: skip
_SETTLED = "OLD.attested_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL"
_ALTERED = " OR ".join(f"OLD.{name} <> NEW.{name}" for name in _KEPT)


def triggers(dialect: str) -> Sequence[str]:
    """What refuses to alter or delete a signed row, whoever asks; the migration makes the same."""
    guards = (
        ("statement", "kept_statement", "UPDATE", f"{_SETTLED} OR {_ALTERED}"),
        ("statement", "whole_statement", "DELETE", ""),
        ("signature", "kept_signature", "UPDATE", ""),
        ("signature", "whole_signature", "DELETE", ""),
    )
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {f'WHEN {when} ' if when else ''}"
            f"BEGIN SELECT RAISE(ABORT, '{table}: signed rows are not changed in place'); END"
            for table, name, verb, when in guards
        ]
    refuse = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': signed rows are not changed in place'; END $$"
    )
    return [
        refuse,
        *(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {f'WHEN ({when}) ' if when else ''}"
            "EXECUTE FUNCTION refuse_change()"
            for table, name, verb, when in guards
        ),
    ]


def _guard(target: Any, connection: Any, **_: Any) -> None:
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


# When both tables stand.
event.listen(Signature.__table__, "after_create", _guard)
