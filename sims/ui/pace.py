"""How long style transfer takes on this machine: a first guess, and then what the runs here have shown."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sims.generator import Card
from sims.ui.session import Result

MEGAPIXEL = 1_000_000
# Seconds for a megapixel on two cores, by how the content's edges come back.
USUAL: Mapping[str, float] = {"exact": 24.0, "fast": 7.0, "off": 5.0}


class Pace:
    """Seconds that a megapixel takes, by generator and smoothing, as the last run of each has shown."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def learn(self, result: Result) -> None:
        """Take in a finished picture, unless most of it was kept from the one before."""
        smoothing = result.task.request.options.get("smoothing", "exact")
        needed = {"stylise"} if smoothing == "off" else {"stylise", "smooth"}
        if result.state == "done" and result.size and needed <= result.seconds.keys():
            pixels = result.size[0] * result.size[1]
            with self._lock:
                self._seconds[result.task.card.name, smoothing] = sum(result.seconds.values()) * MEGAPIXEL / pixels

    def told(self, known: Card, options: Mapping[str, str], size: tuple[int, int]) -> str:
        """How long a picture of `size` (height, width) will take, in words; "" where nobody knows."""
        budget = options.get("seconds", "")
        if known.family != "photo_wct":
            return f"at most {budget} s" if budget.isdecimal() else ""
        smoothing = options.get("smoothing", "exact")
        each = self._seconds.get((known.name, smoothing), USUAL.get(smoothing, USUAL["exact"]))
        seconds = each * size[0] * size[1] / MEGAPIXEL
        return f"about {max(1, round(seconds))} s" if seconds < 90 else f"about {round(seconds / 60)} min"


PACE = Pace()
