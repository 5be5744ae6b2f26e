"""What the bureau may ask for in an address: which figure, of which row, which page of its list."""

from __future__ import annotations

from typing import Any

from wtforms import DecimalField, IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional, Regexp

from app.forms import Form
from app.models.certificate import SYSTEMS
from app.models.person import SEXES
from app.models.place import DIVISIONS
from app.models.rules import AGE_BANDS, CATEGORIES, COUNTED, HOUR_BANDS, NAMELESS, RUNGS, SPANS, UNKNOWN

_AN_ID = [Optional(), NumberRange(1, 2**31 - 1)]
_OTHERS = (UNKNOWN, NAMELESS)


class TableForm(Form):
    """Which table: over which span of days, on which rung, of which category."""

    class Meta:
        csrf = False  # it only reads

    basis = SelectField(choices=[*SPANS], default="calendar")
    rung = SelectField(choices=[*RUNGS], default=COUNTED)
    category = SelectField(choices=["", *CATEGORIES], default="")

    def address(self) -> dict[str, Any]:
        """What leads here again; what is the rule anyway stands in no address."""
        told = {"basis": self.basis.data, "rung": self.rung.data, "category": self.category.data}
        return {name: value for name, value in told.items() if value not in ("", "calendar", COUNTED)}


class WhatIfForm(TableForm):
    """Another rule than the one in force: rung, settings, span of days; and which of the moved are listed."""

    hours = DecimalField(places=None, validators=[Optional(), NumberRange(0, 1000)])
    percent = IntegerField(validators=[Optional(), NumberRange(0, 100)])
    moved = SelectField(choices=["", "in", "out"], default="")
    page = IntegerField(validators=[Optional(), NumberRange(1, 1_000_000)])

    def address(self) -> dict[str, Any]:
        """What leads here again, but the page and which list."""
        told = {"hours": self.hours.data, "percent": self.percent.data}
        return super().address() | {name: str(value) for name, value in told.items() if value is not None}


class FigureForm(TableForm):
    """One figure of a year; a value that no table has is no figure."""

    measure = StringField(default="person_times")
    division = SelectField(choices=["", *DIVISIONS], default="")
    provider = IntegerField(validators=_AN_ID)
    month = IntegerField(validators=[Optional(), NumberRange(1, 12)])
    partner = IntegerField(validators=[Optional(), NumberRange(1, 2**31 - 1)])
    programme = IntegerField(validators=[Optional(), NumberRange(1, 2**31 - 1)])
    system = SelectField(choices=["", *SYSTEMS], default="")
    activity = IntegerField(validators=[Optional(), NumberRange(1, 1)])
    within = StringField(validators=[Optional(), Regexp(r"(19|20)\d\d(-(0[1-9]|1[0-2]))?\Z")])
    unit = SelectField(choices=["", *DIVISIONS], default="")
    course = IntegerField(validators=_AN_ID)
    size = SelectField(choices=["", *HOUR_BANDS], default="")
    sex = SelectField(choices=["", *SEXES, *_OTHERS], default="")
    age = SelectField(choices=["", *AGE_BANDS, *_OTHERS], default="")
    home = SelectField(choices=["", *DIVISIONS, *_OTHERS], default="")
    also_category = SelectField(choices=["", *CATEGORIES], default="")
    also_provider = IntegerField(validators=_AN_ID)
    page = IntegerField(validators=[Optional(), NumberRange(1, 1_000_000)])

    def row(self) -> dict[str, Any]:
        """The row of a table that is meant; all empty: the city."""
        found = {name: self[name].data or None for name in _ROW}
        return found | {"basis": self.basis.data, "rung": self.rung.data}

    def address(self) -> dict[str, Any]:
        """What leads here again, but the page."""
        told = {name: self[name].data for name in (*_ROW, "measure")}
        return super().address() | {name: value for name, value in told.items() if value}


_ROW = (
    "category", "division", "provider", "month", "activity", "programme", "partner", "within", "unit", "course", "size",
    "sex", "age", "home", "also_category", "also_provider",
    "system",
)  # fmt: skip
