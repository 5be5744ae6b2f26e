"""`flask counts`: the same table for programs, spreadsheets and eyes."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.counts import year_table
from app.database import writing
from tests.people import an_offering
from tests.test_counts import attended


def run(app, *words: str):
    return app.test_cli_runner().invoke(args=["counts", *words])


def test_json_is_the_table_by_a_dimension_or_the_city_alone(app):
    with writing():
        attended(an_offering(category="elderly"))
    printed = json.loads(run(app, "2026", "--by", "category", "--format", "json").output)
    assert printed == year_table(2026, "category").as_dict()
    assert list(printed) == ["year", "rule_set", "by", "rows", "total", "basis"]
    assert printed["rows"][0]["label"] == "老年教育" and printed["total"]["persons"] == 1
    alone = json.loads(run(app, "2026", "--format", "json").output)
    assert (alone["by"], alone["rows"]) == (None, [])


@pytest.mark.engine("sqlite")
def test_csv_and_table_hold_the_same_lines(app):
    with writing():
        attended(an_offering(category="elderly"))
    rows = list(
        csv.reader(io.StringIO(run(app, "2026", "--by", "category", "--format", "csv").output.lstrip("\ufeff")))
    )
    assert [row[0] for row in rows] == ["类别", "老年教育", "全市"]
    lines = run(app, "2026", "--by", "category").output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["老年教育", "全市"]
    assert lines[1].split()[1:] == rows[1][1:]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("words", [("abc",), ("2026", "--by", "name"), ("2026", "--format", "pdf"), ("99999",)])
def test_a_wrong_call_ends_with_2(app, words):
    assert run(app, *words).exit_code == 2
