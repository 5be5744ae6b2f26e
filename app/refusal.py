"""Refusal: a rule said no, with a code for programs and a sentence for people."""

from __future__ import annotations

from typing import Any


def N_(sentence: str) -> str:
    """Mark a sentence for the catalogue of translations without translating it yet."""
    return sentence


class Refusal(Exception):
    """A rule said no.

    ``code`` names the rule, ``sentence`` is Chinese source text with
    ``%(name)s`` places that ``values`` fill, and tells how to mend it.
    The edge translates; nothing below it knows a language.
    """

    def __init__(self, code: str, sentence: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.values = values

    def __str__(self) -> str:
        return self.sentence % self.values if self.values else self.sentence
