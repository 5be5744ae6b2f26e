"""Requests of one process compute one after the other.

The threads of a worker share one interpreter. When they compute at once they
take it from each other at every question to the database, also from the one
that holds everybody's lock: `benchmarks/sign_up.py` gives 340 sign-ups a
second without turns and 480 with them. Threads are for those who wait (for a
slow telephone, a password's hash, another worker's lock), so nobody waits
for a turn for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

PATIENCE = 0.02  # seconds; three requests before one's own take half of it


def init(app: Flask) -> None:
    """Before the framework, behind the kept pages: those compute nothing."""
    app.wsgi_app = Turns(app.wsgi_app)  # type: ignore[method-assign] # as Flask documents for middleware


class Turns:
    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi_app = wsgi_app
        self.turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        mine = self.turn.acquire(timeout=PATIENCE)
        try:
            return self.wsgi_app(environ, start_response)
        finally:
            if mine:
                self.turn.release()
