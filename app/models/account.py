"""Who signs in. A person is not an account: one may look after several people, and many people have none."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import sealing
from app.database import Base, Stamp, db, one_at_a_time, row_id
from app.models.identity_number import normalise_name
from app.models.passwords import one_use_password, require_good_password
from app.models.person import IDENTITIES, Learner, Person, mobile_index, settle_identities
from app.models.provider import Provider
from app.refusal import N_, Refusal

ROLES: dict[str, str] = {
    "resident": N_("居民"),
    "trainer": N_("教师"),
    "clerk": N_("机构教务"),
    "reviewer": N_("机构审核人"),
    "head": N_("机构负责人"),
    "officer": N_("教育局经办"),
    "reader": N_("教育局查阅"),
}
AT_AN_INSTITUTION = ("trainer", "clerk", "reviewer", "head")  # these roles belong to one institution
DESK = ("clerk", "reviewer", "head")  # who opens an institution's desk; each signs its year in a part of its own
BUREAU = ("officer", "reader")  # who opens the bureau's pages; only the officer changes anything there
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_ONE_AT_A_TIME = threading.Lock()  # 64 MiB each: eight at once would be half a gigabyte
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b3bqYdhwCnxTsVtyK4yRyBhDlY"


class Account(UserMixin, Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(30))
    mobile_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    mobile_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    # A one-use password: the only page it opens is the one that asks for a new one.
    must_change_password: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(Stamp)
    made_at: Mapped[datetime] = mapped_column(Stamp)
    is_demo: Mapped[bool] = mapped_column(default=False)

    grants: Mapped[list[RoleGrant]] = relationship(
        back_populates="account", primaryjoin="and_(RoleGrant.account_id == Account.id, RoleGrant.ended_at.is_(None))"
    )
    people: Mapped[list[AccountPerson]] = relationship(back_populates="account", order_by="AccountPerson.id")

    @classmethod
    def open(
        cls,
        name: str,
        mobile: str,
        password: NewPassword,
        at: datetime,
        *,
        birth_on: date | None = None,
        sex: str | None = None,
    ) -> Account:
        """A new account, not yet with a role, and its owner's record: everybody may learn. Raises ``mobile-taken``.

        ``mobile`` is in the spelling of ``identity_number.normalise_mobile``.
        """
        one_at_a_time(mobile_index(mobile))
        if cls.with_mobile(mobile):
            raise _mobile_taken()
        account = cls(name=name.strip(), uid=uuid.uuid4().hex, made_at=at)
        account._keep_mobile(mobile)
        account.set_password(password)
        db.session.add(account)
        db.session.flush()
        account.add_person(name, birth_on, at, sex=sex, relation="self")
        return account

    @classmethod
    def with_mobile(cls, mobile: str) -> Account | None:
        return db.session.scalar(db.select(cls).where(cls.mobile_index == mobile_index(mobile)))

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.disabled_at is None

    @property
    def mobile(self) -> str:
        return sealing.sealer().open(self.mobile_sealed, "account", "mobile", self.uid)

    def password_is(self, password: str) -> bool:
        """Costs the same 64 MiB whether right or wrong; see also ``waste_a_check``."""
        return check_password(self.password_hash, password)

    def renew_password(self, password: NewPassword, checked: str) -> None:
        """The owner's choice, after ``checked`` (the hash as it was) let the old one pass.

        Raises ``password-changed`` when it was replaced since.
        """
        self._refresh_unless_changed(checked)
        self.set_password(password)

    def change_mobile(self, mobile: str, checked: str) -> None:
        """Sign in with another number, after ``checked`` (the hash as it was) let the password pass.

        The owner's record has the account's number. Raises ``mobile-same``,
        ``mobile-taken`` or ``password-changed``.
        """
        if mobile_index(mobile) == self.mobile_index:
            raise Refusal("mobile-same", N_("这就是现在的手机号，不用换。"))
        one_at_a_time(mobile_index(mobile))
        if Account.with_mobile(mobile):
            raise _mobile_taken()
        one_at_a_time(IDENTITIES)  # before the rows: whoever settles identities writes rows of others under it
        self._refresh_unless_changed(checked)
        self._keep_mobile(mobile)
        selves = self.own_selves()
        for person in selves:
            person.mobile = mobile
        db.session.flush()
        settle_identities([person.id for person in selves])

    def set_password(self, password: NewPassword) -> None:
        """Sessions that began with the old one are ended by ``SignIn.end_all``."""
        self.password_hash, self.must_change_password = password.hash, password.one_use

    def grant(self, role: str, at: datetime, provider: Provider | None = None) -> RoleGrant:
        """Give a role; those of AT_AN_INSTITUTION belong to one institution. Raises ``role-institution``."""
        if (provider is not None) != (role in AT_AN_INSTITUTION):
            raise Refusal(
                "role-institution", N_("教师、教务、审核人和负责人的身份要挂在一个机构下，其他身份不挂机构。")
            )
        grant = RoleGrant(account=self, role=role, provider=provider, given_at=at)
        db.session.add(grant)
        db.session.flush()
        return grant

    def has_role(self, role: str) -> bool:
        return any(grant.role == role for grant in self.grants)

    def provider_ids(self, role: str) -> list[int]:
        """The institutions at which this account holds the role."""
        return [grant.provider_id for grant in self.grants if grant.role == role and grant.provider_id is not None]

    def look_after(self, person: Person, relation: str = "self") -> None:
        db.session.add(AccountPerson(account=self, person=person, relation=relation))

    def add_person(
        self, name: str, birth_on: date | None, at: datetime, *, sex: str | None = None, relation: str = "family"
    ) -> Person:
        """A record of the account's own: its owner's (``self``, with the account's mobile) or a family member's.

        Raises ``person-known`` when the account already has that name and birth date.
        """
        key = normalise_name(name)
        if any(p.name_key == key and p.birth_on == birth_on for p in self.own_people()):
            raise Refusal("person-known", N_("%(name)s已经在您的名单里了，不用再加。"), name=name.strip())
        person = Person(name=name, birth_on=birth_on, sex=sex, made_at=at, is_demo=self.is_demo)
        person.mobile = self.mobile if relation == "self" else None
        db.session.add(person)
        self.look_after(person, relation)
        db.session.flush()
        settle_identities([person.id])
        return person

    def own_selves(self) -> list[Person]:
        """The record (rarely records) of the account's owner."""
        return list(db.session.scalars(self._looked_after().where(AccountPerson.relation == "self")))

    def own_people(self) -> list[Person]:
        """The people this account may act for, itself first."""
        return list(db.session.scalars(self._looked_after().where(Person.deleted_at.is_(None))))

    def learner(self, person_id: int) -> Learner:
        """One of ``own_people``, to be signed up. Raises ``person-unknown``."""
        facts = {"account": row_id(self), "person": person_id}
        # Beyond 2³¹ no row has an id, and PostgreSQL would call it an error.
        found = db.session.execute(_LEARNER, facts).one_or_none() if 0 < person_id < 2**31 else None
        if found is None:
            raise Refusal("person-unknown", N_("请选择给谁报名。"))
        return Learner(*found)

    def _keep_mobile(self, mobile: str) -> None:
        self.mobile_sealed = sealing.sealer().seal(mobile, "account", "mobile", self.uid)
        self.mobile_index = mobile_index(mobile)

    def _refresh_unless_changed(self, checked: str) -> None:
        db.session.refresh(self, with_for_update={"of": Account})  # not its roles: they are joined from outside
        if self.password_hash != checked:
            raise Refusal("password-changed", N_("密码刚刚在别处改过，请重新登录。"))

    def _looked_after(self) -> Any:
        itself = AccountPerson.relation == "self"
        return (
            db.select(Person)
            .join(AccountPerson, AccountPerson.person_id == Person.id)
            .where(AccountPerson.account_id == self.id)
            .order_by(itself.desc(), AccountPerson.id)
        )


class RoleGrant(Base):
    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            "role IN ('resident', 'trainer', 'clerk', 'reviewer', 'head', 'officer', 'reader')", name="role_known"
        ),
        CheckConstraint(
            "(provider_id IS NOT NULL) = (role IN ('trainer', 'clerk', 'reviewer', 'head'))", name="institution"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)
    given_at: Mapped[datetime] = mapped_column(Stamp)
    ended_at: Mapped[datetime | None] = mapped_column(Stamp)

    account: Mapped[Account] = relationship(back_populates="grants")
    provider: Mapped[Provider | None] = relationship()


class AccountPerson(Base):
    """An account looks after a person: itself, a parent, a child."""

    __tablename__ = "account_person"
    __table_args__ = (UniqueConstraint("account_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    relation: Mapped[str] = mapped_column(String(10), default="self")  # self, family

    account: Mapped[Account] = relationship(back_populates="people")
    person: Mapped[Person] = relationship()


_LEARNER = (
    db.select(Person.id, Person.identity_of(), Person.name, Person.birth_on)
    .join(AccountPerson, AccountPerson.person_id == Person.id)
    .where(
        AccountPerson.account_id == db.bindparam("account"),
        Person.id == db.bindparam("person"),
        Person.deleted_at.is_(None),
    )
)


@dataclass(frozen=True)
class NewPassword:
    """A password that the rules let pass, hashed already.

    Made before the transaction: a hash takes a tenth of a second, and the
    write lock is everybody's.
    """

    hash: str
    one_use: bool = False

    @classmethod
    def chosen(cls, password: str, mobile: str = "", name: str = "") -> NewPassword:
        """Raises ``password-short``, ``password-long`` or ``password-common``."""
        require_good_password(password, mobile, name)
        return cls(hash_password(password))

    @classmethod
    def for_one_use(cls) -> tuple[str, NewPassword]:
        """Made here: the password to tell its owner once, and what is kept of it."""
        password = one_use_password()
        return password, cls(hash_password(password), one_use=True)


def _mobile_taken() -> Refusal:
    return Refusal("mobile-taken", N_("这个手机号已经开过账号，请直接登录；忘记密码请打电话给机构重置。"))


def hash_password(password: str) -> str:
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def check_password(password_hash: str, password: str) -> bool:
    with _ONE_AT_A_TIME:
        try:
            return _HASHER.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def waste_a_check(password: str) -> None:
    """Spend what a real check costs, so that the answer's time tells nobody which mobiles have accounts."""
    check_password(_NOBODY, password)
