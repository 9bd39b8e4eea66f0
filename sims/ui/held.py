"""How many requests a session can hold on to: what they are made from may be large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sims.layout import Layout
from sims.requests import Request


def fitting(requests: Iterable[Request], most: int) -> int:
    """How many of the first requests have at most `most` bytes of pictures and maps, and at least one.

    An array that several requests share counts once.
    """
    held: dict[int, int] = {}
    count = 0
    for count, request in enumerate(requests, 1):
        held |= {id(array): array.nbytes for array in _arrays(request)}
        if sum(held.values()) > most:
            return max(1, count - 1)
    return count


def _arrays(request: Request | Layout) -> Iterator[np.ndarray]:
    for value in vars(request).values():
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, Layout):
            yield from _arrays(value)
