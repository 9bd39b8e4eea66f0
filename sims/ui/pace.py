"""What is told of a restyled picture before it is made: its size, and how long that takes on this machine."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from sims.generator import Card, RequestError, StyleRequest, check_request
from sims.style.pis import FILTER, SMOOTH, STYLISE
from sims.ui.session import Result

MEGAPIXEL = 1_000_000
# Seconds for a megapixel on two idle cores, by stage; smoothing by how it is done.
USUAL: Mapping[str, float] = {STYLISE: 1.5, f"{SMOOTH} exact": 18.0, f"{SMOOTH} fast": 0.5, FILTER: 5.0}


class Pace:
    """Seconds that a megapixel takes, by generator and stage, as the last run of each has shown."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def learn(self, result: Result) -> None:
        """Take in the stages of a finished picture; those that were kept from the one before are not among them."""
        if result.size is None:
            return
        name, smoothing = result.task.card.name, result.task.request.options.get("smoothing", "exact")
        for stage, spent in result.seconds.items():
            key = _key(stage, smoothing)
            if key in USUAL:
                with self._lock:
                    self._seconds[name, key] = spent * MEGAPIXEL / (result.size[0] * result.size[1])

    def told(self, known: Card, options: Mapping[str, str], size: tuple[int, int]) -> str:
        """How long a picture of `size` (height, width) will take, in words; "" where nobody knows."""
        if known.family != "photo_wct":
            budget = options.get("seconds", "")
            return f"at most {budget} s" if budget.isdecimal() else ""
        smoothing = options.get("smoothing", "exact")
        stages = [STYLISE]
        if smoothing != "off":
            stages += [SMOOTH, FILTER] if options.get("post_filter", "on") == "on" else [SMOOTH]
        keys = [_key(stage, smoothing) for stage in stages]
        each = sum(self._seconds.get((known.name, key), USUAL.get(key, 0.0)) for key in keys)
        seconds = each * size[0] * size[1] / MEGAPIXEL
        return about(seconds)


def _key(stage: str, smoothing: str) -> str:
    return f"{stage} {smoothing}" if stage == SMOOTH else stage


PACE = Pace()


def foretold(known: Card, options: Mapping[str, str], size: tuple[int, int]) -> str:
    """What a generator would make of a content picture of `size` (height, width), or in a sentence why it cannot.

    `options` may name those of other generators too.
    """
    chosen = {choice.name: options[choice.name] for choice in known.options if choice.name in options}
    blank = np.broadcast_to(np.uint8(0), (*size, 3))  # takes no memory
    try:
        check_request(known, StyleRequest(blank, blank, options=chosen))
    except RequestError as error:
        return str(error)
    spent = PACE.told(known, chosen, size)
    return f"The result will be {size[1]} × {size[0]}{f', in {spent}' if spent else ''}."


def about(seconds: float) -> str:
    """A time that is only estimated, in words."""
    return f"about {max(1, round(seconds))} s" if seconds < 90 else f"about {round(seconds / 60)} min"
