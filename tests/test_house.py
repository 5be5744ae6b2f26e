"""The whole house, not each room: what no file may hold, and what must stand beside what."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from app.web.access import GUARDS
from tests import translations

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))
STATIC = ROOT / "app" / "static"
# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"),
    ("npmmirror", "com"), ("pypi", "tuna"), ("mirrors", "aliyun"), ("deb", "debian", "org"),
)]  # fmt: skip
MADE_HERE = {".git", ".venv", "instance", "pictures", "node_modules", "__pycache__", ".hypothesis", ".mypy_cache",
             ".pytest_cache", ".ruff_cache", ".import_linter_cache"}  # fmt: skip
UNSAFE = {
    r"\|\s*safe\b": "lets markup through unescaped",
    r"autoescape\s+false": "lets markup through unescaped",
    r"<script(?![^>]*\bsrc=)": "inline script",
    r"<style\b|\sstyle=": "inline style",
    r"\son[a-z]+=[\"']": "inline handler",
    r"javascript:": "inline script",
}


def tracked(pattern: str = "*") -> list[Path]:
    """Files of the project, without what is made on this machine."""
    return [
        path
        for path in sorted(ROOT.rglob(pattern))
        if path.is_file() and not MADE_HERE & set(path.relative_to(ROOT).parts)
    ]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def names_in(requirements: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in text_of(ROOT / requirements).splitlines())
    return {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-") for line in lines if line and line[0] != "-"}


def test_no_file_names_the_host_of_a_registry():
    found = [
        (path.name, host)
        for path in tracked()
        if path.suffix != ".ttf"
        for text in [text_of(path)]
        for host in REGISTRY_HOSTS
        if host in text
    ]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "app" / "templates")))
def test_a_template_is_safe_by_its_wording(path):
    text = re.sub(r"\{#.*?#\}", "", text_of(path), flags=re.DOTALL)
    assert [why for pattern, why in UNSAFE.items() if re.search(pattern, text, re.IGNORECASE)] == []


def test_no_template_is_made_of_what_people_typed():
    made = re.compile(r"render_template_string|from_string\(|Markup\(f[\"']|Markup\([^)\"'](?!.*# noqa: S704 - .)")
    found = [path.name for path in sorted((ROOT / "app").rglob("*.py")) if made.search(text_of(path))]
    assert found == []


def test_each_door_has_a_guard(app):
    assert set(app.blueprints) <= GUARDS.keys()
    assert None not in GUARDS
    for roles in GUARDS.values():
        assert roles


def test_pages_outside_any_blueprint_are_files_alone(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules() if "." not in rule.endpoint} <= {"static"}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_asked_for_is_pinned_with_hashes(name):
    blocks = re.split(r"^(?=[a-z0-9])", text_of(ROOT / f"{name}.txt"), flags=re.MULTILINE)[1:]
    pinned = {re.split(r"[\[=]", block)[0]: block for block in blocks}
    assert {package for package, block in pinned.items() if f"-r {name}.in\n" in block} == names_in(f"{name}.in")
    assert [package for package, block in pinned.items() if "==" not in block or "--hash=sha256:" not in block] == []


def test_each_direct_dependency_has_its_reason():
    reasons = text_of(ROOT / "docs" / "dependencies.md").lower()
    missing = [n for n in names_in("requirements.in") | names_in("requirements-dev.in") if f"| {n} |" not in reasons]
    assert missing == []


def test_each_vendored_file_names_its_licence():
    reasons = text_of(ROOT / "docs" / "dependencies.md")
    vendored = [
        *(ROOT / "tests" / "browser" / "vendor").glob("*.js"),
        *(ROOT / "app" / "fonts").glob("*.ttf"),
        *(path for path in (STATIC / "vendor").iterdir() if path.suffix != ".txt"),
        ROOT / "app" / "models" / "common_passwords.txt",
    ]
    assert len(vendored) >= 2
    assert [path.name for path in vendored if path.name not in reasons] == []


def test_each_setting_is_explained():
    read = set(
        re.findall(
            r"environ(?:\.get)?[\[(]\"([A-Z_]+)\"", text_of(ROOT / "config.py") + text_of(ROOT / "gunicorn.conf.py")
        )
    )
    assert len(read) >= 8
    for name in ("README.md", "README.zh.md"):
        assert [setting for setting in read if f"`{setting}`" not in text_of(ROOT / name)] == [], name


def test_style_and_scripts_are_small():
    for pattern, most in (("*.css", 15_000), ("*.js", 15_000)):
        files = sorted(STATIC.glob(pattern))
        assert sum(len(gzip.compress(path.read_bytes(), 1)) for path in files) <= most, pattern
    assert not list(STATIC.rglob("*.woff*"))


def test_what_draws_the_pictures_is_no_larger_than_it_must_be():
    packed = {path.name: len(gzip.compress(path.read_bytes(), 1)) for path in (STATIC / "vendor").iterdir()}
    assert packed.pop("echarts.min.js") <= 230_000
    assert packed.pop("jilin-city.json") <= 8_000
    assert [name for name in packed if not name.endswith(".LICENSE.txt")] == []


def test_links_in_the_documents_lead_somewhere():
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(path)):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_sentence_can_be_translated():
    assert translations.complaints() == []


def test_a_translation_has_the_placeholders_of_its_sentence_and_no_markup():
    assert translations.unsound("%(n)s 人", "%(n)s people") == []
    assert translations.unsound("按“保存”。", "Press “Save”.") == []
    for sentence, translation in (
        ("首页", ""), ("首页", None), ("%(n)s 人", "people"), ("首页", "%(n)s home"), ("百分比", "per % cent"),
        ("按“保存”。", 'Press "Save".'), ("首页", "<b>Home</b>"),
    ):  # fmt: skip
        assert translations.unsound(sentence, translation), translation


def test_sentences_are_found_wherever_they_are_marked():
    catalog = translations.extract()
    for sentence, where in (
        ("跳到正文", "a template"),
        ("昌邑区", "N_ in a dictionary"),
        ("这个班没有发布或已取消，不能加人。", "N_ in a refusal"),
        ("找课程", "gettext in a view"),
    ):
        assert sentence in catalog, where


def test_a_sentence_that_is_not_marked_is_found():
    assert translations.unmarked("<p>你好</p>") == ["<p>你好</p>"]
    assert translations.unmarked("""{% set x = "你好" %}""") == ["""{% set x = "你好" %}"""]
    assert translations.unmarked("""<p>{{ _("你好，%(x)s", x=name) }}</p>{# 注 #}{% if y == "甲" %}{% endif %}""") == []
