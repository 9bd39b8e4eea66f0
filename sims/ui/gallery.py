"""Our own style pictures and textures to choose from, as the page offers them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from sims.generator import RequestError
from sims.label_space import label_space
from sims.style.gallery import StylePicture, TextureExample, style_pictures, texture_examples
from sims.ui.session import thumbnail
from sims.world import WorldError


@cache
def gallery_groups() -> list[dict[str, Any]]:
    """The style pictures as a strip's groups, one for each world they show."""
    groups: dict[str, list[dict[str, str]]] = {}
    for one in style_pictures():
        groups.setdefault(label_space(one.source).title, []).append(_item(one))
    return [{"title": title, "items": items} for title, items in groups.items()]


@cache
def texture_groups() -> list[dict[str, Any]]:
    """The textures as a strip's only group."""
    return [{"title": "Textures", "items": [_item(one) for one in texture_examples()]}]


def gallery_picture(key: str) -> np.ndarray:
    """The style picture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    return _picture(style_pictures(), key, "style picture")


def texture_picture(key: str) -> np.ndarray:
    """The texture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    return _picture(texture_examples(), key, "texture")


def _item(one: StylePicture | TextureExample) -> dict[str, str]:
    return {"key": one.name, "title": one.title, "src": thumbnail(one.picture())}


def _picture(pictures: Iterable[StylePicture | TextureExample], key: str, what: str) -> np.ndarray:
    found = next((one for one in pictures if one.name == key), None)
    if found is None:
        raise RequestError(f"There is no {what} called {key[:60]!r}; choose one of those shown.")
    try:
        return found.picture()
    except WorldError as error:
        raise RequestError(str(error)) from error
