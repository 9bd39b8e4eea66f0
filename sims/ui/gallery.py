"""Our own style pictures to choose from, as the page offers them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sims.generator import RequestError
from sims.label_space import label_space
from sims.style.gallery import style_pictures
from sims.ui.session import thumbnail
from sims.world import WorldError


@cache
def gallery_groups() -> list[dict[str, Any]]:
    """The style pictures as a strip's groups, one for each world they show."""
    groups: dict[str, list[dict[str, str]]] = {}
    for one in style_pictures():
        shown = {"key": one.name, "title": one.title, "src": thumbnail(one.picture())}
        groups.setdefault(label_space(one.source).title, []).append(shown)
    return [{"title": title, "items": items} for title, items in groups.items()]


def gallery_picture(key: str) -> np.ndarray:
    """The style picture with this key, RGB uint8 (H, W, 3). Raises `RequestError`."""
    found = next((one for one in style_pictures() if one.name == key), None)
    if found is None:
        raise RequestError(f"There is no style picture called {key[:60]!r}; choose one of those shown.")
    try:
        return found.picture()
    except WorldError as error:
        raise RequestError(str(error)) from error
