"""The sample layouts that ship with the repository, `zoo/builtin/layouts/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sims.label_space import label_space
from sims.layout import Layout
from sims.layout_files import read_layout

FOLDER = Path(__file__).parent.parent / "zoo" / "builtin" / "layouts"


@dataclass(frozen=True)
class Sample:
    """A layout to start from: 256x512, as index PNG in `space`, with its instances where it was rendered."""

    title: str
    space: str
    path: Path
    instances_path: Path | None
    origin: str  # "render", "painted" or "coarse"

    def read(self) -> Layout:
        """The layout with its instances."""
        return read_layout(self.path, self.space, encoding="index", instances=self.instances_path).layout


@cache
def sample_layouts(space: str) -> tuple[Sample, ...]:
    """The samples of a label space, in the order to show them; empty for spaces that have none."""
    label_space(space)  # says so if there is no such space
    rows = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))["layouts"]
    return tuple(
        Sample(
            title=row["title"],
            space=row["space"],
            path=FOLDER / row["file"],
            instances_path=FOLDER / row["instances"] if "instances" in row else None,
            origin=row["from"],
        )
        for row in rows
        if row["space"] == space
    )
