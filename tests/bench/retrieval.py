"""Opening a bank of 50,000 segments and seeking those of a layout in it: `python tests/bench/retrieval.py`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from ratios import print_ratio  # noqa: E402

from sims.memory.bank import Bank  # noqa: E402
from sims.memory.bank_builder import build_bank  # noqa: E402
from sims.memory.bank_file import BOX  # noqa: E402
from sims.memory.bank_sources import Choices, SourceFrame, WorldSource, packed_layout  # noqa: E402
from sims.memory.context import context_boxes  # noqa: E402
from sims.memory.retrieval import Candidate, retrieve, retrieve_all  # noqa: E402
from sims.memory.rules import roles  # noqa: E402
from sims.memory.segments import Segment, segments_of  # noqa: E402
from sims.world import World  # noqa: E402

SEGMENTS, QUERIES = 50_000, 30
CHOICES = Choices(minimum_area=200)


class Moved:
    """Frames of the world, mirrored and moved sideways by the number, so that no two layouts are the same."""

    kind = "own"

    def __init__(self, frames: int) -> None:
        self.names = tuple(f"{number:06d}" for number in range(frames))
        self._world = WorldSource(CHOICES)

    def key(self, frame: int) -> str:
        """Nothing is ever built twice here."""
        return str(frame)

    def read(self, frame: int) -> SourceFrame:
        """A layout, and in the place of its picture, which is never looked at, nothing."""
        there = self._world.read(frame % len(self._world.names))
        turn, step = frame // len(self._world.names), 37 * (frame // (2 * len(self._world.names)))
        channels = np.ascontiguousarray(np.roll(there.channels[:, :: -1 if turn % 2 else 1], step, axis=1))
        return SourceFrame(channels, {"pictures": b"none", "labels": packed_layout(channels)})


def plain(bank: Bank, segment: Segment, channels: np.ndarray, k: int) -> list[Candidate]:
    """Every candidate in full, as the score is written."""
    query = context_boxes(np.array(segment.box), bank.size)
    found = []
    for number in bank.of_channel(segment.channel):
        row, mask = bank.segments[number], bank.mask(number)
        shared = int((mask & segment.mask).sum())
        here, there = (np.full(bank.size, bank.void, np.uint8) for _ in range(2))
        for canvas, layout, box in (
            (here, channels, query),
            (there, bank.labels(row["frame"]), context_boxes(np.array([row[name] for name in BOX]), bank.size)),
        ):
            part = slice(box[0], box[2]), slice(box[1], box[3])
            canvas[part] = layout[part]
        agreeing = int(((here == there) & (here != bank.void)).sum())
        either = int((here != bank.void).sum() + (there != bank.void).sum()) - agreeing
        found.append(Candidate(number, shared / int((mask | segment.mask).sum()), agreeing / either))
    return sorted(found, key=lambda each: (-each.score, each.index))[:k]


def main() -> None:
    """The layout is a held-out frame's; its largest segments are sought."""
    number = World().frames("street", "held_out")[0].number
    channels = World().read("street", number).labels
    found = segments_of(channels, 19, roles("street").thin)
    queries = sorted(found, key=lambda segment: -segment.area)[:QUERIES]
    with tempfile.TemporaryDirectory() as folder:
        per_frame = 22
        source, place = Moved(SEGMENTS // per_frame + 1), Path(folder) / "bank"
        built = timed("built", lambda: build_bank(source, place, CHOICES, licence="", origin="", progress=_quiet))
        print(f"{built.segments} segments of {built.frames} frames, {built.size_bytes / 1e6:.0f} MB")
        bank = timed("opened", lambda: Bank.open(built.folder))
        for state in ("the first time", "again"):
            what = f"{len(queries)} segments of a layout sought {state}"
            best = timed(what, lambda: retrieve_all(bank, queries, channels))
        smallest = min(range(len(queries)), key=lambda number: len(bank.of_channel(queries[number].channel)))
        assert plain(bank, queries[smallest], channels, 10) == best[smallest]
        print_ratio(
            f"one segment against {len(bank.of_channel(queries[smallest].channel))}: bounded search against all",
            lambda: plain(bank, queries[smallest], channels, 10),
            lambda: retrieve(bank, queries[smallest], channels),
        )


def timed(title: str, work: Callable[[], Any]) -> Any:
    """Print the time `work` took, and that of the processors, which other programs delay less."""
    wall, processors = time.perf_counter(), time.process_time()
    result = work()
    wall, processors = time.perf_counter() - wall, time.process_time() - processors
    print(f"{title} in {wall:.3f} s ({processors:.3f} s of processors)")
    return result


def _quiet(fraction: float, what: str) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    main()
