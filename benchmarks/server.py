"""Which server: memory of its tree with two workers, requests a second, processor time per request.

    python -m benchmarks.server

Measures gunicorn as shipped (2 workers × 4 threads) and, where it is installed
(pip install granian), granian with the same workers and threads. No password
is hashed meanwhile. The limit for the memory is 250 MB.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks import _measure

ROOT = Path(__file__).resolve().parent.parent
PATHS = ["/", "/offerings"]
SECONDS, CONNECTIONS = 8.0, 16
LIMIT_MB = 250


def commands(port: int) -> dict[str, list[str]]:
    python, address = [sys.executable, "-m"], f"127.0.0.1:{port}"
    quiet = ["--access-logfile", "/dev/null"]
    found = {"gunicorn": [*python, "gunicorn", "--bind", address, *quiet, "tests.browser.site:wsgi()"]}
    if importlib.util.find_spec("granian"):
        shape = "--interface wsgi --workers 2 --blocking-threads 4".split()
        found["granian"] = [*python, "granian", *shape, "--port", str(port), "--factory", "tests.browser.site:wsgi"]
    return found


def measure(name: str, command: list[str], port: int, environ: dict[str, str]) -> float:
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        _measure.load(port, PATHS, 2, CONNECTIONS, {})
        before, began = _measure.cpu(server.pid), time.perf_counter()
        answers, times = _measure.load(port, PATHS, SECONDS, CONNECTIONS, {})
        took, used = time.perf_counter() - began, _measure.cpu(server.pid) - before
        memory = _measure.pss(server.pid)
    finally:
        server.terminate()
        server.wait(30)
    print(
        f"{name:10} {memory:4.0f} MB PSS ({memory / LIMIT_MB:.2f} of the limit) {answers / took:6.0f} requests/s "
        f"{used / answers * 1000:6.2f} ms CPU each, p50 {times[len(times) // 2]:.0f} ms, "
        f"p99 {times[len(times) * 99 // 100]:.0f} ms"
    )
    return memory


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"REGISTRY_BROWSER_FOLDER": folder}
        subprocess.run([sys.executable, "-m", "tests.browser.site", folder], cwd=ROOT, env=environ, check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        memory = {name: measure(name, command, port, environ) for name, command in commands(port).items()}
    return int(memory["gunicorn"] > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
