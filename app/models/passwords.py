"""What a password must be: eight characters, and none that everybody tries first. No composition rules."""

from __future__ import annotations

import secrets
from functools import cache
from itertools import pairwise
from pathlib import Path

from app.models.identity_number import normalise_text
from app.refusal import N_, Refusal

MIN_LENGTH = 8
MAX_LENGTH = 128
BLOCKLIST = Path(__file__).with_name("common_passwords.txt")
_CLEAR_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
_LOCAL_WORDS = ("jilin", "jiangcheng", "xuetang", "songhua", "吉林", "江城", "学堂", "松花江", "1390000")


def require_good_password(password: str, mobile: str = "", name: str = "") -> None:
    """Raises ``password-short``, ``password-long`` or ``password-common``."""
    if len(password) < MIN_LENGTH:
        raise Refusal("password-short", N_("密码至少 8 个字符。可以用几个词连起来，好记又难猜。"))
    if len(password) > MAX_LENGTH:
        raise Refusal("password-long", N_("密码最多 128 个字符。"))
    if is_common(password, mobile, name):
        raise Refusal("password-common", N_("这个密码太常见，别人容易猜到。请换一个，例如几个不相干的词连起来。"))


def is_common(password: str, mobile: str = "", name: str = "") -> bool:
    plain = normalise_text(password).lower()
    if plain in blocklist() or len(set(plain)) < 4:
        return True
    rest = plain
    for word in (*_LOCAL_WORDS, mobile, normalise_text(name).lower()):
        if word:
            rest = rest.replace(word, "")
    added = rest != plain and len(rest) <= 4 and rest.isdigit()  # a name or place and a year
    return len(rest) < 4 or added or _is_run(rest)


def one_use_password() -> str:
    """Twelve signs (59 bits) in three groups, none of which is taken for another on paper or the telephone."""
    return "-".join("".join(secrets.choice(_CLEAR_SIGNS) for _ in range(4)) for _ in range(3))


def _is_run(text: str) -> bool:
    """12345678, abcdefgh, 87654321"""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps in ({1}, {-1})


@cache
def blocklist() -> frozenset[str]:
    return frozenset(BLOCKLIST.read_text().split())
