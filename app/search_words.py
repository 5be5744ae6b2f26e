"""Words, pinyin and initials by which an offering is found."""

from __future__ import annotations

from app.models import Offering


def note_search_words(offering: Offering) -> None:
    """Keep on the offering the text that the catalogue searches."""
    offering.search_text = offering.course.title.lower()
