"""A place on the page where a person puts one picture, and what the server makes of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image

from sims.image_files import FORMATS, read_image
from sims.label_space import LayoutError
from sims.ui.events import warn
from sims.ui.layouts import uploaded_bytes
from sims.ui.page_part import event_text, file_value, page_part
from sims.ui.session import FAULTS, Shown, shown


@dataclass(frozen=True)
class Place:
    """What a place for a picture is called, what it says while it is empty, and what sentences call the picture."""

    label: str
    invite: str
    what: str  # as in "style picture"

    def value(self, file: Shown | None, note: str = "", *, wrong: bool = False, fixed: bool = False) -> dict[str, Any]:
        """What the part shows: a picture and a sentence about it, its size unless `note` says something else.

        `wrong` marks the sentence as one about what cannot be used; a `fixed` picture cannot be changed there.
        """
        size = f"{file.size[1]} × {file.size[0]}" if file else ""
        return {
            "label": self.label,
            "invite": self.invite,
            "file": file_value(file.path) if file else None,
            "note": note or size,
            "wrong": wrong,
            "fixed": fixed,
        }


@dataclass(frozen=True, eq=False)
class Given:
    """A picture that a person gave: RGB uint8 (H, W, 3), the file that the page shows, and a sentence about it."""

    image: np.ndarray
    file: Shown
    note: str = ""


def picture_drop(place: Place, elem_id: str) -> gr.HTML:
    """The part. Its event "input" says that a picture was given or taken away; `given` reads its value then."""
    return page_part("picture_drop", place.value(None), elem_id=elem_id, label=place.label)


def given(value: object, place: Place) -> Given | None:
    """The picture that a person put into the part, None where it was taken away.

    One of more than 4 megapixels is reduced, and the note says so. Raises `LayoutError` or `ImageError`.
    """
    path = _path(value)
    if path is None:
        return None
    data = uploaded_bytes(path, place.what)
    image = read_image(data, f"The {place.what}")
    height, width = image.shape[:2]
    with Image.open(io.BytesIO(data), formats=FORMATS) as file:
        had = file.width * file.height
    reduced = f"It has {had / 1e6:.1f} megapixels and is reduced to {width} × {height} before the work."
    return Given(image, shown(image, "picture.png"), reduced if had > width * height else "")


def new_picture(place: Place, image: np.ndarray, file: Shown, note: str = "") -> list[Any]:
    """The part's value, the picture and its file, with another picture."""
    return [place.value(file, note), image, file]


def take_picture(place: Place, value: object, before: Shown | None) -> list[Any]:
    """The same of what a person gave; what cannot be read is told in one sentence, and the one before is kept."""
    try:
        taken = given(value, place)
    except FAULTS as error:
        return [place.value(before, str(error), wrong=True), gr.skip(), gr.skip()]
    if taken is None:
        return [place.value(None), None, None]
    return new_picture(place, taken.image, taken.file, taken.note)


def choose_picture(place: Place, read: Callable[[str], np.ndarray], file_name: str, event: gr.EventData) -> list[Any]:
    """The same of a picture at hand, which `read` finds by its key and the page shows as `file_name`."""
    try:
        image = read(event_text(event, "key"))
    except FAULTS as error:
        warn(error)
        return [gr.skip()] * 3
    return new_picture(place, image, shown(image, file_name))


def _path(value: object) -> str | None:
    """The path of an upload; a client can name no other file. Raises `LayoutError`."""
    file = value.get("file") if isinstance(value, dict) else None
    if file is None:
        return None
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise LayoutError("The page sent a picture that it never uploaded; reload it.")
    return path
