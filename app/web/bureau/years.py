"""A year's figures, and what stands behind each."""

from __future__ import annotations

from app.web.bureau import bp


@bp.get("/year")
def year() -> str:
    return ""
