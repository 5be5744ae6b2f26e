"""The content security policy, judged: by rules of our own and by the evaluator that Google publishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from app.web.headers import HEADERS

EVALUATOR = Path(__file__).resolve().parents[1] / "browser" / "vendor" / "csp_evaluator.min.js"
SHIPPED = HEADERS["Content-Security-Policy"]
FETCH = ("script-src", "style-src", "img-src", "connect-src", "font-src", "object-src", "media-src", "frame-src",
         "child-src", "manifest-src", "worker-src", "script-src-elem", "script-src-attr", "style-src-elem",
         "style-src-attr")  # fmt: skip
NO_FALLBACK = ("form-action", "base-uri", "frame-ancestors")  # without a line of their own everything is allowed
MAYBE = 50  # of the evaluator: "'self' can be problematic if you host JSONP …"; 10 is the worst


def directives(policy: str) -> dict[str, list[str]]:
    """As a browser reads it: the first of two equal names holds, names and keywords in any case."""
    read: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.lower().split() or [""]
        if name:
            read.setdefault(name, sources)
    return read


def weaknesses(policy: str) -> list[str]:
    """What the policy lets in besides our own files."""
    read = directives(policy)
    found = [] if read.get("default-src") == ["'none'"] else ["default-src is not 'none'"]
    found += [f"no {name}" for name in NO_FALLBACK if name not in read]
    for name in ("default-src", *FETCH, *NO_FALLBACK):
        sources = read.get(name, read.get("default-src", ["*"]) if name in FETCH else [])
        found += [f"{name} {source}" for source in sources if source not in ("'none'", "'self'")]
        if name in ("object-src", "base-uri", "frame-ancestors", "frame-src") and name in read:
            found += [f"{name} {source}" for source in sources if source == "'self'"]
    return found


@pytest.fixture(scope="module")
def judge(chrome: Browser) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    page = chrome.new_page()
    page.evaluate(EVALUATOR.read_text("utf-8"))
    yield lambda policy: page.evaluate("policy => judgePolicy(policy)", policy)
    page.close()


def changed(name: str, *sources: str) -> str:
    """The shipped policy with one line said otherwise, or left out."""
    read = {**directives(SHIPPED), name: list(sources)}
    return "; ".join(f"{n} {' '.join(s)}" for n, s in read.items() if s)


# What a policy must not say: each must be found by the rules here, and those about scripts by the evaluator too.
HOLES = {
    "inline scripts": changed("script-src", "'self'", "'unsafe-inline'"),
    "scripts from everywhere": changed("script-src", "*"),
    "scripts from every encrypted site": changed("script-src", "'self'", "https:"),
    "scripts as data": changed("script-src", "'self'", "data:"),
    "scripts of a neighbour": changed("script-src", "'self'", "https://ajax.googleapis.com"),
    "no word on scripts and objects": "; ".join(p for p in SHIPPED.split("; ") if not p.startswith(("def", "script"))),
}
MORE_HOLES = {
    "scripts made of text": changed("script-src", "'self'", "'unsafe-eval'"),
    "inline styles": changed("style-src", "'self'", "'unsafe-inline'"),
    "pictures from everywhere": changed("img-src", "'self'", "*"),
    "pictures as data": changed("img-src", "'self'", "data:"),
    "forms to anywhere": changed("form-action"),
    "forms to another site": changed("form-action", "'self'", "https://evil.example"),
    "another base": changed("base-uri"),
    "in anybody's frame": changed("frame-ancestors"),
    "in our own frame": changed("frame-ancestors", "'self'"),
    "objects": changed("object-src", "'self'"),
    "talk to everybody": changed("connect-src", "'self'", "wss:"),
    "a default that lets in": changed("default-src", "'self'"),
    "nothing at all": "",
}


def test_the_policy_lets_in_our_own_files_and_nothing_else():
    assert weaknesses(SHIPPED) == []
    assert directives(SHIPPED)["script-src"] == directives(SHIPPED)["form-action"] == ["'self'"], "pages still work"


@pytest.mark.parametrize("hole", [*HOLES, *MORE_HOLES])
def test_a_hole_in_the_policy_is_found(hole):
    assert weaknesses({**HOLES, **MORE_HOLES}[hole])


def test_the_evaluator_finds_each_hole_for_scripts_and_none_in_ours(judge):
    found = {name: judge(policy) for name, policy in {**HOLES, "ours": SHIPPED}.items()}
    assert found["ours"], "it has something to say of 'self'"
    worse = {name for name, findings in found.items() if any(finding["severity"] < MAYBE for finding in findings)}
    assert worse == set(HOLES)
