"""The stages of a picture that SIMS made, as the page and the endpoints show them; and what is chosen among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sims.generator import Progress, RequestError, silent
from sims.image_files import encode_png
from sims.memory.pipeline import SimsGenerator
from sims.memory.stages import Stages, StageSegment
from sims.ui.page_part import file_value, run_lengths
from sims.ui.session import CANDIDATES, Result, Task, loaded, plan, thumbnail
from sims.ui.shelf import SHELF

MAP_ROWS = 256  # of the map of segments, in which they are counted
NOTHING = np.zeros((0, 0, 3), np.uint8)
CONSPICUOUS = 0.02  # of the picture, that the segment has which is shown first


@dataclass(frozen=True, eq=False)
class Staged:
    """A finished picture with its stages, but for their pieces, which are here as the page shows them.

    `made_here` tells whether it came from choosing another candidate.
    """

    result: Result
    stages: Stages
    pictures: tuple[dict[str, Any], ...]
    pieces: tuple[str, ...]  # of the segments, as data URIs; "" where nothing was pasted
    numbers: tuple[int, ...]  # the map of segments as run lengths: number, length, number, length, ...
    made_here: bool = False
    before: str = ""  # the path of the picture that was shown before

    @property
    def picks(self) -> dict[int, int]:
        """The candidates chosen by hand, by segment."""
        return parsed_picks(self.result.task.request.options.get(CANDIDATES, ""))


def stages_of(task: Task, progress: Progress = silent) -> Stages:
    """How the picture of a task came about, from what is kept where it can be. Raises a fault (`session.FAULTS`)."""
    return sims_generator(task.card.name, progress).stages(task.layout_request, seed=task.seed, progress=progress)


def sims_generator(name: str, progress: Progress = silent) -> SimsGenerator:
    """The generator called `name`. Raises `RequestError` unless it works from a memory of segments."""
    generator = loaded(name, progress)
    if not isinstance(generator, SimsGenerator) or generator.composer is None:
        raise RequestError(f"{generator.card.title} works without a memory; only pictures made from one have stages.")
    return generator


def staged(result: Result, progress: Progress = silent, before: Staged | None = None) -> Staged:
    """The stages of a finished picture. `before` is what was shown when another candidate was chosen in it."""
    stages = stages_of(result.task, progress)
    without = tuple(replace(segment, piece=NOTHING) for segment in stages.segments)  # they are large
    return Staged(
        result,
        replace(stages, segments=without),
        _pictures(result.task, stages, before),
        tuple(_piece(segment, before) for segment in stages.segments),
        tuple(run_lengths(numbered(stages))) if before is None else before.numbers,
        made_here=before is not None,
        before="" if before is None else before.result.path,
    )


def numbered(stages: Stages) -> np.ndarray:
    """The number of the large segment that each pixel belongs to, 0 for none: int32 (256, W)."""
    height, width = stages.layout.size
    found = np.zeros((MAP_ROWS, MAP_ROWS * width // height), np.int32)
    for segment in stages.segments:
        found[segment.mask] = segment.number
    return found


def _pictures(task: Task, stages: Stages, before: Staged | None) -> tuple[dict[str, Any], ...]:
    """Everything before the result as full pictures, in order; the layouts of `before` are the same."""
    later = [("canvas", "Canvas", stages.canvas), ("adapted", "Adapted layout", stages.adapted.colours())]
    files = tuple(_file(*picture) for picture in later)
    if before is not None:
        return (*before.pictures[: -len(files)], *files)
    height, width = stages.layout.size
    given = task.layout_request.layout.to_space(stages.layout.space.name).layout.resize(height, width)
    used = stages.layout
    if np.array_equal(given.ids, used.ids):
        return (_file("layout", "Layout", used.colours()), *files)
    return (
        _file("given", "Layout as given", given.colours()),
        _file("layout", "Layout, completed", used.colours()),
        *files,
    )


def _file(kind: str, title: str, picture: np.ndarray) -> dict[str, Any]:
    return {"kind": kind, "title": title, "file": file_value(SHELF.put(encode_png(picture), f"{kind}.png"))}


def _piece(segment: StageSegment, before: Staged | None) -> str:
    """What was pasted for a segment, cut out, as a data URI; in `before` it is the same where the choice is."""
    if before is not None and before.stages.segments[segment.number - 1].chosen == segment.chosen:
        return before.pieces[segment.number - 1]
    inside = segment.piece.max(-1) > 0
    if not inside.any():
        return ""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return thumbnail(np.dstack((segment.piece, inside.astype(np.uint8) * 255))[window])


@lru_cache(maxsize=4096)
def _cutout(name: str, revision: str, index: int) -> str:
    """A segment of a generator's memory as a data URI; `revision` tells other memories of that name apart."""
    return thumbnail(sims_generator(name).cutout(index))


def first_selected(stages: Stages) -> int:
    """The segment to show at first: the foremost that is easily seen, or the largest; 0 where there is none."""
    pasted = [segment for segment in stages.segments if segment.place] or list(stages.segments)
    if not pasted:
        return 0
    seen = [segment for segment in pasted if segment.area >= CONSPICUOUS * 2 * MAP_ROWS**2]
    return (max(seen, key=lambda each: each.place) if seen else max(pasted, key=lambda each: each.area)).number


def stages_value(shown: Staged, selected: int) -> dict[str, Any]:
    """The stages of a picture as data for the page."""
    card, stages = shown.result.page_value(), shown.stages
    picks = shown.picks
    order = sorted(stages.segments, key=lambda segment: (segment.place == 0, segment.place))
    strip = [
        {
            "number": segment.number,
            "name": segment.name,
            "place": segment.place,
            "piece": shown.pieces[segment.number - 1],
            "picked": segment.number in picks,
        }
        for segment in order
    ]
    height, width = stages.layout.size
    return {
        "card": card,
        "notes": [stages.missing_sentence] if stages.missing else [],
        "map": {"width": MAP_ROWS * width // height, "height": MAP_ROWS, "runs": list(shown.numbers)},
        "pictures": list(shown.pictures),
        "before": file_value(shown.before) if shown.before else None,
        "strip": strip,
        "selected": selected,
    }


def candidates_value(shown: Staged, number: int) -> dict[str, Any]:
    """One segment and its candidates as data for the page; nothing for segment 0."""
    if not number:
        return {}
    segment, card = shown.stages.segments[number - 1], shown.result.task.card
    found = [
        {
            "cutout": _cutout(card.name, card.revision, each.index),
            "source": each.source,
            "mask": each.mask_iou,
            "context": each.context_iou,
        }
        for each in segment.found
    ]
    return {
        "number": number,
        "name": segment.name,
        "share": segment.area / sum(shown.numbers[1::2]),
        "place": segment.place,
        "painted": sum(each.place > 0 for each in shown.stages.segments),
        "moved": segment.moved,
        "piece": shown.pieces[number - 1],
        "chosen": segment.chosen,
        "picked": number in shown.picks,
        "drawn": is_drawn(shown.result.task),
        "found": found,
    }


def is_drawn(task: Task) -> bool:
    """Whether the seed draws the candidates that nobody chose."""
    return task.request.options.get("variety") == "diverse"


def with_choice(shown: Staged, number: int, rank: int | None) -> Task:
    """The picture with another candidate for a segment, or, for None, with the one that it has without a choice.

    Segment 0 with None takes back all choices. Raises a fault (`session.FAULTS`).
    """
    picks = shown.picks
    if number == 0:
        picks = {}
    else:
        count = len(shown.stages.segments[number - 1].found)
        if rank is not None and rank >= count:
            raise RequestError(f"Segment {number} has {count} candidates; choose one of them.")
        picks.pop(number, None)
        if rank is not None and (rank or is_drawn(shown.result.task)):  # the best one is what it has anyway
            picks[number] = rank
    task = shown.result.task
    options = {**task.request.options, CANDIDATES: written_picks(picks)}
    return plan([task.card.name], task.layout_request.layout, seed=task.seed, options=options)[0]


def parsed_picks(text: str) -> dict[int, int]:
    """Ranks by segment, of a value of the option `candidates` that was checked."""
    return {int(number): int(rank) for number, _, rank in (pair.partition(":") for pair in text.split(",") if pair)}


def written_picks(picks: Mapping[int, int]) -> str:
    """The value of the option `candidates` for these ranks by segment."""
    return ",".join(f"{number}:{rank}" for number, rank in sorted(picks.items()))


def stages_report(stages: Stages) -> dict[str, Any]:
    """The stages as a program should know them."""
    segments = [
        {
            "number": segment.number,
            "class": segment.name,
            "box": list(segment.box),
            "area": segment.area,
            "place": segment.place,
            "transformed": segment.moved,
            "chosen": segment.chosen,
            "candidates": [
                {"rank": rank, "source": found.source, "mask_iou": found.mask_iou, "context_iou": found.context_iou}
                for rank, found in enumerate(segment.found)
            ],
        }
        for segment in stages.segments
    ]
    return {"segments": segments, "missing": list(stages.missing), "completed": stages.completed}
