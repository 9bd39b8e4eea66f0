"""Our own pictures to restyle, style pictures and textures to choose from, as the page offers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

import numpy as np

from sims.generator import RequestError
from sims.layout import Layout
from sims.style.gallery import (
    ContentPicture,
    StylePicture,
    TextureExample,
    content_pictures,
    style_pictures,
    texture_examples,
)
from sims.ui.session import thumbnail
from sims.world import WorldError

Ours = TypeVar("Ours", ContentPicture, StylePicture, TextureExample)


@cache
def content_groups() -> list[dict[str, Any]]:
    """The pictures to restyle as a strip's only group."""
    return [{"title": "Pictures to restyle", "items": [_item(one) for one in content_pictures()]}]


@cache
def gallery_groups() -> list[dict[str, Any]]:
    """The style pictures as a strip's only group."""
    return [{"title": "Style pictures", "items": [_item(one) for one in style_pictures()]}]


@cache
def texture_groups() -> list[dict[str, Any]]:
    """The textures as a strip's only group."""
    return [{"title": "Textures", "items": [_item(one) for one in texture_examples()]}]


def content_picture(key: str) -> np.ndarray:
    """The picture to restyle with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    return _read(_found(content_pictures(), key, "picture to restyle").picture)


def gallery_picture(key: str) -> np.ndarray:
    """The style picture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    return _read(_found(style_pictures(), key, "style picture").picture)


def gallery_layout(key: str) -> Layout:
    """The layout of the style picture with this key. Raises `RequestError`."""
    found = _found(style_pictures(), key, "style picture")
    return Layout(_read(found.labels), found.label_space)


def texture_picture(key: str) -> np.ndarray:
    """The texture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    return _read(_found(texture_examples(), key, "texture").picture)


def _item(one: ContentPicture | StylePicture | TextureExample) -> dict[str, str]:
    return {"key": one.name, "title": one.title, "src": thumbnail(one.picture())}


def _found(pictures: Iterable[Ours], key: str, what: str) -> Ours:
    found = next((one for one in pictures if one.name == key), None)
    if found is None:
        raise RequestError(f"There is no {what} called {key[:60]!r}; choose one of those shown.")
    return found


def _read(read: Callable[[], np.ndarray]) -> np.ndarray:
    try:
        return read()
    except WorldError as error:
        raise RequestError(str(error)) from error
