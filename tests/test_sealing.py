"""A sealed number opens with its key, at its place, unaltered, or not at all."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sealing import SealBroken, Sealer

K1, K2, INDEX = os.urandom(32), os.urandom(32), os.urandom(32)
PLACE = ("person", "document", "row-1")
NUMBER = "220299195204200693"
sealer = Sealer({"k1": K1}, INDEX)


@given(st.text(max_size=60))
def test_what_is_sealed_opens_again_and_never_looks_the_same_twice(text):
    one, other = sealer.seal(text, *PLACE), sealer.seal(text, *PLACE)
    assert one != other
    assert sealer.open(one, *PLACE) == sealer.open(other, *PLACE) == text
    assert len(text) < 4 or text.encode() not in one


@pytest.mark.parametrize(
    "place", [("account", "document", "row-1"), ("person", "mobile", "row-1"), ("person", "document", "row-2"),
              ("persondocument", "", "row-1"), ("person\x1fdocument", "row-1", "")],
)  # fmt: skip
def test_moved_to_another_place_it_does_not_open(place):
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(NUMBER, *PLACE), *place)


def test_swapping_two_values_is_noticed_every_time():
    for n in range(500):
        one = sealer.seal(f"{n}", "person", "mobile", f"{n}")
        with pytest.raises(SealBroken):
            sealer.open(one, "person", "mobile", f"{n + 1}")


def test_every_altered_byte_is_noticed():
    whole = sealer.seal(NUMBER, *PLACE)
    for at in range(len(whole)):
        for bit in (1, 128):
            altered = bytearray(whole)
            altered[at] ^= bit
            with pytest.raises(SealBroken):
                sealer.open(bytes(altered), *PLACE)


def test_every_cut_is_noticed():
    whole = sealer.seal(NUMBER, *PLACE)
    for length in range(len(whole)):
        with pytest.raises(SealBroken):
            sealer.open(whole[:length], *PLACE)


def test_an_old_key_opens_and_the_newest_seals():
    both = Sealer({"k1": K1, "k2": K2}, INDEX)
    assert both.open(sealer.seal(NUMBER, *PLACE), *PLACE) == NUMBER
    fresh = both.seal(NUMBER, *PLACE)
    assert fresh.startswith(b"k2|")
    with pytest.raises(SealBroken):
        sealer.open(fresh, *PLACE)


def test_another_key_of_the_same_name_does_not_open():
    with pytest.raises(SealBroken):
        Sealer({"k1": K2}, INDEX).open(sealer.seal(NUMBER, *PLACE), *PLACE)


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_index_is_equal_for_equal_texts_alone(one, other):
    assert (sealer.index(one, "document") == sealer.index(other, "document")) == (one == other)
    assert sealer.index(one, "document") != sealer.index(one, "mobile")
    assert sealer.index(one, "document") != Sealer({"k1": K1}, K2).index(one, "document")


def test_the_index_outlives_a_change_of_sealing_keys():
    assert Sealer({"k2": K2}, INDEX).index(NUMBER, "document") == sealer.index(NUMBER, "document")


@pytest.mark.parametrize("keys", [{}, {"k1": b"short"}])
def test_without_whole_keys_nothing_is_sealed(keys):
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(keys, INDEX)
