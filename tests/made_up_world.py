"""A small world to train on that no renderer is needed for, and a clock that makes trainings short."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from sims.label_space import label_space
from sims.world import World
from zoo.world.pack import pack
from zoo.world.rendered import find_sources


def world(folder: Path) -> World:
    """Twelve frames a space, 256x512: bands of a few classes, each class in its palette's colour.

    What has the id n is n + 1 metres away; of a street, cars are instances, and the sky is infinitely far.
    """
    rng = np.random.default_rng(5)
    for space, classes in (("street", (10, 2, 0, 13)), ("landscape", (0, 2, 4, 5))):
        (folder / "raw" / space).mkdir(parents=True)
        for number in range(12):
            labels = np.repeat(rng.permutation(classes), 64)[:, None].repeat(512, axis=1).astype(np.uint8)
            stem = folder / "raw" / space / f"{number:06}"
            Image.fromarray(label_space(space).palette[labels]).save(f"{stem}.png")
            Image.fromarray(labels).save(f"{stem}_labels.png")
            instances = (labels == 13).astype(np.int32)
            np.savez_compressed(f"{stem}.npz", instances=instances, depth=(labels + 1).astype(np.float16))
            notes = {"kind": "city", "light": "day", "season": "summer", "good": True}
            Path(f"{stem}.json").write_text(json.dumps(notes))
    pack(find_sources(folder / "raw", None), folder / "packed", quality=90)
    return World(folder / "packed")


def ticking() -> Callable[[], float]:
    """A clock on which every step takes two seconds."""
    return itertools.count(step=1.0).__next__
