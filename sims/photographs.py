"""The sample photographs that come with scikit-image: to restyle, to take textures from, and to learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import skimage.data
from skimage.color import gray2rgb

_READ: Mapping[str, Callable[[], np.ndarray]] = {
    read.__name__: read
    for read in (
        *(skimage.data.astronaut, skimage.data.chelsea, skimage.data.coffee, skimage.data.rocket),
        *(skimage.data.hubble_deep_field, skimage.data.retina, skimage.data.immunohistochemistry),
        *(skimage.data.colorwheel, skimage.data.camera, skimage.data.moon, skimage.data.coins),
        *(skimage.data.brick, skimage.data.grass, skimage.data.gravel),
    )
}


def photograph(name: str) -> np.ndarray:
    """The photograph with this name in `skimage.data`, RGB uint8 (H, W, 3)."""
    picture = _READ[name]()
    return gray2rgb(picture) if picture.ndim == 2 else picture
