"""One signed year as one SQLite file that needs nothing else: rows, rules, totals, open questions and digests.

Written with sqlite-utils, in parts, so that memory does not grow with the
year; `verify` reads it with the standard library alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from app.models import Provider
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES, RULE_SET
from app.models.statement import Statement
from app.statement import verify
from app.statement.gathering import Gathering, Pseudonyms
from app.statement.questions import Question, open_questions
from app.statement.rules_in_words import RULES

_CACHE_KIB = 65_536
_TYPES: dict[str, Any] = {"INTEGER": int, "TEXT": str}


@dataclass(frozen=True)
class Plan:
    """What a file is to hold: whose year, which statement of it (0 the year itself, 1 … its amendments), and why.

    ``previous`` is the digest of the statement of the year before, ``amends``
    that of the statement that this one amends; ``signed`` are the institutions'
    statements behind a city's.
    """

    year: int
    provider: Provider | None
    sequence: int = 0
    reason: str = ""
    previous: str = ""
    amends: str = ""
    signed: tuple[Statement, ...] = ()

    @property
    def provider_id(self) -> int | None:
        return self.provider.id if self.provider else None

    @property
    def file_key(self) -> str:
        """Under which the pseudonyms of this file are made, and of no other."""
        return f"{self.year}/{self.provider_id or 0}/{self.sequence}"

    @property
    def title(self) -> str:
        whose = self.provider.name if self.provider else "吉林市"
        return f"{whose} {self.year} 年培训统计" + (f"第 {self.sequence} 次更正" if self.sequence else "")


@dataclass(frozen=True)
class Made:
    """A file that was written: its digest, and what stands in it."""

    digest: str
    rows: int
    total: dict[str, int]  # the columns of table total
    tables: dict[str, list[tuple[str, str, dict[str, int]]]]  # dimension → key, label, figures
    questions: list[Question]


def write(path: Path, plan: Plan, changes: Iterable[tuple[str, str, str]] = ()) -> Made:
    """Write the year as the registry knows it now. The same facts give the same digest."""
    with closing(_Writer(path, plan)) as writer:
        return writer.all(changes)


@contextmanager
def draft(plan: Plan, changes: Iterable[tuple[str, str, str]] = ()) -> Iterator[tuple[Path, Made]]:
    """The same into a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.sqlite"
        yield path, write(path, plan, changes)


class _Writer:
    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        self.part = path.with_name(f"{path.name}.part")
        self.part.unlink(missing_ok=True)
        self.base = Database(self.part)
        self.run = self.base.conn
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}", "temp_store=FILE"):
            self.run.execute(f"PRAGMA {pragma}")
        self.sealing = {name: verify.Sealing() for name in verify.TABLES}
        self._insert = {
            name: "INSERT INTO [{}] VALUES ({})".format(name, ",".join("?" * (len(columns) + 1)))  # noqa: S608 - our own names
            for name, columns in verify.TABLES.items()
        }

    def close(self) -> None:
        self.base.close()
        self.part.unlink(missing_ok=True)

    def all(self, changes: Iterable[tuple[str, str, str]]) -> Made:
        for name, columns in verify.TABLES.items():
            shape = {column: _TYPES[kind] for column, kind in (*columns, verify.SEAL)}
            self.base[name].create(shape, pk="n")  # type: ignore[union-attr]
        self.run.execute("BEGIN")
        self.facts(Gathering(self.plan.year, self.plan.provider_id, Pseudonyms(self.plan.file_key)))
        self.put("change", changes)
        for index, (table, keys) in verify.INDEXES.items():
            self.base[table].create_index(keys, index_name=index)  # type: ignore[union-attr]
        for name, sql in verify.VIEWS.items():
            self.base.create_view(name, sql)
        figures = list(verify.figures(self.run))
        questions = self.ask(figures)
        self.put("open_question", questions)
        labels = self.labels()
        self.put("total", ((by, key, labels(by, key), *amounts) for by, key, *amounts in figures))
        digest = self.seal()
        self.run.execute("COMMIT")
        self.finish()
        return self.made(digest, figures, labels, questions)

    def facts(self, gathering: Gathering) -> None:
        plan = self.plan
        about = {
            "format": verify.FORMAT,
            "title": plan.title,
            "year": str(plan.year),
            "whose": plan.provider.name if plan.provider else "吉林市",
            "sequence": str(plan.sequence),
            "reason": plan.reason,
            "rule_set": RULE_SET.version,
            "rule_set_first_year": str(RULE_SET.first_year),
            "min_planned_hundredths": str(int(RULE_SET.min_planned_hours * 100)),
            "group_categories": f",{','.join(sorted(RULE_SET.group_categories))},",
            "digest_of_the_year_before": plan.previous,
            "digest_of_the_amended": plan.amends,
        }
        self.put("about", about.items())
        self.put("rule", RULES)
        self.put("category", CATEGORIES.items())
        self.put("division", DIVISIONS.items())
        self.put("provider", gathering.providers())
        self.put("offering", gathering.offerings())
        for lessons, sign_ups in gathering.parts():
            self.put("lesson", lessons)
            self.put("sign_up", sign_ups)
        self.put("certificate", gathering.certificates())
        self.put("group_visit", gathering.group_visits())
        self.pairs = gathering.open_pairs()
        self.put("open_pair", self.pairs)
        self.put("document", gathering.documents())
        self.put("reported", gathering.reported())
        self.put("signed", (_signed(each) for each in plan.signed))

    def put(self, name: str, rows: Iterable[Any]) -> None:
        """Number, seal and insert rows at the end of a table."""
        sealing, lines = self.sealing[name], []
        for row in rows:
            row = (sealing.rows + 1, *row)
            lines.append((*row, sealing.next(row)))
        self.run.executemany(self._insert[name], lines)

    def ask(self, figures: list[Any]) -> list[Question]:
        questions = open_questions(self.plan.year, self.plan.provider_id, len(self.pairs))
        if self.plan.provider is None:
            questions += self.standing({int(key): row for by, key, *row in figures if by == "provider"})
        return questions

    def standing(self, counted: dict[int, list[int]]) -> list[Question]:
        """Institutions that have not signed, or whose rows have moved since (R24)."""
        names = dict(self.run.execute("SELECT key, name FROM provider").fetchall())
        signed = {each.provider_id: each for each in self.plan.signed}
        found = []
        for provider_id, figures in sorted(counted.items(), key=lambda item: (names[item[0]], item[0])):
            if provider_id not in signed and any(figures):
                found.append(Question("unsigned", names[provider_id], "人次合计未经机构签认", figures[4]))
            elif provider_id in signed and (own := signed[provider_id].figures()) != tuple(figures):
                words = f"机构签认人次合计 {own[4]}，现在 {figures[4]}"
                found.append(Question("moved", names[provider_id], words, abs(figures[4] - own[4])))
        return found

    def labels(self) -> Any:
        provider = {str(key): name for key, name in self.run.execute("SELECT key, name FROM provider")}
        named: dict[str, dict[str, str]] = {
            "category": CATEGORIES, "activity": CATEGORIES, "division": DIVISIONS, "provider": provider,
            "on_the_books": {"registered": "在册人数", "came": "在册，其中到课"},
            "elderly_age": {"60+": "满 60 周岁", "0-59": "未满 60 周岁", "unknown": "年龄不详"},
            "month": {str(month): f"{month}月" for month in range(1, 13)},
            "all": {"": "合计"}, "activities": {"": "活动合计"},
        }  # fmt: skip
        return lambda by, key: named[by][key]

    def seal(self) -> str:
        """The table ``content``: rows and digest of each table, and with no name those of the whole."""
        told = {name: (sealing.rows, sealing.digest) for name, sealing in self.sealing.items()}
        digest, rows = verify.digest_of(told), sum(count for count, _ in told.values())
        content = self.base["content"]
        content.create({"name": str, "rows": int, "digest": str}, pk="name")  # type: ignore[union-attr]
        self.run.executemany(
            "INSERT INTO content VALUES (?, ?, ?)", [*((n, *told[n]) for n in told), ("", rows, digest)]
        )
        return digest

    def finish(self) -> None:
        """To its place, whole and on the disk, or not at all."""
        self.base.close()
        handle = os.open(self.part, os.O_RDWR)
        os.fsync(handle)
        os.close(handle)
        self.part.chmod(0o600)
        self.part.replace(self.path)

    def made(self, digest: str, figures: list[Any], labels: Any, questions: list[Question]) -> Made:
        names = [name for name, _ in verify.TABLES["total"][4:]]
        tables: dict[str, list[tuple[str, str, dict[str, int]]]] = {}
        for by, key, *amounts in figures:
            tables.setdefault(by, []).append((key, labels(by, key), dict(zip(names, amounts, strict=True))))
        total = tables["all"][0][2] if "all" in tables else dict.fromkeys(names, 0)
        return Made(digest, sum(s.rows for s in self.sealing.values()), total, tables, questions)


def _signed(statement: Statement) -> tuple[Any, ...]:
    name = statement.provider.name if statement.provider else ""
    return (statement.provider_id, name, statement.digest.hex(), statement.sequence, *statement.figures())
