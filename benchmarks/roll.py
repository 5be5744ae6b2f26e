"""A roll of forty as one POST: how long it takes beside what it cannot take less than.

    python -m benchmarks.roll

Each POST changes all forty marks, on SQLite with synchronous=FULL behind
gunicorn as shipped (2 workers × 4 threads). Two limits are measured in the
same run: the bare SQL of such a roll with its commit, and the same form sent
to a Flask application that only reads it. The bound for the median is 15 ms.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pysqlite3.dbapi2 as sqlite
from flask import Flask, request
from flask_migrate import upgrade

from app.clock import now, today
from app.database import PRAGMAS, writing
from app.models import SignIn
from app.web.access import TOKEN
from benchmarks import _measure
from tests.browser.site import make
from tests.people import NOON, a_person, an_account, an_offering

ROOT = Path(__file__).resolve().parent.parent
LEARNERS, CLASSES, POSTS, LIMIT_MS = 40, 4, 200, 15
WORDS = ("present", "late", "left_early", "leave", "absent")


def hello() -> Flask:
    """The least that a form of this size costs behind this server."""
    app = Flask(__name__)
    app.post("/")(lambda: str(len(request.form)))
    return app


def fill(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Classes of forty in their second of sixteen weeks; the trainer's cookie, and each class's lesson of today."""
    app = make(folder)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        with writing():
            classes, trainer = [], an_account("trainer")
            for _ in range(CLASSES):
                offering = an_offering(trainer.grants[0].provider, lessons=16, first_on=today(), capacity=LEARNERS)
                offering.signup_closes_at = now()
                learners = [offering.enrol(a_person(), by=None, at=NOON).id for _ in range(LEARNERS)]
                offering.appoint(trainer)
                classes.append({"lesson": offering.lessons[0].id, "learners": learners, "version": 0})
            token = SignIn.begin(trainer, now())
        sign = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return f"registry={sign.dumps({TOKEN: token})}", classes


def said(group: dict[str, Any], turn: int) -> dict[str, Any]:
    """Another word for each learner than the turn before."""
    marks = {f"m{i}": WORDS[(turn + n) % len(WORDS)] for n, i in enumerate(group["learners"])}
    return {**marks, "base_version": group["version"]}


class Trainer:
    """A connection that keeps the page's cookie and form token."""

    def __init__(self, port: int, cookie: str, group: dict[str, Any]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.group, self.times = group, []
        self.connection.request("GET", f"/teach/lessons/{group['lesson']}", headers={"Cookie": cookie})
        page = self.connection.getresponse()
        self.cookie = page.headers["Set-Cookie"].partition(";")[0]
        body = page.read()
        self.size, self.token = len(body), re.search(rb'name="csrf_token" value="([^"]+)"', body)[1].decode()  # type: ignore[index]

    def save(self, turn: int) -> None:
        body = urlencode({**said(self.group, turn), "csrf_token": self.token})
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        began = time.perf_counter()
        self.connection.request("POST", f"/teach/lessons/{self.group['lesson']}/roll", body, headers)
        answer = self.connection.getresponse()
        answer.read()
        self.times.append((time.perf_counter() - began) * 1000)
        assert answer.status == 303, answer.status
        self.group["version"] += 1


def serve(what: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--access-logfile", "/dev/null", what]
    environ = os.environ | {"REGISTRY_BROWSER_FOLDER": str(folder)}
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    return server, port


def rolls(port: int, pid: int, cookie: str, groups: list[dict[str, Any]]) -> tuple[list[float], float, int]:
    """Each trainer saves POSTS rolls, all at once: times in ms, CPU in ms each, bytes of the page."""
    trainers = [Trainer(port, cookie, group) for group in groups]
    for turn in range(10):
        for trainer in trainers:
            trainer.save(turn)
            trainer.times.clear()
    before = _measure.cpu(pid)
    threads = [
        threading.Thread(target=lambda each=trainer: [each.save(turn) for turn in range(10, 10 + POSTS)])
        for trainer in trainers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(took for trainer in trainers for took in trainer.times)
    return times, (_measure.cpu(pid) - before) / len(times) * 1000, trainers[0].size


def greetings(folder: Path, group: dict[str, Any]) -> list[float]:
    server, port = serve("benchmarks.roll:hello()", folder)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        times = []
        for turn in range(POSTS):
            body = urlencode(said(group, turn))
            began = time.perf_counter()
            connection.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
            connection.getresponse().read()
            times.append((time.perf_counter() - began) * 1000)
        return sorted(times)
    finally:
        server.terminate()
        server.wait(30)


def bare(folder: Path, group: dict[str, Any]) -> list[float]:
    """What the database alone asks for: forty marks superseded, forty written, the hours, one commit."""
    connection = sqlite.connect(folder / "registry.db", isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    lesson, times = group["lesson"], []
    for turn in range(POSTS):
        stamp = f"2026-01-01 00:00:{turn:09.6f}"
        marks = [(lesson, int(i[1:]), word, stamp) for i, word in said(group, turn).items() if i[0] == "m"]
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE mark SET superseded_at = ? WHERE lesson_id = ? AND superseded_at IS NULL", (stamp, lesson)
        )
        connection.executemany(
            "INSERT INTO mark (lesson_id, enrolment_id, status, reason, marked_at) VALUES (?, ?, ?, '', ?)", marks
        )
        connection.executemany(
            "UPDATE enrolment SET first_attended_on = ? WHERE id = ?",
            [(None if word in ("leave", "absent") else str(today()), i) for _, i, word, _ in marks],
        )
        connection.execute("UPDATE lesson SET roll_version = roll_version + 1 WHERE id = ?", (lesson,))
        connection.execute("COMMIT")
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return sorted(times)


def line(what: str, times: list[float], more: str = "") -> None:
    print(f"{what:34} p50 {times[len(times) // 2]:6.2f} ms, p99 {times[len(times) * 99 // 100]:6.2f} ms{more}")


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cookie, classes = fill(folder)
        server, port = serve("tests.browser.site:wsgi()", folder)
        try:
            alone, cpu, size = rolls(port, server.pid, cookie, classes[:1])
            together, cpu_together, _ = rolls(port, server.pid, cookie, classes)
        finally:
            server.terminate()
            server.wait(30)
        post, sql = greetings(folder, classes[0]), bare(folder, classes[0])
    half = len(alone) // 2
    line("a roll of 40, one trainer", alone, f", {cpu:.1f} ms CPU each")
    line(f"a roll of 40, {CLASSES} trainers at once", together, f", {cpu_together:.1f} ms CPU each")
    line("limit: the same form, only read", post)
    line("limit: the same marks, bare SQL", sql)
    floor = post[len(post) // 2] + sql[len(sql) // 2]
    print(f"ratio of the medians to the two limits together: {alone[half] / floor:.1f}; the page has {size:,} bytes")
    return int(alone[half] > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
