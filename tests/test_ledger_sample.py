"""The sample ledger gives exactly the totals it must."""

import json
from pathlib import Path

import pytest

from app import ledger
from app.counts import year_table

SAMPLES = Path(__file__).parent / "samples"


def load_sample() -> None:
    with (SAMPLES / "ledger-small.xlsx").open("rb") as file:
        batch_id, findings, _ = ledger.receive(file, "ledger-small.xlsx")
    assert (findings.refused, findings.new, findings.repeats) == (0, 198, 54)
    ledger.load(batch_id)


def test_the_sample_ledger_gives_exactly_the_expected_totals(app):
    load_sample()
    expected = json.loads((SAMPLES / "ledger-small.expected.json").read_text())
    for dimension, years in expected.items():
        by = None if dimension == "total" else dimension.removeprefix("by_")
        for year, rows in years.items():
            table = year_table(int(year), by).as_dict()
            found = {"total": table["total"]} if by is None else {row.pop("label"): row for row in table["rows"]}
            assert found == rows, f"{dimension} {year}"


@pytest.mark.engine("sqlite")
def test_a_year_without_rows_is_empty(app):
    load_sample()
    assert year_table(2021, "category").as_dict()["rows"] == []
