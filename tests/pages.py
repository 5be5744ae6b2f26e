"""What every page keeps, asked of each page that any test fetches."""

from __future__ import annotations

import re
from typing import Any

import html5lib
from werkzeug.test import TestResponse

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def check_page(answer: TestResponse) -> None:
    """One h1 and a title that begins with it, valid HTML, unique ids, labels, nothing inline."""
    text = answer.get_data(as_text=True)
    where = f"{answer.request.method} {answer.request.path}"
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=True)
    tree = parser.parse(text)
    assert not parser.errors, f"{where}: invalid HTML {parser.errors[:3]}"
    elements = list(tree.iter())
    tags = [(str(e.tag).removeprefix(_NAMESPACE), e) for e in elements if isinstance(e.tag, str)]
    headings = [_words(e) for tag, e in tags if tag == "h1"]
    assert len(headings) == 1, f"{where}: {len(headings)} h1"
    title = next((_words(e) for tag, e in tags if tag == "title"), "")
    expected = (f"错误：{headings[0]}", f"Error: {headings[0]}", headings[0])
    assert title.startswith(expected), f"{where}: the title {title!r} does not begin with the h1 {headings[0]!r}"
    ids = [e.get("id") for _, e in tags if e.get("id")]
    assert len(ids) == len(set(ids)), f"{where}: an id stands twice"
    html = next(e for tag, e in tags if tag == "html")
    assert html.get("lang"), f"{where}: no language"
    for tag, e in tags:
        _check_element(where, tag, e, set(ids))


def _check_element(where: str, tag: str, e: Any, ids: set[str]) -> None:
    assert tag != "style" and not e.get("style"), f"{where}: inline style"
    assert not (tag == "script" and not e.get("src")), f"{where}: inline script"
    assert not [name for name in e.attrib if str(name).startswith("on")], f"{where}: inline handler on {tag}"
    if tag in ("input", "select", "textarea") and e.get("type") not in ("hidden", "submit", "checkbox", "radio"):
        assert e.get("id") or e.get("aria-label"), f"{where}: an unlabelled field {e.get('name')}"
    for name in ("aria-describedby", "aria-labelledby", "for"):
        for target in (e.get(name) or "").split():
            assert target in ids, f"{where}: {name}={target} leads nowhere"
    if tag == "form":
        assert e.get("method", "get").lower() in ("get", "post"), f"{where}: form method"
    for name in ("src", "href", "action"):
        assert not re.match(r"(https?:)?//", e.get(name) or ""), f"{where}: third-party {name}"


def _words(e: Any) -> str:
    return " ".join("".join(e.itertext()).split())
