"""What an institution took part in: offerings that another one holds, whose person-times are that one's (R4)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from app.counts.tags import figures_by
from app.counts.year import Figures
from app.database import db
from app.models import OfferingPartner, Provider


class TakenPart(NamedTuple):
    """An institution with the figures of what it took part in; outside its own total, and never summed."""

    provider: Provider
    figures: Figures


def taken_part(year: int) -> list[TakenPart]:
    """Every institution that took part in anything that counts in a calendar year, by name (R4)."""
    figures = figures_by(OfferingPartner.provider_id, year)
    found = db.session.scalars(select(Provider).where(Provider.id.in_(figures)).order_by(Provider.name, Provider.id))
    return [TakenPart(provider, figures[provider.id]) for provider in found]
