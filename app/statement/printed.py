"""A statement on paper: its figures, what was open, who signed, and the digest that proves its file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from app.clock import civil
from app.counts.files import BY, HEADINGS
from app.counts.year import tenths
from app.models import Statement
from app.models.statement import PARTS
from app.paper import Paper
from app.statement.questions import KINDS
from app.statement.signing import read_file

_DIMENSIONS = {"all": "合计", **BY}
_HEADER = tuple(heading for measure, heading in HEADINGS.items() if measure != "persons_max")
_MOST_QUESTIONS = 400  # of a kind; all of them stand in the file


def as_pdf(statement: Statement, file: Path, made_at: datetime) -> bytes:
    """A4, to be signed and kept; everything is read from the file that was signed."""
    about = {row["name"]: row["value"] for row in read_file(file, "about")}
    paper = Paper(f"{about['title']}签认表", made_at, foot=f"摘要 {statement.digest.hex()[:16]}")
    paper.facts(_facts(statement, about))
    total = read_file(file, "total")
    for by, heading in _DIMENSIONS.items():
        rows = [row for row in total if row["by_what"] == by]
        if rows:
            paper.heading(f"按{heading}" if by != "all" else heading)
            paper.table((heading, *_HEADER), [_line(row) for row in rows], (2.4, 1.4, 1, 1, 1, 1, 0.8, 0.8), small=True)
    paper.line(
        "人数在每一行各自去重，各行不相加（规则 R6）；写成“少–多”的，有没有判定的疑似同一人（规则 R20）。", small=True
    )
    _questions(paper, read_file(file, "open_question"))
    paper.heading("签字")
    paper.table(
        ("签字人", "姓名", "时间"),
        [(PARTS[each.part], each.name, f"{civil(each.signed_at):%Y-%m-%d %H:%M}") for each in statement.signatures],
    )
    paper.signatures([PARTS[part] for part in statement.parts])
    return paper.pdf()


def _facts(statement: Statement, about: dict[str, str]) -> list[tuple[str, Any]]:
    digest = statement.digest.hex()
    facts = [
        ("规则", f"{about['rule_set']} 版，{about['rule_set_first_year']} 年起"),
        ("明细", f"{statement.rows} 行，未决事项 {statement.open_questions} 项"),
        ("摘要（SHA-256）", " ".join(digest[n : n + 8] for n in range(0, 64, 8))),
        ("上一年的摘要", about["digest_of_the_year_before"] or "没有"),
    ]
    if statement.sequence:
        facts += [("更正的理由", about["reason"]), ("被更正的摘要", about["digest_of_the_amended"])]
    return facts


def _line(row: dict[str, Any]) -> tuple[Any, ...]:
    low, high = row["persons"], row["persons_max"]
    return (
        row["label"], low if low == high else f"{low}–{high}", row["person_times"], row["group_headcount"],
        row["person_times_total"], tenths(row["class_hundredths"]), row["completions"], row["certificates"],
    )  # fmt: skip


def _questions(paper: Paper, found: list[dict[str, Any]]) -> None:
    paper.heading("未决事项")
    if not found:
        paper.line("没有。")
    for kind, words in KINDS.items():
        rows = [row for row in found if row["kind"] == kind]
        if rows:
            paper.line(f"{words}：{len(rows)} 项")
            told = [f"{row['subject']} {row['words']}（{row['amount']}）".strip() for row in rows[:_MOST_QUESTIONS]]
            for line in told:
                paper.line(line, small=True)
            if len(rows) > _MOST_QUESTIONS:
                paper.line(f"还有 {len(rows) - _MOST_QUESTIONS} 项，都在签认文件里。", small=True)
