"""What the fields of the tab "Panorama" hold, as its components hand it over."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sims.grid import WHOLE
from sims.ui.blending import OFF
from sims.ui.painting import Wanted, panorama_task
from sims.ui.session import Task

ROUND, FLAT = "cips-panorama", "cips-landscape"
NAMES = ("projection", "noise", "precision")
USUAL = ("native", "off", "float32")


def values(options: tuple[str, ...] = USUAL, **more: Any) -> list[Any]:
    """The values of the fields, then of the options: a small picture of seed 3, but for `more`."""
    usual = {
        **{"generator": ROUND, "seed": 3, "truncation": 0.7, "width": 64, "height": 16, "turn": 0, "window": WHOLE},
        **{"field_of_view": 360, "latent": None, "second_seed": 4, "second_latent": None, "way": OFF, "centre": 50},
        **{"spread": 40, "softness": 20, "mask": None, "first": 1, "last": 2, "sampling": "all"},
        **{"side": 8, "stride": 2, "left": 0, "top": 0},
    }
    asked = Wanted(**{**usual, **more})
    return [*(getattr(asked, each.name) for each in fields(Wanted)), *options]


def picture_task(**more: Any) -> Task:
    """The task of painting that picture."""
    asked = values(**more)
    return panorama_task(Wanted(*asked[: -len(NAMES)]), dict(zip(NAMES, asked[-len(NAMES) :], strict=True)))
