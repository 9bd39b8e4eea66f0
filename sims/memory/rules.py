"""What the classes of a label space are to the canvas: which are thin, flat, in the way, behind the others.

Qi, Chen, Jia and Koltun, "Semi-parametric Image Synthesis" (2018), and its released scripts, which know the 19 classes
of Cityscapes by number. The sets stand here by name, and serve other spaces too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sims.label_space import LabelSpace, label_space
from sims.layout import remapping

_TWO_WHEELED = ("person", "rider", "motorcycle", "bicycle")

# The released scripts number the classes from 1, road, to 19, bicycle; their numbers stand behind each set.
_THIN = ("pole", "traffic light", "traffic sign")  # 6, 7, 8
_VEHICLES = ("car", "truck", "bus", "train")  # 14 to 17
_STREET: dict[str, tuple[str, ...]] = {
    "thin": _THIN,
    "ground": ("road", "sidewalk"),  # 1, 2
    "vehicles": _VEHICLES,
    "vegetation": ("vegetation",),  # 9
    "restorable": ("road", "sidewalk", "wall", "fence", "vegetation", "terrain", "sky"),  # 1, 2, 4, 5, 9, 10, 11
    "shadowed": ("building", *_THIN, *_VEHICLES, *_TWO_WHEELED),  # 3, 6, 7, 8, 12 to 19
    "planar": ("road", "sidewalk", "terrain"),  # 1, 2, 10
    "objects": (*_THIN, *_VEHICLES, *_TWO_WHEELED),  # 6, 7, 8, 12 to 19
}
# The order that was published with the code: 11 3 10 4 2 1 5 9 18 19 15 14 16 17 12 6 13 8 7.
_STREET_ORDER = (
    *("sky", "building", "terrain", "wall", "sidewalk", "road", "fence", "vegetation", "motorcycle", "bicycle"),
    *("truck", "car", "bus", "train", "person", "pole", "rider", "traffic sign", "traffic light"),
)
# The paper has no landscapes; these sets are our own.
_LANDSCAPE: dict[str, tuple[str, ...]] = {
    "ground": ("grass", "snow", "sand", "path"),
    "vegetation": ("tree", "bush"),
    "restorable": ("sky", "cloud", "mountain", "snow", "grass", "water", "sand", "path"),
    "shadowed": ("rock", "tree", "bush"),
    "planar": ("snow", "grass", "water", "sand", "path"),
    "objects": ("rock", "tree", "bush"),
}
# By the share of pairs of segments of one frame in which the class is the farther one, in our rendered landscapes.
_LANDSCAPE_ORDER = (
    *("sky", "cloud", "mountain", "snow", "water", "grass"),
    *("path", "sand", "rock", "flowers", "tree", "bush"),
)


@dataclass(frozen=True)
class Roles:
    """Sets of channels of a label space, none of which holds the unknown's.

    thin: structures that cut what is behind them in two without parting it;
    ground, vehicles: on the ground, the shadows that vehicles left in the source picture are cut out;
    vegetation: its outline is cut out, because the sky shines through it;
    restorable: what returns where the canvas is empty and the layout had it;
    shadowed: what throws shadows on the ground around it;
    planar, objects: an object is in front of a plane, whatever the measured depths say;
    coarse_order: all channels but the unknown's, back to front; void: the channel of the unknown.
    """

    thin: tuple[int, ...]
    ground: tuple[int, ...]
    vehicles: tuple[int, ...]
    vegetation: tuple[int, ...]
    restorable: tuple[int, ...]
    shadowed: tuple[int, ...]
    planar: tuple[int, ...]
    objects: tuple[int, ...]
    coarse_order: tuple[int, ...]
    void: int


@cache
def roles(space_name: str) -> Roles:
    """The roles of the classes of the space called `space_name`; raises `LayoutError` where there is none such.

    The street and landscape spaces have their own sets. In any other space a class has the part of the street class
    that it becomes in a street layout; classes that become none have no part and are in front of all others.
    """
    space = label_space(space_name)
    if space_name == "landscape":
        return _of_names(space, _LANDSCAPE, _LANDSCAPE_ORDER)
    street_of = remapping(space_name, "street")
    named = {role: tuple(n for n in space.by_name if street_of.get(n) in part) for role, part in _STREET.items()}
    unknown = space.by_id[space.unknown].name
    place = {name: number for number, name in enumerate(_STREET_ORDER)}
    order = sorted(
        space.by_name.keys() - {unknown}, key=lambda n: (place.get(street_of.get(n, ""), 99), space.id_of(n))
    )
    return _of_names(space, named, tuple(order))


def _of_names(space: LabelSpace, named: dict[str, tuple[str, ...]], order: tuple[str, ...]) -> Roles:
    def channels(names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(space.channel_of[space.id_of(name)] for name in names)

    return Roles(
        thin=channels(named.get("thin", ())),
        ground=channels(named["ground"]),
        vehicles=channels(named.get("vehicles", ())),
        vegetation=channels(named["vegetation"]),
        restorable=channels(named["restorable"]),
        shadowed=channels(named["shadowed"]),
        planar=channels(named["planar"]),
        objects=channels(named["objects"]),
        coarse_order=channels(order),
        void=space.channel_of[space.unknown],
    )
