"""Timing two ways to compute the same, in turns, so that both see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def print_ratio(
    title: str,
    plain: Callable[[], object],
    fast: Callable[[], object],
    rounds: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Print how many times as fast `fast` is as `plain`: the median over rounds that run one after the other.

    The time is that on the wall, unless `clock` is another one.
    """
    plain(), fast()  # warm up
    pairs = [(seconds(plain, clock), seconds(fast, clock)) for _ in range(rounds)]
    ratio = statistics.median(slow / quick for slow, quick in pairs)
    slow, quick = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{title}: {ratio:.2f} times as fast ({slow * 1e3:.0f} ms -> {quick * 1e3:.0f} ms, median of {rounds})")


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time of one call: that on the wall, unless `clock` is another one."""
    start = clock()
    work()
    return clock() - start
