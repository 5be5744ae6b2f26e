"""Words, pinyin and initials by which an offering is found.

A trigram index finds no Chinese word of two characters, so the words stand
in one ordinary column and are looked for with LIKE. Both sides are folded
alike: full width to half, case away, blanks out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam

from app.models.offering import Offering
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES

LONGEST_QUERY = 100
MOST_WORDS = 8


def note_search_words(offering: Offering) -> None:
    """Keep the words on the offering; call it whenever something they are read from is saved."""
    offering.search_text = search_text(offering)


def search_text(offering: Offering) -> str:
    """Everything an offering is found by, one piece a line, so that no word reaches over two pieces."""
    spoken = [
        offering.course.title,
        offering.provider.name,
        DIVISIONS.get(offering.division_code, ""),
        CATEGORIES[offering.category],
        offering.address,
        *(trainer.account.name for trainer in offering.trainers),
    ]
    written = [offering.number, offering.room, offering.course.audience, offering.course.summary]
    return join_pieces(spoken, written)


def join_pieces(spoken: Iterable[str], written: Iterable[str]) -> str:
    """``spoken`` is found by pinyin and initials too, ``written`` by its characters alone."""
    lines = [fold(piece) for piece in written]
    for piece in spoken:
        lines.extend((fold(piece), *_pinyin(piece)))
    return "\n".join(dict.fromkeys(line for line in lines if line))


def prepare(spoken: Iterable[str]) -> None:
    """Look pinyin up ahead of a lock: under it the first word of all would load the dictionary."""
    for piece in spoken:
        _pinyin(piece)


def conditions(count: int) -> list[ColumnElement[bool]]:
    """All of ``count`` words must be found; ``patterns`` says which."""
    return [Offering.search_text.like(bindparam(f"word{n}"), escape="/") for n in range(count)]


def patterns(query: str) -> dict[str, str]:
    """The parameters of ``conditions``, one for each word of the query."""
    return {f"word{n}": f"%{_literal(word)}%" for n, word in enumerate(words(query))}


def words(query: str) -> list[str]:
    """The words of what somebody typed, folded: at most eight, of a hundred characters together."""
    parts = (fold(part) for part in query[:LONGEST_QUERY].split())
    return list(dict.fromkeys(part for part in parts if part))[:MOST_WORDS]


def fold(text: str) -> str:
    """Half-width, without case, blanks and control characters (PostgreSQL stores no NUL)."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def _literal(word: str) -> str:
    return word.replace("/", "//").replace("%", "/%").replace("_", "/_")


@lru_cache(4096)
def _pinyin(text: str) -> tuple[str, ...]:
    """书法（楷书） → shufakaishu, sfks"""
    from pypinyin import Style, lazy_pinyin  # 56 MB: loaded where words are saved, never where they are read

    plain = fold(text)
    syllables: Any = lazy_pinyin(plain, errors="ignore")
    initials: Any = lazy_pinyin(plain, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(syllables), "".join(initials)
