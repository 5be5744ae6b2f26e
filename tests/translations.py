"""The catalogue of translations: taken from the code, kept in step, and asked whether anything is missing.

``python -m tests.translations`` checks; with ``--update`` it brings the English catalogue in step.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
CHINESE = re.compile(r"[\u3400-\u9fff]")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MARKED = re.compile(r"""(?:\b_|\b[np]?gettext)\(\s*(?:"[^"]*"|'[^']*')(?:\s*,\s*(?:"[^"]*"|'[^']*'))?""")
_TRANS = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%(?!\()")
_TEST = re.compile(r"""(?:==|!=|\bin\b)\s*(?:"[^"]*"|'[^']*')""")


def extract() -> Catalog:
    """Every marked sentence: gettext, _ and N_ in the code, _ in the templates."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(project="jiangcheng-xuetang", charset="utf-8", header_comment="# 江城学堂")
    found = extract_from_dir(ROOT, methods, options, keywords={**DEFAULT_KEYWORDS, "N_": None})
    for name, _line, message, _comments, context in found:
        catalog.add(message, locations=[(name.replace("\\", "/"), None)], context=context)  # type: ignore[list-item]
    return catalog


def unmarked(template: str) -> list[str]:
    """Chinese words of a template that no translation can reach."""
    text = _TRANS.sub("", _COMMENT.sub("", template))
    found = [line.strip() for line in _JINJA.sub("\n", text).splitlines() if CHINESE.search(line)]
    for code in _JINJA.findall(text):
        rest = _TEST.sub("", _MARKED.sub("", code))
        if CHINESE.search(rest):
            found.append(code)
    return found


def complaints() -> list[str]:
    """What is wrong with the sentences, one line each."""
    lines = []
    for path in sorted((ROOT / "app" / "templates").rglob("*.html")):
        name = path.relative_to(ROOT)
        lines += [f"{name}: not marked for translation: {words}" for words in unmarked(path.read_text("utf-8"))]
    sentences = {message.id for message in extract() if message.id}
    if not sentences:
        lines.append("no sentence was found in app/")
    with ENGLISH.open("rb") as file:
        english = {message.id: message.string for message in read_po(file, locale="en")}
    for sentence in sorted(sentences):
        lines += unsound(sentence, english.get(sentence))
    return lines


def unsound(sentence: str, translation: str | None) -> list[str]:
    """What is wrong with one translation: missing, other placeholders, signs that would break an attribute."""
    if not translation:
        return [f"no English for: {sentence} (make translations lists it in {ENGLISH.relative_to(ROOT)})"]
    if set(_PLACEHOLDER.findall(sentence)) != set(_PLACEHOLDER.findall(translation)):
        return [f"other placeholders than the Chinese: {translation}"]
    if '"' in translation or "<" in translation or "&" in translation:
        return [f"write “ ” instead of straight quotes, and no markup: {translation}"]
    return []


def update() -> None:
    """Bring the English catalogue in step; what is translated stays."""
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    old = Catalog(locale="en", fuzzy=False)
    if ENGLISH.exists():
        with ENGLISH.open("rb") as file:
            old = read_po(file, locale="en")
    old.project, old.version, old.copyright_holder = "jiangcheng-xuetang", "0", "The 江城学堂 contributors"
    old.header_comment, old.fuzzy = (
        "# The English pages of 江城学堂.",
        False,
    )
    old.update(extract(), no_fuzzy_matching=True)
    with ENGLISH.open("wb") as file:
        write_po(file, old, omit_header=False, sort_output=True, no_location=True, ignore_obsolete=True, width=120)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    wrong = complaints()
    sys.exit("\n".join(wrong) or 0)
