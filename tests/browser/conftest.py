"""One site for all the browser tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.server import Live, running


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("site")) as site:
        yield site
