"""A year that is signed: written as a file of its own, verified, amended.

`gathering` reads it, `questions` says what is open, `writing` makes the
file, `verify` is the program that is handed out with it, `signing` are the
verbs, `living` holds a file against the registry of today.
"""

from pathlib import Path

PROGRAM = Path(__file__).with_name("verify.py")
