"""Persons, person-times, class hours: the only file that counts people."""
