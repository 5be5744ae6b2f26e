"""What the bureau may ask for in an address: which figure, of which row, which page of its list."""

from __future__ import annotations

from typing import Any

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from app.forms import Form
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES


class FigureForm(Form):
    """One figure of a year; a value that no table has is no figure."""

    class Meta:
        csrf = False  # it only reads

    measure = StringField(default="person_times")
    category = SelectField(choices=["", *CATEGORIES], default="")
    division = SelectField(choices=["", *DIVISIONS], default="")
    provider = IntegerField(validators=[Optional(), NumberRange(1, 2**31 - 1)])
    month = IntegerField(validators=[Optional(), NumberRange(1, 12)])
    programme = IntegerField(validators=[Optional(), NumberRange(1, 2**31 - 1)])
    activity = IntegerField(validators=[Optional(), NumberRange(1, 1)])
    page = IntegerField(validators=[Optional(), NumberRange(1, 1_000_000)])

    def row(self) -> dict[str, Any]:
        """The row of a table that is meant; all empty: the city."""
        return {
            name: self[name].data or None
            for name in ("category", "division", "provider", "month", "activity", "programme")
        }

    def address(self) -> dict[str, Any]:
        """What leads here again, but the page."""
        return {name: value for name, value in (*self.row().items(), ("measure", self.measure.data)) if value}
