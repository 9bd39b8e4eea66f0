"""Timing two ways to compute the same, in turns, so that both see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def print_ratio(title: str, plain: Callable[[], object], fast: Callable[[], object], rounds: int = 7) -> None:
    """Print how many times as fast `fast` is as `plain`: the median over rounds that run one after the other."""
    plain(), fast()  # warm up
    pairs = [(seconds(plain), seconds(fast)) for _ in range(rounds)]
    ratio = statistics.median(slow / quick for slow, quick in pairs)
    slow, quick = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{title}: {ratio:.2f} times as fast ({slow * 1e3:.0f} ms -> {quick * 1e3:.0f} ms, median of {rounds})")


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
