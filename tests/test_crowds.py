"""Distinct people of cells that overlap, without a set for each: against sets."""

import random

from app.counts.crowds import Crowds

CITY, MARCH, APRIL = ("city", ""), ("month", 3), ("month", 4)


def test_a_person_counts_once_in_a_cell_however_often_they_come():
    crowds = Crowds(9)
    crowds.add((CITY, MARCH), [1, 2, 3])
    crowds.add((CITY, APRIL), [3, 4])
    crowds.add((CITY, APRIL), [4, 3])  # not included – both came in April already
    assert crowds.sizes() == {CITY: 4, MARCH: 3, APRIL: 2}
    assert crowds.times == {CITY: 7, MARCH: 3, APRIL: 4}


def test_records_of_one_human_being_count_once_even_where_an_identity_is_a_record_of_somebody_else():
    crowds = Crowds(9)
    crowds.add((CITY, MARCH), [1, 2])
    crowds.add((CITY, APRIL), [5, 2])
    crowds.join([(1, 2), (2, 5), (5, 5)])  # record 1 is human being 2, record 2 is human being 5
    assert crowds.sizes() == {CITY: 2, MARCH: 2, APRIL: 1}


def test_a_pair_is_held_by_the_cells_that_both_are_in():
    crowds = Crowds(9)
    crowds.add((CITY, MARCH), [1, 2])
    crowds.add((CITY, APRIL), [2, 3])
    assert crowds.holding([(1, 2), (1, 3), (2, 7)]) == {CITY: [(1, 2), (1, 3)], MARCH: [(1, 2)]}


def test_the_sizes_equal_those_of_sets():
    dice = random.Random(6)
    for _ in range(200):
        crowds, sets = Crowds(30), {}
        identities = {record: dice.randrange(1, 31) for record in range(1, 31) if dice.random() < 0.3}
        for _ in range(dice.randrange(12)):
            cells = [(table, dice.randrange(4)) for table in ("category", "month") if dice.random() < 0.8]
            people = [dice.randrange(1, 31) for _ in range(dice.randrange(9))]
            crowds.add(cells, people)
            for cell in cells:
                sets.setdefault(cell, set()).update(identities.get(person, person) for person in people)
        crowds.join(identities.items())
        assert crowds.sizes() == {cell: len(people) for cell, people in sets.items()}
