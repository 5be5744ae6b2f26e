"""Sign-ups over HTTP: 400 people at once for 100 places, then as many a second as go, each by somebody else.

    python -m benchmarks.sign_up

gunicorn gthread, 2 workers × 4 threads, synchronous=FULL; a complete
sign-up is the form with its nonce and token, sent by a resident who is
signed in. Limits measured in the same run: a bare hello-world under the
same server, and the bare transaction typed into SQLite. Asked for: exactly
100 places given and everybody answered within a second; 500 a second.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import selectors
import socket
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import Any

from benchmarks import _measure
from benchmarks.catalogue import ROOT, measure, serve

CROWD, PLACES, WITHIN = 400, 100, 1.0
STEADY, CLIENTS, CONNECTIONS, ASKED = 8_000, 2, 4, 500.0
OFFERINGS = 60


def fill(folder: Path) -> tuple[list[bytes], list[bytes]]:
    """A rush on one offering and sign-ups to many, as requests ready to be sent."""
    from flask_migrate import upgrade

    from app import create_app
    from app.database import db, writing
    from app.models import AccountPerson, RoleGrant, SignIn
    from tests.people import an_account, an_offering

    registry = create_app({"WTF_CSRF_TIME_LIMIT": None}, instance=folder)
    with registry.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        with writing() as session:
            first = an_account("resident")
            pattern = {c.name: getattr(first, c.name) for c in first.__table__.columns if c.name != "id"}
            facts = _days()
            rush = an_offering(capacity=PLACES, **facts).id
            steady = [an_offering(capacity=1000, **facts).id for _ in range(OFFERINGS)]
            _insert(CROWD + STEADY, pattern, db, session, AccountPerson, RoleGrant)
            tokens = [_sign_in(n) for n in range(CROWD + STEADY)]
            session.execute(db.insert(SignIn), [row for _, row in tokens])
    requests = [
        _request(registry, token, 1000 + n, rush if n < CROWD else steady[n % OFFERINGS])
        for n, (token, _) in enumerate(tokens)
    ]
    return requests[:CROWD], requests[CROWD:]


def _days() -> dict[str, Any]:
    from datetime import timedelta

    from app.clock import today

    return {"first_on": today() + timedelta(14)}


def _insert(people: int, pattern: dict[str, Any], db: Any, session: Any, link: Any, grant: Any) -> None:
    from app.clock import now
    from app.models import Account, Person

    ids = range(1000, 1000 + people)
    session.execute(
        db.insert(Account.__table__),
        [{**pattern, "id": i, "uid": f"{i:032d}", "mobile_index": i.to_bytes(32, "big")} for i in ids],
    )
    session.execute(
        db.insert(Person.__table__),
        [
            {"id": i, "uid": f"{i:032d}", "name": "演示学员", "name_key": f"演示{i}", "made_at": now(), "is_demo": True}
            for i in ids
        ],
    )
    session.execute(db.insert(link), [{"account_id": i, "person_id": i, "relation": "self"} for i in ids])
    session.execute(db.insert(grant), [{"account_id": i, "role": "resident", "given_at": now()} for i in ids])


def _sign_in(n: int) -> tuple[str, dict[str, Any]]:
    import hashlib

    from app.clock import now

    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).digest()
    return token, {"token_hash": digest, "account_id": 1000 + n, "began_at": now()}


def _request(registry: Any, token: str, person_id: int, offering_id: int) -> bytes:
    """What a browser sends when the button is pressed."""
    from flask import session
    from flask_wtf.csrf import generate_csrf

    from app.web.access import TOKEN

    with registry.test_request_context():
        session[TOKEN] = token
        form = {"csrf_token": generate_csrf(), "nonce": secrets.token_urlsafe(24), "person_id": person_id}
        cookie = registry.session_interface.get_signing_serializer(registry).dumps(dict(session))
    body = urllib.parse.urlencode(form)
    return (
        f"POST /my/offerings/{offering_id}/enrolment HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: registry={cookie}\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def answer(connection: socket.socket) -> None:
    """Read one answer to its end; it must lead to the sign-up that was made."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    assert data.startswith(b"HTTP/1.1 303"), data[:300]
    head, _, body = data.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))


def rush(port: int, requests: list[bytes]) -> list[float]:
    """Everybody is connected, everybody presses the button; seconds until each has the answer."""
    ready = selectors.DefaultSelector()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in requests]
    began, took = time.perf_counter(), []
    for each, request in zip(sockets, requests, strict=True):
        each.sendall(request)
        ready.register(each, selectors.EVENT_READ)
    while len(took) < len(requests):
        for key, _ in ready.select(30):
            each: Any = key.fileobj
            answer(each)
            took.append(time.perf_counter() - began)
            ready.unregister(each)
            each.close()
    return took


def press(port: int, requests: list[bytes], seconds: float, answers: Any) -> None:
    """Each connection sends its next one as soon as it has its answer."""
    ready, left, took = selectors.DefaultSelector(), iter(requests), []

    def send(connection: socket.socket) -> None:
        if time.perf_counter() < end and (request := next(left, None)) is not None:
            connection.sendall(request)
            ready.register(connection, selectors.EVENT_READ, time.perf_counter())

    end = time.perf_counter() + seconds
    for _ in range(CONNECTIONS):
        send(socket.create_connection(("127.0.0.1", port)))
    while ready.get_map():
        for key, _ in ready.select(30):
            each: Any = key.fileobj
            answer(each)
            took.append(time.perf_counter() - key.data)
            ready.unregister(each)
            send(each)
    answers.put(took)


def steadily(server: tuple[int, int], requests: list[bytes], seconds: float) -> tuple[int, float, float, list[float]]:
    """How many, in how many seconds, the server's processor seconds, and how long each took."""
    pid, port = server
    answers: Any = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=press, args=(port, requests[n::CLIENTS], seconds, answers))
        for n in range(CLIENTS)
    ]
    used, began = _measure.cpu(pid), time.perf_counter()
    for client in clients:
        client.start()
    times = sorted(each for _ in clients for each in answers.get(timeout=30))
    took = time.perf_counter() - began
    for client in clients:
        client.join()
    return len(times), took, _measure.cpu(pid) - used, times


def bare_transactions(path: Path, seconds: float) -> float:
    """Look, take and note, as one transaction typed into a file of its own, a second."""
    import pysqlite3.dbapi2 as sqlite

    connection = sqlite.connect(path, isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE o (id INTEGER PRIMARY KEY, taken INT)",
        "CREATE TABLE e (id INTEGER PRIMARY KEY, o INT, p INT, UNIQUE (o, p))",
        "INSERT INTO o VALUES (1, 0)",
    ):
        connection.execute(statement)
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE o SET taken = taken + 1 WHERE id = 1 AND taken < 1000000")
        connection.execute("INSERT INTO e (o, p) VALUES (1, ?)", (count,))
        connection.execute("COMMIT")
        count += 1
    return count / seconds


def stored(folder: str) -> tuple[int, int, int]:
    """Places given in the rush, people waiting for it, places given in all."""
    import pysqlite3.dbapi2 as sqlite

    connection = sqlite.connect(f"{folder}/registry.db")
    question = (
        "SELECT sum(offering_id = 1 AND registered_on IS NOT NULL), sum(offering_id = 1 AND registered_on IS NULL), "
        "sum(registered_on IS NOT NULL) FROM enrolment"
    )
    return connection.execute(question).fetchone()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            DATABASE_URL=f"sqlite:///{folder}/registry.db",
            SECRET_KEY=secrets.token_hex(32),
            REGISTRY_SEAL_KEYS=f"k1:{secrets.token_hex(32)}",
            REGISTRY_INDEX_KEY=secrets.token_hex(32),
        )
        crowd, others = fill(Path(folder))
        environ = dict(os.environ)
        with serve("benchmarks.catalogue:hello()", environ) as bare, serve("wsgi:app", environ) as registry:
            steadily(registry, others[:400], 2)  # warm up
            took = rush(registry[1], crowd)
            places, waiting, before = stored(folder)
            count, seconds, cpu, times = steadily(registry, others[400:], 10)
            hello_rate, hello_cpu = measure(bare, "/")
        kept = stored(folder)[2] - before
        bare_rate = bare_transactions(Path(folder) / "bare.db", 2)
    rate = count / seconds
    print(
        f"rush      {CROWD} at once for {PLACES}: {places} places, {waiting} wait; "
        f"the last answer after {max(took):.2f} s"
    )
    print(
        f"steadily  {rate:.0f} complete sign-ups/s ({count} answered, {kept} stored), {cpu / count * 1000:.2f} ms CPU "
        f"each, p50 {times[len(times) // 2] * 1000:.0f} ms, p99 {times[len(times) * 99 // 100] * 1000:.0f} ms"
    )
    print(
        f"          {rate / hello_rate:.2f} of hello-world ({hello_rate:.0f}/s, {hello_cpu:.2f} ms CPU), "
        f"{rate / bare_rate:.2f} of the bare transaction ({bare_rate:.0f}/s)"
    )
    exact = places == PLACES and waiting == CROWD - PLACES and kept == count
    return 0 if exact and max(took) <= WITHIN and rate >= ASKED else 1


if __name__ == "__main__":
    sys.exit(main())
