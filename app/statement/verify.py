#!/usr/bin/env python3
"""Recompute a signed year from its file alone. Needs Python 3.10 or newer and nothing else.

    python3 verify.py FILE [--digest DIGEST] [--against OTHER_FILE]

FILE is the SQLite file of a signed year, DIGEST the 64 signs printed on the
statement. With --against, two copies are held against each other row by row.
Answers 0 when everything agrees, 1 when something differs, 2 when the file
cannot be read.

How the digest is made. Every table is read in the order of its column n,
each row as a JSON array of all columns but the last (UTF-8, no blanks,
nothing escaped that need not be). The digest of a table is SHA-256 of its
rows, each followed by a line feed. The digest of the file is SHA-256 of the
lines "table NAME ROWS DIGEST", "column TABLE NAME TYPE" and "view NAME
DIGEST" in the order below. How SQLite lays the rows into bytes does not
matter. The last column, seal, is the beginning of SHA-256 of the seal of
the row before and the row: it tells which row was touched.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMAT = "1"
_N = ("n", "INTEGER")
_FIGURES = (
    ("persons", "INTEGER"),
    ("persons_max", "INTEGER"),
    ("person_times", "INTEGER"),
    ("group_headcount", "INTEGER"),
    ("person_times_total", "INTEGER"),
    ("class_hundredths", "INTEGER"),
    ("completions", "INTEGER"),
    ("certificates", "INTEGER"),
)


def _texts(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "TEXT") for name in names)


# What stands in a file; days are ISO text, hundredths are of a class hour.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "about": (_N, *_texts("name", "value")),
    "rule": (_N, *_texts("number", "words", "view")),
    "category": (_N, *_texts("key", "name")),
    "division": (_N, *_texts("key", "name")),
    "provider": (_N, ("key", "INTEGER"), *_texts("name", "division")),
    # cancelled: was it called off?
    "offering": (
        _N,
        ("offering", "INTEGER"),
        ("provider", "INTEGER"),
        *_texts("number", "course", "category", "division", "starts_on", "ends_on"),
        ("planned_hundredths", "INTEGER"),
        ("cancelled", "INTEGER"),
    ),
    "lesson": (_N, ("offering", "INTEGER"), *_texts("held_on"), ("class_hundredths", "INTEGER")),
    # sign_up and person are pseudonyms of this file; left_out says why it never counts (staff, gone, teacher, moved to
    # another offering);
    # of_age: 60 or more on the offering's first day; hours: {"month": hundredths}; roll: a letter for each lesson of
    # the offering in this year, in the order of table lesson (P present, L late, E left early, V leave, A absent,
    # U unmarked, - nothing said).
    "sign_up": (
        _N,
        *_texts("sign_up", "person"),
        ("offering", "INTEGER"),
        *_texts("left_out", "applied_on", "registered_on", "withdrawn_on", "first_attended_on", "completed_on"),
        ("of_age", "INTEGER"),
        *_texts("hours", "roll"),
    ),
    "certificate": (_N, *_texts("certificate", "sign_up", "system", "name", "level", "issued_on")),
    "group_visit": (
        _N,
        ("offering", "INTEGER"),
        *_texts("visited_on", "group_name"),
        ("headcount", "INTEGER"),
        *_texts("basis"),
    ),
    "open_pair": (_N, *_texts("a", "b")),
    "document": (_N, *_texts("person", "kind", "number")),
    "reported": (_N, ("provider", "INTEGER"), *_texts("name", "value", "valid_on", "document")),
    "open_question": (_N, *_texts("kind", "subject", "words"), ("amount", "INTEGER")),
    "signed": (_N, ("provider", "INTEGER"), *_texts("name", "digest"), ("sequence", "INTEGER"), *_FIGURES),
    "change": (_N, *_texts("table_name", "what", "words")),
    "total": (_N, *_texts("by_what", "key", "label"), *_FIGURES),
}
SEAL = ("seal", "TEXT")
INDEXES = {"sign_up_of_person": ("sign_up", ("person", "offering")), "offering_of_key": ("offering", ("offering",))}

_YEAR = "(SELECT value FROM about WHERE name = 'year')"
_TRAINING = "(SELECT CAST(value AS INTEGER) FROM about WHERE name = 'min_planned_hundredths')"
# The dimensions of a table: its name, its key, which offerings. Certificates stand wherever they were earned (R15).
_DIMENSIONS = (
    ("all", "''", "training"),
    ("category", "category", "training"),
    ("division", "division", "training"),
    ("provider", "CAST(provider AS TEXT)", "training"),
    ("month", "CAST(month AS TEXT)", "training"),
    ("activity", "category", "NOT training"),
    ("activities", "''", "NOT training"),
)


def _exploded(columns: str, source: str, wherever: str = "", each: str = "") -> str:
    parts = []
    for name, key, which in _DIMENSIONS:
        if wherever:
            which = f"CASE WHEN {wherever} THEN {int(not name.startswith('activ'))} ELSE {which} END"
        parts.append(f"SELECT '{name}' AS by_what, {key} AS key, {columns} FROM {source} WHERE {which} {each}".rstrip())
    return "\nUNION ALL ".join(parts)


# The rules as SQL; the file holds them under these names. Every word of them stands above or here.
VIEWS: dict[str, str] = {
    # R15: below the least number of planned class hours an offering is an activity.
    "kind_of_offering": f"""SELECT offering, provider, category, division, planned_hundredths >= {_TRAINING} AS training
FROM offering""",
    # R2, R3, R7: one human being in one offering, in the year they first came; the earliest stands for all.
    "attended": f"""SELECT s.n, s.person, s.offering, s.of_age,
CAST(substr(s.first_attended_on, 6, 2) AS INTEGER) AS month, o.provider, o.category, o.division, o.training
FROM sign_up s JOIN kind_of_offering o ON o.offering = s.offering
WHERE s.left_out = '' AND substr(s.first_attended_on, 1, 4) = {_YEAR}
AND NOT EXISTS (SELECT 1 FROM sign_up e WHERE e.person = s.person AND e.offering = s.offering AND e.left_out = ''
AND (e.first_attended_on < s.first_attended_on OR (e.first_attended_on = s.first_attended_on AND e.n < s.n)))""",
    # R9, R10: completions by their date, once for a human being in an offering.
    "completed": f"""SELECT s.offering, CAST(substr(s.completed_on, 6, 2) AS INTEGER) AS month
FROM sign_up s WHERE s.left_out = '' AND substr(s.completed_on, 1, 4) = {_YEAR}
AND NOT EXISTS (SELECT 1 FROM sign_up e WHERE e.person = s.person AND e.offering = s.offering AND e.left_out = ''
AND (e.completed_on < s.completed_on OR (e.completed_on = s.completed_on AND e.n < s.n)))""",
    # R9: class hours by the month of the lesson.
    "hours_of_month": """SELECT s.offering, CAST(h.key AS INTEGER) AS month, h.value AS hundredths
FROM sign_up s, json_each(s.hours) h WHERE s.left_out = '' AND s.hours <> ''""",
    # R9, R15: certificates by issue date.
    "certified": f"""SELECT s.offering, CAST(substr(c.issued_on, 6, 2) AS INTEGER) AS month
FROM certificate c JOIN sign_up s ON s.sign_up = c.sign_up
WHERE s.left_out = '' AND substr(c.issued_on, 1, 4) = {_YEAR}""",
    # R13: a group once a day at its largest; the offering once, at its highest day, dated by the first.
    "group_of_offering": f"""SELECT offering, CAST(substr(min(visited_on), 6, 2) AS INTEGER) AS month,
max(headcount) AS headcount FROM (
SELECT offering, visited_on, sum(headcount) AS headcount FROM (
SELECT g.offering, g.visited_on, g.group_name, max(g.headcount) AS headcount
FROM group_visit g JOIN offering o ON o.offering = g.offering
WHERE instr((SELECT value FROM about WHERE name = 'group_categories'), ',' || o.category || ',') > 0
GROUP BY g.offering, g.visited_on, g.group_name) GROUP BY offering, visited_on)
GROUP BY offering HAVING substr(min(visited_on), 1, 4) = {_YEAR}""",
    # R1, R8: registered in elderly education at some time in the year; came = 1: and came.
    "on_the_books": f"""SELECT s.person, s.first_attended_on IS NOT NULL
AND s.first_attended_on <= {_YEAR} || '-12-31' AS came
FROM sign_up s JOIN offering o ON o.offering = s.offering JOIN kind_of_offering k ON k.offering = s.offering
WHERE o.category = 'elderly' AND k.training AND s.left_out = ''
AND s.registered_on <= {_YEAR} || '-12-31' AND o.ends_on >= {_YEAR} || '-01-01'
AND (s.withdrawn_on IS NULL OR (s.withdrawn_on >= {_YEAR} || '-01-01' AND s.first_attended_on IS NOT NULL))
AND (NOT o.cancelled OR s.first_attended_on IS NOT NULL)""",
    # What adds up, by offering and month.
    "amount": """SELECT 'person_times' AS measure, offering, month, count(*) AS amount FROM attended GROUP BY 2, 3
UNION ALL SELECT 'group_headcount', offering, month, headcount FROM group_of_offering
UNION ALL SELECT 'class_hundredths', offering, month, sum(hundredths) FROM hours_of_month GROUP BY 2, 3
UNION ALL SELECT 'completions', offering, month, count(*) FROM completed GROUP BY 2, 3
UNION ALL SELECT 'certificates', offering, month, count(*) FROM certified GROUP BY 2, 3""",
    # R6: persons are distinct in each row of a table.
    "crowd": f"""WITH came AS MATERIALIZED (SELECT person, category, division, provider, month, training FROM attended)
{_exploded("count(DISTINCT person) AS persons", "came", each="GROUP BY 1, 2")}
UNION ALL SELECT 'on_the_books', 'registered', count(DISTINCT person) FROM on_the_books
UNION ALL SELECT 'on_the_books', 'came', count(DISTINCT person) FROM on_the_books WHERE came""",
    # R20: by how many people a row shrinks when its open pairs are taken as one.
    "too_many": f"""WITH RECURSIVE
paired AS MATERIALIZED (SELECT a AS person FROM open_pair UNION SELECT b FROM open_pair),
few AS MATERIALIZED (SELECT * FROM attended WHERE person IN (SELECT person FROM paired)),
cell AS MATERIALIZED (SELECT DISTINCT by_what, key, person FROM (
{_exploded("person", "few")}
UNION ALL SELECT 'on_the_books', 'registered', person FROM on_the_books WHERE person IN (SELECT person FROM paired)
UNION ALL SELECT 'on_the_books', 'came', person FROM on_the_books
WHERE came AND person IN (SELECT person FROM paired))),
one_way AS MATERIALIZED (SELECT x.by_what, x.key, p.a, p.b FROM open_pair p JOIN cell x ON x.person = p.a
JOIN cell y ON y.person = p.b AND y.by_what = x.by_what AND y.key = x.key),
beside AS MATERIALIZED (SELECT by_what, key, a, b FROM one_way UNION SELECT by_what, key, b, a FROM one_way),
reach(by_what, key, start, member) AS (SELECT by_what, key, a, a FROM beside
UNION SELECT r.by_what, r.key, r.start, e.b FROM reach r
JOIN beside e ON e.by_what = r.by_what AND e.key = r.key AND e.a = r.member),
member AS MATERIALIZED (SELECT by_what, key, start AS person, min(member) AS leader FROM reach GROUP BY 1, 2, 3),
size AS (SELECT by_what, key, leader, count(*) AS people FROM member GROUP BY 1, 2, 3),
known AS (SELECT m.by_what, m.key, m.leader, d.kind, count(DISTINCT d.number) AS numbers
FROM member m JOIN document d ON d.person = m.person GROUP BY 1, 2, 3, 4),
certain AS (SELECT by_what, key, leader, sum(numbers) AS documents, max(numbers) AS most FROM known GROUP BY 1, 2, 3)
SELECT s.by_what, s.key, sum(s.people - CASE WHEN coalesce(c.documents, 0) < 2 THEN 1
WHEN c.most < s.people THEN c.most ELSE s.people END) AS people
FROM size s LEFT JOIN certain c ON c.by_what = s.by_what AND c.key = s.key AND c.leader = s.leader GROUP BY 1, 2""",
    # R16: of elderly education, aged 60 or more, younger, unknown; a person is of age who was so once in the year.
    "elderly_age": """WITH each AS MATERIALIZED (SELECT person, of_age FROM attended
WHERE category = 'elderly' AND training),
human AS (SELECT person, max(of_age) AS of_age FROM each GROUP BY person),
age(key, of_age) AS (VALUES ('60+', 1), ('0-59', 0), ('unknown', NULL))
SELECT key, (SELECT count(*) FROM human WHERE human.of_age IS age.of_age) AS persons,
(SELECT count(*) FROM each WHERE each.of_age IS age.of_age) AS person_times FROM age""",
    # The figures as they are printed: persons to persons_max from open pairs taken as one to taken as two (R20).
    "figures": f"""WITH
here AS MATERIALIZED (SELECT a.measure, a.month, a.amount, k.* FROM amount a
JOIN kind_of_offering k ON k.offering = a.offering),
cell AS (SELECT by_what, key, measure, sum(amount) AS amount FROM (
{_exploded("measure, amount", "here", "measure = 'certificates'")}) GROUP BY 1, 2, 3),
wide AS MATERIALIZED (SELECT by_what, key,
sum(CASE measure WHEN 'person_times' THEN amount ELSE 0 END) AS person_times,
sum(CASE measure WHEN 'group_headcount' THEN amount ELSE 0 END) AS group_headcount,
sum(CASE measure WHEN 'class_hundredths' THEN amount ELSE 0 END) AS class_hundredths,
sum(CASE measure WHEN 'completions' THEN amount ELSE 0 END) AS completions,
sum(CASE measure WHEN 'certificates' THEN amount ELSE 0 END) AS certificates FROM cell GROUP BY 1, 2),
people AS MATERIALIZED (SELECT c.by_what, c.key, c.persons - coalesce(t.people, 0) AS persons, c.persons AS persons_max
FROM crowd c LEFT JOIN too_many t ON t.by_what = c.by_what AND t.key = c.key WHERE c.persons > 0)
SELECT w.by_what, w.key, coalesce(p.persons, 0) AS persons, coalesce(p.persons_max, 0) AS persons_max, w.person_times,
w.group_headcount, w.person_times + w.group_headcount AS person_times_total, w.class_hundredths, w.completions,
w.certificates FROM wide w LEFT JOIN people p ON p.by_what = w.by_what AND p.key = w.key
UNION ALL SELECT by_what, key, persons, persons_max, 0, 0, 0, 0, 0, 0 FROM people WHERE by_what = 'on_the_books'
UNION ALL SELECT 'elderly_age', key, persons, persons, person_times, 0, person_times, 0, 0, 0 FROM elderly_age
WHERE person_times > 0""",
}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=lambda odd: f"?{bytes(odd).hex()}").encode


def canonical(row: Any) -> bytes:
    """A row without its seal as the bytes that are digested."""
    return _encode(list(row)).encode("utf-8", "surrogatepass")


class Sealing:
    """One table while its rows go by: the seal of each, and the digest of all."""

    def __init__(self) -> None:
        self.rows, self.seal, self._all = 0, "", hashlib.sha256()

    def next(self, row: Any) -> str:
        """The seal of the next row."""
        line = canonical(row)
        self.rows += 1
        self._all.update(line + b"\n")
        self.seal = hashlib.sha256(self.seal.encode() + line).hexdigest()[:16]
        return self.seal

    @property
    def digest(self) -> str:
        return self._all.hexdigest()


def digest_of(tables: dict[str, tuple[int, str]]) -> str:
    """The digest of a file, of each table's number of rows and digest."""
    lines = [f"format {FORMAT}"]
    for name, columns in TABLES.items():
        lines.append("table {} {} {}".format(name, *tables[name]))
        lines += [f"column {name} {column} {kind}" for column, kind in columns]
    lines += [f"view {name} {hashlib.sha256(sql.encode()).hexdigest()}" for name, sql in VIEWS.items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def figures(base: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of the view of that name, in the order in which they are printed."""
    order = {name: place for place, (name, _, _) in enumerate(_DIMENSIONS)}
    found = base.execute("SELECT * FROM figures").fetchall()
    yield from sorted(found, key=lambda row: (order.get(row[0], 99), row[0], len(row[1]), row[1]))


class Verdict:
    """What was found: ``wrong`` holds a sentence for each thing that does not agree."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.digest = ""
        self.stored = ""
        self.rows = 0
        self.about: dict[str, str] = {}

    def say(self, sentence: str) -> None:
        if len(self.wrong) < 1000:
            self.wrong.append(sentence)


def open_file(path: str) -> sqlite3.Connection:
    """The file for reading only. Raises sqlite3.Error when it is none."""
    base = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return base


def check(base: Any) -> Verdict:
    """Everything that the file alone can tell."""
    verdict = Verdict()
    _check_form(base, verdict)
    if verdict.wrong:
        return verdict
    told = {name: (rows, digest) for name, rows, digest in base.execute("SELECT name, rows, digest FROM content")}
    verdict.stored = told.pop("", (0, ""))[1]
    found = {}
    for name, columns in TABLES.items():
        found[name] = _check_rows(base, name, columns, told.get(name, (0, "")), verdict)
    verdict.about = dict(base.execute("SELECT name, value FROM about"))
    verdict.rows = sum(rows for rows, _ in found.values())
    verdict.digest = digest_of(found)
    if set(told) - set(TABLES):
        verdict.say(f"content 表里有多余的行：{'、'.join(sorted(set(told) - set(TABLES)))}")
    if verdict.digest != verdict.stored:
        verdict.say(f"content 表写的摘要是 {verdict.stored}，按内容算出的是 {verdict.digest}")
    if verdict.about.get("format") != FORMAT:
        verdict.say(f"about 表写的格式是 {verdict.about.get('format')}，这个程序只认 {FORMAT}")
    _check_totals(base, verdict)
    return verdict


def _check_form(base: Any, verdict: Verdict) -> None:
    """Tables, columns, views: no less, no more, no other."""
    broken = base.execute("PRAGMA integrity_check(5)").fetchall()
    if broken != [("ok",)]:
        for (words,) in broken:
            verdict.say(f"SQLite 说文件已损坏：{words}")
    objects = {(kind, name): sql for kind, name, sql in base.execute("SELECT type, name, sql FROM sqlite_master")}
    wanted = {("table", name) for name in (*TABLES, "content")} | {("view", name) for name in VIEWS}
    wanted |= {("index", name) for name in INDEXES}
    for kind, name in sorted(wanted - set(objects)):
        verdict.say(f"缺少 {kind} {name}")
    wanted.add(("index", "sqlite_autoindex_content_1"))
    for kind, name in sorted(set(objects) - wanted):
        verdict.say(f"多出 {kind} {name}")
    for name, columns in TABLES.items():
        told = [(row[1], row[2].upper()) for row in base.execute(f'PRAGMA table_info("{name}")')]
        if told and told != [*columns, SEAL]:
            verdict.say(f"表 {name} 的列不是约定的列")
    for name, sql in VIEWS.items():
        if ("view", name) in objects and not objects["view", name].rstrip().endswith(f"AS {sql}"):
            verdict.say(f"视图 {name} 不是规则的原文")


def _check_rows(base: Any, name: str, columns: Any, told: tuple[int, str], verdict: Verdict) -> tuple[int, str]:
    """Row after row: is it the next, and does its seal fit?"""
    sealing, expected, before = Sealing(), 1, ""
    listed = ", ".join(f'"{column}"' for column, _ in columns)
    here = len(verdict.wrong)
    for row in base.execute(f'SELECT {listed}, seal FROM "{name}" ORDER BY n'):
        n, seal = row[0], row[-1]
        sealing.seal = before
        right = sealing.next(row[:-1])
        if n != expected:
            missing = f"第 {expected} 行" if n == expected + 1 else f"第 {expected} 至 {n - 1} 行"
            verdict.say(f"{name} 表缺{missing}" if n > expected else f"{name} 表多出第 {n} 行")
        elif seal != right:
            also = f"（或第 {n - 1} 行）" if n > 1 else ""
            verdict.say(f"{name} 表第 {n} 行{also}被改过：{row_words(columns, row)}")
        expected, before = n + 1, str(seal)
    if expected <= told[0]:
        verdict.say(f"{name} 表缺第 {expected} 至 {told[0]} 行")
    elif expected - 1 > told[0]:
        verdict.say(f"{name} 表多出第 {told[0] + 1} 至 {expected - 1} 行")
    if (sealing.rows, sealing.digest) != told and len(verdict.wrong) == here:
        verdict.say(f"{name} 表最后一行（第 {expected - 1} 行）或整张表被重写过，或者 content 表里它的那一行被改过")
    return sealing.rows, sealing.digest


def row_words(columns: Any, row: Any) -> str:
    """A row in one line."""
    return "，".join(
        f"{column}={value}" for (column, _), value in zip(columns, row, strict=False) if value not in (None, "")
    )


def _check_totals(base: Any, verdict: Verdict) -> None:
    """The printed totals again, by the rules from the rows."""
    try:
        counted = {row[:2]: row[2:] for row in figures(base)}
    except sqlite3.Error as problem:
        verdict.say(f"合计不能按明细重算：{problem}")
        return
    columns = ", ".join(name for name, _ in _FIGURES)
    printed = {row[:2]: (row[2], row[3:]) for row in base.execute(f"SELECT by_what, key, n, {columns} FROM total")}
    for cell in sorted(set(counted) | set(printed)):
        n, values = printed.get(cell, (None, ()))
        if counted.get(cell, ()) != values:
            again = counted.get(cell, "没有")
            verdict.say(f"total 表第 {n} 行 {cell[0]} {cell[1]}：写的是 {values}，按明细重算是 {again}")


def compare(one: Any, other: Any) -> list[str]:
    """Two copies of one statement, row by row: what differs."""
    wrong: list[str] = []
    for name, columns in TABLES.items():
        listed = ", ".join(f'"{column}"' for column, _ in columns)
        ask = f'SELECT {listed} FROM "{name}" ORDER BY n'
        here, there = iter(one.execute(ask)), iter(other.execute(ask))
        a: Any = next(here, None)
        b: Any = next(there, None)
        while a is not None or b is not None:
            if b is None or (a is not None and a[0] < b[0]):
                wrong.append(f"{name} 表第 {a[0]} 行只在这一份里：{row_words(columns, a)}")
                a = next(here, None)
            elif a is None or b[0] < a[0]:
                wrong.append(f"{name} 表第 {b[0]} 行只在另一份里：{row_words(columns, b)}")
                b = next(there, None)
            else:
                if a != b:
                    both = [
                        f"{c}：这一份 {x}，另一份 {y}" for (c, _), x, y in zip(columns, a, b, strict=False) if x != y
                    ]
                    wrong.append(f"{name} 表第 {a[0]} 行不同：{'；'.join(both)}")
                a, b = next(here, None), next(there, None)
            if len(wrong) >= 1000:
                return wrong
    return wrong


def verify(path: str, digest: str = "", against: str = "") -> Verdict:
    """The whole of it. Raises sqlite3.Error when the file cannot be read as a database at all."""
    base = open_file(path)
    try:
        verdict = check(base)
        if digest and verdict.digest and verdict.digest != plain_digest(digest):
            verdict.say(f"印在签认表上的摘要是 {plain_digest(digest)}，这个文件的是 {verdict.digest}：不是同一份")
        if against:
            other = open_file(against)
            try:
                for sentence in compare(base, other):
                    verdict.say(sentence)
            finally:
                other.close()
        return verdict
    finally:
        base.close()


def plain_digest(text: str) -> str:
    """A digest as it is compared: printed in groups or in capitals it is the same."""
    return "".join(text.split()).replace("-", "").lower()


def report(verdict: Verdict) -> str:
    about = verdict.about
    lines = []
    if about:
        lines.append(f"{about.get('title', '')}，规则 {about.get('rule_set', '')} 版，{verdict.rows} 行")
    if verdict.digest:
        lines.append(f"摘要 {verdict.digest}")
    lines += [f"✕ {sentence}" for sentence in verdict.wrong]
    lines.append("✕ 不符" if verdict.wrong else "✓ 相符：明细、封签、规则和合计都对得上")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(description="Recompute a signed year from its file alone.")
    asked.add_argument("file")
    asked.add_argument("--digest", default="", help="the 64 signs printed on the statement")
    asked.add_argument("--against", default="", help="another copy of the same file")
    wanted = asked.parse_args(arguments)
    try:
        verdict = verify(wanted.file, wanted.digest, wanted.against)
    except (sqlite3.Error, OSError, ValueError, TypeError) as problem:
        print(f"✕ 读不了这个文件：{problem}")
        return 2
    print(report(verdict))
    if not wanted.digest:
        print("请把上面的摘要和签认表上印的对一遍。")
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
