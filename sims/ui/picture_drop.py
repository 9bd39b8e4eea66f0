"""A place on the page where a person puts one picture, and what the server makes of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image

from sims.image_files import FORMATS, read_image
from sims.label_space import LayoutError
from sims.ui.layouts import uploaded_bytes
from sims.ui.page_part import file_value, page_part
from sims.ui.session import Shown, shown


@dataclass(frozen=True, eq=False)
class Given:
    """A picture that a person gave: RGB uint8 (H, W, 3), the file that the page shows, and a sentence about it."""

    image: np.ndarray
    shown: Shown
    note: str


def picture_drop(label: str, invite: str, elem_id: str) -> gr.HTML:
    """The part. Its event "input" says that a picture was given or taken away; `given` reads its value then."""
    return page_part("picture_drop", {"label": label, "invite": invite}, elem_id=elem_id, label=label)


def drop_value(label: str, invite: str, given: Given | None, wrong: str = "") -> dict[str, Any]:
    """What the part shows: the picture with its sentence, or else what was `wrong` with the one that came."""
    value = {"label": label, "invite": invite, "wrong": wrong != "", "note": wrong or (given.note if given else "")}
    return {**value, "file": file_value(given.shown.path) if given else None}


def given(value: object, what: str) -> Given | None:
    """The picture that a person put into the part, None where there is none.

    `what` names it in sentences, as in "style picture". One of more than 4 megapixels is reduced, and the note says so.
    Raises `LayoutError` or `ImageError`.
    """
    path = _path(value)
    if path is None:
        return None
    data = uploaded_bytes(path, what)
    image = read_image(data, f"The {what}")
    height, width = image.shape[:2]
    with Image.open(io.BytesIO(data), formats=FORMATS) as file:
        had = file.width * file.height
    note = f"{width} × {height}"
    if had > width * height:
        note = f"It has {had / 1e6:.1f} megapixels and is reduced to {width} × {height} before the work."
    return Given(image, shown(image, f"{what}.png"), note)


def picture(image: np.ndarray, note: str) -> Given:
    """A picture, RGB uint8 (H, W, 3), that the program itself gives."""
    return Given(image, shown(image, "picture.png"), note)


def _path(value: object) -> str | None:
    """The path of an upload; a client can name no other file. Raises `LayoutError`."""
    file = value.get("file") if isinstance(value, dict) else None
    if file is None:
        return None
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise LayoutError("The page sent a picture that it never uploaded; reload it.")
    return path
