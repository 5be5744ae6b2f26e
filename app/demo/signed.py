"""One year of the demo is signed, by the school and by the bureau; the year after it waits for whoever tries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from pathlib import Path

from app.clock import instant
from app.database import db
from app.models import Account, RoleGrant
from app.models.account import DESK
from app.statement import signing

YEARS_BACK = 2


def sign(today: date, instance: Path, say: Callable[[str], None]) -> None:
    """After ``load``, in transactions of its own."""
    year, folder = today.year - YEARS_BACK, instance / signing.FOLDER
    at = instant(today, time(8))
    clerk, *others = map(_whoever, DESK)
    made = signing.draw_up(folder, year, clerk.provider_ids("clerk")[0], by=clerk, at=at, day=today)
    for account in others:
        signing.sign(folder, made.id, made.digest.hex(), by=account, at=at)
    signing.draw_up(folder, year, None, by=_whoever("officer"), at=at, day=today)
    say(f"{year} 年的签认已载入")


def _whoever(role: str) -> Account:
    granted = db.select(RoleGrant.account_id).where(RoleGrant.role == role)
    return db.session.scalars(db.select(Account).where(Account.id.in_(granted)).order_by(Account.id)).unique().one()
