"""What is uploaded stays in memory: a spooled upload would lie on the disk in clear, numbers and all."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Request


class MemoryRequest(Request):
    """A request whose files never touch a disk; MAX_CONTENT_LENGTH bounds them."""

    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        return io.BytesIO()
