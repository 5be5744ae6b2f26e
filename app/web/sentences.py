"""The sentences of the pages in other languages than Chinese, in which the code is written.

A catalogue is read from its source file when its first sentence is asked
for: there is nothing to compile, and nothing compiled that could be stale.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

FOLDER = Path(__file__).parent.parent / "translations"


class Sentences(Domain):
    """Flask-Babel's domain over the catalogues in ``app/translations``."""

    def get_translations(self) -> NullTranslations:
        return catalogue(str(get_locale() or "zh"))


@cache
def catalogue(language: str) -> NullTranslations:
    """What is known in that language; a sentence that has no translation stays as it is written."""
    source = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(fp=compiled)
