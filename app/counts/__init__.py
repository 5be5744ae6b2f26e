"""Persons, person-times, class hours: the only place that counts people.

`rows` says which sign-ups count, `year` folds them into tables, `pairs`
narrows persons by undecided duplicates, `checks` asks a report about itself.
"""

from app.counts.fold import DIMENSIONS
from app.counts.year import MEASURES, Figures, Row, Table, Year, count_city, count_year, make_ready, year_table

__all__ = [
    "DIMENSIONS",
    "MEASURES",
    "Figures",
    "Row",
    "Table",
    "Year",
    "count_city",
    "count_year",
    "make_ready",
    "year_table",
]
