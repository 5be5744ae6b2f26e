"""The demo: a catalogue, invented people, six years of sign-ups and marks, made through the verbs of real ones."""

from app.demo.load import is_empty, load, sign_ins
from app.demo.signed import sign

__all__ = ["is_empty", "load", "sign", "sign_ins"]
