"""The production server over the small registry of site.py, and a Chromium to look at it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.site import FOLDER, ROOT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENT = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
_OWN = ("DATABASE_URL", "SECRET_KEY", "REGISTRY_")


@dataclass
class Live:
    """A running site: its address, its people's cookies, the ids of its things."""

    url: str
    folder: Path
    cookies: dict[str, str]
    mobiles: dict[str, str]
    ids: dict[str, dict[str, int]]
    rules: list[tuple[str, str]]

    def path(self, endpoint: str, things: dict[str, str] | None = None, query: str = "") -> str:
        """The address of an endpoint; ``things`` names what fills each argument, as ``kind:name`` or plain text."""
        things = things or {}
        for name, rule in self.rules:
            if name == endpoint and set(_ARGUMENT.findall(rule)) == things.keys():
                filled = _ARGUMENT.sub(lambda found: self._value(things[found[1]]), rule)
                return filled + (f"?{query}" if query else "")
        raise LookupError(f"{endpoint} has no address with {sorted(things)}")

    def _value(self, thing: str) -> str:
        kind, colon, name = thing.partition(":")
        return str(self.ids[kind][name]) if colon else thing

    def visit(self, chrome: Browser, who: str = "", large: bool = False, **options: Any) -> BrowserContext:
        """A fresh browser window of somebody."""
        still = {"reduced_motion": "reduce", "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
        context = chrome.new_context(base_url=self.url, **still, **options)
        context.set_default_timeout(30_000)
        cookies = {"registry": self.cookies[who]} if who else {}
        if large:
            cookies["type"] = "large"
        context.add_cookies([{"name": name, "value": value, "url": self.url} for name, value in cookies.items()])
        return context


@contextmanager
def running(folder: Path) -> Iterator[Live]:
    """The site in its own process, gone at the end."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    environ |= {FOLDER: str(folder), "REGISTRY_WORKERS": "1", "PYTHONUNBUFFERED": "1"}
    subprocess.run([sys.executable, "-m", "tests.browser.site", str(folder)], cwd=ROOT, env=environ, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "tests.browser.site:wsgi()"],
        cwd=ROOT, env=environ, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server, folder)
        yield Live(url, folder, **json.loads((folder / "known.json").read_text()))
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert path, "Chromium is missing: sh tests/browser/need.sh says what to install"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def _wait(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/static/style.css", timeout=5).close()  # noqa: S310
            return
        except OSError:
            assert server.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.1)
    raise AssertionError((folder / "server.log").read_text())
