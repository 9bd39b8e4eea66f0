"""The card of a packed world: what it is, how it was made, what is in it and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OPENING = """# world

Streets, landscapes and 360-degree panoramas that this project made and rendered: pictures with exact labels, instances
and depths of segments. No asset, texture, model or photograph of anyone else is in them.
"""

FORMAT = """## Format

Every space is a folder:

| file | what it holds |
|---|---|
| `pictures/NNNNNN.webp` | the picture, RGB, lossy WebP of quality {quality} |
| `labels/NNNNNN.webp` | lossless WebP: red is the class of the pixel, ids as below; green + 256 * blue its instance |
| `frames.csv` | one row a frame: frame, split, renderer, kind, light, season, ground, samples |
| `segments.csv.gz` | one row a segment: frame, label, instance, x, y, pixels, depth; gzip |

Streets have the ids of the label space `street`, landscapes and panoramas those of `landscape`. A panorama is
cylindrical: azimuth along x, all around, and elevation linear along y; its right edge continues at its left.

A frame is held out, and never trained on, if and only if its number ends in 7; `split` says "training" or "held_out".
`ground` is dry, wet or snow, and `samples` counts the rendering's samples a pixel, empty where nobody noted them.

Instances are numbered 1..n in the raster order of their first pixels; 0 is none. In landscapes and panoramas those of
fewer than 24 pixels, far trees, are none.

Segments are all instances, and all 4-connected patches of one class, of at least 64 pixels, that belong to no instance
(instance 0). A patch ends at the picture's edges, also where a panorama goes on. An instance may hold pixels of several
classes, such as a traffic light and its pole; its label is the commonest. `x`, `y` is the segment's first pixel in
raster order, from which a patch can be found again, and `pixels` its area. `depth` is the median distance in metres, to
centimetres below 100 m and to metres from there on, of depths in half precision; it is empty for sky, for
cloud and for what is infinitely far.
"""

EARLIER = """## Frames of an earlier renderer

{ranges}.

The column `renderer` calls these frames "earlier". They come from an earlier state of the renderer, before it levelled
the contrast and before rare classes became commoner, so today's does not reproduce them. Their pictures had been stored
as lossy WebP; they were passed once through today's tone function, `zoo.world.grade.levels`, and stored again. Their
depth was kept at half the resolution and up to 655 m, so the depth of segments farther away is empty.
"""
LARGEST_GAP = 20


@dataclass(frozen=True)
class FrameFacts:
    """What the table of frames says of one, its size (H, W) and its pixels by class."""

    number: str
    split: str
    renderer: str
    kind: str
    light: str
    season: str
    ground: str
    samples: int | None
    size: tuple[int, int]
    pixels: tuple[int, ...]

    def row(self) -> str:
        """The row of `frames.csv`."""
        samples = "" if self.samples is None else str(self.samples)
        cells = (self.number, self.split, self.renderer, self.kind, self.light, self.season, self.ground, samples)
        return ",".join(cells)


def card(
    frames: Mapping[str, Sequence[FrameFacts]],
    classes: Mapping[str, Sequence[str]],
    sizes: Mapping[str, int],
    quality: int,
) -> str:
    """The card in Markdown. `frames` are those of every space that is there, in the order of their numbers."""
    earlier = {space: [one for one in facts if one.renderer == "earlier"] for space, facts in frames.items()}
    ranges = [f"{space} {_range(facts)}" for space, facts in earlier.items() if facts]
    parts = [
        OPENING,
        _counts(frames),
        _commands(frames, quality),
        *([EARLIER.format(ranges=", ".join(ranges).capitalize())] if ranges else []),
        FORMAT.format(quality=quality),
        *(_classes(space, facts, classes[space]) for space, facts in frames.items()),
        _sizes(sizes),
        "## Licence\n\nMIT, as the rest of the project.\n",
    ]
    return "\n".join(parts)


def _counts(frames: Mapping[str, Sequence[FrameFacts]]) -> str:
    lines = ["| space | frames | training | held out | current renderer | earlier renderer | size |"]
    lines.append("|---|---|---|---|---|---|---|")
    for space, facts in frames.items():
        training = sum(one.split == "training" for one in facts)
        current = sum(one.renderer == "current" for one in facts)
        numbers = (len(facts), training, len(facts) - training, current, len(facts) - current)
        lines.append(f"| {space} | {' | '.join(map(str, numbers))} | {' and '.join(_sizes_of(facts))} |")
    return "\n".join(lines) + "\n"


def _commands(frames: Mapping[str, Sequence[FrameFacts]], quality: int) -> str:
    """How the current frames are rendered, and all frames packed."""
    lines = [
        "## How it was made",
        "",
        "A frame's number is its seed; frames that their renderer finds no good are left out.",
        "",
    ]
    for space, facts in frames.items():
        for run in _runs([one for one in facts if one.renderer == "current"]):
            seeds = f"{int(run[0].number)}:{int(run[-1].number) + 1}"
            size, samples = _sizes_of(run)[0], run[0].samples or "N"
            lines.append(
                f"    python -m zoo.world {space} --seeds {seeds} --size {size} --samples {samples} --out RAW/{space}"
            )
    earlier = any(one.renderer == "earlier" for facts in frames.values() for one in facts)
    options = f"--raw RAW{' --earlier EARLIER' * earlier} --quality {quality}"
    lines.append(f"    python -m zoo.world.pack {options} --out zoo/builtin/world")
    return "\n".join(lines) + "\n"


def _runs(facts: Sequence[FrameFacts]) -> list[list[FrameFacts]]:
    """The frames that one command rendered; more than `LARGEST_GAP` seeds in a row are not all rejected."""
    runs: list[list[FrameFacts]] = []
    for one in facts:
        last = runs[-1][-1] if runs else None
        alike = last and (last.size, last.samples) == (one.size, one.samples)
        if not last or not alike or int(one.number) - int(last.number) > LARGEST_GAP:
            runs.append([])
        runs[-1].append(one)
    return runs


def _classes(space: str, facts: Sequence[FrameFacts], names: Sequence[str]) -> str:
    """How much of the pixels a class has, and in how many of the frames it is."""
    pixels = [sum(one.pixels[label] for one in facts) for label in range(len(names))]
    present = [sum(one.pixels[label] > 0 for one in facts) for label in range(len(names))]
    lines = [f"## Classes: {space}", "", "| id | class | share of pixels | share of frames |", "|---|---|---|---|"]
    for label, name in enumerate(names):
        lines.append(f"| {label} | {name} | {pixels[label] / sum(pixels):.2%} | {present[label] / len(facts):.1%} |")
    return "\n".join(lines) + "\n"


def _sizes(sizes: Mapping[str, int]) -> str:
    lines = ["## Sizes", "", "| part | MB |", "|---|---|"]
    lines += [f"| {part} | {size / 1e6:.2f} |" for part, size in sizes.items()]
    lines.append(f"| all | {sum(sizes.values()) / 1e6:.2f} |")
    return "\n".join(lines) + "\n"


def _sizes_of(facts: Sequence[FrameFacts]) -> list[str]:
    return sorted({f"{height}x{width}" for height, width in (one.size for one in facts)})


def _range(facts: Sequence[FrameFacts]) -> str:
    return f"{facts[0].number} to {facts[-1].number}"
