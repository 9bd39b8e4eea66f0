"""A layout: which class stands where in a picture, and what can be done with it."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image
from skimage.measure import label as connected_components

from sims.label_space import FOLDER, LabelSpace, LayoutError, label_space

MIN_SIDE, MAX_SIDE = 8, 2048
MAX_INSTANCE = 65535  # the largest id that an instance PNG holds


@dataclass(frozen=True, eq=False)
class Layout:
    """A map of class ids, 8 to 2048 pixels a side.

    `ids` is (H, W) uint8, every id a class of `space`; `instances` is (H, W) int32 in 0..65535, 0 where there is
    none. Both are copied and read-only. Raises `LayoutError` where they are not as said.
    """

    ids: np.ndarray
    space: LabelSpace
    instances: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.ids.dtype != np.uint8 or self.ids.ndim != 2:
            raise LayoutError(f"A layout is uint8 of shape (height, width), not {self.ids.dtype} {self.ids.shape}.")
        check_size(*self.ids.shape)
        self.space.check(self.ids)
        object.__setattr__(self, "ids", _frozen(self.ids, np.uint8))
        if self.instances is not None:
            _check_instances(self.instances, self.ids.shape)
            object.__setattr__(self, "instances", _frozen(self.instances, np.int32))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.ids.shape
        return height, width

    def resize(self, height: int, width: int, rule: str = "centre") -> Layout:
        """This layout at another size, by nearest sampling (see `nearest_index` for the two rules)."""
        check_size(height, width)
        if self.size == (height, width):
            return self
        pick = np.ix_(nearest_index(self.size[0], height, rule), nearest_index(self.size[1], width, rule))
        return Layout(self.ids[pick], self.space, None if self.instances is None else self.instances[pick])

    def to_space(self, name: str) -> Remapped:
        """This layout in another label space, class by class by name; what has no counterpart becomes unknown."""
        target = label_space(name)
        if target.name == self.space.name:
            return Remapped(self, self, {})
        table = remapping(self.space.name, target.name)
        lost = {
            key: count
            for key, count in self.counts().items()
            if key not in table and self.space.id_of(key) != self.space.unknown
        }
        lookup = np.full(256, target.unknown, np.uint8)
        for source_name, target_name in table.items():
            lookup[self.space.id_of(source_name)] = target.id_of(target_name)
        return Remapped(replace(self, ids=lookup[self.ids], space=target), self, lost)

    def colours(self) -> np.ndarray:
        """The layout in the colours of its space, RGB uint8 (H, W, 3)."""
        return self.space.palette[self.ids]

    def to_png(self) -> bytes:
        """An 8-bit palette PNG whose indices are the ids."""
        image = Image.fromarray(self.ids)
        image.putpalette(self.space.palette.tobytes())
        return _png(image)

    def instances_to_png(self) -> bytes:
        """A 16-bit grey PNG of the instance map; ids beyond 65535 wrap around, as only their edges matter."""
        return _png(Image.fromarray(self.instance_map().astype(np.uint16)))

    def instance_map(self) -> np.ndarray:
        """(H, W) int32: the instances given, else the 4-connected components of every class, numbered from 1."""
        if self.instances is not None:
            return self.instances
        return connected_components(self.ids, background=-1, connectivity=1).astype(np.int32)

    def repainted(self, ids: np.ndarray) -> Layout:
        """This layout under other class ids, (H, W) uint8, as somebody painted over it.

        Instances stay where the class did; every connected area of a new class that has instances becomes one.
        """
        if self.instances is None:
            return replace(self, ids=ids)
        changed = ids != self.ids
        amorphous = np.setdiff1d(self.ids[self.instances == 0], self.ids[self.instances > 0])  # road, sky, ...
        fresh = changed & ~np.isin(ids, amorphous)
        areas = connected_components(np.where(fresh, ids.astype(np.int32), -1), background=-1, connectivity=1)
        # Above the largest, and around again where a 16-bit PNG ends: only edges between instances matter.
        numbers = (int(self.instances.max()) + areas.astype(np.int64) - 1) % MAX_INSTANCE + 1
        instances = np.where(changed, np.where(fresh, numbers, 0), self.instances).astype(np.int32)
        return replace(self, ids=ids, instances=instances)

    def counts(self) -> dict[str, int]:
        """Pixels of every class present, by class name in the order of ids."""
        pixels = np.bincount(self.ids.ravel(), minlength=256)
        return {entry.name: int(pixels[entry.id]) for entry in self.space.classes if pixels[entry.id]}


@dataclass(frozen=True, eq=False)
class Remapped:
    """A layout moved to another space, what it was made of, and the pixels by class name that found no counterpart."""

    layout: Layout
    source: Layout
    unmapped: Mapping[str, int]

    def sentences(self) -> list[str]:
        """What the person should know: at most one sentence, none when every class found its counterpart."""
        if not self.unmapped:
            return []
        ranked = sorted(self.unmapped.items(), key=lambda item: -item[1])
        named = [f"{name} ({_share(count, self.layout.ids.size)})" for name, count in ranked[:6]]
        if len(ranked) > 6:
            named.append(f"{len(ranked) - 6} more")
        target = self.layout.space
        became = f"{'they' if len(named) > 1 else 'it'} became {target.by_id[target.unknown].name}"
        return [f"The {target.name} space has no counterpart of {listed(named)}; {became}."]


def listed(names: list[str], word: str = "and") -> str:
    """The names as one phrase: "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def nearest_index(source: int, target: int, rule: str) -> np.ndarray:
    """The source index, (target,), that each of `target` samples along an axis of length `source` takes.

    "centre" samples pixel centres as PIL's nearest does (256 -> 8 gives 16, 48, ...); "floor" takes
    floor(i * source / target) as torch's nearest does inside the networks (0, 32, ...).
    """
    if rule == "floor":
        return np.arange(target) * source // target
    if rule == "centre":  # by PIL itself, which adds up the step in floating point and so decides ties its own way
        line = Image.fromarray(np.arange(source, dtype=np.int32)[None])
        return np.asarray(line.resize((target, 1), Image.Resampling.NEAREST))[0]
    raise LayoutError(f"The resizing rule is {rule!r}; it is 'centre' or 'floor'.")


def check_size(height: int, width: int) -> None:
    """Raise `LayoutError` unless both sides are within 8..2048."""
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise LayoutError(f"The layout is {width}x{height}; each side must be {MIN_SIDE} to {MAX_SIDE} pixels.")


@cache
def remapping(source: str, target: str) -> Mapping[str, str]:
    """Class name in `source` -> class name in `target`, for the classes that have a counterpart, by `mapping.toml`."""
    table = tomllib.loads((FOLDER / "mapping.toml").read_text(encoding="utf-8"))
    origin, goal = label_space(source), label_space(target)
    nothing = {origin.by_id[origin.unknown].name, *table["void"].get(target, ())}
    usable = goal.by_name.keys() - {goal.by_id[goal.unknown].name, *table["unused"].get(target, ())}
    found = {}
    for name in origin.by_name.keys() - nothing:
        counterparts = [each for each in (name, *table["stand_ins"].get(name, ())) if each in usable]
        if counterparts:
            found[name] = counterparts[0]
    return found


def _frozen(array: np.ndarray, dtype: type) -> np.ndarray:
    copy: np.ndarray = np.array(array, dtype, order="C")
    copy.setflags(write=False)
    return copy


def _check_instances(instances: np.ndarray, shape: tuple[int, ...]) -> None:
    if instances.shape != shape:
        given = "x".join(str(side) for side in instances.shape[::-1])
        raise LayoutError(f"The instances are {given} and the layout is {shape[1]}x{shape[0]}; they must be the same.")
    if not np.issubdtype(instances.dtype, np.integer) or instances.min() < 0 or instances.max() > MAX_INSTANCE:
        raise LayoutError(f"Instance ids must be whole numbers from 0 to {MAX_INSTANCE}.")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _share(count: int, total: int) -> str:
    return f"{count} pixels" if count * 1000 < total else f"{100 * count / total:.1f} %"
