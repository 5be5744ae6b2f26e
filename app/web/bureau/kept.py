"""Tables as they were counted last, for as long as nothing in the database has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app

from app.database import db
from app.web.page_cache import Version

_KEPT, MOST = "kept_tables", 80
T = TypeVar("T")


def kept(key: tuple[Any, ...], count: Callable[[], T]) -> T:
    """What ``count`` gives, or gave when nothing had changed since; the least lately asked of MOST goes."""
    # As with years: the version before the figures, and no older snapshot than it.
    state = current_app.extensions.setdefault(_KEPT, {})
    version = state.setdefault("version", Version(db.engine)).now()
    tables: OrderedDict[tuple[Any, ...], tuple[object, Any]] = state.setdefault("tables", OrderedDict())
    found = tables.get(key)
    if version is not None and found is not None and found[0] == version:
        tables.move_to_end(key)
        return found[1]
    db.session.rollback()
    counted = count()
    tables[key] = version, counted
    while len(tables) > MOST:
        tables.popitem(last=False)
    return counted


def peek(key: tuple[Any, ...]) -> Any | None:
    """What is kept and still true; nothing is counted for it."""
    state = current_app.extensions.get(_KEPT, {})
    found = state.get("tables", {}).get(key)
    return found[1] if found is not None and found[0] == state["version"].now() else None
