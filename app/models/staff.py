"""Who teaches for an institution, and the passwords its desk hands over.

An institution may reset what it opened itself, or what belongs to a learner
who came to it of their own accord. Otherwise a clerk who knows somebody's
mobile could appoint them, reset their password and enter as them.
"""

from __future__ import annotations

from datetime import date, datetime

from app.database import at_most, db
from app.models.account import Account, AccountPerson, NewPassword, RoleGrant
from app.models.enrolment import Enrolment
from app.models.identity_number import normalise_name
from app.models.offering import Offering, OfferingTrainer
from app.models.provider import Provider
from app.models.sign_in import SignIn
from app.refusal import N_, Refusal


def trainers_of(provider_id: int) -> list[Account]:
    """Accounts with a live trainer grant there, by name."""
    return list(
        db.session.scalars(
            db.select(Account)
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .where(RoleGrant.provider_id == provider_id, RoleGrant.role == "trainer", RoleGrant.ended_at.is_(None))
            .order_by(Account.name, Account.id)
        ).unique()
    )


def hire(provider: Provider, name: str, mobile: str, password: NewPassword, at: datetime) -> tuple[Account, bool]:
    """Let somebody teach for the institution; whether an account had to be opened for it.

    An account that exists keeps its password. Raises ``name-differs`` when
    its name is another: a slip in the number would let a stranger in.
    """
    account = Account.with_mobile(mobile)
    opened = account is None
    if account is None:
        account = Account.open(name, mobile, password, at)
    elif normalise_name(account.name) != normalise_name(name):
        raise Refusal("name-differs", N_("这个手机号的账号不是这个姓名，请和本人核对姓名和手机号。"))
    if provider.id not in account.provider_ids("trainer"):
        account.grant("trainer", at, provider)
    return account, opened


def dismiss(provider_id: int, account: Account, on: date, at: datetime) -> None:
    """End the trainer's role there. Raises ``still-teaching`` while an offering that is not over names them."""
    teaching = (
        db.select(Offering.number)
        .join(OfferingTrainer, OfferingTrainer.offering_id == Offering.id)
        .where(
            OfferingTrainer.account_id == account.id,
            Offering.provider_id == provider_id,
            Offering.cancelled_at.is_(None),
            Offering.ends_on >= on,
        )
        .order_by(Offering.number)
    )
    numbers = list(db.session.scalars(teaching))
    if numbers:
        raise Refusal(
            "still-teaching",
            N_("这位教师还在教：%(numbers)s。请先在这些班里换教师。"),
            numbers="、".join(numbers[:5]),
        )
    db.session.execute(
        db.update(RoleGrant)
        .where(
            RoleGrant.account_id == account.id,
            RoleGrant.provider_id == provider_id,
            RoleGrant.role == "trainer",
            RoleGrant.ended_at.is_(None),
        )
        .values(ended_at=at),
        execution_options={"synchronize_session": False},
    )
    db.session.expire(account)


def hand_password(provider_id: int, account: Account, password: NewPassword, at: datetime) -> None:
    """Replace the password by a one-use one, and end every session of the account.

    Raises ``account-elsewhere`` when the account is not this institution's to reset.
    """
    if not (
        _is_plain(provider_id, account) and (_began_here(provider_id, account) or _learns_here(provider_id, account))
    ):
        raise Refusal(
            "account-elsewhere",
            N_("这个账号不是在本机构开的，或还有别的身份，本机构不能重置它的密码。请本人打教育局的电话。"),
        )
    account.set_password(password)
    SignIn.end_all(account, at)


def _is_plain(provider_id: int, account: Account) -> bool:
    """Nothing but a resident, and a trainer here."""
    return all(
        grant.role == "resident" or (grant.role == "trainer" and grant.provider_id == provider_id)
        for grant in account.grants
    )


def _began_here(provider_id: int, account: Account) -> bool:
    first = db.session.scalar(
        db.select(RoleGrant).where(RoleGrant.account_id == account.id).order_by(RoleGrant.id).limit(at_most(1))
    )
    return (
        first is not None
        and first.role == "trainer"
        and first.provider_id == provider_id
        and provider_id in account.provider_ids("trainer")
    )


def _learns_here(provider_id: int, account: Account) -> bool:
    living = (
        db.select(Enrolment.id)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .join(AccountPerson, AccountPerson.person_id == Enrolment.person_id)
        .where(
            Offering.provider_id == provider_id,
            Enrolment.withdrawn_at.is_(None),
            AccountPerson.account_id == account.id,
            AccountPerson.relation == "self",
        )
    )
    return bool(db.session.scalar(db.select(living.exists())))
