"""What may be typed: shape only, no rules, no queries. One file per audience, over this base.

A required field carries ``validators=[required(N_("…"))]`` with a sentence
that says what to type. Whatever the reader typed comes back with the page.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.i18n import get_translations
from wtforms.validators import DataRequired, InputRequired, StopValidation

from app.refusal import Refusal


class Form(FlaskForm):
    """A form of the registry; its sentences are translated when shown."""

    class Meta(FlaskForm.Meta):
        csrf = False  # asked of every unsafe request before its view (CSRFProtect), and not once more for each form

        def get_translations(self, form: Any) -> Any:
            return _library_words(str(get_locale()))

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            field = super().bind_field(form, unbound_field, options)
            if isinstance(field, StringField):
                field.filters = [*field.filters, _without_nul]
            return field

    def blame(self, no: Refusal, fields: dict[str, str] | None = None) -> None:
        """Put a refusal's sentence at the field that ``fields`` (code → field name) names, else on top."""
        values = {k: gettext(v) if isinstance(v, str) else v for k, v in no.values.items()}
        sentence = gettext(no.sentence) % values if values else gettext(no.sentence)
        field = self._fields.get((fields or {}).get(no.code, ""))
        if field is not None:
            field.errors = [*field.errors, sentence]
        else:
            self.form_errors.append(sentence)
        self.refused = True

    refused = False


def _without_nul(text: Any) -> Any:
    """Nobody can type it, and PostgreSQL takes no text that holds it."""
    return text.replace("\0", "") if isinstance(text, str) else text


@cache
def _library_words(language: str) -> Any:
    """The form library's own sentences; it would read them from the disk at every request."""
    return get_translations([language, "zh"])


def required(sentence: str, *, keep_blank: bool = False) -> Any:
    """A validator that says what is missing, in a sentence marked with N_."""
    return (_RequiredInput if keep_blank else _RequiredData)(_Later(sentence))


def _leave_it_to_its_own_complaint(field: Any) -> None:
    """What was typed but not understood isn't missing: the field's own sentence says more, and stands alone."""
    if field.process_errors and getattr(field, "complaint", ""):
        raise StopValidation


class _RequiredData(DataRequired):
    def __call__(self, form: Any, field: Any) -> None:
        _leave_it_to_its_own_complaint(field)
        super().__call__(form, field)


class _RequiredInput(InputRequired):
    def __call__(self, form: Any, field: Any) -> None:
        _leave_it_to_its_own_complaint(field)
        super().__call__(form, field)


class _Later(str):
    """A source sentence that is translated when it is shown, not when the module loads."""

    def __str__(self) -> str:
        return gettext(str.__str__(self))
