"""The production server: two workers of four threads, so that one can die and the other still answers.

Chosen by benchmarks/server.py; see docs/decisions/0001-gunicorn.md.
"""

from __future__ import annotations

import contextlib
import gc
import os
from typing import Any

from sqlalchemy.exc import DBAPIError

wsgi_app = "wsgi:app"
bind = os.environ.get("REGISTRY_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("REGISTRY_WORKERS", "2"))
threads = int(os.environ.get("REGISTRY_THREADS", "4"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat must not wait for a disk
preload_app = True  # the workers share the memory of what is imported once
timeout = 120  # a workbook of 200,000 rows takes its time
keepalive = 5
forwarded_allow_ips = os.environ.get("REGISTRY_PROXIES", "127.0.0.1,::1")
control_socket_disable = True  # nobody steers the server through a file in the home folder
# One line a request and nothing personal in it: no address, no query string, no referrer, no browser.
accesslog = "-"
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


def when_ready(server: Any) -> None:
    """Before the workers: compile what takes long, and keep the collector off the pages that they share."""
    from app.counts import make_ready

    app = server.app.wsgi()
    if "sqlalchemy" in app.extensions:  # the hello-world of the benchmarks has no database
        with app.app_context(), contextlib.suppress(DBAPIError):  # without tables /readyz says so
            make_ready()
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A request makes some thousand objects and leaves none: the collector need not look after every seven hundred."""
    gc.set_threshold(20_000, 20, 20)
