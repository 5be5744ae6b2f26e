"""Cells of files that people open in a spreadsheet: no text of ours may run there as a formula."""

from __future__ import annotations

from typing import Any

_STARTERS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """The same value; text that a spreadsheet would take for a formula gets an apostrophe in front, NUL goes."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if text.startswith(_STARTERS) else text
