"""Every page in every state it can show: who opens it, at what address, and what they do there.

A route that answers GET and has no recipe here fails test_looks.py, unless
NO_PAGE says why it has no look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page

NO_PAGE = {
    "static": "files",
    "public.display": "sets a cookie and leads back",
}


@dataclass(frozen=True)
class Recipe:
    endpoint: str
    state: str = ""
    who: str = ""  # an account of site.py; nobody signed in when empty
    things: dict[str, str] = field(default_factory=dict)  # address argument → kind:name
    query: str = ""
    do: Callable[[Page], None] | None = None  # what one does to see the state
    status: int = 200

    def __str__(self) -> str:
        return f"{self.endpoint}{'-' if self.state else ''}{self.state}"


def send(page: Page) -> None:
    """Send the form of the page as it is."""
    with page.expect_navigation():
        page.locator("main form button").last.click()


RECIPES = [
    Recipe("public.home"),
    Recipe("public.catalogue"),
]
