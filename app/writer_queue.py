"""Writers of one SQLite file come in one after another, and none waits for ever.

SQLite's own busy handler lets one of eight writers wait four seconds while
the others pass it. Here the threads of a process line up at a lock, and the
first of each process at a file lock that the kernel drops when a process
dies. The queue is for fairness alone: what keeps two writers apart is
SQLite's own lock, which the first in the queue takes next.
"""

from __future__ import annotations

import fcntl
import os
import threading

PATIENCE = 5.0  # seconds, as SQLite's busy_timeout


class Busy(Exception):
    """The queue did not move; the same request may succeed a moment later."""


class WriterQueue:
    """The queue before one database file."""

    def __init__(self, path: str) -> None:
        self.path = f"{path}.queue"
        self._first = threading.Lock()
        self._handle: int | None = None

    def join(self) -> None:
        """Wait for the turn; raises Busy after PATIENCE seconds behind the threads of this process."""
        if not self._first.acquire(timeout=PATIENCE):
            raise Busy("database is locked: the writers' queue does not move")
        try:
            if self._handle is None:
                self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        except BaseException:
            self._first.release()
            raise

    def leave(self) -> None:
        if self._handle is None:
            return  # a forked child lets go of a connection that its parent holds
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._first.release()

    def forget(self) -> None:
        """In a forked child: the parent's turn and handle are not ours. Two processes on one handle share its lock."""
        self._first = threading.Lock()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


_queues: dict[str, WriterQueue] = {}
_making = threading.Lock()


def before(path: str) -> WriterQueue:
    """The one queue of this process before the database file ``path``."""
    with _making:
        if path not in _queues:
            _queues[path] = WriterQueue(path)
        return _queues[path]


def _after_fork() -> None:
    global _making
    _making = threading.Lock()
    for queue in _queues.values():
        queue.forget()


os.register_at_fork(after_in_child=_after_fork)
