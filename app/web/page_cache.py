"""Public pages are rendered once per state of the database, for everybody who is not signed in.

A kept page is served only while the database stands where it stood before
the page was rendered, and no longer than to the end of the minute: windows
open, lessons begin and days turn on whole minutes. So a place taken is on
the next page that anybody asks for; nothing has to be thrown away by hand.

It stands before the framework: a kept page costs a look at the database's
version and no session, no guard, no template. Whoever brings a session
cookie is passed on.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, current_app, request, session
from sqlalchemy import Engine
from werkzeug.http import parse_cookie

from app.clock import now
from app.database import db
from app.web.access import TOKEN

MOST_PAGES = 512
_KEEP = "registry.keep"
_STATE = "registry.state"
_OF_THE_BODY = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})
Headers = list[tuple[str, str]]


def init(app: Flask) -> None:
    """Put the cache before the application."""
    with app.app_context():
        engine = db.engine
    app.wsgi_app = PageCache(app.wsgi_app, app.config["SESSION_COOKIE_NAME"], Version(engine))  # type: ignore[method-assign]


def keep(answer: Response) -> Response:
    """Let this answer be kept; for blueprints whose pages are the same for every visitor.

    Asked of the session as the framework read it: whatever way the cookie
    was written, a page made for somebody is nobody else's.
    """
    somebody = TOKEN in session or current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    if request.method == "GET" and answer.status_code == 200 and answer.mimetype == "text/html" and not somebody:
        request.environ[_KEEP] = True
    return answer


def state() -> object | None:
    """Where the database and the minute stood as this request came: the key of what is kept for all visitors.

    None for whoever is passed on, and when nobody knows: keep nothing then.
    """
    return request.environ.get(_STATE)


class Version:
    """What changes with every commit, asked on a connection of its own that never writes.

    SQLite's ``data_version`` doesn't move for a connection's own writes, and
    two connections' values can't be compared: hence one for each process. On
    PostgreSQL the text of a snapshot names the transactions that it sees.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.question = (
            "PRAGMA data_version" if engine.dialect.name == "sqlite" else "SELECT pg_current_snapshot()::text"
        )
        self.lock = threading.Lock()
        self.cursor: Any = None
        self.process = 0

    def now(self) -> object | None:
        """The version, or None when it can't be had: then nothing is kept and nothing served."""
        with self.lock:
            try:
                if self.process != os.getpid():
                    self._connect()  # also after a fork: a connection isn't shared with the parent
                self.cursor.execute(self.question)
                return self.process, self.cursor.fetchone()[0]
            except self.engine.dialect.loaded_dbapi.Error:
                self.process = 0
                return None

    def _connect(self) -> None:
        dialect, url = self.engine.dialect, self.engine.url
        arguments, options = dialect.create_connect_args(url)
        if dialect.name == "sqlite":
            options["check_same_thread"] = False
        connection: Any = dialect.connect(*arguments, **options)
        if dialect.name == "sqlite":
            connection.isolation_level = None
        else:
            connection.autocommit = True  # each question in a snapshot of its own
        self.cursor = connection.cursor()
        self.process = os.getpid()


@dataclass(frozen=True)
class Page:
    """A rendered page with its headers, for one state of the database and one minute."""

    state: object
    headers: Headers
    body: bytes
    etag: str

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if self.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [h for h in self.headers if h[0] not in _OF_THE_BODY])
            return []
        start_response("200 OK", self.headers)
        return [self.body]


class PageCache:
    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]], session_cookie: str, version: Version) -> None:
        self.wsgi_app = wsgi_app
        self.session_cookie = session_cookie
        self.version = version
        self.pages: OrderedDict[tuple[Any, ...], Page] = OrderedDict()
        self.lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        cookies = environ.get("HTTP_COOKIE", "")
        # The name anywhere: a blank before the equals sign makes it no less a session.
        if environ["REQUEST_METHOD"] != "GET" or self.session_cookie in cookies:
            return self.wsgi_app(environ, start_response)
        state = self._state()
        if state is None:
            return self.wsgi_app(environ, start_response)
        zipped = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        key = (*_address(environ), *_taste(cookies), zipped)
        page = self.pages.get(key)
        if page is not None and page.state == state:
            return page.answer(environ, start_response)
        return self._render(key, state, environ, start_response)

    def _state(self) -> object | None:
        version = self.version.now()
        return None if version is None else (version, int(now().timestamp() // 60))

    def _render(
        self, key: tuple[Any, ...], state: object, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        held: Headers = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            if environ.pop(_KEEP, False) and not _somebodys_own(headers):
                held.extend(headers)
                return _write_nothing
            return start_response(status, headers, exc_info)

        environ[_STATE] = state
        parts = self.wsgi_app(environ, start)
        if not held:
            return parts
        page = _page(state, held, _whole(parts))
        with self.lock:
            self.pages[key] = page
            self.pages.move_to_end(key)
            while len(self.pages) > MOST_PAGES:
                self.pages.popitem(last=False)
        return page.answer(environ, start_response)


def _somebodys_own(headers: Headers) -> bool:
    """It sets a cookie, or says itself that nobody may keep it."""
    return any(
        name.lower() == "set-cookie" or (name.lower() == "cache-control" and "no-store" in value)
        for name, value in headers
    )


def _address(environ: WSGIEnvironment) -> tuple[str, ...]:
    scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "")
    return scheme, host, environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")


def _taste(cookies: str) -> tuple[bool, bool]:
    """Large type? English? All that a page takes from a visitor's cookies."""
    if not cookies:
        return False, False
    jar = parse_cookie(cookies)
    return jar.get("type") == "large", jar.get("language") == "en"


def _page(state: object, headers: Headers, body: bytes) -> Page:
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    dressed = [h for h in headers if h[0] not in ("ETag", "Vary")]
    return Page(state, [*dressed, ("ETag", etag), ("Vary", "Cookie, Accept-Encoding")], body, etag)


def _whole(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def _write_nothing(_: bytes) -> None:
    raise RuntimeError("a kept page is not written piece by piece")
