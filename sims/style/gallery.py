"""Textures, style and content pictures to start from, all from what is installed: no files of their own ship.

They come from frames of the built-in world and from scikit-image's sample photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sims.label_space import LabelSpace, label_space
from sims.photographs import photograph
from sims.world import SPACES, World

PHOTOGRAPH = "photograph"


@dataclass(frozen=True)
class TextureExample:
    """A square of a picture: a frame of a space of the built-in world, or a photograph of scikit-image by its name."""

    name: str
    title: str
    source: str  # "landscape", "street" or "photograph"
    number: str
    top: int
    left: int
    side: int

    def picture(self) -> np.ndarray:
        """The texture, RGB uint8 (side, side, 3); raises `WorldError` where the world is damaged."""
        whole = _whole(self.source, self.number)
        return whole[self.top : self.top + self.side, self.left : self.left + self.side].copy()


@dataclass(frozen=True)
class StylePicture:
    """A whole frame of a space of the built-in world, with its layout."""

    name: str
    title: str
    source: str  # "landscape" or "street"
    number: str

    @property
    def label_space(self) -> LabelSpace:
        """The space of its labels."""
        return label_space(SPACES[self.source])

    def picture(self) -> np.ndarray:
        """The frame, RGB uint8 (H, W, 3); raises `WorldError` where the world is damaged."""
        return _whole(self.source, self.number)

    def labels(self) -> np.ndarray:
        """Its labels, uint8 (H, W), ids of `label_space`; raises `WorldError` where the world is damaged."""
        return _world().read(self.source, self.number).labels


@dataclass(frozen=True)
class ContentPicture:
    """A whole picture to be restyled: a photograph of scikit-image by its name, or a frame of the built-in world."""

    name: str
    title: str
    source: str  # "landscape", "street" or "photograph"
    number: str

    def picture(self) -> np.ndarray:
        """The picture, RGB uint8 (H, W, 3); raises `WorldError` where the world is damaged."""
        return _whole(self.source, self.number)


def texture_examples() -> tuple[TextureExample, ...]:
    """The textures in the order to show them."""
    return _TEXTURES


def style_pictures() -> tuple[StylePicture, ...]:
    """The style pictures in the order to show them: strong moods of light, season and weather."""
    return _STYLES


def content_pictures() -> tuple[ContentPicture, ...]:
    """The pictures to restyle, in the order to show them: photographs first."""
    return _CONTENTS


@cache
def _world() -> World:
    return World()


def _whole(source: str, number: str) -> np.ndarray:
    """The picture that a texture is cut out of, or that is offered whole: RGB uint8 (H, W, 3). `WorldError`."""
    return photograph(number) if source == PHOTOGRAPH else _world().read(source, number).picture


_TEXTURES = (
    TextureExample("autumn-leaves", "Autumn leaves", "street", "010096", 6, 0, 96),
    TextureExample("autumn-crowns", "Autumn crowns", "landscape", "000179", 12, 384, 128),
    TextureExample("spruces", "Spruces", "landscape", "000224", 128, 384, 128),
    TextureExample("bare-branches", "Bare branches", "landscape", "020025", 97, 1, 128),
    TextureExample("dry-meadow", "Dry meadow", "landscape", "000207", 124, 0, 128),
    TextureExample("table", "Wooden table", PHOTOGRAPH, "coffee", 0, 440, 128),
    TextureExample("bricks", "Bricks", PHOTOGRAPH, "brick", 0, 0, 256),
    TextureExample("gravel", "Gravel", PHOTOGRAPH, "gravel", 0, 0, 256),
)
_CONTENTS = (
    ContentPicture("coffee", "Coffee", PHOTOGRAPH, "coffee"),
    ContentPicture("cat", "Cat", PHOTOGRAPH, "chelsea"),
    ContentPicture("rocket", "Rocket", PHOTOGRAPH, "rocket"),
    ContentPicture("astronaut", "Astronaut", PHOTOGRAPH, "astronaut"),
    ContentPicture("mountain-lake", "Mountain lake", "landscape", "000240"),
    ContentPicture("summer-street", "Street in summer", "street", "010063"),
)
_STYLES = (
    StylePicture("sun-on-the-lake", "Sun on the lake", "landscape", "000384"),
    StylePicture("autumn-sunset", "Autumn at sunset", "landscape", "000237"),
    StylePicture("winter-lake", "Winter lake", "landscape", "000163"),
    StylePicture("desert", "Desert in golden light", "landscape", "000317"),
    StylePicture("lilac-meadow", "Lilac meadow", "landscape", "000370"),
    StylePicture("violet-dusk", "Violet dusk", "landscape", "000331"),
    StylePicture("misty-summits", "Misty summits", "landscape", "000185"),
    StylePicture("rainy-dusk", "Boulevard on a rainy evening", "street", "000023"),
    StylePicture("autumn-suburb", "Suburb in autumn", "street", "000371"),
    StylePicture("grey-morning", "Boulevard on a grey morning", "street", "000108"),
    StylePicture("after-the-rain", "Low sun after the rain", "street", "000275"),
)
