"""Head and foot of a page.

For visitors they are made once: they say the same on every page of a kind,
but for the way back to the page itself, which is put in each time.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Flask, current_app, request
from flask_login import current_user
from markupsafe import Markup

from app.web.words import chosen_locale, large_type

_BACK = "{back}"  # braces are quoted in every address, so it stands nowhere else


def init(app: Flask) -> None:
    app.extensions["frames"] = {}
    app.jinja_env.globals["frame"] = frame


def frame(part: str, area: str | None = None) -> Markup:
    """The ``head`` (of an ``area`` of the site) or the ``foot``, for whoever is asking."""
    if current_user.is_authenticated:
        made = _make(part, area)
    else:
        kept: dict[tuple[Any, ...], str] = current_app.extensions["frames"]
        key = part, area, request.endpoint, request.script_root, chosen_locale(), large_type()
        made = kept.get(key) or kept.setdefault(key, _make(part, area))
    back = request.full_path if request.method == "GET" else "/"
    return Markup(made.replace(_BACK, quote(back, safe="/")))  # noqa: S704 - the template escaped it


def _make(part: str, area: str | None) -> str:
    return current_app.jinja_env.get_template(f"frame/{part}.html").render(area=area, back=_BACK)
