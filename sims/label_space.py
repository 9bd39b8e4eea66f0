"""Label spaces: which classes a layout can hold, their ids, their colours, and how ids reach a network.

A space is data, `label_spaces/NAME.toml`; the ids are those of the official annotation files.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "label_spaces"
NAMES = ("street", "landscape", "cityscapes", "ade20k", "cocostuff", "facades", "camvid")

Colour = tuple[int, int, int]


class LayoutError(ValueError):
    """A layout, or a name of one, that cannot be used; its text is one sentence meant for the person who asked."""


@dataclass(frozen=True)
class LabelClass:
    """One class: its id in layout files (0..255), its name and its RGB colour."""

    id: int
    name: str
    colour: Colour


@dataclass(frozen=True)
class LabelSpace:
    """The classes of a layout.

    `unknown` is the id, itself one of `classes`, of what is no class; `channels` counts the one-hot channels of
    networks trained on this space, and `channel_of` gives the channel of every id.
    """

    name: str
    title: str
    classes: tuple[LabelClass, ...]
    unknown: int
    channels: int
    channel_of: Mapping[int, int] = field(hash=False)

    def id_of(self, name: str) -> int:
        """The id of the class called `name`; `LayoutError` names the classes that come close."""
        if name not in self.by_name:
            close = difflib.get_close_matches(name, self.by_name, n=5, cutoff=0.5) or list(self.by_name)
            raise LayoutError(f"The {self.name} space has no class {name!r}; it knows {', '.join(close)}.")
        return self.by_name[name].id

    @cached_property
    def by_name(self) -> dict[str, LabelClass]:
        """The classes by name."""
        return {label.name: label for label in self.classes}

    @cached_property
    def by_id(self) -> dict[int, LabelClass]:
        """The classes by id."""
        return {label.id: label for label in self.classes}

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the classes by id."""
        return {label.id: label.name for label in self.classes}

    @cached_property
    def valid(self) -> np.ndarray:
        """Which of the 256 ids are classes: (256,) bool, read-only."""
        valid = np.zeros(256, bool)
        valid[[label.id for label in self.classes]] = True
        valid.setflags(write=False)
        return valid

    @cached_property
    def palette(self) -> np.ndarray:
        """The RGB colour of every id, (256, 3) uint8, read-only; ids that are no class have the unknown's colour."""
        palette = np.tile(np.array(self.by_id[self.unknown].colour, np.uint8), (256, 1))
        for label in self.classes:
            palette[label.id] = label.colour
        palette.setflags(write=False)
        return palette

    @cached_property
    def _channel_table(self) -> np.ndarray:
        table = np.full(256, -1, np.int64)
        for label, channel in self.channel_of.items():
            table[label] = channel
        return table

    def channels_of(self, ids: np.ndarray) -> np.ndarray:
        """The one-hot channel of every id: int64 of the shape of `ids`, in 0..channels - 1.

        `ids` is an integer array (H, W). Raises `LayoutError` with the first id that is no class of the space, its
        count and first position.
        """
        self.check(ids)
        return self._channel_table[ids]

    def check(self, ids: np.ndarray) -> None:
        """Raise `LayoutError` unless every id of the integer array (H, W) is a class of this space."""
        inside = ids if ids.dtype == np.uint8 else ids.clip(0, 255)
        wrong = ~self.valid[inside] | (inside != ids)
        if wrong.any():
            row, column = np.unravel_index(int(wrong.argmax()), ids.shape)
            value = int(ids[row, column])
            count = int(np.count_nonzero(ids == value))
            raise LayoutError(
                f"Id {value} is no class of the {self.name} space, which has {self.describe_ids()}; "
                f"it is at {count} pixels, first at row {row}, column {column}."
            )

    def describe_ids(self) -> str:
        """The ids of the space in words, such as "ids 0..181 and 255"."""
        ids = [label.id for label in self.classes]
        runs: list[list[int]] = []
        for value in ids:
            if runs and value == runs[-1][1] + 1:
                runs[-1][1] = value
            else:
                runs.append([value, value])
        return "ids " + " and ".join(f"{a}..{b}" if b > a else str(a) for a, b in runs)


@cache
def label_space(name: str) -> LabelSpace:
    """The label space called `name`; `LayoutError` names the known ones."""
    if name not in NAMES:
        raise LayoutError(f"There is no label space {name!r}; the known ones are {', '.join(NAMES)}.")
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    rows = sorted(data["classes"], key=lambda row: row["id"])
    return LabelSpace(
        name=name,
        title=data["title"],
        classes=tuple(LabelClass(row["id"], row["name"], tuple(row["colour"])) for row in rows),
        unknown=data["unknown"],
        channels=data["channels"],
        channel_of={row["id"]: row.get("channel", row["id"]) for row in rows},
    )


def label_space_names() -> tuple[str, ...]:
    """The names of all label spaces, our own two first."""
    return NAMES
