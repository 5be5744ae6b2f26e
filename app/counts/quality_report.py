"""The training of the vocational schools in a year: the table that each takes into its annual quality report."""

from __future__ import annotations

import io

from sqlalchemy import select

from app.cells import WRITERS, Look
from app.counts.files import BASES, BASIS, HEADINGS
from app.counts.official import WORKING_RECORD, OfficialHeader
from app.counts.year import Figures, Year
from app.database import db
from app.models import Provider
from app.models.place import DIVISIONS
from app.models.provider import PROVIDER_KINDS, SCHOOLS


def school_lines(year: Year) -> list[tuple[Provider, Figures]]:
    """Every such school by name, also one in which nobody learned; persons are distinct within a school (R6)."""
    figures = {row.key: row.figures for row in year.tables["provider"]}
    schools = db.session.scalars(
        select(Provider).where(Provider.kind.in_(SCHOOLS)).order_by(Provider.name, Provider.id)
    )
    return [(school, figures.get(school.id, Figures())) for school in schools]


def schools_as(form: str, year: Year, header: OfficialHeader = WORKING_RECORD) -> bytes:
    """The table as ``xlsx`` or ``csv``; person-times belong to the school that holds the offering (R4)."""
    memory = io.BytesIO()
    lines = [
        [
            school.name,
            PROVIDER_KINDS[school.kind],
            DIVISIONS[school.division_code],
            *figures.as_dict().values(),
            BASES[figures.basis("person_times_total")],
        ]
        for school, figures in school_lines(year)
    ]
    look = Look(
        sheet=str(year.year),
        widths=(28, 12, 12, *(13 for _ in HEADINGS), 16),
        numbers=((int, "#,##0"), (float, "#,##0.0")),
        fixed_columns=1,
        above=(f"{year.year} 年职业院校培训情况（质量年报用表）", *header.lines()),
    )
    WRITERS[form](memory, ["学校", "类型", "区县", *HEADINGS.values(), BASIS], lines, look)
    return memory.getvalue()
