"""What a tree of processes takes, and how fast it answers; read from /proc, so Linux only."""

from __future__ import annotations

import http.client
import os
import threading
import time
from pathlib import Path


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def pss(pid: int) -> float:
    """Megabytes of memory of a tree, shared pages divided among those who share them."""
    total = 0
    for each in tree(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def cpu(pid: int) -> float:
    """Seconds of processor that a tree has used."""
    ticks = 0
    for each in tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def load(
    port: int, paths: list[str], seconds: float, connections: int, headers: dict[str, str]
) -> tuple[int, list[float]]:
    """Ask for the paths in turn over kept connections; how many answers came, and how long each took in ms."""
    times: list[list[float]] = [[] for _ in range(connections)]
    end = time.perf_counter() + seconds

    def ask(n: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (began := time.perf_counter()) < end:
            connection.request("GET", paths[(n + len(times[n])) % len(paths)], headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            times[n].append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flat = sorted(each for row in times for each in row)
    return len(flat), flat


def most_memory() -> float:
    """Megabytes that this process held at most; what its parent held stands in getrusage, too."""
    told = Path("/proc/self/status").read_text()
    return int(next(line for line in told.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
