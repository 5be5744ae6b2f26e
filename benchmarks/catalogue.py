"""The catalogue's page of 30 out of 20,000 offerings against a bare hello-world under the same server.

    python -m benchmarks.catalogue

Both run under gunicorn gthread, 2 workers × 4 threads, turn and turn about.
"rendered" asks for another address each time, so that no page was kept;
"kept" asks for the same page of a registry in which nothing changes. Limits:
rendered at least 0.20 of hello-world and at most 8 times its processor
time; kept at least 0.80.
"""

from __future__ import annotations

import multiprocessing
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask

from benchmarks import _measure

ROOT = Path(__file__).resolve().parent.parent
OFFERINGS = 20_000
ROUNDS, SECONDS, CLIENTS, CONNECTIONS = 5, 2.0, 2, 16
LEAST_RENDERED, MOST_CPU, LEAST_KEPT = 0.20, 8.0, 0.80


def hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello, world")
    return app


def fill(folder: Path) -> None:
    """20,000 published offerings; half of them lie in the past year, half in the coming one."""
    from datetime import time as hour

    from flask_migrate import upgrade

    from app import create_app
    from app.clock import instant, now, today
    from app.database import db, writing
    from app.models import Course, Offering, Provider
    from app.models.place import DIVISIONS
    from app.models.rules import CATEGORIES
    from app.search_words import join_pieces

    subjects = "书法 太极拳 智能手机 面点 急救 直播电商 黑木耳栽培 农机维修 母婴护理 合唱 剪纸 编织 摄影 朗诵".split()
    places, categories = list(DIVISIONS), list(CATEGORIES)
    registry = create_app(instance=folder)
    with registry.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    with registry.app_context(), writing() as session:
        for n in range(1, 27):
            session.add(Provider(id=n, name=f"第{n}学校（演示）", is_demo=True))
        session.flush()
        for n in range(1, 401):
            title = f"{subjects[n % len(subjects)]}第{n}期（演示）"
            session.add(Course(id=n, provider_id=n % 26 + 1, title=title, summary="从零学起", audience="零基础"))
        session.flush()
        rows: list[dict[str, Any]] = []
        for n in range(OFFERINGS):
            starts = today() + timedelta(n % 730 - 365)
            rows.append(
                {
                    "provider_id": n % 400 % 26 + 1, "course_id": n % 400 + 1, "number": f"{n}", "number_key": f"{n}",
                    "category": categories[n % 7], "starts_on": starts, "ends_on": starts + timedelta(105),
                    "planned_hours": Decimal(32), "division_code": places[n % len(places)], "address": "解放大路 1 号",
                    "fee_cents": 0 if n % 5 else 12000, "capacity": 30, "places_taken": n % 31, "min_age": 50,
                    "published_at": now(), "first_begins_at": instant(starts, hour(9)),
                    "last_begins_at": instant(starts + timedelta(105), hour(9)), "weekdays": 1 << n % 7,
                    "times_of_day": 1, "timetable": "每周二 9:00–10:30，共 16 次", "is_demo": True,
                    "search_text": join_pieces([subjects[n % len(subjects)]], [f"{n}"]),
                }
            )  # fmt: skip
        session.execute(db.insert(Offering), rows)


@contextmanager
def serve(application: str, environ: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Process and port of a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shape = ["-k", "gthread", "-w", "2", "--threads", "4", "--keep-alive", "30", "--access-logfile", "/dev/null"]
    command = [sys.executable, "-m", "gunicorn", *shape, "--bind", f"127.0.0.1:{port}", application]
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(30)


def ask(port: int, path: str, seconds: float, seed: int, answers: Any) -> None:
    """Ask over and over, each connection as soon as it has its answer; ``{n}`` in the path counts."""
    head = "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n"
    ready, sent, count = selectors.DefaultSelector(), 0, 0
    end = time.perf_counter() + seconds

    def send(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(f"GET {path.format(n=f'{seed}-{sent}')} HTTP/1.1\r\n{head}".encode())
        sent += 1

    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        ready.register(connection, selectors.EVENT_READ)
        send(connection)
    while ready.get_map():
        for key, _ in ready.select(30):
            each: Any = key.fileobj
            _read(each)
            count += 1
            if time.perf_counter() < end:
                send(each)
            else:
                ready.unregister(each)
    answers.put(count)


def _read(connection: socket.socket) -> None:
    data = connection.recv(65536)
    assert data.startswith(b"HTTP/1.1 200"), data[:80]
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    left = length - len(body)
    while left > 0:
        left -= len(connection.recv(65536))


def measure(server: tuple[int, int], path: str) -> tuple[float, float]:
    """Requests a second and milliseconds of the server's processor time for each."""
    pid, port = server
    answers: Any = multiprocessing.Queue()
    used, began = _measure.cpu(pid), time.perf_counter()
    seed = time.monotonic_ns()
    clients = [
        multiprocessing.Process(target=ask, args=(port, path, SECONDS, seed + n, answers)) for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    count = sum(answers.get(timeout=60) for _ in clients)
    took = time.perf_counter() - began
    for client in clients:
        client.join()
    return count / took, (_measure.cpu(pid) - used) / count * 1000


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/registry.db"
        fill(Path(folder))
        environ = dict(os.environ)
        with serve("benchmarks.catalogue:hello()", environ) as bare, serve("wsgi:app", environ) as registry:
            figures = _rounds(
                {"hello": (bare, "/"), "rendered": (registry, "/offerings?x={n}"), "kept": (registry, "/offerings")}
            )
    (hello_rate, hello_cpu), (rendered, rendered_cpu), (kept, kept_cpu) = figures.values()
    print(f"hello-world  {hello_rate:6.0f} requests/s  {hello_cpu:.3f} ms CPU each")
    for name, rate, cpu in (("rendered", rendered, rendered_cpu), ("kept", kept, kept_cpu)):
        print(
            f"{name:12} {rate:6.0f} requests/s  {cpu:.3f} ms CPU each: {rate / hello_rate:.2f} of hello-world's rate, "
            f"{cpu / hello_cpu:.1f} times its CPU"
        )
    met = (
        rendered / hello_rate >= LEAST_RENDERED
        and rendered_cpu <= MOST_CPU * hello_cpu
        and kept / hello_rate >= LEAST_KEPT
    )
    return 0 if met else 1


def _rounds(subjects: dict[str, tuple[tuple[int, int], str]]) -> dict[str, tuple[float, float]]:
    """The median of several rounds, one subject after the other in each."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    for n in range(ROUNDS + 1):
        for name, (server, path) in subjects.items():
            figure = measure(server, path)
            if n:  # the first round warms up
                seen[name].append(figure)
    middle = ROUNDS // 2
    return {
        name: (sorted(rate for rate, _ in rows)[middle], sorted(cpu for _, cpu in rows)[middle])
        for name, rows in seen.items()
    }


if __name__ == "__main__":
    sys.exit(main())
